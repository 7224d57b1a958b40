"""The queue of a project: how much waits, what people hold, and what nobody wanted to answer."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from segloop_store.models import Assignment, Image, RegionQuery
from segloop_store.repositories.assignments import (
    MAX_SKIPS,
    in_queue,
    is_live,
    is_returned,
    next_query,
    returned_query,
)
from segloop_store.states import AssignmentState, QueryState


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """The queue of a project as one user sees it.

    Attributes:
        remaining: regions that still want an answer, held ones and returned ones too.
        leased: of these, how many somebody holds.
        mine: of these, how many the user holds.
        is_ready: True if the user would get one now.
    """

    remaining: int
    leased: int
    mine: int
    is_ready: bool


def count_queue(session: Session, project_id: uuid.UUID, user_id: uuid.UUID, at: datetime) -> QueueCounts:
    """What waits, what is held, and whether this user would get something now."""
    wanted = or_(and_(*in_queue(project_id)), and_(*is_returned(project_id)))
    regions = (
        select(RegionQuery.image_id, RegionQuery.region_index)
        .join(Image, Image.id == RegionQuery.image_id)
        .where(RegionQuery.project_id == project_id, wanted, Image.hidden_at.is_(None))
        .distinct()
        .subquery()
    )
    held = (
        select(func.count(), func.count().filter(Assignment.user_id == user_id))
        .select_from(Assignment)
        .join(RegionQuery, RegionQuery.id == Assignment.region_query_id)
        .where(is_live(at), RegionQuery.project_id == project_id, wanted)
    )
    leased, mine = session.execute(held).one()
    is_ready = any(
        session.scalars(statement(project_id, user_id, at)).first() is not None
        for statement in (returned_query, next_query)
    )
    remaining = session.scalar(select(func.count()).select_from(regions)) or 0
    return QueueCounts(remaining, leased, mine, is_ready)


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A query of the owner's list: its image, and who skipped it why."""

    query: RegionQuery
    image: Image
    skips: Sequence[Assignment]


def list_skipped(
    session: Session, project_id: uuid.UUID, *, after_id: uuid.UUID | None, limit: int
) -> list[SkippedRow]:
    """The owner's list: queries skipped too often, with their image and the skips."""
    statement = (
        select(RegionQuery, Image)
        .join(Image, Image.id == RegionQuery.image_id)
        .where(
            RegionQuery.project_id == project_id,
            RegionQuery.state == QueryState.OPEN,
            RegionQuery.num_skipped >= MAX_SKIPS,
        )
        .order_by(RegionQuery.id)
        .limit(limit)
    )
    if after_id is not None:
        statement = statement.where(RegionQuery.id > after_id)
    rows = session.execute(statement).all()
    skips = session.scalars(
        select(Assignment)
        .where(
            Assignment.region_query_id.in_([query.id for query, _ in rows]),
            Assignment.state == AssignmentState.SKIPPED,
        )
        .order_by(Assignment.id)
    ).all()
    return [
        SkippedRow(query, image, [skip for skip in skips if skip.region_query_id == query.id])
        for query, image in rows
    ]


def offer_again(session: Session, query_id: uuid.UUID) -> None:
    """Put a query of the owner's list back into the queue, for whoever has not skipped it."""
    session.execute(update(RegionQuery).where(RegionQuery.id == query_id).values(num_skipped=0))
