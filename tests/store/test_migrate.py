"""Migrations bring an empty database to what the models say, on both databases."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import JSON, Column, MetaData, Table, column, insert, inspect, select, table, text
from sqlalchemy.orm import Session

from segloop.settings import PartitionKind
from segloop_store.clock import new_id, now
from segloop_store.database import Database
from segloop_store.errors import StoreError
from segloop_store.migrate import current_revision, differences, head_revision, migrate
from segloop_store.models import Annotation, Base, LabelClass, Project, RegionQuery, TrainingSnapshot
from tests.support.rows import add_image, add_round, add_user


def add_old_project(session: Session) -> Project:
    """A project as the first migrations knew it, with a column that was dropped since."""
    columns = [Column(column.name, column.type) for column in Project.__table__.columns]
    then = Table("project", MetaData(), *columns, Column("settings", JSON))
    values = {"name": "old", "guide_markdown": "", "partition_kind": PartitionKind.GRID, "settings": {}}
    session.execute(insert(then).values(id=new_id(), created_at=now(), **values))
    return session.scalars(select(Project)).one()


def test_empty_to_head_leaves_nothing_to_migrate(empty_database: Database) -> None:
    migrate(empty_database)

    assert differences(empty_database) == []
    assert current_revision(empty_database) == head_revision()


def test_migrated_tables_have_every_foreign_key_and_index_of_the_models(database: Database) -> None:
    with database.reading() as session:
        inspector = inspect(session.connection())
        for table in Base.metadata.sorted_tables:
            keys = {key["name"] for key in inspector.get_foreign_keys(table.name)}
            assert keys == {key.name for key in table.foreign_key_constraints}
            indexes = {
                (index["name"], bool(index["unique"]))
                for index in inspector.get_indexes(table.name)
                if not index.get("duplicates_constraint")
            }
            assert indexes == {(index.name, bool(index.unique)) for index in table.indexes}


def test_active_round_index_is_partial(database: Database) -> None:
    with database.reading() as session:
        indexes = inspect(session.connection()).get_indexes("round")
    (active,) = [index for index in indexes if index["name"] == "uq_round_active"]
    assert "queued" in str(active["dialect_options"][f"{database.dialect}_where"])


def test_migrating_twice_changes_nothing(empty_database: Database) -> None:
    migrate(empty_database)
    migrate(empty_database)

    assert differences(empty_database) == []


def test_two_starters_migrate_one_after_the_other(empty_database: Database) -> None:
    errors: list[BaseException] = []

    def start() -> None:
        try:
            migrate(Database(empty_database.url.render_as_string(hide_password=False)))
        except BaseException as error:  # noqa: BLE001 - reported below, in the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert differences(empty_database) == []


def test_old_snapshots_get_the_number_of_classes_they_were_taken_with(empty_database: Database) -> None:
    migrate(empty_database, to="202611221255")
    taken_at = now()
    with empty_database.transaction() as session:
        project = add_old_project(session)
        round_id = add_round(session, project).id
        for index in range(3):
            created_at = taken_at + timedelta(minutes=index - 1)
            session.add(
                LabelClass(
                    project_id=project.id,
                    index=index,
                    name=str(index),
                    color="#000000",
                    created_at=created_at,
                )
            )
        old = {"project_id": project.id, "round_id": round_id, "contents_key": "x", "num_annotations": 0}
        old |= {"num_truths": 0, "labelled_fraction": 0.0, "settings": {}, "seed": 0, "code_version": "old"}
        session.execute(insert(TrainingSnapshot).values(created_at=taken_at, **old))

    migrate(empty_database)

    assert differences(empty_database) == []
    with empty_database.reading() as session:
        assert session.scalars(select(TrainingSnapshot.num_classes)).all() == [2]


def test_answers_of_before_are_kept_and_count_no_strokes(empty_database: Database) -> None:
    migrate(empty_database, to="202611221415")
    newer = {"num_strokes", "num_keys", "returned_to"}
    query_id, annotation_id = new_id(), new_id()
    with empty_database.transaction() as session:
        project, user = add_old_project(session), add_user(session)
        round_, image = add_round(session, project), add_image(session, project)
        of_both = {"project_id": project.id, "image_id": image.id, "region_index": 0, "created_at": now()}
        query = {"id": query_id, "round_id": round_.id, "rank": 0, "purpose": "selected", "state": "answered"}
        query |= dict.fromkeys(("bbox_x", "bbox_y", "num_skipped"), 0)
        query |= dict.fromkeys(("bbox_width", "bbox_height", "area_px", "num_wanted", "num_answered"), 1)
        annotation = {"id": annotation_id, "region_query_id": query_id, "user_id": user.id, "version": 1}
        annotation |= {"kind": "exact", "label_map_png": b"png", "label_map_sha256": "0", "num_void_px": 0}
        annotation |= {"annotation_seconds": 1.5, "num_clicks": 3}
        for model, values in ((RegionQuery, {**query, "reason": {}}), (Annotation, annotation)):
            columns = [column(c.name, c.type) for c in model.__table__.columns if c.name not in newer]
            session.execute(insert(table(model.__tablename__, *columns)).values({**of_both, **values}))

    migrate(empty_database)

    assert differences(empty_database) == []
    with empty_database.reading() as session:
        kept = session.get_one(Annotation, annotation_id)
        assert (kept.num_clicks, kept.num_strokes, kept.num_keys) == (3, 0, 0)
        assert session.get_one(RegionQuery, query_id).returned_to is None


def test_database_of_a_newer_version_is_refused_and_left_alone(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '999912312359'"))

    with pytest.raises(StoreError, match="newer segloop"):
        migrate(database)

    assert current_revision(database) == "999912312359"
