"""A region in somebody's hands: keep it, skip it, give it back, and whether it was lost to somebody else.

Every function that changes an assignment locks its region query first and then its region, so that a claim,
a submit and a skip of the same region take turns on PostgreSQL, by whatever query it was asked; on SQLite the
write transaction does.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from segloop_store import events, transitions
from segloop_store.database import is_sqlite
from segloop_store.errors import ConflictError, LeaseExpiredError, NotFoundError
from segloop_store.models import Annotation, Assignment, RegionQuery, Round
from segloop_store.problem_codes import ProblemCode
from segloop_store.repositories.assignments import expire_leases_of, is_live, region_key
from segloop_store.states import AssignmentState, Process, QueryState, RoundState


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
        session.execute(select(func.pg_advisory_xact_lock(region_key(query))))
    assignment = session.scalars(
        select(Assignment).where(Assignment.id == assignment_id).with_for_update(), execution_options=fresh
    ).one()
    return assignment, query


def is_lost(
    session: Session,
    assignment: Assignment,
    query: RegionQuery,
    at: datetime,
    *,
    counts_own_leases: bool = True,
) -> bool:
    """True if the lease ran out and the region was given out again or what it was held for is answered.

    By whatever query: a region whose query was taken back may have been asked again in a later round.

    Args:
        session: the transaction.
        assignment: whose lease it is.
        query: what it is for.
        at: now.
        counts_own_leases: whether another lease of the same user makes it lost too: it may have been they who
            were given the region again.
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
    if not counts_own_leases:
        other = other.where(Assignment.user_id != assignment.user_id)
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


def return_own_others(session: Session, assignment: Assignment, query: RegionQuery, at: datetime) -> None:
    """Give back what the user holds of the same query by a later lease: they have just answered it."""
    others = session.scalars(
        select(Assignment.id).where(
            Assignment.region_query_id == query.id,
            Assignment.user_id == assignment.user_id,
            Assignment.id != assignment.id,
            is_live(at),
        )
    )
    for other_id in others.all():
        transitions.move_assignment(session, other_id, AssignmentState.RETURNED, by=Process.SERVER)


def expire_others(session: Session, assignment: Assignment, at: datetime) -> None:
    """Expire leases of the same query whose time is up, before the assignment takes their place."""
    if assignment.state is not AssignmentState.LEASED:
        expire_leases_of(session, assignment.region_query_id, at)


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
        raise LeaseExpiredError(
            "the lease ran out and somebody else has the region now", code=ProblemCode.LEASE_LOST
        )
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
        raise ConflictError(
            "the region is answered already: change the answer instead", code=ProblemCode.REGION_ANSWERED
        )
    if assignment.state is AssignmentState.LEASED:
        transitions.move_assignment(session, assignment_id, AssignmentState.RETURNED, by=Process.SERVER)
        _withdraw_if_closed(session, query)


def _withdraw_if_closed(session: Session, query: RegionQuery) -> None:
    """Take back a query whose round was closed while somebody held it: nobody will be offered it again.

    The round is locked so that its end is either seen here, or sees that nobody holds the query any more.
    """
    session.flush()
    state = session.scalar(select(Round.state).where(Round.id == query.round_id).with_for_update(read=True))
    is_wanted = query.state is QueryState.OPEN and query.returned_to is None
    if state is RoundState.CLOSED and is_wanted:
        transitions.move_query(session, query.id, QueryState.WITHDRAWN, by=Process.SERVER)
