"""The next region for somebody, and what an assignment is shown from. Knows no pixels.

What becomes of an assignment afterwards is in `leases`.
"""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Case, ColumnElement, Select, and_, case, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from segloop.settings import QueryPurpose
from segloop_store.database import is_sqlite
from segloop_store.errors import ConflictError, NotFoundError
from segloop_store.models import (
    Annotation,
    Assignment,
    Image,
    Partition,
    PredictionSet,
    RegionQuery,
    Round,
)
from segloop_store.problem_codes import ProblemCode
from segloop_store.states import AssignmentState, QueryState, RoundState

MAX_SKIPS = 2
"""A query skipped this often leaves the queue and waits in the owner's list."""

MAX_LEASES = 256
"""Leases one user may hold at once; pages hold three, parallel scripts some dozens."""

MAX_CONTESTED = 64
"""Candidates a claim gives up on, because others are taking them, before it reports an empty queue."""


@dataclass(frozen=True, slots=True)
class AssignmentView:
    """An assignment with the rows its region is shown from.

    Attributes:
        partition: None only if the image's partition was lost.
        prediction: what the query's model version left for the image; None before the first model or after
            clean-up.
    """

    assignment: Assignment
    query: RegionQuery
    round: Round
    image: Image
    partition: Partition | None
    prediction: PredictionSet | None


def claim_next(
    session: Session, *, project_id: uuid.UUID, user_id: uuid.UUID, lease_seconds: float, at: datetime
) -> Assignment | None:
    """Lease the best-ranked open query of the project's annotating rounds to a user, or None without one.

    What a reviewer has returned to this user comes first, whatever became of its round. Never a region
    anybody holds, for whatever purpose; else never one this user has answered, nor one they skipped in the
    same round. A lease that ran out is expired here and its region offered again, to its former holder too.

    Raises:
        ConflictError: the user holds `MAX_LEASES` leases already.
    """
    _refuse_hoarding(session, user_id, at)
    contested: list[uuid.UUID] = []
    while len(contested) < MAX_CONTESTED:
        query = _first_locked(session, returned_query(project_id, user_id, at, contested))
        query = query or _first_locked(session, next_query(project_id, user_id, at, contested))
        if query is None:
            return None
        assignment = _try_lease(session, query, user_id, lease_seconds, at)
        if assignment is not None:
            return assignment
        contested.append(query.id)
    return None


def _first_locked(session: Session, statement: Select[RegionQuery]) -> RegionQuery | None:
    return session.scalars(statement.with_for_update(of=RegionQuery, skip_locked=True)).first()


def _refuse_hoarding(session: Session, user_id: uuid.UUID, at: datetime) -> None:
    held = session.scalar(
        select(func.count())
        .select_from(Assignment)
        .where(
            Assignment.user_id == user_id,
            Assignment.state == AssignmentState.LEASED,
            Assignment.lease_expires_at > at,
        )
    )
    if (held or 0) >= MAX_LEASES:
        raise ConflictError(
            f"you hold {held} regions already: answer some or give them back first",
            code=ProblemCode.TOO_MANY_LEASES,
            held=held or 0,
        )


def next_query(
    project_id: uuid.UUID, user_id: uuid.UUID, at: datetime, contested: Sequence[uuid.UUID] = ()
) -> Select[RegionQuery]:
    """The statement for the query this user would get now: the index in rank order, up to the first."""
    return _first(
        contested,
        *in_queue(project_id),
        _is_ripe_for(user_id),
        ~_is_taken_or_known(user_id, at),
    )


def returned_query(
    project_id: uuid.UUID, user_id: uuid.UUID, at: datetime, contested: Sequence[uuid.UUID] = ()
) -> Select[RegionQuery]:
    """The statement for the query whose answer was returned to this user, if they do not hold it already."""
    skipped = select(Assignment.id).where(
        Assignment.region_query_id == RegionQuery.id, Assignment.state == AssignmentState.SKIPPED
    )
    return _first(
        contested,
        *is_returned(project_id),
        RegionQuery.returned_to == user_id,
        ~skipped.exists(),
        ~_is_taken(at),
    )


