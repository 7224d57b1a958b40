"""The one place that opens transactions and the only one that commits.

SQLite: writers queue for one connection per process that starts with BEGIN IMMEDIATE, so a transaction
that has begun cannot fail half way for want of the lock; readers take WAL snapshots beside it. PostgreSQL:
an ordinary pool; readers run REPEATABLE READ, READ ONLY. This module knows no table.
"""

import contextlib
import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import structlog
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from segloop_store.errors import BusyError, ConflictError, StorageError, StoreError
from segloop_store.states import Queue

log = structlog.get_logger(__name__)

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another process; with two that write, p99 is 0.17 s (2026-11)."""

_BEFORE_COMMIT = "segloop.before_commit"
_AFTER_COMMIT = "segloop.after_commit"
_WAKER = "segloop.waker"

Hook = Callable[[], None]


class Waker(Protocol):
    """Tells workers that a job may be waiting. Never raises; a lost message costs time, never work."""

    def wake(self, job_id: uuid.UUID, queue: Queue) -> None:
        """Send one wake-up for one job."""


class Database:
    """The database at `url`.

    Args:
        url: `sqlite:///<file>` or `postgresql[+psycopg]://...`.
        waker: sends jobs' wake-ups after commit; None sends none, and the reconciler finds the jobs.
    """

    def __init__(self, url: str, *, waker: Waker | None = None) -> None:
        self.url = _with_driver(make_url(url))
        self.waker = waker
        self._local = threading.local()
        if self.is_sqlite:
            self._write_engine = _sqlite_engine(self.url, begin="BEGIN IMMEDIATE", pool_size=1, spare=0)
            self._read_engine = _sqlite_engine(self.url, begin="BEGIN", pool_size=8, spare=56)
        else:
            self._write_engine = _postgresql_engine(self.url)
            self._read_engine = self._write_engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.url.get_backend_name()

    @property
    def is_sqlite(self) -> bool:
        """True for the embedded database."""
        return self.dialect == "sqlite"

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose changes are all kept when the block ends, or none when it raises.

        The lock is taken at the first statement. Wake-ups go out after the commit. Objects stay readable
        after the block. Never compute, read blobs or wait inside.

        Raises:
            BusyError: another process held the lock for too long.
            StorageError: the disk is full or read-only, or the server does not answer.
        """
        if getattr(self._local, "is_open", False):
            raise RuntimeError(
                "a transaction is already open in this thread: pass its session on instead of opening another"
            )
        self._local.is_open = True
        session = Session(self._write_engine, expire_on_commit=False)
        session.info.update({_BEFORE_COMMIT: [], _AFTER_COMMIT: [], _WAKER: self.waker})
        try:
            with _clear_errors():
                yield session
                for hook in session.info[_BEFORE_COMMIT]:
                    hook()
                session.commit()
        finally:
            self._local.is_open = False
            session.close()  # rolls back whatever was not committed
        _run_after_commit(session.info[_AFTER_COMMIT])

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A session over one unchanging snapshot; writing fails. Objects stay readable after the block."""
        session = Session(self._read_engine, autoflush=False)
        try:
            with _clear_errors():
                yield session
        finally:
            session.close()

    @contextlib.contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A connection for Alembic: one transaction for all of it, foreign keys checked at the end on SQLite.

        Two processes that start at once migrate one after the other.
        """
        engine = _sqlite_engine(self.url, migrating=True) if self.is_sqlite else _postgresql_engine(self.url)
        try:
            with _clear_errors(), engine.begin() as connection:
                if not self.is_sqlite:
                    _wait_for_migration_lock(connection)
                yield connection
        finally:
            engine.dispose()

    def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            StoreError: it does not answer.
        """
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def dispose(self) -> None:
        """Close every connection that is not in use."""
        self._write_engine.dispose()
        self._read_engine.dispose()


def before_commit(session: Session, hook: Hook) -> None:
    """Run `hook` as the transaction's last step, when nothing else will be locked any more."""
    session.info[_BEFORE_COMMIT].append(hook)


def after_commit(session: Session, hook: Hook) -> None:
    """Run `hook` once the transaction is kept, not when it is rolled back. Its errors are only logged."""
    session.info[_AFTER_COMMIT].append(hook)


def wake_after_commit(session: Session, job_id: uuid.UUID, queue: Queue) -> None:
    """Send a job's wake-up once the transaction is kept."""
    waker: Waker | None = session.info[_WAKER]
    if waker is not None:
        after_commit(session, lambda: waker.wake(job_id, queue))


