"""Annotating: take the next region, answer it, keep a draft, renew, skip, give back."""

import base64
import uuid
from datetime import datetime

from fastapi import APIRouter, Response

from segloop_server.answers import answer_of
from segloop_server.assignment_views import assignment_json, box_of
from segloop_server.dependencies import Caller, CallerDep, Context, ContextDep, require_role
from segloop_server.region_pixels import decode_box
from segloop_server.round_access import require_own_assignment
from segloop_server.schemas.assignments import (
    AnswerBody,
    AnswerTaken,
    AssignmentOut,
    DraftBody,
    DraftItem,
    DraftList,
    DraftOut,
    HeldAssignments,
    Lease,
    SkipBody,
)
from segloop_store.clock import now
from segloop_store.errors import ConflictError, NotFoundError
from segloop_store.models import Draft
from segloop_store.repositories import (
    annotation_views,
    annotations,
    assignments,
    drafts,
    leases,
    projects,
)
from segloop_store.repositories.assignments import AssignmentView
from segloop_store.repositories.drafts import DraftContents, DraftRow
from segloop_store.states import Role

router = APIRouter(tags=["annotating"])

MAX_DRAFTS = 200
"""Drafts listed for one person; pages keep one per region in hand."""


@router.post(
    "/projects/{project_id}/assignments",
    status_code=201,
    response_model=AssignmentOut,
    responses={204: {"description": "nothing for the caller now; the queue says why"}},
)
def claim_assignment(
    project_id: uuid.UUID, context: ContextDep, caller: CallerDep
) -> AssignmentOut | Response:
    """Lease what was returned to the caller, else the best-ranked region nobody holds and is new to them."""
    with context.database.transaction() as session:
        require_role(session, caller, project_id, Role.ANNOTATOR)
        assignment = assignments.claim_next(
            session,
            project_id=project_id,
            user_id=caller.user_id,
            lease_seconds=context.settings.lease_seconds,
            at=now(),
        )
        view = assignments.view(session, assignment.id) if assignment is not None else None
        returned = annotation_views.returned_of(session, [view.query], caller.user_id) if view else {}
    if view is None:
        return Response(status_code=204)
    return assignment_json(view, context.blobs, returned.get(view.query.id))


