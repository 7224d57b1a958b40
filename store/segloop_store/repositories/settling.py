"""What the answers, verdicts and fixes of a region query make of it: answered, or back with its author.

Called after each of them, with the query locked: whatever was done or undone, the query follows.
"""

import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from segloop_store import transitions
from segloop_store.models import Annotation, Assignment, RegionQuery
from segloop_store.repositories.verdicts import fixes_of, has_verdict
from segloop_store.states import AssignmentState, Process, QueryState, Verdict


def settle(session: Session, query: RegionQuery) -> None:
    """Count a query's answers again, and open or close it by them.

    A returned answer is no answer: the query is open again, for its author alone. A fix settles it. Leases
    authors hold on a query that is settled without them are given back.
    """
    session.flush()
    is_returned_of = _authors(session, query.id)
    if session.scalars(fixes_of(query).limit(1)).first() is not None:
        is_returned_of = dict.fromkeys(is_returned_of, False)
    returned = [user_id for user_id, is_returned in is_returned_of.items() if is_returned]
    query.num_answered = len(is_returned_of) - len(returned)
    query.returned_to = returned[0] if returned else None
    session.flush()
    if returned and query.state is QueryState.ANSWERED:
        transitions.move_query(session, query.id, QueryState.OPEN, by=Process.SERVER)
    if returned:
        return
    if query.num_answered >= query.num_wanted and query.state is not QueryState.ANSWERED:
        transitions.move_query(session, query.id, QueryState.ANSWERED, by=Process.SERVER)
    held = [Assignment.region_query_id == query.id, Assignment.user_id.in_(list(is_returned_of))]
    transitions.move_assignments(session, AssignmentState.RETURNED, by=Process.SERVER, where=held)


def _authors(session: Session, query_id: uuid.UUID) -> dict[uuid.UUID, bool]:
    """Who has answered a query -> whether the last version of it was returned to them."""
    rows = session.execute(
        select(Annotation.user_id, has_verdict(Verdict.RETURNED))
        .where(Annotation.region_query_id == query_id, Annotation.fixes_annotation_id.is_(None))
        .order_by(Annotation.version)
    )
    return {user_id: bool(is_returned) for user_id, is_returned in rows}


def last_version(session: Session, query_id: uuid.UUID, user_id: uuid.UUID) -> Annotation | None:
    """What a person said last of a query, fixes of others' answers aside."""
    return session.scalar(
        select(Annotation)
        .where(
            Annotation.region_query_id == query_id,
            Annotation.user_id == user_id,
            Annotation.fixes_annotation_id.is_(None),
        )
        .order_by(Annotation.version.desc())
        .limit(1)
    )


def next_version(session: Session, query_id: uuid.UUID, user_id: uuid.UUID) -> int:
    """The number of a person's next annotation of a query; answers and fixes are counted together."""
    of_user = (Annotation.region_query_id == query_id, Annotation.user_id == user_id)
    return (session.scalar(select(func.max(Annotation.version)).where(*of_user)) or 0) + 1


def is_settled(session: Session, annotation: Annotation, query: RegionQuery) -> bool:
    """True if a reviewer accepted the answer or fixed its query; a returned one is its author's to change."""
    is_accepted = select(Annotation.id).where(Annotation.id == annotation.id, has_verdict(Verdict.ACCEPTED))
    if session.scalar(is_accepted) is not None:
        return True
    return session.scalars(fixes_of(query).limit(1)).first() is not None


def is_returned(session: Session, annotation: Annotation) -> bool:
    """True while a reviewer wants another answer."""
    statement = select(Annotation.id).where(Annotation.id == annotation.id, has_verdict(Verdict.RETURNED))
    return session.scalar(statement) is not None
