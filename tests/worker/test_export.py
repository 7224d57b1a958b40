"""Exports hold exactly what people said, void and unasked told apart; what cannot be exported says why."""

import uuid
from pathlib import Path

import pytest
from sqlalchemy import select

from segloop.formats.coco_rle import read_coco_rle
from segloop.formats.index_png import read_index_png
from segloop.label_maps import UNLABELLED
from segloop_store.models import Export, Image, User
from segloop_store.repositories import exports
from segloop_store.states import JobKind, JobState
from segloop_worker.runtime import Runtime
from tests.support.worker_project import (
    Inbox,
    add_project,
    answer_all,
    ask,
    jobs_of,
    open_worker,
    queries_of,
    run_all,
    scene_truth,
)

READERS = {"index_png": read_index_png, "coco_rle": read_coco_rle}


@pytest.fixture
def worker(tmp_path: Path) -> tuple[Runtime, Inbox]:
    return open_worker(tmp_path)


def start_export(runtime: Runtime, project_id: uuid.UUID, file_format: str, content: str) -> uuid.UUID:
    with runtime.database.transaction() as session:
        user_id = session.scalars(select(User.id).limit(1)).one()
        return exports.add_export(
            session, project_id, file_format=file_format, content=content, created_by=user_id
        ).id


def export_of(runtime: Runtime, export_id: uuid.UUID) -> Export:
    with runtime.database.reading() as session:
        return exports.export_by_id(session, export_id)


def filename_of(runtime: Runtime, image_id: uuid.UUID) -> str:
    with runtime.database.reading() as session:
        return session.scalars(select(Image.filename).where(Image.id == image_id)).one()


@pytest.mark.parametrize("file_format", READERS)
def test_export_holds_exactly_the_answers(
    worker: tuple[Runtime, Inbox], file_format: str, tmp_path: Path
) -> None:
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=3, num_validation=1)
    run_all(runtime, inbox)
    round_id = ask(runtime, project_id, 7)
    answer_all(runtime, round_id)
    export_id = start_export(runtime, project_id, file_format, "annotations")
    run_all(runtime, inbox)

    done = export_of(runtime, export_id)
    assert done.state is JobState.DONE
    assert done.file_key is not None
    path = tmp_path / "export.zip"
    runtime.blobs.get_file(done.file_key, path)
    assert path.stat().st_size == done.num_bytes

    images = {image.filename: image for image in READERS[file_format](path)}
    asked = queries_of(runtime, round_id)
    assert len(images) == 4
    assert sum(len(image.regions) for image in images.values()) == 7
    num_known = 0
    for query in asked:
        image = images[filename_of(runtime, query.image_id)]
        x, y = query.bbox_x, query.bbox_y
        box = (slice(y, y + query.bbox_height), slice(x, x + query.bbox_width))
        assert (image.label_map[box] == scene_truth(runtime, query.image_id)[box]).all()
        num_known += image.label_map[box].size
    pool = [image for name, image in images.items() if name.startswith("pool")]
    assert sum(int((image.label_map != UNLABELLED).sum()) for image in pool) == num_known


def test_predictions_without_a_model_fail_with_the_reason(worker: tuple[Runtime, Inbox]) -> None:
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=1, num_validation=0)
    run_all(runtime, inbox)
    export_id = start_export(runtime, project_id, "index_png", "both")
    run_all(runtime, inbox)
    found = export_of(runtime, export_id)
    assert found.state is JobState.FAILED
    assert "no model yet" in (found.error or "")
    assert jobs_of(runtime, JobKind.EXPORT)[0].error == found.error


def test_unknown_format_fails_with_the_formats_there_are(worker: tuple[Runtime, Inbox]) -> None:
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=1, num_validation=0)
    run_all(runtime, inbox)
    export_id = start_export(runtime, project_id, "voc", "annotations")
    run_all(runtime, inbox)
    assert "index_png" in (export_of(runtime, export_id).error or "")
