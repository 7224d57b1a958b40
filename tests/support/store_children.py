"""Starts `tests.support.store_child` processes, all at once."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def start_child(what: str, url: str, *arguments: str) -> "subprocess.Popen[str]":
    """A child that is about to say `ready`."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.store_child", what, url, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def release(children: Sequence["subprocess.Popen[str]"]) -> None:
    """Wait until every child is ready, then let them all go."""
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()


def run_children(commands: Sequence[Sequence[str]]) -> list[str]:
    """Run children to their ends, released together; every line they said."""
    children = [start_child(*command) for command in commands]
    release(children)
    lines: list[str] = []
    for child in children:
        said, _ = child.communicate(timeout=120)
        assert child.returncode == 0
        lines += said.splitlines()
    return lines
