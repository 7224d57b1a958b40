import uuid
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from segloop.regions import decode_region_map
from segloop.settings import PartitionKind
from segloop_store import jobs
from segloop_store.models import Image, Partition
from segloop_store.states import JobKind, JobState
from segloop_worker.runtime import Runtime
from tests.support.worker_project import Inbox, add_project, decode_png, jobs_of, open_worker, run_all


@pytest.fixture
def worker(tmp_path: Path) -> tuple[Runtime, Inbox]:
    return open_worker(tmp_path)


def partitions_of(runtime: Runtime) -> list[tuple[Image, Partition | None]]:
    with runtime.database.reading() as session:
        statement = select(Image, Partition).outerjoin(Partition, Partition.image_id == Image.id)
        return [(image, found) for image, found in session.execute(statement.order_by(Image.filename))]


@pytest.mark.parametrize("kind", PartitionKind)
def test_every_image_gets_thumbnail_regions_and_segments(
    worker: tuple[Runtime, Inbox], kind: PartitionKind
) -> None:
    runtime, inbox = worker
    add_project(runtime, num_pool=3, num_validation=1, kind=kind, size_px=30)
    run_all(runtime, inbox)
    (job,) = jobs_of(runtime)
    assert (job.state, job.results) == (JobState.DONE, {"num_prepared": 4, "failed": []})
    for image, found in partitions_of(runtime):
        assert found is not None
        region_map = decode_region_map(runtime.blobs.get(found.region_map_key))
        assert region_map.shape == (image.height, image.width)
        assert np.unique(region_map).tolist() == list(range(found.num_regions))
        segments = decode_region_map(runtime.blobs.get(found.segments_key))
        assert segments.max() > region_map.max()
        assert image.thumbnail_key is not None
        assert decode_png(runtime.blobs.get(image.thumbnail_key)).shape == (90, 120, 3)


def test_image_whose_bytes_are_broken_is_noted_and_blocks_nobody(worker: tuple[Runtime, Inbox]) -> None:
    runtime, inbox = worker
    add_project(runtime, num_pool=3, num_validation=0)
    broken = partitions_of(runtime)[1][0]
    runtime.blobs.put(broken.pixels_key, b"not an image", overwrite=True)
    run_all(runtime, inbox)
    (job,) = jobs_of(runtime)
    assert job.state is JobState.DONE
    assert job.results is not None
    assert [item["filename"] for item in job.results["failed"]] == [broken.filename]
    found = {image.id: (image, partition) for image, partition in partitions_of(runtime)}
    assert found[broken.id][1] is None
    assert "could not be prepared" in found[broken.id][0].notes[0]
    assert sum(partition is not None for _, partition in found.values()) == 2


def test_ingest_again_changes_nothing(worker: tuple[Runtime, Inbox]) -> None:
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=2, num_validation=0)
    run_all(runtime, inbox)
    before = [(image.thumbnail_key, partition.id) for image, partition in partitions_of(runtime) if partition]
    with runtime.database.transaction() as session:
        image_ids = [str(image.id) for image, _ in partitions_of(runtime)]
        jobs.add_job(session, JobKind.INGEST, project_id=project_id, payload={"image_ids": image_ids})
    run_all(runtime, inbox)
    after = [(image.thumbnail_key, partition.id) for image, partition in partitions_of(runtime) if partition]
    assert before == after
    assert jobs_of(runtime)[1].results == {"num_prepared": 0, "failed": []}


def test_message_for_an_unknown_or_finished_job_does_nothing(worker: tuple[Runtime, Inbox]) -> None:
    runtime, inbox = worker
    add_project(runtime, num_pool=1, num_validation=0)
    run_all(runtime, inbox)
    (job,) = jobs_of(runtime)
    inbox.wake(job.id, job.queue)
    inbox.wake(uuid.uuid4(), job.queue)
    run_all(runtime, inbox)
    assert jobs_of(runtime)[0].attempt == 1
