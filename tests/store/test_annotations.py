import hashlib
import uuid
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from segloop.label_maps import encode_index_png
from segloop.settings import AnnotationKind, QueryPurpose
from segloop_store import events
from segloop_store.clock import new_id, now
from segloop_store.database import Database
from segloop_store.errors import NotFoundError
from segloop_store.models import Annotation, Assignment, Draft, RegionQuery, Review
from segloop_store.repositories import annotation_views, annotations, assignments, drafts, leases, rounds
from segloop_store.repositories.annotation_views import AnnotationFilter, AnnotationState
from segloop_store.repositories.annotations import Answer, SubmitResult
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


def claimed(database: Database, seeded: Seeded, user_id: uuid.UUID) -> Assignment:
    with database.transaction() as session:
        found = assignments.claim_next(
            session, project_id=seeded.project_id, user_id=user_id, lease_seconds=600, at=now()
        )
    assert found is not None
    return found


def answer_of(value: int, *, kind: AnnotationKind = AnnotationKind.EXACT, clicks: int = 2) -> Answer:
    label_map = np.full((20, 20), value, np.uint8)
    return Answer(
        label_map_png=encode_index_png(label_map),
        label_map_sha256=hashlib.sha256(label_map.tobytes()).hexdigest(),
        num_void_px=0,
        kind=kind,
        annotation_seconds=3.0,
        num_clicks=clicks,
    )


def submit(database: Database, assignment: Assignment, answer: Answer) -> SubmitResult:
    with database.transaction() as session:
        return annotations.submit(session, assignment.id, answer, at=now())


def taken(result: SubmitResult) -> Annotation:
    assert result.annotation is not None, result.refusal
    return result.annotation


@pytest.fixture
def seeded(database: Database) -> Seeded:
    found = seed_project(database)
    seed_round(database, found, num_queries=2)
    return found


@pytest.fixture
def held(database: Database, seeded: Seeded) -> Assignment:
    return claimed(database, seeded, seeded.user_ids[0])


def rows(database: Database, held: Assignment) -> tuple[RegionQuery, Assignment, list[Annotation]]:
    with database.reading() as session:
        query = session.get(RegionQuery, held.region_query_id)
        assignment = session.get(Assignment, held.id)
        assert query is not None
        assert assignment is not None
        of_query = select(Annotation).where(Annotation.region_query_id == query.id).order_by(Annotation.id)
        return query, assignment, list(session.scalars(of_query))


def test_answer_closes_the_query_and_removes_the_draft(database: Database, held: Assignment) -> None:
    with database.transaction() as session:
        drafts.save(session, held.id, drafts.DraftContents(b"png", 1.0, 1), at=now())
    annotation = taken(submit(database, held, answer_of(1)))
    query, assignment, kept = rows(database, held)
    assert (query.state, query.num_answered) == (QueryState.ANSWERED, 1)
    assert assignment.state is AssignmentState.ANSWERED
    assert [(item.id, item.version) for item in kept] == [(annotation.id, 1)]
    assert count_rows(database)["draft"] == 0
    with database.reading() as session:
        kinds = [event.kind for event in events.events_after(session, project_id=query.project_id)]
    assert kinds == ["annotation.submitted"]


def test_late_answer_counts_when_its_own_author_was_given_the_region_again(
    database: Database, seeded: Seeded, held: Assignment
) -> None:
    run_out(database, held.id)
    again = claimed(database, seeded, seeded.user_ids[0])
    assert (again.region_query_id, again.id != held.id) == (held.region_query_id, True)
    first = taken(submit(database, held, answer_of(1)))
    _, later, kept = rows(database, again)
    assert later.state is AssignmentState.RETURNED
    assert [item.id for item in kept] == [first.id]
    assert claimed(database, seeded, seeded.user_ids[1]).region_query_id != held.region_query_id


def test_same_answer_again_is_the_same_annotation(database: Database, held: Assignment) -> None:
    first = taken(submit(database, held, answer_of(1)))
    before = count_rows(database)
    again = taken(submit(database, held, answer_of(1, clicks=9)))
    assert (again.id, again.version) == (first.id, 1)
    assert count_rows(database) == before


def test_changed_answer_is_the_next_version(database: Database, held: Assignment) -> None:
    taken(submit(database, held, answer_of(1)))
    assert taken(submit(database, held, answer_of(2))).version == 2
    assert taken(submit(database, held, answer_of(2, kind=AnnotationKind.DOMINANT))).version == 3
    query, _, kept = rows(database, held)
    assert query.num_answered == 1
    assert len(kept) == 3


