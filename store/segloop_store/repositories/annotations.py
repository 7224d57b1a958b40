"""What people say of regions: submit once, change until reviewed. Pixels are checked before."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from segloop.settings import AnnotationKind
from segloop_store import events, transitions
from segloop_store.errors import ConflictError
from segloop_store.models import Annotation, Assignment, Draft, RegionQuery
from segloop_store.problem_codes import ProblemCode
from segloop_store.repositories import drafts, leases
from segloop_store.repositories.settling import is_returned, is_settled, last_version, next_version, settle
from segloop_store.states import AssignmentState, Process, QueryState


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
    refusal: ConflictError | None = None


def submit(session: Session, assignment_id: uuid.UUID, answer: Answer, *, at: datetime) -> SubmitResult:
    """Take an answer exactly once.

    The same pixels again give the same annotation. Other pixels of the same user make the next version, until
    somebody has reviewed the last. A lease that ran out does no harm while nobody else took the region.
    Whatever is refused is kept as a late draft, so the caller must commit before it reports the refusal.

    Raises:
        NotFoundError: there is no such assignment.
    """
    assignment, query = leases.lock(session, assignment_id)
    last = last_version(session, query.id, assignment.user_id)
    if last is not None:
        return _repeat_or_change(session, assignment, query, last, answer, at)
    refusal = _refusal(session, assignment, query, at)
    if refusal is not None:
        _keep_late_answer(session, assignment_id, answer, at)
        return SubmitResult(None, refusal)
    leases.expire_others(session, assignment, at)
    leases.return_own_others(session, assignment, query, at)
    return SubmitResult(_accept(session, assignment, query, answer))


def _refusal(
    session: Session, assignment: Assignment, query: RegionQuery, at: datetime
) -> ConflictError | None:
    if assignment.state in {AssignmentState.SKIPPED, AssignmentState.RETURNED}:
        did = "skipped" if assignment.state is AssignmentState.SKIPPED else "gave back"
        return ConflictError(
            f"you {did} this region: your work is kept as a draft of this assignment",
            code=ProblemCode.REGION_GIVEN_BACK,
        )
    if leases.is_lost(session, assignment, query, at, counts_own_leases=False):
        return ConflictError(
            "the lease ran out and somebody else has the region now: your work is kept as a draft of this "
            "assignment",
            code=ProblemCode.LEASE_LOST,
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
    annotation = _add_version(session, assignment, query, answer)
    was_answered = query.state is QueryState.ANSWERED
    _close(session, assignment, query)
    if query.state is QueryState.ANSWERED and not was_answered:
        leases.withdraw_repeats(session, query)
    return annotation


def _close(session: Session, assignment: Assignment, query: RegionQuery) -> None:
    """The assignment is over, its draft not needed any more, and the query follows."""
    if assignment.state in {AssignmentState.LEASED, AssignmentState.EXPIRED}:
        transitions.move_assignment(session, assignment.id, AssignmentState.ANSWERED, by=Process.SERVER)
    draft = session.scalar(select(Draft).where(Draft.assignment_id == assignment.id))
    if draft is not None:
        session.delete(draft)
    settle(session, query)


def _repeat_or_change(
    session: Session,
    assignment: Assignment,
    query: RegionQuery,
    last: Annotation,
    answer: Answer,
    at: datetime,
) -> SubmitResult:
    is_same = last.label_map_sha256 == answer.label_map_sha256 and last.kind is answer.kind
    # asked again because a reviewer returned it, its author may well say the same once more
    insists = last.assignment_id != assignment.id and is_returned(session, last)
    if is_same and not insists:
        return SubmitResult(last)
    if is_settled(session, last, query):
        if assignment.state is not AssignmentState.ANSWERED:
            _keep_late_answer(session, assignment.id, answer, at)
        refusal = ConflictError(
            "the answer has been reviewed: it cannot be changed any more", code=ProblemCode.ANSWER_SETTLED
        )
        return SubmitResult(None, refusal)
    annotation = _add_version(session, assignment, query, answer)
    _close(session, assignment, query)
    return SubmitResult(annotation)


def _add_version(session: Session, assignment: Assignment, query: RegionQuery, answer: Answer) -> Annotation:
    annotation = add(session, query, answer, user_id=assignment.user_id, assignment_id=assignment.id)
    kind = "annotation.submitted" if annotation.version == 1 else "annotation.changed"
    record(session, kind, annotation, query, user_id=assignment.user_id)
    return annotation


def add(
    session: Session, query: RegionQuery, answer: Answer, *, user_id: uuid.UUID, **values: uuid.UUID
) -> Annotation:
    """Keep an answer as the person's next version; `values` are further columns."""
    annotation = Annotation(
        project_id=query.project_id,
        region_query_id=query.id,
        image_id=query.image_id,
        region_index=query.region_index,
        user_id=user_id,
        version=next_version(session, query.id, user_id),
        kind=answer.kind,
        label_map_png=answer.label_map_png,
        label_map_sha256=answer.label_map_sha256,
        num_void_px=answer.num_void_px,
        annotation_seconds=answer.annotation_seconds,
        num_clicks=answer.num_clicks,
        num_strokes=answer.num_strokes,
        num_keys=answer.num_keys,
        **values,
    )
    session.add(annotation)
    session.flush()
    return annotation


def record(
    session: Session,
    kind: str,
    annotation: Annotation,
    query: RegionQuery,
    *,
    user_id: uuid.UUID,
    **payload: str,
) -> None:
    """Log what somebody did to an annotation."""
    events.record(
        session,
        kind,
        project_id=query.project_id,
        round_id=query.round_id,
        user_id=user_id,
        payload={
            "annotation_id": str(annotation.id),
            "version": annotation.version,
            "image_id": str(query.image_id),
            "region_index": query.region_index,
            **payload,
        },
    )
