from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from segloop.devices import (
    autocast,
    get_rng_state,
    resolve_device,
    resolve_dtype,
    seeded,
    set_rng_state,
    torch_runtime,
)
from segloop.errors import SettingsError
from segloop.regions import grid_partition
from segloop.scoring import score_images
from segloop.settings import Acquisition, RoundSettings
from segloop.sources import ArraySource
from segloop.training import TrainedModel, train
from tests.support.bands import SMALL, band_scene

CPU = torch.device("cpu")


def test_automatic_choices_fit_the_machine() -> None:
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert resolve_device("auto").type == expected
    assert resolve_device("cpu") == CPU
    assert resolve_dtype("auto", CPU) == torch.float32
    assert resolve_dtype("bf16", CPU) == torch.bfloat16


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "mps", "nonsense:1"])
def test_devices_that_are_not_here_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="use auto"):
        resolve_device(name)


def test_fp16_needs_a_gpu() -> None:
    with pytest.raises(SettingsError, match="CUDA"):
        resolve_dtype("fp16", CPU)


def test_the_global_random_state_is_put_back() -> None:
    before = torch.get_rng_state()
    with seeded(3):
        first = torch.rand(3)
        saved = get_rng_state(CPU)
        second = torch.rand(3)
        set_rng_state(saved, CPU)
        assert torch.equal(second, torch.rand(3))
    assert torch.equal(before, torch.get_rng_state())
    with seeded(3, CPU):
        assert torch.equal(first, torch.rand(3))


def test_switches_are_put_back_even_after_an_error() -> None:
    threads = torch.get_num_threads()

    def fail() -> None:
        with torch_runtime(RoundSettings(num_threads=threads + 1, deterministic=True), CPU):
            assert torch.get_num_threads() == threads + 1
            assert torch.are_deterministic_algorithms_enabled()
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        fail()
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(("kernel", "stride", "dilation"), [(3, 2, 1), (3, 1, 2), (5, 1, 1)])
def test_half_precision_keeps_slow_depthwise_convolutions_wide(
    kernel: int, stride: int, dilation: int
) -> None:
    convolution = torch.nn.Conv2d(8, 8, kernel, stride, kernel // 2 * dilation, dilation, groups=8)
    images = torch.randn(2, 8, 9, 7, dtype=torch.bfloat16, requires_grad=True)
    with autocast(CPU, torch.bfloat16):
        made = convolution(images)
    made.float().square().sum().backward()
    got = convolution.weight.grad

    convolution.zero_grad()
    expected = convolution(images.float())  # float32 throughout, rounded once at its end
    assert torch.equal(made, expected.bfloat16())
    expected.bfloat16().float().square().sum().backward()
    assert got is not None
    assert convolution.weight.grad is not None
    torch.testing.assert_close(got, convolution.weight.grad, rtol=1e-5, atol=1e-5)


def test_half_precision_reaches_every_other_convolution() -> None:
    plain_depthwise = torch.nn.Conv2d(8, 8, 3, padding=1, groups=8)
    for convolution in (torch.nn.Conv2d(8, 8, 3, 2), torch.nn.Conv2d(8, 8, 3, 2, groups=4), plain_depthwise):
        images = torch.randn(2, 8, 9, 7)
        with autocast(CPU, torch.bfloat16):
            assert convolution(images).dtype == torch.bfloat16
            named = torch.conv2d(
                input=images, weight=convolution.weight, groups=convolution.groups, padding=1
            )
            assert named.dtype == torch.bfloat16


def _scenes(num: int) -> ArraySource:
    images, label_maps = zip(*map(band_scene, range(num)), strict=True)
    return ArraySource(list(images), list(label_maps))


TWENTY_STEPS = replace(
    SMALL,
    image_steps=80,
    num_generations=0,
    lr_encoder=0.002,
    lr_heads=0.02,
    reco_num_anchors=32,
    reco_num_negatives=64,
    score_scales=(0.5, 1.0),
    precision="fp32",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    """In float32."""
    return train(_scenes(8), TWENTY_STEPS, num_classes=3, work_dir=tmp_path_factory.mktemp("fp32"))


def _losses(model: TrainedModel) -> NDArray[np.float64]:
    """Of each step: the curve is their exponential mean, 5 % the newest."""
    smoothed = np.array([loss for _, loss in model.loss_curve])
    sums = smoothed * (1 - 0.95 ** np.arange(1, len(smoothed) + 1))
    losses: NDArray[np.float64] = (sums - 0.95 * np.concatenate([[0.0], sums[:-1]])) / 0.05
    return losses


def test_half_precision_learns_as_fast(tmp_path: Path, trained: TrainedModel) -> None:
    settings = replace(TWENTY_STEPS, precision="bf16")
    losses = _losses(train(_scenes(8), settings, num_classes=3, work_dir=tmp_path))
    wide = _losses(trained)
    assert len(losses) == len(wide) == 20
    assert losses[0] == pytest.approx(wide[0], rel=0.01)
    assert losses[0] != wide[0]  # it was half precision
    assert wide[-5:].mean() < 0.7 * wide[0]
    assert losses[-5:].mean() == pytest.approx(wide[-5:].mean(), rel=0.1)


@pytest.mark.parametrize("acquisition", [Acquisition.ENTROPY, Acquisition.BVSB])
def test_half_precision_predicts_and_ranks_the_same(trained: TrainedModel, acquisition: Acquisition) -> None:
    """Measured: 99.8 % of pixels and a correlation of 0.9999."""
    source = ArraySource(_scenes(8).images)
    scored = []
    for precision in ("fp32", "bf16"):
        settings = replace(TWENTY_STEPS, precision=precision, acquisition=acquisition)
        scores = score_images(trained.network, source, lambda _: grid_partition(48, 64, 8), settings)
        scored.append([one for _, one in scores])
    wide, half = (np.stack([one.prediction for one in each]) for each in scored)
    assert np.bincount(wide.ravel(), minlength=3).min() > 0.1 * wide.size
    assert np.mean(wide == half) > 0.98
    wide_scores, half_scores = (np.concatenate([one.region_scores for one in each]) for each in scored)
    assert not np.array_equal(wide_scores, half_scores)  # it was half precision
    wide_ranks, half_ranks = wide_scores.argsort().argsort(), half_scores.argsort().argsort()
    assert np.corrcoef(wide_ranks, half_ranks)[0, 1] > 0.99
