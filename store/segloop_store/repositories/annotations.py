"""What people said of regions: submit once, change until reviewed, list. Pixels are checked before."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.orm import Session, aliased

from segloop.settings import AnnotationKind
from segloop_store import events, transitions
from segloop_store.errors import NotFoundError
from segloop_store.models import Annotation, Assignment, Draft, RegionQuery, Review, Round, User
from segloop_store.repositories import drafts, leases
from segloop_store.states import AssignmentState, Process, QueryState


class AnnotationState(StrEnum):
    """Where one annotation version stands; worked out from versions and reviews, never stored."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer to one region.

    Attributes:
        label_map_png: index PNG of the bbox as the server encodes it, 255 outside the region.
        label_map_sha256: of its decoded pixels.
    """

    label_map_png: bytes
    label_map_sha256: str
    num_void_px: int
    kind: AnnotationKind
    annotation_seconds: float
    num_clicks: int
    num_strokes: int = 0
    num_keys: int = 0


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """What became of a submit: an annotation, or the reason it was refused with the work kept as a draft."""

    annotation: Annotation | None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class AnnotationView:
    """An annotation with what a list shows beside it."""

    annotation: Annotation
    query: RegionQuery
    round_number: int
    username: str
    state: AnnotationState


def submit(session: Session, assignment_id: uuid.UUID, answer: Answer, *, at: datetime) -> SubmitResult:
    """Take an answer exactly once.

    The same pixels again give the same annotation. Other pixels of the same user make the next version, until
    somebody has reviewed the last. A lease that ran out does no harm while nobody else took the region.
    Whatever is refused is kept as a late draft, so the caller must commit before it reports the refusal.

    Raises:
        NotFoundError: there is no such assignment.
    """
    assignment, query = leases.lock(session, assignment_id)
    last = _last_version(session, query.id, assignment.user_id)
    if last is not None:
        return _repeat_or_change(session, assignment, query, last, answer)
    refusal = _refusal(session, assignment, query, at)
    if refusal is not None:
        _keep_late_answer(session, assignment_id, answer, at)
        return SubmitResult(None, refusal)
    leases.expire_others(session, assignment, at)
    return SubmitResult(_accept(session, assignment, query, answer))


def _last_version(session: Session, query_id: uuid.UUID, user_id: uuid.UUID) -> Annotation | None:
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


def _refusal(session: Session, assignment: Assignment, query: RegionQuery, at: datetime) -> str | None:
    if assignment.state in {AssignmentState.SKIPPED, AssignmentState.RETURNED}:
        did = "skipped" if assignment.state is AssignmentState.SKIPPED else "gave back"
        return f"you {did} this region: your work is kept as a draft of this assignment"
    if leases.is_lost(session, assignment, query, at):
        return (
            "the lease ran out and somebody else has the region now: your work is kept as a draft of this "
            "assignment"
        )
    return None


def _keep_late_answer(session: Session, assignment_id: uuid.UUID, answer: Answer, at: datetime) -> None:
    contents = drafts.DraftContents(
        answer.label_map_png,
        answer.annotation_seconds,
        answer.num_clicks,
        answer.num_strokes,
        answer.num_keys,
    )
    drafts.save(session, assignment_id, contents, at=at, is_late_answer=True)


def _accept(session: Session, assignment: Assignment, query: RegionQuery, answer: Answer) -> Annotation:
    annotation = _add_version(session, assignment, query, answer, version=1)
    transitions.move_assignment(session, assignment.id, AssignmentState.ANSWERED, by=Process.SERVER)
    query.num_answered += 1
    session.flush()
    if query.num_answered >= query.num_wanted and query.state is not QueryState.ANSWERED:
        transitions.move_query(session, query.id, QueryState.ANSWERED, by=Process.SERVER)
        leases.withdraw_repeats(session, query)
    draft = session.scalar(select(Draft).where(Draft.assignment_id == assignment.id))
    if draft is not None:
        session.delete(draft)
    return annotation


def _repeat_or_change(
    session: Session, assignment: Assignment, query: RegionQuery, last: Annotation, answer: Answer
) -> SubmitResult:
    if last.label_map_sha256 == answer.label_map_sha256 and last.kind is answer.kind:
        return SubmitResult(last)
    if is_settled(session, last.id):
        return SubmitResult(None, "the answer has been reviewed: it cannot be changed any more")
    return SubmitResult(_add_version(session, assignment, query, answer, version=last.version + 1))


def is_settled(session: Session, annotation_id: uuid.UUID) -> bool:
    """True if a reviewer accepted or fixed the annotation; a returned one is its author's to answer again."""
    verdict = session.scalar(
        select(Review.verdict)
        .where(Review.annotation_id == annotation_id)
        .order_by(Review.created_at.desc(), Review.id.desc())
        .limit(1)
    )
    fix = session.scalar(
        select(Annotation.id).where(Annotation.fixes_annotation_id == annotation_id).limit(1)
    )
    return fix is not None or (verdict is not None and verdict != AnnotationState.RETURNED)


