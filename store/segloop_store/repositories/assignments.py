"""Region queries in people's hands: claim the next one, keep it, skip it, give it back.

Every function that changes an assignment locks its region query first and then its region, so that a claim,
a submit and a skip of the same region take turns on PostgreSQL, by whatever query it was asked; on SQLite the
write transaction does. Knows no pixels.
"""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from segloop_store import events, transitions
from segloop_store.database import is_sqlite
from segloop_store.errors import ConflictError, LeaseExpiredError, NotFoundError
from segloop_store.models import (
    Annotation,
    Assignment,
    Image,
    Partition,
    PredictionSet,
    RegionQuery,
    Round,
)
from segloop_store.states import AssignmentState, Process, QueryState, RoundState

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

    Never a region anybody holds, for whatever purpose; never one this user has answered, nor one they
    skipped in the same round. A lease that ran out is expired here and its region offered again, to its
    former holder too.

    Raises:
        ConflictError: the user holds `MAX_LEASES` leases already.
    """
    _refuse_hoarding(session, user_id, at)
    contested: list[uuid.UUID] = []
    while len(contested) < MAX_CONTESTED:
        statement = next_query(project_id, user_id, at, contested).with_for_update(
            of=RegionQuery, skip_locked=True
        )
        query = session.scalars(statement).first()
        if query is None:
            return None
        assignment = _try_lease(session, query, user_id, lease_seconds, at)
        if assignment is not None:
            return assignment
        contested.append(query.id)
    return None


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
        raise ConflictError(f"you hold {held} regions already: answer some or give them back first")


def next_query(
    project_id: uuid.UUID, user_id: uuid.UUID, at: datetime, contested: Sequence[uuid.UUID] = ()
) -> Select[RegionQuery]:
    """The statement for the query this user would get now: the index in rank order, up to the first."""
    statement = (
        select(RegionQuery)
        .join(Image, Image.id == RegionQuery.image_id)
        .where(
            *in_queue(project_id),
            Image.hidden_at.is_(None),
            ~_is_taken_or_known(user_id, at),
        )
        .order_by(RegionQuery.rank, RegionQuery.id)
        .limit(1)
    )
    return statement.where(RegionQuery.id.not_in(contested)) if contested else statement


def in_queue(project_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    """Conditions of a query that waits for answers: open, in an annotating round, not skipped too often."""
    annotating = select(Round.id).where(Round.project_id == project_id, Round.state == RoundState.ANNOTATING)
    return (
        RegionQuery.project_id == project_id,
        RegionQuery.state == QueryState.OPEN,
        RegionQuery.round_id.in_(annotating),
        RegionQuery.num_skipped < MAX_SKIPS,
    )


def _is_taken_or_known(user_id: uuid.UUID, at: datetime) -> ColumnElement[bool]:
    """Somebody holds the query's region, or this user has dealt with it, by whatever query it was asked."""
    other = aliased(RegionQuery)
    is_users = Assignment.user_id == user_id
    # A CASE, not an OR: SQLite would walk the index of all leases, or of all the user ever answered, for each
    # candidate. So the region's own few assignments are looked at, whatever else there is.
    matters = case(
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
    return (
        select(Assignment.id)
        .join(other, other.id == Assignment.region_query_id)
        .where(
            other.image_id == RegionQuery.image_id,
            other.region_index == RegionQuery.region_index,
            matters == 1,
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
    _expire_leases_of(session, query.id, at)
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
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_region_key(query)))):
        return False
    is_taken = select(RegionQuery.id).where(RegionQuery.id == query.id, _is_taken_or_known(user_id, at))
    return session.scalar(is_taken) is None


