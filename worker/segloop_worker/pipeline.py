"""What follows what. Nothing else decides which job a job leads to, or what state a round is in meanwhile."""

import uuid
from typing import Any

from sqlalchemy.orm import Session

from segloop_store import jobs
from segloop_store.clock import now
from segloop_store.models import Job, Round
from segloop_store.repositories import work
from segloop_store.states import ACTIVE_ROUND_STATES, JobKind, JobState, Process, RoundState
from segloop_store.transitions import move_export, move_round
from segloop_worker.errors import CancelRequested

_STATE_DURING = {
    JobKind.FEATURES: RoundState.SELECTING,
    JobKind.TRAIN: RoundState.TRAINING,
    JobKind.EVALUATE: RoundState.TRAINING,
    JobKind.SCORE: RoundState.SCORING,
    JobKind.SELECT: RoundState.SELECTING,
}
_REST = "rest"
"""The shard of images that came while the others scored. There is one: what comes later waits a round."""
_WAY = (RoundState.QUEUED, RoundState.TRAINING, RoundState.SCORING, RoundState.SELECTING)


def follow(session: Session, job: Job, *, num_shards: int = 1) -> None:
    """Queue what comes after `job`, in the transaction in which it finishes."""
    match job.kind:
        case JobKind.FEATURES:
            _add(session, job, JobKind.SELECT)
        case JobKind.TRAIN:
            _add(session, job, JobKind.EVALUATE)
        case JobKind.EVALUATE:
            for shard in range(num_shards):
                _add(session, job, JobKind.SCORE, suffix=f":{shard}", shard=shard, num_shards=num_shards)
        case JobKind.SCORE if _is_last_shard(session, job):
            # a pool scored in part goes no further: `work.stranded`
            if job.payload.get("shard") != _REST and work.has_unscored_images(session, job.round_id):
                _add(session, job, JobKind.SCORE, suffix=f":{_REST}", shard=_REST)
            else:
                _add(session, job, JobKind.SELECT)
        case JobKind.SELECT:
            _add(session, job, JobKind.CLEAN_UP)
        case JobKind.INGEST:
            work.wake_queued(session, _project_of(job))


def enter(session: Session, job: Job) -> None:
    """Bring the job's round into the state that says what is being done, as the job starts.

    Raises:
        CancelRequested: the round has ended meanwhile.
    """
    if job.kind is JobKind.EXPORT:
        move_export(session, _export_of(job), JobState.RUNNING, by=Process.WORKER)
    target = _STATE_DURING.get(job.kind)
    if target is None or job.round_id is None:
        return
    round_ = work.locked_round(session, job.round_id)
    if round_.state not in ACTIVE_ROUND_STATES:
        raise CancelRequested(f"round {round_.number} is {round_.state.value}")
    if job.kind is JobKind.FEATURES and round_.state is RoundState.QUEUED:
        move_round(session, round_.id, target, by=Process.WORKER)
        return
    for state in _WAY[_WAY.index(round_.state) + 1 : _WAY.index(target) + 1]:
        move_round(session, round_.id, state, by=Process.WORKER)


def ended_badly(session: Session, job: Job) -> None:
    """A job failed or was cancelled for good: tell what it worked for. The `OnEnded` of the store's jobs."""
    if job.kind is JobKind.EXPORT:
        _end_export(session, job)
    if job.kind is JobKind.INGEST:  # a round goes on with the images that were prepared
        work.wake_queued(session, _project_of(job))
    if job.kind in _STATE_DURING and job.round_id is not None:
        jobs.lock_of_round(session, job.round_id)
        _end_round(session, job, work.locked_round(session, job.round_id))


def _end_export(session: Session, job: Job) -> None:
    move_export(session, _export_of(job), job.state, by=Process.WORKER, error=job.error)


def _end_round(session: Session, job: Job, round_: Round) -> None:
    if round_.state not in ACTIVE_ROUND_STATES:
        return
    error = job.error or f"its {job.kind.value} job was {job.state.value}"
    move_round(session, round_.id, RoundState.FAILED, by=Process.WORKER, error=error, closed_at=now())
    for other in work.unfinished_jobs(session, kinds=tuple(_STATE_DURING), round_id=round_.id, but=job.id):
        jobs.request_cancel(session, other)


def _is_last_shard(session: Session, job: Job) -> bool:
    assert job.round_id is not None
    work.locked_round(session, job.round_id)
    return work.are_others_done(session, job)


def _add(session: Session, after: Job, kind: JobKind, *, suffix: str = "", **payload: Any) -> None:
    jobs.add_job(
        session,
        kind,
        project_id=after.project_id,
        round_id=after.round_id,
        payload={"round_id": str(after.round_id), **payload},
        dedupe_key=f"{kind.value}:{after.round_id}{suffix}",
    )


def _export_of(job: Job) -> uuid.UUID:
    return uuid.UUID(job.payload["export_id"])


def _project_of(job: Job) -> uuid.UUID:
    assert job.project_id is not None
    return job.project_id