def _first(contested: Sequence[uuid.UUID], *conditions: ColumnElement[bool]) -> Select[RegionQuery]:
    statement = (
        select(RegionQuery)
        .join(Image, Image.id == RegionQuery.image_id)
        .where(*conditions, Image.hidden_at.is_(None))
        .order_by(RegionQuery.rank, RegionQuery.id)
        .limit(1)
    )
    return statement.where(RegionQuery.id.not_in(contested)) if contested else statement


def is_returned(project_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    """Conditions of a query whose answer went back to its author."""
    return (
        RegionQuery.project_id == project_id,
        RegionQuery.state == QueryState.OPEN,
        RegionQuery.returned_to.is_not(None),
    )


def _is_ripe_for(user_id: uuid.UUID) -> ColumnElement[bool]:
    """A region is asked a second time once it has an answer, and of somebody who has not fixed it either.

    So whoever is alone answers what trains the model, and is never asked what only somebody else can answer.
    """
    first = aliased(RegionQuery)
    # counts and a CASE, not EXISTS and an OR: PostgreSQL would hash all that was ever answered
    num_answered = select(func.count(first.id)).where(
        first.image_id == RegionQuery.image_id,
        first.region_index == RegionQuery.region_index,
        first.purpose != QueryPurpose.AGREEMENT,
        first.num_answered > 0,
    )
    num_own = select(func.count(Annotation.id)).where(
        Annotation.image_id == RegionQuery.image_id,
        Annotation.region_index == RegionQuery.region_index,
        Annotation.user_id == user_id,
    )
    is_ripe = case(
        (RegionQuery.purpose != QueryPurpose.AGREEMENT, 1),
        (num_answered.correlate(RegionQuery).scalar_subquery() == 0, 0),
        (num_own.correlate(RegionQuery).scalar_subquery() > 0, 0),
        else_=1,
    )
    return is_ripe == 1


def in_queue(project_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    """Conditions of a query that waits for anybody: open, in an annotating round, not skipped too often."""
    annotating = select(Round.id).where(Round.project_id == project_id, Round.state == RoundState.ANNOTATING)
    return (
        RegionQuery.project_id == project_id,
        RegionQuery.state == QueryState.OPEN,
        RegionQuery.returned_to.is_(None),
        RegionQuery.round_id.in_(annotating),
        RegionQuery.num_skipped < MAX_SKIPS,
    )


def _is_taken_or_known(user_id: uuid.UUID, at: datetime) -> ColumnElement[bool]:
    """Somebody holds the query's region, or this user has dealt with it, by whatever query it was asked."""
    return _has_assignment(lambda other: _matters_to(user_id, at, other))


def _is_taken(at: datetime) -> ColumnElement[bool]:
    """Somebody holds the query's region, by whatever query it was asked."""
    return _has_assignment(lambda _: case((is_live(at), 1), else_=0))


def _matters_to(user_id: uuid.UUID, at: datetime, other: type[RegionQuery]) -> Case[int]:
    is_users = Assignment.user_id == user_id
    # A CASE, not an OR: SQLite would walk the index of all leases, or of all the user ever answered, for each
    # candidate. So the region's own few assignments are looked at, whatever else there is.
    return case(
        (is_live(at), 1),
        (and_(is_users, Assignment.state == AssignmentState.ANSWERED), 1),
        (
            and_(
                is_users,
                Assignment.state == AssignmentState.SKIPPED,
                other.round_id == RegionQuery.round_id,
            ),
            1,
        ),
        else_=0,
    )


def _has_assignment(matters: Callable[[type[RegionQuery]], Case[int]]) -> ColumnElement[bool]:
    """An assignment of the query's region, by whatever query `other`, for which `matters` is 1."""
    other = aliased(RegionQuery)
    return (
        select(Assignment.id)
        .join(other, other.id == Assignment.region_query_id)
        .where(
            other.image_id == RegionQuery.image_id,
            other.region_index == RegionQuery.region_index,
            matters(other) == 1,
        )
        .exists()
    )


def is_live(at: datetime) -> ColumnElement[bool]:
    """Condition of an assignment somebody holds at this moment."""
    return and_(Assignment.state == AssignmentState.LEASED, Assignment.lease_expires_at > at)


def _try_lease(
    session: Session, query: RegionQuery, user_id: uuid.UUID, lease_seconds: float, at: datetime
) -> Assignment | None:
    """Lease a locked query, or None when somebody was faster."""
    if not is_sqlite(session) and not _has_region_to_itself(session, query, user_id, at):
        return None
    expire_leases_of(session, query.id, at)
    assignment = Assignment(
        region_query_id=query.id,
        user_id=user_id,
        state=AssignmentState.LEASED,
        lease_expires_at=at + timedelta(seconds=lease_seconds),
    )
    try:
        with session.begin_nested():
            session.add(assignment)
    except IntegrityError:  # a lease that ran out was renewed this very moment
        return None
    return assignment


def _has_region_to_itself(session: Session, query: RegionQuery, user_id: uuid.UUID, at: datetime) -> bool:
    """Keep others off the region until the transaction ends, and look again.

    PostgreSQL chose the query from a snapshot: another transaction may have leased it and committed since,
    or may be leasing the same region by a query of another purpose at this moment.
    """
    if not session.scalar(select(func.pg_try_advisory_xact_lock(region_key(query)))):
        return False
    is_taken_now = _is_taken(at) if query.returned_to == user_id else _is_taken_or_known(user_id, at)
    is_taken = select(RegionQuery.id).where(RegionQuery.id == query.id, is_taken_now)
    return session.scalar(is_taken) is None


def region_key(query: RegionQuery) -> int:
    """What PostgreSQL's advisory locks call the query's region."""
    digest = hashlib.sha256(query.image_id.bytes + query.region_index.to_bytes(4, "big")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def expire_leases_of(session: Session, query_id: uuid.UUID, at: datetime) -> None:
    """Expire what ran out, in one conditional UPDATE: a lease renewed meanwhile stays."""
    session.execute(
        update(Assignment)
        .where(
            Assignment.region_query_id == query_id,
            Assignment.state == AssignmentState.LEASED,
            Assignment.lease_expires_at <= at,
        )
        .values(state=AssignmentState.EXPIRED),
        execution_options={"synchronize_session": False},
    )


def with_project(session: Session, assignment_id: uuid.UUID) -> tuple[Assignment, uuid.UUID]:
    """An assignment and the id of its project.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = session.execute(
        select(Assignment, RegionQuery.project_id)
        .join(RegionQuery, RegionQuery.id == Assignment.region_query_id)
        .where(Assignment.id == assignment_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError("there is no such assignment")
    return found[0], found[1]


def view(session: Session, assignment_id: uuid.UUID) -> AssignmentView:
    """One assignment with its query, round, image, partition and prediction.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = _views(session, Assignment.id == assignment_id)
    if not found:
        raise NotFoundError(f"there is no assignment {assignment_id}")
    return found[0]


def held_by(
    session: Session, project_id: uuid.UUID, user_id: uuid.UUID, at: datetime, *, limit: int
) -> list[AssignmentView]:
    """What a user holds in a project now, best rank first: a page that was reloaded goes on with it."""
    return _views(
        session,
        Assignment.user_id == user_id,
        RegionQuery.project_id == project_id,
        is_live(at),
        limit=limit,
    )


def _views(session: Session, *conditions: ColumnElement[bool], limit: int = 1) -> list[AssignmentView]:
    statement = (
        select(Assignment, RegionQuery, Round, Image, Partition, PredictionSet)
        .join(RegionQuery, RegionQuery.id == Assignment.region_query_id)
        .join(Round, Round.id == RegionQuery.round_id)
        .join(Image, Image.id == RegionQuery.image_id)
        .outerjoin(Partition, Partition.image_id == Image.id)
        .outerjoin(
            PredictionSet,
            and_(
                PredictionSet.model_version_id == RegionQuery.model_version_id,
                PredictionSet.image_id == Image.id,
            ),
        )
        .where(*conditions)
        .order_by(RegionQuery.rank, Assignment.id)
        .limit(limit)
    )
    return [AssignmentView(*row) for row in session.execute(statement)]


def get_query(session: Session, query_id: uuid.UUID) -> RegionQuery:
    """One region query.

    Raises:
        NotFoundError: there is none with this id.
    """
    query = session.get(RegionQuery, query_id)
    if query is None:
        raise NotFoundError("there is no such region query")
    return query