def _add_version(
    session: Session, assignment: Assignment, query: RegionQuery, answer: Answer, *, version: int
) -> Annotation:
    annotation = Annotation(
        project_id=query.project_id,
        region_query_id=query.id,
        assignment_id=assignment.id,
        image_id=query.image_id,
        region_index=query.region_index,
        user_id=assignment.user_id,
        version=version,
        kind=answer.kind,
        label_map_png=answer.label_map_png,
        label_map_sha256=answer.label_map_sha256,
        num_void_px=answer.num_void_px,
        annotation_seconds=answer.annotation_seconds,
        num_clicks=answer.num_clicks,
        num_strokes=answer.num_strokes,
        num_keys=answer.num_keys,
    )
    session.add(annotation)
    session.flush()
    events.record(
        session,
        "annotation.submitted" if version == 1 else "annotation.changed",
        project_id=query.project_id,
        round_id=query.round_id,
        user_id=assignment.user_id,
        payload={
            "annotation_id": str(annotation.id),
            "version": version,
            "image_id": str(query.image_id),
            "region_index": query.region_index,
        },
    )
    return annotation


def get_view(session: Session, annotation_id: uuid.UUID) -> AnnotationView:
    """One annotation version.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = _views(session, Annotation.id == annotation_id, limit=1)
    if not found:
        raise NotFoundError(f"there is no annotation {annotation_id}")
    return found[0]


def list_views(
    session: Session,
    project_id: uuid.UUID,
    *,
    user_id: uuid.UUID | None = None,
    round_number: int | None = None,
    round_id: uuid.UUID | None = None,
    state: AnnotationState | None = None,
    after_id: uuid.UUID | None = None,
    limit: int = 50,
) -> list[AnnotationView]:
    """A project's annotation versions in the order they were made, every filter narrowing the list."""
    conditions: list[ColumnElement[bool]] = [Annotation.project_id == project_id]
    if user_id is not None:
        conditions.append(Annotation.user_id == user_id)
    if round_number is not None:
        conditions.append(Round.number == round_number)
    if round_id is not None:
        conditions.append(Round.id == round_id)
    if state is not None:
        conditions.append(_state_of_annotation() == state.value)
    if after_id is not None:
        conditions.append(Annotation.id > after_id)
    return _views(session, *conditions, limit=limit)


def _views(session: Session, *conditions: ColumnElement[bool], limit: int) -> list[AnnotationView]:
    rows = session.execute(
        select(Annotation, RegionQuery, Round.number, User.username, _state_of_annotation())
        .join(RegionQuery, RegionQuery.id == Annotation.region_query_id)
        .join(Round, Round.id == RegionQuery.round_id)
        .join(User, User.id == Annotation.user_id)
        .where(*conditions)
        .order_by(Annotation.id)
        .limit(limit)
    )
    return [AnnotationView(*row[:4], AnnotationState(row[4])) for row in rows]


def _state_of_annotation() -> ColumnElement[str]:
    newer = aliased(Annotation)
    has_newer = (
        select(newer.id)
        .where(
            newer.region_query_id == Annotation.region_query_id,
            newer.user_id == Annotation.user_id,
            newer.version > Annotation.version,
        )
        .correlate(Annotation)
        .exists()
    )
    verdict = (
        select(Review.verdict)
        .where(Review.annotation_id == Annotation.id)
        .order_by(Review.created_at.desc(), Review.id.desc())
        .limit(1)
        .correlate(Annotation)
        .scalar_subquery()
    )
    return case(
        (has_newer, literal(AnnotationState.SUPERSEDED.value)),
        else_=func.coalesce(verdict, literal(AnnotationState.SUBMITTED.value)),
    )
