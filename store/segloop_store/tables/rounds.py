"""What is asked and what people said: rounds, queries, assignments, annotations, and the models they made."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from segloop.settings import Acquisition, AnnotationKind, Method, QueryPurpose
from segloop_store.states import AssignmentState, JobState, QueryState, RoundState
from segloop_store.tables.base import Base, HasCreatedAt, HasId, enum_column

_IS_ACTIVE = text("state IN ('queued', 'training', 'scoring', 'selecting')")
_IS_LEASED = text("state = 'leased'")


class Round(HasId, HasCreatedAt, Base):
    """Train -> score -> select -> annotate -> closed. At most one of a project is before `annotating`."""

    __tablename__ = "round"
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        Index(
            "uq_round_active", "project_id", unique=True, sqlite_where=_IS_ACTIVE, postgresql_where=_IS_ACTIVE
        ),
    )

    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[RoundState] = mapped_column(enum_column(RoundState), default=RoundState.QUEUED)
    method: Mapped[Method] = mapped_column(enum_column(Method))
    acquisition: Mapped[Acquisition] = mapped_column(enum_column(Acquisition))
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """`RoundSettings.to_mapping()`, complete."""
    budget_regions: Mapped[int | None]
    budget_pixels: Mapped[int | None] = mapped_column(BigInteger)
    """One of the two budgets is set: what was asked for, worked out when the round was started."""
    budget_fraction: Mapped[float | None]
    labelled_fraction: Mapped[float | None]
    model_version_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("model_version.id", use_alter=True))
    metrics: Mapped[dict[str, Any] | None]
    error: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    published_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class RegionQuery(HasId, HasCreatedAt, Base):
    """A region we decided to ask about."""

    __tablename__ = "region_query"
    __table_args__ = (
        UniqueConstraint("round_id", "image_id", "region_index", "purpose"),
        Index("ix_region_query_next", "project_id", "state", "rank"),
        Index("ix_region_query_image", "image_id", "region_index"),
        Index("ix_region_query_returned", "returned_to"),
    )

    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    round_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("round.id", ondelete="CASCADE"))
    image_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("image.id", ondelete="CASCADE"))
    region_index: Mapped[int]
    bbox_x: Mapped[int]
    bbox_y: Mapped[int]
    bbox_width: Mapped[int]
    bbox_height: Mapped[int]
    area_px: Mapped[int]
    rank: Mapped[int]
    score: Mapped[float | None]
    purpose: Mapped[QueryPurpose] = mapped_column(enum_column(QueryPurpose))
    reason: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """{"top_classes": [a, b], "probs": [p, q]} or empty before the first model."""
    num_wanted: Mapped[int] = mapped_column(default=1)
    num_answered: Mapped[int] = mapped_column(default=0)
    num_skipped: Mapped[int] = mapped_column(default=0)
    state: Mapped[QueryState] = mapped_column(enum_column(QueryState), default=QueryState.OPEN)
    model_version_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("model_version.id"))
    returned_to: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    """Whose answer a reviewer has returned: they alone are asked it again, also after its round."""


class Assignment(HasId, HasCreatedAt, Base):
    """A region query leased to one person until a time. The partial index makes a double lease impossible."""

    __tablename__ = "assignment"
    __table_args__ = (
        Index(
            "uq_assignment_leased",
            "region_query_id",
            unique=True,
            sqlite_where=_IS_LEASED,
            postgresql_where=_IS_LEASED,
        ),
        Index("ix_assignment_user", "user_id", "state"),
        Index("ix_assignment_lease", "state", "lease_expires_at"),
    )

    region_query_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("region_query.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    state: Mapped[AssignmentState] = mapped_column(
        enum_column(AssignmentState), default=AssignmentState.LEASED
    )
    lease_expires_at: Mapped[datetime]
    skip_reason: Mapped[str | None] = mapped_column(Text)


class Draft(HasId, HasCreatedAt, Base):
    """Unfinished work on an assignment, kept until it is submitted; also what came too late to count."""

    __tablename__ = "draft"

    assignment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("assignment.id", ondelete="CASCADE"), unique=True
    )
    label_map_png: Mapped[bytes] = mapped_column(LargeBinary)
    seconds_spent: Mapped[float] = mapped_column(default=0.0)
    num_clicks: Mapped[int] = mapped_column(default=0)
    num_strokes: Mapped[int] = mapped_column(default=0)
    num_keys: Mapped[int] = mapped_column(default=0)
    is_late_answer: Mapped[bool] = mapped_column(default=False)
    """True when it is a submit refused because the lease was lost."""
    updated_at: Mapped[datetime]


class Annotation(HasId, HasCreatedAt, Base):
    """What a person said of one region. Never overwritten: a changed answer is the next version."""

    __tablename__ = "annotation"
    __table_args__ = (
        UniqueConstraint("region_query_id", "user_id", "version"),
        Index("ix_annotation_project", "project_id", "created_at"),
        Index("ix_annotation_image", "image_id", "region_index"),
    )

    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    region_query_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("region_query.id", ondelete="CASCADE"))
    assignment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("assignment.id", ondelete="SET NULL"))
    image_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("image.id", ondelete="CASCADE"))
    region_index: Mapped[int]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    version: Mapped[int]
    kind: Mapped[AnnotationKind] = mapped_column(enum_column(AnnotationKind))
    label_map_png: Mapped[bytes] = mapped_column(LargeBinary)
    """Index PNG of the region's bbox, re-encoded by the server: 255 outside the region. A few hundred bytes,
    so it lives in the row and is saved, backed up and rolled back with it."""
    label_map_sha256: Mapped[str] = mapped_column(String(64))
    """Of the decoded pixels, so that a repeated request is known whatever encoder made its PNG."""
    num_void_px: Mapped[int]
    annotation_seconds: Mapped[float]
    num_clicks: Mapped[int]
    num_strokes: Mapped[int] = mapped_column(default=0)
    num_keys: Mapped[int] = mapped_column(default=0)
    fixes_annotation_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("annotation.id", ondelete="SET NULL")
    )


class Review(HasId, HasCreatedAt, Base):
    """A reviewer's verdict on one annotation version."""

    __tablename__ = "review"

    annotation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("annotation.id", ondelete="CASCADE"), index=True
    )
    reviewer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    verdict: Mapped[str] = mapped_column(String(16))
    """A `Verdict`."""
    comment: Mapped[str] = mapped_column(Text, default="")


