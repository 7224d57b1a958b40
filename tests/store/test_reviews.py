"""Verdicts, fixes and the way back: what is in use, who is asked again, and who wins a race."""

import hashlib
import uuid

import numpy as np
import pytest
from sqlalchemy import select

from segloop.label_maps import encode_index_png
from segloop.settings import AnnotationKind, QueryPurpose
from segloop_store.clock import now
from segloop_store.database import Database
from segloop_store.errors import ConflictError, NotFoundError
from segloop_store.models import Annotation, Assignment, RegionQuery, Review
from segloop_store.repositories import (
    annotation_views,
    annotations,
    assignments,
    images,
    known_labels,
    leases,
    queries,
    reviews,
    rounds,
    waiting,
)
from segloop_store.repositories.annotation_views import AnnotationState
from segloop_store.repositories.annotations import Answer, SubmitResult
from segloop_store.states import AssignmentState, QueryState, Verdict
from tests.support.seeding import Seeded, count_rows, in_threads, run_out, seed_project, seed_round

RETURNED, ACCEPTED = Verdict.RETURNED, Verdict.ACCEPTED


def answer_of(value: int) -> Answer:
    label_map = np.full((20, 20), value, np.uint8)
    return Answer(
        label_map_png=encode_index_png(label_map),
        label_map_sha256=hashlib.sha256(label_map.tobytes()).hexdigest(),
        num_void_px=0,
        kind=AnnotationKind.EXACT,
        annotation_seconds=3.0,
        num_clicks=2,
    )


def claim(database: Database, seeded: Seeded, user_id: uuid.UUID) -> Assignment | None:
    with database.transaction() as session:
        return assignments.claim_next(
            session, project_id=seeded.project_id, user_id=user_id, lease_seconds=600, at=now()
        )


def claimed(database: Database, seeded: Seeded, user_id: uuid.UUID) -> Assignment:
    found = claim(database, seeded, user_id)
    assert found is not None
    return found


def submit(database: Database, assignment: Assignment, value: int) -> SubmitResult:
    with database.transaction() as session:
        return annotations.submit(session, assignment.id, answer_of(value), at=now())


def taken(result: SubmitResult) -> Annotation:
    assert result.annotation is not None, result.refusal
    return result.annotation


def judge(
    database: Database, seeded: Seeded, annotation: Annotation, verdict: Verdict, comment: str = "look again"
) -> Review:
    with database.transaction() as session:
        return reviews.give_verdict(
            session, annotation.id, reviewer_id=seeded.owner_id, verdict=verdict, comment=comment
        )


def fix(database: Database, seeded: Seeded, annotation: Annotation, value: int) -> Annotation:
    with database.transaction() as session:
        return reviews.fix(session, annotation.id, answer_of(value), reviewer_id=seeded.owner_id)


def undo(database: Database, seeded: Seeded, annotation: Annotation) -> None:
    with database.transaction() as session:
        reviews.undo(session, annotation.id, user_id=seeded.owner_id)


def in_use(database: Database, seeded: Seeded) -> list[uuid.UUID]:
    with database.reading() as session:
        return [
            annotation.annotation_id
            for image in known_labels.known_images(session, seeded.project_id)
            for annotation in image.annotations
        ]


def state_of(database: Database, annotation: Annotation) -> AnnotationState:
    with database.reading() as session:
        return annotation_views.get_view(session, annotation.id).state


def query_of(database: Database, annotation: Annotation) -> RegionQuery:
    with database.reading() as session:
        return session.get_one(RegionQuery, annotation.region_query_id)


@pytest.fixture
def seeded(database: Database) -> Seeded:
    found = seed_project(database, num_images=1)
    seed_round(database, found, num_queries=2)
    return found


@pytest.fixture
def ann(seeded: Seeded) -> uuid.UUID:
    return seeded.user_ids[0]


@pytest.fixture
def answered(database: Database, seeded: Seeded, ann: uuid.UUID) -> Annotation:
    """The first region, answered by Ann."""
    return taken(submit(database, claimed(database, seeded, ann), 1))


def test_accepted_answer_stays_in_use_and_cannot_be_changed(
    database: Database, seeded: Seeded, answered: Annotation
) -> None:
    judge(database, seeded, answered, ACCEPTED)
    assert in_use(database, seeded) == [answered.id]
    assert state_of(database, answered) is AnnotationState.ACCEPTED
    before = count_rows(database)
    with database.transaction() as session:
        assert answered.assignment_id is not None
        changed = annotations.submit(session, answered.assignment_id, answer_of(2), at=now())
    assert changed.annotation is None
    assert changed.refusal is not None
    assert "reviewed" in str(changed.refusal)
    assert count_rows(database) == before


