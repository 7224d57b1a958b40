"""Archives: what is taken from good ones, and that nothing at all is taken from bad ones."""

import io
import json
import tarfile
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from segloop.images import encode_png
from segloop.label_maps import VOID, decode_index_png, encode_index_png
from segloop.scenes import SCENE_CLASSES, render_scene
from segloop.settings import Split
from segloop_store import blob_keys, jobs
from segloop_store.models import GroundTruth, Image, Job, Partition
from segloop_store.states import JobKind, JobState
from segloop_worker.runtime import Runtime
from tests.support.worker_project import Inbox, add_project, jobs_of, open_worker, run_all

FOLDERS = {"train": Split.POOL, "val": Split.VALIDATION, "test": Split.TEST}


@pytest.fixture
def worker(tmp_path: Path) -> tuple[Runtime, Inbox]:
    return open_worker(
        tmp_path, max_archive_files=50, max_unpacked_bytes=200 * 2**20, max_file_bytes=100 * 2**20
    )


def make_zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def make_tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def send(worker: tuple[Runtime, Inbox], data: bytes, *, split: Split | None = None) -> tuple[uuid.UUID, Job]:
    """A project that got this archive and nothing else; the archive's job as it ended."""
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=0, num_validation=0, size_px=30)
    run_all(runtime, inbox)
    key = blob_keys.archive(uuid.uuid4())
    runtime.blobs.put(key, data)
    payload: dict[str, Any] = {"archive_key": key, "split": None if split is None else split.value}
    with runtime.database.transaction() as session:
        jobs.add_job(session, JobKind.ARCHIVE, project_id=project_id, payload=payload)
    run_all(runtime, inbox)
    (job,) = jobs_of(runtime, JobKind.ARCHIVE)
    return project_id, job


def results_of(job: Job) -> dict[str, dict[str, Any]]:
    assert job.results is not None, job.error
    return {item["filename"]: item for item in job.results["files"]}


def scene(number: int) -> tuple[bytes, bytes]:
    pixels, label_map = render_scene(5, number, height=60, width=80)
    return encode_png(pixels), encode_index_png(label_map)


