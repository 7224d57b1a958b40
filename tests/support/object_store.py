"""A real S3 server (SeaweedFS) for tests: one a test run, a prefix a test."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from segloop_store.blobs import open_blobs
from segloop_store.config import StoreSettings
from segloop_store.errors import StorageError
from tests.support.processes import free_ports, is_listening, start_server

ACCESS_KEY = "segloop"
SECRET_KEY = "segloop-secret"
_MAX_STARTS = 3
BUCKET = "tests"
"""One for all: every bucket reserves seven volumes, and the server has few."""


@dataclass(frozen=True)
class S3Server:
    """Where the server listens."""

    endpoint: str

    def environment(self, prefix: str | None = None) -> dict[str, str]:
        """`SEGLOOP_*` variables for an empty prefix of the one bucket, or the prefix named."""
        return {
            "SEGLOOP_BLOB_URL": f"s3://{BUCKET}/{prefix or uuid.uuid4().hex}",
            "SEGLOOP_S3_ENDPOINT": self.endpoint,
            "SEGLOOP_S3_ACCESS_KEY": ACCESS_KEY,
            "SEGLOOP_S3_SECRET_KEY": SECRET_KEY,
        }

    def settings(self, prefix: str | None = None) -> StoreSettings:
        """Settings for an empty prefix of the one bucket, or the prefix named."""
        values = {
            name.removeprefix("SEGLOOP_").lower(): value for name, value in self.environment(prefix).items()
        }
        return StoreSettings.model_validate(values)


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A server for the length of the block; it makes its bucket itself. Ready after some 8 s."""
    with ExitStack() as stack:
        for attempt in range(_MAX_STARTS):
            try:
                server = stack.enter_context(_running_server())
            except StorageError:  # a port it was given was taken before it could listen
                if attempt + 1 == _MAX_STARTS:
                    raise
            else:
                break
        yield server


@contextmanager
def _running_server() -> Iterator[S3Server]:
    folder = Path(tempfile.mkdtemp(prefix="segloop-s3-"))
    ports = free_ports(8)
    try:
        process = start_server(
            _command(folder, ports), folder / "weed.log", is_ready=lambda: is_listening(ports[6])
        )
        try:
            server = S3Server(f"http://127.0.0.1:{ports[6]}")
            _wait_until_it_stores(server, process)
            yield server
        finally:
            process.kill()  # a graceful stop takes 25 s, and nothing here outlives the run
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for port in ports:
            for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                socket.unlink(missing_ok=True)


def _command(folder: Path, ports: list[int]) -> list[str]:
    credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identities = {"identities": [{"name": "test", "credentials": credentials, "actions": actions}]}
    (folder / "s3.json").write_text(json.dumps(identities))
    (folder / "data").mkdir()
    names = ("master", "volume", "filer", "s3")
    port_options = [
        f"-{name}.{kind}={ports[2 * index + offset]}"
        for index, name in enumerate(names)
        for offset, kind in enumerate(("port", "port.grpc"))
    ]
    return [
        str(Path(sys.executable).parent / "weed"),
        "-logtostderr=true",
        "server",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-s3",
        f"-s3.config={folder / 's3.json'}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",  # its default is one fixed port: no two servers side by side
        "-master.electionTimeout=1s",
        "-master.heartbeatInterval=150ms",
        "-master.volumeSizeLimitMB=64",
        "-master.telemetry=false",
        "-volume.max=20",
        *port_options,
    ]


def _wait_until_it_stores(server: S3Server, process: "subprocess.Popen[bytes]") -> None:
    blobs = open_blobs(server.settings("ready"))
    deadline = time.monotonic() + 40
    while True:
        try:
            blobs.check()
        except StorageError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.1)
        else:
            return