@pytest.mark.parametrize(("verdict", "is_final"), [("accepted", True), ("returned", False)])
def test_reviewed_answer_changes_only_when_it_was_returned(
    database: Database, seeded: Seeded, held: Assignment, verdict: str, is_final: bool
) -> None:
    annotation = taken(submit(database, held, answer_of(1)))
    with database.transaction() as session:
        session.add(Review(annotation_id=annotation.id, reviewer_id=seeded.owner_id, verdict=verdict))
    before = count_rows(database)
    assert taken(submit(database, held, answer_of(1))).id == annotation.id
    result = submit(database, held, answer_of(2))
    if is_final:
        assert result.refusal is not None
        assert "reviewed" in str(result.refusal)
        assert count_rows(database) == before
    else:
        assert taken(result).version == 2


def test_late_answer_counts_while_nobody_else_took_the_region(database: Database, held: Assignment) -> None:
    run_out(database, held.id)
    assert taken(submit(database, held, answer_of(1))).version == 1


def test_late_answer_counts_after_another_gave_the_region_back(
    database: Database, seeded: Seeded, held: Assignment
) -> None:
    run_out(database, held.id)
    other = claimed(database, seeded, seeded.user_ids[1])
    assert other.region_query_id == held.region_query_id
    with database.transaction() as session:
        leases.give_back(session, other.id)
    assert taken(submit(database, held, answer_of(1))).version == 1
    assert rows(database, held)[1].state is AssignmentState.ANSWERED


@pytest.mark.parametrize("is_answered", [False, True])
def test_answer_to_a_region_somebody_else_has_is_kept_as_a_late_draft(
    database: Database, seeded: Seeded, held: Assignment, is_answered: bool
) -> None:
    run_out(database, held.id)
    other = claimed(database, seeded, seeded.user_ids[1])
    if is_answered:
        taken(submit(database, other, answer_of(2)))
    before = count_rows(database)
    result = submit(database, held, answer_of(1))
    assert result.annotation is None
    assert result.refusal is not None
    assert count_rows(database) == {**before, "draft": before["draft"] + 1}
    with database.reading() as session:
        draft = session.scalar(select(Draft).where(Draft.assignment_id == held.id))
        assert draft is not None
        assert draft.is_late_answer
        assert draft.label_map_png == answer_of(1).label_map_png
    if not is_answered:
        assert taken(submit(database, other, answer_of(2))).version == 1


def test_two_late_answers_the_first_counts(database: Database, seeded: Seeded, held: Assignment) -> None:
    run_out(database, held.id)
    other = claimed(database, seeded, seeded.user_ids[1])
    run_out(database, other.id)
    taken(submit(database, held, answer_of(1)))
    assert submit(database, other, answer_of(2)).refusal is not None
    assert [item.user_id for item in rows(database, held)[2]] == [seeded.user_ids[0]]


def test_skipped_region_cannot_be_answered_but_the_work_is_kept(database: Database, held: Assignment) -> None:
    with database.transaction() as session:
        leases.skip(session, held.id, reason="")
    result = submit(database, held, answer_of(1))
    assert result.refusal is not None
    assert "skipped" in str(result.refusal)
    assert count_rows(database)["annotation"] == 0
    assert count_rows(database)["draft"] == 1


def test_answer_to_a_closed_round_counts_next_time(
    database: Database, seeded: Seeded, held: Assignment
) -> None:
    assert seeded.round_id is not None
    with database.transaction() as session:
        rounds.close(session, seeded.round_id, user_id=seeded.owner_id)
    assert rows(database, held)[0].state is QueryState.OPEN, "a lease held stays good"
    run_out(database, held.id)
    with database.transaction() as session:
        query = session.get(RegionQuery, held.region_query_id)
        assert query is not None
        query.state = QueryState.WITHDRAWN
    assert taken(submit(database, held, answer_of(1))).version == 1
    assert rows(database, held)[0].state is QueryState.ANSWERED


def test_query_that_wants_two_answers_stays_open_after_one(
    database: Database, seeded: Seeded, held: Assignment
) -> None:
    with database.transaction() as session:
        query = session.get(RegionQuery, held.region_query_id)
        assert query is not None
        query.num_wanted = 2
    taken(submit(database, held, answer_of(1)))
    assert rows(database, held)[0].state is QueryState.OPEN
    other = claimed(database, seeded, seeded.user_ids[1])
    assert other.region_query_id == held.region_query_id
    taken(submit(database, other, answer_of(1)))
    assert rows(database, held)[0].state is QueryState.ANSWERED


def test_simultaneous_identical_answers_make_one_annotation(database: Database, held: Assignment) -> None:
    results = in_threads(8, lambda _: taken(submit(database, held, answer_of(1))).id)
    assert len(set(results)) == 1
    assert isinstance(results[0], uuid.UUID)
    query, _, kept = rows(database, held)
    assert len(kept) == query.num_answered == 1


