"""What is known of each image: its latest uploaded truth, and over it the annotations in use.

In use of a region query: a reviewer's fix that stands, which replaces whatever anybody said there; else of
each person the accepted version, else the latest, unless it was returned. Answers to agreement and audit
queries are never trained on. Knows rows, not pixels.
"""

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, case, collate, func, or_, select
from sqlalchemy.orm import Session

from segloop.settings import AnnotationKind, QueryPurpose, Split
from segloop_store.database import is_sqlite
from segloop_store.models import Annotation, GroundTruth, Image, Partition, RegionQuery
from segloop_store.repositories.verdicts import has_verdict
from segloop_store.states import Verdict

TRAINED_ON = (QueryPurpose.SELECTED,)
"""Purposes whose answers count as known."""

_BATCH_ROWS = 500


@dataclass(frozen=True, slots=True)
class KnownAnnotation:
    """An annotation in use: an index PNG (255 outside the region) and the box it goes to."""

    annotation_id: uuid.UUID
    image_id: uuid.UUID
    region_index: int
    x: int
    y: int
    width: int
    height: int
    area_px: int
    kind: AnnotationKind
    label_map_png: bytes


@dataclass(frozen=True, slots=True)
class KnownImage:
    """An image with where its arrays are and what is known of it; later annotations win over earlier ones.

    `region_map_key` is None before the image is partitioned, `truth_key` without an uploaded truth.
    """

    image_id: uuid.UUID
    filename: str
    sha256: str
    split: Split
    width: int
    height: int
    pixels_key: str
    num_regions: int
    region_map_key: str | None
    truth_id: uuid.UUID | None
    truth_key: str | None
    num_truth_px: int
    annotations: tuple[KnownAnnotation, ...] = ()

    @property
    def num_px(self) -> int:
        """Pixels of the image."""
        return self.width * self.height

    @property
    def num_labelled_px(self) -> int:
        """Pixels that are not 255, void counted; exact unless annotated regions overlap a partial truth."""
        areas = {annotation.region_index: annotation.area_px for annotation in self.annotations}
        return min(self.num_px, self.num_truth_px + sum(areas.values()))

    @property
    def is_known_at_all(self) -> bool:
        """True when there is a truth or an annotation."""
        return self.truth_id is not None or bool(self.annotations)


def known_images(
    session: Session,
    project_id: uuid.UUID,
    *,
    splits: Collection[Split] = tuple(Split),
    image_ids: Collection[uuid.UUID] | None = None,
    purposes: Collection[QueryPurpose] = TRAINED_ON,
) -> Iterator[KnownImage]:
    """Every image of a project that is not hidden, by (filename, sha256), with what is known of it.

    Two statements whatever the number of images, read in step: memory holds a few hundred rows at a time. Use
    it up inside the transaction.

    Args:
        session: an open transaction.
        project_id: whose images.
        splits: only images of these.
        image_ids: only these images (a shard, or one to show); None = all.
        purposes: queries whose answers count.
    """
    conditions: list[ColumnElement[bool]] = [
        Image.project_id == project_id,
        Image.hidden_at.is_(None),
        Image.split.in_(splits),
    ]
    if image_ids is not None:
        conditions.append(Image.id.in_(image_ids))
    order = image_order(session)
    annotations = _annotations(
        session, _in_use(project_id, purposes).where(*conditions).order_by(*order, *_oldest_first())
    )
    by_image = groupby(annotations, key=lambda annotation: annotation.image_id)
    upcoming = next(by_image, None)
    for image in _images(session, _with_truth(project_id).where(*conditions).order_by(*order)):
        if upcoming is None or upcoming[0] != image.image_id:
            yield image
            continue
        yield _with_annotations(image, tuple(upcoming[1]))
        upcoming = next(by_image, None)


def known_image(
    session: Session, image: Image, *, purposes: Collection[QueryPurpose] = TRAINED_ON
) -> KnownImage:
    """What is known of one image, a hidden one too."""
    found = next(_images(session, _with_truth(image.project_id).where(Image.id == image.id)))
    statement = _in_use(image.project_id, purposes).where(Image.id == image.id).order_by(*_oldest_first())
    return _with_annotations(found, tuple(_annotations(session, statement)))


def annotations_by_id(
    session: Session, project_id: uuid.UUID, annotation_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, KnownAnnotation]:
    """The annotation versions a snapshot names, whatever has become of them since; one statement."""
    wanted = set(annotation_ids)
    statement = _columns().where(Annotation.project_id == project_id)
    found = _annotations(session, statement)
    return {item.annotation_id: item for item in found if item.annotation_id in wanted}


