"""Servers that tests start: on a free port, ready before use, gone with the test run whatever ends it."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 nobody listens on, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [item.getsockname()[1] for item in sockets]


def is_listening(port: int) -> bool:
    """True when something accepts connections on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start_server(
    command: Sequence[str | Path],
    log: Path,
    *,
    is_ready: Callable[[], bool],
    timeout_seconds: float = 60.0,
    user: str | None = None,
    env: dict[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a server and wait until it is ready; its output goes to `log`. It is killed with this process."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            env={**os.environ, **(env or {})},
            user=user,
            group=None if user is None else _group_of(user),
            extra_groups=None if user is None else [],
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, no lock, no allocation
        )
    wait_until(is_ready, process=process, log=log, timeout_seconds=timeout_seconds)
    return process


def wait_until(
    is_ready: Callable[[], bool],
    *,
    process: "subprocess.Popen[bytes]",
    log: Path,
    timeout_seconds: float,
) -> None:
    """Return once `is_ready`; raise with the log's end when the process ends or time is up before."""
    deadline = time.monotonic() + timeout_seconds
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text(errors='replace')[-4000:]}")
        time.sleep(0.02)


def stop_server(process: "subprocess.Popen[bytes]", *, with_signal: int = signal.SIGTERM) -> None:
    """End a server, by force when it takes longer than ten seconds."""
    process.send_signal(with_signal)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _group_of(user: str) -> int:
    import pwd  # noqa: PLC0415 - POSIX only, and only as root

    return pwd.getpwnam(user).pw_gid
