"""The command that runs a simulation: `python -m segloop.simulate CONFIG.toml`, or `torchrun -m` the same."""

import argparse
import dataclasses
import errno
import fcntl
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from tqdm import tqdm

from segloop.errors import SegloopError, SettingsError
from segloop.processes import ALONE, Processes, joined_processes
from segloop.simulation import Simulation
from segloop.simulation_config import LARGEST_SEED, BudgetAxis, SimulationConfig, load_config
from segloop.simulation_processes import run_in_processes
from segloop.simulation_report import summarise

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def main(arguments: list[str] | None = None) -> int:
    """Run the annotation loop against known label maps and write result.json, curve.png and curve.svg."""
    parser = argparse.ArgumentParser(prog="python -m segloop.simulate", description=main.__doc__)
    parser.add_argument(
        "config",
        type=Path,
        metavar="CONFIG.toml",
        help="arms, budgets, data: bench/configs has some, segloop.load_config's docstring what they may say",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="folder with images/, labels/ and classes.json, instead of the config's data",
    )
    parser.add_argument("--weights", type=Path, metavar="FILE", help="encoder weights, safetensors")
    parser.add_argument(
        "--axis",
        choices=[axis.value for axis in BudgetAxis],
        help="the curve's axis, instead of the config's",
    )
    parser.add_argument(
        "--seeds",
        type=_numbers,
        metavar="N,N",
        help="these instead of the config's; machines that share them put their arms/ together afterwards",
    )
    parser.add_argument(
        "--hold-out",
        metavar="PATTERN",
        help="measure on the images of train whose file names fit, instead of what the config says: for "
        "settings to be chosen on several parts of train in turn",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: simulations/<name of the config>")
    parser.add_argument(
        "--processes",
        type=_at_least_one,
        default=1,
        metavar="N",
        help="run so many arms and seeds at once, on one GPU or sharing the CPU's cores (default: 1)",
    )
    asked = parser.parse_args(arguments)
    processes = ALONE
    try:
        with joined_processes() as processes:
            said = _run(asked, processes)
    except (SegloopError, OSError) as error:
        if processes.is_first:
            print(f"simulation: {_explained(error)}", file=sys.stderr)  # noqa: T201 - a command's output
        return 2
    if processes.is_first:
        print(said)  # noqa: T201 - a command's output
    return 0


def _run(asked: argparse.Namespace, processes: Processes) -> str:
    """Run what was asked for, and sum it up."""
    if asked.processes > 1 and processes.size > 1:
        raise SettingsError(
            f"--processes {asked.processes} under torchrun: take one of the two (--processes runs arms and "
            "seeds side by side, torchrun shares the images of each step)"
        )
    config = load_config(asked.config, data=asked.data, weights=asked.weights, hold_out=asked.hold_out)
    if asked.axis is not None:
        config = dataclasses.replace(config, axis=BudgetAxis(asked.axis))
    if asked.seeds is not None:
        config = dataclasses.replace(config, seeds=asked.seeds)
    out: Path = asked.out or Path("simulations") / asked.config.stem
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        processes.once(lambda: stack.enter_context(_alone(out)))
        bar = stack.enter_context(_Bar(config, is_shown=processes.is_first))
        simulation = Simulation(config, out, on_progress=bar.show, processes=processes)
        simulation.check()
        if asked.processes > 1:
            run_in_processes(config, out, asked.processes, on_progress=bar.show)
        result = simulation.run()
    return f"{summarise(result)}\n\n{out / 'result.json'}\n{out / 'curve.png'}"


def _explained(error: SegloopError | OSError) -> str:
    """One line with a way out; the system's own errors come from files that are no state or checkpoint."""
    if isinstance(error, SegloopError):
        return str(error)
    way_out = "free some disk space" if error.errno in _NO_ROOM else "see to that"
    return f"{error}: {way_out}, and the same command goes on where it was"


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} must be at least 1")
    return number


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in text.split(","))
    if len(set(numbers)) < len(numbers) or min(numbers) < 0 or max(numbers) > LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"{text} must be different numbers from 0 to {LARGEST_SEED}")
    return numbers


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Two runs in one folder would write each other's checkpoints; the lock ends with the process."""
    with (out / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            raise SettingsError(f"another simulation is at work in {out}: choose another --out") from cause
        yield


class _Bar:
    """A progress bar over the image-steps of all arms, seeds and rounds."""

    def __init__(self, config: SimulationConfig, *, is_shown: bool) -> None:
        steps = sum(arm.image_steps for arm in config.arms)
        steps += config.reference.image_steps if config.reference else 0
        self._bar = tqdm(
            total=steps * len(config.seeds), unit="step", dynamic_ncols=True, disable=not is_shown
        )
        self._done: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, what: str, steps: int) -> None:
        """What stands before the colon names a round; its steps are counted from its own start."""
        name = what.partition(":")[0]
        self._done[name] = max(self._done.get(name, 0), steps)
        self._bar.set_description(what, refresh=False)
        self._bar.update(sum(self._done.values()) - self._bar.n)


if __name__ == "__main__":
    sys.exit(main())
