"""The event log: written last, ids in the order of commits."""

import threading

import pytest
from sqlalchemy.orm import Session

from segloop_store.database import Database
from segloop_store.events import events_after, last_event_id, record
from tests.support.rows import add_project


def test_events_are_read_after_an_id_and_of_one_project(database: Database) -> None:
    with database.transaction() as session:
        one, two = add_project(session), add_project(session)
        for number in range(3):
            record(session, "thing.happened", project_id=one.id, payload={"number": number})
        record(session, "thing.happened", project_id=two.id)

    with database.reading() as session:
        events = events_after(session, project_id=one.id)
        assert [event.payload for event in events] == [{"number": 0}, {"number": 1}, {"number": 2}]
        assert [event.id for event in events_after(session, project_id=one.id, after_id=events[1].id)] == [
            events[2].id
        ]
        assert last_event_id(session, project_id=one.id) == events[2].id
        assert last_event_id(session) == events[2].id + 1
        assert last_event_id(session, project_id=one.created_by) == events[2].id + 1


def test_nothing_is_logged_of_what_was_rolled_back(database: Database) -> None:
    def fail(session: Session) -> None:
        record(session, "thing.happened")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), database.transaction() as session:
        fail(session)

    with database.reading() as session:
        assert last_event_id(session) == 0


def test_reader_that_goes_on_from_the_last_id_misses_nothing(database: Database) -> None:
    """Without the lock, PostgreSQL commits ids out of order and this reader loses some."""
    with database.transaction() as session:
        project = add_project(session)

    def write() -> None:
        for _ in range(30):
            with database.transaction() as session:
                record(session, "thing.happened", project_id=project.id)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    seen: list[int] = []
    while True:
        is_over = not any(
            thread.is_alive() for thread in threads
        )  # asked first: the read after it is the last
        with database.reading() as session:
            found = events_after(session, project_id=project.id, after_id=seen[-1] if seen else 0)
        seen += [event.id for event in found]
        if is_over and not found:
            break

    assert len(seen) == len(set(seen)) == 120
