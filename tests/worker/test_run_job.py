"""How a job ends: well, cancelled, given back, retried or failed; what its round and its child do then."""

import os
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from segloop_store import devices, jobs
from segloop_store.clock import now
from segloop_store.models import User
from segloop_store.reconciler import reconcile
from segloop_store.repositories import rounds
from segloop_store.states import JobKind, JobState, RoundState
from segloop_worker import pipeline
from segloop_worker.errors import CancelRequested, JobLostError, WorkerStopping
from segloop_worker.heartbeat import tell_stranded
from segloop_worker.job_run import JobRun
from segloop_worker.runtime import Runtime
from segloop_worker.tasks import run_job, run_waiting
from tests.support.process_watch import torch_children, wait_until
from tests.support.worker_project import (
    Inbox,
    add_project,
    answer_all,
    ask,
    jobs_of,
    open_worker,
    queries_of,
    round_of,
    run_all,
    start_round,
    tiny_settings,
)


@pytest.fixture
def worker(tmp_path: Path) -> tuple[Runtime, Inbox]:
    return open_worker(tmp_path, checkpoint_seconds=0.01, job_lease_seconds=2.0)


@contextmanager
def running(run: Callable[[], object]) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=run)
    thread.start()
    yield thread
    thread.join(timeout=60)
    assert not thread.is_alive()


def start_and_answer_first_round(runtime: Runtime, inbox: Inbox) -> uuid.UUID:
    """A project whose first round is answered; cheap, because no job chose its regions."""
    project_id = add_project(runtime, num_pool=4, num_validation=1)
    run_all(runtime, inbox)
    assert answer_all(runtime, ask(runtime, project_id, 6)) == 6
    return project_id


def claimed_run(runtime: Runtime, *, lease_seconds: float = 5.0) -> JobRun:
    with runtime.database.transaction() as session:
        job = jobs.add_job(session, JobKind.CLEAN_UP)
    claimed = jobs.claim(runtime.database, job.id, owner="me", lease_seconds=lease_seconds)
    assert claimed is not None
    return JobRun(runtime, claimed, owner="me")


def test_lease_is_renewed_and_progress_written_while_a_job_runs(worker: tuple[Runtime, Inbox]) -> None:
    runtime, _ = worker
    with claimed_run(runtime, lease_seconds=0.6) as run:
        run.report(0.25, phase="counting", step=1, num_steps=4)
        wait_until(lambda: jobs_of(runtime)[0].progress_fraction == 0.25, 10, "the progress")
        first_lease = jobs_of(runtime)[0].lease_until
        assert first_lease is not None
        wait_until(lambda: (jobs_of(runtime)[0].lease_until or first_lease) > first_lease, 10, "the renewal")
    assert jobs_of(runtime)[0].progress == {"phase": "counting", "step": 1, "num_steps": 4}


def test_cancel_reaches_a_running_job_and_stops_its_writes(worker: tuple[Runtime, Inbox]) -> None:
    runtime, _ = worker
    with claimed_run(runtime) as run:
        with runtime.database.transaction() as session:
            jobs.request_cancel(session, run.job)
        with pytest.raises(CancelRequested), run.saving():
            pytest.fail("a cancelled job must not write")
        with pytest.raises(CancelRequested):
            run.wait(10)


def test_job_taken_by_another_run_cannot_write(worker: tuple[Runtime, Inbox]) -> None:
    runtime, _ = worker
    run = claimed_run(runtime, lease_seconds=0.05)
    reconcile(runtime.database, None, now() + timedelta(seconds=10))
    assert jobs.claim(runtime.database, run.id, owner="another") is not None
    with pytest.raises(JobLostError), run.saving():
        pytest.fail("a lost job must not write")


def test_stopping_worker_interrupts_a_wait(worker: tuple[Runtime, Inbox]) -> None:
    runtime, _ = worker
    with claimed_run(runtime) as run:
        threading.Timer(0.2, runtime.stopping.set).start()
        with pytest.raises(WorkerStopping):
            run.wait(30)


def test_round_waits_until_its_images_are_prepared(worker: tuple[Runtime, Inbox]) -> None:
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=2, num_validation=0)
    round_id = start_round(runtime, project_id)
    features = jobs_of(runtime, JobKind.FEATURES)[0]
    run_job(runtime, features.id)
    waiting = jobs_of(runtime, JobKind.FEATURES)[0]
    assert (waiting.state, waiting.waiting_reason) == (JobState.QUEUED, "images are being prepared")
    assert round_of(runtime, round_id).state is RoundState.QUEUED
    # the ingest job, once done, sends the round's job again
    inbox.messages.clear()
    run_job(runtime, jobs_of(runtime, JobKind.INGEST)[0].id)
    assert features.id in [job_id for job_id, _ in inbox.messages]


def test_free_device_takes_the_oldest_job_that_can_run_though_its_wake_up_is_lost(
    worker: tuple[Runtime, Inbox],
) -> None:
    runtime, inbox = worker
    start_round(runtime, add_project(runtime, num_pool=1, num_validation=0))  # waits for its images
    unknown = {"image_id": str(uuid.uuid4()), "model_version_id": str(uuid.uuid4())}
    with runtime.database.transaction() as session:
        for _ in range(2):
            jobs.add_job(session, JobKind.PREDICT, payload=unknown)
    inbox.messages.clear()
    another = claimed_run(runtime).job
    with runtime.database.transaction() as session:
        until = now() + timedelta(minutes=1)
        slot = runtime.slot("cpu")
        assert devices.take_slot(session, slot, job_id=another.id, owner="another", lease_until=until)
    assert not run_waiting(runtime)
    with runtime.database.transaction() as session:
        devices.release_slots(session, "another")

    assert run_waiting(runtime)
    assert [job.attempt for job in jobs_of(runtime, JobKind.PREDICT)] == [1, 0]
    assert run_waiting(runtime)
    assert not run_waiting(runtime)
    assert [job.attempt for job in jobs_of(runtime, JobKind.PREDICT)] == [1, 1]
    assert jobs_of(runtime, JobKind.FEATURES)[0].attempt == 0


