"""What follows what: rounds made row by row, their jobs moved by hand, no child."""

import uuid
from pathlib import Path

import pytest
from sqlalchemy import select, update

from segloop_store import jobs
from segloop_store.models import Job, Round, User
from segloop_store.repositories import rounds
from segloop_store.states import JobKind, JobState, RoundState
from segloop_worker import pipeline
from segloop_worker.heartbeat import tell_stranded
from segloop_worker.runtime import Runtime
from tests.support.worker_project import Inbox, add_project, ask, jobs_of, open_worker, round_of, run_all

OWNER = "me"


@pytest.fixture
def worker(tmp_path: Path) -> tuple[Runtime, Inbox]:
    return open_worker(tmp_path)


def round_that_scores(worker: tuple[Runtime, Inbox], *, num_shards: int) -> uuid.UUID:
    """A round whose shards are queued."""
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=2, num_validation=0)
    run_all(runtime, inbox)
    round_id = ask(runtime, project_id, 2)
    with runtime.database.transaction() as session:
        session.execute(update(Round).where(Round.id == round_id).values(state=RoundState.SCORING))
        for shard in range(num_shards):
            jobs.add_job(
                session,
                JobKind.SCORE,
                project_id=project_id,
                round_id=round_id,
                payload={"round_id": str(round_id), "shard": shard, "num_shards": num_shards},
                dedupe_key=f"score:{round_id}:{shard}",
            )
    return round_id


def do(runtime: Runtime, job: Job) -> None:
    """A job that has nothing to do, from its claim to its end."""
    assert jobs.claim(runtime.database, job.id, owner=OWNER, device="here:cpu") is not None
    with runtime.database.transaction() as session:
        held = jobs.fence(session, job.id, OWNER)
        pipeline.follow(session, held)
        jobs.finish(session, held, OWNER)


def queued(runtime: Runtime, kind: JobKind) -> list[Job]:
    return [job for job in jobs_of(runtime, kind) if job.state is JobState.QUEUED]


def test_last_shard_of_all_leads_to_selection(worker: tuple[Runtime, Inbox]) -> None:
    runtime, _ = worker
    round_that_scores(worker, num_shards=3)
    for job in jobs_of(runtime, JobKind.SCORE):
        assert jobs_of(runtime, JobKind.SELECT) == []
        do(runtime, job)
    assert len(jobs_of(runtime, JobKind.SELECT)) == 1


def test_round_with_a_cancelled_shard_selects_nothing_before_that_shard_is_scored(
    worker: tuple[Runtime, Inbox],
) -> None:
    runtime, _ = worker
    round_id = round_that_scores(worker, num_shards=2)
    first, second = jobs_of(runtime, JobKind.SCORE)
    with runtime.database.transaction() as session:
        jobs.request_cancel(session, first)
    do(runtime, second)
    assert jobs_of(runtime, JobKind.SELECT) == []
    tell_stranded(runtime.database)
    ended = round_of(runtime, round_id)
    assert (ended.state, ended.error) == (RoundState.FAILED, "its score job was cancelled")

    with runtime.database.transaction() as session:
        user_id = session.scalars(select(User.id)).first()
        assert user_id is not None
        rounds.retry(session, round_id, user_id=user_id)
    (again,) = queued(runtime, JobKind.SCORE)
    assert again.payload["shard"] == first.payload["shard"]
    do(runtime, again)
    assert len(jobs_of(runtime, JobKind.SELECT)) == 1
