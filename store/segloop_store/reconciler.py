"""Puts right what crashes leave: jobs never started, jobs without their worker, leases and slots run out.

Every step is one small transaction of conditional UPDATEs, so any number of processes may run it at once. It
runs on a timer of its own, never behind jobs.
"""

import dataclasses
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from segloop_store import devices, jobs, workers
from segloop_store.clock import now
from segloop_store.database import Database, Waker
from segloop_store.events import record
from segloop_store.models import Assignment, Job, RegionQuery, Round
from segloop_store.repositories import queries
from segloop_store.states import AssignmentState, JobState, Process, Queue, RoundState
from segloop_store.transitions import move_assignments

log = structlog.get_logger(__name__)

RESEND_AFTER = timedelta(seconds=20)
"""A job queued for so long without being claimed gets another wake-up: the first may be lost."""

RESEND_AT_MOST_EVERY = timedelta(minutes=5)
"""Wake-ups of a job that waits for hours come ever more seldom, down to this."""

MAX_RESENT = 200
"""Wake-ups sent in one go."""

MAX_NAMED = 1000
"""Expired assignments whose rounds' pages are told at once."""

FORGET_WORKER_AFTER = timedelta(hours=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What one run put right."""

    num_resent: int = 0
    num_requeued: int = 0
    num_ended: int = 0
    """Jobs that failed or were cancelled because their worker is gone."""
    num_assignments_expired: int = 0
    num_queries_withdrawn: int = 0
    num_slots_freed: int = 0
    num_workers_forgotten: int = 0


def reconcile(
    database: Database,
    broker: Waker | None,
    at: datetime | None = None,
    *,
    on_ended: jobs.OnEnded | None = None,
) -> Report:
    """Put everything right once.

    Args:
        database: where the rows are.
        broker: sends the wake-ups; None sends none.
        at: the moment to compare with, for tests; None = now.
        on_ended: the worker's say when a job failed or was cancelled without it, e.g. that its round fails;
            called in the same transaction.
    """
    at = at or now()
    num_requeued, num_ended = _take_from_dead_workers(database, at, on_ended)
    num_expired, num_withdrawn = _expire_assignments(database, at)
    with database.transaction() as session:
        num_slots = devices.free_expired_slots(session, at)
        num_workers = workers.forget_silent(session, at - FORGET_WORKER_AFTER)
    report = Report(
        num_resent=_resend(database, broker, at) if broker is not None else 0,
        num_requeued=num_requeued,
        num_ended=num_ended,
        num_assignments_expired=num_expired,
        num_queries_withdrawn=num_withdrawn,
        num_slots_freed=num_slots,
        num_workers_forgotten=num_workers,
    )
    if report != Report():
        log.info("reconciled", **{name: count for name, count in dataclasses.asdict(report).items() if count})
    return report


def _take_from_dead_workers(
    database: Database, at: datetime, on_ended: jobs.OnEnded | None
) -> tuple[int, int]:
    with database.reading() as session:
        lost = session.scalars(
            select(Job.id).where(Job.state == JobState.RUNNING, Job.lease_until < at).order_by(Job.created_at)
        ).all()
    taken = []
    for job_id in lost:
        with database.transaction() as session:
            taken.append(jobs.give_up_lost(session, job_id, at, on_ended=on_ended))
    states = [job.state for job in taken if job is not None]
    num_requeued = states.count(JobState.QUEUED)
    return num_requeued, len(states) - num_requeued


def _expire_assignments(database: Database, at: datetime) -> tuple[int, int]:
    """How many leases were over, and how many queries of closed rounds went with them."""
    is_over = [Assignment.state == AssignmentState.LEASED, Assignment.lease_expires_at < at]
    with database.reading() as session:
        is_any = session.scalar(select(Assignment.id).where(*is_over).limit(1)) is not None
    if not is_any:  # the usual case costs no write
        return 0, 0
    with database.transaction() as session:
        expired = move_assignments(session, AssignmentState.EXPIRED, by=Process.WORKER, where=is_over)
        query_ids = [assignment.region_query_id for assignment in expired[:MAX_NAMED]]
        round_ids = select(RegionQuery.round_id).where(RegionQuery.id.in_(query_ids))
        num_withdrawn = 0
        for round_ in session.scalars(select(Round).where(Round.id.in_(round_ids))).all():
            if round_.state is RoundState.CLOSED:
                num_withdrawn += queries.withdraw_unleased(session, round_.id)
            record(session, "queue.expired", project_id=round_.project_id, round_id=round_.id)
    return len(expired), num_withdrawn


def _resend(database: Database, broker: Waker, at: datetime) -> int:
    """Wake workers for jobs nobody came for; rows are marked first: two reconcilers send one message."""
    sent = 0
    for job_id, queue in _overdue(database, at):
        with database.transaction() as session:
            marked = session.execute(
                update(Job)
                .where(Job.id == job_id, Job.state == JobState.QUEUED, Job.sent_at <= at - RESEND_AFTER)
                .values(sent_at=at)
                .returning(Job.id),
                execution_options={"synchronize_session": False},
            ).scalar_one_or_none()
        if marked is not None:
            broker.wake(job_id, queue)
            sent += 1
    return sent


def _overdue(database: Database, at: datetime) -> Sequence[tuple[uuid.UUID, Queue]]:
    with database.reading() as session:
        rows = session.execute(
            select(Job.id, Job.queue, Job.created_at, Job.sent_at)
            .where(Job.state == JobState.QUEUED, Job.sent_at <= at - RESEND_AFTER)
            .order_by(Job.sent_at)
            .limit(MAX_RESENT)
        ).all()
    return [
        (row.id, row.queue) for row in rows if at - row.sent_at >= _patience(row.sent_at - row.created_at)
    ]


def _patience(waited: timedelta) -> timedelta:
    """How long to wait after a wake-up sent when the job had waited for `waited`."""
    return min(max(waited / 2, RESEND_AFTER), RESEND_AT_MOST_EVERY)
