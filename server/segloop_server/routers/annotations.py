"""Annotations: what people said, version by version. Annotators see their own; everybody else sees all."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session

from segloop.settings import QueryPurpose
from segloop_server.annotation_json import annotation_json, detail_json
from segloop_server.dependencies import Access, Caller, CallerDep, ContextDep, require_role
from segloop_server.paging import DEFAULT_LIMIT, Cursor, Limit, decode_id_cursor, page_by_id
from segloop_server.round_access import require_annotation
from segloop_server.schemas.annotations import AnnotationCounts, AnnotationDetail, AnnotationOut
from segloop_server.schemas.common import Page, RoundNumber
from segloop_store.repositories import annotation_views
from segloop_store.repositories.annotation_views import AnnotationFilter, AnnotationState, AnnotationView
from segloop_store.states import Role

router = APIRouter(tags=["annotating"])


def _filter(
    user: uuid.UUID | None = None,
    round: uuid.UUID | RoundNumber | None = None,  # noqa: A002 - the name the contract gives it
    state: AnnotationState | None = None,
    purpose: QueryPurpose | None = None,
) -> AnnotationFilter:
    """Which annotations; `round` is a number or an id."""
    return AnnotationFilter(
        user_id=user,
        round_number=round if isinstance(round, int) else None,
        round_id=round if isinstance(round, uuid.UUID) else None,
        state=state,
        purpose=purpose,
    )


Wanted = Annotated[AnnotationFilter, Depends(_filter)]


@router.get("/projects/{project_id}/annotations")
def list_annotations(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    wanted: Wanted,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[AnnotationOut]:
    """A project's annotation versions in the order they were made; an annotator's own only."""
    with context.database.reading() as session:
        access = require_role(session, caller, project_id)
        views = annotation_views.list_views(
            session,
            project_id,
            _seen_by(wanted, access, caller),
            after_id=decode_id_cursor(cursor),
            limit=limit + 1,
        )
    return page_by_id(
        views, limit, lambda view: annotation_json(view, access, caller), lambda view: view.annotation.id
    )


@router.get("/projects/{project_id}/annotation_counts")
def count_annotations(
    project_id: uuid.UUID, context: ContextDep, caller: CallerDep, wanted: Wanted
) -> AnnotationCounts:
    """How many annotation versions are in each state; an annotator's own only."""
    with context.database.reading() as session:
        access = require_role(session, caller, project_id)
        counts = annotation_views.count_states(session, project_id, _seen_by(wanted, access, caller))
    return AnnotationCounts(**{state.value: count for state, count in counts.items()})


@router.get("/annotations/{annotation_id}")
def get_annotation(annotation_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> AnnotationDetail:
    """One annotation version with its pixels, its image, what the model said and what was said since."""
    with context.database.reading() as session:
        view, access = require_annotation(session, caller, annotation_id)
        history = _history(session, view, access)
        seen = annotation_views.region_seen(session, view)
    return detail_json(view, history, seen, context.blobs, access=access, caller=caller)


def _seen_by(wanted: AnnotationFilter, access: Access, caller: Caller) -> AnnotationFilter:
    return wanted.only(caller.user_id) if access.role is Role.ANNOTATOR else wanted


def _history(session: Session, view: AnnotationView, access: Access) -> list[AnnotationView]:
    """For an annotator their own versions and the fixes of them: a second answer must not know the first."""
    history = annotation_views.of_region(session, view)
    if access.role is not Role.ANNOTATOR:
        return history
    own = {item.annotation.id for item in history if item.annotation.user_id == view.annotation.user_id}
    return [item for item in history if {item.annotation.id, item.annotation.fixes_annotation_id} & own]
