"""What becomes of a region in somebody's hands."""

import uuid

import pytest

from segloop_store.clock import new_id, now
from segloop_store.database import Database
from segloop_store.errors import ConflictError, IllegalTransitionError, LeaseExpiredError, NotFoundError
from segloop_store.models import Assignment
from segloop_store.repositories import assignments, leases, rounds, waiting
from segloop_store.states import AssignmentState, QueryState
from tests.support.leasing import answer, claim, claimed, query_of, state_of
from tests.support.seeding import (
    count_rows,
    in_threads,
    run_out,
    seed_project,
    seed_round,
)


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


def test_skipped_region_comes_back_to_nobody_who_skipped_it_this_round(database: Database) -> None:
    seeded = seed_project(database, num_images=1)
    seed_round(database, seeded, num_queries=1)
    held = claimed(database, seeded, seeded.user_ids[0])
    with database.transaction() as session:
        leases.skip(session, held.id, reason="blurred")
        leases.skip(session, held.id, reason="again")
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
            leases.skip(session, held.id, reason="too dark")
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
        leases.give_back(session, held.id)
        leases.give_back(session, held.id)
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
            leases.skip(session, held.id, reason="blurred")
        else:
            leases.give_back(session, held.id)
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
                    leases.give_back(session, held.id)

        assert in_threads(2, work) == [None, None]
        assert query_of(database, held).state is QueryState.WITHDRAWN


def test_answered_region_can_be_neither_given_back_nor_skipped(database: Database) -> None:
    seeded = seed_project(database)
    seed_round(database, seeded, num_queries=1)
    held = claimed(database, seeded, seeded.user_ids[0])
    answer(database, seeded, held)
    before = count_rows(database)
    with pytest.raises(ConflictError), database.transaction() as session:
        leases.give_back(session, held.id)
    with pytest.raises(IllegalTransitionError), database.transaction() as session:
        leases.skip(session, held.id, reason="")
    assert count_rows(database) == before
    assert state_of(database, held) is AssignmentState.ANSWERED
    assert query_of(database, held).state is QueryState.ANSWERED


def test_renewed_lease_is_kept_and_a_lost_one_is_not(database: Database) -> None:
    seeded = seed_project(database)
    seed_round(database, seeded, num_queries=1)
    held = claimed(database, seeded, seeded.user_ids[0])
    run_out(database, held.id)
    with database.transaction() as session:
        renewed = leases.renew(session, held.id, lease_seconds=60, at=now())
        assert renewed.lease_expires_at > now()
    assert claim(database, seeded, seeded.user_ids[1]) is None
    run_out(database, held.id)
    taken = claimed(database, seeded, seeded.user_ids[1])
    with pytest.raises(LeaseExpiredError), database.transaction() as session:
        leases.renew(session, held.id, lease_seconds=60, at=now())
    with database.transaction() as session:
        leases.give_back(session, taken.id)
        assert leases.renew(session, held.id, lease_seconds=60, at=now()).state is AssignmentState.LEASED


def test_unknown_assignment_is_not_found(database: Database) -> None:
    for act in (
        lambda session: leases.renew(session, new_id(), lease_seconds=1, at=now()),
        lambda session: leases.skip(session, new_id(), reason=""),
        lambda session: leases.give_back(session, new_id()),
        lambda session: assignments.view(session, new_id()),
    ):
        with pytest.raises(NotFoundError), database.transaction() as session:
            act(session)
