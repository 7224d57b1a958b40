"""Shards: each image is in one of them, whenever each shard looks."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from segloop_store import jobs
from segloop_store.models import Image, ModelVersion
from segloop_store.states import JobKind
from segloop_worker.job_run import JobRun
from segloop_worker.jobs import score as module
from segloop_worker.sources import read_images
from tests.support.worker_project import (
    add_image,
    add_model,
    add_project,
    ask,
    ingest_all,
    open_worker,
    run_all,
    say_scored,
)


def test_image_added_between_two_shards_leaves_no_other_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, inbox = open_worker(tmp_path)
    project_id = add_project(runtime, num_pool=7, num_validation=2)
    run_all(runtime, inbox)
    round_id = ask(runtime, project_id, 1)
    add_model(runtime, round_id)
    seen: list[Sequence[str]] = []

    def keep_names(run: JobRun, folder: Path, version: ModelVersion) -> int:
        assert version.round_id == run.round_id
        seen.append([image.filename for image in read_images(folder)])
        return len(seen[-1])

    # what a shard reads is at stake, not what its child makes of it
    monkeypatch.setattr(module, "score_folder", keep_names)
    with runtime.database.reading() as session:
        before = session.scalars(select(Image.filename)).all()
    for shard in range(3):
        with runtime.database.transaction() as session:
            job = jobs.add_job(
                session,
                JobKind.SCORE,
                project_id=project_id,
                round_id=round_id,
                payload={"shard": shard, "num_shards": 3},
            )
        claimed = jobs.claim(runtime.database, job.id, owner=f"{shard}", device=f"here:{shard}")
        assert claimed is not None
        module.score(JobRun(runtime, claimed, owner=f"{shard}"))
        # sorts before all others, so that every place in the list moves
        add_image(runtime, project_id, f"a{9 - shard}.png", np.full((90, 120, 3), shard, dtype=np.uint8))
        ingest_all(runtime, project_id)
        run_all(runtime, inbox)
    scored = [name for names in seen for name in names]
    assert len(scored) == len(set(scored))
    assert set(before) <= set(scored)


def test_the_rest_is_what_no_shard_has_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime, inbox = open_worker(tmp_path)
    project_id = add_project(runtime, num_pool=3, num_validation=1)
    run_all(runtime, inbox)
    round_id = ask(runtime, project_id, 1)
    model_version_id = add_model(runtime, round_id)
    with runtime.database.reading() as session:
        images = session.scalars(select(Image).order_by(Image.filename)).all()
    say_scored(runtime, model_version_id, [image.id for image in images[:2]])
    with runtime.database.transaction() as session:
        job = jobs.add_job(
            session, JobKind.SCORE, project_id=project_id, round_id=round_id, payload={"shard": "rest"}
        )
    claimed = jobs.claim(runtime.database, job.id, owner="me", device="here:cpu")
    assert claimed is not None
    names: list[str] = []

    def keep_names(_: JobRun, folder: Path, __: ModelVersion) -> int:
        names.extend(image.filename for image in read_images(folder))
        return len(names)

    monkeypatch.setattr(module, "score_folder", keep_names)
    module.score(JobRun(runtime, claimed, owner="me"))
    assert sorted(names) == [image.filename for image in images[2:]]
