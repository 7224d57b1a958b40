"""How far a long job is: one report a step, with the time left."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One report.

    Attributes:
        phase: what is being done: "answers", "generation 0", "pseudo labels 1", "generation 1", ...
        step, num_steps: within the phase.
        fraction: of the whole job, 0..1, by cost.
        loss: smoothed training loss; None before the first step and in other phases.
        eta_seconds: time left for the whole job; None before anything is known of it.
    """

    phase: str
    step: int
    num_steps: int
    fraction: float
    loss: float | None = None
    eta_seconds: float | None = None


class ProgressMeter:
    """Turns steps of phases with known costs into reports."""

    def __init__(self, on_progress: Callable[[Progress], None], total_cost: float) -> None:
        """A meter over `total_cost` units; an earlier attempt's count as done, not towards the pace."""
        self._on_progress = on_progress
        self._total = max(total_cost, 1e-9)
        self._finished = 0.0  # cost of finished phases
        self._at_start: float | None = None  # cost done when this attempt's clock began
        self._started = time.monotonic()

    def report(
        self, phase: str, step: int, num_steps: int, *, phase_cost: float, loss: float | None = None
    ) -> None:
        """`step` of `num_steps` of a phase that costs `phase_cost` in all is done."""
        done = self._finished + phase_cost * step / max(num_steps, 1)
        if self._at_start is None:
            self._at_start, self._started = done, time.monotonic()
        fraction = min(1.0, done / self._total)
        self._on_progress(Progress(phase, step, num_steps, fraction, loss, self._time_left(done)))

    def finish_phase(self, phase_cost: float) -> None:
        """The phase is over, in this attempt or an earlier one."""
        self._finished += phase_cost

    def _time_left(self, done: float) -> float | None:
        assert self._at_start is not None
        done_here = done - self._at_start
        if done_here <= 0:
            return None
        return max(0.0, self._total - done) * (time.monotonic() - self._started) / done_here
