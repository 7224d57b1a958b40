import hashlib
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text

from segloop.label_maps import encode_index_png
from segloop.settings import AnnotationKind, QueryPurpose
from segloop_store.clock import new_id, now
from segloop_store.database import Database
from segloop_store.errors import ConflictError, IllegalTransitionError, LeaseExpiredError, NotFoundError
from segloop_store.models import Annotation, Assignment, Image, RegionQuery
from segloop_store.repositories import annotations, assignments, rounds, waiting
from segloop_store.repositories.annotations import Answer
from segloop_store.states import AssignmentState, QueryState
from tests.support.seeding import (
    Seeded,
    answer_map,
    count_rows,
    in_threads,
    run_out,
    seed_project,
    seed_round,
)

LEASE_SECONDS = 600.0


def claim(database: Database, seeded: Seeded, user_id: uuid.UUID) -> Assignment | None:
    with database.transaction() as session:
        return assignments.claim_next(
            session,
            project_id=seeded.project_id,
            user_id=user_id,
            lease_seconds=LEASE_SECONDS,
            at=now(),
        )


def claimed(database: Database, seeded: Seeded, user_id: uuid.UUID) -> Assignment:
    found = claim(database, seeded, user_id)
    assert found is not None
    return found


def query_of(database: Database, assignment: Assignment) -> RegionQuery:
    with database.reading() as session:
        return assignments.get_query(session, assignment.region_query_id)


def answer(database: Database, seeded: Seeded, assignment: Assignment) -> None:
    assert try_answer(database, seeded, assignment) is not None


def try_answer(database: Database, seeded: Seeded, assignment: Assignment) -> Annotation | None:
    label_map = answer_map(seeded, query_of(database, assignment))
    with database.transaction() as session:
        result = annotations.submit(
            session,
            assignment.id,
            Answer(
                label_map_png=encode_index_png(label_map),
                label_map_sha256=hashlib.sha256(label_map.tobytes()).hexdigest(),
                num_void_px=0,
                kind=AnnotationKind.EXACT,
                annotation_seconds=1.0,
                num_clicks=1,
            ),
            at=now(),
        )
    return result.annotation


def state_of(database: Database, assignment: Assignment) -> AssignmentState:
    with database.reading() as session:
        found = session.get(Assignment, assignment.id)
        assert found is not None
        return found.state


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


def test_expired_lease_is_offered_again(database: Database) -> None:
    seeded = seed_project(database)
    seed_round(database, seeded, num_queries=1)
    lost = claimed(database, seeded, seeded.user_ids[0])
    run_out(database, lost.id)
    taken = claimed(database, seeded, seeded.user_ids[1])
    assert taken.region_query_id == lost.region_query_id
    assert state_of(database, lost) is AssignmentState.EXPIRED


def test_expired_lease_is_offered_again_to_its_former_holder(database: Database) -> None:
    seeded = seed_project(database)
    seed_round(database, seeded, num_queries=1)
    lost = claimed(database, seeded, seeded.user_ids[0])
    run_out(database, lost.id)
    assert claimed(database, seeded, seeded.user_ids[0]).region_query_id == lost.region_query_id


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


def test_skipped_region_comes_back_to_nobody_who_skipped_it_this_round(database: Database) -> None:
    seeded = seed_project(database, num_images=1)
    seed_round(database, seeded, num_queries=1)
    held = claimed(database, seeded, seeded.user_ids[0])
    with database.transaction() as session:
        assignments.skip(session, held.id, reason="blurred")
        assignments.skip(session, held.id, reason="again")
    assert claim(database, seeded, seeded.user_ids[0]) is None
    assert query_of(database, held).num_skipped == 1
    seed_round(database, seeded, num_queries=1, number=1)
    again = claimed(database, seeded, seeded.user_ids[0])
    assert again.region_query_id != held.region_query_id


def test_second_skip_moves_a_region_to_the_owners_list_and_back(database: Database) -> None:
    seeded = seed_project(database, num_images=1)
    seed_round(database, seeded, num_queries=1)
    for user_id in seeded.user_ids:
        held = claimed(database, seeded, user_id)
        with database.transaction() as session:
            assignments.skip(session, held.id, reason="too dark")
    assert claim(database, seeded, seeded.owner_id) is None
    with database.transaction() as session:
        (row,) = waiting.list_skipped(session, seeded.project_id, after_id=None, limit=10)
        assert [skip.skip_reason for skip in row.skips] == ["too dark", "too dark"]
        waiting.offer_again(session, row.query.id)
    assert claimed(database, seeded, seeded.owner_id).region_query_id == held.region_query_id


def test_region_given_back_is_free_at_once(database: Database) -> None:
    seeded = seed_project(database)
    seed_round(database, seeded, num_queries=1)
    held = claimed(database, seeded, seeded.user_ids[0])
    with database.transaction() as session:
        assignments.give_back(session, held.id)
        assignments.give_back(session, held.id)
    assert claimed(database, seeded, seeded.user_ids[1]).region_query_id == held.region_query_id


