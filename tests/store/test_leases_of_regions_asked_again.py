"""A region whose lease ran out and that a later round, or another purpose, asks again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from segloop.settings import QueryPurpose
from segloop_store.clock import now
from segloop_store.database import Database
from segloop_store.errors import LeaseExpiredError
from segloop_store.models import Assignment, RegionQuery
from segloop_store.repositories import leases, rounds
from segloop_store.states import AssignmentState
from tests.support.leasing import answer, claim, claimed, query_of, try_answer
from tests.support.seeding import (
    Seeded,
    in_threads,
    run_out,
    seed_project,
    seed_round,
)


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
        leases.renew(session, late.id, lease_seconds=60, at=now())
    assert try_answer(database, seeded, late) is None
    answer(database, seeded, taken)
    with pytest.raises(LeaseExpiredError), database.transaction() as session:
        leases.renew(session, late.id, lease_seconds=60, at=now())
    assert try_answer(database, seeded, late) is None


def test_late_answer_before_anybody_took_the_region_again_counts_once(database: Database) -> None:
    seeded = seed_project(database, num_images=1)
    seed_round(database, seeded, num_queries=1)
    late = claimed(database, seeded, seeded.user_ids[0])
    asked_again(database, seeded, late)
    with database.transaction() as session:
        leases.renew(session, late.id, lease_seconds=60, at=now())
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
                return leases.renew(session, late.id, lease_seconds=600, at=now())
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
                leases.give_back(session, live[0].id)
        run_out(database, late.id)
