"""Images of a project: upload, list, hide and restore."""

import uuid
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import StringConstraints
from sqlalchemy.orm import Session

from segloop.settings import Split
from segloop_server.dependencies import Caller, CallerDep, Context, ContextDep, require_image, require_role
from segloop_server.errors import InvalidFieldError
from segloop_server.paging import DEFAULT_LIMIT, Cursor, Limit, decode_cursor, encode_cursor
from segloop_server.schemas.common import Page, Storable
from segloop_server.schemas.images import ImageDetails, ImageOut, UploadResult
from segloop_server.uploads import FormReceiver, new_folder, receive, remove_folder
from segloop_store import events
from segloop_store.incoming import IncomingFile, keep_files, prepare_files
from segloop_store.jobs import add_job
from segloop_store.models import Image
from segloop_store.repositories import images, preparation
from segloop_store.repositories.images import Kept, KeptImage
from segloop_store.states import JobKind, Role

router = APIRouter(tags=["images"])

_UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files", "split"],
                    "properties": {
                        "split": {"type": "string", "enum": [split.value for split in Split]},
                        "files": {
                            "type": "array",
                            "items": {"type": "string", "contentMediaType": "application/octet-stream"},
                            "description": "one part a file; its filename keeps its relative path",
                        },
                    },
                }
            }
        },
    }
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A received form."""

    split: Split
    files: list[IncomingFile]


async def receive_upload(
    project_id: uuid.UUID, request: Request, context: ContextDep, caller: CallerDep
) -> AsyncIterator[Upload]:
    """The form's files on disk, for as long as the request lasts; received only from an owner."""
    await run_in_threadpool(_require_owner, context, caller, project_id)
    folder = await run_in_threadpool(new_folder, context.temporary_dir)
    try:
        receiver = FormReceiver(request.headers.get("Content-Type", ""), folder, "files", context.settings)
        with closing(receiver):
            await receive(request, receiver)
            receiver.finish()
        yield _checked(receiver)
    finally:
        await run_in_threadpool(remove_folder, folder)


@router.post("/projects/{project_id}/images", status_code=201, openapi_extra=_UPLOAD_BODY)
def upload_images(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    upload: Annotated[Upload, Depends(receive_upload)],
) -> UploadResult:
    """Upload images: each file is created, existing or rejected with a reason. It may be repeated.

    Existing images whose preparation ended badly are prepared again.
    """
    prepared = prepare_files(
        context.database,
        context.blobs,
        context.decoder,
        upload.files,
        project_id=project_id,
        split=upload.split,
    )
    with context.database.transaction() as session:
        access = require_role(session, caller, project_id, Role.OWNER)
        kept = keep_files(session, access.project, prepared, split=upload.split, uploaded_by=caller.user_id)
        job_id = _add_ingest_job(session, project_id, caller, kept)
    for item in kept:
        context.metrics.uploads.labels(item.result.value).inc()
    return UploadResult.of(kept, job_id)


@router.get("/projects/{project_id}/images")
def list_images(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    split: Split | None = None,
    q: Annotated[str | None, StringConstraints(max_length=200), Storable, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
    *,
    hidden: bool = False,
) -> Page[ImageOut]:
    """Images by filename; `q` finds a part of it, `hidden=true` lists the hidden ones instead."""
    key = decode_cursor(cursor, str)
    with context.database.reading() as session:
        require_role(session, caller, project_id)
        found = images.list_images(
            session,
            project_id,
            split=split,
            text=q,
            is_hidden=hidden,
            after=None if key is None else str(key[0]),
            limit=limit + 1,
        )
        shown = found[:limit]
        labelled = images.labelled_pixels(session, [image.id for image, _ in shown])
        items = [
            ImageOut.of(image, is_ready=is_ready, labelled_px=labelled[image.id]) for image, is_ready in shown
        ]
        next_cursor = encode_cursor(items[-1].filename) if len(found) > limit else None
        return Page(items=items, next_cursor=next_cursor)


@router.get("/images/{image_id}")
def get_image(image_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> ImageDetails:
    """One image; a hidden one is shown to owners."""
    with context.database.reading() as session:
        return _details(session, _visible(session, caller, image_id))


@router.delete("/images/{image_id}", status_code=204)
def hide_image(image_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> Response:
    """Take an image out of everything: its annotations leave training and exports. `restore` undoes it."""
    _set_hidden(context, caller, image_id, is_hidden=True)
    return Response(status_code=204)


@router.post("/images/{image_id}/restore")
def restore_image(image_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> ImageDetails:
    """Bring a hidden image back, with everything that was said of it."""
    return _set_hidden(context, caller, image_id, is_hidden=False)


def _require_owner(context: Context, caller: Caller, project_id: uuid.UUID) -> None:
    with context.database.reading() as session:
        require_role(session, caller, project_id, Role.OWNER)


def _checked(receiver: FormReceiver) -> Upload:
    unknown = sorted(set(receiver.fields) - {"split"})
    if unknown:
        raise InvalidFieldError(unknown[0], "this form has the fields files and split")
    name = receiver.fields.get("split")
    if name not in {split.value for split in Split}:
        raise InvalidFieldError("split", f"must be one of {', '.join(Split)}")
    if not receiver.files:
        raise InvalidFieldError("files", "the form holds no file")
    return Upload(split=Split(name), files=receiver.files)


def _add_ingest_job(
    session: Session, project_id: uuid.UUID, caller: Caller, kept: list[KeptImage]
) -> uuid.UUID | None:
    created = [item.image_id for item in kept if item.result is Kept.CREATED and item.image_id is not None]
    existing = [item.image_id for item in kept if item.result is Kept.EXISTING and item.image_id is not None]
    to_prepare = [*created, *preparation.stranded(session, project_id, existing)]
    if not to_prepare:
        return None
    payload = {"image_ids": [str(image_id) for image_id in to_prepare]}
    job = add_job(session, JobKind.INGEST, project_id=project_id, payload=payload)
    if created:
        events.record(
            session,
            "image.uploaded",
            project_id=project_id,
            user_id=caller.user_id,
            payload={"num_images": len(created)},
        )
    return job.id


def _visible(session: Session, caller: Caller, image_id: uuid.UUID) -> Image:
    """The image; hidden ones exist for owners only."""
    image = images.by_id(session, image_id)
    is_hidden = image is not None and image.hidden_at is not None
    at_least = Role.OWNER if is_hidden else Role.VIEWER
    return require_image(session, caller, image_id, at_least, include_hidden=True)


def _set_hidden(context: Context, caller: Caller, image_id: uuid.UUID, *, is_hidden: bool) -> ImageDetails:
    with context.database.transaction() as session:
        image = require_image(session, caller, image_id, Role.OWNER, include_hidden=True)
        images.set_hidden(image, is_hidden=is_hidden)
        events.record(
            session,
            "image.hidden" if is_hidden else "image.restored",
            project_id=image.project_id,
            user_id=caller.user_id,
            payload={"image_id": str(image_id), "filename": image.filename},
        )
        session.flush()
        return _details(session, image)


def _details(session: Session, image: Image) -> ImageDetails:
    return ImageDetails.with_details(
        image,
        is_ready=images.partition_of(session, image.id) is not None,
        labelled_px=images.labelled_pixels(session, [image.id])[image.id],
        truth=images.latest_truth(session, image.id),
    )
