"""Jobs: queued once, claimed with their device, kept by heartbeats, results fenced by owner."""

import uuid
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from segloop_store import jobs
from segloop_store.database import Database
from segloop_store.errors import IllegalTransitionError, LeaseExpiredError
from segloop_store.events import events_after
from segloop_store.models import DeviceSlot, Job
from segloop_store.states import JobKind, JobState, Queue
from tests.support.rows import add_project


@dataclass
class Postbox:
    """A broker that keeps what it is given."""

    woken: list[tuple[uuid.UUID, Queue]] = field(default_factory=list)

    def wake(self, job_id: uuid.UUID, queue: Queue) -> None:
        """Note one wake-up."""
        self.woken.append((job_id, queue))


@pytest.fixture
def postbox(database: Database) -> Postbox:
    """The broker of `database`."""
    box = Postbox()
    database.waker = box
    return box


def _add(database: Database, kind: JobKind = JobKind.INGEST, **values: object) -> Job:
    with database.transaction() as session:
        return jobs.add_job(session, kind, **values)  # type: ignore[arg-type]  # passed on by name


def _get(database: Database, job: Job) -> Job:
    with database.reading() as session:
        return session.get_one(Job, job.id)


def test_wake_up_is_sent_after_the_commit_only(database: Database, postbox: Postbox) -> None:
    with database.transaction() as session:
        job = jobs.add_job(session, JobKind.TRAIN)
        assert postbox.woken == []

    def fail(session: Session) -> None:
        jobs.add_job(session, JobKind.TRAIN)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), database.transaction() as session:
        fail(session)

    assert postbox.woken == [(job.id, Queue.TORCH)]


def test_same_dedupe_key_makes_one_job_and_one_wake_up(database: Database, postbox: Postbox) -> None:
    first = _add(database, dedupe_key="ingest:1")
    second = _add(database, dedupe_key="ingest:1")
    other = _add(database, dedupe_key="ingest:2")

    assert first.id == second.id != other.id
    assert [job_id for job_id, _ in postbox.woken] == [first.id, other.id]


def test_claimed_job_is_not_claimed_again_while_its_lease_lasts(database: Database) -> None:
    job = _add(database)

    claimed = jobs.claim(database, job.id, owner="one")
    again = jobs.claim(database, job.id, owner="two")

    assert claimed is not None
    assert (claimed.state, claimed.owner, claimed.attempt) == (JobState.RUNNING, "one", 1)
    assert again is None


def test_lost_job_is_claimed_by_another_run_and_its_old_owner_writes_nothing(database: Database) -> None:
    job = _add(database)
    jobs.claim(database, job.id, owner="dead", lease_seconds=-1)

    taken = jobs.claim(database, job.id, owner="alive")

    assert taken is not None
    assert (taken.owner, taken.attempt) == ("alive", 2)
    assert jobs.heartbeat(database, job.id, "dead").is_lost
    with pytest.raises(LeaseExpiredError), database.transaction() as session:
        jobs.fence(session, job.id, "dead")
    for end in (jobs.cancelled, jobs.finish):
        with pytest.raises(LeaseExpiredError), database.transaction() as session:
            end(session, job, "dead")
    assert _get(database, job).owner == "alive"


def test_job_out_of_attempts_is_not_claimed(database: Database) -> None:
    job = _add(database, max_attempts=1)
    jobs.claim(database, job.id, owner="dead", lease_seconds=-1)

    assert jobs.claim(database, job.id, owner="alive") is None


def test_unknown_job_is_nothing_to_do(database: Database) -> None:
    assert jobs.claim(database, uuid.uuid4(), owner="one") is None
    assert jobs.heartbeat(database, uuid.uuid4(), "one").is_lost


def test_torch_job_takes_the_device_and_the_next_waits_with_the_reason(
    database: Database, postbox: Postbox
) -> None:
    first, second = _add(database, JobKind.TRAIN), _add(database, JobKind.SCORE)
    jobs.claim(database, first.id, owner="one", device="host:cpu")

    assert jobs.claim(database, second.id, owner="two", device="host:cpu") is None
    waiting = _get(database, second)
    assert (waiting.state, waiting.attempt) == (JobState.QUEUED, 0)
    assert waiting.waiting_reason == "host:cpu is busy with a train job"
    assert jobs.claim(database, second.id, owner="two", device="host:cuda:0") is not None

    third = _add(database, JobKind.SCORE)
    postbox.woken.clear()
    with database.transaction() as session:
        jobs.finish(session, first, "one", results={"steps": 3})
    assert postbox.woken == [(third.id, Queue.TORCH)]
    assert jobs.claim(database, third.id, owner="three", device="host:cpu") is not None
    done = _get(database, first)
    assert (done.state, done.results, done.progress_fraction) == (JobState.DONE, {"steps": 3}, 1.0)
    assert done.finished_at is not None


