"""Uploaded truths and what is known: versions, checks, and the overlay of answers."""

import hashlib
import uuid

import numpy as np
import pytest

from segloop.label_maps import UNLABELLED, VOID, decode_index_png, encode_index_png
from segloop.settings import AnnotationKind
from segloop_store import blob_keys
from segloop_store.models import Annotation, GroundTruth
from tests.support.seeding import SIZE_PX, seed_project, seed_round
from tests.support.site import Site, png

HEIGHT, WIDTH = 12, 16


@pytest.fixture
def image_id(site: Site) -> str:
    created = site.admin.upload(site.project(), {"a.png": png(height=HEIGHT, width=WIDTH)})
    return str(created.json()["created"][0]["id"])


def truth(value: int = 0) -> "np.typing.NDArray[np.uint8]":
    label_map = np.full((HEIGHT, WIDTH), value, dtype=np.uint8)
    label_map[0, :4] = [0, 1, VOID, UNLABELLED]
    return label_map


def test_truth_comes_back_exactly(site: Site, image_id: str) -> None:
    path = f"/images/{image_id}/label_map"
    assert (decode_index_png(site.admin.get(path).content) == UNLABELLED).all()
    answer = site.admin.call("PUT", path, content=encode_index_png(truth()))
    assert answer.status_code == 200
    assert answer.json()["num_labelled_px"] == HEIGHT * WIDTH - 1
    np.testing.assert_array_equal(decode_index_png(site.admin.get(path).content), truth())
    details = site.admin.get(f"/images/{image_id}").json()
    assert details["has_ground_truth"] is True
    assert details["labelled_fraction"] == pytest.approx(1 - 1 / (HEIGHT * WIDTH))


def test_same_truth_again_is_no_new_version_and_another_one_is(site: Site, image_id: str) -> None:
    path = f"/images/{image_id}/label_map"
    versions = [
        site.admin.call("PUT", path, content=encode_index_png(truth(value))).json()["version"]
        for value in (0, 0, 1, 0)
    ]
    assert versions == [1, 1, 2, 3]
    np.testing.assert_array_equal(decode_index_png(site.admin.get(path).content), truth(0))


def test_upload_that_died_before_its_row_does_not_block_the_next(site: Site, image_id: str) -> None:
    site.context.blobs.put(blob_keys.ground_truth(uuid.UUID(image_id), 1), b"half an upload")
    answer = site.admin.call("PUT", f"/images/{image_id}/label_map", content=encode_index_png(truth()))
    assert (answer.status_code, answer.json()["version"]) == (200, 2)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not a png",
        encode_index_png(truth())[:46],
        encode_index_png(truth(2)),
        encode_index_png(truth(253)),
        encode_index_png(truth()[:-1]),
        encode_index_png(np.zeros((3000, 3000), dtype=np.uint8)),
        png(height=HEIGHT, width=WIDTH),
    ],
    ids=["empty", "text", "cut", "class-2-of-2", "class-253", "wrong-size", "large", "rgb"],
)
def test_impossible_label_maps_change_nothing(site: Site, image_id: str, body: bytes) -> None:
    path = f"/images/{image_id}/label_map"
    answer = site.admin.call("PUT", path, content=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    with site.context.database.reading() as session:
        assert session.query(GroundTruth).count() == 0
    assert (decode_index_png(site.admin.get(path).content) == UNLABELLED).all()


def test_only_owners_upload_truth(site: Site) -> None:
    project_id = site.project()
    image_id = site.admin.upload(project_id, {"a.png": png()}).json()["created"][0]["id"]
    reviewer = site.member(project_id, "reviewer")
    path = f"/images/{image_id}/label_map"
    assert reviewer.call("PUT", path, content=encode_index_png(truth())).status_code == 403
    assert site.user().call("PUT", path, content=b"x").status_code == 404
    assert reviewer.get(path).status_code == 200


def test_what_people_said_lies_over_the_truth(any_site: Site) -> None:
    site = any_site
    seeded = seed_project(site.context.database, site.context.blobs, num_images=1)
    seed_round(site.context.database, seeded, num_queries=1)
    image_id = seeded.image_ids[0]
    path = f"/images/{image_id}/label_map"
    base = np.zeros((60, 80), dtype=np.uint8)
    assert site.admin.call("PUT", path, content=encode_index_png(base)).status_code == 200
    before = site.admin.get(path)
    said = np.full((SIZE_PX, SIZE_PX), 2, dtype=np.uint8)
    with site.context.database.transaction() as session:
        session.add(
            Annotation(
                project_id=seeded.project_id,
                region_query_id=seeded.query_ids[0],
                image_id=image_id,
                region_index=0,
                user_id=seeded.user_ids[0],
                version=1,
                kind=AnnotationKind.EXACT,
                label_map_png=encode_index_png(said),
                label_map_sha256=hashlib.sha256(said.tobytes()).hexdigest(),
                num_void_px=0,
                annotation_seconds=1.0,
                num_clicks=1,
            )
        )
    after = site.admin.get(path, headers={"If-None-Match": before.headers["etag"]})
    expected = base.copy()
    expected[:SIZE_PX, :SIZE_PX] = 2
    np.testing.assert_array_equal(decode_index_png(after.content), expected)
