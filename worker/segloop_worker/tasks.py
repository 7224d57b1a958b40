"""The one way a job runs: claim -> handler -> save and finish in one transaction, or say what went wrong."""

import math
import time
import traceback
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy.orm import Session

from segloop_store import devices, jobs
from segloop_store.clock import new_id
from segloop_store.errors import BusyError, LeaseExpiredError, StorageError
from segloop_store.models import Job
from segloop_store.repositories import work
from segloop_store.states import TORCH_KINDS, JobKind, Queue
from segloop_worker import pipeline
from segloop_worker.errors import CancelRequested, JobLostError, RetryableError, WorkerStopping
from segloop_worker.handlers import HANDLERS
from segloop_worker.job_run import JobRun, text_for_people
from segloop_worker.runtime import Runtime
from segloop_worker.work_folder import remove_folder

log = structlog.get_logger(__name__)

_RETRIED = (RetryableError, BusyError, StorageError)
"""What another attempt may cure: a lost child, a device in trouble, storage that does not answer."""
_RETRY_PAUSE_SECONDS = 2.0
_MAX_LOOKED_AT = 50
"""Waiting jobs that are tried for a free device; the oldest may wait for their images."""
_OVER = frozenset({"done", "cancelled"})
"""Outcomes after which nobody goes on with a job; a failed training keeps its checkpoint for a retry."""
_WAIT_FOR_IMAGES = frozenset({JobKind.FEATURES, JobKind.TRAIN})
"""A round that starts right after an upload waits for its images to be prepared."""


def run_job(runtime: Runtime, job_id: uuid.UUID) -> bool:
    """Run a job if it is there to be run. Every outcome is in its row; a job that fails raises nothing.

    Returns:
        Whether it was run, well or badly.
    """
    if _must_wait(runtime, job_id):
        return False
    owner = f"{runtime.name}:{new_id().hex[-12:]}"
    job, device = _claim(runtime, job_id, owner)
    if job is None:
        return False
    started_at = time.monotonic()
    logger = log.bind(job_id=str(job.id), kind=job.kind.value, round_id=_text(job.round_id))
    logger.info("job_started", attempt=job.attempt, project_id=_text(job.project_id), device=device)
    run = JobRun(runtime, job, owner=owner, device=device)
    outcome = _run(run)
    if outcome in _OVER or (outcome == "failed" and job.kind is not JobKind.TRAIN):
        remove_folder(run)
    logger.info("job_ended", outcome=outcome, seconds=round(time.monotonic() - started_at, 3))
    return True


def run_waiting(runtime: Runtime) -> bool:
    """Run the oldest torch job that can be run, if a device here is free; whether there was one.

    A wake-up that comes while every device is busy is spent. So whoever has a free device looks for work.
    """
    if runtime.stopping.is_set():
        return False
    with runtime.database.reading() as session:
        if not any(devices.is_free(session, runtime.slot(device)) for device in runtime.devices):
            return False
        waiting = work.queued_jobs(session, limit=_MAX_LOOKED_AT, queue=Queue.TORCH)
    return any(run_job(runtime, job.id) for job in waiting)


def _run(run: JobRun) -> str:
    """Do the job and record how it ended; that word."""
    try:
        with run:
            _enter(run)
            save = HANDLERS[run.job.kind](run)
            _save(run, save)
    except JobLostError:
        return "lost"
    except CancelRequested:
        return _record(run, lambda session: _cancelled(session, run))
    except WorkerStopping:
        reason = "its worker stopped; waiting for another"
        return _record(
            run,
            lambda session: _requeued(session, run, reason, is_attempt_used=False),
        )
    except _RETRIED as error:
        return _retry_or_fail(run, error)
    except Exception as error:  # noqa: BLE001 - whatever a job raises belongs into its row, not into the queue
        return _fail(run, error)
    else:
        return "done"


def _enter(run: JobRun) -> None:
    with run.saving() as session:
        pipeline.enter(session, run.job)


def _save(run: JobRun, save: Callable[[Session], dict[str, Any] | None]) -> None:
    with run.saving() as session:
        results = save(session)
        num_shards = _num_shards(session, run) if run.job.kind is JobKind.EVALUATE else 1
        pipeline.follow(session, run.job, num_shards=num_shards)
        jobs.finish(session, run.job, run.owner, results=results)


def _num_shards(session: Session, run: JobRun) -> int:
    """As many as there are devices, while each has enough to do."""
    settings = run.runtime.settings
    num_devices = len(work.torch_devices(session, seen_within_seconds=settings.worker_seen_seconds))
    num_full = math.ceil(work.num_images(session, run.project_id) / settings.images_a_shard)
    return max(1, min(num_devices, num_full))


def _must_wait(runtime: Runtime, job_id: uuid.UUID) -> bool:
    with runtime.database.reading() as session:
        job = work.job(session, job_id)
        if job is None or job.kind not in _WAIT_FOR_IMAGES:
            return False
        preparing = work.unfinished_jobs(session, kinds=[JobKind.INGEST], project_id=job.project_id)
    if not preparing:
        return False
    reason = "images are being prepared"
    if job.waiting_reason != reason:
        with runtime.database.transaction() as session:
            work.say_why_it_waits(session, job_id, reason)
    return True


def _claim(runtime: Runtime, job_id: uuid.UUID, owner: str) -> tuple[Job | None, str | None]:
    """The claimed job and the device it got, or nothing to do."""
    lease_seconds = runtime.settings.job_lease_seconds
    with runtime.database.reading() as session:
        found = work.job(session, job_id)
    if found is None:
        return None, None
    if found.kind not in TORCH_KINDS:
        return jobs.claim(runtime.database, job_id, owner=owner, lease_seconds=lease_seconds), None
    for device in runtime.devices:
        slot = runtime.slot(device)
        job = jobs.claim(runtime.database, job_id, owner=owner, device=slot, lease_seconds=lease_seconds)
        if job is not None:
            return job, device
    return None, None


def _retry_or_fail(run: JobRun, error: Exception) -> str:
    if run.job.attempt >= run.job.max_attempts:
        return _fail(run, error)
    log.warning("job_will_be_retried", job_id=str(run.id), attempt=run.job.attempt, error=str(error))
    run.runtime.stopping.wait(_RETRY_PAUSE_SECONDS * run.job.attempt)
    reason = f"attempt {run.job.attempt} failed: {text_for_people(error)}"
    return _record(run, lambda session: _requeued(session, run, reason, is_attempt_used=True))


def _fail(run: JobRun, error: Exception) -> str:
    log.error("job_failed", job_id=str(run.id), traceback="".join(traceback.format_exception(error)))
    return _record(run, lambda session: _failed(session, run, text_for_people(error)))


def _record(run: JobRun, write: Callable[[Session], str]) -> str:
    """Write how the job ended; when even that fails, its lease runs out and the reconciler takes over."""
    try:
        with run.database.transaction() as session:
            return write(session)
    except LeaseExpiredError:
        return "lost"


def _failed(session: Session, run: JobRun, text: str) -> str:
    pipeline.ended_badly(session, jobs.fail(session, run.job, run.owner, text))
    return "failed"


def _cancelled(session: Session, run: JobRun) -> str:
    pipeline.ended_badly(session, jobs.cancelled(session, run.job, run.owner))
    return "cancelled"


def _requeued(session: Session, run: JobRun, reason: str, *, is_attempt_used: bool) -> str:
    jobs.requeue(session, run.job, run.owner, reason=reason, is_attempt_used=is_attempt_used)
    return "requeued"


def _text(value: uuid.UUID | None) -> str | None:
    return None if value is None else str(value)