def test_torch_job_without_a_device_is_a_mistake(database: Database) -> None:
    job = _add(database, JobKind.TRAIN)
    with pytest.raises(ValueError, match="with a device"):
        jobs.claim(database, job.id, owner="one")


def test_claim_that_fails_leaves_the_device_free(database: Database) -> None:
    job = _add(database, JobKind.TRAIN)
    with database.transaction() as session:
        jobs.request_cancel(session, job)

    assert jobs.claim(database, job.id, owner="one", device="host:cpu") is None
    with database.reading() as session:
        assert session.scalars(select(DeviceSlot.owner)).all() == [None]


def test_heartbeat_keeps_job_and_device_and_notes_progress(database: Database) -> None:
    job = _add(database, JobKind.TRAIN)
    jobs.claim(database, job.id, owner="one", device="host:cpu", lease_seconds=-1)

    result = jobs.heartbeat(database, job.id, "one", progress={"step": 3}, fraction=0.25)

    assert result == jobs.HeartbeatResult(is_cancel_requested=False, is_lost=False)
    assert jobs.claim(database, job.id, owner="two", device="host:cpu") is None
    found = _get(database, job)
    assert (found.progress, found.progress_fraction) == ({"step": 3}, 0.25)


def test_cancelling_a_waiting_job_ends_it_and_a_running_one_learns_by_heartbeat(database: Database) -> None:
    waiting, running = _add(database), _add(database)
    jobs.claim(database, running.id, owner="one")
    with database.transaction() as session:
        assert jobs.request_cancel(session, waiting).state is JobState.CANCELLED
        assert jobs.request_cancel(session, running).state is JobState.RUNNING
        assert jobs.request_cancel(session, waiting).state is JobState.CANCELLED

    assert jobs.heartbeat(database, running.id, "one").is_cancel_requested
    with database.transaction() as session:
        jobs.cancelled(session, running, "one")
    assert _get(database, running).state is JobState.CANCELLED


def test_ended_job_cannot_be_cancelled_and_a_failed_one_can_be_retried(
    database: Database, postbox: Postbox
) -> None:
    job = _add(database)
    jobs.claim(database, job.id, owner="one")
    with database.transaction() as session:
        jobs.fail(session, job, "one", "no space")
    with pytest.raises(IllegalTransitionError), database.transaction() as session:
        jobs.request_cancel(session, job)
    assert _get(database, job).error == "no space"

    postbox.woken.clear()
    with database.transaction() as session:
        jobs.retry(session, job)
    again = _get(database, job)
    assert (again.state, again.attempt, again.error) == (JobState.QUEUED, 0, None)
    assert postbox.woken == [(job.id, Queue.LIGHT)]


def test_run_given_back_unused_does_not_count_as_an_attempt(database: Database, postbox: Postbox) -> None:
    job = _add(database)
    for is_used, attempt in ((False, 0), (True, 1)):
        jobs.claim(database, job.id, owner="one")
        with database.transaction() as session:
            jobs.requeue(session, job, "one", reason="the worker stops", is_attempt_used=is_used)
        found = _get(database, job)
        assert (found.state, found.attempt, found.owner) == (JobState.QUEUED, attempt, None)
        assert found.waiting_reason == "the worker stops"
    assert len(postbox.woken) == 3


def test_every_move_of_a_job_is_logged(database: Database) -> None:
    with database.transaction() as session:
        project = add_project(session)
        job = jobs.add_job(session, JobKind.EXPORT, project_id=project.id)
    jobs.claim(database, job.id, owner="one")
    with database.transaction() as session:
        jobs.finish(session, job, "one")

    with database.reading() as session:
        kinds = [event.kind for event in events_after(session, project_id=project.id)]
    assert kinds == ["job.queued", "job.running", "job.done"]
