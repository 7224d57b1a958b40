"""Archives: one zip or tar as the raw body, kept as it comes; a job reads it."""

import tarfile
import uuid
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from segloop.settings import Split
from segloop_server.dependencies import Caller, CallerDep, Context, ContextDep, require_role
from segloop_server.errors import InvalidFieldError
from segloop_server.schemas.jobs import JobOut, JobStarted
from segloop_server.uploads import FileReceiver, new_folder, receive, remove_folder
from segloop_store import blob_keys, events
from segloop_store.clock import new_id
from segloop_store.jobs import add_job
from segloop_store.states import JobKind, Role

router = APIRouter(tags=["images"])

_ARCHIVE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


async def receive_archive(
    project_id: uuid.UUID, request: Request, context: ContextDep, caller: CallerDep
) -> AsyncIterator[Path]:
    """The archive on disk, for as long as the request lasts; received only from an owner."""
    await run_in_threadpool(_require_owner, context, caller, project_id)
    folder = await run_in_threadpool(new_folder, context.temporary_dir)
    try:
        path = folder / "archive"
        await receive(request, FileReceiver(path))
        yield path
    finally:
        await run_in_threadpool(remove_folder, folder)


@router.post("/projects/{project_id}/archives", status_code=202, openapi_extra=_ARCHIVE_BODY)
def upload_archive(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    path: Annotated[Path, Depends(receive_archive)],
    split: Split | None = None,
) -> JobStarted:
    """Upload many images at once; the job's results say what became of each file.

    Without `split` the archive has the folders `images/<split>/`, and may have `labels/<split>/` and
    `classes.json`.
    """
    if not zipfile.is_zipfile(path) and not _is_tar(path):
        raise InvalidFieldError("body", "this is neither a zip nor a tar archive, or its end is missing")
    key = blob_keys.archive(new_id())
    context.blobs.put_file(key, path)
    context.blobs.settle()
    with context.database.transaction() as session:
        require_role(session, caller, project_id, Role.OWNER)
        payload = {
            "archive_key": key,
            "split": None if split is None else split.value,
            "user_id": str(caller.user_id),
        }
        job = add_job(session, JobKind.ARCHIVE, project_id=project_id, payload=payload)
        events.record(
            session,
            "archive.uploaded",
            project_id=project_id,
            user_id=caller.user_id,
            payload={"job_id": str(job.id)},
        )
        return JobStarted(job=JobOut.of(job))


def _require_owner(context: Context, caller: Caller, project_id: uuid.UUID) -> None:
    with context.database.reading() as session:
        require_role(session, caller, project_id, Role.OWNER)


def _is_tar(path: Path) -> bool:
    """Whether the first member of a tar, compressed or not, can be read."""
    try:
        with tarfile.open(path) as archive:
            return archive.next() is not None
    except (tarfile.TarError, EOFError, OSError):
        return False
