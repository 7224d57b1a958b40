"""Child processes that never outlive their parent, restarted when they die."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 8.0
_RESTART_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
_HEALTHY_SECONDS = 60.0


@dataclass
class Supervised:
    """One process to be kept running.

    Attributes:
        name: for messages.
        command: its arguments.
        environment: what it sees.
        log_path: where its output is appended; None = the supervisor's own output.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    log_path: Path | None = None
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    restart_at: float | None = None
    num_failures: int = 0

    def start(self) -> None:
        """Start it in a group of its own: Ctrl+C reaches only the supervisor, which stops it in order."""
        with self.log_path.open("ab") if self.log_path else nullcontext() as log:
            self.process = subprocess.Popen(  # noqa: S603 - commands are built here, never from input
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT if log else None,
                start_new_session=True,
                preexec_fn=die_with(os.getpid()) if sys.platform == "linux" else None,  # noqa: PLW1509 - no lock
            )
        self.started_at = time.monotonic()
        self.restart_at = None

    def last_words(self) -> str:
        """The last line it logged, or nothing."""
        if self.log_path is None or not self.log_path.exists():
            return ""
        with self.log_path.open("rb") as file:
            file.seek(max(0, self.log_path.stat().st_size - 4096))
            lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
        return f": {lines[-1].strip()} (more in {self.log_path})" if lines else ""

    def has_died(self) -> bool:
        """Whether it was started and is gone."""
        return self.process is not None and self.process.poll() is not None


@dataclass
class Supervisor:
    """Keeps processes running until told to stop, then stops them all.

    Attributes:
        processes: what it keeps.
        stop_seconds: how long `stop` waits before it kills.
    """

    processes: list[Supervised]
    stop_seconds: float = _STOP_SECONDS

    def start(self, processes: Sequence[Supervised] | None = None) -> None:
        """Start these of its processes; all without a list."""
        for item in self.processes if processes is None else processes:
            item.start()

    def tend(self) -> list[str]:
        """Restart what died, slower each time; returns a line for each death. Call it often."""
        lines: list[str] = []
        for item in self.processes:
            if item.restart_at is not None and time.monotonic() >= item.restart_at:
                item.start()
            elif item.restart_at is None and item.has_died():
                lines.append(self._plan_restart(item))
        return lines

    def stop(self) -> None:
        """SIGTERM to all, then SIGKILL to what is left of their groups."""
        running = [item.process for item in self.processes if item.process and item.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + self.stop_seconds
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _kill_group(process.pid)
                process.wait()

    @staticmethod
    def _plan_restart(item: Supervised) -> str:
        assert item.process is not None
        _kill_group(item.process.pid)  # whatever it had started itself
        lived = time.monotonic() - item.started_at
        item.num_failures = 0 if lived > _HEALTHY_SECONDS else item.num_failures + 1
        delay = _RESTART_SECONDS[min(item.num_failures, len(_RESTART_SECONDS) - 1)]
        item.restart_at = time.monotonic() + delay
        ending = f"{item.name} ended with {item.process.returncode}{item.last_words()}"
        return f"{ending}; starting it again in {delay:g} s"


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def die_with(supervisor: int) -> Callable[[], None]:
    """What a child calls between fork and exec, to get SIGTERM when `supervisor` is killed; Linux alone."""
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        # until exec the supervisor's own handler is in place, which would swallow the signal
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        # who was killed before this line sends no signal any more
        if os.getppid() != supervisor:
            os._exit(1)

    return ask
