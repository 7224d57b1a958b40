"""What runs: jobs, the workers that run them, the devices they hold, and the log of what happened."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from segloop_store.clock import now
from segloop_store.states import JobKind, JobState, Queue
from segloop_store.tables.base import Base, HasCreatedAt, HasId, enum_column


class Job(HasId, HasCreatedAt, Base):
    """One background run. The row is the truth; the broker's message is only a wake-up."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_state_queue", "state", "queue", "created_at"),
        Index("ix_job_project", "project_id", "created_at"),
    )

    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    round_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("round.id", ondelete="CASCADE"), index=True)
    kind: Mapped[JobKind] = mapped_column(enum_column(JobKind))
    queue: Mapped[Queue] = mapped_column(enum_column(Queue))
    state: Mapped[JobState] = mapped_column(enum_column(JobState), default=JobState.QUEUED)
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The job's message: ids and small numbers only."""
    dedupe_key: Mapped[str | None] = mapped_column(String(255), unique=True)
    """Set where asking twice must make one job, e.g. "train:<round>"."""
    attempt: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=3)
    progress_fraction: Mapped[float] = mapped_column(default=0.0)
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """{"phase", "step", "num_steps", "loss", "eta_seconds"}."""
    sent_at: Mapped[datetime] = mapped_column(default=now)
    """When its last wake-up was sent; the reconciler sends another when nobody came."""
    waiting_reason: Mapped[str | None] = mapped_column(String(255))
    results: Mapped[dict[str, Any] | None]
    error: Mapped[str | None] = mapped_column(Text)
    owner: Mapped[str | None] = mapped_column(String(128))
    """Which run of which worker holds it; every result write is fenced by it."""
    lease_until: Mapped[datetime | None]
    is_cancel_requested: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class DeviceSlot(Base):
    """One compute device of one machine, held by at most one torch child at a time."""

    __tablename__ = "device_slot"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    """<host>:<cpu or cuda:n>."""
    job_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"))
    owner: Mapped[str | None] = mapped_column(String(128))
    lease_until: Mapped[datetime | None]


class WorkerHeartbeat(Base):
    """A worker process that was alive at `last_seen_at`."""

    __tablename__ = "worker_heartbeat"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    queues: Mapped[str] = mapped_column(String(64))
    host: Mapped[str] = mapped_column(String(128))
    pid: Mapped[int]
    devices: Mapped[list[Any]] = mapped_column(default=list)
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class Event(HasCreatedAt, Base):
    """Append-only: what happened, who did it. Pages follow it by id."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_project", "project_id", "id"),
        Index("ix_event_round", "round_id", "id"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    # no foreign keys: the log outlives what it speaks of, and its writer must never wait for a row lock
    project_id: Mapped[uuid.UUID | None]
    round_id: Mapped[uuid.UUID | None]
    user_id: Mapped[uuid.UUID | None]
    kind: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