def image_order(session: Session) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """The pool's order, (filename, sha256) by code point: the same on every database, and in a simulation."""
    if is_sqlite(session):  # compares bytes by itself
        return Image.filename.expression, Image.sha256.expression
    return collate(Image.filename, "C"), collate(Image.sha256, "C")


def _in_use(project_id: uuid.UUID, purposes: Collection[QueryPurpose]) -> Select[*tuple[Any, ...]]:
    ranked = _ranked(project_id, purposes)
    return (
        _columns().join(ranked, ranked.c.id == Annotation.id).where(ranked.c.position == 1, ~ranked.c.is_out)
    )


def _ranked(project_id: uuid.UUID, purposes: Collection[QueryPurpose]) -> Subquery:
    """Each answer's place among those of its query and person, fixes among themselves.

    The first counts unless it `is_out`: returned, or of a query that a fix settles.
    """
    is_fix = case((Annotation.fixes_annotation_id.is_not(None), 1), else_=0)
    is_fixed = func.max(is_fix).over(partition_by=Annotation.region_query_id)
    place = func.row_number().over(
        partition_by=[
            Annotation.region_query_id,
            is_fix,
            case((is_fix == 1, None), else_=Annotation.user_id),
        ],
        order_by=[
            case((has_verdict(Verdict.ACCEPTED), 1), else_=0).desc(),
            # fixes may come from several reviewers, each counting their own versions: there time decides
            case((is_fix == 1, 0), else_=Annotation.version).desc(),
            Annotation.created_at.desc(),
            Annotation.id.desc(),
        ],
    )
    return (
        select(
            Annotation.id,
            place.label("position"),
            or_(has_verdict(Verdict.RETURNED), is_fixed > is_fix).label("is_out"),
        )
        .join(RegionQuery, RegionQuery.id == Annotation.region_query_id)
        .where(
            Annotation.project_id == project_id,
            RegionQuery.purpose.in_(purposes),
            or_(Annotation.fixes_annotation_id.is_(None), ~has_verdict(Verdict.UNDONE)),
        )
        .subquery()
    )


def _columns() -> Select[*tuple[Any, ...]]:
    """The columns of KnownAnnotation, in its order."""
    return (
        select(
            Annotation.id,
            Annotation.image_id,
            Annotation.region_index,
            RegionQuery.bbox_x,
            RegionQuery.bbox_y,
            RegionQuery.bbox_width,
            RegionQuery.bbox_height,
            RegionQuery.area_px,
            Annotation.kind,
            Annotation.label_map_png,
        )
        .join(RegionQuery, RegionQuery.id == Annotation.region_query_id)
        .join(Image, Image.id == Annotation.image_id)
    )


def _with_truth(
    project_id: uuid.UUID,
) -> Select[*tuple[Any, ...]]:
    """The columns of KnownImage, in its order."""
    newest = (
        select(GroundTruth.image_id, func.max(GroundTruth.version).label("version"))
        .join(Image, Image.id == GroundTruth.image_id)
        .where(Image.project_id == project_id)
        .group_by(GroundTruth.image_id)
        .subquery()
    )
    return (
        select(
            Image.id,
            Image.filename,
            Image.sha256,
            Image.split,
            Image.width,
            Image.height,
            Image.pixels_key,
            Partition.num_regions,
            Partition.region_map_key,
            GroundTruth.id,
            GroundTruth.label_map_key,
            GroundTruth.num_labelled_px,
        )
        .outerjoin(Partition, Partition.image_id == Image.id)
        .outerjoin(newest, newest.c.image_id == Image.id)
        .outerjoin(
            GroundTruth, (GroundTruth.image_id == Image.id) & (GroundTruth.version == newest.c.version)
        )
    )


def _oldest_first() -> tuple[ColumnElement[datetime], ColumnElement[uuid.UUID]]:
    return Annotation.created_at.expression, Annotation.id.expression


def _annotations(session: Session, statement: Select[*tuple[Any, ...]]) -> Iterator[KnownAnnotation]:
    for row in session.execute(statement, execution_options={"yield_per": _BATCH_ROWS}):
        yield KnownAnnotation(*row)


def _images(session: Session, statement: Select[*tuple[Any, ...]]) -> Iterator[KnownImage]:
    for row in session.execute(statement, execution_options={"yield_per": _BATCH_ROWS}):
        *facts, num_regions, region_map_key, truth_id, truth_key, num_truth_px = row
        values = [*facts, num_regions or 0, region_map_key, truth_id, truth_key, num_truth_px or 0]
        yield KnownImage(*values)


def _with_annotations(image: KnownImage, annotations: tuple[KnownAnnotation, ...]) -> KnownImage:
    return replace(image, annotations=annotations)
