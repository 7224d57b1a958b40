"""Annotations: what people said, version by version."""

import base64
import uuid

from fastapi import APIRouter

from segloop_server.dependencies import Access, Caller, CallerDep, ContextDep, require_role
from segloop_server.paging import DEFAULT_LIMIT, Cursor, Limit, decode_id_cursor, page_by_id
from segloop_server.schemas.assignments import AnnotationDetail, AnnotationOut
from segloop_server.schemas.common import Page
from segloop_store.errors import NotFoundError
from segloop_store.repositories import annotations
from segloop_store.repositories.annotations import AnnotationState, AnnotationView
from segloop_store.states import Role

router = APIRouter(tags=["annotating"])


@router.get("/projects/{project_id}/annotations")
def list_annotations(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    user: uuid.UUID | None = None,
    round: uuid.UUID | int | None = None,  # noqa: A002 - the name the contract gives it
    state: AnnotationState | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[AnnotationOut]:
    """A project's annotation versions in the order they were made; `round` is a number or an id."""
    with context.database.reading() as session:
        access = require_role(session, caller, project_id)
        views = annotations.list_views(
            session,
            project_id,
            user_id=user,
            round_number=round if isinstance(round, int) else None,
            round_id=round if isinstance(round, uuid.UUID) else None,
            state=state,
            after_id=decode_id_cursor(cursor),
            limit=limit + 1,
        )
    return page_by_id(views, limit, lambda view: _json(view, access, caller), lambda view: view.annotation.id)


@router.get("/annotations/{annotation_id}")
def get_annotation(annotation_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> AnnotationDetail:
    """One annotation version with its pixels."""
    with context.database.reading() as session:
        view = annotations.get_view(session, annotation_id)
        try:
            access = require_role(session, caller, view.annotation.project_id)
        except NotFoundError as error:
            raise NotFoundError("there is no such annotation") from error
    pixels = base64.b64encode(view.annotation.label_map_png).decode()
    return AnnotationDetail(**_json(view, access, caller).model_dump(), label_map_png=pixels)


def _json(view: AnnotationView, access: Access, caller: Caller) -> AnnotationOut:
    annotation, query = view.annotation, view.query
    sees_cost = access.role is Role.OWNER or annotation.user_id == caller.user_id
    return AnnotationOut(
        id=annotation.id,
        region_query_id=annotation.region_query_id,
        assignment_id=annotation.assignment_id,
        image_id=annotation.image_id,
        region_index=annotation.region_index,
        bbox=(query.bbox_x, query.bbox_y, query.bbox_width, query.bbox_height),
        round=view.round_number,
        purpose=query.purpose,
        user_id=annotation.user_id,
        username=view.username,
        version=annotation.version,
        kind=annotation.kind,
        state=view.state,
        num_void_px=annotation.num_void_px,
        annotation_seconds=annotation.annotation_seconds if sees_cost else None,
        num_clicks=annotation.num_clicks if sees_cost else None,
        num_strokes=annotation.num_strokes if sees_cost else None,
        num_keys=annotation.num_keys if sees_cost else None,
        created_at=annotation.created_at,
    )