@pytest.mark.parametrize("is_skipped", [True, False])
def test_region_let_go_after_its_round_was_closed_is_taken_back(database: Database, is_skipped: bool) -> None:
    seeded = seed_project(database)
    round_id = seed_round(database, seeded, num_queries=1)
    held = claimed(database, seeded, seeded.user_ids[0])
    with database.transaction() as session:
        rounds.close(session, round_id, user_id=seeded.owner_id)
    assert query_of(database, held).state is QueryState.OPEN, "its holder may still answer"
    with database.transaction() as session:
        if is_skipped:
            assignments.skip(session, held.id, reason="blurred")
        else:
            assignments.give_back(session, held.id)
    query = query_of(database, held)
    assert (query.state, query.num_skipped) == (QueryState.WITHDRAWN, int(is_skipped))


def test_region_let_go_while_its_round_is_closed_is_taken_back(database: Database) -> None:
    seeded = seed_project(database, num_images=1, num_annotators=1)
    for number in range(10):
        round_id = seed_round(database, seeded, num_queries=1, number=number)
        held = claimed(database, seeded, seeded.user_ids[0])

        def work(position: int, round_id: uuid.UUID = round_id, held: Assignment = held) -> None:
            with database.transaction() as session:
                if position == 0:
                    rounds.close(session, round_id, user_id=seeded.owner_id)
                else:
                    assignments.give_back(session, held.id)

        assert in_threads(2, work) == [None, None]
        assert query_of(database, held).state is QueryState.WITHDRAWN


def test_answered_region_can_be_neither_given_back_nor_skipped(database: Database) -> None:
    seeded = seed_project(database)
    seed_round(database, seeded, num_queries=1)
    held = claimed(database, seeded, seeded.user_ids[0])
    answer(database, seeded, held)
    before = count_rows(database)
    with pytest.raises(ConflictError), database.transaction() as session:
        assignments.give_back(session, held.id)
    with pytest.raises(IllegalTransitionError), database.transaction() as session:
        assignments.skip(session, held.id, reason="")
    assert count_rows(database) == before
    assert state_of(database, held) is AssignmentState.ANSWERED
    assert query_of(database, held).state is QueryState.ANSWERED


def test_renewed_lease_is_kept_and_a_lost_one_is_not(database: Database) -> None:
    seeded = seed_project(database)
    seed_round(database, seeded, num_queries=1)
    held = claimed(database, seeded, seeded.user_ids[0])
    run_out(database, held.id)
    with database.transaction() as session:
        renewed = assignments.renew(session, held.id, lease_seconds=60, at=now())
        assert renewed.lease_expires_at > now()
    assert claim(database, seeded, seeded.user_ids[1]) is None
    run_out(database, held.id)
    taken = claimed(database, seeded, seeded.user_ids[1])
    with pytest.raises(LeaseExpiredError), database.transaction() as session:
        assignments.renew(session, held.id, lease_seconds=60, at=now())
    with database.transaction() as session:
        assignments.give_back(session, taken.id)
        assert assignments.renew(session, held.id, lease_seconds=60, at=now()).state is AssignmentState.LEASED


def test_unknown_assignment_is_not_found(database: Database) -> None:
    for act in (
        lambda session: assignments.renew(session, new_id(), lease_seconds=1, at=now()),
        lambda session: assignments.skip(session, new_id(), reason=""),
        lambda session: assignments.give_back(session, new_id()),
        lambda session: assignments.view(session, new_id()),
    ):
        with pytest.raises(NotFoundError), database.transaction() as session:
            act(session)


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


def claim_until_empty(database: Database, seeded: Seeded) -> Callable[[int], list[uuid.UUID]]:
    def work(number: int) -> list[uuid.UUID]:
        taken = []
        while (found := claim(database, seeded, seeded.user_ids[number])) is not None:
            taken.append(found.region_query_id)
        return taken

    return work


def test_racing_users_never_get_the_same_region(database: Database) -> None:
    seeded = seed_project(database, num_images=4, num_annotators=8)
    seed_round(database, seeded, num_queries=48)
    results = in_threads(8, claim_until_empty(database, seeded))
    taken = [query_id for result in results if isinstance(result, list) for query_id in result]
    assert [result for result in results if isinstance(result, Exception)] == []
    assert len(taken) == len(set(taken)) == 48


def test_racing_users_never_hold_one_region_for_two_purposes(database: Database) -> None:
    seeded = seed_project(database, num_images=2, num_annotators=8)
    both = (QueryPurpose.SELECTED, QueryPurpose.AGREEMENT)
    seed_round(database, seeded, num_queries=16, purposes=both)
    results = in_threads(8, claim_until_empty(database, seeded))
    assert [result for result in results if isinstance(result, Exception)] == []
    with database.reading() as session:
        held = session.execute(
            select(RegionQuery.image_id, RegionQuery.region_index)
            .join(Assignment, Assignment.region_query_id == RegionQuery.id)
            .where(Assignment.state == AssignmentState.LEASED)
        ).all()
    assert len(held) == len(set(held)) == 16


