import threading
import time
import uuid
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from segloop.errors import EmptyPoolError
from segloop.settings import RoundSettings, Split
from segloop_store import jobs
from segloop_store.clock import new_id, now
from segloop_store.database import Database
from segloop_store.errors import ConflictError, NotFoundError
from segloop_store.models import Assignment, GroundTruth, Image, Job, RegionQuery, Round, User
from segloop_store.repositories import assignments, budgets, rounds
from segloop_store.repositories import work as work_rows
from segloop_store.states import (
    ACTIVE_ROUND_STATES,
    JobKind,
    JobState,
    Process,
    QueryState,
    RoundState,
)
from segloop_store.transitions import move_round
from tests.support.rows import add_annotation, add_review
from tests.support.seeding import Seeded, count_rows, in_threads, seed_project, seed_round


def start(database: Database, seeded: Seeded, **budget: Any) -> Round:
    with database.transaction() as session:
        return rounds.start(
            session,
            project_id=seeded.project_id,
            user_id=seeded.owner_id,
            settings=RoundSettings(),
            **{"budget_regions": None, "budget_fraction": None, **budget},
        )


def jobs_of(database: Database, round_: Round) -> list[Job]:
    with database.reading() as session:
        statement = select(Job).where(Job.round_id == round_.id).order_by(Job.created_at)
        return list(session.scalars(statement))


def set_state(database: Database, round_id: uuid.UUID, state: RoundState) -> None:
    with database.transaction() as session:
        round_ = session.get(Round, round_id)
        assert round_ is not None
        round_.state = state


def end_job(database: Database, job: Job, *, error: str | None) -> None:
    """Run a job to its end, as a worker would."""
    owner = f"test:{job.id}"
    assert jobs.claim(database, job.id, owner=owner, device="test:cpu") is not None
    with database.transaction() as session:
        if error is None:
            jobs.finish(session, job, owner)
        else:
            jobs.fail(session, job, owner, error)
            assert job.round_id is not None
            move_round(session, job.round_id, RoundState.FAILED, by=Process.WORKER, error=error)


def test_rounds_are_numbered_from_zero_and_start_cold(database: Database) -> None:
    seeded = seed_project(database)
    first = start(database, seeded, budget_regions=5)
    assert (first.number, first.state, first.budget_regions, first.budget_pixels) == (
        0,
        RoundState.QUEUED,
        5,
        None,
    )
    (job,) = jobs_of(database, first)
    assert (job.kind, job.payload) == (JobKind.FEATURES, {"round_id": str(first.id)})
    set_state(database, first.id, RoundState.CLOSED)
    assert start(database, seeded, budget_regions=5).number == 1


def test_truth_in_the_pool_makes_the_round_train(database: Database) -> None:
    seeded = seed_project(database)
    with database.transaction() as session:
        session.add(
            GroundTruth(image_id=seeded.image_ids[0], version=1, label_map_key="x", num_labelled_px=5)
        )
    (job,) = jobs_of(database, start(database, seeded))
    assert job.kind is JobKind.TRAIN


def test_truth_of_test_images_trains_nothing(database: Database) -> None:
    seeded = seed_project(database)
    with database.transaction() as session:
        image = session.get(Image, seeded.image_ids[0])
        assert image is not None
        image.split = Split.TEST
        session.add(GroundTruth(image_id=image.id, version=1, label_map_key="x", num_labelled_px=5))
    (job,) = jobs_of(database, start(database, seeded))
    assert job.kind is JobKind.FEATURES


@pytest.mark.parametrize(
    ("given", "regions", "pixels", "shown"),
    [
        ({"budget_regions": 7}, 7, None, 7),
        ({"budget_fraction": 0.25}, None, 2400, 6),
        ({}, 20, None, 20),
    ],
)
def test_budget_is_worked_out_and_kept(
    database: Database, given: dict[str, Any], regions: int | None, pixels: int | None, shown: int
) -> None:
    seeded = seed_project(database, num_images=2)  # 9,600 pixels in 24 regions
    round_ = start(database, seeded, **given)
    assert (round_.budget_regions, round_.budget_pixels) == (regions, pixels)
    with database.reading() as session:
        assert rounds.view(session, round_.id).budget_regions == shown


def test_without_a_budget_a_large_pool_is_asked_half_a_percent() -> None:
    pool = budgets.PoolSize(num_images=100, num_pixels=1_000_000, num_prepared=100, num_regions=10_000)
    assert budgets.work_out_budget(pool, regions=None, fraction=None) == budgets.Budget(None, 5000, 0.005)
    assert budgets.work_out_budget(pool, regions=None, fraction=0.0) == budgets.Budget(0, None, 0.0)


