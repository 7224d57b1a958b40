"""Uploads: what is accepted, what is rejected and why, and that refusals leave everything as it was."""

import hashlib
import io
import struct
import uuid
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from segloop.settings import PartitionKind
from segloop_store import blob_keys
from segloop_store.blobs import ObjectBlobStore
from segloop_store.models import Image, Job, Partition
from segloop_store.states import JobKind, JobState
from tests.support.site import Site, encoded, open_site, pixels_of, png, site_settings


def rows(site: Site) -> list[Image]:
    with site.context.database.reading() as session:
        return session.query(Image).order_by(Image.id).all()


def jobs(site: Site) -> list[Job]:
    with site.context.database.reading() as session:
        return session.query(Job).order_by(Job.id).all()


def test_every_file_of_a_request_gets_its_own_answer(any_site: Site) -> None:
    site = any_site
    project_id = site.project()
    site.admin.upload(project_id, {"known.png": png(1)})
    answer = site.admin.upload(
        project_id, {"new/one.png": png(2, width=30), "again.png": png(1), "broken.png": png(3)[:40]}
    )
    assert answer.status_code == 201
    body = answer.json()
    assert [(item["filename"], item["width"], item["height"]) for item in body["created"]] == [
        ("new/one.png", 30, 12)
    ]
    assert [item["filename"] for item in body["existing"]] == ["known.png"]
    assert [item["filename"] for item in body["rejected"]] == ["broken.png"]
    assert body["rejected"][0]["reason"]
    assert [row.filename for row in rows(site)] == ["known.png", "new/one.png"]
    assert len(list(site.context.temporary_dir.iterdir())) == 0


def test_blobs_are_on_the_disk_before_their_rows_are_committed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    project_id = site.project()
    seen: list[tuple[int, int]] = []

    def note(blobs: ObjectBlobStore) -> None:
        key = blob_keys.original(uuid.UUID(project_id), hashlib.sha256(png(1)).hexdigest(), "png")
        seen.append((blobs.size(key), len(rows(site))))

    monkeypatch.setattr(ObjectBlobStore, "settle", note)
    assert site.admin.upload(project_id, {"a.png": png(1)}).status_code == 201
    assert seen == [(len(png(1)), 0)]


def test_upload_queues_one_ingest_job_for_its_new_images(site: Site) -> None:
    project_id = site.project()
    body = site.admin.upload(project_id, {"a.png": png(1), "b.png": png(2)}).json()
    (job,) = jobs(site)
    assert (job.kind, str(job.id)) == (JobKind.INGEST, body["job_id"])
    assert job.payload == {"image_ids": [item["id"] for item in body["created"]]}
    assert site.admin.upload(project_id, {"a.png": png(1)}).json()["job_id"] is None
    assert len(jobs(site)) == 1


@pytest.mark.parametrize("ended", [JobState.FAILED, JobState.CANCELLED])
def test_repeated_upload_prepares_what_a_broken_ingest_left(site: Site, ended: JobState) -> None:
    project_id = site.project()
    site.admin.upload(project_id, {"a.png": png(1), "b.png": png(2)})
    with site.context.database.transaction() as session:
        session.query(Job).one().state = ended
        prepared, stranded = session.query(Image).order_by(Image.filename)
        prepared.thumbnail_key = "t"
        kind = PartitionKind.GRID
        session.add(
            Partition(
                image_id=prepared.id,
                kind=kind,
                size_px=2,
                num_regions=1,
                region_map_key="r",
                segments_key="s",
            )
        )
    body = site.admin.upload(project_id, {"a.png": png(1), "b.png": png(2)}).json()
    assert (len(body["existing"]), body["created"]) == (2, [])
    last = jobs(site)[-1]
    assert (str(last.id), last.payload) == (body["job_id"], {"image_ids": [str(stranded.id)]})
    assert site.admin.upload(project_id, {"b.png": png(2)}).json()["job_id"] is None


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (encoded(1, "JPEG"), None),
        (encoded(1, "JPEG", mode="L"), None),
        (encoded(1, "JPEG", mode="CMYK"), "CMYK"),
        (encoded(1, "PNG", mode="P"), None),
        (encoded(1, "PNG", mode="RGBA"), "alpha"),
        (encoded(1, "PNG", mode="L"), None),
        (encoded(1, "PNG", mode="I;16"), "16-bit"),
        (encoded(1, "TIFF"), None),
        (encoded(1, "WEBP", lossless=True), None),
        (encoded(1, "PNG", height=1, width=1), None),
    ],
    ids=["jpeg", "grey-jpeg", "cmyk", "palette", "alpha", "grey", "16-bit", "tiff", "webp", "1x1"],
)
def test_accepted_kinds_are_served_as_8_bit_rgb(site: Site, data: bytes, note: str | None) -> None:
    project_id = site.project()
    # the extension lies: the content counts
    created = site.admin.upload(project_id, {"picture.jpg": data}).json()["created"][0]
    if note is not None:
        assert note in " ".join(created["notes"])
    file = site.admin.get(f"/images/{created['id']}/file")
    assert file.headers["content-type"] in {"image/png", "image/jpeg"}
    with Pillow.open(io.BytesIO(file.content)) as shown:
        assert (shown.mode, shown.size) == ("RGB", (created["width"], created["height"]))
    assert site.admin.get(f"/images/{created['id']}/original").content == data


