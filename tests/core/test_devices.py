import pytest
import torch

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
from segloop.settings import RoundSettings

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
