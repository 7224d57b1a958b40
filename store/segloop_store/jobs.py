"""Jobs: a row first, sent after commit, claimed by one UPDATE, kept by heartbeats, results fenced by owner.

A broker that loses or doubles messages changes nothing here. What a job does, and what follows it, the worker
says.
"""

import dataclasses
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from segloop_store import devices
from segloop_store.clock import new_id, now
from segloop_store.database import Database, is_sqlite, wake_after_commit
from segloop_store.errors import IllegalTransitionError, LeaseExpiredError, NotFoundError
from segloop_store.events import record
from segloop_store.models import Job
from segloop_store.states import TORCH_KINDS, JobKind, JobState, Process, Queue
from segloop_store.transitions import move_job, try_move_job

OnEnded = Callable[[Session, Job], None]
"""Called in the transaction in which a job failed or was cancelled out of its worker's hands."""

DEFAULT_LEASE_SECONDS = 30.0


@dataclasses.dataclass(frozen=True, slots=True)
class HeartbeatResult:
    """What a worker learns from its heartbeat."""

    is_cancel_requested: bool
    is_lost: bool
    """Another run holds the job, or it has ended: stop, and write nothing."""


def add_job(
    session: Session,
    kind: JobKind,
    *,
    project_id: uuid.UUID | None = None,
    round_id: uuid.UUID | None = None,
    payload: Mapping[str, Any] | None = None,
    dedupe_key: str | None = None,
    max_attempts: int = 3,
) -> Job:
    """Queue a job; its wake-up is sent once the transaction is kept.

    With a `dedupe_key` that exists already, that job is given back as it is, and nothing is sent.
    """
    queue = Queue.TORCH if kind in TORCH_KINDS else Queue.LIGHT
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    values = {
        "id": new_id(),
        "created_at": now(),
        "sent_at": now(),
        "project_id": project_id,
        "round_id": round_id,
        "kind": kind,
        "queue": queue,
        "state": JobState.QUEUED,
        "payload": dict(payload or {}),
        "dedupe_key": dedupe_key,
        "max_attempts": max_attempts,
    }
    session.flush()
    created = session.scalars(
        insert(Job).values(values).on_conflict_do_nothing(index_elements=[Job.dedupe_key]).returning(Job)
    ).one_or_none()
    if created is None:
        return session.scalars(select(Job).where(Job.dedupe_key == dedupe_key)).one()
    wake_after_commit(session, created.id, queue)
    _record(session, created)
    return created


def claim(
    database: Database,
    job_id: uuid.UUID,
    *,
    owner: str,
    device: str | None = None,
    lease_seconds: float = DEFAULT_LEASE_SECONDS,
) -> Job | None:
    """Make `owner` the one run of a job, in a transaction of its own.

    Args:
        database: where the job is.
        job_id: which one.
        owner: names this run and no other, e.g. `<worker>:<fresh id>`.
        device: the device slot torch kinds take with the claim.
        lease_seconds: how long it is held without a heartbeat.

    Returns:
        The running job; None when there is nothing to do: it runs elsewhere, has ended, or its device is
        taken (then it stays queued, with the reason).
    """
    with database.transaction() as session:
        job = session.get(Job, job_id)
        if job is None:
            return None
        lease_until = now() + timedelta(seconds=lease_seconds)
        if job.kind in TORCH_KINDS:
            if device is None:
                raise ValueError(f"a {job.kind} job is claimed with a device")
            if not devices.take_slot(session, device, job_id=job_id, owner=owner, lease_until=lease_until):
                _say_why_it_waits(session, job, device)
                return None
        claimed = try_move_job(
            session,
            job_id,
            JobState.RUNNING,
            by=Process.WORKER,
            where=[
                or_(
                    Job.state == JobState.QUEUED,
                    and_(Job.lease_until < now(), Job.attempt < Job.max_attempts, ~Job.is_cancel_requested),
                )
            ],
            owner=owner,
            lease_until=lease_until,
            attempt=Job.attempt + 1,
            started_at=now(),
            waiting_reason=None,
            error=None,
        )
        if claimed is None:
            devices.release_slots(session, owner)
            return None
        _record(session, claimed)
        return claimed