def _region_key(query: RegionQuery) -> int:
    """What PostgreSQL's advisory locks call the query's region."""
    digest = hashlib.sha256(query.image_id.bytes + query.region_index.to_bytes(4, "big")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _expire_leases_of(session: Session, query_id: uuid.UUID, at: datetime) -> None:
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


def lock(session: Session, assignment_id: uuid.UUID) -> tuple[Assignment, RegionQuery]:
    """An assignment and its region query, fresh and locked with their region until the transaction ends.

    Raises:
        NotFoundError: there is no such assignment.
    """
    query_id = session.scalar(select(Assignment.region_query_id).where(Assignment.id == assignment_id))
    if query_id is None:
        raise NotFoundError(f"there is no assignment {assignment_id}")
    fresh = {"populate_existing": True}
    query = session.scalars(
        select(RegionQuery).where(RegionQuery.id == query_id).with_for_update(), execution_options=fresh
    ).one()
    if not is_sqlite(session):
        # a claim only tries this lock, so whoever waits here waits for nobody who waits for the query
        session.execute(select(func.pg_advisory_xact_lock(_region_key(query))))
    assignment = session.scalars(
        select(Assignment).where(Assignment.id == assignment_id).with_for_update(), execution_options=fresh
    ).one()
    return assignment, query


def is_lost(session: Session, assignment: Assignment, query: RegionQuery, at: datetime) -> bool:
    """True if the lease ran out and somebody else has the region now or has answered what it was held for.

    By whatever query: a region whose query was taken back may have been asked again in a later round.
    """
    if assignment.state is AssignmentState.LEASED and assignment.lease_expires_at > at:
        return False
    if query.state is QueryState.ANSWERED:
        return True
    other = (
        select(Assignment.id)
        .join(RegionQuery, RegionQuery.id == Assignment.region_query_id)
        .where(*_is_region_of(query), Assignment.id != assignment.id, is_live(at))
    )
    # Answers for another purpose do no harm: an agreement question wants a second one of the same region.
    answer = (
        select(Annotation.id)
        .join(RegionQuery, RegionQuery.id == Annotation.region_query_id)
        .where(
            *_is_region_of(query),
            RegionQuery.id != query.id,
            RegionQuery.purpose == query.purpose,
            Annotation.created_at >= assignment.created_at,
        )
    )
    return session.scalar(select(or_(other.exists(), answer.exists()))) is True


def _is_region_of(query: RegionQuery) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (RegionQuery.image_id == query.image_id, RegionQuery.region_index == query.region_index)


def withdraw_repeats(session: Session, query: RegionQuery) -> None:
    """Take back what asks the query's region again for the same purpose: it has just been answered."""
    where = [*_is_region_of(query), RegionQuery.id != query.id, RegionQuery.purpose == query.purpose]
    transitions.move_queries(session, QueryState.WITHDRAWN, by=Process.SERVER, where=where)


def expire_others(session: Session, assignment: Assignment, at: datetime) -> None:
    """Expire leases of the same query whose time is up, before the assignment takes their place."""
    if assignment.state is not AssignmentState.LEASED:
        _expire_leases_of(session, assignment.region_query_id, at)


def renew(session: Session, assignment_id: uuid.UUID, *, lease_seconds: float, at: datetime) -> Assignment:
    """Keep a region for another lease, also one that ran out while nobody else took it.

    Raises:
        NotFoundError: there is no such assignment.
        LeaseExpiredError: somebody else has it, or it was answered, skipped or given back.
    """
    assignment, query = lock(session, assignment_id)
    until = at + timedelta(seconds=lease_seconds)
    if assignment.state not in {AssignmentState.LEASED, AssignmentState.EXPIRED}:
        raise LeaseExpiredError(f"the region was {assignment.state.value}: there is no lease to renew")
    if is_lost(session, assignment, query, at):
        raise LeaseExpiredError("the lease ran out and somebody else has the region now")
    if assignment.state is AssignmentState.LEASED:
        assignment.lease_expires_at = until
        return assignment
    expire_others(session, assignment, at)
    return transitions.move_assignment(
        session, assignment_id, AssignmentState.LEASED, by=Process.SERVER, lease_expires_at=until
    )


def skip(session: Session, assignment_id: uuid.UUID, *, reason: str) -> Assignment:
    """Put a region aside: not offered to this user again this round, to nobody after `MAX_SKIPS` skips.

    Skipping twice changes nothing.

    Raises:
        NotFoundError: there is no such assignment.
        ConflictError: it is not in the user's hands any more.
    """
    assignment, query = lock(session, assignment_id)
    if assignment.state is AssignmentState.SKIPPED:
        return assignment
    assignment = transitions.move_assignment(
        session, assignment_id, AssignmentState.SKIPPED, by=Process.SERVER, skip_reason=reason
    )
    query.num_skipped += 1
    events.record(
        session,
        "queue.skipped",
        project_id=query.project_id,
        round_id=query.round_id,
        user_id=assignment.user_id,
        payload={"region_query_id": str(query.id), "reason": reason, "num_skipped": query.num_skipped},
    )
    _withdraw_if_closed(session, query)
    return assignment


def give_back(session: Session, assignment_id: uuid.UUID) -> None:
    """Put a region back into the queue at once; one that is not held any more stays as it is.

    Raises:
        NotFoundError: there is no such assignment.
        ConflictError: it was answered.
    """
    assignment, query = lock(session, assignment_id)
    if assignment.state is AssignmentState.ANSWERED:
        raise ConflictError("the region is answered already: change the answer instead")
    if assignment.state is AssignmentState.LEASED:
        transitions.move_assignment(session, assignment_id, AssignmentState.RETURNED, by=Process.SERVER)
        _withdraw_if_closed(session, query)


def _withdraw_if_closed(session: Session, query: RegionQuery) -> None:
    """Take back a query whose round was closed while somebody held it: nobody will be offered it again.

    The round is locked so that its end is either seen here, or sees that nobody holds the query any more.
    """
    session.flush()
    state = session.scalar(select(Round.state).where(Round.id == query.round_id).with_for_update(read=True))
    if state is RoundState.CLOSED and query.state is QueryState.OPEN:
        transitions.move_query(session, query.id, QueryState.WITHDRAWN, by=Process.SERVER)


def get_query(session: Session, query_id: uuid.UUID) -> RegionQuery:
    """One region query.

    Raises:
        NotFoundError: there is none with this id.
    """
    query = session.get(RegionQuery, query_id)
    if query is None:
        raise NotFoundError("there is no such region query")
    return query