def test_returned_answer_leaves_training_and_comes_first_to_its_author_alone(
    database: Database, seeded: Seeded, ann: uuid.UUID, answered: Annotation
) -> None:
    assert seeded.round_id is not None
    with database.reading() as session:
        assert images.labelled_pixels(session, seeded.image_ids)[seeded.image_ids[0]] == 400
    judge(database, seeded, answered, RETURNED)
    assert in_use(database, seeded) == []
    assert state_of(database, answered) is AnnotationState.RETURNED
    with database.reading() as session:
        assert images.labelled_pixels(session, seeded.image_ids)[seeded.image_ids[0]] == 0
        assert rounds.view(session, seeded.round_id).annotated_regions == 0
        assert waiting.count_queue(session, seeded.project_id, ann, now()).remaining == 2
        assert queries.asked_regions(session, seeded.project_id)[answered.image_id] == {0, 1}

    other = claimed(database, seeded, seeded.user_ids[1])
    assert other.region_query_id != answered.region_query_id
    assert claim(database, seeded, seeded.owner_id) is None
    back = claimed(database, seeded, ann)
    assert back.region_query_id == answered.region_query_id
    assert claim(database, seeded, ann) is None, "it is in their hands already"
    with database.reading() as session:
        query = session.get_one(RegionQuery, back.region_query_id)
        found = annotation_views.returned_of(session, [query], ann)[query.id]
        assert (found.annotation.id, found.reviews[-1].comment) == (answered.id, "look again")
        assert annotation_views.returned_of(session, [query], seeded.user_ids[1]) == {}

    again = taken(submit(database, back, 2))
    assert again.version == 2
    assert in_use(database, seeded) == [again.id]
    assert state_of(database, answered) is AnnotationState.SUPERSEDED
    query = query_of(database, again)
    assert (query.state, query.num_answered, query.returned_to) == (QueryState.ANSWERED, 1, None)
    judge(database, seeded, again, ACCEPTED)


def test_returned_answer_comes_back_after_its_round_too(
    database: Database, seeded: Seeded, ann: uuid.UUID, answered: Annotation
) -> None:
    assert seeded.round_id is not None
    judge(database, seeded, answered, RETURNED)
    with database.transaction() as session:
        rounds.close(session, seeded.round_id, user_id=seeded.owner_id)
    assert query_of(database, answered).state is QueryState.OPEN
    back = claimed(database, seeded, ann)
    with database.transaction() as session:
        leases.give_back(session, back.id)
    assert query_of(database, answered).state is QueryState.OPEN, "still its author's"
    again = taken(submit(database, claimed(database, seeded, ann), 2))
    assert in_use(database, seeded) == [again.id]


def test_author_may_insist_on_the_same_pixels(
    database: Database, seeded: Seeded, ann: uuid.UUID, answered: Annotation
) -> None:
    judge(database, seeded, answered, RETURNED)
    back = claimed(database, seeded, ann)
    again = taken(submit(database, back, 1))
    assert again.version == 2
    assert taken(submit(database, back, 1)).id == again.id, "the same request again"
    assert in_use(database, seeded) == [again.id]


def test_answer_through_the_old_assignment_settles_a_return_as_well(
    database: Database, seeded: Seeded, ann: uuid.UUID, answered: Annotation
) -> None:
    judge(database, seeded, answered, RETURNED)
    back = claimed(database, seeded, ann)
    with database.transaction() as session:
        assert answered.assignment_id is not None
        again = taken(annotations.submit(session, answered.assignment_id, answer_of(2), at=now()))
    assert query_of(database, again).state is QueryState.ANSWERED
    with database.reading() as session:
        assert session.get_one(Assignment, back.id).state is AssignmentState.RETURNED


def test_author_who_skips_what_was_returned_is_not_offered_it_again(
    database: Database, seeded: Seeded, ann: uuid.UUID, answered: Annotation
) -> None:
    judge(database, seeded, answered, RETURNED)
    back = claimed(database, seeded, ann)
    with database.transaction() as session:
        leases.skip(session, back.id, reason="")
    assert claimed(database, seeded, ann).region_query_id != answered.region_query_id
    assert claim(database, seeded, seeded.user_ids[1]) is None
    assert state_of(database, answered) is AnnotationState.RETURNED
    assert in_use(database, seeded) == [], "a reviewer's fix is what can still settle it"


def test_lost_lease_on_a_returned_region_is_offered_to_its_author_again(
    database: Database, seeded: Seeded, ann: uuid.UUID, answered: Annotation
) -> None:
    judge(database, seeded, answered, RETURNED)
    run_out(database, claimed(database, seeded, ann).id)
    assert claimed(database, seeded, ann).region_query_id == answered.region_query_id


