"""Images, what became of uploads, and regions as JSON."""

import uuid
from typing import Any, Self

from pydantic import BaseModel

from segloop.settings import Split
from segloop_server.schemas.common import Timestamp
from segloop_store.models import GroundTruth, Image
from segloop_store.repositories.images import Kept, KeptImage

API = "/api/v1"


class KeptImageOut(BaseModel):
    """An image that was created, or existed before."""

    id: uuid.UUID
    filename: str
    width: int
    height: int
    is_hidden: bool = False
    notes: list[str] = []


class RejectedFile(BaseModel):
    """A file that was not taken, and why."""

    filename: str
    reason: str


class UploadResult(BaseModel):
    """What became of each file of a request."""

    created: list[KeptImageOut]
    existing: list[KeptImageOut]
    rejected: list[RejectedFile]
    job_id: uuid.UUID | None = None

    @classmethod
    def of(cls, kept: list[KeptImage], job_id: uuid.UUID | None) -> Self:
        """From what the store says of each file."""
        by_result: dict[Kept, list[KeptImageOut]] = {Kept.CREATED: [], Kept.EXISTING: []}
        rejected = []
        for item in kept:
            if item.image_id is None:
                rejected.append(RejectedFile(filename=printable(item.filename), reason=item.reason))
                continue
            by_result[item.result].append(
                KeptImageOut(
                    id=item.image_id,
                    filename=item.filename,
                    width=item.width,
                    height=item.height,
                    is_hidden=item.is_hidden,
                    notes=list(item.notes),
                )
            )
        return cls(
            created=by_result[Kept.CREATED],
            existing=by_result[Kept.EXISTING],
            rejected=rejected,
            job_id=job_id,
        )


def printable(filename: str) -> str:
    """A rejected name as it came, but for what JSON cannot carry."""
    return filename.encode("utf-8", "replace").decode()


class ImageOut(BaseModel):
    """An image in a list."""

    id: uuid.UUID
    project_id: uuid.UUID
    filename: str
    split: Split
    width: int
    height: int
    ready: bool
    thumbnail_url: str
    labelled_fraction: float
    created_at: Timestamp
    hidden_at: Timestamp | None

    @classmethod
    def of(cls, image: Image, *, is_ready: bool, labelled_px: int) -> Self:
        """From its row."""
        return cls(
            **_common(image),
            ready=is_ready,
            labelled_fraction=min(1.0, labelled_px / (image.width * image.height)),
        )


class ImageDetails(ImageOut):
    """An image by itself."""

    sha256: str
    num_bytes: int
    format: str
    notes: list[Any]
    file_url: str
    original_url: str
    has_ground_truth: bool

    @classmethod
    def with_details(
        cls, image: Image, *, is_ready: bool, labelled_px: int, truth: GroundTruth | None
    ) -> Self:
        """From its rows."""
        url = f"{API}/images/{image.id}"
        return cls(
            **_common(image),
            ready=is_ready,
            labelled_fraction=min(1.0, labelled_px / (image.width * image.height)),
            sha256=image.sha256,
            num_bytes=image.num_bytes,
            format=image.format,
            notes=image.notes,
            file_url=f"{url}/file",
            original_url=f"{url}/original",
            has_ground_truth=truth is not None,
        )


def _common(image: Image) -> dict[str, Any]:
    return {
        "id": image.id,
        "project_id": image.project_id,
        "filename": image.filename,
        "split": image.split,
        "width": image.width,
        "height": image.height,
        "thumbnail_url": f"{API}/images/{image.id}/thumbnail",
        "created_at": image.created_at,
        "hidden_at": image.hidden_at,
    }


class GroundTruthOut(BaseModel):
    """An uploaded label map."""

    image_id: uuid.UUID
    version: int
    num_labelled_px: int
    labelled_fraction: float


class RegionOut(BaseModel):
    """A region: `state` is unasked, open, leased or answered."""

    index: int
    bbox: tuple[int, int, int, int]
    area_px: int
    state: str


class RegionsOut(BaseModel):
    """All regions of an image."""

    region_map_url: str
    num_regions: int
    regions: list[RegionOut]
