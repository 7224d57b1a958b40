"""The audit log as people read it: events with the names of those who caused them."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from segloop_store.models import Event, User


def newest_events(
    session: Session, project_id: uuid.UUID, *, before_id: int | None, limit: int
) -> list[tuple[Event, str | None]]:
    """A project's events, newest first, each with the username of who caused it, where somebody did."""
    statement = (
        select(Event, User.username)
        .outerjoin(User, User.id == Event.user_id)
        .where(Event.project_id == project_id)
        .order_by(Event.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        statement = statement.where(Event.id < before_id)
    return [(row[0], row[1]) for row in session.execute(statement)]
