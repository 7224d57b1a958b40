"""The reconciler puts right what crashes leave."""

import uuid
from datetime import timedelta

import pytest

from segloop_store import jobs, workers
from segloop_store.clock import now
from segloop_store.database import Database
from segloop_store.models import Assignment, DeviceSlot, Job, RegionQuery
from segloop_store.reconciler import Report, reconcile
from segloop_store.states import AssignmentState, JobKind, JobState, QueryState, Queue, RoundState
from tests.support.rows import add_assignment, add_image, add_project, add_query, add_round, add_user


class Postbox:
    """A broker that keeps what it is given."""

    def __init__(self) -> None:
        self.woken: list[uuid.UUID] = []

    def wake(self, job_id: uuid.UUID, queue: Queue) -> None:  # noqa: ARG002 - the Protocol's
        """Note one wake-up."""
        self.woken.append(job_id)


@pytest.fixture
def postbox() -> Postbox:
    """A broker of its own."""
    return Postbox()


def test_nothing_wrong_changes_nothing(database: Database, postbox: Postbox) -> None:
    with database.transaction() as session:
        jobs.add_job(session, JobKind.INGEST)

    assert reconcile(database, postbox) == Report()
    assert postbox.woken == []


def test_job_nobody_came_for_is_sent_again_ever_more_seldom(database: Database, postbox: Postbox) -> None:
    with database.transaction() as session:
        job = jobs.add_job(session, JobKind.INGEST)

    for second in range(0, 3600, 30):
        reconcile(database, postbox, now() + timedelta(seconds=second))

    assert set(postbox.woken) == {job.id}
    assert 10 < len(postbox.woken) < 30


def test_job_of_a_dead_worker_runs_again_and_its_device_is_free(database: Database, postbox: Postbox) -> None:
    with database.transaction() as session:
        job = jobs.add_job(session, JobKind.TRAIN)
    jobs.claim(database, job.id, owner="dead", device="host:cpu")

    assert reconcile(database, postbox, now() + timedelta(seconds=29)).num_requeued == 0
    report = reconcile(database, None, now() + timedelta(seconds=31))

    assert (report.num_requeued, report.num_ended) == (1, 0)
    taken = jobs.claim(database, job.id, owner="alive", device="host:cpu")
    assert taken is not None
    assert taken.attempt == 2


def test_job_that_keeps_killing_its_worker_fails_with_a_reason(database: Database, postbox: Postbox) -> None:
    ended: list[Job] = []
    with database.transaction() as session:
        job = jobs.add_job(session, JobKind.INGEST, max_attempts=2)
    for _ in range(2):
        jobs.claim(database, job.id, owner="dead")
        reconcile(
            database,
            postbox,
            now() + timedelta(seconds=31),
            on_ended=lambda _, lost: ended.append(lost),
        )

    assert [lost.id for lost in ended] == [job.id]
    with database.reading() as session:
        found = session.get_one(Job, job.id)
    assert found.state is JobState.FAILED
    assert "2 times" in (found.error or "")


def test_cancelled_job_of_a_dead_worker_is_not_repeated(database: Database, postbox: Postbox) -> None:
    with database.transaction() as session:
        job = jobs.add_job(session, JobKind.INGEST)
    jobs.claim(database, job.id, owner="dead")
    with database.transaction() as session:
        jobs.request_cancel(session, job)

    assert reconcile(database, postbox, now() + timedelta(seconds=31)).num_ended == 1
    with database.reading() as session:
        assert session.get_one(Job, job.id).state is JobState.CANCELLED


def test_hook_that_fails_undoes_the_end_of_its_job(database: Database, postbox: Postbox) -> None:
    with database.transaction() as session:
        job = jobs.add_job(session, JobKind.INGEST, max_attempts=1)
    jobs.claim(database, job.id, owner="dead")

    def refuse(*_: object) -> None:
        raise ValueError("not now")

    with pytest.raises(ValueError, match="not now"):
        reconcile(database, postbox, now() + timedelta(seconds=31), on_ended=refuse)
    with database.reading() as session:
        assert session.get_one(Job, job.id).state is JobState.RUNNING


def test_leases_run_out_and_left_over_questions_of_a_closed_round_go(
    database: Database, postbox: Postbox
) -> None:
    with database.transaction() as session:
        project, user = add_project(session), add_user(session)
        image = add_image(session, project)
        closed = add_round(session, project, 0, state=RoundState.CLOSED)
        serving = add_round(session, project, 1)
        old, new, fresh = (
            add_query(session, closed, image, 0),
            add_query(session, serving, image, 1),
            add_query(session, serving, image, 2),
        )
        over = [add_assignment(session, query, user, seconds=-1) for query in (old, new)]
        held = add_assignment(session, fresh, user)

    report = reconcile(database, postbox)

    assert (report.num_assignments_expired, report.num_queries_withdrawn) == (2, 1)
    with database.reading() as session:
        states = [session.get_one(Assignment, item.id).state for item in [*over, held]]
        assert states == [AssignmentState.EXPIRED, AssignmentState.EXPIRED, AssignmentState.LEASED]
        queries = [session.get_one(RegionQuery, item.id).state for item in (old, new, fresh)]
        assert queries == [QueryState.WITHDRAWN, QueryState.OPEN, QueryState.OPEN]


def test_slot_and_heartbeat_of_a_vanished_machine_are_cleared(database: Database, postbox: Postbox) -> None:
    workers.beat(database, "worker-1", queues=[Queue.LIGHT])
    with database.transaction() as session:
        session.add(DeviceSlot(name="gone:cpu", owner="x", lease_until=now() - timedelta(seconds=1)))

    assert reconcile(database, postbox).num_slots_freed == 1
    assert reconcile(database, postbox, now() + timedelta(hours=2)).num_workers_forgotten == 1
    with database.reading() as session:
        assert workers.living(session, within_seconds=1e6) == []


def test_living_workers_are_those_seen_lately(database: Database) -> None:
    workers.beat(database, "b", queues=[Queue.TORCH], devices=["host:cpu"])
    workers.beat(database, "a", queues=[Queue.LIGHT])
    workers.beat(database, "a", queues=[Queue.LIGHT, Queue.TORCH])

    with database.reading() as session:
        found = workers.living(session)
        assert [(worker.name, worker.queues) for worker in found] == [("a", "light,torch"), ("b", "torch")]
        assert workers.living(session, within_seconds=-1) == []
    workers.sign_off(database, "a")
    with database.reading() as session:
        assert [worker.name for worker in workers.living(session)] == ["b"]
