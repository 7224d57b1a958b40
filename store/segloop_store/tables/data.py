"""What is annotated: projects, their classes, images, uploaded truths and partitions. Arrays are blobs."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from segloop.settings import PartitionKind, Split
from segloop_store.tables.base import Base, HasCreatedAt, HasId, enum_column


class Project(HasId, HasCreatedAt, Base):
    """Images, classes and people that belong together."""

    __tablename__ = "project"

    name: Mapped[str] = mapped_column(String(200))
    guide_markdown: Mapped[str] = mapped_column(Text, default="")
    partition_kind: Mapped[PartitionKind] = mapped_column(enum_column(PartitionKind))
    partition_size_px: Mapped[int | None]
    """None = each image's own default, `segloop.regions.default_size_px`."""
    simulated_annotator: Mapped[str | None] = mapped_column(String(8))
    """None = there is none; "off" or "on" where a simulated annotator watches this project."""
    active_model_version_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("model_version.id", ondelete="SET NULL", use_alter=True)
    )
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    deleted_at: Mapped[datetime | None]


class LabelClass(HasId, HasCreatedAt, Base):
    """A category of a project. `index` is its value in every label map and is never reused."""

    __tablename__ = "label_class"
    __table_args__ = (
        UniqueConstraint("project_id", "index"),
        CheckConstraint('"index" >= 0 AND "index" < 254', name="index_range"),
    )

    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    index: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    color: Mapped[str] = mapped_column(String(7))
    description: Mapped[str] = mapped_column(Text, default="")
    example: Mapped[str] = mapped_column(Text, default="")
    merged_into: Mapped[int | None]


class Image(HasId, HasCreatedAt, Base):
    """An image whose bytes never change. `hidden_at` takes it out of everything without losing it."""

    __tablename__ = "image"
    __table_args__ = (
        UniqueConstraint("project_id", "filename"),
        UniqueConstraint("project_id", "sha256"),
        Index("ix_image_project_id_split_filename", "project_id", "split", "filename"),
    )

    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    filename: Mapped[str] = mapped_column(String(1024))
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the uploaded bytes."""
    split: Mapped[Split] = mapped_column(enum_column(Split))
    width: Mapped[int]
    height: Mapped[int]
    num_bytes: Mapped[int]
    format: Mapped[str] = mapped_column(String(16))
    notes: Mapped[list[Any]] = mapped_column(default=list)
    original_key: Mapped[str] = mapped_column(String(255))
    pixels_key: Mapped[str] = mapped_column(String(255))
    """Upright 8-bit RGB, the bytes every model and every page sees."""
    thumbnail_key: Mapped[str | None] = mapped_column(String(255))
    uploaded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    hidden_at: Mapped[datetime | None]


class GroundTruth(HasId, HasCreatedAt, Base):
    """An uploaded label map; the latest row of an image counts."""

    __tablename__ = "ground_truth"
    __table_args__ = (UniqueConstraint("image_id", "version"),)

    image_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("image.id", ondelete="CASCADE"))
    version: Mapped[int]
    label_map_key: Mapped[str] = mapped_column(String(255))
    num_labelled_px: Mapped[int]
    """Pixels that are not 255; void counts."""
    uploaded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))


class Partition(HasId, HasCreatedAt, Base):
    """All regions of one image: arrays in blobs, one row an image, never changed once queried."""

    __tablename__ = "partition"

    image_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("image.id", ondelete="CASCADE"), unique=True)
    kind: Mapped[PartitionKind] = mapped_column(enum_column(PartitionKind))
    size_px: Mapped[int]
    num_regions: Mapped[int]
    region_map_key: Mapped[str] = mapped_column(String(255))
    """uint16 PNG."""
    segments_key: Mapped[str] = mapped_column(String(255))
    """uint16 PNG of the finer segments that help painting."""
