"""What is known of an image: latest truth, and over it the annotations in use, in few statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from segloop.settings import AnnotationKind, QueryPurpose, Split
from segloop_store.clock import now
from segloop_store.database import Database
from segloop_store.models import Annotation, Project
from segloop_store.repositories.known_labels import (
    KnownImage,
    annotations_by_id,
    known_image,
    known_images,
)
from tests.support.rows import (
    add_annotation,
    add_image,
    add_partition,
    add_project,
    add_query,
    add_review,
    add_round,
    add_truth,
    add_user,
)


def _all(session: Session, project: Project, **values: object) -> list[KnownImage]:
    return list(known_images(session, project.id, **values))  # type: ignore[arg-type]  # passed on by name


@pytest.fixture
def asked(database: Database) -> Iterator[SimpleNamespace]:
    """One image with one query, two annotators and two reviewers, in an open transaction."""
    with database.transaction() as session:
        project = add_project(session)
        image = add_image(session, project)
        query = add_query(session, add_round(session, project), image, 6)
        people = [add_user(session) for _ in range(4)]
        yield SimpleNamespace(
            session=session,
            project=project,
            image=image,
            query=query,
            ann=people[0],
            ben=people[1],
            reviewer=people[2],
            other_reviewer=people[3],
        )


def _in_use(asked: SimpleNamespace) -> list[object]:
    (image,) = _all(asked.session, asked.project)
    assert image == known_image(asked.session, asked.image)
    return [annotation.annotation_id for annotation in image.annotations]


def test_image_nobody_knows_anything_of_is_there_with_nothing(database: Database) -> None:
    with database.transaction() as session:
        project = add_project(session)
        image = add_image(session, project, width=20, height=10)
        (known,) = _all(session, project)

    assert (known.image_id, known.filename, known.num_px) == (image.id, image.filename, 200)
    assert (known.truth_id, known.region_map_key, known.num_regions, known.annotations) == (None, None, 0, ())
    assert not known.is_known_at_all
    assert known.num_labelled_px == 0


def test_annotation_says_where_it_goes(asked: SimpleNamespace) -> None:
    add_partition(asked.session, asked.image, num_regions=8)
    answer = add_annotation(asked.session, asked.query, asked.ann, kind=AnnotationKind.DOMINANT)

    (image,) = _all(asked.session, asked.project)
    (known,) = image.annotations

    assert (known.x, known.y, known.width, known.height, known.area_px) == (10, 5, 5, 5, 25)
    assert (known.region_index, known.kind) == (6, AnnotationKind.DOMINANT)
    assert known.label_map_png == answer.label_map_png
    assert (image.num_regions, image.num_labelled_px) == (8, 25)


def test_latest_version_is_in_use(asked: SimpleNamespace) -> None:
    add_annotation(asked.session, asked.query, asked.ann)
    second = add_annotation(asked.session, asked.query, asked.ann, version=2)

    assert _in_use(asked) == [second.id]


def test_accepted_version_wins_over_a_later_one(asked: SimpleNamespace) -> None:
    first = add_annotation(asked.session, asked.query, asked.ann)
    add_annotation(asked.session, asked.query, asked.ann, version=2)
    add_review(asked.session, first, asked.reviewer, "accepted")

    assert _in_use(asked) == [first.id]


def test_returned_answer_leaves_training_until_its_author_answers_again(asked: SimpleNamespace) -> None:
    add_annotation(asked.session, asked.query, asked.ann)
    second = add_annotation(asked.session, asked.query, asked.ann, version=2)
    add_review(asked.session, second, asked.reviewer, "returned")
    assert _in_use(asked) == []

    third = add_annotation(asked.session, asked.query, asked.ann, version=3)
    assert _in_use(asked) == [third.id]


def test_last_verdict_counts(asked: SimpleNamespace) -> None:
    answer = add_annotation(asked.session, asked.query, asked.ann)
    add_review(asked.session, answer, asked.reviewer, "returned")
    add_review(asked.session, answer, asked.other_reviewer, "accepted")

    assert _in_use(asked) == [answer.id]


def test_fix_wins_over_everything_and_the_later_fix_over_the_earlier(
    asked: SimpleNamespace,
) -> None:
    first = add_annotation(asked.session, asked.query, asked.ann)
    add_review(asked.session, first, asked.reviewer, "returned")
    fix = add_annotation(asked.session, asked.query, asked.reviewer, fixes=first)
    assert _in_use(asked) == [fix.id]

    add_review(asked.session, first, asked.reviewer, "accepted")
    later = add_annotation(asked.session, asked.query, asked.other_reviewer, fixes=first)
    assert _in_use(asked) == [later.id]


def test_each_person_has_an_answer_in_use_oldest_first_until_one_is_fixed(asked: SimpleNamespace) -> None:
    first = add_annotation(asked.session, asked.query, asked.ann)
    second = add_annotation(asked.session, asked.query, asked.ben)
    assert _in_use(asked) == [first.id, second.id]

    fix = add_annotation(asked.session, asked.query, asked.reviewer, fixes=first)
    assert _in_use(asked) == [fix.id]

    add_annotation(asked.session, asked.query, asked.ben, version=2)
    assert _in_use(asked) == [fix.id]


def test_fix_that_was_undone_counts_no_more_and_an_undone_verdict_neither(asked: SimpleNamespace) -> None:
    answer = add_annotation(asked.session, asked.query, asked.ann)
    fix = add_annotation(asked.session, asked.query, asked.reviewer, fixes=answer)
    add_review(asked.session, fix, asked.reviewer, "undone")
    assert _in_use(asked) == [answer.id]

    add_review(asked.session, answer, asked.reviewer, "returned")
    assert _in_use(asked) == []
    add_review(asked.session, answer, asked.reviewer, "undone")
    assert _in_use(asked) == [answer.id]


def test_fix_of_a_fix_is_in_use_alone(asked: SimpleNamespace) -> None:
    answer = add_annotation(asked.session, asked.query, asked.ann)
    fix = add_annotation(asked.session, asked.query, asked.reviewer, fixes=answer)
    later = add_annotation(asked.session, asked.query, asked.other_reviewer, fixes=fix)

    assert _in_use(asked) == [later.id]


@pytest.mark.parametrize("purpose", [QueryPurpose.AGREEMENT, QueryPurpose.AUDIT])
def test_answers_that_measure_are_not_trained_on(asked: SimpleNamespace, purpose: QueryPurpose) -> None:
    asked.query.purpose = purpose
    answer = add_annotation(asked.session, asked.query, asked.ann)

    assert _in_use(asked) == []
    (image,) = _all(asked.session, asked.project, purposes=[purpose])
    assert [known.annotation_id for known in image.annotations] == [answer.id]


def test_latest_truth_counts_and_hidden_images_are_out(database: Database) -> None:
    with database.transaction() as session:
        project = add_project(session)
        image = add_image(session, project, "a.png")
        add_image(session, project, "b.png", hidden_at=now())
        for version, num_px in ((1, 50), (2, 60)):
            add_truth(session, image, version=version, num_labelled_px=num_px)
        (known,) = _all(session, project)

    assert known.truth_key == f"truth/{image.id}/2"
    assert (known.num_labelled_px, known.is_known_at_all) == (60, True)


def test_images_come_by_code_point_and_only_those_asked_for(database: Database) -> None:
    names = ["a/b.png", "B.png", "a.png", "ä.png", "a_b.png", "A.png"]
    with database.transaction() as session:
        project, other = add_project(session), add_project(session)
        images = [add_image(session, project, name) for name in names]
        add_image(session, project, "t.png", split=Split.TEST)
        add_image(session, other, "other.png")
        found = [known.filename for known in _all(session, project, splits=[Split.POOL])]
        some = _all(session, project, image_ids=[images[0].id, images[1].id])

    assert found == sorted(names)
    assert [known.filename for known in some] == ["B.png", "a/b.png"]


@contextmanager
def _counting() -> Iterator[list[str]]:
    statements: list[str] = []

    def count(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def test_a_thousand_images_take_two_statements(database: Database) -> None:
    with database.transaction() as session:
        project, user = add_project(session), add_user(session)
        round_ = add_round(session, project)
        expected: dict[str, list[bytes]] = {}
        for number in range(1000):
            image = add_image(session, project, f"{number % 7}/{number}.png")
            answers: list[Annotation] = []
            for region in range(number % 3):
                query = add_query(session, round_, image, region)
                answers.append(add_annotation(session, query, user))
            expected[image.filename] = [answer.label_map_png for answer in answers]

    with database.reading() as session, _counting() as statements:
        found = {
            known.filename: [answer.label_map_png for answer in known.annotations]
            for known in known_images(session, project.id)
        }
        num_statements = len([text for text in statements if text.startswith("SELECT")])

    assert found == expected
    assert list(found) == sorted(expected)
    assert num_statements == 2


def test_versions_a_snapshot_names_are_found_whatever_came_since(asked: SimpleNamespace) -> None:
    first = add_annotation(asked.session, asked.query, asked.ann)
    add_annotation(asked.session, asked.query, asked.ann, version=2)
    add_review(asked.session, first, asked.reviewer, "returned")

    found = annotations_by_id(asked.session, asked.project.id, [first.id])

    assert [known.label_map_png for known in found.values()] == [first.label_map_png]
