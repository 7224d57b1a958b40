from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from segloop.settings import QueryPurpose
from segloop_store.clock import new_id, now
from segloop_store.database import Database
from segloop_store.errors import ConflictError
from segloop_store.models import Assignment, Image, RegionQuery
from segloop_store.repositories import assignments, rounds, waiting
from tests.support.leasing import answer, claim, claimed, query_of
from tests.support.seeding import (
    Seeded,
    count_rows,
    seed_project,
    seed_round,
)


def test_regions_come_by_rank(database: Database) -> None:
    seeded = seed_project(database)
    seed_round(database, seeded, num_queries=4)
    ranks = [query_of(database, claimed(database, seeded, seeded.user_ids[0])).rank for _ in range(4)]
    assert ranks == [0, 1, 2, 3]
    assert claim(database, seeded, seeded.user_ids[0]) is None


def test_leased_region_is_offered_to_nobody_else(database: Database) -> None:
    seeded = seed_project(database)
    seed_round(database, seeded, num_queries=2)
    first, second = (claimed(database, seeded, user_id) for user_id in seeded.user_ids)
    assert first.region_query_id != second.region_query_id
    assert claim(database, seeded, seeded.owner_id) is None


def test_queries_of_rounds_that_do_not_annotate_are_not_offered(database: Database) -> None:
    seeded = seed_project(database)
    round_id = seed_round(database, seeded, num_queries=2)
    with database.transaction() as session:
        rounds.close(session, round_id, user_id=seeded.owner_id)
    assert claim(database, seeded, seeded.user_ids[0]) is None


def test_region_asked_for_two_purposes_is_leased_once_at_a_time(database: Database) -> None:
    seeded = seed_project(database, num_images=1)
    both = (QueryPurpose.SELECTED, QueryPurpose.AGREEMENT)
    seed_round(database, seeded, num_queries=1, purposes=both)
    held = claimed(database, seeded, seeded.user_ids[0])
    assert claim(database, seeded, seeded.user_ids[1]) is None
    answer(database, seeded, held)
    assert claim(database, seeded, seeded.user_ids[0]) is None, "asked the same region twice"
    other = claimed(database, seeded, seeded.user_ids[1])
    assert other.region_query_id != held.region_query_id


def test_hidden_image_is_not_asked_about(database: Database) -> None:
    seeded = seed_project(database)
    seed_round(database, seeded, num_queries=2)
    with database.transaction() as session:
        image = session.get(Image, seeded.image_ids[0])
        assert image is not None
        image.hidden_at = now()
    only = claimed(database, seeded, seeded.user_ids[0])
    assert query_of(database, only).image_id == seeded.image_ids[1]
    assert claim(database, seeded, seeded.user_ids[0]) is None


def test_one_user_may_hold_many_but_not_all(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    seeded = seed_project(database, num_images=4)
    seed_round(database, seeded, num_queries=40)
    assert assignments.MAX_LEASES >= 32
    monkeypatch.setattr(assignments, "MAX_LEASES", 34)
    held = {claimed(database, seeded, seeded.user_ids[0]).region_query_id for _ in range(34)}
    assert len(held) == 34
    before = count_rows(database)
    with pytest.raises(ConflictError, match="34 regions"):
        claim(database, seeded, seeded.user_ids[0])
    assert count_rows(database) == before


def test_queue_counts_what_waits_and_what_is_held(database: Database) -> None:
    seeded = seed_project(database)
    seed_round(database, seeded, num_queries=3)
    mine = claimed(database, seeded, seeded.user_ids[0])
    claimed(database, seeded, seeded.user_ids[1])
    with database.reading() as session:
        counts = waiting.count_queue(session, seeded.project_id, seeded.user_ids[0], now())
    assert counts == waiting.QueueCounts(remaining=3, leased=2, mine=1, is_ready=True)
    answer(database, seeded, mine)
    claimed(database, seeded, seeded.user_ids[1])
    with database.reading() as session:
        counts = waiting.count_queue(session, seeded.project_id, seeded.user_ids[0], now())
    assert counts == waiting.QueueCounts(remaining=2, leased=2, mine=0, is_ready=False)


def fill_queue(database: Database, seeded: Seeded, num_queries: int) -> None:
    """Many waiting queries; the first 300 are in somebody's hands."""
    round_id = seed_round(database, seeded, num_queries=1)
    moment, later = now(), now() + timedelta(hours=1)
    rows = [
        {
            "id": new_id(),
            "created_at": moment,
            "project_id": seeded.project_id,
            "round_id": round_id,
            "image_id": seeded.image_ids[position % len(seeded.image_ids)],
            "region_index": position // len(seeded.image_ids) + 1000,
            "bbox_x": 0,
            "bbox_y": 0,
            "bbox_width": 1,
            "bbox_height": 1,
            "area_px": 1,
            "rank": position,
            "purpose": QueryPurpose.SELECTED,
        }
        for position in range(num_queries)
    ]
    held = [
        {
            "id": new_id(),
            "created_at": moment,
            "region_query_id": row["id"],
            "user_id": seeded.owner_id,
            "lease_expires_at": later,
        }
        for row in rows[:300]
    ]
    with database.transaction() as session:
        session.execute(insert(RegionQuery), rows)
        session.execute(insert(Assignment), held)
    if not database.is_sqlite:
        with database.transaction() as session:
            session.execute(text("ANALYZE"))


def test_claiming_from_a_long_queue_reads_the_index_in_order(database: Database) -> None:
    seeded = seed_project(database, num_images=10)
    fill_queue(database, seeded, 20_000)
    user_id = seeded.user_ids[0]
    statement = assignments.next_query(seeded.project_id, user_id, now())
    with database.reading() as session:
        sql = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        plan = "\n".join(str(row) for row in session.execute(text(f"{explain} {sql}")))
    assert "ix_region_query_next" in plan, plan
    assert "SCAN region_query" not in plan, plan
    assert "Seq Scan on region_query" not in plan, plan
    assert claim(database, seeded, user_id) is not None
