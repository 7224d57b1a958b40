"""Region queries as a round makes them: publish, take back, rank again, and which regions were ever asked."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.orm import Session

from segloop.settings import QueryPurpose
from segloop_store.clock import new_id, now
from segloop_store.events import record
from segloop_store.models import Assignment, RegionQuery, Round
from segloop_store.states import AssignmentState, Process, QueryState, RoundState
from segloop_store.transitions import move_queries, move_round

_ROWS_A_STATEMENT = 500
"""Rows written or named at once; SQLite takes 32,766 values a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewQuery:
    """A region to ask about; `rank` counts from 0, best first."""

    image_id: uuid.UUID
    region_index: int
    bbox_x: int
    bbox_y: int
    bbox_width: int
    bbox_height: int
    area_px: int
    rank: int
    score: float | None = None
    purpose: QueryPurpose = QueryPurpose.SELECTED
    reason: dict[str, Any] = field(default_factory=dict)
    num_wanted: int = 1
    model_version_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """A query's new place: its rank, the score and reason behind it, and whose they are."""

    query_id: uuid.UUID
    rank: int
    score: float | None
    reason: dict[str, Any]
    model_version_id: uuid.UUID | None


def publish(session: Session, round_id: uuid.UUID, rows: Iterable[NewQuery], **values: Any) -> Round:
    """Ask a round's regions: it starts annotating, and the one that annotated so far is closed.

    All in this one transaction, so that annotators never stand still: the older round's queries nobody holds
    are taken back; leases held stay good until they expire. Call `jobs.fence` before.

    Args:
        session: an open transaction.
        round_id: a round that is selecting.
        rows: what it asks.
        values: further columns of the round to set.

    Raises:
        IllegalTransitionError: the round is not selecting (cancelled, for one). Nothing was written.
    """
    round_ = move_round(
        session, round_id, RoundState.ANNOTATING, by=Process.WORKER, published_at=now(), **values
    )
    for older_id in _annotating(session, round_.project_id, but=round_id):
        close_annotating(session, older_id, by=Process.WORKER)
    created_at = now()
    new_rows = [
        {
            **asdict(row),
            "id": new_id(),
            "created_at": created_at,
            "project_id": round_.project_id,
            "round_id": round_id,
            "state": QueryState.OPEN,
        }
        for row in rows
    ]
    for start in range(0, len(new_rows), _ROWS_A_STATEMENT):
        session.execute(insert(RegionQuery), new_rows[start : start + _ROWS_A_STATEMENT])
    payload = {"number": round_.number, "num_queries": len(new_rows)}
    record(session, "queue.published", project_id=round_.project_id, round_id=round_id, payload=payload)
    return round_


def close_annotating(session: Session, round_id: uuid.UUID, *, by: Process) -> Round:
    """Close a round that annotates and take back its queries nobody holds. Raises as `move_round`."""
    closed = move_round(session, round_id, RoundState.CLOSED, by=by, closed_at=now())
    withdraw_unleased(session, round_id)
    return closed


def withdraw_unleased(session: Session, round_id: uuid.UUID) -> int:
    """Take back a round's open queries that nobody holds; how many. Returned ones stay their author's."""
    where = [RegionQuery.round_id == round_id, RegionQuery.returned_to.is_(None), ~_is_leased()]
    return len(move_queries(session, QueryState.WITHDRAWN, by=Process.WORKER, where=where))


def open_unleased(session: Session, project_id: uuid.UUID) -> Sequence[RegionQuery]:
    """What waits in the queue for anybody and nobody holds, by rank: what can be ranked again."""
    return session.scalars(
        select(RegionQuery)
        .join(Round, Round.id == RegionQuery.round_id)
        .where(
            RegionQuery.project_id == project_id,
            RegionQuery.state == QueryState.OPEN,
            Round.state == RoundState.ANNOTATING,
            # who gets a region back sees what they saw; who is asked second, what the first saw
            RegionQuery.returned_to.is_(None),
            RegionQuery.purpose != QueryPurpose.AGREEMENT,
            ~_is_leased(),
        )
        .order_by(RegionQuery.rank, RegionQuery.id)
    ).all()


def rank_again(session: Session, rankings: Iterable[Ranking]) -> None:
    """Give open queries new ranks, scores and reasons; those answered or leased meanwhile keep theirs."""
    for item in rankings:
        session.execute(
            update(RegionQuery)
            .where(RegionQuery.id == item.query_id, RegionQuery.state == QueryState.OPEN, ~_is_leased())
            .values(
                rank=item.rank,
                score=item.score,
                reason=item.reason,
                model_version_id=item.model_version_id,
            ),
            execution_options={"synchronize_session": False},
        )


def asked_regions(session: Session, project_id: uuid.UUID) -> dict[uuid.UUID, set[int]]:
    """Image id -> regions that are asked now or were answered: no candidates for another round.

    A query taken back unanswered leaves its region free again; a returned answer does not. One statement for
    the whole project.
    """
    rows = session.execute(
        select(RegionQuery.image_id, RegionQuery.region_index)
        .join(Round, Round.id == RegionQuery.round_id)
        .where(
            RegionQuery.project_id == project_id,
            or_(
                RegionQuery.num_answered > 0,
                RegionQuery.returned_to.is_not(None),
                and_(RegionQuery.state == QueryState.OPEN, Round.state == RoundState.ANNOTATING),
                _is_leased(),
            ),
        )
    )
    asked: dict[uuid.UUID, set[int]] = defaultdict(set)
    for image_id, region_index in rows:
        asked[image_id].add(region_index)
    return dict(asked)


def _annotating(session: Session, project_id: uuid.UUID, *, but: uuid.UUID) -> Sequence[uuid.UUID]:
    return session.scalars(
        select(Round.id).where(
            Round.project_id == project_id, Round.state == RoundState.ANNOTATING, Round.id != but
        )
    ).all()


def _is_leased() -> ColumnElement[bool]:
    return (
        select(Assignment.id)
        .where(
            Assignment.region_query_id == RegionQuery.id,
            Assignment.state == AssignmentState.LEASED,
            Assignment.lease_expires_at >= now(),
        )
        .correlate(RegionQuery)
        .exists()
    )
