"""Starts a child process, follows what it says, and never leaves it (or its children) behind.

The child writes one JSON object a line on stdout, its `event` one of alive, progress, result and error. Its
stdin is a pipe nobody writes to: end of file there tells the child that its parent died. This module knows
neither jobs nor torch; what to start, and when to give up, is the caller's.
"""

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from segloop_worker.errors import ChildFailedError, ChildLostError, DeviceTroubleError

_POLL_SECONDS = 0.1
_TAIL_LINES = 60
_MAX_LINE = 2000


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """How long a child may be quiet.

    Attributes:
        silence_seconds: without a line of any kind; the child says that it is alive every few seconds.
        stall_seconds: without progress, although alive.
        grace_seconds: between SIGTERM and SIGKILL.
    """

    silence_seconds: float = 120.0
    stall_seconds: float = 1800.0
    grace_seconds: float = 1.5


def run_child(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    on_progress: Callable[[dict[str, Any]], None],
    check: Callable[[], None],
    limits: ChildLimits | None = None,
) -> dict[str, Any]:
    """What the child gave as its result. It and its process group are gone when this returns or raises.

    Args:
        command: program and arguments.
        environment: the child's whole environment.
        on_progress: called with each progress line, in this thread.
        check: called several times a second; what it raises stops the child and is passed on.
        limits: how long the child may be quiet.

    Raises:
        ChildFailedError: the child reported an error that would come again.
        DeviceTroubleError: the child reported that its device failed.
        ChildLostError: the child was killed, hung, or ended without a result.
    """
    child = _Child(command, environment, limits or ChildLimits())
    try:
        return child.follow(on_progress, check)
    finally:
        child.end()


class _Child:
    def __init__(self, command: Sequence[str], environment: Mapping[str, str], limits: ChildLimits) -> None:
        self._limits = limits
        # a session of its own, so that the whole group can be signalled without touching the worker
        self._process = subprocess.Popen(  # noqa: S603 - the worker's own interpreter and module
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,
        )
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            _start(self._read_lines, self._process.stdout),
            _start(self._read_errors, self._process.stderr),
        ]

    def follow(
        self, on_progress: Callable[[dict[str, Any]], None], check: Callable[[], None]
    ) -> dict[str, Any]:
        """Read lines until the child ends; see `run_child`."""
        heard_at = progressed_at = time.monotonic()
        result: dict[str, Any] | None = None
        while True:
            check()
            self._check_quiet(heard_at, progressed_at)
            try:
                line = self._lines.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            if line is None:
                break
            message = _parse(line)
            heard_at = time.monotonic()
            match message.get("event"):
                case "progress":
                    progressed_at = heard_at
                    on_progress({key: value for key, value in message.items() if key != "event"})
                case "result":
                    result = message.get("value", {})
                case "error":
                    raise self._error_of(message)
        return self._result_or_raise(result)

    def _check_quiet(self, heard_at: float, progressed_at: float) -> None:
        silent = time.monotonic() - heard_at
        stalled = time.monotonic() - progressed_at
        if silent > self._limits.silence_seconds:
            raise ChildLostError(f"the child process said nothing for {silent:.0f} s and was stopped")
        if stalled > self._limits.stall_seconds:
            raise ChildLostError(f"the child process made no progress for {stalled:.0f} s and was stopped")

    def _result_or_raise(self, result: dict[str, Any] | None) -> dict[str, Any]:
        self._kill_group(signal.SIGKILL) if self._has_exited(self._limits.grace_seconds) else self._stop()
        code = self._process.wait()
        if result is not None and code == 0:
            return result
        for reader in self._readers:
            reader.join(timeout=1.0)
        if code < 0:
            name = signal.Signals(-code).name
            hint = "; the machine may have run out of memory" if -code == signal.SIGKILL else ""
            raise ChildLostError(f"the child process was ended by {name}{hint}")
        raise ChildFailedError(
            f"the child process ended with code {code} without a result: {self._last_words()}"
        )

    def _error_of(self, message: Mapping[str, Any]) -> Exception:
        text = str(message.get("message", "no reason given"))
        kind = DeviceTroubleError if message.get("is_retryable") else ChildFailedError
        error = kind(text)
        if message.get("traceback"):
            error.add_note(str(message["traceback"]))
        return error

    def _last_words(self) -> str:
        said = [line for line in self._tail if line.strip()]
        return said[-1] if said else "it said nothing"

    def end(self) -> None:
        """Stop the group if it still runs, reap the child and close its pipes."""
        if self._process.returncode is None:
            self._stop()
            self._process.wait()
        for reader in self._readers:
            reader.join(timeout=2.0)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def _stop(self) -> None:
        self._kill_group(signal.SIGTERM)
        self._has_exited(self._limits.grace_seconds)
        self._kill_group(signal.SIGKILL)

    def _has_exited(self, timeout_seconds: float) -> bool:
        """Whether the child is gone within the time; it is not reaped, so its group id stays its own."""
        deadline = time.monotonic() + timeout_seconds
        while os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _kill_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return

    def _read_lines(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self._lines.put(line)
        self._lines.put(None)

    def _read_errors(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self._tail.append(line.decode(errors="replace").rstrip()[:_MAX_LINE])


def _start(target: Callable[[IO[bytes]], None], pipe: IO[bytes]) -> threading.Thread:
    thread = threading.Thread(target=target, args=(pipe,), name="child-reader", daemon=True)
    thread.start()
    return thread


def _parse(line: bytes) -> dict[str, Any]:
    """The line's message; whatever else lands on stdout counts as a sign of life."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