def test_pool_that_is_not_prepared_yet_is_estimated(database: Database) -> None:
    seeded = seed_project(database, num_images=3, is_prepared=False)
    with database.reading() as session:
        pool = budgets.pool_size(session, seeded.project_id)
    assert (pool.num_images, pool.num_pixels, pool.num_prepared) == (3, 3 * 60 * 80, 0)
    assert pool.num_regions == 3 * 192
    assert start(database, seeded, budget_fraction=0.1).state is RoundState.QUEUED


def test_empty_pool_is_refused(database: Database) -> None:
    seeded = seed_project(database, num_images=1)
    with database.transaction() as session:
        image = session.get(Image, seeded.image_ids[0])
        assert image is not None
        image.hidden_at = now()
    before = count_rows(database)
    with pytest.raises(EmptyPoolError, match="upload images"):
        start(database, seeded)
    assert count_rows(database) == before


def test_budget_of_zero_needs_something_to_train_on(database: Database) -> None:
    seeded = seed_project(database)
    before = count_rows(database)
    with pytest.raises(ConflictError, match="nothing to train on"):
        start(database, seeded, budget_regions=0)
    assert count_rows(database) == before


@pytest.mark.parametrize("state", ACTIVE_ROUND_STATES)
def test_second_round_is_refused_until_the_first_annotates(database: Database, state: RoundState) -> None:
    seeded = seed_project(database)
    first = start(database, seeded)
    set_state(database, first.id, state)
    before = count_rows(database)
    with pytest.raises(ConflictError, match=f"round 0 is {state.value}"):
        start(database, seeded)
    assert count_rows(database) == before
    set_state(database, first.id, RoundState.ANNOTATING)
    assert start(database, seeded).number == 1


def test_simultaneous_starts_make_one_round(database: Database) -> None:
    seeded = seed_project(database)
    results = in_threads(6, lambda _: start(database, seeded))
    assert sum(isinstance(result, Round) for result in results) == 1
    assert sum(isinstance(result, ConflictError) for result in results) == 5
    assert count_rows(database)["round"] == 1
    assert count_rows(database)["job"] == 1


def test_cancelling_stops_the_jobs_and_twice_is_fine(database: Database) -> None:
    seeded = seed_project(database)
    round_ = start(database, seeded)
    for _ in range(2):
        with database.transaction() as session:
            cancelled = rounds.cancel(session, round_.id, user_id=seeded.owner_id)
            assert cancelled.state is RoundState.CANCELLED
    (job,) = jobs_of(database, round_)
    assert job.state is JobState.CANCELLED
    assert start(database, seeded).number == 1


def test_cancelling_asks_a_running_job_to_stop(database: Database) -> None:
    seeded = seed_project(database)
    round_ = start(database, seeded)
    (job,) = jobs_of(database, round_)
    jobs.claim(database, job.id, owner="worker:1", device="test:cpu")
    with database.transaction() as session:
        rounds.cancel(session, round_.id, user_id=seeded.owner_id)
    assert jobs.heartbeat(database, job.id, "worker:1").is_cancel_requested


def test_closing_takes_back_what_nobody_holds_and_twice_is_fine(database: Database) -> None:
    seeded = seed_project(database)
    round_id = seed_round(database, seeded, num_queries=3)
    with database.transaction() as session:
        held = assignments.claim_next(
            session,
            project_id=seeded.project_id,
            user_id=seeded.user_ids[0],
            lease_seconds=600,
            at=now(),
        )
    assert held is not None
    for _ in range(2):
        with database.transaction() as session:
            closed = rounds.close(session, round_id, user_id=seeded.owner_id)
            assert closed.state is RoundState.CLOSED
            assert closed.closed_at is not None
    with database.reading() as session:
        states = {query.id: query.state for query in session.scalars(select(RegionQuery))}
        lease = session.get(Assignment, held.id)
    assert lease is not None
    assert states.pop(held.region_query_id) is QueryState.OPEN
    assert set(states.values()) == {QueryState.WITHDRAWN}


@pytest.mark.parametrize("act", [rounds.cancel, rounds.close, rounds.retry])
def test_round_in_the_wrong_state_is_left_alone(database: Database, act: Any) -> None:
    seeded = seed_project(database)
    round_ = start(database, seeded)
    wrong = {
        rounds.cancel: RoundState.ANNOTATING,
        rounds.close: RoundState.TRAINING,
        rounds.retry: RoundState.TRAINING,
    }[act]
    set_state(database, round_.id, wrong)
    before = count_rows(database)
    with pytest.raises(ConflictError, match=wrong.value), database.transaction() as session:
        act(session, round_.id, user_id=seeded.owner_id)
    with pytest.raises(NotFoundError), database.transaction() as session:
        act(session, new_id(), user_id=seeded.owner_id)
    assert count_rows(database) == before
    with database.reading() as session:
        assert rounds.get(session, round_.id).state is wrong


