import copy
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from segloop.batches import Batch
from segloop.devices import seeded
from segloop.errors import EmptyPoolError, NonFiniteError, SettingsError, WeightsError
from segloop.evaluation import metrics_of
from segloop.network import SegmentationNetwork, describe_network, save_weights
from segloop.progress import Progress
from segloop.scoring import evaluate
from segloop.settings import (
    METHOD_PRESETS,
    LossMeans,
    Method,
    Mixing,
    Negatives,
    Optimiser,
    RoundSettings,
    Teacher,
)
from segloop.sources import ArraySource
from segloop.training import TrainedModel, train
from segloop.training_state import NetworkRecipe, TrainingState
from segloop.training_step import Stepper
from tests.support.bands import HEIGHT, NUM_CLASSES, SMALL, WIDTH, band_scene

SETTINGS = replace(
    SMALL,
    image_steps=22,
    score_scales=(0.5, 1.0),
    pseudo_label_threshold=0.3,
    deterministic=True,
)
"""1 step of 4 in generation 0, 3 steps of 2 + 4 after it."""


def _sparse(label_map: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Two answered cells of 8 x 8."""
    answered = np.full_like(label_map, 255)
    rng = np.random.default_rng(seed)
    for _ in range(2):
        y, x = rng.integers(0, HEIGHT // 8) * 8, rng.integers(0, WIDTH // 8) * 8
        answered[y : y + 8, x : x + 8] = label_map[y : y + 8, x : x + 8]
    return answered


def _source(num_images: int = 10, num_full: int = 0) -> ArraySource:
    scenes = [band_scene(seed) for seed in range(num_images)]
    label_maps = [
        label_map if index < num_full else _sparse(label_map, index)
        for index, (_, label_map) in enumerate(scenes)
    ]
    return ArraySource([image for image, _ in scenes], label_maps)


def _ignore(_: Progress) -> None:
    pass


def _train(
    folder: Path,
    settings: RoundSettings = SETTINGS,
    *,
    source: ArraySource | None = None,
    on_progress: Callable[[Progress], None] = _ignore,
    initial_weights: Path | None = None,
    checkpoint_seconds: float = 3600.0,
) -> TrainedModel:
    return train(
        _source() if source is None else source,
        settings,
        num_classes=NUM_CLASSES,
        work_dir=folder,
        on_progress=on_progress,
        initial_weights=initial_weights,
        checkpoint_seconds=checkpoint_seconds,
    )


def _same_weights(first: TrainedModel, second: TrainedModel) -> bool:
    pairs = zip(first.network.state_dict().values(), second.network.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


class _Killed(Exception):  # noqa: N818 - stands for a kill, which is no error
    pass


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    return _train(tmp_path_factory.mktemp("uninterrupted"))


@pytest.mark.parametrize(
    ("phase", "step"),
    [
        ("answers", 10),
        ("generation 0", 1),
        ("pseudo labels", 4),
        ("generation 1", 1),
        ("generation 1", 3),
    ],
)
def test_killed_and_called_again_training_gives_the_same_weights(
    tmp_path: Path, uninterrupted: TrainedModel, phase: str, step: int
) -> None:
    def kill(progress: Progress) -> None:
        if (progress.phase, progress.step) == (phase, step):
            raise _Killed

    with pytest.raises(_Killed):
        _train(tmp_path, on_progress=kill, checkpoint_seconds=0)
    resumed = _train(tmp_path)
    assert _same_weights(uninterrupted, resumed)
    assert resumed.image_steps == uninterrupted.image_steps == 22
    assert resumed.teacher_passes == uninterrupted.teacher_passes > 0
    assert resumed.loss_curve == uninterrupted.loss_curve
    assert resumed.notes == ()


def test_thresholds_of_classes_are_the_same_after_a_kill(tmp_path: Path) -> None:
    settings = replace(
        SETTINGS,
        image_steps=16,
        loss_means=LossMeans.SEPARATE,
        pseudo_label_threshold=0.99,
        pseudo_label_quantile=0.25,
    )

    def kill(progress: Progress) -> None:
        if progress.phase == "generation 1":
            raise _Killed

    whole = _train(tmp_path / "whole", settings)
    with pytest.raises(_Killed):
        _train(tmp_path / "broken", settings, on_progress=kill, checkpoint_seconds=0)
    assert _same_weights(whole, _train(tmp_path / "broken", settings))
    assert not _same_weights(whole, _train(tmp_path / "one", replace(settings, pseudo_label_quantile=1.0)))


def test_the_moments_of_adamw_survive_a_kill(tmp_path: Path) -> None:
    settings = replace(SETTINGS, optimiser=Optimiser.ADAMW, lr_encoder=6e-4, lr_heads=2e-3)

    def kill(progress: Progress) -> None:
        if (progress.phase, progress.step) == ("generation 1", 2):
            raise _Killed

    whole = _train(tmp_path / "whole", settings)
    with pytest.raises(_Killed):
        _train(tmp_path / "killed", settings, on_progress=kill, checkpoint_seconds=0)
    assert _same_weights(whole, _train(tmp_path / "killed", settings))
    assert not _same_weights(whole, _train(tmp_path / "sgd", replace(settings, optimiser=Optimiser.SGD)))


TAUGHT = replace(
    SETTINGS,
    teacher=Teacher.EMA,
    mixing=Mixing.CUTMIX,
    keep_ema_weights=True,
    ema_decay=0.6,
    pseudo_label_quantile=0.5,
    loss_means=LossMeans.SEPARATE,
)


def test_an_ema_teacher_survives_a_kill_and_its_looks_are_counted(tmp_path: Path) -> None:
    def kill(progress: Progress) -> None:
        if (progress.phase, progress.step) == ("generation 1", 2):
            raise _Killed

    phases: list[str] = []
    whole = _train(tmp_path / "whole", TAUGHT, on_progress=lambda progress: phases.append(progress.phase))
    with pytest.raises(_Killed):
        _train(tmp_path / "killed", TAUGHT, on_progress=kill, checkpoint_seconds=0)
    resumed = _train(tmp_path / "killed", TAUGHT)
    assert _same_weights(whole, resumed)
    assert whole.teacher_passes == resumed.teacher_passes == 3 * 4
    assert whole.image_steps == 22
    assert phases == ["answers", "generation 0", *["generation 1"] * 3]
    last = _train(tmp_path / "last", replace(TAUGHT, keep_ema_weights=False))
    assert not _same_weights(whole, last)


def test_kept_averages_are_those_of_the_steps(tmp_path: Path) -> None:
    settings = replace(SETTINGS, num_generations=0, image_steps=12, keep_ema_weights=True)
    kept = _train(tmp_path / "kept", replace(settings, ema_decay=0.0))
    last = _train(tmp_path / "last", replace(settings, keep_ema_weights=False))
    assert _same_weights(kept, last)
    assert not _same_weights(kept, _train(tmp_path / "slow", settings))
    assert kept.teacher_passes == 0


def test_a_kill_between_checkpoints_loses_only_what_came_after(
    tmp_path: Path, uninterrupted: TrainedModel
) -> None:
    steps: list[tuple[str, int]] = []

    def kill(progress: Progress) -> None:
        if (progress.phase, progress.step) == ("generation 1", 2):
            raise _Killed

    with pytest.raises(_Killed):
        _train(tmp_path, on_progress=kill)
    resumed = _train(tmp_path, on_progress=lambda p: steps.append((p.phase, p.step)))
    # generation 0's end is always kept, and its pseudo labels are not made twice
    assert steps == [("answers", 10), *[("generation 1", step) for step in range(1, 4)]]
    assert _same_weights(uninterrupted, resumed)


def test_a_finished_training_is_not_done_again(tmp_path: Path, uninterrupted: TrainedModel) -> None:
    _train(tmp_path)
    phases: list[str] = []
    again = _train(tmp_path, on_progress=lambda progress: phases.append(progress.phase))
    assert phases == ["answers"]
    assert _same_weights(uninterrupted, again)


def test_other_seeds_and_settings_give_other_weights(tmp_path: Path, uninterrupted: TrainedModel) -> None:
    assert not _same_weights(uninterrupted, _train(tmp_path, replace(SETTINGS, seed=1)))


@pytest.mark.parametrize("damage", ["torn", "foreign", "no pseudo labels"])
def test_unusable_checkpoints_are_ignored_with_a_reason(
    tmp_path: Path, uninterrupted: TrainedModel, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    _train(tmp_path, replace(SETTINGS, seed=5) if damage == "foreign" else SETTINGS)
    checkpoint = tmp_path / "training.checkpoint"
    if damage == "torn":
        checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    if damage == "no pseudo labels":
        (tmp_path / "pseudo_labels_1.bin").unlink()
    with caplog.at_level(logging.WARNING):
        again = _train(tmp_path)
    reason = {"torn": "torn", "foreign": "other settings", "no pseudo labels": "are gone"}[damage]
    assert len(again.notes) == 1
    assert reason in again.notes[0]
    assert reason in caplog.text
    assert _same_weights(uninterrupted, again)


def test_progress_covers_the_whole_job(tmp_path: Path) -> None:
    reports: list[Progress] = []
    model = _train(tmp_path, on_progress=reports.append)
    assert [report.phase for report in reports] == (
        ["answers"] + ["generation 0"] + ["pseudo labels"] * 3 + ["generation 1"] * 3
    )
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0
    assert fractions[-1] == pytest.approx(1)
    steps = [report for report in reports if report.phase.startswith("generation")]
    assert all(report.loss is not None and np.isfinite(report.loss) for report in steps)
    assert all(report.eta_seconds is not None for report in reports[2:])
    assert [at for at, _ in model.loss_curve] == [4, 10, 16, 22]
    assert model.compute_seconds > 0


def test_nothing_global_leaks(tmp_path: Path) -> None:
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    _train(tmp_path)
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_forty_steps_learn_something(tmp_path: Path) -> None:
    """.87 to .96 over five seeds, one thread and two; with half as many steps .44 to .92."""
    settings = replace(
        SETTINGS,
        encoder="efficientnet_lite0",
        encoder_weights="imagenet",
        image_steps=160,
        num_generations=0,
    )
    model = _train(tmp_path, settings, source=_source(num_full=10))
    images, truths = zip(*[band_scene(seed) for seed in range(100, 106)], strict=True)
    confusion = evaluate(model.network, ArraySource(images, truths), settings, num_classes=NUM_CLASSES)
    mean_iou = metrics_of(confusion).mean_iou
    assert mean_iou is not None
    assert mean_iou > 0.6


@pytest.mark.parametrize(
    "changes",
    [
        {"reco_weight": 0.0},
        {"reco_negatives": Negatives.PER_ANCHOR},
        {"num_generations": 2, "image_steps": 24},
        {"num_generations": 0},
        {"precision": "bf16"},
        {
            "precision": "bf16",
            "teacher": Teacher.EMA,
            "mixing": Mixing.CLASSMIX,
            "confidence_weighting": True,
        },
        {"mixing": Mixing.CUTMIX},
        {"loss_means": LossMeans.SEPARATE},
        {"loss_means": LossMeans.ALL_PIXELS, "poly_stairs": 2},
        {"rare_class_power": 0.5},
        {"image_height_px": 33, "image_width_px": 47},
        {"image_height_px": 16, "image_width_px": 16},
    ],
)
def test_named_options_train(tmp_path: Path, changes: dict[str, object]) -> None:
    settings = replace(SETTINGS, **{"image_steps": 12, **changes})  # type: ignore[arg-type]  # any field
    model = _train(tmp_path, settings)
    assert 0 < model.image_steps <= settings.image_steps
    assert all(torch.isfinite(tensor).all() for tensor in model.network.state_dict().values())
    assert not model.network.training


def test_s4al_teaches_by_an_average_after_a_cold_start(tmp_path: Path) -> None:
    settings = replace(SETTINGS, image_steps=28, **{**METHOD_PRESETS[Method.S4AL], "generation_0_share": 0.2})
    model = _train(tmp_path, settings, source=_source(num_full=5))
    assert model.teacher_passes == 3 * 4
    assert model.image_steps == 28
    assert [point[0] for point in model.loss_curve] == [4, 12, 20, 28]


@pytest.mark.parametrize("num_full", [10, 6])
def test_full_images_train_too(tmp_path: Path, num_full: int) -> None:
    phases: set[str] = set()
    model = _train(
        tmp_path, source=_source(num_full=num_full), on_progress=lambda progress: phases.add(progress.phase)
    )
    assert model.image_steps in {20, 22}
    # with nothing left to label every step is supervised
    assert ("pseudo labels" in phases) == (num_full < 10)


def test_warm_starts_go_on_from_the_given_weights(tmp_path: Path, uninterrupted: TrainedModel) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(uninterrupted.network, path, describe_network(SETTINGS, NUM_CLASSES))
    settings = replace(SETTINGS, lr_encoder=1e-7, lr_heads=1e-7, generation_0_share=0.0, warm_start=True)
    warm = _train(tmp_path / "warm", settings, initial_weights=path)
    before, after = uninterrupted.network.state_dict(), warm.network.state_dict()
    for name in before:
        if name.endswith("weight"):
            torch.testing.assert_close(before[name], after[name], atol=1e-4, rtol=1e-4)
    assert warm.image_steps == 18


def test_given_weights_label_for_a_fresh_network(tmp_path: Path, uninterrupted: TrainedModel) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(uninterrupted.network, path, describe_network(SETTINGS, NUM_CLASSES))
    settings = replace(SETTINGS, lr_encoder=1e-7, lr_heads=1e-7, generation_0_share=0.0, image_steps=6)
    phases: list[str] = []
    model = _train(
        tmp_path / "fresh",
        settings,
        initial_weights=path,
        on_progress=lambda progress: phases.append(progress.phase),
    )
    assert phases == ["answers", "pseudo labels", "generation 1"]
    fresh = NetworkRecipe(settings, NUM_CLASSES, path, torch.device("cpu"), uses_fp16=False).fresh_network(1)
    name = "class_head.3.weight"
    found, started = model.network.state_dict()[name], fresh.state_dict()[name]
    torch.testing.assert_close(found, started, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(found, uninterrupted.network.state_dict()[name], atol=1e-2)
    first = _train(tmp_path / "first", settings)
    assert first.teacher_passes == 0  # nothing to label with: answers alone
    with pytest.raises(SettingsError, match="serve nothing"):
        _train(tmp_path / "unused", initial_weights=path)


def test_many_classes_and_one_image(tmp_path: Path) -> None:
    image, _ = band_scene(0)
    label_map = np.arange(HEIGHT * WIDTH, dtype=np.int64).reshape(HEIGHT, WIDTH) // 21 % 150
    source = ArraySource([image], [label_map.astype(np.uint8)])
    model = train(
        source,
        replace(SETTINGS, image_steps=8),
        num_classes=150,
        work_dir=tmp_path,
        on_progress=_ignore,
    )
    assert model.network.num_classes == 150


def test_a_single_answered_pixel_is_enough(tmp_path: Path) -> None:
    image, _ = band_scene(0)
    label_map = np.full((HEIGHT, WIDTH), 255, np.uint8)
    label_map[3, 5] = 1
    model = _train(tmp_path, replace(SETTINGS, image_steps=16), source=ArraySource([image], [label_map]))
    assert all(np.isfinite(loss) for _, loss in model.loss_curve)


@pytest.mark.parametrize("reco_weight", [0.0, 1.0])
def test_dominant_answers_can_weigh_nothing(tmp_path: Path, reco_weight: float) -> None:
    image, label_map = band_scene(0)
    masks = [np.ones((HEIGHT, WIDTH), bool)]
    settings = replace(
        SETTINGS, dominant_weight=0.0, reco_weight=reco_weight, image_steps=8, num_generations=0
    )
    model = _train(tmp_path, settings, source=ArraySource([image], [label_map], masks))
    assert [loss for _, loss in model.loss_curve] == [0, 0]


@pytest.mark.parametrize("loss_means", LossMeans)
def test_rare_classes_weigh_more_when_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loss_means: LossMeans
) -> None:
    """One step's loss, by hand: each pixel's cross-entropy times its class's frequency to the power -0.5."""
    settings = replace(
        SETTINGS,
        image_steps=4,
        num_generations=0,
        reco_weight=0.0,
        loss_means=loss_means,
        rare_class_power=0.5,
    )
    source = _source()
    seen: list[tuple[Batch, SegmentationNetwork, Tensor]] = []
    step = Stepper.step

    def watched(stepper: Stepper, state: TrainingState, made: Batch) -> Tensor:
        seen.append((made, copy.deepcopy(state.network), torch.get_rng_state()))
        return step(stepper, state, made)

    monkeypatch.setattr(Stepper, "step", watched)
    ((_, loss),) = _train(tmp_path, settings, source=source).loss_curve

    answered = np.concatenate([source.label_map(index).ravel() for index in range(len(source))])
    shares = [(answered == label).sum() / (answered < NUM_CLASSES).sum() for label in range(NUM_CLASSES)]
    rarity = [share**-0.5 for share in shares]
    mean_rarity = sum(share * weight for share, weight in zip(shares, rarity, strict=True))
    weights = [weight / mean_rarity for weight in rarity]
    assert max(weights) > 1.2 * min(weights)

    ((batch, network, rng_state),) = seen
    with seeded(0):
        torch.set_rng_state(rng_state)
        logits = network(network.normalise(batch.images), embed=False).logits.detach()
    logits = torch.nn.functional.interpolate(logits, (HEIGHT, WIDTH), mode="bilinear")
    known = (batch.label_map < NUM_CLASSES).nonzero().tolist()
    total = plain_total = 0.0
    for b, y, x in known:
        label = int(batch.label_map[b, y, x])
        entropy = -float(logits[b, :, y, x].double().log_softmax(dim=0)[label])
        total += weights[label] * entropy
        plain_total += entropy
    assert 0 < len(known) < batch.label_map.numel() / 2
    num_counted = batch.label_map.numel() if loss_means is LossMeans.ALL_PIXELS else len(known)
    assert loss == pytest.approx(total / num_counted, rel=1e-4)
    assert loss != pytest.approx(plain_total / num_counted, rel=1e-2)


def test_what_cannot_be_trained_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmptyPoolError):
        _train(tmp_path, source=ArraySource([band_scene(0)[0]]))
    with pytest.raises(WeightsError, match="no such file"):
        _train(tmp_path, replace(SETTINGS, encoder_weights=str(tmp_path / "absent")))
    with pytest.raises(WeightsError, match="no such weight file"):
        _train(tmp_path, replace(SETTINGS, warm_start=True), initial_weights=tmp_path / "absent")


def test_a_loss_that_is_no_number_stops_the_training(tmp_path: Path, uninterrupted: TrainedModel) -> None:
    network = copy.deepcopy(uninterrupted.network)
    with torch.no_grad():
        network.low_projection.get_parameter("0.weight").fill_(torch.nan)
    path = tmp_path / "weights.safetensors"
    save_weights(network, path, describe_network(SETTINGS, NUM_CLASSES))
    with pytest.raises(NonFiniteError, match="nan at step 1 of generation 0: lower lr_encoder"):
        _train(tmp_path / "work", replace(SETTINGS, warm_start=True), initial_weights=path)