def heartbeat(
    database: Database,
    job_id: uuid.UUID,
    owner: str,
    *,
    progress: Mapping[str, Any] | None = None,
    fraction: float | None = None,
    lease_seconds: float = DEFAULT_LEASE_SECONDS,
) -> HeartbeatResult:
    """Keep a job and its device for another lease, and note how far it is. Two small UPDATEs."""
    lease_until = now() + timedelta(seconds=lease_seconds)
    values: dict[str, Any] = {"lease_until": lease_until}
    if progress is not None:
        values["progress"] = dict(progress)
    if fraction is not None:
        values["progress_fraction"] = min(max(fraction, 0.0), 1.0)
    with database.transaction() as session:
        is_cancel_requested = session.execute(
            update(Job)
            .where(Job.id == job_id, *_held_by(owner))
            .values(values)
            .returning(Job.is_cancel_requested),
            execution_options={"synchronize_session": False},
        ).scalar_one_or_none()
        if is_cancel_requested is not None:
            devices.renew_slots(session, owner, lease_until)
    return HeartbeatResult(bool(is_cancel_requested), is_lost=is_cancel_requested is None)


def fence(session: Session, job_id: uuid.UUID, owner: str) -> Job:
    """Start of every transaction that writes a job's results: nobody can take the job before it ends.

    Raises:
        LeaseExpiredError: another run holds the job, or it has ended. Write nothing.
    """
    held = select(Job).where(Job.id == job_id, *_held_by(owner)).with_for_update()
    job = session.scalars(held, execution_options={"populate_existing": True}).one_or_none()
    if job is None:
        raise LeaseExpiredError(f"{owner} no longer holds job {job_id}")
    return job


def lock_of_round(session: Session, round_id: uuid.UUID | None) -> None:
    """Lock a round's unfinished jobs, by id, before anything that may end the round with all of them.

    Everybody locks in this order, jobs before their round: nobody waits for one who waits for them.
    """
    if round_id is None:
        return
    is_unfinished = Job.state.in_((JobState.QUEUED, JobState.RUNNING))
    statement = select(Job.id).where(Job.round_id == round_id, is_unfinished).order_by(Job.id)
    session.execute(statement.with_for_update())


def finish(session: Session, job: Job, owner: str, *, results: Mapping[str, Any] | None = None) -> Job:
    """The job is done. Raises LeaseExpiredError when `owner` lost it."""
    values = {"results": None if results is None else dict(results), "progress_fraction": 1.0}
    return _end(session, job.id, owner, JobState.DONE, **values)


def fail(session: Session, job: Job, owner: str, error: str) -> Job:
    """The job failed for good; `error` says why to people. Raises LeaseExpiredError when `owner` lost it."""
    lock_of_round(session, job.round_id)
    return _end(session, job.id, owner, JobState.FAILED, error=error)


def cancelled(session: Session, job: Job, owner: str) -> Job:
    """The job stopped because it was asked to. Raises LeaseExpiredError when `owner` lost it."""
    lock_of_round(session, job.round_id)
    return _end(session, job.id, owner, JobState.CANCELLED)


def requeue(session: Session, job: Job, owner: str, *, reason: str, is_attempt_used: bool = True) -> Job:
    """Give the job back to be run again, by this worker or another.

    Args:
        session: an open transaction.
        job: which job.
        owner: the run that gives it back.
        reason: shown while it waits.
        is_attempt_used: False when the run ended for no fault of the job (its worker shuts down).

    Raises:
        LeaseExpiredError: `owner` lost it.
    """
    attempt = Job.attempt if is_attempt_used else Job.attempt - 1
    values = {"attempt": attempt, "waiting_reason": reason[:255], "sent_at": now()}
    queued = _release(session, job.id, owner, JobState.QUEUED, **values)
    wake_after_commit(session, queued.id, queued.queue)
    return queued