def test_retry_queues_the_job_that_failed(database: Database) -> None:
    seeded = seed_project(database)
    round_ = start(database, seeded)
    (job,) = jobs_of(database, round_)
    end_job(database, job, error="out of memory")
    with database.transaction() as session:
        again = rounds.retry(session, round_.id, user_id=seeded.owner_id)
    assert (again.state, again.error) == (RoundState.QUEUED, None)
    (job,) = jobs_of(database, round_)
    assert (job.state, job.attempt, job.error) == (JobState.QUEUED, 0, None)


def test_retry_queues_what_was_cancelled_beside_the_failed_job(database: Database) -> None:
    seeded = seed_project(database)
    round_ = start(database, seeded)
    (first,) = jobs_of(database, round_)
    end_job(database, first, error=None)
    with database.transaction() as session:
        shards = [
            jobs.add_job(
                session,
                JobKind.SCORE,
                project_id=seeded.project_id,
                round_id=round_.id,
                payload={"shard": shard},
                dedupe_key=f"score:{round_.id}:{shard}",
            )
            for shard in range(2)
        ]
    end_job(database, shards[0], error="the disk is full")
    with database.transaction() as session:
        jobs.request_cancel(session, shards[1])
    with database.transaction() as session:
        rounds.retry(session, round_.id, user_id=seeded.owner_id)
    waiting = [job for job in jobs_of(database, round_) if job.state is JobState.QUEUED]
    assert sorted((job.dedupe_key, job.payload["shard"]) for job in waiting) == [
        (f"score:{round_.id}:0", 0),
        (f"score:{round_.id}:1", 1),
    ]


def test_failed_round_is_not_retried_beside_another(database: Database) -> None:
    seeded = seed_project(database)
    round_ = start(database, seeded)
    end_job(database, jobs_of(database, round_)[0], error="broken")
    start(database, seeded)
    before = count_rows(database)
    with pytest.raises(ConflictError, match="round 1 is queued"), database.transaction() as session:
        rounds.retry(session, round_.id, user_id=seeded.owner_id)
    assert count_rows(database) == before


def test_views_count_queries_and_answers_in_a_constant_number_of_statements(database: Database) -> None:
    seeded = seed_project(database)
    for number in range(5):
        seed_round(database, seeded, num_queries=3, number=number, state=RoundState.CLOSED)
    statements: list[str] = []
    with database.reading() as session:
        event.listen(
            session.connection(),
            "before_cursor_execute",
            lambda *arguments: statements.append(arguments[2]),
        )
        views = rounds.list_views(session, seeded.project_id, after_number=None, limit=100)
    assert [(view.round.number, view.num_queries, view.annotated_regions) for view in views] == [
        (number, 3, 0) for number in range(5)
    ]
    assert len(statements) <= 4
    with database.reading() as session:
        assert [
            view.round.number
            for view in rounds.list_views(session, seeded.project_id, after_number=1, limit=2)
        ] == [2, 3]


@pytest.mark.parametrize(("verdict", "kind"), [("accepted", JobKind.TRAIN), ("returned", JobKind.FEATURES)])
def test_answers_in_use_make_the_round_train(database: Database, verdict: str, kind: JobKind) -> None:
    seeded = seed_project(database)
    seed_round(database, seeded, num_queries=1, state=RoundState.CLOSED)
    with database.transaction() as session:
        query = session.get(RegionQuery, seeded.query_ids[0])
        user = session.get(User, seeded.user_ids[0])
        reviewer = session.get(User, seeded.owner_id)
        assert query is not None
        assert user is not None
        assert reviewer is not None
        add_review(session, add_annotation(session, query, user), reviewer, verdict)
    (job,) = jobs_of(database, start(database, seeded))
    assert job.kind is kind


def test_cancelling_while_a_worker_ends_the_rounds_job_waits_for_neither_forever(database: Database) -> None:
    seeded = seed_project(database)
    round_ = start(database, seeded, budget_regions=5)
    (job,) = jobs_of(database, round_)
    assert jobs.claim(database, job.id, owner="worker:1", device="test:cpu") is not None
    is_fenced = threading.Event()

    def work(number: int) -> None:
        if number == 0:
            with database.transaction() as session:
                fenced = jobs.fence(session, job.id, "worker:1")
                is_fenced.set()
                time.sleep(0.5)  # the other one is in the middle of it by now
                work_rows.locked_round(session, round_.id)
                jobs.finish(session, fenced, "worker:1")
                follow_up(session, JobKind.SELECT)
            return
        is_fenced.wait()
        with database.transaction() as session:
            rounds.cancel(session, round_.id, user_id=seeded.owner_id)

    def follow_up(session: Session, kind: JobKind) -> None:
        jobs.add_job(session, kind, project_id=seeded.project_id, round_id=round_.id)

    assert in_threads(2, work) == [None, None]
    assert [job.state for job in jobs_of(database, round_)] == [JobState.DONE, JobState.CANCELLED]
    with database.reading() as session:
        assert rounds.get(session, round_.id).state is RoundState.CANCELLED
