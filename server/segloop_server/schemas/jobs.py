"""Jobs and exports as JSON."""

import uuid
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel

from segloop_server.schemas.common import Payload, Timestamp
from segloop_server.schemas.images import API
from segloop_store.models import Export, Job
from segloop_store.states import JobKind, JobState


class JobOut(BaseModel):
    """A background run."""

    id: uuid.UUID
    kind: JobKind
    state: JobState
    project_id: uuid.UUID | None
    round_id: uuid.UUID | None
    progress_fraction: float
    progress: dict[str, Any]
    waiting_reason: str | None
    attempt: int
    error: str | None
    results: dict[str, Any] | None
    is_cancel_requested: bool
    created_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None

    @classmethod
    def of(cls, job: Job) -> Self:
        """From its row."""
        return cls(
            id=job.id,
            kind=job.kind,
            state=job.state,
            project_id=job.project_id,
            round_id=job.round_id,
            progress_fraction=job.progress_fraction,
            progress=job.progress,
            waiting_reason=job.waiting_reason,
            attempt=job.attempt,
            error=job.error,
            results=job.results,
            is_cancel_requested=job.is_cancel_requested,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
        )


class JobStarted(BaseModel):
    """A job that was queued."""

    job: JobOut


class ExportFormat(StrEnum):
    """Formats the API names; the server says which it writes today."""

    INDEX_PNG = "index_png"
    COCO_RLE = "coco_rle"
    COCO_PANOPTIC = "coco_panoptic"
    VOC = "voc"
    CITYSCAPES = "cityscapes"
    CAMVID = "camvid"
    CVAT = "cvat"
    LABEL_STUDIO = "label_studio"
    HF = "hf"


class ExportContent(StrEnum):
    """What an export holds."""

    ANNOTATIONS = "annotations"
    PREDICTIONS = "predictions"
    BOTH = "both"


class NewExport(Payload):
    """An export to be made."""

    format: ExportFormat
    content: ExportContent = ExportContent.ANNOTATIONS


class ExportOut(BaseModel):
    """An export; its file is there once it is done."""

    id: uuid.UUID
    project_id: uuid.UUID
    state: JobState
    format: str
    content: str
    created_at: Timestamp
    file_url: str | None
    size_bytes: int | None
    error: str | None

    @classmethod
    def of(cls, export: Export) -> Self:
        """From its row."""
        has_file = export.state is JobState.DONE and export.file_key is not None
        return cls(
            id=export.id,
            project_id=export.project_id,
            state=export.state,
            format=export.format,
            content=export.content,
            created_at=export.created_at,
            file_url=f"{API}/exports/{export.id}/file" if has_file else None,
            size_bytes=export.num_bytes,
            error=export.error,
        )