def test_rotated_photograph_is_stored_upright(site: Site) -> None:
    exif = Pillow.Exif()
    exif[274] = 6  # the camera was held on its side
    data = encoded(1, "JPEG", height=20, width=40, exif=exif, quality=95)
    project_id = site.project()
    created = site.admin.upload(project_id, {"phone.jpg": data}).json()["created"][0]
    assert (created["width"], created["height"]) == (20, 40)
    shown = pixels_of(site.admin.get(f"/images/{created['id']}/file").content)
    np.testing.assert_array_equal(shown, np.rot90(pixels_of(data), k=-1))


def test_file_that_needs_no_change_is_kept_once(site: Site) -> None:
    project_id = site.project()
    site.admin.upload(project_id, {"a.jpg": encoded(1, "JPEG"), "b.png": png(2), "c.png": png(3, mode="P")})
    keys = [(row.filename, row.pixels_key == row.original_key) for row in rows(site)]
    assert sorted(keys) == [("a.jpg", True), ("b.png", True), ("c.png", False)]


def animated() -> bytes:
    buffer = io.BytesIO()
    frames = [Pillow.new("RGB", (8, 8), color) for color in ("red", "blue")]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def bomb() -> bytes:
    """A PNG of 100 megapixels in 100 kB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 10_001 * 10_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes"),
        (png()[:-20], "truncated"),
        (encoded(1, "JPEG", height=60, width=60)[:-300], "truncated"),
        (b"not an image at all", "not an image"),
        (encoded(1, "GIF"), "GIF"),
        (animated(), "animated"),
        (bomb(), "50 megapixels"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    ],
    ids=["empty", "cut-png", "cut-jpeg", "text", "gif", "animated", "bomb", "svg"],
)
def test_rejected_kinds_say_why_and_leave_nothing(site: Site, data: bytes, reason: str) -> None:
    project_id = site.project()
    answer = site.admin.upload(project_id, {"x.png": data})
    assert answer.status_code == 201
    assert answer.json()["created"] == []
    assert reason in answer.json()["rejected"][0]["reason"]
    assert rows(site) == []
    assert jobs(site) == []


@pytest.mark.parametrize(
    ("filename", "kept"),
    [
        ("a.png", "a.png"),
        ("deep/er/a.png", "deep/er/a.png"),
        ("./a.png", "a.png"),
        ("a//b.png", "a/b.png"),
        ("ü mlaut.png", "ü mlaut.png"),
        ("u\u0308.png", "ü.png"),
        ("..a.png", "..a.png"),
        ("../../x.png", None),
        ("a/../../x.png", None),
        ("/etc/x.png", None),
        ("C:/x.png", None),
        ("a\\b.png", None),
        ("x" * 1000 + ".png", None),
        ("/".join(["x" * 200] * 6) + ".png", None),
        ("..", None),
        ("folder/", None),
        (".", None),
    ],
)
def test_filenames_stay_inside_and_are_the_same_everywhere(
    site: Site, filename: str, kept: str | None
) -> None:
    project_id = site.project()
    body = site.admin.upload(project_id, [(filename, png())]).json()
    if kept is None:
        assert "filename" in body["rejected"][0]["reason"]
        assert rows(site) == []
    else:
        assert [item["filename"] for item in body["created"]] == [kept]


@pytest.mark.parametrize("name", [b"a\xff.png", b"a\x07b.png", b"a\x00b.png", b"a\x7fb.png"])
def test_raw_bytes_in_a_filename_are_rejected(site: Site, name: bytes) -> None:
    project_id = site.project()
    body = (
        b'--B\r\nContent-Disposition: form-data; name="files"; filename="%b"\r\n\r\n%b'
        b'\r\n--B\r\nContent-Disposition: form-data; name="split"\r\n\r\npool\r\n--B--\r\n' % (name, png())
    )
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    answer = site.admin.call("POST", f"/projects/{project_id}/images", content=body, headers=headers)
    assert answer.status_code == 201
    assert "filename" in answer.json()["rejected"][0]["reason"]
    assert rows(site) == []


def test_same_bytes_are_kept_once_whatever_their_name(site: Site) -> None:
    project_id = site.project()
    first = site.admin.upload(project_id, [("a.png", png()), ("b.png", png())]).json()
    assert [item["filename"] for item in first["created"]] == ["a.png"]
    assert [item["filename"] for item in first["existing"]] == ["a.png"]
    again = site.admin.upload(project_id, {"c.png": png()}).json()
    assert again["existing"][0] | {"notes": []} == first["created"][0] | {"notes": []}
    other = site.admin.upload(site.project(), {"c.png": png()}).json()
    assert [item["filename"] for item in other["created"]] == ["c.png"]


def test_same_bytes_in_another_split_are_rejected(site: Site) -> None:
    project_id = site.project()
    site.admin.upload(project_id, {"a.png": png()}, split="test")
    body = site.admin.upload(project_id, {"a.png": png()}, split="pool").json()
    assert "split test" in body["rejected"][0]["reason"]
    assert [str(row.split) for row in rows(site)] == ["test"]


def test_other_bytes_under_a_name_are_rejected(site: Site) -> None:
    project_id = site.project()
    site.admin.upload(project_id, {"a.png": png(1)})
    body = site.admin.upload(project_id, {"a.png": png(2)}).json()
    assert "never change" in body["rejected"][0]["reason"]
    assert len(rows(site)) == 1


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=B", b"nonsense"),
        ("multipart/form-data; boundary=B", b""),
        (
            "multipart/form-data; boundary=B",
            b'--B\r\nContent-Disposition: form-data; name="split"\r\n\r\npool',
        ),
        (
            "multipart/form-data; boundary=B",
            b'--B\r\nContent-Disposition: form-data; name="split"\r\n\r\npool\r\n--B--\r\n',
        ),
        (
            "multipart/form-data; boundary=B",
            b'--B\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nx\r\n--B--\r\n',
        ),
        (
            "multipart/form-data; boundary=B",
            b'--B\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nx\r\n--B--\r\n',
        ),
    ],
    ids=["json", "no-boundary", "no-form", "empty", "cut", "no-files", "no-split", "wrong-field"],
)
def test_broken_forms_are_refused(site: Site, content_type: str, body: bytes) -> None:
    project_id = site.project()
    answer = site.admin.call(
        "POST", f"/projects/{project_id}/images", content=body, headers={"Content-Type": content_type}
    )
    assert answer.status_code == 422, answer.text
    assert list(site.context.temporary_dir.iterdir()) == []


@pytest.mark.parametrize("split", ["", "train", "Pool"])
def test_unknown_splits_are_refused(site: Site, split: str) -> None:
    answer = site.admin.upload(site.project(), {"a.png": png()}, split=split)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "split"


def test_limits_hold_for_a_file_and_for_a_request(sqlite_url: str, tmp_path: Path) -> None:
    settings = site_settings(
        tmp_path,
        database_url=sqlite_url,
        max_file_bytes=2000,
        max_upload_bytes=10_000,
        max_upload_files=3,
        max_body_bytes=1000,
    )
    site = open_site(settings)
    with site.client:
        project_id = site.project()
        large = png(height=40, width=40)
        body = site.admin.upload(project_id, {"large.png": large, "small.png": png()}).json()
        assert [item["filename"] for item in body["created"]] == ["small.png"]
        assert "larger than 2000 bytes" in body["rejected"][0]["reason"]
        assert site.admin.upload(project_id, {"a": b"x" * 10_001}).status_code == 413
        assert site.admin.upload(project_id, {str(n): b"x" for n in range(4)}).status_code == 413
        chunks = (b"x" * 1000 for _ in range(20))
        headers = {"Content-Type": "multipart/form-data; boundary=B"}
        path = f"/projects/{project_id}/images"
        assert site.admin.call("POST", path, content=chunks, headers=headers).status_code in {413, 422}
        json_body = site.admin.post("/projects", {"name": "x" * 2000})
        assert json_body.status_code == 413
        assert json_body.headers["content-type"] == "application/problem+json"
        assert len(rows(site)) == 1
        assert list(site.context.temporary_dir.iterdir()) == []


def test_images_are_listed_by_name_filtered_and_paged(any_site: Site) -> None:
    site = any_site
    project_id = site.project()
    names = [f"{n:02d}.png" for n in range(5)]
    site.admin.upload(project_id, {name: png(n) for n, name in enumerate(names)})
    site.admin.upload(project_id, {"Other_%.png": png(9)}, split="test")
    path = f"/projects/{project_id}/images"
    first = site.admin.get(f"{path}?split=pool&limit=3").json()
    second = site.admin.get(f"{path}?split=pool&limit=3&cursor={first['next_cursor']}").json()
    assert [item["filename"] for item in first["items"] + second["items"]] == names
    assert second["next_cursor"] is None
    assert [item["filename"] for item in site.admin.get(f"{path}?q=OTHER_%25").json()["items"]] == [
        "Other_%.png"
    ]
    assert site.admin.get(f"{path}?q=nothing").json()["items"] == []
    item = first["items"][0]
    assert (item["split"], item["ready"], item["labelled_fraction"]) == ("pool", False, 0.0)
    assert (
        site.admin.get(item["thumbnail_url"].removeprefix("/api/v1")).headers["content-type"] == "image/jpeg"
    )
    counts = site.admin.get(f"/projects/{project_id}").json()["num_images"]
    assert counts == {"pool": 5, "validation": 0, "test": 1}


def test_listing_takes_the_same_statements_for_any_number_of_images(site: Site) -> None:
    project_id = uuid.UUID(site.project())
    with site.context.database.transaction() as session:
        for n in range(300):
            session.add(
                Image(
                    project_id=project_id,
                    filename=f"{n}.png",
                    sha256=f"{n:064x}",
                    split="pool",
                    width=4,
                    height=4,
                    num_bytes=1,
                    format="PNG",
                    original_key="a",
                    pixels_key="a",
                )
            )
    assert num_statements(site, f"/projects/{project_id}/images?limit=1") == num_statements(
        site, f"/projects/{project_id}/images?limit=200"
    )


def num_statements(site: Site, path: str) -> int:
    from sqlalchemy import event  # noqa: PLC0415 - only here

    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    engine = site.context.database._read_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert site.admin.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_hidden_image_is_out_of_sight_until_restored(site: Site) -> None:
    project_id = site.project()
    viewer = site.member(project_id, "viewer")
    image_id = site.admin.upload(project_id, {"a.png": png()}).json()["created"][0]["id"]
    before = viewer.get(f"/images/{image_id}").json()
    assert viewer.call("DELETE", f"/images/{image_id}").status_code == 403
    assert site.admin.call("DELETE", f"/images/{image_id}").status_code == 204
    assert viewer.get(f"/images/{image_id}").status_code == 403
    assert viewer.get(f"/images/{image_id}/file").status_code == 404
    path = f"/projects/{project_id}/images"
    assert viewer.get(path).json()["items"] == []
    assert [item["id"] for item in site.admin.get(f"{path}?hidden=true").json()["items"]] == [image_id]
    again = site.admin.upload(project_id, {"a.png": png()}).json()["existing"]
    assert [(item["id"], item["is_hidden"]) for item in again] == [(image_id, True)]
    assert site.admin.post(f"/images/{image_id}/restore").status_code == 200
    assert viewer.get(f"/images/{image_id}").json() == before


def test_strangers_see_no_image(site: Site) -> None:
    image_id = site.admin.upload(site.project(), {"a.png": png()}).json()["created"][0]["id"]
    stranger = site.user()
    for path in ("", "/file", "/original", "/thumbnail", "/regions", "/segments", "/label_map"):
        assert stranger.get(f"/images/{image_id}{path}").status_code == 404
        assert site.client.get(f"/api/v1/images/{image_id}{path}").status_code == 401
    assert stranger.get(f"/images/{image_id}/crop?x=0&y=0&w=1&h=1").status_code == 404


def test_request_that_dies_between_blobs_and_rows_can_be_repeated(site: Site) -> None:
    project_id = site.project()
    files = {"a.png": png(1), "b.png": png(2, mode="P")}

    class PowerCutError(Exception):
        pass

    database = site.context.database
    original = type(database).transaction

    def cut(_: object) -> None:
        raise PowerCutError

    type(database).transaction = cut  # type: ignore[method-assign,assignment]
    try:
        assert site.admin.upload(project_id, files).status_code == 500
    finally:
        type(database).transaction = original  # type: ignore[method-assign]
    assert rows(site) == []
    assert len(site.admin.upload(project_id, files).json()["created"]) == 2
