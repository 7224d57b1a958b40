"""The append-only log of what happened: pages follow it by id, owners read it as the audit log.

Kinds are dotted, `<notice>.<what>`: `round.training`, `job.done`, `annotation.submitted`, `queue.expired`.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from segloop_store.clock import now
from segloop_store.database import before_commit, is_sqlite
from segloop_store.models import Event

_PENDING = "segloop.events"
_LOCK_KEY = 7363707


def record(
    session: Session,
    kind: str,
    *,
    project_id: uuid.UUID | None = None,
    round_id: uuid.UUID | None = None,
    user_id: uuid.UUID | None = None,
    payload: dict[str, Any] | None = None,
) -> None:
    """Log one event with this transaction. It is written as its last step and gets its id there."""
    pending: list[dict[str, Any]] | None = session.info.get(_PENDING)
    if pending is None:
        pending = session.info[_PENDING] = []
        before_commit(session, lambda: _write(session))
    pending.append(
        {
            "kind": kind,
            "project_id": project_id,
            "round_id": round_id,
            "user_id": user_id,
            "payload": payload or {},
            "created_at": now(),
        }
    )


def events_after(
    session: Session,
    *,
    after_id: int = 0,
    project_id: uuid.UUID | None = None,
    round_id: uuid.UUID | None = None,
    limit: int = 100,
) -> Sequence[Event]:
    """Events of a project or of a round with an id above `after_id`, oldest first."""
    statement = select(Event).where(Event.id > after_id).order_by(Event.id).limit(limit)
    if project_id is not None:
        statement = statement.where(Event.project_id == project_id)
    if round_id is not None:
        statement = statement.where(Event.round_id == round_id)
    return session.scalars(statement).all()


def last_event_id(session: Session, *, project_id: uuid.UUID | None = None) -> int:
    """The id of the newest event, 0 before the first: where a page that just loaded starts to follow."""
    statement = select(Event.id).order_by(Event.id.desc()).limit(1)
    if project_id is not None:
        statement = statement.where(Event.project_id == project_id)
    return session.scalar(statement) or 0


def _write(session: Session) -> None:
    """Write what was recorded, so that ids appear in the order of commits.

    PostgreSQL hands out ids before commit: a reader could see 8, go on from there, and never see a 7 that is
    committed later. The lock, held from the id to the commit, closes that gap. It is taken last and the
    table has no foreign keys, so its holder waits for nobody.
    """
    if not is_sqlite(session):
        session.flush()
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    session.execute(insert(Event), session.info.pop(_PENDING))
