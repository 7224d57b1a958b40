"""The bytes of images: caching, ranges, crops, regions and segments."""

import io
import uuid

import numpy as np
import pytest
from PIL import Image as Pillow

from segloop.regions import decode_region_map, encode_region_map
from segloop_store import blob_keys
from segloop_store.models import Assignment, RegionQuery
from segloop_store.states import AssignmentState, QueryState
from tests.support.seeding import HEIGHT, WIDTH, seed_project, seed_round
from tests.support.site import Site, pixels_of, png


@pytest.fixture
def image_id(site: Site) -> str:
    created = site.admin.upload(site.project(), {"dir/ä.png": png(5, height=40, width=60)})
    return str(created.json()["created"][0]["id"])


def test_file_is_cached_for_good_and_known_by_its_etag(site: Site, image_id: str) -> None:
    first = site.admin.get(f"/images/{image_id}/file")
    assert "immutable" in first.headers["cache-control"]
    assert "private" in first.headers["cache-control"]
    again = site.admin.get(f"/images/{image_id}/file", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("header", "piece"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=5-999999", slice(5, None)),
    ],
)
def test_range_of_a_file_is_served(site: Site, image_id: str, header: str, piece: slice) -> None:
    whole = png(5, height=40, width=60)
    answer = site.admin.get(f"/images/{image_id}/original", headers={"Range": header})
    assert answer.status_code == 206
    assert answer.content == whole[piece]
    assert answer.headers["content-range"].endswith(f"/{len(whole)}")


def test_range_behind_the_end_is_refused_and_nonsense_ignored(site: Site, image_id: str) -> None:
    path = f"/images/{image_id}/original"
    assert site.admin.get(path, headers={"Range": "bytes=999999-"}).status_code == 416
    for header in ("bytes=", "lines=1-2", "bytes=1-2,5-6", "bytes=-"):
        assert site.admin.get(path, headers={"Range": header}).status_code == 200
    stale = {"Range": "bytes=0-1", "If-Range": '"other"'}
    assert site.admin.get(path, headers=stale).status_code == 200


def test_original_is_a_download_under_its_own_name(site: Site, image_id: str) -> None:
    disposition = site.admin.get(f"/images/{image_id}/original").headers["content-disposition"]
    assert disposition.startswith("attachment")
    assert disposition.endswith("filename*=UTF-8''%C3%A4.png")


def test_crop_is_exact_and_made_smaller_on_demand(site: Site, image_id: str) -> None:
    pixels = pixels_of(png(5, height=40, width=60))
    crop = site.admin.get(f"/images/{image_id}/crop?x=10&y=5&w=20&h=30")
    np.testing.assert_array_equal(pixels_of(crop.content), pixels[5:35, 10:30])
    small = site.admin.get(f"/images/{image_id}/crop?x=0&y=0&w=60&h=40&max_px=30")
    with Pillow.open(io.BytesIO(small.content)) as shown:
        assert shown.size == (30, 20)
    etag = {"If-None-Match": crop.headers["etag"]}
    assert site.admin.get(f"/images/{image_id}/crop?x=10&y=5&w=20&h=30", headers=etag).status_code == 304


@pytest.mark.parametrize(
    "box",
    ["x=-1&y=0&w=5&h=5", "x=0&y=0&w=0&h=5", "x=50&y=0&w=11&h=5", "x=0&y=0&w=5&h=41", "x=0&y=0&w=5",
     "x=0&y=0&w=5&h=5&max_px=100000", "x=a&y=0&w=5&h=5"],
)  # fmt: skip
def test_crop_outside_the_image_is_refused(site: Site, image_id: str, box: str) -> None:
    assert site.admin.get(f"/images/{image_id}/crop?{box}").status_code == 422


def test_segments_of_a_box_are_those_of_the_whole(site: Site) -> None:
    image_id = seed_project(site.context.database, site.context.blobs, num_images=1).image_ids[0]
    whole = np.arange(HEIGHT * WIDTH, dtype=np.int32).reshape(HEIGHT, WIDTH)
    site.context.blobs.put(blob_keys.segments(image_id), encode_region_map(whole), overwrite=True)
    box = site.admin.get(f"/images/{image_id}/segments?x=3&y=2&w=9&h=7")
    np.testing.assert_array_equal(decode_region_map(box.content), whole[2:9, 3:12])
    again = site.admin.get(
        f"/images/{image_id}/segments?x=3&y=2&w=9&h=7", headers={"If-None-Match": box.headers["etag"]}
    )
    assert again.status_code == 304
    for bad in (f"x=3&y=2&w={WIDTH}&h=7", "x=0&y=0&w=5"):
        assert site.admin.get(f"/images/{image_id}/segments?{bad}").status_code == 422


def test_regions_have_to_be_made_first(site: Site, image_id: str) -> None:
    for path in ("regions", "region_map", "segments"):
        assert site.admin.get(f"/images/{image_id}/{path}").status_code == 409


def test_regions_say_what_became_of_each(site: Site) -> None:
    seeded = seed_project(site.context.database, site.context.blobs, num_images=1)
    seed_round(site.context.database, seeded, num_queries=4)
    _answer_first_lease_second_withdraw_third(site, seeded.query_ids, seeded.user_ids[0])
    image_id = seeded.image_ids[0]
    body = site.admin.get(f"/images/{image_id}/regions").json()
    assert [region["state"] for region in body["regions"]] == ["answered", "leased", "unasked", "open"] + [
        "unasked"
    ] * 8
    assert body["num_regions"] == 12
    assert sum(region["area_px"] for region in body["regions"]) == HEIGHT * WIDTH
    region_map = decode_region_map(site.admin.get(body["region_map_url"].removeprefix("/api/v1")).content)
    x, y, w, h = body["regions"][5]["bbox"]
    assert (region_map[y : y + h, x : x + w] == 5).all()


def _answer_first_lease_second_withdraw_third(
    site: Site, query_ids: list[uuid.UUID], user_id: uuid.UUID
) -> None:
    with site.context.database.transaction() as session:
        first = session.get(RegionQuery, query_ids[0])
        third = session.get(RegionQuery, query_ids[2])
        assert first is not None
        assert third is not None
        first.state, first.num_answered = QueryState.ANSWERED, 1
        third.state = QueryState.WITHDRAWN
        session.add(
            Assignment(
                region_query_id=query_ids[1],
                user_id=user_id,
                state=AssignmentState.LEASED,
                lease_expires_at=first.created_at,
            )
        )


def test_thumbnail_is_small_before_and_after_its_job(site: Site) -> None:
    created = site.admin.upload(site.project(), {"big.png": png(1, height=300, width=600)}).json()["created"]
    answer = site.admin.get(f"/images/{created[0]['id']}/thumbnail")
    with Pillow.open(io.BytesIO(answer.content)) as shown:
        assert (shown.format, shown.size) == ("JPEG", (256, 128))
    assert "no-cache" in answer.headers["cache-control"]