def test_workers_told_to_be_on_one_machine_share_its_devices(tmp_path: Path) -> None:
    first, _ = open_worker(tmp_path, machine="gpu-box")
    second, _ = open_worker(tmp_path, machine="gpu-box")
    elsewhere, _ = open_worker(tmp_path, machine="other-box")
    holder = claimed_run(first).job
    with first.database.transaction() as session:
        until = now() + timedelta(minutes=1)
        assert devices.take_slot(
            session, first.slot("cpu"), job_id=holder.id, owner="first", lease_until=until
        )
        assert not devices.is_free(session, second.slot("cpu"))
        assert devices.is_free(session, elsewhere.slot("cpu"))


@pytest.mark.slow
def test_error_that_would_come_again_fails_the_round_at_once_with_its_reason(
    worker: tuple[Runtime, Inbox],
) -> None:
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=2, num_validation=0)
    round_id = start_round(runtime, project_id, settings=tiny_settings(encoder="timm:no_such_encoder"))
    run_all(runtime, inbox)
    (job,) = jobs_of(runtime, JobKind.FEATURES)
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error is not None
    assert "no_such_encoder" in job.error
    round_ = round_of(runtime, round_id)
    assert (round_.state, round_.error) == (RoundState.FAILED, job.error)


def test_lost_worker_ends_the_round_after_its_last_attempt(worker: tuple[Runtime, Inbox]) -> None:
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=2, num_validation=0)
    run_all(runtime, inbox)
    round_id = start_round(runtime, project_id)
    (job,) = jobs_of(runtime, JobKind.FEATURES)
    for attempt in range(1, 4):
        claimed = jobs.claim(
            runtime.database, job.id, owner=f"dead-{attempt}", device="cpu", lease_seconds=0.01
        )
        assert claimed is not None
        assert claimed.attempt == attempt
        at = now() + timedelta(seconds=10 * attempt)
        reconcile(runtime.database, None, at, on_ended=pipeline.ended_badly)
    assert jobs_of(runtime, JobKind.FEATURES)[0].state is JobState.FAILED
    assert round_of(runtime, round_id).state is RoundState.FAILED
    assert "without a word" in (round_of(runtime, round_id).error or "")


def test_round_ends_when_its_waiting_job_is_cancelled_by_hand(worker: tuple[Runtime, Inbox]) -> None:
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=1, num_validation=0)
    run_all(runtime, inbox)
    round_id = start_round(runtime, project_id)
    tell_stranded(runtime.database)
    assert round_of(runtime, round_id).state is RoundState.QUEUED
    with runtime.database.transaction() as session:
        jobs.request_cancel(session, jobs_of(runtime, JobKind.FEATURES)[0])
    tell_stranded(runtime.database)
    ended = round_of(runtime, round_id)
    assert (ended.state, ended.error) == (RoundState.FAILED, "its features job was cancelled")


@pytest.mark.slow
def test_training_is_killed_given_back_resumed_and_cancelled(worker: tuple[Runtime, Inbox]) -> None:
    """One project through everything that can happen to a training child."""
    runtime, inbox = worker
    work = runtime.settings.data_dir / "work"
    project_id = start_and_answer_first_round(runtime, inbox)
    round_id = start_round(runtime, project_id, settings=tiny_settings(image_steps=4000))
    (train,) = jobs_of(runtime, JobKind.TRAIN)

    def progress_step() -> int:
        return int(jobs_of(runtime, JobKind.TRAIN)[0].progress.get("step") or 0)

    # killed: the job goes back into the queue, and this attempt counts
    with running(lambda: run_job(runtime, train.id)):
        wait_until(lambda: progress_step() >= 2, 90, "training")
        (child,) = torch_children(work)
        os.kill(child, signal.SIGKILL)
    job = jobs_of(runtime, JobKind.TRAIN)[0]
    assert (job.state, job.attempt) == (JobState.QUEUED, 1)
    assert "SIGKILL" in (job.waiting_reason or "")
    assert round_of(runtime, round_id).state is RoundState.TRAINING
    reached = progress_step()

    # the worker stops: given back without counting, its checkpoint kept
    with running(lambda: run_job(runtime, train.id)):
        wait_until(lambda: bool(torch_children(work)), 30, "the second child")
        wait_until(lambda: progress_step() > reached, 90, "going on from the checkpoint")
        runtime.stopping.set()
    runtime.stopping.clear()
    assert torch_children(work) == []
    job = jobs_of(runtime, JobKind.TRAIN)[0]
    assert (job.state, job.attempt) == (JobState.QUEUED, 1)
    assert list(work.glob("*/training/*.checkpoint"))

    # cancelled: the child is gone within seconds, the round stays cancelled, nothing is left behind
    with running(lambda: run_job(runtime, train.id)):
        wait_until(lambda: bool(torch_children(work)), 30, "the third child")
        with runtime.database.transaction() as session:
            user = session.query(User).first()
            assert user is not None
            rounds.cancel(session, round_id, user_id=user.id)
        wait_until(lambda: torch_children(work) == [], 8, "the child's end")
    assert jobs_of(runtime, JobKind.TRAIN)[0].state is JobState.CANCELLED
    assert round_of(runtime, round_id).state is RoundState.CANCELLED
    assert not list(work.iterdir())
    assert queries_of(runtime, round_id) == []