def test_simultaneous_different_answers_become_versions_in_a_row(
    database: Database, held: Assignment
) -> None:
    in_threads(6, lambda number: submit(database, held, answer_of(number)))
    query, _, kept = rows(database, held)
    assert sorted(item.version for item in kept) == [1, 2, 3, 4, 5, 6]
    assert query.num_answered == 1


def test_late_answer_against_a_claim_one_of_them_has_the_region(database: Database, seeded: Seeded) -> None:
    for _ in range(2):
        late = claimed(database, seeded, seeded.user_ids[0])
        run_out(database, late.id)

        def work(number: int, late: Assignment = late) -> SubmitResult | Assignment:
            if number == 0:
                return submit(database, late, answer_of(1))
            return claimed(database, seeded, seeded.user_ids[1])

        result, other = in_threads(2, work)
        assert isinstance(result, SubmitResult)
        lost_it = isinstance(other, Assignment) and other.region_query_id == late.region_query_id
        assert lost_it == (result.annotation is None)
        if isinstance(other, Assignment):  # there are two regions: what they hold is wanted once more
            with database.transaction() as session:
                leases.give_back(session, other.id)


def test_draft_keeps_the_last_state_and_is_found_under_the_next_lease(
    database: Database, seeded: Seeded, held: Assignment
) -> None:
    with database.transaction() as session:
        drafts.save(session, held.id, drafts.DraftContents(b"one", 1.0, 1), at=now())
    with database.transaction() as session:
        drafts.save(session, held.id, drafts.DraftContents(b"two", 2.0, 2), at=now())
    assert count_rows(database)["draft"] == 1
    run_out(database, held.id)
    again = claimed(database, seeded, seeded.user_ids[0])
    with database.reading() as session:
        draft = drafts.find(session, again)
        assert draft is not None
        assert (draft.label_map_png, draft.num_clicks, draft.is_late_answer) == (b"two", 2, False)


def test_list_filters_by_user_round_and_state(database: Database, seeded: Seeded, held: Assignment) -> None:
    first = taken(submit(database, held, answer_of(1)))
    second = taken(submit(database, held, answer_of(2)))
    other = taken(submit(database, claimed(database, seeded, seeded.user_ids[1]), answer_of(0)))
    with database.transaction() as session:
        session.add(Review(annotation_id=other.id, reviewer_id=seeded.owner_id, verdict="accepted"))

    def listed(*, after_id: uuid.UUID | None = None, limit: int = 50, **filters: Any) -> list[uuid.UUID]:
        wanted = AnnotationFilter(**filters)
        with database.reading() as session:
            views = annotation_views.list_views(
                session, seeded.project_id, wanted, after_id=after_id, limit=limit
            )
            return [view.annotation.id for view in views]

    assert listed() == [first.id, second.id, other.id]
    assert listed(user_id=seeded.user_ids[1]) == [other.id]
    assert listed(round_number=0) == listed(round_id=seeded.round_id) == listed()
    assert listed(round_number=1) == []
    assert listed(state=AnnotationState.SUPERSEDED) == [first.id]
    assert listed(state=AnnotationState.SUBMITTED) == [second.id]
    assert listed(state=AnnotationState.ACCEPTED) == [other.id]
    assert listed(after_id=second.id) == [other.id]
    assert listed(limit=1) == [first.id]
    assert listed(only_of=seeded.user_ids[1]) == listed(purpose=QueryPurpose.SELECTED, only_of=other.user_id)
    assert listed(purpose=QueryPurpose.AGREEMENT) == []
    with database.reading() as session:
        counts = annotation_views.count_states(session, seeded.project_id)
        own = annotation_views.count_states(
            session, seeded.project_id, AnnotationFilter(user_id=other.user_id)
        )
    assert {state.value: count for state, count in counts.items() if count} == {
        "superseded": 1,
        "submitted": 1,
        "accepted": 1,
    }
    assert sum(own.values()) == own[AnnotationState.ACCEPTED] == 1


def test_unknown_ids_are_not_found(database: Database) -> None:
    with pytest.raises(NotFoundError), database.transaction() as session:
        annotations.submit(session, new_id(), answer_of(1), at=now())
    with pytest.raises(NotFoundError), database.reading() as session:
        annotation_views.get_view(session, new_id())


def test_helper_paints_only_inside_the_region(database: Database, seeded: Seeded, held: Assignment) -> None:
    label_map = answer_map(seeded, rows(database, held)[0])
    assert label_map.shape == (20, 20)
    assert set(np.unique(label_map)) == {1}