@router.get("/projects/{project_id}/assignments")
def list_held_assignments(project_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> HeldAssignments:
    """What the caller holds now: a page that was reloaded goes on with it."""
    with context.database.reading() as session:
        require_role(session, caller, project_id)
        views = assignments.held_by(session, project_id, caller.user_id, now(), limit=assignments.MAX_LEASES)
        returned = annotation_views.returned_of(session, [view.query for view in views], caller.user_id)
    return HeldAssignments(
        items=[assignment_json(view, context.blobs, returned.get(view.query.id)) for view in views]
    )


@router.get("/assignments/{assignment_id}")
def get_assignment(assignment_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> AssignmentOut:
    """One of the caller's own assignments, whatever became of it."""
    view, _ = _own(context, caller, assignment_id)
    with context.database.reading() as session:
        returned = annotation_views.returned_of(session, [view.query], caller.user_id)
    return assignment_json(view, context.blobs, returned.get(view.query.id))


@router.put("/assignments/{assignment_id}/annotation")
def submit_annotation(
    assignment_id: uuid.UUID, body: AnswerBody, context: ContextDep, caller: CallerDep
) -> AnswerTaken:
    """Answer a region. The same request again gives the same answer; another one makes the next version.

    409 when the region has gone to somebody else (the work is kept as a draft) or the answer has been
    reviewed.
    """
    view, num_classes = _own(context, caller, assignment_id)
    answer = answer_of(context.blobs, view.partition, view.query, body, num_classes=num_classes)
    with context.database.transaction() as session:
        require_own_assignment(session, caller, assignment_id)
        result = annotations.submit(session, assignment_id, answer, at=now())
    if result.annotation is None:  # raised only now: the draft that keeps the work is committed
        raise result.refusal or ConflictError("the answer was refused")
    return AnswerTaken(annotation_id=result.annotation.id, version=result.annotation.version)


@router.put("/assignments/{assignment_id}/draft")
def save_draft(assignment_id: uuid.UUID, body: DraftBody, context: ContextDep, caller: CallerDep) -> DraftOut:
    """Keep unfinished work over what was kept before."""
    view, _ = _own(context, caller, assignment_id)
    decode_box(body.label_map_png, box_of(view.query))
    contents = DraftContents(
        base64.b64decode(body.label_map_png),
        body.seconds_spent,
        body.num_clicks,
        body.num_strokes,
        body.num_keys,
    )
    with context.database.transaction() as session:
        require_own_assignment(session, caller, assignment_id)
        draft = drafts.save(session, assignment_id, contents, at=now())
    return _draft_json(draft)


@router.get("/assignments/{assignment_id}/draft")
def get_draft(assignment_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> DraftOut:
    """The caller's draft: unfinished work, or an answer that came too late."""
    with context.database.reading() as session:
        assignment = require_own_assignment(session, caller, assignment_id)
        draft = drafts.find(session, assignment)
    if draft is None:
        raise NotFoundError("there is no draft of this assignment")
    return _draft_json(draft)


@router.delete("/assignments/{assignment_id}/draft", status_code=204)
def drop_draft(assignment_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> None:
    """Forget the draft of this assignment; forgetting it twice is fine."""
    with context.database.transaction() as session:
        require_own_assignment(session, caller, assignment_id)
        drafts.drop(session, assignment_id)


@router.get("/projects/{project_id}/drafts")
def list_drafts(project_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> DraftList:
    """What the caller has painted and not submitted, in whatever browser, and answers that came too late.

    Work on a region they have skipped, given back or answered since is not listed.
    """
    at = now()
    with context.database.reading() as session:
        require_role(session, caller, project_id)
        rows = drafts.list_unfinished(session, project_id, caller.user_id, limit=MAX_DRAFTS)
    return DraftList(items=[_draft_item(row, at) for row in rows])


@router.post("/assignments/{assignment_id}/renew")
def renew_assignment(assignment_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> Lease:
    """Keep a region for another lease; also one that ran out while nobody else took it."""
    with context.database.transaction() as session:
        require_own_assignment(session, caller, assignment_id)
        assignment = leases.renew(
            session, assignment_id, lease_seconds=context.settings.lease_seconds, at=now()
        )
    return Lease(id=assignment.id, lease_expires_at=assignment.lease_expires_at)


@router.post("/assignments/{assignment_id}/skip", status_code=204)
def skip_assignment(
    assignment_id: uuid.UUID, context: ContextDep, caller: CallerDep, body: SkipBody | None = None
) -> None:
    """Put a region aside: not offered to the caller again this round; after two skips an owner decides."""
    with context.database.transaction() as session:
        require_own_assignment(session, caller, assignment_id)
        leases.skip(session, assignment_id, reason=body.reason if body else "")


@router.delete("/assignments/{assignment_id}", status_code=204)
def give_assignment_back(assignment_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> None:
    """Put a region back into the queue; giving it back twice is fine."""
    with context.database.transaction() as session:
        require_own_assignment(session, caller, assignment_id)
        leases.give_back(session, assignment_id)


def _own(context: Context, caller: Caller, assignment_id: uuid.UUID) -> tuple[AssignmentView, int]:
    """The caller's own assignment with its rows, and the number of the project's classes."""
    with context.database.reading() as session:
        require_own_assignment(session, caller, assignment_id)
        view = assignments.view(session, assignment_id)
        return view, projects.num_classes(session, view.query.project_id)


def _draft_json(draft: Draft) -> DraftOut:
    return DraftOut(
        assignment_id=draft.assignment_id,
        label_map_png=base64.b64encode(draft.label_map_png).decode(),
        seconds_spent=draft.seconds_spent,
        num_clicks=draft.num_clicks,
        num_strokes=draft.num_strokes,
        num_keys=draft.num_keys,
        is_late_answer=draft.is_late_answer,
        updated_at=draft.updated_at,
    )


def _draft_item(row: DraftRow, at: datetime) -> DraftItem:
    draft, query = row.draft, row.query
    return DraftItem(
        assignment_id=draft.assignment_id,
        region_query_id=query.id,
        image_id=query.image_id,
        filename=row.filename,
        bbox=box_of(query),
        is_late_answer=draft.is_late_answer,
        updated_at=draft.updated_at,
        age_seconds=max(0.0, (at - draft.updated_at).total_seconds()),
    )
