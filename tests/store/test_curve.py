import uuid
from datetime import datetime, timedelta

from sqlalchemy import event

from segloop.settings import AnnotationKind, QueryPurpose, RoundSettings
from segloop_store.clock import now
from segloop_store.database import Database
from segloop_store.models import Annotation, RegionQuery, Round, TrainingSnapshot
from segloop_store.repositories.costs import costs_of_rounds
from segloop_store.repositories.curve import Cost, learning_curve
from segloop_store.states import RoundState
from tests.support.seeding import Seeded, seed_project, seed_round

START = now() - timedelta(days=1)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def add_answer(
    database: Database, query_id: uuid.UUID, user_id: uuid.UUID, minutes: int, *, version: int = 1
) -> None:
    with database.transaction() as session:
        query = session.get(RegionQuery, query_id)
        assert query is not None
        session.add(
            Annotation(
                created_at=at(minutes),
                project_id=query.project_id,
                region_query_id=query.id,
                image_id=query.image_id,
                region_index=query.region_index,
                user_id=user_id,
                version=version,
                kind=AnnotationKind.EXACT,
                label_map_png=b"",
                label_map_sha256="",
                num_void_px=0,
                annotation_seconds=2.0,
                num_clicks=5,
                num_strokes=3,
                num_keys=7,
            )
        )


def add_snapshot(database: Database, seeded: Seeded, round_id: uuid.UUID, minutes: int) -> None:
    with database.transaction() as session:
        session.add(
            TrainingSnapshot(
                created_at=at(minutes),
                project_id=seeded.project_id,
                round_id=round_id,
                contents_key="x",
                num_classes=2,
                num_annotations=0,
                num_truths=0,
                labelled_fraction=0.1,
                settings=RoundSettings().to_mapping(),
                seed=0,
                code_version="test",
            )
        )


def test_costs_are_those_of_what_each_model_saw(database: Database) -> None:
    seeded = seed_project(database)
    closed = RoundState.CLOSED
    both = (QueryPurpose.SELECTED, QueryPurpose.AGREEMENT)
    seed_round(database, seeded, num_queries=2, number=0, state=closed, created_at=at(0), purposes=both)
    selected, agreement = seeded.query_ids[0], seeded.query_ids[1]
    second = seeded.query_ids[2]
    first_round = seed_round(database, seeded, num_queries=0, number=1, state=closed, created_at=at(10))
    add_snapshot(database, seeded, first_round, 12)
    seed_round(database, seeded, num_queries=0, number=2, state=RoundState.FAILED, created_at=at(20))
    add_answer(database, selected, seeded.user_ids[0], 5)
    add_answer(database, agreement, seeded.user_ids[1], 6)
    add_answer(database, selected, seeded.user_ids[0], 11, version=2)
    add_answer(database, second, seeded.user_ids[0], 15)
    with database.reading() as session:
        points = learning_curve(session, seeded.project_id)
    assert [(point.round.number, point.annotated_regions, point.cost) for point in points] == [
        (0, 0, Cost()),
        (1, 1, Cost(15, 9, 21, 6.0)),
        (2, 2, Cost(20, 12, 28, 8.0)),
    ]


def test_number_of_statements_does_not_grow_with_rounds(database: Database) -> None:
    seeded = seed_project(database)
    for number in range(6):
        seed_round(database, seeded, num_queries=1, number=number, state=RoundState.CLOSED)
        add_answer(database, seeded.query_ids[0], seeded.user_ids[0], number)
    statements: list[str] = []
    with database.reading() as session:
        event.listen(
            session.connection(),
            "before_cursor_execute",
            lambda *arguments: statements.append(arguments[2]),
        )
        points = learning_curve(session, seeded.project_id)
    assert len(points) == 6
    assert points[-1].annotated_regions == 1, "one region, however often it was asked"
    assert len(statements) <= 3


def test_project_without_rounds_has_an_empty_curve(database: Database) -> None:
    seeded = seed_project(database)
    with database.reading() as session:
        assert learning_curve(session, seeded.project_id) == []
        assert session.query(Round).count() == 0


def test_costs_of_a_round_are_summed_and_their_median_is_per_region(database: Database) -> None:
    seeded = seed_project(database)
    both = (QueryPurpose.SELECTED, QueryPurpose.AGREEMENT)
    seed_round(database, seeded, num_queries=3, number=0, state=RoundState.CLOSED, purposes=both)
    queries = seeded.query_ids
    seed_round(database, seeded, num_queries=1, number=1)
    add_answer(database, queries[0], seeded.user_ids[0], 1)
    add_answer(database, queries[1], seeded.user_ids[1], 2)
    add_answer(database, queries[0], seeded.user_ids[0], 3, version=2)
    add_answer(database, queries[2], seeded.user_ids[0], 4)
    add_answer(database, queries[4], seeded.user_ids[0], 5)
    with database.reading() as session:
        (cost,) = costs_of_rounds(session, seeded.project_id)
    assert (cost.round_number, cost.num_regions) == (0, 3)
    assert cost.total == Cost(25, 15, 35, 10.0)
    # the first region took three answers, the others one each
    assert (cost.median_clicks, cost.median_strokes, cost.median_keys, cost.median_seconds) == (5, 3, 7, 2.0)
