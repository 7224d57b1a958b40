"""Which device and precision torch computes with, and the process-wide switches of torch, set and put back.

Everything of torch that is global (threads, determinism, its random state) is touched here and nowhere else.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor

from segloop.errors import SettingsError
from segloop.settings import RoundSettings
from segloop.torch_calls import Answered


def resolve_device(name: str) -> torch.device:
    """The device that `auto`, `cpu`, `cuda` or `cuda:<n>` means on this machine.

    Raises:
        SettingsError: the name is unknown, or this machine has no such device.
    """
    if name == "auto":
        return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise SettingsError(f"device {name!r} is unknown: use auto, cpu or cuda:<n>") from error
    if device.type not in {"cpu", "cuda"}:
        raise SettingsError(f"device {name!r} is not supported: use auto, cpu or cuda:<n>")
    if device.type == "cuda":
        index = device.index or 0
        if index >= torch.cuda.device_count():
            found = torch.cuda.device_count()
            raise SettingsError(f"device {name!r} is not here: {found} CUDA devices found; use auto or cpu")
        return torch.device("cuda", index)
    return device


def resolve_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The dtype forward passes compute in: float32 on a CPU, bfloat16 on a GPU that has it, or as asked.

    Raises:
        SettingsError: half precision was asked of a device that cannot train with it.
    """
    if precision == "fp32":
        return torch.float32
    if precision == "bf16":
        return torch.bfloat16
    if precision == "fp16":
        if device.type != "cuda":
            raise SettingsError("precision fp16 needs a CUDA device: use auto, fp32 or bf16")
        return torch.float16
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.bfloat16
    return torch.float32


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Autocast to `dtype`; nothing at all for float32, which keeps the plain path plain."""
    if dtype == torch.float32:
        return nullcontext()
    if device.type == "cpu":
        return _cpu_autocast(dtype)
    return torch.autocast(device.type, dtype=dtype)


@contextmanager
def _cpu_autocast(dtype: torch.dtype) -> Iterator[None]:
    with torch.autocast("cpu", dtype=dtype), Answered(torch.conv2d, _conv2d):
        yield


def _conv2d(
    input: Tensor,  # noqa: A002 - torch's name, by which it may be given
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """`torch.conv2d`, in float32 for depthwise ones that have a gradient and are no plain 3 x 3.

    On a CPU the bfloat16 gradients of those (strided, dilated or larger) have no fast kernel in oneDNN: they
    take longer than in float32, most of them 3 to 15 times (docs/decisions/0021).
    """
    is_depthwise = groups > 1 and groups == weight.shape[0]
    is_plain = {*_sides(stride), *_sides(dilation)} == {1} and weight.shape[2:] == (3, 3)
    if not is_depthwise or is_plain or not torch.is_grad_enabled():
        return torch.conv2d(input, weight, bias, stride, padding, dilation, groups)
    with torch.autocast("cpu", enabled=False):
        wide_bias = None if bias is None else bias.float()
        wide = torch.conv2d(input.float(), weight.float(), wide_bias, stride, padding, dilation, groups)
        return wide.to(input.dtype)


def _sides(value: Any) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else tuple(value)


@contextmanager
def torch_runtime(settings: RoundSettings, device: torch.device) -> Iterator[None]:
    """Threads, determinism and convolution search as the settings ask, put back afterwards."""
    threads = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    if settings.num_threads:
        torch.set_num_threads(settings.num_threads)
    if settings.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
        torch.use_deterministic_algorithms(True)
    # one input size per phase: the search for the fastest convolution pays off, but picks by timing
    torch.backends.cudnn.benchmark = device.type == "cuda" and not settings.deterministic
    try:
        yield
    finally:
        if settings.num_threads:
            torch.set_num_threads(threads)
        if settings.deterministic:  # not otherwise: the first call costs seconds of imports
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        torch.backends.cudnn.benchmark = benchmark


@contextmanager
def seeded(seed: int, device: torch.device | None = None) -> Iterator[None]:
    """Torch's global random state starts at `seed` inside, and is what it was before outside.

    Dropout and weight initialisation draw from the global state and take no generator; this keeps them
    reproducible without anything leaking out.
    """
    devices = [device] if device is not None and device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        reseed(seed, device or torch.device("cpu"))
        yield


def reseed(seed: int, device: torch.device) -> None:
    """Start the global random state over; only inside `seeded`, which puts it back."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.default_generators[device.index or 0].manual_seed(seed)


def get_rng_state(device: torch.device) -> dict[str, Tensor]:
    """Torch's global random state, of the CPU and of `device`."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_rng_state(states: dict[str, Tensor], device: torch.device) -> None:
    """Put back what `get_rng_state` gave; only inside `seeded`."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)


def num_feed_threads(device: torch.device, num_processes: int = 1) -> int:
    """Threads that prepare batches: one beside a CPU network, several to keep up with a GPU.

    `num_processes` on this machine do the same.
    """
    if device.type == "cpu":
        return 1
    return max(1, min(8, (os.cpu_count() or 2) // num_processes - 1))
