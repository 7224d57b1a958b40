"""A process of its own that uses the store: `python -m tests.support.store_child WHAT URL ...`.

Says `ready` first; starts when it is given a line.
"""

import sys
import threading
import uuid
from collections.abc import Callable

from sqlalchemy import select

from segloop_store import jobs
from segloop_store.database import Database
from segloop_store.models import Job
from tests.support.rows import add_project, add_round


def claim(database: Database, name: str, num_threads: str, *job_ids: str) -> None:
    """Every thread claims every job; says `<job> <owner>` for each it got."""
    barrier = threading.Barrier(int(num_threads))

    def run(thread: int) -> None:
        owner = f"{name}-{thread}"
        for job_id in job_ids:
            barrier.wait()
            if jobs.claim(database, uuid.UUID(job_id), owner=owner, device=f"{owner}:cpu") is not None:
                sys.stdout.write(f"{job_id} {owner}\n")

    _in_threads(int(num_threads), run)


def increment(database: Database, num_threads: str, count: str, job_id: str) -> None:
    """Every thread reads the job's attempt, adds one and writes it back, `count` times."""

    def run(_: int) -> None:
        statement = select(Job).where(Job.id == uuid.UUID(job_id)).with_for_update()
        for _ in range(int(count)):
            with database.transaction() as session:
                job = session.scalars(statement).one()
                job.attempt += 1

    _in_threads(int(num_threads), run)


def write_pairs(database: Database) -> None:
    """A project and its round in one transaction, for ever; says the project's id once it is kept."""
    while True:
        with database.transaction() as session:
            project = add_project(session)
            add_round(session, project)
        sys.stdout.write(f"{project.id}\n")
        sys.stdout.flush()


def _in_threads(count: int, run: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Do what the command line names."""
    what, url, *arguments = sys.argv[1:]
    database = Database(url)
    database.check()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    actions: dict[str, Callable[..., None]] = {
        "claim": claim,
        "increment": increment,
        "write_pairs": write_pairs,
    }
    actions[what](database, *arguments)


if __name__ == "__main__":
    main()
