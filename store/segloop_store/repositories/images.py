"""Images, their uploaded truths and their partitions' rows."""

import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from segloop.regions import MAX_REGIONS
from segloop.settings import QueryPurpose, Split
from segloop_store.clock import new_id, now
from segloop_store.database import is_sqlite, unique_or_conflict
from segloop_store.models import Assignment, GroundTruth, Image, Partition, Project, RegionQuery
from segloop_store.states import AssignmentState, QueryState

_IDS_A_QUERY = 500
"""SQLite takes 32,766 parameters, PostgreSQL 65,535; far below both the plan stays small."""


class Kept(StrEnum):
    """What became of an uploaded file."""

    CREATED = "created"
    EXISTING = "existing"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class NewImage:
    """The decoded facts of an image whose blobs are kept already."""

    filename: str
    sha256: str
    width: int
    height: int
    num_bytes: int
    format: str
    notes: tuple[str, ...]
    original_key: str
    pixels_key: str


@dataclass(frozen=True, slots=True)
class SeenImage:
    """What is asked of an image that has the same bytes."""

    id: uuid.UUID
    filename: str
    split: Split
    width: int
    height: int
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class KeptImage:
    """What became of an uploaded file, with the reason where it was rejected."""

    result: Kept
    filename: str
    image_id: uuid.UUID | None = None
    width: int = 0
    height: int = 0
    reason: str = ""
    is_hidden: bool = False
    notes: tuple[str, ...] = ()

    @classmethod
    def rejected(cls, filename: str, reason: str) -> Self:
        """A file that was not taken."""
        return cls(result=Kept.REJECTED, filename=filename, reason=reason)


def by_id(session: Session, image_id: uuid.UUID) -> Image | None:
    """An image, hidden or not."""
    return session.get(Image, image_id)


def pool_sizes(session: Session, project_id: uuid.UUID) -> Mapping[tuple[int, int], int]:
    """(height, width) -> how many images of the pool have that size."""
    statement = (
        select(Image.height, Image.width, func.count())
        .where(Image.project_id == project_id, Image.split == Split.POOL, Image.hidden_at.is_(None))
        .group_by(Image.height, Image.width)
    )
    return {(height, width): count for height, width, count in session.execute(statement)}


def find_by_sha256(
    session: Session, project_id: uuid.UUID, sha256s: Sequence[str]
) -> Mapping[str, SeenImage]:
    """The project's images that have these bytes, hidden ones too."""
    found: dict[str, SeenImage] = {}
    for start in range(0, len(sha256s), _IDS_A_QUERY):
        chunk = sha256s[start : start + _IDS_A_QUERY]
        statement = select(Image).where(Image.project_id == project_id, Image.sha256.in_(chunk))
        found |= {image.sha256: _seen(image) for image in session.scalars(statement)}
    return found


def kept_before(seen: SeenImage, filename: str, split: Split) -> KeptImage:
    """The answer to bytes the project has already: existing, or rejected when they are in another split."""
    if seen.split is not split:
        return KeptImage.rejected(
            filename, f"the same image is already in the split {seen.split} as {seen.filename!r}"
        )
    return KeptImage(
        result=Kept.EXISTING,
        filename=seen.filename,
        image_id=seen.id,
        width=seen.width,
        height=seen.height,
        is_hidden=seen.is_hidden,
    )


def add_image(
    session: Session, new: NewImage, *, project: Project, split: Split, uploaded_by: uuid.UUID | None
) -> KeptImage:
    """Write an image's row, unless its bytes or its filename are in the project already."""
    size_px = project.partition_size_px
    if size_px is not None:
        num_regions = math.ceil(new.width / size_px) * math.ceil(new.height / size_px)
        if num_regions > MAX_REGIONS:
            return KeptImage.rejected(
                new.filename,
                f"{new.width} x {new.height} pixels in regions of {size_px} px are {num_regions} regions: "
                f"at most {MAX_REGIONS} an image",
            )
    image_id = _insert_image(session, new, project.id, split, uploaded_by)
    if image_id is None:
        return _why_not_inserted(session, new, project.id, split)
    return KeptImage(
        result=Kept.CREATED,
        filename=new.filename,
        image_id=image_id,
        width=new.width,
        height=new.height,
        notes=new.notes,
    )


def _insert_image(
    session: Session, new: NewImage, project_id: uuid.UUID, split: Split, uploaded_by: uuid.UUID | None
) -> uuid.UUID | None:
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    values = {
        "id": new_id(),
        "created_at": now(),
        "project_id": project_id,
        "split": split,
        "uploaded_by": uploaded_by,
        "filename": new.filename,
        "sha256": new.sha256,
        "width": new.width,
        "height": new.height,
        "num_bytes": new.num_bytes,
        "format": new.format,
        "notes": list(new.notes),
        "original_key": new.original_key,
        "pixels_key": new.pixels_key,
    }
    return session.scalar(insert(Image).values(values).on_conflict_do_nothing().returning(Image.id))


def _why_not_inserted(session: Session, new: NewImage, project_id: uuid.UUID, split: Split) -> KeptImage:
    seen = find_by_sha256(session, project_id, [new.sha256]).get(new.sha256)
    if seen is not None:
        return kept_before(seen, new.filename, split)
    return KeptImage.rejected(
        new.filename, "another image of this name is in the project, and an image's bytes never change"
    )


