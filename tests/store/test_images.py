"""Image rows: uploads that race, and how much of an image is labelled."""

import threading
import uuid

import pytest

from segloop.settings import QueryPurpose, Split
from segloop_store.database import Database
from segloop_store.models import GroundTruth, Image, Project
from segloop_store.repositories import images
from segloop_store.repositories.images import Kept, KeptImage, NewImage
from segloop_store.states import QueryState
from tests.support.rows import add_image, add_project, add_query, add_round


def new(filename: str, sha256: str) -> NewImage:
    return NewImage(
        filename=filename,
        sha256=sha256 * 64,
        width=4,
        height=4,
        num_bytes=1,
        format="PNG",
        notes=(),
        original_key="a",
        pixels_key="a",
    )


@pytest.fixture
def project(database: Database) -> Project:
    with database.transaction() as session:
        return add_project(session)


@pytest.mark.parametrize(
    ("names", "hashes", "others"),
    [
        (["a.png"] * 6, "a" * 6, Kept.EXISTING),
        ([f"{n}.png" for n in range(6)], "a" * 6, Kept.EXISTING),
        (["a.png"] * 6, "abcdef", Kept.REJECTED),
    ],
    ids=["same", "same-bytes", "same-name"],
)
def test_of_racing_uploads_one_creates_the_image(
    database: Database, project: Project, names: list[str], hashes: str, others: Kept
) -> None:
    results: list[KeptImage] = []
    start = threading.Barrier(len(names))

    def upload(name: str, sha256: str) -> None:
        start.wait()
        with database.transaction() as session:
            results.append(
                images.add_image(
                    session, new(name, sha256), project=project, split=Split.POOL, uploaded_by=None
                )
            )

    threads = [threading.Thread(target=upload, args=pair) for pair in zip(names, hashes, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.result for result in results) == sorted([Kept.CREATED] + [others] * 5)
    with database.reading() as session:
        assert session.query(Image).count() == 1


def test_labelled_pixels_are_those_of_the_latest_truth_and_of_answered_regions(database: Database) -> None:
    with database.transaction() as session:
        project = add_project(session)
        with_truth, with_answers, untouched = (add_image(session, project) for _ in range(3))
        for version, num_labelled_px in ((1, 200), (2, 150)):
            session.add(
                GroundTruth(
                    image_id=with_truth.id,
                    version=version,
                    label_map_key="a",
                    num_labelled_px=num_labelled_px,
                )
            )
        round_ = add_round(session, project)
        for index, (state, purpose) in enumerate(
            [
                (QueryState.ANSWERED, QueryPurpose.SELECTED),
                (QueryState.ANSWERED, QueryPurpose.AUDIT),
                (QueryState.OPEN, QueryPurpose.SELECTED),
            ]
        ):
            query = add_query(session, round_, with_answers, region_index=index, purpose=purpose)
            query.state = state
            query.num_answered = int(state is QueryState.ANSWERED)
            query.area_px = 10
        counts = images.labelled_pixels(session, [with_truth.id, with_answers.id, untouched.id, uuid.uuid4()])
    assert [counts[image.id] for image in (with_truth, with_answers, untouched)] == [150, 10, 0]
