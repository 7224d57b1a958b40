"""Decodes uploaded images in limited child processes, so that a hostile file harms only a child.

The children live on between files; one that dies, hangs or is out of memory is replaced, and its file is
rejected with a reason. Server (uploads) and worker (archives) share this. It knows no row and no blob.
"""

import json
import os
import queue
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from segloop.errors import ImageError
from segloop_store.errors import StoreError

log = structlog.get_logger(__name__)

_START_SECONDS = 60.0
_ATTEMPTS = 2
"""A child that dies over a file gets that file once more: something else may have killed it."""


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """What a file turned out to be.

    Attributes:
        width: upright width in pixels.
        height: upright height in pixels.
        format: by content: JPEG, PNG, TIFF or WEBP.
        notes: what was changed to make it upright 8-bit RGB.
        is_upright_rgb: the file's own bytes are upright 8-bit RGB already; no pixels file was written.
    """

    width: int
    height: int
    format: str
    notes: tuple[str, ...]
    is_upright_rgb: bool


class Decoder:
    """A few decoding children, started when first needed. Safe to share between threads.

    Args:
        num_children: how many files are decoded at once.
        max_pixels: larger images are rejected by their header.
        memory_bytes: address space of a child.
        timeout_seconds: for one file.
    """

    def __init__(
        self,
        *,
        num_children: int = 2,
        max_pixels: int = 50_000_000,
        memory_bytes: int = 2 << 30,
        timeout_seconds: float = 60.0,
    ) -> None:
        self.num_children = num_children
        self._max_pixels = max_pixels
        self._timeout_seconds = timeout_seconds
        self._children = [_Child(memory_bytes) for _ in range(num_children)]
        self._idle: queue.LifoQueue[_Child] = queue.LifoQueue()
        for child in self._children:
            self._idle.put(child)

    def decode(self, path: Path, pixels_path: Path) -> DecodedFile:
        """Decode the file at `path`; its upright RGB pixels go to `pixels_path` where they differ from it.

        The pixels are a PNG.

        Raises:
            ImageError: the file is rejected; the text is fit for the uploader.
            StoreError: no child could be started: the machine is at fault, not the file.
        """
        request = {
            "path": str(path),
            "pixels_path": str(pixels_path),
            "max_pixels": self._max_pixels,
            "seconds": self._timeout_seconds,
        }
        with self._borrowed() as child:
            answer = self._ask(child, request)
        if "error" in answer:
            raise ImageError(answer["error"])
        return DecodedFile(**{**answer, "notes": tuple(answer["notes"])})

    def close(self) -> None:
        """End the children. One that is still decoding is killed."""
        for child in self._children:
            child.stop()

    def _ask(self, child: "_Child", request: dict[str, Any]) -> dict[str, Any]:
        for attempt in range(1, _ATTEMPTS + 1):
            child.start()
            try:
                return child.ask(request, timeout_seconds=self._timeout_seconds)
            except TimeoutError as error:
                child.stop()
                log.warning("decoding_timed_out", seconds=self._timeout_seconds)
                raise ImageError(f"decoding took longer than {self._timeout_seconds:g} s") from error
            except EOFError as error:
                status = child.stop()
                log.warning("decoding_child_died", status=status, attempt=attempt)
                if attempt == _ATTEMPTS:
                    raise ImageError("the file cannot be decoded within this server's limits") from error
        raise AssertionError("unreachable")

    @contextmanager
    def _borrowed(self) -> Iterator["_Child"]:
        child = self._idle.get()
        try:
            yield child
        finally:
            self._idle.put(child)


class _Child:
    """One decoding process; used by one thread at a time."""

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""
        self._lock = threading.Lock()

    def start(self) -> None:
        """Make sure there is a live process that has set its limits.

        Raises:
            StoreError: it does not come up.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self.stop()
        self._buffer = b""
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", "segloop_store.decoding_child", str(self._memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_child_environment(),
        )
        try:
            self._read_line(_START_SECONDS)
        except (EOFError, TimeoutError) as error:
            self.stop()
            raise StoreError("the decoding process does not start") from error

    def ask(self, request: dict[str, Any], *, timeout_seconds: float) -> dict[str, Any]:
        """Send one request and wait for its answer.

        Raises:
            EOFError: the process died.
            TimeoutError: it did not answer in time.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise EOFError("the decoding process is gone") from error
        answer: dict[str, Any] = json.loads(self._read_line(timeout_seconds))
        return answer

    def stop(self) -> int | None:
        """Kill the process if there is one; its exit status."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:  # an unsent request to a dead process
                log.debug("decoding_pipe_broken")
        return process.wait()

    def _read_line(self, timeout_seconds: float) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        deadline = time.monotonic() + timeout_seconds
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                received = os.read(descriptor, 65536)
                if not received:
                    raise EOFError
                self._buffer += received
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def _child_environment() -> dict[str, str]:
    """What a child may know: where Python's packages are, and no secret of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME", "VIRTUAL_ENV") if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**kept, **threads, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
