import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segloop_worker.child_process import ChildLimits, run_child
from segloop_worker.errors import CancelRequested, ChildFailedError, ChildLostError, DeviceTroubleError
from tests.support.process_watch import is_gone, wait_until

PRELUDE = """
import json, os, subprocess, sys, time
def say(**message):
    print(json.dumps(message), flush=True)
"""


def run(
    script: str,
    *,
    check: Callable[[], None] = lambda: None,
    limits: ChildLimits | None = None,
    seen: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    return run_child(
        [sys.executable, "-c", PRELUDE + script],
        environment=dict(os.environ),
        on_progress=(seen if seen is not None else []).append,
        check=check,
        limits=limits,
    )


def test_result_and_progress_reach_the_parent_in_order() -> None:
    seen: list[dict[str, Any]] = []
    script = """
for step in range(3): say(event='progress', step=step)
print('chatter')
say(event='result', value={'a': 1})
"""
    value = run(script, seen=seen)
    assert value == {"a": 1}
    assert seen == [{"step": 0}, {"step": 1}, {"step": 2}]


def test_reported_error_is_passed_on_with_its_text() -> None:
    with pytest.raises(ChildFailedError, match="class 7 is unknown"):
        run("say(event='error', message='class 7 is unknown'); time.sleep(60)")


def test_device_trouble_may_be_tried_again() -> None:
    with pytest.raises(DeviceTroubleError, match="out of memory"):
        run("say(event='error', message='out of memory', is_retryable=True)")


def test_unreported_end_carries_the_last_words() -> None:
    with pytest.raises(ChildFailedError, match="ModuleNotFoundError"):
        run("import no_such_module_anywhere")


def test_killed_child_is_lost_not_failed() -> None:
    with pytest.raises(ChildLostError, match="SIGKILL"):
        run("os.kill(os.getpid(), 9)")


def test_silent_child_is_stopped() -> None:
    with pytest.raises(ChildLostError, match="said nothing"):
        run("time.sleep(60)", limits=ChildLimits(silence_seconds=0.3, grace_seconds=0.5))


def test_child_that_is_alive_without_progress_is_stopped() -> None:
    script = "while True:\n    say(event='alive'); time.sleep(0.05)"
    with pytest.raises(ChildLostError, match="no progress"):
        run(script, limits=ChildLimits(stall_seconds=0.5, grace_seconds=0.5))


def test_cancel_kills_the_whole_group_even_when_it_ignores_sigterm(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"""
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"])
open({str(pids)!r} + '.part', 'w').write(f"{{os.getpid()}} {{grandchild.pid}}")
os.rename({str(pids)!r} + '.part', {str(pids)!r})
time.sleep(60)
"""

    def check() -> None:
        if pids.exists():
            raise CancelRequested("cancelled")

    started = time.monotonic()
    with pytest.raises(CancelRequested):
        run(script, check=check, limits=ChildLimits(grace_seconds=0.3))
    assert time.monotonic() - started < 8
    child, grandchild = (int(pid) for pid in pids.read_text().split())
    wait_until(lambda: is_gone(child) and is_gone(grandchild))


def test_child_dies_with_its_parent(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    child_script = f"""
import os, sys, time
from segloop_worker.child_io import open_line, say_alive, watch_parent
watch_parent()
line = open_line()
say_alive(line)
open({str(pids)!r} + '.part', 'w').write(str(os.getpid()))
os.rename({str(pids)!r} + '.part', {str(pids)!r})
time.sleep(60)
"""
    parent_script = f"""
import os, sys
from segloop_worker.child_process import run_child
run_child([sys.executable, "-c", {child_script!r}], environment=dict(os.environ),
          on_progress=print, check=lambda: None)
"""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    parent = subprocess.Popen([sys.executable, "-c", parent_script], env=environment)
    try:
        wait_until(pids.exists)
        child = int(pids.read_text())
        assert not is_gone(child)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(lambda: is_gone(child))