def test_fix_wins_over_everything_and_ends_the_return(
    database: Database, seeded: Seeded, ann: uuid.UUID, answered: Annotation
) -> None:
    judge(database, seeded, answered, RETURNED)
    back = claimed(database, seeded, ann)
    fixed = fix(database, seeded, answered, 2)
    assert (fixed.user_id, fixed.fixes_annotation_id, fixed.version) == (seeded.owner_id, answered.id, 1)
    assert in_use(database, seeded) == [fixed.id]
    assert state_of(database, fixed) is AnnotationState.ACCEPTED
    assert state_of(database, answered) is AnnotationState.FIXED
    query = query_of(database, answered)
    assert (query.state, query.num_answered, query.returned_to) == (QueryState.ANSWERED, 1, None)

    refused = submit(database, back, 0)
    assert refused.refusal is not None
    with database.reading() as session:
        assert session.get_one(Assignment, back.id).state is AssignmentState.RETURNED
    assert count_rows(database)["draft"] == 1, "the work is kept"
    assert in_use(database, seeded) == [fixed.id]


def test_same_fix_again_is_the_same_and_a_fix_is_fixed_in_turn(
    database: Database, seeded: Seeded, answered: Annotation
) -> None:
    fixed = fix(database, seeded, answered, 2)
    before = count_rows(database)
    assert fix(database, seeded, answered, 2).id == fixed.id
    for refused in (
        lambda: fix(database, seeded, answered, 0),
        lambda: judge(database, seeded, answered, ACCEPTED),
    ):
        with pytest.raises(ConflictError, match="fixed"):
            refused()
    with pytest.raises(ConflictError, match="fix"):
        judge(database, seeded, fixed, ACCEPTED)
    assert count_rows(database) == before

    later = fix(database, seeded, fixed, 0)
    assert in_use(database, seeded) == [later.id]
    assert state_of(database, fixed) is AnnotationState.FIXED
    with pytest.raises(ConflictError, match="undo that first"):
        undo(database, seeded, fixed)
    undo(database, seeded, later)
    assert in_use(database, seeded) == [fixed.id]


def test_verdict_is_undone_and_given_anew(database: Database, seeded: Seeded, answered: Annotation) -> None:
    judge(database, seeded, answered, ACCEPTED)
    with pytest.raises(ConflictError, match="undo it first"):
        judge(database, seeded, answered, RETURNED)
    undo(database, seeded, answered)
    assert state_of(database, answered) is AnnotationState.SUBMITTED
    before = count_rows(database)
    undo(database, seeded, answered)
    assert count_rows(database) == before, "nothing left to undo"
    judge(database, seeded, answered, RETURNED)
    assert state_of(database, answered) is AnnotationState.RETURNED


def test_undone_return_takes_the_region_from_its_author_again(
    database: Database, seeded: Seeded, ann: uuid.UUID, answered: Annotation
) -> None:
    judge(database, seeded, answered, RETURNED)
    back = claimed(database, seeded, ann)
    undo(database, seeded, answered)
    assert in_use(database, seeded) == [answered.id]
    query = query_of(database, answered)
    assert (query.state, query.num_answered, query.returned_to) == (QueryState.ANSWERED, 1, None)
    assert taken(submit(database, back, 2)).version == 2, "what they did meanwhile is a change like any other"


def test_undone_fix_brings_back_what_was_before_a_return_too(
    database: Database, seeded: Seeded, ann: uuid.UUID, answered: Annotation
) -> None:
    judge(database, seeded, answered, RETURNED)
    fixed = fix(database, seeded, answered, 2)
    undo(database, seeded, fixed)
    assert state_of(database, fixed) is AnnotationState.UNDONE
    assert state_of(database, answered) is AnnotationState.RETURNED
    assert in_use(database, seeded) == []
    assert claimed(database, seeded, ann).region_query_id == answered.region_query_id
    undo(database, seeded, answered)
    assert fix(database, seeded, answered, 2).version == 2, "the one that was undone is never overwritten"


def test_outdated_version_is_neither_reviewed_nor_fixed(
    database: Database, seeded: Seeded, answered: Annotation
) -> None:
    with database.transaction() as session:
        assert answered.assignment_id is not None
        annotations.submit(session, answered.assignment_id, answer_of(2), at=now())
    before = count_rows(database)
    for refused in (
        lambda: judge(database, seeded, answered, ACCEPTED),
        lambda: judge(database, seeded, answered, RETURNED),
        lambda: fix(database, seeded, answered, 0),
    ):
        with pytest.raises(ConflictError, match="outdated"):
            refused()
    assert count_rows(database) == before


def test_return_cannot_be_undone_once_it_was_answered(
    database: Database, seeded: Seeded, ann: uuid.UUID, answered: Annotation
) -> None:
    judge(database, seeded, answered, RETURNED)
    submit(database, claimed(database, seeded, ann), 2)
    with pytest.raises(ConflictError, match="outdated"):
        undo(database, seeded, answered)


