"""A real server with its workers, on a free port, for tests of the whole and for measurements."""

import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from segloop_client.api import Client
from segloop_client.serving import Served, ServeOptions
from tests.support.processes import free_ports


@contextmanager
def served(
    data_dir: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    num_torch_workers: int = 1,
) -> Iterator[tuple[Served, Client]]:
    """Start everything, yield it with an admin's client, stop it.

    Args:
        data_dir: kept afterwards; None = a throw-away folder.
        environment: `SEGLOOP_*` settings over the process's own.
        num_torch_workers: how many beside the light one; 0 = a server alone, without any worker.
    """
    folder = data_dir or Path(tempfile.mkdtemp(prefix="segloop-"))
    options = ServeOptions(
        "127.0.0.1", free_ports(1)[0], folder, opens_browser=False, num_torch_workers=num_torch_workers
    )
    running = Served(options, print, environment=environment)
    running.start()
    tending = threading.Thread(target=running.run, daemon=True)
    tending.start()
    try:
        if running.has_workers:
            running.wait_until_ready()
        with Client(running.options.url, running.admin_token) as client:
            yield running, client
    finally:
        running.request_stop()
        tending.join()
        if data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)