@contextlib.contextmanager
def unique_or_conflict(
    session: Session, message: str, *, code: str = "", **values: str | int
) -> Iterator[None]:
    """Write inside a savepoint; a violated constraint becomes a ConflictError with `message` and `code`.

    The transaction stays usable, on PostgreSQL too.
    """
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError as error:
        raise ConflictError(message, code=code, **values) from error


def is_sqlite(session: Session) -> bool:
    """True when the session talks to SQLite, where a write transaction already excludes every other."""
    return session.get_bind().dialect.name == "sqlite"


def _with_driver(url: URL) -> URL:
    """`url` with the driver we use.

    Raises:
        StoreError: another database, or SQLite without a file.
    """
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise StoreError("SQLite needs a file: several processes share it")
        return url
    if url.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    raise StoreError(f"database {url.drivername!r} is not supported: use sqlite:/// or postgresql+psycopg://")


def _to_json(value: Any) -> str:
    """Strict JSON: NaN would be kept by SQLite and refused by PostgreSQL and by browsers."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _postgresql_engine(url: URL) -> Engine:
    options = (
        f"-c lock_timeout={BUSY_TIMEOUT_MS} -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
    )
    return create_engine(
        url,
        json_serializer=_to_json,
        pool_size=5,
        max_overflow=35,
        pool_pre_ping=True,
        connect_args={"options": options, "connect_timeout": 10},
    )


def _wait_for_migration_lock(connection: Connection) -> None:
    """Wait for another starter's migration, then give up early on table locks: requests queue behind them."""
    connection.execute(text("SET LOCAL lock_timeout = '10min'"))
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(7363706)"))
    connection.execute(text(f"SET LOCAL lock_timeout = {BUSY_TIMEOUT_MS}"))


def _sqlite_engine(
    url: URL, *, begin: str = "BEGIN IMMEDIATE", pool_size: int = 1, spare: int = 0, migrating: bool = False
) -> Engine:
    """An engine whose transactions start with `begin`; the driver's own transaction handling is off."""
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        json_serializer=_to_json,
        pool_size=pool_size,
        max_overflow=spare,
        pool_timeout=60,
        connect_args={"isolation_level": None, "check_same_thread": False},
    )

    def connect(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS * (6 if migrating else 1)}")
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        # rebuilding a table drops it, which would cascade: migrations check the keys at their end instead
        connection.execute(f"PRAGMA foreign_keys={'OFF' if migrating else 'ON'}")
        if begin == "BEGIN":
            connection.execute("PRAGMA query_only=ON")

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", start)
    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL once; the switch does not honour busy_timeout when two processes make it at once."""
    for attempt in range(50):
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if attempt == 49:
                raise
            time.sleep(0.05)
        else:
            return


@contextlib.contextmanager
def _clear_errors() -> Iterator[None]:
    """Turn the drivers' words for locked, full and away into ours; let everything else through."""
    try:
        yield
    except PoolTimeoutError as error:
        raise BusyError("no database connection became free in time: try again in a moment") from error
    except (OperationalError, sqlite3.OperationalError) as error:
        clear = _clear_error(error)
        if clear is None:
            raise
        raise clear from error


def _clear_error(error: SQLAlchemyError | sqlite3.OperationalError) -> StoreError | None:
    original = getattr(error, "orig", None) or error
    message = str(original)
    # 55P03 lock not available, 40P01 deadlock, 40001 serialization failure
    if "database is locked" in message or getattr(original, "sqlstate", None) in {"55P03", "40P01", "40001"}:
        return BusyError("the database is busy with another writer: try again in a moment")
    if "disk is full" in message or getattr(original, "sqlstate", None) == "53100":
        return StorageError("the disk that holds the database is full: free some space and try again")
    if "disk I/O error" in message:  # a quota's end, too, comes as this
        return StorageError("the disk that holds the database fails or is full: look at it and try again")
    if "readonly database" in message or "unable to open database file" in message:
        return StorageError(f"the database cannot be written ({message}): check the folder's permissions")
    if getattr(error, "connection_invalidated", False) or "connection failed" in message:
        return StorageError("the database server does not answer: is it running, and is the address right?")
    return None


def _run_after_commit(hooks: list[Hook]) -> None:
    for hook in hooks:
        try:
            hook()
        except Exception:  # the commit has happened: the caller must see success
            log.exception("after_commit_hook_failed")