class TrainingSnapshot(HasId, HasCreatedAt, Base):
    """Exactly what a training saw. Ids are in a JSON blob: they may be a million."""

    __tablename__ = "training_snapshot"

    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    round_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("round.id", ondelete="CASCADE"), unique=True)
    contents_key: Mapped[str] = mapped_column(String(255))
    """JSON {"images": [{"id", "annotation_ids": [...], "ground_truth_id"}]}, images by (filename, sha256)."""
    num_classes: Mapped[int]
    """C of the network: the project may get more classes while it trains."""
    num_annotations: Mapped[int]
    num_truths: Mapped[int]
    labelled_fraction: Mapped[float]
    settings: Mapped[dict[str, Any]]
    seed: Mapped[int]
    code_version: Mapped[str] = mapped_column(String(64))


class ModelVersion(HasId, HasCreatedAt, Base):
    """Weights, what they were trained on, and how good they are."""

    __tablename__ = "model_version"
    __table_args__ = (UniqueConstraint("project_id", "number"),)

    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    number: Mapped[int]
    round_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("round.id", ondelete="CASCADE"), unique=True)
    snapshot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("training_snapshot.id"))
    weights_key: Mapped[str] = mapped_column(String(255))
    """safetensors."""
    metrics: Mapped[dict[str, Any] | None]
    image_steps: Mapped[int]
    compute_seconds: Mapped[float]
    loss_curve: Mapped[list[Any]] = mapped_column(default=list)


class PredictionSet(HasId, HasCreatedAt, Base):
    """What one model version left for one image."""

    __tablename__ = "prediction_set"
    __table_args__ = (UniqueConstraint("model_version_id", "image_id"),)

    model_version_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("model_version.id", ondelete="CASCADE"))
    image_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("image.id", ondelete="CASCADE"), index=True)
    prediction_key: Mapped[str] = mapped_column(String(255))
    heat_key: Mapped[str] = mapped_column(String(255))
    max_prob_key: Mapped[str] = mapped_column(String(255))
    region_scores_key: Mapped[str | None] = mapped_column(String(255))
    """npz of score, top_classes, top_probs per region; pool images only."""


class Export(HasId, HasCreatedAt, Base):
    """A zip somebody asked for."""

    __tablename__ = "export"

    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    format: Mapped[str] = mapped_column(String(32))
    content: Mapped[str] = mapped_column(String(16))
    state: Mapped[JobState] = mapped_column(enum_column(JobState), default=JobState.QUEUED)
    file_key: Mapped[str | None] = mapped_column(String(255))
    num_bytes: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
