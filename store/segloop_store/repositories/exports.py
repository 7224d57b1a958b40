"""Exports: a row for each zip somebody asked for. `segloop_worker` writes the zip."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from segloop_store.errors import NotFoundError
from segloop_store.jobs import add_job
from segloop_store.models import Export
from segloop_store.states import JobKind

FORMATS = ("index_png", "coco_rle")
"""Formats the worker writes today, out of those the API names."""


def add_export(
    session: Session, project_id: uuid.UUID, *, file_format: str, content: str, created_by: uuid.UUID
) -> Export:
    """A new export and its job."""
    export = Export(project_id=project_id, format=file_format, content=content, created_by=created_by)
    session.add(export)
    session.flush()
    add_job(
        session,
        JobKind.EXPORT,
        project_id=project_id,
        payload={"export_id": str(export.id)},
        dedupe_key=f"export:{export.id}",
    )
    return export


def export_by_id(session: Session, export_id: uuid.UUID) -> Export:
    """An export.

    Raises:
        NotFoundError: there is none.
    """
    export = session.get(Export, export_id)
    if export is None:
        raise NotFoundError("there is no such export")
    return export


def list_exports(
    session: Session, project_id: uuid.UUID, *, before: uuid.UUID | None, limit: int
) -> Sequence[Export]:
    """A project's exports, newest first."""
    statement = select(Export).where(Export.project_id == project_id).order_by(Export.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(Export.id < before)
    return session.scalars(statement).all()