def _seen(image: Image) -> SeenImage:
    return SeenImage(
        id=image.id,
        filename=image.filename,
        split=image.split,
        width=image.width,
        height=image.height,
        is_hidden=image.hidden_at is not None,
    )


def list_images(
    session: Session,
    project_id: uuid.UUID,
    *,
    split: Split | None,
    text: str | None,
    is_hidden: bool,
    after: str | None,
    limit: int,
) -> Sequence[tuple[Image, bool]]:
    """Images by filename, each with whether it is cut into regions and ready to be asked about.

    Args:
        session: an open one.
        project_id: of this project.
        split: only this one.
        text: only filenames that hold it, in any case.
        is_hidden: the hidden ones instead of the others.
        after: only filenames behind this one.
        limit: how many.
    """
    statement = (
        select(Image, Partition.id.is_not(None))
        .outerjoin(Partition, Partition.image_id == Image.id)
        .where(
            Image.project_id == project_id,
            Image.hidden_at.is_not(None) if is_hidden else Image.hidden_at.is_(None),
        )
        .order_by(Image.filename)
        .limit(limit)
    )
    if split is not None:
        statement = statement.where(Image.split == split)
    if text:
        statement = statement.where(Image.filename.icontains(text, autoescape=True))
    if after is not None:
        statement = statement.where(Image.filename > after)
    return [(image, bool(is_ready)) for image, is_ready in session.execute(statement)]


def labelled_pixels(session: Session, image_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, int]:
    """Pixels of each image that an uploaded truth or an answered region covers; both at once count twice."""
    ids = list(image_ids)
    newest = (
        select(GroundTruth.image_id, func.max(GroundTruth.version).label("version"))
        .where(GroundTruth.image_id.in_(ids))
        .group_by(GroundTruth.image_id)
        .subquery()
    )
    truths = select(GroundTruth.image_id, GroundTruth.num_labelled_px).join(
        newest,
        (newest.c.image_id == GroundTruth.image_id) & (newest.c.version == GroundTruth.version),
    )
    regions = (
        select(RegionQuery.image_id, RegionQuery.region_index, RegionQuery.area_px)
        .where(
            RegionQuery.image_id.in_(ids),
            RegionQuery.num_answered > 0,
            RegionQuery.purpose == QueryPurpose.SELECTED,
        )
        .distinct()
        .subquery()
    )
    answers = select(regions.c.image_id, func.sum(regions.c.area_px)).group_by(regions.c.image_id)
    counts = dict.fromkeys(ids, 0)
    for statement in (truths, answers):
        for image_id, num_pixels in session.execute(statement):
            counts[image_id] += int(num_pixels)
    return counts


def set_hidden(image: Image, *, is_hidden: bool) -> None:
    """Take an image out of everything, or bring it back; its annotations stay where they are."""
    image.hidden_at = (image.hidden_at or now()) if is_hidden else None


def too_large_for(session: Session, project_id: uuid.UUID, size_px: int) -> Image | None:
    """An image, if any, that regions of this size would cut into more than a region map can number."""
    columns = (Image.width + size_px - 1) // size_px
    rows = (Image.height + size_px - 1) // size_px
    statement = select(Image).where(Image.project_id == project_id, columns * rows > MAX_REGIONS)
    return session.scalar(statement.limit(1))


def partition_of(session: Session, image_id: uuid.UUID) -> Partition | None:
    """The row of an image's partition, once it is made."""
    return session.scalar(select(Partition).where(Partition.image_id == image_id))


def region_states(session: Session, image_id: uuid.UUID) -> Mapping[int, str]:
    """open, leased or answered for each region that was asked; regions not listed were not, or taken back."""
    leased = (
        select(Assignment.id)
        .where(Assignment.region_query_id == RegionQuery.id, Assignment.state == AssignmentState.LEASED)
        .exists()
    )
    statement = (
        select(RegionQuery.region_index, RegionQuery.state, RegionQuery.num_answered, leased)
        # asking a second time changes nothing of what the region is
        .where(RegionQuery.image_id == image_id, RegionQuery.purpose != QueryPurpose.AGREEMENT)
        .order_by(RegionQuery.created_at, RegionQuery.id)
    )
    states: dict[int, str] = {}
    for index, state, num_answered, is_leased in session.execute(statement):
        if is_leased:
            states[index] = "leased"
        elif state is QueryState.OPEN:
            states[index] = "open"
        elif state is QueryState.ANSWERED or num_answered:
            states[index] = "answered"
    return states


def latest_truth(session: Session, image_id: uuid.UUID) -> GroundTruth | None:
    """The uploaded label map that counts."""
    statement = select(GroundTruth).where(GroundTruth.image_id == image_id)
    return session.scalar(statement.order_by(GroundTruth.version.desc()).limit(1))


def add_truth(
    session: Session,
    image_id: uuid.UUID,
    *,
    version: int,
    label_map_key: str,
    num_labelled_px: int,
    uploaded_by: uuid.UUID | None,
) -> GroundTruth:
    """Write the row of an uploaded label map whose blob is kept already.

    Raises:
        ConflictError: somebody else uploaded this version at the same moment.
    """
    truth = GroundTruth(
        image_id=image_id,
        version=version,
        label_map_key=label_map_key,
        num_labelled_px=num_labelled_px,
        uploaded_by=uploaded_by,
    )
    with unique_or_conflict(
        session, "another label map of this image arrived at the same moment: send it again"
    ):
        session.add(truth)
    return truth
