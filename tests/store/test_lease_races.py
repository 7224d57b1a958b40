"""Many at once: one region is in one pair of hands."""

from sqlalchemy import select

from segloop.settings import QueryPurpose
from segloop_store.clock import now
from segloop_store.database import Database
from segloop_store.models import Assignment, RegionQuery
from segloop_store.repositories import leases
from segloop_store.states import AssignmentState
from tests.support.leasing import claim, claim_until_empty, claimed
from tests.support.seeding import (
    in_threads,
    run_out,
    seed_project,
    seed_round,
)


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
                return leases.renew(session, held.id, lease_seconds=600, at=now())
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
                leases.give_back(session, live[0].id)
                leases.renew(session, held.id, lease_seconds=600, at=now())
