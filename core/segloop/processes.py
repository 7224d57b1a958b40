"""Several processes that train one network, one device each: what they share out, add up and agree on.

They are those `torchrun` started, or those of a process group that the caller opened. With one process every
function here is the identity, and nothing of `torch.distributed` is touched. Knows no network and no image.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor

from segloop.devices import resolve_device
from segloop.errors import SegloopError, SettingsError

Value = TypeVar("Value")

_PATIENCE = timedelta(days=7)
"""The others wait while process 0 scores a pool. One that died is noticed at once: its connections close, and
torchrun ends the rest."""

_groups_opened = count()


@dataclass(frozen=True)
class Processes:
    """This process among those that train together. All of them call the same methods in the same order.

    Attributes:
        rank: 0 .. size - 1; process 0 writes files and reports.
        size: number of processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is process 0."""
        return self.rank == 0

    def part(self, num: int) -> range:
        """This process's part of `num` places: as many as the others', the first ones one more."""
        least, rest = divmod(num, self.size)
        start = least * self.rank + min(self.rank, rest)
        return range(start, start + least + (self.rank < rest))

    def totals(self, *counts: Tensor) -> tuple[Tensor, ...]:
        """Tensors of one shape, each added up over the processes; they carry no gradient."""
        if self.size == 1:
            return counts
        stacked = torch.stack(counts)
        dist.all_reduce(stacked)
        return tuple(stacked)

    def add_up_(self, tensors: Sequence[Tensor]) -> None:
        """Replace float tensors of one dtype by their sums over the processes, the same bits in all."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.flatten() for tensor in tensors])  # one message instead of hundreds
        dist.all_reduce(flat)
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def gather(self, value: Value) -> list[Value]:
        """Everybody's value, by rank."""
        if self.size == 1:
            return [value]
        values: list[Value | None] = [None] * self.size
        dist.all_gather_object(values, value)
        return cast("list[Value]", values)

    def wait(self) -> None:
        """Go on once all have come here."""
        self.gather(None)

    def decided(self, value: Value) -> Value:
        """Process 0's value."""
        if self.size == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]

    def once(self, make: Callable[[], Value]) -> Value:
        """What `make` gives in process 0, which alone calls it; a SegloopError is raised in all."""
        if self.size == 1:
            return make()
        made: tuple[Value | None, SegloopError | None] = (None, None)
        if self.is_first:
            try:
                made = (make(), None)
            except SegloopError as error:
                made = (None, error)
        value, failure = self.decided(made)
        if failure is not None:
            raise failure
        return cast("Value", value)

    def device(self, name: str) -> torch.device:
        """The device that a setting means for this process: `auto` and `cuda` its own CUDA device.

        Raises:
            SettingsError: unknown, not here, or one CUDA device for several processes.
        """
        if self.size == 1 or name == "cpu" or not torch.cuda.is_available():
            return resolve_device(name)
        if name not in {"auto", "cuda"}:
            raise SettingsError(f"device {name!r} is one for {self.size} processes: use auto, cuda or cpu")
        local_rank = os.environ.get("LOCAL_RANK", str(torch.cuda.current_device()))
        return resolve_device(f"cuda:{local_rank}")

    def on(self, device: torch.device) -> AbstractContextManager[object]:
        """Make a CUDA device of one's own the current one, so that nothing ends up on the first."""
        return torch.cuda.device(device) if self.size > 1 and device.type == "cuda" else nullcontext()


ALONE = Processes()


@contextmanager
def joined_processes() -> Iterator[Processes]:
    """The processes to train with; the group is opened and closed here unless the caller has one open.

    All of them leave together, so that what process 0 writes is there for everybody.
    """
    is_ours = _is_launched_by_torchrun() and not dist.is_initialized()
    if is_ours:
        _open_group()
    processes = ALONE
    if dist.is_available() and dist.is_initialized():
        processes = Processes(dist.get_rank(), dist.get_world_size())
    try:
        yield processes
        processes.wait()
    finally:
        if is_ours:
            dist.destroy_process_group()


def _is_launched_by_torchrun() -> bool:
    """Its own variable must be there: WORLD_SIZE alone may be left over from something else."""
    if not dist.is_available() or not dist.is_torchelastic_launched():
        return False
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def _open_group() -> None:
    """NCCL between GPUs, gloo for what lies on the CPU."""
    # torch exports both without saying so to type checkers
    store, rank, size = next(dist.rendezvous("env://", timeout=_PATIENCE))  # type: ignore[attr-defined]
    # a second group must not find the addresses of the first
    store = dist.PrefixStore(f"segloop-{next(_groups_opened)}", store)  # type: ignore[attr-defined]
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=_PATIENCE)
