"""Real processes and threads against one database: one winner, nothing lost, nothing half written."""

import random
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from segloop_store import jobs, reconciler
from segloop_store.clock import now
from segloop_store.database import Database
from segloop_store.models import Event, Job, Project, Round
from segloop_store.states import JobKind, JobState, Queue
from tests.support.store_children import release, run_children, start_child

pytestmark = pytest.mark.slow


def test_of_eight_claimers_of_a_job_one_wins(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        added = [jobs.add_job(session, JobKind.INGEST) for _ in range(20)]
    ids = [str(job.id) for job in added]

    lines = run_children([("claim", database_url, f"child{number}", "4", *ids) for number in range(2)])

    wins = Counter(line.split()[0] for line in lines)
    assert wins == dict.fromkeys(ids, 1)
    with database.reading() as session:
        found = session.scalars(select(Job)).all()
        num_claims = session.scalar(select(func.count()).where(Event.kind == "job.running"))
    assert {(job.state, job.attempt) for job in found} == {(JobState.RUNNING, 1)}
    assert {f"{job.id} {job.owner}" for job in found} == set(lines)
    assert num_claims == 20


def test_increments_are_never_lost(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        job = jobs.add_job(session, JobKind.INGEST)

    run_children([("increment", database_url, "4", "50", str(job.id))] * 2)

    with database.reading() as session:
        assert session.get_one(Job, job.id).attempt == 400


def test_killed_writer_leaves_no_half_transaction(database: Database, database_url: str) -> None:
    rng = random.Random(5)
    acknowledged: list[str] = []
    for _ in range(3):
        child = start_child("write_pairs", database_url)
        release([child])
        time.sleep(rng.uniform(0.05, 0.4))  # any moment will do, inside or between transactions
        child.kill()
        said, _ = child.communicate()
        acknowledged += [line for line in said.splitlines() if len(line) == 36]

    with database.reading() as session:
        projects = set(session.scalars(select(Project.id)))
        assert set(session.scalars(select(Round.project_id))) == projects
    assert acknowledged
    assert {uuid.UUID(line) for line in acknowledged} <= projects


class _Postbox:
    """Counts wake-ups."""

    def __init__(self) -> None:
        self.woken: list[uuid.UUID] = []

    def wake(self, job_id: uuid.UUID, queue: Queue) -> None:
        """Note one."""
        assert queue is Queue.LIGHT
        self.woken.append(job_id)


def test_reconcilers_at_once_do_everything_once(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        waiting = [jobs.add_job(session, JobKind.INGEST) for _ in range(5)]
        lost = [jobs.add_job(session, JobKind.EXPORT) for _ in range(5)]
    for job in lost:
        jobs.claim(database, job.id, owner=f"dead-{job.id}")
    postbox = _Postbox()
    ended: list[uuid.UUID] = []
    later = now() + timedelta(minutes=1)
    databases = [Database(database_url) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        reports = list(
            pool.map(
                lambda one: reconciler.reconcile(
                    one, postbox, later, on_ended=lambda _, job: ended.append(job.id)
                ),
                databases,
            )
        )

    for one in databases:
        one.dispose()
    assert sum(report.num_requeued for report in reports) == 5
    assert ended == []
    woken = Counter(postbox.woken)
    assert all(woken[job.id] == 1 for job in waiting)
    with database.reading() as session:
        assert {job.state for job in session.scalars(select(Job))} == {JobState.QUEUED}
