"""What follows what: rounds made row by row, their jobs moved by hand, no child."""

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from segloop_store import jobs
from segloop_store.clock import now
from segloop_store.database import Database
from segloop_store.models import Event, Image, Job, Round, User
from segloop_store.repositories import exports, rounds, work
from segloop_store.states import JobKind, JobState, RoundState
from segloop_worker import pipeline
from segloop_worker.heartbeat import tell_stranded
from segloop_worker.runtime import Runtime
from segloop_worker.tasks import run_job
from tests.support import rows
from tests.support.worker_project import (
    Inbox,
    add_image,
    add_model,
    add_project,
    ask,
    jobs_of,
    open_worker,
    round_of,
    run_all,
    say_scored,
    start_round,
)

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


@pytest.mark.parametrize("outcome", [jobs.cancelled, partial(jobs.fail, error="no disk")])
def test_ingest_that_ends_badly_wakes_the_round_that_waits_for_it(
    worker: tuple[Runtime, Inbox], outcome: Callable[[Session, Job, str], Job]
) -> None:
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=1, num_validation=0)
    start_round(runtime, project_id)
    (ingest,) = jobs_of(runtime, JobKind.INGEST)
    (features,) = jobs_of(runtime, JobKind.FEATURES)
    assert jobs.claim(runtime.database, ingest.id, owner=OWNER) is not None
    inbox.messages.clear()
    with runtime.database.transaction() as session:
        pipeline.ended_badly(session, outcome(session, ingest, OWNER))
    assert [job_id for job_id, _ in inbox.messages] == [features.id]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(jobs.cancelled, JobState.CANCELLED), (partial(jobs.fail, error="no disk"), JobState.FAILED)],
)
def test_export_whose_job_ended_before_it_began_ends_alike(
    worker: tuple[Runtime, Inbox], outcome: Callable[[Session, Job, str], Job], state: JobState
) -> None:
    runtime, _ = worker
    project_id = add_project(runtime, num_pool=0, num_validation=0)
    with runtime.database.transaction() as session:
        user_id = session.scalars(select(User.id)).one()
        wanted = exports.add_export(
            session, project_id, file_format="index_png", content="annotations", created_by=user_id
        )
    (job,) = jobs_of(runtime, JobKind.EXPORT)
    assert jobs.claim(runtime.database, job.id, owner=OWNER) is not None
    with runtime.database.transaction() as session:
        pipeline.ended_badly(session, outcome(session, job, OWNER))
    with runtime.database.reading() as session:
        assert exports.export_by_id(session, wanted.id).state is state
        kinds = session.scalars(select(Event.kind).where(Event.kind.startswith("export."))).all()
    assert kinds == [f"export.{state.value}"]


def test_plan_without_a_region_fails_the_round_instead_of_asking_nothing(
    worker: tuple[Runtime, Inbox],
) -> None:
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=1, num_validation=0)
    run_all(runtime, inbox)
    round_id = start_round(runtime, project_id, budget_regions=None, budget_fraction=0.0002)
    (features,) = jobs_of(runtime, JobKind.FEATURES)
    assert jobs.claim(runtime.database, features.id, owner=OWNER, device="here:cpu") is not None
    runtime.blobs.put("plan", b"[]")
    with runtime.database.transaction() as session:
        held = jobs.fence(session, features.id, OWNER)
        pipeline.enter(session, held)
        pipeline.follow(session, held)
        jobs.finish(session, held, OWNER, results={"plan_key": "plan"})
    run_all(runtime, inbox)
    ended = round_of(runtime, round_id)
    assert ended.state is RoundState.FAILED
    assert "fits into the budget" in (ended.error or "")


def shards_of_dead_workers(database: Database, num_shards: int) -> tuple[uuid.UUID, list[Job]]:
    """A scoring round all of whose shards run for the last time, under leases that are nearly over."""
    with database.transaction() as session:
        project = rows.add_project(session)
        round_ = rows.add_round(session, project, state=RoundState.SCORING)
        added = [
            jobs.add_job(
                session,
                JobKind.SCORE,
                project_id=project.id,
                round_id=round_.id,
                dedupe_key=f"score:{round_.id}:{shard}",
                max_attempts=1,
            )
            for shard in range(num_shards)
        ]
    for job in added:
        owner, device = f"dead-{job.id}", f"there:{job.id}"
        assert jobs.claim(database, job.id, owner=owner, device=device) is not None
    return round_.id, added


