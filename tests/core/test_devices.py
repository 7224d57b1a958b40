import pytest
import torch

from segloop.devices import (
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