@pytest.mark.parametrize("pack", [make_zip, make_tar])
def test_folders_say_split_and_label_map_of_each_image(
    worker: tuple[Runtime, Inbox], pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    runtime, _ = worker
    (first, first_labels), (second, second_labels) = scene(0), scene(1)
    files = {
        "my data/images/train/street/a.png": first,
        "my data/labels/train/street/a.png": first_labels,
        "my data/images/val/b.png": second,
        "my data/labels/val/b.png": second_labels,
        "my data/labels/val/orphan.png": second_labels,
        "my data/readme.txt": b"hello",
        "__MACOSX/._a.png": b"junk",
    }
    project_id, job = send(worker, pack(files))
    results = results_of(job)
    assert results["street/a.png"]["result"] == "created"
    assert results["b.png"]["label_map"] == "kept"
    assert "no image" in results["my data/labels/val/orphan.png"]["reason"]
    assert results["my data/readme.txt"]["result"] == "rejected"
    assert len(results) == 4
    with runtime.database.reading() as session:
        images = {
            image.filename: image
            for image in session.scalars(select(Image).where(Image.project_id == project_id))
        }
        truths = {truth.image_id: truth for truth in session.scalars(select(GroundTruth))}
        assert session.scalar(select(func.count(Partition.id))) == 2  # its ingest job has run
    assert {name: image.split for name, image in images.items()} == {
        "street/a.png": Split.POOL,
        "b.png": Split.VALIDATION,
    }
    kept = runtime.blobs.get(truths[images["b.png"].id].label_map_key)
    assert (decode_index_png(kept) == decode_index_png(second_labels)).all()
    assert not runtime.blobs.exists(job.payload["archive_key"])


def test_class_table_renumbers_by_name(worker: tuple[Runtime, Inbox]) -> None:
    runtime, _ = worker
    names = [name for name, _ in SCENE_CLASSES]
    table = {
        "classes": [
            {"id": 7, "name": names[2], "color": "#000001", "ignore": False},
            {"id": 9, "name": names[0], "color": "#000002", "ignore": False},
            {"id": 11, "name": "nothing", "color": "#000003", "ignore": True},
        ]
    }
    pixels = np.random.default_rng(0).integers(0, 255, (4, 6, 3), dtype=np.uint8)
    ids = np.array([[7, 9, 11, 255, 7, 7]] * 4, dtype=np.uint8)
    files = {
        "images/train/a.png": encode_png(pixels),
        "labels/train/a.png": encode_index_png(ids),
        "classes.json": json.dumps(table).encode(),
    }
    _, job = send(worker, make_zip(files))
    assert results_of(job)["a.png"]["label_map"] == "kept"
    with runtime.database.reading() as session:
        truth = session.scalars(select(GroundTruth)).one()
    assert decode_index_png(runtime.blobs.get(truth.label_map_key))[0].tolist() == [2, 0, VOID, 255, 2, 2]


def test_split_given_takes_every_file_and_says_why_some_are_no_images(worker: tuple[Runtime, Inbox]) -> None:
    files = {"a.png": scene(0)[0], "deep/b.png": scene(1)[0], "c.png": b"", "notes.txt": b"text"}
    _, job = send(worker, make_zip(files), split=Split.TEST)
    results = results_of(job)
    assert {name: item["result"] for name, item in results.items()} == {
        "a.png": "created",
        "deep/b.png": "created",
        "c.png": "rejected",
        "notes.txt": "rejected",
    }
    assert all(item["reason"] for item in results.values() if item["result"] == "rejected")


def test_split_given_is_only_for_archives_whose_folders_say_none(worker: tuple[Runtime, Inbox]) -> None:
    runtime, _ = worker
    files = {f"data/images/{folder}/{folder}.png": scene(place)[0] for place, folder in enumerate(FOLDERS)}
    project_id, _ = send(worker, make_zip(files), split=Split.POOL)
    with runtime.database.reading() as session:
        images = session.scalars(select(Image).where(Image.project_id == project_id)).all()
        assert {image.filename: image.split for image in images} == {
            f"{folder}.png": split for folder, split in FOLDERS.items()
        }


def test_upload_limits_hold_for_the_images_of_an_archive(tmp_path: Path) -> None:
    worker = open_worker(tmp_path, max_pixels=60 * 80)
    larger = encode_png(np.zeros((60, 81, 3), dtype=np.uint8))
    _, job = send(worker, make_zip({"images/train/a.png": scene(0)[0], "images/train/b.png": larger}))
    results = results_of(job)
    assert results["a.png"]["result"] == "created"
    assert results["b.png"]["result"] == "rejected"


def test_label_map_of_wrong_size_or_class_is_refused_and_its_image_kept(
    worker: tuple[Runtime, Inbox],
) -> None:
    files = {
        "images/train/a.png": scene(0)[0],
        "labels/train/a.png": encode_index_png(np.zeros((5, 5), dtype=np.uint8)),
        "images/train/b.png": scene(1)[0],
        "labels/train/b.png": encode_index_png(np.full((60, 80), 200, dtype=np.uint8)),
    }
    _, job = send(worker, make_zip(files))
    results = results_of(job)
    assert results["a.png"]["result"] == results["b.png"]["result"] == "created"
    assert results["a.png"]["label_map"].startswith("rejected")
    assert "200" in results["b.png"]["label_map"]


def symlink_tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("images/train/a.png")
        info.type = tarfile.SYMTYPE
        info.linkname = "/etc/passwd"
        archive.addfile(info)
    return buffer.getvalue()


def symlink_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("images/train/a.png")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


BAD_ARCHIVES: dict[str, tuple[Callable[[], bytes], str]] = {
    "zip slip": (lambda: make_zip({"../../evil.png": b"x", "images/train/a.png": b"x"}), "leads out"),
    "tar slip": (lambda: make_tar({"images/train/../../../a.png": b"x"}), "leads out"),
    "absolute": (lambda: make_tar({"/etc/cron.d/a.png": b"x"}), "leads out"),
    "windows drive": (lambda: make_zip({"C:/a.png": b"x"}), "leads out"),
    "symlink in tar": (symlink_tar, "link"),
    "symlink in zip": (symlink_zip, "link"),
    "zip bomb": (lambda: make_zip({"images/train/a.png": bytes(60 * 2**20)}), "bomb"),
    "tar bomb": (lambda: make_tar({"images/train/a.png": bytes(60 * 2**20)}), "bomb"),
    "one huge file": (lambda: make_zip({"images/train/a.png": bytes(101 * 2**20)}), "bomb|more than 100 MiB"),
    "too many files": (lambda: make_zip({f"images/train/{n}.png": b"x" for n in range(51)}), "more than 50"),
    "cut short": (lambda: make_zip({"images/train/a.png": scene(0)[0]})[:-30], "cannot be read"),
    "no archive": (lambda: b"hello world" * 100, "cannot be read"),
    "empty": (lambda: make_zip({}), "no file"),
    "no layout": (lambda: make_zip({"a.png": scene(0)[0]}), "images/train"),
    "unknown class": (
        lambda: make_zip(
            {
                "images/train/a.png": scene(0)[0],
                "classes.json": b'{"classes": [{"id": 0, "name": "unicorn", "color": "#ffffff"}]}',
            }
        ),
        "unicorn",
    ),
}


@pytest.mark.parametrize("name", BAD_ARCHIVES)
def test_bad_archive_is_refused_whole_with_a_reason(worker: tuple[Runtime, Inbox], name: str) -> None:
    runtime, _ = worker
    make, reason = BAD_ARCHIVES[name]
    _, job = send(worker, make())
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error is not None
    assert any(part in job.error for part in reason.split("|")), job.error
    with runtime.database.reading() as session:
        assert session.scalar(select(func.count(Image.id))) == 0
    assert jobs_of(runtime, JobKind.INGEST)[1:] == []


def test_archive_sent_twice_creates_nothing_new(worker: tuple[Runtime, Inbox]) -> None:
    runtime, inbox = worker
    image, labels = scene(0)
    data = make_zip({"images/train/a.png": image, "labels/train/a.png": labels})
    project_id, _ = send(worker, data)
    key = blob_keys.archive(uuid.uuid4())
    runtime.blobs.put(key, data)
    with runtime.database.transaction() as session:
        jobs.add_job(session, JobKind.ARCHIVE, project_id=project_id, payload={"archive_key": key})
    run_all(runtime, inbox)
    again = results_of(jobs_of(runtime, JobKind.ARCHIVE)[1])["a.png"]
    assert (again["result"], again["label_map"]) == ("existing", "unchanged")
    with runtime.database.reading() as session:
        assert session.scalar(select(func.count(Image.id))) == 1
        assert session.scalar(select(func.count(GroundTruth.id))) == 1
