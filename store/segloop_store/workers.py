"""Which workers are alive: each says so every few seconds in a row of its own."""

import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from segloop_store.clock import now
from segloop_store.database import Database, is_sqlite
from segloop_store.models import WorkerHeartbeat
from segloop_store.states import Queue


def beat(
    database: Database,
    name: str,
    *,
    queues: Sequence[Queue],
    devices: Sequence[str] = (),
    machine: str | None = None,
) -> None:
    """Say that the worker `name`, this process, is alive now.

    Args:
        database: where its row is.
        name: which worker.
        queues: what it works on.
        devices: its machine's devices, if it takes torch jobs.
        machine: the machine, under the name its device slots have; None = the host's name.
    """
    at = now()
    values = {
        "queues": ",".join(queue.value for queue in queues),
        "host": machine or socket.gethostname(),
        "pid": os.getpid(),
        "devices": list(devices),
        "last_seen_at": at,
    }
    with database.transaction() as session:
        insert = sqlite.insert if is_sqlite(session) else postgresql.insert
        session.execute(
            insert(WorkerHeartbeat)
            .values(name=name, started_at=at, **values)
            .on_conflict_do_update(index_elements=[WorkerHeartbeat.name], set_=values)
        )


def sign_off(database: Database, name: str) -> None:
    """Say that the worker `name` stops."""
    with database.transaction() as session:
        session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.name == name))


def living(session: Session, *, within_seconds: float = 20.0) -> Sequence[WorkerHeartbeat]:
    """Workers seen within so many seconds, by name."""
    since = now() - timedelta(seconds=within_seconds)
    statement = select(WorkerHeartbeat).where(WorkerHeartbeat.last_seen_at >= since)
    return session.scalars(statement.order_by(WorkerHeartbeat.name)).all()


def forget_silent(session: Session, before: datetime) -> int:
    """Delete workers not seen since `before`; how many there were."""
    gone = delete(WorkerHeartbeat).where(WorkerHeartbeat.last_seen_at < before)
    return len(session.execute(gone.returning(WorkerHeartbeat.name)).all())
