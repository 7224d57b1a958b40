"""Exports: ask for a zip, watch it, fetch it."""

import uuid

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from segloop_server.blob_responses import blob_response
from segloop_server.dependencies import Caller, CallerDep, ContextDep, require_role
from segloop_server.errors import InvalidFieldError
from segloop_server.paging import DEFAULT_LIMIT, Cursor, Limit, decode_id_cursor, page_by_id
from segloop_server.schemas.common import Page
from segloop_server.schemas.jobs import ExportOut, NewExport
from segloop_store import events
from segloop_store.errors import ConflictError, NotFoundError
from segloop_store.models import Export
from segloop_store.problem_codes import ProblemCode
from segloop_store.repositories import exports
from segloop_store.states import Role

router = APIRouter(tags=["exports"])


@router.post("/projects/{project_id}/exports", status_code=202)
def create_export(
    project_id: uuid.UUID, body: NewExport, context: ContextDep, caller: CallerDep
) -> ExportOut:
    """Have a zip made; for reviewers and owners."""
    if body.format.value not in exports.FORMATS:
        known = ", ".join(exports.FORMATS)
        raise InvalidFieldError("format", f"{body.format} is not written yet: use one of {known}")
    with context.database.transaction() as session:
        require_role(session, caller, project_id, Role.REVIEWER)
        export = exports.add_export(
            session,
            project_id,
            file_format=body.format.value,
            content=body.content.value,
            created_by=caller.user_id,
        )
        events.record(
            session,
            "export.queued",
            project_id=project_id,
            user_id=caller.user_id,
            payload={"export_id": str(export.id), "format": export.format},
        )
        return ExportOut.of(export)


@router.get("/projects/{project_id}/exports")
def list_exports(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ExportOut]:
    """A project's exports, newest first."""
    before = decode_id_cursor(cursor)
    with context.database.reading() as session:
        require_role(session, caller, project_id)
        found = exports.list_exports(session, project_id, before=before, limit=limit + 1)
        return page_by_id(found, limit, ExportOut.of, lambda export: export.id)


@router.get("/exports/{export_id}")
def get_export(export_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> ExportOut:
    """One export."""
    with context.database.reading() as session:
        return ExportOut.of(_require_export(session, caller, export_id))


@router.get("/exports/{export_id}/file", response_class=Response)
def get_export_file(
    export_id: uuid.UUID, request: Request, context: ContextDep, caller: CallerDep
) -> Response:
    """The zip, whole or a range of it; for those who may ask for one. 409 until it is done."""
    with context.database.reading() as session:
        export = _require_export(session, caller, export_id, Role.REVIEWER)
        shown = ExportOut.of(export)
    if shown.file_url is None or export.file_key is None:
        why = f": {export.error}" if export.error else ""
        raise ConflictError(
            f"this export has no file: it is {export.state}{why}",
            code=ProblemCode.EXPORT_WITHOUT_FILE,
            state=export.state.value,
        )
    return blob_response(
        request,
        context.blobs,
        export.file_key,
        media_type="application/zip",
        etag=f"export-{export.id}",
        download_as=f"{export.format}-{export.content}-{export.created_at:%Y%m%d-%H%M%S}.zip",
    )


def _require_export(
    session: Session, caller: Caller, export_id: uuid.UUID, at_least: Role = Role.VIEWER
) -> Export:
    export = exports.export_by_id(session, export_id)
    try:
        require_role(session, caller, export.project_id, at_least)
    except NotFoundError as error:
        raise NotFoundError("there is no such export") from error
    return export
