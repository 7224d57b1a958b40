"""Fixtures every test may use. Servers are real, start when the first test asks, and serve the whole run.

`database_url` and `database` run a test on SQLite and PostgreSQL; `sqlite_url`, `postgres_url`, `redis_url`
and `s3` are there alone; `blobs` runs a test on a folder, memory and S3.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from segloop_store.blobs import BlobStore, open_blobs
from segloop_store.config import StoreSettings
from segloop_store.database import Database
from segloop_store.migrate import migrate
from tests.support.object_store import S3Server, s3_server
from tests.support.postgres import PostgresServer, postgres_server
from tests.support.valkey import redis_server

POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgres)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """An S3 server: `s3.environment()` or `s3.settings()` for an empty place of one's own."""
    with s3_server() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server_url() -> Iterator[str]:
    """A Redis-compatible server."""
    with redis_server() as url:
        yield url


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """An empty Redis database."""
    import redis  # noqa: PLC0415 - only tests of the second broker need it

    with redis.Redis.from_url(redis_server_url) as client:
        client.flushall()
    return redis_server_url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    template = Database(f"sqlite:///{path}")
    migrate(template)
    template.dispose()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of the test's own."""
    path = tmp_path / "segloop.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A migrated PostgreSQL database of the test's own."""
    name = postgres.take_migrated()
    yield postgres.url(name)
    postgres.give_back(name)


@pytest.fixture(params=["sqlite", POSTGRESQL])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database, on each kind in turn."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database without a broker, on each kind in turn."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture(params=["sqlite", POSTGRESQL])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables, on each kind in turn."""
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield opened
        opened.dispose()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create_empty()
    opened = Database(server.url(name))
    yield opened
    opened.dispose()
    server.drop(name)


@pytest.fixture(params=["folder", "memory", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """An empty blob store, of each kind in turn."""
    if request.param == "s3":
        server: S3Server = request.getfixturevalue("s3")
        return open_blobs(server.settings())
    url = "memory://" if request.param == "memory" else (tmp_path / "blobs").as_uri()
    return open_blobs(StoreSettings(data_dir=tmp_path, blob_url=url))
