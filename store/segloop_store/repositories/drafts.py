"""Unfinished work on assignments, and answers that came too late to count."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from segloop_store.errors import ConflictError
from segloop_store.models import Annotation, Assignment, Draft, Image, RegionQuery
from segloop_store.problem_codes import ProblemCode
from segloop_store.repositories.leases import lock
from segloop_store.states import AssignmentState


@dataclass(frozen=True, slots=True)
class DraftContents:
    """What a draft keeps: an index PNG of the bbox, and what it cost so far."""

    label_map_png: bytes
    seconds_spent: float
    num_clicks: int
    num_strokes: int = 0
    num_keys: int = 0


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft with what a list shows beside it."""

    draft: Draft
    query: RegionQuery
    filename: str


def save(
    session: Session,
    assignment_id: uuid.UUID,
    contents: DraftContents,
    *,
    at: datetime,
    is_late_answer: bool = False,
) -> Draft:
    """Keep unfinished work, over what was kept before. A late answer stays marked as one.

    Raises:
        NotFoundError: there is no such assignment.
        ConflictError: the region is answered: its annotation is what counts.
    """
    assignment, _ = lock(session, assignment_id)
    if assignment.state is AssignmentState.ANSWERED:
        raise ConflictError(
            "the region is answered: submit a changed answer instead of a draft",
            code=ProblemCode.REGION_ANSWERED,
        )
    draft = session.scalar(select(Draft).where(Draft.assignment_id == assignment_id))
    if draft is None:
        draft = Draft(assignment_id=assignment_id, is_late_answer=False)
        session.add(draft)
    draft.label_map_png = contents.label_map_png
    draft.seconds_spent = contents.seconds_spent
    draft.num_clicks = contents.num_clicks
    draft.num_strokes = contents.num_strokes
    draft.num_keys = contents.num_keys
    draft.is_late_answer = draft.is_late_answer or is_late_answer
    draft.updated_at = at
    session.flush()
    return draft


def find(session: Session, assignment: Assignment) -> Draft | None:
    """The draft of an assignment, else the newest the user left on the query under another lease."""
    own = session.scalar(select(Draft).where(Draft.assignment_id == assignment.id))
    if own is not None:
        return own
    return session.scalar(
        select(Draft)
        .join(Assignment, Assignment.id == Draft.assignment_id)
        .where(
            Assignment.region_query_id == assignment.region_query_id,
            Assignment.user_id == assignment.user_id,
        )
        .order_by(Draft.updated_at.desc())
        .limit(1)
    )


def drop(session: Session, assignment_id: uuid.UUID) -> None:
    """Forget the draft of an assignment; without one nothing happens."""
    lock(session, assignment_id)
    session.execute(delete(Draft).where(Draft.assignment_id == assignment_id))


def list_unfinished(
    session: Session, project_id: uuid.UUID, user_id: uuid.UUID, *, limit: int
) -> list[DraftRow]:
    """A user's drafts that no answer of theirs has replaced, the latest first.

    Work on a region they have skipped or given back since is not wanted any more, unless it was an answer
    that came too late.
    """
    is_answered = (
        select(Annotation.id)
        .where(
            Annotation.region_query_id == RegionQuery.id,
            Annotation.user_id == user_id,
            Annotation.created_at >= Draft.updated_at,  # an older one was returned, and is being corrected
        )
        .exists()
    )
    is_wanted = or_(
        Draft.is_late_answer,
        Assignment.state.in_([AssignmentState.LEASED, AssignmentState.EXPIRED]),
    )
    rows = session.execute(
        select(Draft, RegionQuery, Image.filename)
        .join(Assignment, Assignment.id == Draft.assignment_id)
        .join(RegionQuery, RegionQuery.id == Assignment.region_query_id)
        .join(Image, Image.id == RegionQuery.image_id)
        .where(
            RegionQuery.project_id == project_id,
            Assignment.user_id == user_id,
            Image.hidden_at.is_(None),
            is_wanted,
            ~is_answered,
        )
        .order_by(Draft.updated_at.desc(), Draft.id)
        .limit(limit)
    )
    return [DraftRow(*row) for row in rows]
