"""What ingest reads and leaves of each image: its thumbnail and its partition."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from segloop.settings import PartitionKind
from segloop_store.models import Image, Job, Partition, Project
from segloop_store.states import JobKind, JobState

_IDS_A_QUERY = 500


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """What ingest made of one image; its blobs are kept already."""

    image_id: uuid.UUID
    thumbnail_key: str
    kind: PartitionKind
    size_px: int
    num_regions: int
    region_map_key: str
    segments_key: str


def unprepared(session: Session, image_ids: Sequence[uuid.UUID]) -> list[Image]:
    """Those of the images that lack a thumbnail or a partition, in the order given."""
    found: dict[uuid.UUID, Image] = {}
    for start in range(0, len(image_ids), _IDS_A_QUERY):
        statement = (
            select(Image)
            .outerjoin(Partition, Partition.image_id == Image.id)
            .where(Image.id.in_(image_ids[start : start + _IDS_A_QUERY]))
            .where(or_(Partition.id.is_(None), Image.thumbnail_key.is_(None)))
        )
        found |= {image.id: image for image in session.scalars(statement)}
    return [found[image_id] for image_id in image_ids if image_id in found]


def stranded(session: Session, project_id: uuid.UUID, image_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Those of a project's images that lack something and that no unfinished ingest is going to prepare."""
    lacking = unprepared(session, image_ids)
    if not lacking:
        return []
    unfinished = select(Job.payload).where(
        Job.project_id == project_id,
        Job.kind == JobKind.INGEST,
        Job.state.in_((JobState.QUEUED, JobState.RUNNING)),
    )
    coming = {text for payload in session.scalars(unfinished) for text in payload["image_ids"]}
    return [image.id for image in lacking if str(image.id) not in coming]


def partition_rule(session: Session, project_id: uuid.UUID) -> tuple[PartitionKind, int | None]:
    """How a project cuts its images: the kind, and the size where it is the same for all."""
    statement = select(Project.partition_kind, Project.partition_size_px).where(Project.id == project_id)
    kind, size_px = session.execute(statement).one()
    return kind, size_px


def keep(session: Session, prepared: PreparedImage) -> None:
    """Write an image's rows. A partition that is there already stays: it may have been asked about."""
    session.execute(
        update(Image).where(Image.id == prepared.image_id).values(thumbnail_key=prepared.thumbnail_key),
        execution_options={"synchronize_session": False},
    )
    if session.scalar(select(Partition.id).where(Partition.image_id == prepared.image_id)) is not None:
        return
    session.add(
        Partition(
            image_id=prepared.image_id,
            kind=prepared.kind,
            size_px=prepared.size_px,
            num_regions=prepared.num_regions,
            region_map_key=prepared.region_map_key,
            segments_key=prepared.segments_key,
        )
    )
    session.flush()


def note(session: Session, image_id: uuid.UUID, text: str) -> None:
    """Add a line to what is said of an image, once."""
    image = session.get(Image, image_id)
    if image is not None and text not in image.notes:
        image.notes = [*image.notes, text]
