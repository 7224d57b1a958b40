"""A real server with its workers, on a free port and a throw-away data folder, for measurements."""

import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segloop_client.api import Client
from segloop_client.serving import Served, ServeOptions


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(data_dir: Path | None = None) -> Iterator[tuple[Served, Client]]:
    """Start everything, yield it with an admin's client, stop it; a given data folder is kept."""
    folder = data_dir or Path(tempfile.mkdtemp(prefix="segloop-bench-"))
    running = Served(ServeOptions("127.0.0.1", free_port(), folder, opens_browser=False), print)
    running.start()
    tending = threading.Thread(target=running.run, daemon=True)
    tending.start()
    try:
        running.wait_until_ready()
        with Client(running.options.url, running.admin_token) as client:
            yield running, client
    finally:
        running.request_stop()
        tending.join()
        if data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)
