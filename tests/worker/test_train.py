"""What a training was begun with stays its own, whatever the project becomes meanwhile."""

import threading
import uuid
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from segloop.label_maps import encode_index_png
from segloop.scenes import SCENE_CLASSES
from segloop.settings import Split
from segloop_store import blob_keys, jobs
from segloop_store.models import GroundTruth, Image, LabelClass
from segloop_store.repositories import models
from segloop_store.states import JobKind, JobState, RoundState
from segloop_worker.runtime import Runtime
from segloop_worker.tasks import run_job
from tests.support.process_watch import wait_until
from tests.support.worker_project import (
    add_project,
    answer_all,
    ask,
    jobs_of,
    open_worker,
    round_of,
    run_all,
    start_round,
    tiny_settings,
)

NUM_CLASSES = len(SCENE_CLASSES)


def append_class(runtime: Runtime, project_id: uuid.UUID) -> None:
    """A class nobody knew when the training began, and a validation truth that is nothing else."""
    with runtime.database.transaction() as session:
        session.add(LabelClass(project_id=project_id, index=NUM_CLASSES, name="new", color="#123456"))
        image = session.scalars(select(Image).where(Image.split == Split.VALIDATION)).first()
        assert image is not None
        key = blob_keys.ground_truth(image.id, 2)
        truth = np.full((image.height, image.width), NUM_CLASSES, dtype=np.uint8)
        runtime.blobs.put(key, encode_index_png(truth))
        session.add(GroundTruth(image_id=image.id, version=2, label_map_key=key, num_labelled_px=truth.size))


@pytest.mark.slow
def test_class_added_while_a_round_trains_leaves_the_round_and_its_model_whole(tmp_path: Path) -> None:
    runtime, inbox = open_worker(tmp_path)
    project_id = add_project(runtime, num_pool=3, num_validation=2)
    run_all(runtime, inbox)
    answer_all(runtime, ask(runtime, project_id, 6))
    settings = tiny_settings(image_steps=40, class_balance=0.5)
    round_id = start_round(runtime, project_id, budget_regions=4, settings=settings)
    (train,) = jobs_of(runtime, JobKind.TRAIN)
    training = threading.Thread(target=run_job, args=(runtime, train.id))
    training.start()
    wait_until(lambda: bool(jobs_of(runtime, JobKind.TRAIN)[0].progress.get("step")), 90, "training")
    append_class(runtime, project_id)
    training.join()
    run_all(runtime, inbox)

    assert [job.error for job in jobs_of(runtime) if job.state is not JobState.DONE] == []
    round_ = round_of(runtime, round_id)
    assert round_.state is RoundState.ANNOTATING
    # the model cannot know the class: its pixels count as missed
    assert round_.metrics is not None
    per_class = round_.metrics["validation"]["iou_per_class"]
    assert len(per_class) == NUM_CLASSES + 1
    assert per_class[NUM_CLASSES] == 0.0

    # predictions made again later read the same network
    with runtime.database.transaction() as session:
        version = models.find_of_round(session, round_id)
        image_id = session.scalars(select(Image.id)).first()
        assert version is not None
        payload = {"model_version_id": str(version.id), "image_id": str(image_id)}
        jobs.add_job(session, JobKind.PREDICT, project_id=project_id, payload=payload)
    run_all(runtime, inbox)
    assert jobs_of(runtime, JobKind.PREDICT)[0].state is JobState.DONE
