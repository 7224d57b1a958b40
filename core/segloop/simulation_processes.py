"""Arms and seeds of one simulation at once, each in a process of its own: on one GPU, or sharing CPU cores.

Every run keeps its own state file, so processes share nothing but the folder; `Simulation.run` then finds all
of them done. One that dies ends the others, and the same call goes on where they were.
"""

import multiprocessing
import os
import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing.connection import wait as wait_for_any
from pathlib import Path
from queue import Empty
from typing import Any

import torch

from segloop.errors import SimulationError
from segloop.simulation import OnProgress, Simulation
from segloop.simulation_config import SimulationConfig

_POLL_SECONDS = 0.2
_reports: Any = None
"""In a child: the queue its reports go into, which only an initialiser can hand over."""


def run_in_processes(
    config: SimulationConfig, out: Path, num_processes: int, *, on_progress: OnProgress
) -> None:
    """Every arm and the reference for every seed, up to `num_processes` of them at once.

    CPU threads are shared out among them where settings do not name a number; results then differ in the last
    bits from a run in one process.

    Raises:
        SegloopError: what the first run that failed raised.
        SimulationError: a process was killed, e.g. for want of memory.
    """
    context = multiprocessing.get_context("spawn")  # a forked process cannot use CUDA
    reports = context.Queue()
    num_threads = max(1, (os.cpu_count() or 1) // num_processes)
    arms: list[int | None] = [*range(len(config.arms)), *([] if config.reference is None else [None])]
    runs = [(arm, seed) for seed in config.seeds for arm in arms]
    with ProcessPoolExecutor(
        num_processes, context, initializer=_begin, initargs=(reports, num_threads)
    ) as executor:
        futures = [executor.submit(_run, config, out, arm, seed) for arm, seed in runs]
        try:
            _follow(futures, reports, on_progress)
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.terminate()
            raise


def _follow(futures: "list[Future[None]]", reports: Any, on_progress: OnProgress) -> None:
    """Pass reports on until all runs are done, or one has failed."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=_POLL_SECONDS, return_when=FIRST_EXCEPTION)
        _pass_on(reports, on_progress)
        for future in done:
            try:
                future.result()
            except BrokenProcessPool as cause:
                raise SimulationError(
                    "a process of the simulation was killed, maybe for want of memory: "
                    "try fewer --processes; the same command goes on where it was"
                ) from cause
    _pass_on(reports, on_progress)


def _pass_on(reports: Any, on_progress: OnProgress) -> None:
    while True:
        try:
            what, steps = reports.get_nowait()
        except Empty:
            return
        on_progress(what, steps)


def _begin(reports: Any, num_threads: int) -> None:
    """What a child does first: it ends with its parent, even one that was killed."""
    global _reports  # noqa: PLW0603 - a child is one run at a time
    _reports = reports
    torch.set_num_threads(num_threads)
    parent = multiprocessing.parent_process()
    assert parent is not None, "this runs in a child"
    sentinel = parent.sentinel

    def end_with_parent() -> None:
        wait_for_any([sentinel])
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


@cache
def _simulation(config: SimulationConfig, out: Path) -> Simulation:
    """A child's own, its data opened (or drawn) once for all runs."""

    def report(what: str, steps: int) -> None:
        _reports.put((what, steps))

    return Simulation(config, out, on_progress=report)


def _run(config: SimulationConfig, out: Path, arm: int | None, seed: int) -> None:
    """One run in a child: the reference where `arm` is None."""
    simulation = _simulation(config, out)
    if arm is None:
        simulation.run_reference(seed)
    else:
        simulation.run_arm(config.arms[arm], seed)