def request_cancel(session: Session, job: Job) -> Job:
    """Cancel a waiting job at once; ask a running one to stop, which its next heartbeat learns.

    Raises:
        IllegalTransitionError: it has ended already.
        NotFoundError: there is no such job.
    """
    stopped = try_move_job(session, job.id, JobState.CANCELLED, by=Process.SERVER, finished_at=now())
    if stopped is not None:
        _record(session, stopped)
        return stopped
    asked = session.scalars(
        update(Job)
        .where(Job.id == job.id, Job.state == JobState.RUNNING)
        .values(is_cancel_requested=True)
        .returning(Job),
        execution_options={"populate_existing": True, "synchronize_session": False},
    ).one_or_none()
    if asked is not None:
        return asked
    found = session.get(Job, job.id, populate_existing=True)
    if found is None:
        raise NotFoundError(f"there is no job {job.id}")
    if found.state is not JobState.CANCELLED:
        raise IllegalTransitionError(f"job {job.id} is {found.state}: it cannot be cancelled any more")
    return found


def retry(session: Session, job: Job) -> Job:
    """Queue a failed job again, with all its attempts. Raises as `transitions.move_job`."""
    values: dict[str, Any] = {
        "attempt": 0,
        "error": None,
        "finished_at": None,
        "is_cancel_requested": False,
        "waiting_reason": None,
        "progress_fraction": 0.0,
        "progress": {},
        "sent_at": now(),
    }
    queued = move_job(session, job.id, JobState.QUEUED, by=Process.SERVER, **values)
    wake_after_commit(session, queued.id, queued.queue)
    _record(session, queued)
    return queued


def give_up_lost(
    session: Session, job_id: uuid.UUID, at: datetime, *, on_ended: OnEnded | None = None
) -> Job | None:
    """Take a running job whose lease was over `at` a time from its dead worker: queue it again, or end it.

    Returns:
        The job; None when it is no longer running without a lease.
    """
    lost = select(Job).where(Job.id == job_id, Job.state == JobState.RUNNING, Job.lease_until < at)
    lock_of_round(session, session.scalar(lost.with_only_columns(Job.round_id)))
    found = session.scalars(lost.with_for_update(skip_locked=True)).one_or_none()
    if found is None or found.owner is None:
        return None
    if found.is_cancel_requested:
        job = cancelled(session, found, found.owner)
    elif found.attempt >= found.max_attempts:
        error = (
            f"the worker stopped without a word {found.attempt} times, the last one while running this job"
        )
        job = fail(session, found, found.owner, error)
    else:
        return requeue(session, found, found.owner, reason="its worker stopped; waiting for another")
    if on_ended is not None:
        on_ended(session, job)
    return job


def _held_by(owner: str) -> list[Any]:
    return [Job.owner == owner, Job.state == JobState.RUNNING]


def _end(session: Session, job_id: uuid.UUID, owner: str, to: JobState, **values: Any) -> Job:
    return _release(session, job_id, owner, to, finished_at=now(), **values)


def _release(session: Session, job_id: uuid.UUID, owner: str, to: JobState, **values: Any) -> Job:
    """Move a job out of its owner's hands, free its device and wake whoever waits for that device."""
    job = try_move_job(
        session,
        job_id,
        to,
        by=Process.WORKER,
        where=_held_by(owner),
        owner=None,
        lease_until=None,
        **values,
    )
    if job is None:
        raise LeaseExpiredError(f"{owner} no longer holds job {job_id}")
    if job.kind in TORCH_KINDS:
        devices.release_slots(session, owner)
        _wake_next_torch_job(session, job)
    _record(session, job)
    return job


def _wake_next_torch_job(session: Session, after: Job) -> None:
    waiting = (
        select(Job.id)
        .where(Job.state == JobState.QUEUED, Job.queue == Queue.TORCH, Job.id != after.id)
        .order_by(Job.created_at)
        .limit(1)
    )
    next_id = session.scalar(waiting)
    if next_id is not None:
        wake_after_commit(session, next_id, Queue.TORCH)


def _say_why_it_waits(session: Session, job: Job, device: str) -> None:
    slot = devices.holder(session, device)
    running = session.get(Job, slot.job_id) if slot is not None and slot.job_id is not None else None
    what = f"a {running.kind} job" if running is not None else "another job"
    session.execute(
        update(Job)
        .where(Job.id == job.id, Job.state == JobState.QUEUED)
        .values(waiting_reason=f"{device} is busy with {what}"),
        execution_options={"synchronize_session": False},
    )


def _record(session: Session, job: Job) -> None:
    record(
        session,
        f"job.{job.state}",
        project_id=job.project_id,
        round_id=job.round_id,
        payload={"job_id": str(job.id), "kind": job.kind.value},
    )