def test_shard_lost_while_another_finishes_ends_the_round_without_a_deadlock(database: Database) -> None:
    round_id, (first, second) = shards_of_dead_workers(database, 2)
    is_held = threading.Event()

    def finish() -> None:
        with database.transaction() as session:
            held = jobs.fence(session, first.id, f"dead-{first.id}")
            is_held.set()
            time.sleep(0.5)  # the other has taken what it takes first
            pipeline.follow(session, held)
            jobs.finish(session, held, f"dead-{first.id}")

    def lose() -> None:
        is_held.wait()
        later = now() + timedelta(minutes=5)
        with database.transaction() as session:
            jobs.give_up_lost(session, second.id, later, on_ended=pipeline.ended_badly)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(finish), pool.submit(lose)]:
            done.result()
    with database.reading() as session:
        assert session.get_one(Job, first.id).state is JobState.DONE
        assert work.round_by_id(session, round_id).state is RoundState.FAILED


def test_shards_lost_at_once_end_the_round_once(database: Database) -> None:
    later = now() + timedelta(minutes=5)
    for _ in range(5):
        round_id, added = shards_of_dead_workers(database, 4)

        def lose(job: Job) -> None:
            with database.transaction() as session:
                jobs.give_up_lost(session, job.id, later, on_ended=pipeline.ended_badly)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lose, added))
        with database.reading() as session:
            assert work.round_by_id(session, round_id).state is RoundState.FAILED


def queued(runtime: Runtime, kind: JobKind) -> list[Job]:
    return [job for job in jobs_of(runtime, kind) if job.state is JobState.QUEUED]


def test_last_shard_of_all_leads_to_selection(worker: tuple[Runtime, Inbox]) -> None:
    runtime, _ = worker
    round_that_scores(worker, num_shards=3)
    for job in jobs_of(runtime, JobKind.SCORE):
        assert jobs_of(runtime, JobKind.SELECT) == []
        do(runtime, job)
    assert len(jobs_of(runtime, JobKind.SELECT)) == 1


def test_images_that_came_while_scoring_are_scored_once_more_before_selection(
    worker: tuple[Runtime, Inbox],
) -> None:
    runtime, inbox = worker
    round_id = round_that_scores(worker, num_shards=2)
    model_version_id = add_model(runtime, round_id)
    first, second = jobs_of(runtime, JobKind.SCORE)
    assert first.project_id is not None
    with runtime.database.reading() as session:
        there = session.scalars(select(Image.id)).all()
    late = add_image(runtime, first.project_id, "late.png", np.zeros((90, 120, 3), dtype=np.uint8))
    unprepared = add_image(runtime, first.project_id, "later.png", np.ones((90, 120, 3), dtype=np.uint8))
    ingest(runtime, [late])
    say_scored(runtime, model_version_id, there)
    inbox.messages.clear()

    do(runtime, first)
    do(runtime, second)
    (rest,) = queued(runtime, JobKind.SCORE)
    assert rest.payload["shard"] == "rest"
    assert jobs_of(runtime, JobKind.SELECT) == []

    ingest(runtime, [unprepared])  # too late for this round: it does not hold the round up again
    do(runtime, rest)
    assert queued(runtime, JobKind.SCORE) == []
    assert len(jobs_of(runtime, JobKind.SELECT)) == 1


def ingest(runtime: Runtime, image_ids: list[uuid.UUID]) -> None:
    payload = {"image_ids": [str(image_id) for image_id in image_ids]}
    with runtime.database.transaction() as session:
        image = session.get_one(Image, image_ids[0])
        job = jobs.add_job(session, JobKind.INGEST, project_id=image.project_id, payload=payload)
    assert run_job(runtime, job.id)


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
