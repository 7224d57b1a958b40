"""Transactions: all or nothing, hooks after the commit, clear errors, snapshots for readers."""

import math
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError, StatementError
from sqlalchemy.orm import Session

from segloop.settings import PartitionKind
from segloop_store import database as database_module
from segloop_store.database import Database, after_commit, before_commit, unique_or_conflict
from segloop_store.errors import BusyError, ConflictError, StorageError, StoreError
from segloop_store.models import Project, Round, User
from segloop_store.states import RoundState
from tests.support.rows import add_project, add_round, add_user


def _names(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Project.name).order_by(Project.id)))


def _fail(session: Session, hook: Callable[[], None] = lambda: None) -> None:
    """Write something, then raise."""
    after_commit(session, hook)
    add_project(session, "gone")
    raise ValueError("no")


def test_transaction_keeps_everything_or_nothing(database: Database) -> None:
    with database.transaction() as session:
        add_project(session, "kept")
    with pytest.raises(ValueError, match="no"), database.transaction() as session:
        _fail(session)

    assert _names(database) == ["kept"]


def test_hooks_run_around_the_commit_and_see_it(database: Database) -> None:
    order: list[str] = []
    with database.transaction() as session:
        add_project(session, "a")
        after_commit(session, lambda: order.append(f"after, {len(_names(database))} projects"))
        before_commit(session, lambda: order.append(f"before, {len(_names(database))} projects"))
        order.append("body")

    assert order == ["body", "before, 0 projects", "after, 1 projects"]


def test_no_hook_after_a_rollback_and_a_failing_hook_harms_nobody(database: Database) -> None:
    ran: list[str] = []
    with pytest.raises(ValueError, match="no"), database.transaction() as session:
        _fail(session, lambda: ran.append("never"))
    with database.transaction() as session:
        add_project(session, "kept")
        after_commit(session, lambda: ran.remove("missing"))
        after_commit(session, lambda: ran.append("second"))

    assert ran == ["second"]
    assert _names(database) == ["kept"]


def test_second_transaction_in_a_thread_is_refused_instead_of_waiting_for_itself(database: Database) -> None:
    with (
        database.transaction() as session,
        pytest.raises(RuntimeError, match="already open"),
        database.transaction(),
    ):
        pass
    with database.transaction() as session:
        add_project(session, "next")
    assert _names(database) == ["next"]


def test_reading_cannot_write(database: Database) -> None:
    def insert(session: Session) -> None:
        session.execute(text("INSERT INTO alembic_version VALUES ('x')"))

    with pytest.raises((DatabaseError, StoreError)), database.reading() as session:
        insert(session)


def test_reader_sees_one_moment_while_others_write(database: Database) -> None:
    with database.reading() as session:
        assert session.scalars(select(Project.name)).all() == []
        with database.transaction() as writer:
            add_project(writer, "later")
        assert session.scalars(select(Project.name)).all() == []

    assert _names(database) == ["later"]


def test_objects_stay_readable_after_their_session(database: Database) -> None:
    with database.transaction() as session:
        project = add_project(session, "a")
    with database.reading() as session:
        found = session.get_one(Project, project.id)

    assert (project.name, found.name) == ("a", "a")


def test_closed_sets_and_times_come_back_as_what_they_are(database: Database) -> None:
    with database.transaction() as session:
        round_ = add_round(session, add_project(session), state=RoundState.TRAINING)
        round_.metrics = None
    with database.reading() as session:
        found = session.get_one(Round, round_.id)
        project = session.get_one(Project, found.project_id)
        num_without = session.scalar(text("SELECT count(*) FROM round WHERE metrics IS NULL"))

    assert found.state is RoundState.TRAINING
    assert project.partition_kind is PartitionKind.GRID
    assert found.created_at == round_.created_at
    assert found.created_at.utcoffset() is not None
    assert num_without == 1


def test_naive_times_and_nan_are_refused(database: Database) -> None:
    with database.transaction() as session:
        round_ = add_round(session, add_project(session))

    with pytest.raises(StatementError, match="no time zone"), database.transaction() as session:
        session.get_one(Round, round_.id).closed_at = round_.created_at.replace(tzinfo=None)
    with (
        pytest.raises((StatementError, ValueError), match="not JSON compliant"),
        database.transaction() as session,
    ):
        session.get_one(Round, round_.id).metrics = {"mean_iou": math.nan}

    with database.reading() as session:
        assert session.get_one(Round, round_.id).closed_at is None


def test_unique_or_conflict_leaves_the_transaction_usable(database: Database) -> None:
    with database.transaction() as session:
        add_user(session, "ada")
        with pytest.raises(ConflictError, match="taken"), unique_or_conflict(session, "the name is taken"):
            session.add(User(username="ada"))
        add_user(session, "grace")

    with database.reading() as session:
        assert set(session.scalars(select(User.username))) == {"ada", "grace"}


def test_second_active_round_of_a_project_is_impossible(database: Database) -> None:
    with database.transaction() as session:
        project = add_project(session)
        add_round(session, project, 0, state=RoundState.ANNOTATING)
        add_round(session, project, 1, state=RoundState.QUEUED)
        with pytest.raises(ConflictError), unique_or_conflict(session, "another round runs"):
            add_round(session, project, 2, state=RoundState.SCORING)


def test_writers_of_one_process_queue_on_sqlite(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.transaction() as session:
        add_project(session, "0")

    def add_one() -> None:
        with database.transaction() as session:
            names = session.scalars(select(Project.name)).all()
            add_project(session, str(len(names)))

    threads = [threading.Thread(target=add_one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(_names(database), key=int) == [str(number) for number in range(21)]
    database.dispose()


def test_lock_held_too_long_by_another_process_is_a_busy_error(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 50)
    holder, other = Database(sqlite_url), Database(sqlite_url)
    with holder.transaction() as session:
        add_project(session, "held")
        with pytest.raises(BusyError, match="try again"), other.transaction() as second:
            add_project(second, "refused")

    assert _names(other) == ["held"]
    holder.dispose()
    other.dispose()


def test_full_disk_says_so_and_keeps_what_was_there(sqlite_url: str) -> None:
    database = Database(sqlite_url)

    def fill(session: Session) -> None:
        pages = session.scalar(text("PRAGMA page_count"))
        session.execute(text(f"PRAGMA max_page_count = {pages}"))
        for number in range(2000):
            add_project(session, f"project {number}" * 10)

    with pytest.raises(StorageError, match=r"disk .* is full"), database.transaction() as session:
        fill(session)

    assert _names(database) == []
    database.dispose()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/database"])
def test_databases_that_several_processes_cannot_share_are_refused(url: str) -> None:
    with pytest.raises(StoreError):
        Database(url)


def test_unreachable_server_is_a_storage_error() -> None:
    database = Database("postgresql://postgres@127.0.0.1:1/none")
    with pytest.raises(StorageError, match="does not answer"):
        database.check()


def test_missing_folder_of_the_database_is_made(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'segloop.db'}")
    database.check()
    database.dispose()
    assert (tmp_path / "new" / "segloop.db").is_file()


def test_sqlite_runs_with_the_settings_measured(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    with database.transaction() as session:
        values = [session.scalar(text(f"PRAGMA {name}")) for name in names]
    database.dispose()
    assert values == ["wal", 1, 1, 10_000]
