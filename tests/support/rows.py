"""Rows for tests, one call each, with every value a test does not care about filled in."""

import hashlib
import itertools
import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from segloop.settings import (
    Acquisition,
    AnnotationKind,
    Method,
    PartitionKind,
    QueryPurpose,
    Split,
)
from segloop_store.clock import now
from segloop_store.models import (
    Annotation,
    Assignment,
    GroundTruth,
    Image,
    Partition,
    Project,
    RegionQuery,
    Review,
    Round,
    User,
)
from segloop_store.states import AssignmentState, QueryState, RoundState

_count = itertools.count()


def add_user(session: Session, username: str | None = None) -> User:
    """A user without a password."""
    user = User(username=username or f"user-{next(_count)}")
    session.add(user)
    session.flush()
    return user


def add_project(session: Session, name: str = "streets") -> Project:
    """A project with a grid partition."""
    project = Project(name=name, partition_kind=PartitionKind.GRID)
    session.add(project)
    session.flush()
    return project


def add_image(
    session: Session,
    project: Project,
    filename: str | None = None,
    *,
    split: Split = Split.POOL,
    width: int = 20,
    height: int = 10,
    hidden_at: datetime | None = None,
) -> Image:
    """An image whose blobs are only named."""
    name = filename or f"{next(_count):06d}.png"
    sha256 = hashlib.sha256(f"{project.id}/{name}".encode()).hexdigest()
    image = Image(
        project_id=project.id,
        filename=name,
        sha256=sha256,
        split=split,
        width=width,
        height=height,
        num_bytes=1,
        format="PNG",
        original_key=f"original/{sha256}",
        pixels_key=f"pixels/{sha256}",
        hidden_at=hidden_at,
    )
    session.add(image)
    session.flush()
    return image


def add_partition(session: Session, image: Image, *, num_regions: int = 8) -> Partition:
    """The image's regions."""
    partition = Partition(
        image_id=image.id,
        kind=PartitionKind.GRID,
        size_px=5,
        num_regions=num_regions,
        region_map_key=f"region_map/{image.id}",
        segments_key=f"segments/{image.id}",
    )
    session.add(partition)
    session.flush()
    return partition


def add_truth(session: Session, image: Image, *, version: int = 1, num_labelled_px: int = 0) -> GroundTruth:
    """An uploaded label map."""
    truth = GroundTruth(
        image_id=image.id,
        version=version,
        label_map_key=f"truth/{image.id}/{version}",
        num_labelled_px=num_labelled_px,
    )
    session.add(truth)
    session.flush()
    return truth


def add_round(
    session: Session, project: Project, number: int = 0, *, state: RoundState = RoundState.ANNOTATING
) -> Round:
    """A round in any state."""
    round_ = Round(
        project_id=project.id,
        number=number,
        state=state,
        method=Method.S4AL_PLUS,
        acquisition=Acquisition.ENTROPY,
        budget_regions=8,
    )
    session.add(round_)
    session.flush()
    return round_


def add_query(
    session: Session,
    round_: Round,
    image: Image,
    region_index: int = 0,
    *,
    purpose: QueryPurpose = QueryPurpose.SELECTED,
    state: QueryState = QueryState.OPEN,
    rank: int = 0,
    num_answered: int = 0,
) -> RegionQuery:
    """A question about a 5 x 5 region."""
    query = RegionQuery(
        project_id=round_.project_id,
        round_id=round_.id,
        image_id=image.id,
        region_index=region_index,
        bbox_x=5 * (region_index % 4),
        bbox_y=5 * (region_index // 4),
        bbox_width=5,
        bbox_height=5,
        area_px=25,
        rank=rank,
        purpose=purpose,
        state=state,
        num_answered=num_answered,
    )
    session.add(query)
    session.flush()
    return query


def add_assignment(
    session: Session,
    query: RegionQuery,
    user: User,
    *,
    state: AssignmentState = AssignmentState.LEASED,
    seconds: float = 600,
) -> Assignment:
    """A lease that is over in `seconds`."""
    assignment = Assignment(
        region_query_id=query.id,
        user_id=user.id,
        state=state,
        lease_expires_at=now() + timedelta(seconds=seconds),
    )
    session.add(assignment)
    session.flush()
    return assignment


def add_annotation(
    session: Session,
    query: RegionQuery,
    user: User,
    *,
    version: int = 1,
    fixes: Annotation | None = None,
    **values: Any,
) -> Annotation:
    """An answer; its PNG bytes are its own id, so that tests can tell answers apart."""
    annotation_id = uuid.uuid4()
    annotation = Annotation(
        id=annotation_id,
        project_id=query.project_id,
        region_query_id=query.id,
        image_id=query.image_id,
        region_index=query.region_index,
        user_id=user.id,
        version=version,
        fixes_annotation_id=None if fixes is None else fixes.id,
        label_map_png=annotation_id.bytes,
        label_map_sha256="0" * 64,
        num_void_px=0,
        annotation_seconds=1.0,
        num_clicks=1,
        **{"kind": AnnotationKind.EXACT, **values},
    )
    session.add(annotation)
    session.flush()
    return annotation


def add_review(session: Session, annotation: Annotation, reviewer: User, verdict: str) -> Review:
    """A verdict."""
    review = Review(annotation_id=annotation.id, reviewer_id=reviewer.id, verdict=verdict)
    session.add(review)
    session.flush()
    return review
