"""Supervised child processes: restarted, stopped, and never left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from segloop_client.processes import Supervised, Supervisor
from tests.support.process_watch import children_of, is_gone, wait_until

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_a_killed_process_is_started_again_and_named() -> None:
    item = Supervised("sleeper", SLEEPER, dict(os.environ))
    supervisor = Supervisor([item])
    supervisor.start()
    assert item.process is not None
    first = item.process.pid
    lines: list[str] = []

    os.kill(first, signal.SIGKILL)

    def is_replaced() -> bool:
        lines.extend(supervisor.tend())
        return item.process is not None and item.process.pid != first

    try:
        wait_until(is_replaced)
        assert len(lines) == 1
        assert "sleeper ended with -9" in lines[0]
    finally:
        supervisor.stop()


def test_stop_ends_every_process() -> None:
    items = [Supervised(f"sleeper {number}", SLEEPER, dict(os.environ)) for number in range(2)]
    supervisor = Supervisor(items)
    supervisor.start()

    supervisor.stop()

    assert all(item.process is not None and item.process.poll() is not None for item in items)


def test_stop_kills_what_ignores_the_signal() -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    item = Supervised("stubborn", [sys.executable, "-c", code], dict(os.environ))
    supervisor = Supervisor([item], stop_seconds=1.0)
    supervisor.start()
    assert item.process is not None
    ignores = Path(f"/proc/{item.process.pid}/status")
    term_bit = 1 << (signal.SIGTERM - 1)

    def ignores_term() -> bool:
        line = next(line for line in ignores.read_text().splitlines() if line.startswith("SigIgn"))
        return bool(int(line.split()[1], 16) & term_bit)

    wait_until(ignores_term)

    supervisor.stop()

    assert item.process.returncode == -signal.SIGKILL


def test_children_end_with_a_killed_supervisor() -> None:
    code = (
        "import os, sys, time\n"
        "from segloop_client.processes import Supervised, Supervisor\n"
        f"item = Supervised('sleeper', {SLEEPER!r}, dict(os.environ))\n"
        "Supervisor([item]).start()\n"
        "print(item.process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not is_gone(child)
        parent.kill()
        parent.wait()
    wait_until(lambda: is_gone(child))


@pytest.mark.parametrize("before_exec", ["stop(); ask()", "ask(); stop()"])
def test_a_supervisor_killed_while_it_starts_a_child_takes_it_along(before_exec: str) -> None:
    """The child is held between fork and exec, where it has the supervisor's own handlers."""
    code = (
        "import os, signal, subprocess\n"
        "from segloop_client.processes import die_with\n"
        "signal.signal(signal.SIGTERM, lambda *_: None)\n"
        "ask = die_with(os.getpid())\n"
        "stop = lambda: os.kill(os.getpid(), signal.SIGSTOP)\n"
        f"def before_exec(): {before_exec}\n"
        f"subprocess.Popen({SLEEPER!r}, preexec_fn=before_exec)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        try:
            wait_until(lambda: len(children_of(parent.pid)) == 1, what="the child")
            (child,) = children_of(parent.pid)
            status = Path(f"/proc/{child}/status")
            wait_until(lambda: "(stopped)" in status.read_text(), what="the child's stop")
        finally:
            parent.kill()
    os.kill(child, signal.SIGCONT)
    try:
        wait_until(lambda: is_gone(child), seconds=10.0, what="the child's end")
    finally:
        if not is_gone(child):
            os.kill(child, signal.SIGKILL)
