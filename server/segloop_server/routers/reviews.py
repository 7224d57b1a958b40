"""Reviews: verdicts on answers, fixes, the way back from both, and how well people agree."""

import uuid
from typing import cast

from fastapi import APIRouter
from sqlalchemy.orm import Session

from segloop_server.agreement import Place, agreement_json
from segloop_server.annotation_json import annotation_json
from segloop_server.answers import answer_of
from segloop_server.dependencies import Access, Caller, CallerDep, Context, ContextDep, require_role
from segloop_server.errors import ForbiddenError
from segloop_server.paging import MAX_LIMIT, Cursor, Limit, decode_cursor
from segloop_server.round_access import require_annotation
from segloop_server.schemas.annotations import AgreementOut, AnnotationOut, FixBody, ReviewBody
from segloop_server.schemas.assignments import AnswerTaken
from segloop_server.schemas.common import RoundNumber
from segloop_store.problem_codes import ProblemCode
from segloop_store.repositories import annotation_views, projects, reviews, second_answers
from segloop_store.repositories.annotation_views import AnnotationView
from segloop_store.states import Role

router = APIRouter(tags=["reviewing"])


@router.post("/annotations/{annotation_id}/review")
def review_annotation(
    annotation_id: uuid.UUID, body: ReviewBody, context: ContextDep, caller: CallerDep
) -> AnnotationOut:
    """Accept an answer, or return it with a comment: then it leaves training and goes back to its author.

    409 when the author has answered again, somebody fixed it, or it has a verdict already (undo that first);
    the same request again changes nothing. 403 for one's own answer while somebody else can review it.
    """
    with context.database.transaction() as session:
        _require_reviewable(session, caller, annotation_id)
        reviews.give_verdict(
            session,
            annotation_id,
            reviewer_id=caller.user_id,
            verdict=body.verdict,
            comment=body.comment.strip(),
        )
        return _reread(session, caller, annotation_id)


@router.delete("/annotations/{annotation_id}/review")
def undo_review(annotation_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> AnnotationOut:
    """Take back one's own verdict, or one's own fix; owners take back anybody's. Twice changes nothing.

    At any time: what was trained meanwhile keeps the versions it saw. 409 when a returned answer has been
    answered again.
    """
    with context.database.transaction() as session:
        view, access = require_annotation(session, caller, annotation_id, Role.REVIEWER)
        given_by = reviews.whose_to_undo(session, view.annotation)
        if given_by not in {None, caller.user_id} and access.role is not Role.OWNER:
            raise ForbiddenError(
                "only who gave a verdict, or an owner, may undo it", code=ProblemCode.VERDICT_OF_ANOTHER
            )
        reviews.undo(session, annotation_id, user_id=caller.user_id)
        return _reread(session, caller, annotation_id)


@router.post("/annotations/{annotation_id}/fix", status_code=201)
def fix_annotation(
    annotation_id: uuid.UUID, body: FixBody, context: ContextDep, caller: CallerDep
) -> AnswerTaken:
    """Answer a region in its author's place: wins over everything said of it until it is undone.

    409 as for a review. The same request again gives the same fix.
    """
    with context.database.reading() as session:
        view, access = _require_reviewable(session, caller, annotation_id)
        partition = annotation_views.region_seen(session, view).partition
        num_classes = projects.num_classes(session, access.project.id)
    answer = answer_of(context.blobs, partition, view.query, body, num_classes=num_classes)
    with context.database.transaction() as session:
        _require_reviewable(session, caller, annotation_id)
        fixed = reviews.fix(session, annotation_id, answer, reviewer_id=caller.user_id)
    return AnswerTaken(annotation_id=fixed.id, version=fixed.version)


@router.get("/projects/{project_id}/agreement")
def get_agreement(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    round: RoundNumber | None = None,  # noqa: A002 - as the list of annotations names it
    cursor: Cursor = None,
    limit: Limit = MAX_LIMIT,
) -> AgreementOut:
    """How well people agree on regions that were asked twice: overall, per class and per annotator.

    The regions themselves are paged, those people agree on least first.
    """
    after = cast(Place | None, decode_cursor(cursor, int, str, str))
    pairs, num_classes, num_waiting = _answered_twice(context, caller, project_id, round)
    return agreement_json(pairs, num_classes=num_classes, num_waiting=num_waiting, limit=limit, after=after)


def _answered_twice(
    context: Context, caller: Caller, project_id: uuid.UUID, round_number: int | None
) -> tuple[list[second_answers.AnsweredTwice], int, int]:
    with context.database.reading() as session:
        require_role(session, caller, project_id, Role.REVIEWER)
        return (
            list(second_answers.answered_twice(session, project_id, round_number=round_number)),
            projects.num_classes(session, project_id),
            second_answers.num_waiting(session, project_id, round_number=round_number),
        )


def _require_reviewable(
    session: Session, caller: Caller, annotation_id: uuid.UUID
) -> tuple[AnnotationView, Access]:
    """The annotation, if the caller may review or fix it."""
    view, access = require_annotation(session, caller, annotation_id, Role.REVIEWER)
    is_own = view.annotation.user_id == caller.user_id and view.annotation.fixes_annotation_id is None
    if is_own and reviews.may_anybody_else_review(session, access.project.id, caller.user_id):
        raise ForbiddenError(
            "nobody reviews their own answer while somebody else can: change it instead",
            code=ProblemCode.OWN_ANSWER,
        )
    return view, access


def _reread(session: Session, caller: Caller, annotation_id: uuid.UUID) -> AnnotationOut:
    view, access = require_annotation(session, caller, annotation_id)
    return annotation_json(view, access, caller)