def test_racing_for_one_expired_lease_one_wins(database: Database) -> None:
    seeded = seed_project(database, num_annotators=8)
    seed_round(database, seeded, num_queries=1)
    run_out(database, claimed(database, seeded, seeded.owner_id).id)
    results = in_threads(8, lambda number: claim(database, seeded, seeded.user_ids[number]))
    assert sum(isinstance(result, Assignment) for result in results) == 1
    assert [result for result in results if isinstance(result, Exception)] == []


def test_renewing_against_a_claim_one_holds_the_region(database: Database) -> None:
    seeded = seed_project(database)
    seed_round(database, seeded, num_queries=1)
    held = claimed(database, seeded, seeded.user_ids[0])

    def work(number: int) -> Assignment | None:
        if number == 0:
            with database.transaction() as session:
                return assignments.renew(session, held.id, lease_seconds=600, at=now())
        return claim(database, seeded, seeded.user_ids[1])

    for _ in range(10):
        run_out(database, held.id)
        in_threads(2, work)
        with database.transaction() as session:
            live = session.scalars(
                select(Assignment).where(
                    Assignment.state == AssignmentState.LEASED, Assignment.lease_expires_at > now()
                )
            ).all()
            assert len(live) == 1
            if live[0].id != held.id:
                assignments.give_back(session, live[0].id)
                assignments.renew(session, held.id, lease_seconds=600, at=now())


def asked_again(database: Database, seeded: Seeded, held: Assignment) -> None:
    """The held region's lease runs out, its round is closed, and the next one asks the same region."""
    run_out(database, held.id)
    with database.transaction() as session:
        rounds.close(session, query_of(database, held).round_id, user_id=seeded.owner_id)
    seed_round(database, seeded, num_queries=1, number=1)


def test_region_that_was_asked_again_is_held_by_one_person(database: Database) -> None:
    seeded = seed_project(database, num_images=1)
    seed_round(database, seeded, num_queries=1)
    late = claimed(database, seeded, seeded.user_ids[0])
    asked_again(database, seeded, late)
    taken = claimed(database, seeded, seeded.user_ids[1])
    with pytest.raises(LeaseExpiredError), database.transaction() as session:
        assignments.renew(session, late.id, lease_seconds=60, at=now())
    assert try_answer(database, seeded, late) is None
    answer(database, seeded, taken)
    with pytest.raises(LeaseExpiredError), database.transaction() as session:
        assignments.renew(session, late.id, lease_seconds=60, at=now())
    assert try_answer(database, seeded, late) is None


def test_late_answer_before_anybody_took_the_region_again_counts_once(database: Database) -> None:
    seeded = seed_project(database, num_images=1)
    seed_round(database, seeded, num_queries=1)
    late = claimed(database, seeded, seeded.user_ids[0])
    asked_again(database, seeded, late)
    with database.transaction() as session:
        assignments.renew(session, late.id, lease_seconds=60, at=now())
    assert claim(database, seeded, seeded.user_ids[1]) is None
    answer(database, seeded, late)
    assert claim(database, seeded, seeded.user_ids[1]) is None, "asked again what was just answered"


def test_second_opinion_survives_an_expired_lease(database: Database) -> None:
    seeded = seed_project(database, num_images=1)
    both = (QueryPurpose.SELECTED, QueryPurpose.AGREEMENT)
    seed_round(database, seeded, num_queries=1, purposes=both)
    late = claimed(database, seeded, seeded.user_ids[0])
    run_out(database, late.id)
    with database.transaction() as session:
        other = session.scalars(
            select(RegionQuery).where(
                RegionQuery.id.in_(seeded.query_ids), RegionQuery.id != late.region_query_id
            )
        ).one()
        second = Assignment(
            region_query_id=other.id,
            user_id=seeded.user_ids[1],
            lease_expires_at=now() + timedelta(minutes=1),
        )
        session.add(second)
    assert try_answer(database, seeded, late) is None, "somebody else holds the region"
    answer(database, seeded, second)
    answer(database, seeded, late)


def test_renewing_a_region_against_a_claim_by_its_next_query_one_holds_it(database: Database) -> None:
    seeded = seed_project(database, num_images=1)
    seed_round(database, seeded, num_queries=1)
    late = claimed(database, seeded, seeded.user_ids[0])
    asked_again(database, seeded, late)

    def work(number: int) -> Assignment | None:
        if number == 0:
            with database.transaction() as session:
                return assignments.renew(session, late.id, lease_seconds=600, at=now())
        return claim(database, seeded, seeded.user_ids[1])

    for _ in range(10):
        in_threads(2, work)
        with database.transaction() as session:
            live = session.scalars(
                select(Assignment).where(
                    Assignment.state == AssignmentState.LEASED, Assignment.lease_expires_at > now()
                )
            ).all()
            assert len(live) == 1
            if live[0].id != late.id:
                assignments.give_back(session, live[0].id)
        run_out(database, late.id)


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
    seconds = []
    for _ in range(20):
        started = time.perf_counter()
        assert claim(database, seeded, user_id) is not None
        seconds.append(time.perf_counter() - started)
    assert sorted(seconds)[10] < 0.25, seconds