def test_same_verdict_again_changes_nothing_and_another_reviewers_is_refused(
    database: Database, seeded: Seeded, answered: Annotation
) -> None:
    first = judge(database, seeded, answered, ACCEPTED)
    before = count_rows(database)
    assert judge(database, seeded, answered, ACCEPTED).id == first.id
    with pytest.raises(ConflictError, match="already"), database.transaction() as session:
        reviews.give_verdict(
            session, answered.id, reviewer_id=seeded.user_ids[1], verdict=ACCEPTED, comment="look again"
        )
    assert count_rows(database) == before


def test_of_two_reviewers_at_once_one_wins(database: Database, seeded: Seeded, answered: Annotation) -> None:
    people = [seeded.owner_id, seeded.user_ids[1]]

    def work(number: int) -> Review:
        with database.transaction() as session:
            return reviews.give_verdict(
                session,
                answered.id,
                reviewer_id=people[number],
                verdict=(ACCEPTED, RETURNED)[number],
                comment="",
            )

    results = in_threads(2, work)
    assert sorted(type(result).__name__ for result in results) == ["ConflictError", "Review"]
    assert count_rows(database)["review"] == 1


def test_verdict_against_a_changed_answer_the_later_sees_the_earlier(
    database: Database, seeded: Seeded, answered: Annotation
) -> None:
    def work(number: int) -> Review | SubmitResult:
        if number == 0:
            return judge(database, seeded, answered, ACCEPTED)
        with database.transaction() as session:
            assert answered.assignment_id is not None
            return annotations.submit(session, answered.assignment_id, answer_of(2), at=now())

    verdict, change = in_threads(2, work)
    assert isinstance(change, SubmitResult)
    assert isinstance(verdict, Review) == (change.annotation is None)
    assert isinstance(verdict, Review | ConflictError)


def test_second_answer_is_measured_and_its_fix_is_trained_on(database: Database) -> None:
    seeded = seed_project(database, num_images=1)
    both = (QueryPurpose.SELECTED, QueryPurpose.AGREEMENT)
    seed_round(database, seeded, num_queries=1, purposes=both)
    ann, ben = seeded.user_ids
    first = taken(submit(database, claimed(database, seeded, ann), 1))
    second = taken(submit(database, claimed(database, seeded, ben), 2))
    assert first.region_query_id != second.region_query_id
    assert in_use(database, seeded) == [first.id]

    judge(database, seeded, first, RETURNED)
    judge(database, seeded, second, RETURNED)
    fixed = fix(database, seeded, second, 0)
    assert fixed.region_query_id == first.region_query_id
    assert in_use(database, seeded) == [fixed.id]
    assert {state_of(database, item) for item in (first, second)} == {AnnotationState.FIXED}
    assert {query_of(database, item).state for item in (first, second)} == {QueryState.ANSWERED}
    assert claim(database, seeded, ann) is None
    assert claim(database, seeded, ben) is None

    undo(database, seeded, fixed)
    assert in_use(database, seeded) == []
    assert claimed(database, seeded, ann).region_query_id == first.region_query_id
    assert claim(database, seeded, ben) is None, "no region is in two hands at once"


def test_second_answer_is_wanted_only_after_the_first_and_not_of_who_fixed_it(database: Database) -> None:
    seeded = seed_project(database, num_images=1)
    both = (QueryPurpose.SELECTED, QueryPurpose.AGREEMENT)
    seed_round(database, seeded, num_queries=1, purposes=both)
    ann, ben = seeded.user_ids
    held = claimed(database, seeded, ann)
    with database.transaction() as session:
        leases.skip(session, held.id, reason="")
        assert waiting.count_queue(session, seeded.project_id, ben, now()).remaining == 1, (
            "regions, not queries"
        )
    first = taken(submit(database, claimed(database, seeded, ben), 1))
    fix(database, seeded, first, 2)
    assert claim(database, seeded, seeded.owner_id) is None, "they have looked at it already"
    assert claim(database, seeded, ben) is None
    with database.reading() as session:
        agreement = session.scalars(
            select(RegionQuery).where(RegionQuery.purpose == QueryPurpose.AGREEMENT)
        ).one()
        assert agreement.state is QueryState.OPEN


def test_unknown_annotation_is_not_found(database: Database, seeded: Seeded) -> None:
    with pytest.raises(NotFoundError), database.transaction() as session:
        reviews.give_verdict(session, uuid.uuid4(), reviewer_id=seeded.owner_id, verdict=ACCEPTED, comment="")


def test_only_other_reviewers_and_owners_count_as_somebody_else(database: Database, seeded: Seeded) -> None:
    with database.reading() as session:
        assert not reviews.may_anybody_else_review(session, seeded.project_id, seeded.owner_id)
        assert reviews.may_anybody_else_review(session, seeded.project_id, seeded.user_ids[0])
