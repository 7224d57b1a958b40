"""Publishing a round's queries, and what becomes of the round that annotated before."""

import uuid

import pytest
from sqlalchemy import select

from segloop_store.database import Database
from segloop_store.errors import IllegalTransitionError
from segloop_store.events import events_after
from segloop_store.models import Image, Project, RegionQuery, Round
from segloop_store.repositories import queries
from segloop_store.states import AssignmentState, Process, QueryState, RoundState
from segloop_store.transitions import move_round
from tests.support.rows import add_assignment, add_image, add_project, add_query, add_round, add_user


def _new(image: Image, region_index: int, rank: int) -> queries.NewQuery:
    return queries.NewQuery(
        image_id=image.id,
        region_index=region_index,
        bbox_x=0,
        bbox_y=0,
        bbox_width=5,
        bbox_height=5,
        area_px=25,
        rank=rank,
        score=0.5,
        reason={"top_classes": [1, 2], "probs": [0.5, 0.25]},
    )


def _states(database: Database, round_: Round) -> list[tuple[int, QueryState]]:
    with database.reading() as session:
        found = session.scalars(
            select(RegionQuery).where(RegionQuery.round_id == round_.id).order_by(RegionQuery.region_index)
        )
        return [(query.region_index, query.state) for query in found]


def test_publishing_asks_the_regions_and_closes_the_round_before(database: Database) -> None:
    with database.transaction() as session:
        project, user = add_project(session), add_user(session)
        image = add_image(session, project)
        older = add_round(session, project, 0)
        add_query(session, older, image, 0)
        add_query(session, older, image, 1, state=QueryState.ANSWERED, num_answered=1)
        add_assignment(session, add_query(session, older, image, 2), user)
        add_assignment(session, add_query(session, older, image, 3), user, seconds=-1)
        newer = add_round(session, project, 1, state=RoundState.SELECTING)
    rows = [_new(image, 4 + rank, rank) for rank in range(3)]

    with database.transaction() as session:
        published = queries.publish(session, newer.id, rows, labelled_fraction=0.25)

    assert (published.state, published.labelled_fraction) == (RoundState.ANNOTATING, 0.25)
    assert published.published_at is not None
    assert _states(database, older) == [
        (0, QueryState.WITHDRAWN),
        (1, QueryState.ANSWERED),
        (2, QueryState.OPEN),  # held: it stays good
        (3, QueryState.WITHDRAWN),
    ]
    assert _states(database, newer) == [(index, QueryState.OPEN) for index in (4, 5, 6)]
    with database.reading() as session:
        closed = session.get_one(Round, older.id)
        assert (closed.state, closed.closed_at is not None) == (RoundState.CLOSED, True)
        kinds = {event.kind for event in events_after(session, project_id=project.id)}
    assert kinds == {"round.annotating", "round.closed", "queue.published"}


def test_publishing_a_cancelled_round_writes_nothing(database: Database) -> None:
    with database.transaction() as session:
        project = add_project(session)
        image = add_image(session, project)
        older = add_round(session, project, 0)
        add_query(session, older, image, 0)
        cancelled = add_round(session, project, 1, state=RoundState.CANCELLED)

    with pytest.raises(IllegalTransitionError, match="cancelled"), database.transaction() as session:
        queries.publish(session, cancelled.id, [_new(image, 1, 0)])

    assert _states(database, cancelled) == []
    assert _states(database, older) == [(0, QueryState.OPEN)]


def test_many_queries_are_published_whole(database: Database) -> None:
    with database.transaction() as session:
        project = add_project(session)
        image = add_image(session, project)
        round_ = add_round(session, project, state=RoundState.SELECTING)
        queries.publish(session, round_.id, (_new(image, index, index) for index in range(1203)))

    assert _states(database, round_) == [(index, QueryState.OPEN) for index in range(1203)]


def test_regions_count_as_asked_while_they_wait_and_once_they_are_answered(database: Database) -> None:
    with database.transaction() as session:
        project, user = add_project(session), add_user(session)
        one, two = add_image(session, project), add_image(session, project)
        closed = add_round(session, project, 0, state=RoundState.CLOSED)
        serving = add_round(session, project, 1)
        add_query(session, closed, one, 0, state=QueryState.WITHDRAWN)
        add_query(session, closed, one, 1, state=QueryState.WITHDRAWN, num_answered=1)
        add_query(session, closed, one, 2, state=QueryState.ANSWERED, num_answered=1)
        add_query(session, closed, one, 3)
        add_assignment(session, add_query(session, closed, one, 4), user)
        add_query(session, serving, two, 5)
        other = add_project(session)
        add_query(session, add_round(session, other), add_image(session, other), 7)

        assert queries.asked_regions(session, project.id) == {one.id: {1, 2, 4}, two.id: {5}}


def test_ranking_again_leaves_what_is_held_or_answered(database: Database) -> None:
    with database.transaction() as session:
        project, user = add_project(session), add_user(session)
        image = add_image(session, project)
        round_ = add_round(session, project)
        waiting = [add_query(session, round_, image, index, rank=index) for index in range(2)]
        held = add_query(session, round_, image, 2, rank=2)
        add_assignment(session, held, user)
        answered = add_query(session, round_, image, 3, rank=3, state=QueryState.ANSWERED)
        assert [query.id for query in queries.open_unleased(session, project.id)] == [
            query.id for query in waiting
        ]

    with database.transaction() as session:
        everything = [*waiting, held, answered]
        queries.rank_again(
            session,
            [queries.Ranking(query.id, 9 - query.rank, 0.1, {}, None) for query in everything],
        )

    with database.reading() as session:
        ranks = [session.get_one(RegionQuery, query.id).rank for query in everything]
    assert ranks == [9, 8, 2, 3]


def _project_with_round(database: Database, state: RoundState) -> tuple[Project, Round]:
    with database.transaction() as session:
        project = add_project(session)
        return project, add_round(session, project, state=state)


def test_round_moves_only_where_the_table_lets_that_process(database: Database) -> None:
    _, round_ = _project_with_round(database, RoundState.QUEUED)
    for to, by in ((RoundState.TRAINING, Process.SERVER), (RoundState.ANNOTATING, Process.WORKER)):
        with (
            pytest.raises(IllegalTransitionError, match="is queued"),
            database.transaction() as session,
        ):
            move_round(session, round_.id, to, by=by)

    with database.transaction() as session:
        moved = move_round(session, round_.id, RoundState.FAILED, by=Process.WORKER, error="no space")
    assert (moved.state, moved.error) == (RoundState.FAILED, "no space")


def test_withdrawing_twice_takes_nothing_more(database: Database) -> None:
    with database.transaction() as session:
        project, user = add_project(session), add_user(session)
        round_ = add_round(session, project)
        image = add_image(session, project)
        for index in range(3):
            query = add_query(session, round_, image, index)
        add_assignment(session, query, user, state=AssignmentState.EXPIRED)

        assert queries.withdraw_unleased(session, round_.id) == 3
        assert queries.withdraw_unleased(session, round_.id) == 0
        assert queries.withdraw_unleased(session, uuid.uuid4()) == 0
