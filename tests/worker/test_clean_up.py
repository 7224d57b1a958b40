import uuid
from pathlib import Path

import pytest
from sqlalchemy import select

from segloop.settings import Split
from segloop_store import blob_keys, jobs
from segloop_store.clock import new_id
from segloop_store.models import Image, PredictionSet, Round
from segloop_store.repositories import models, snapshots
from segloop_store.states import JobKind, RoundState
from segloop_worker.runtime import Runtime
from tests.support.worker_project import (
    Inbox,
    add_project,
    open_worker,
    run_all,
    tiny_settings,
)


@pytest.fixture
def worker(tmp_path: Path) -> tuple[Runtime, Inbox]:
    return open_worker(tmp_path)


def add_model(runtime: Runtime, project_id: uuid.UUID, number: int) -> uuid.UUID:
    """A model version with predictions of every image, as a round leaves it; no network was trained."""
    settings = tiny_settings()
    with runtime.database.transaction() as session:
        round_ = Round(
            project_id=project_id,
            number=number,
            state=RoundState.CLOSED,
            method=settings.method,
            acquisition=settings.acquisition,
            settings=settings.to_mapping(),
            budget_regions=1,
        )
        session.add(round_)
        session.flush()
        snapshot = snapshots.add_snapshot(
            session,
            round_,
            contents_key=blob_keys.snapshot(round_.id),
            num_classes=2,
            num_annotations=0,
            num_truths=0,
            labelled_fraction=0.0,
            settings=settings.to_mapping(),
            seed=0,
            code_version="test",
        )
        version = models.add_model_version(
            session,
            snapshot,
            model_version_id=new_id(),
            weights_key="weights",
            image_steps=1,
            compute_seconds=1.0,
        )
        rows = []
        for image in session.scalars(select(Image).where(Image.project_id == project_id)):
            keys = {
                "prediction_key": blob_keys.prediction(version.id, image.id),
                "heat_key": blob_keys.heat(version.id, image.id),
                "max_prob_key": blob_keys.max_prob(version.id, image.id),
                "region_scores_key": (
                    blob_keys.region_scores(version.id, image.id) if image.split is Split.POOL else None
                ),
            }
            for key in keys.values():
                if key is not None:
                    runtime.blobs.put(key, b"array")
            rows.append(PredictionSet(model_version_id=version.id, image_id=image.id, **keys))
        models.save_predictions(session, rows)
        return version.id


def predictions_of(runtime: Runtime) -> dict[uuid.UUID, list[PredictionSet]]:
    with runtime.database.reading() as session:
        found: dict[uuid.UUID, list[PredictionSet]] = {}
        for row in session.scalars(select(PredictionSet)):
            found.setdefault(row.model_version_id, []).append(row)
        return found


def clean_up(runtime: Runtime, inbox: Inbox, project_id: uuid.UUID) -> None:
    with runtime.database.transaction() as session:
        jobs.add_job(session, JobKind.CLEAN_UP, project_id=project_id)
    run_all(runtime, inbox)


def test_only_the_active_models_predictions_and_the_ones_before_stay(
    worker: tuple[Runtime, Inbox],
) -> None:
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=2, num_validation=1)
    run_all(runtime, inbox)
    versions = [add_model(runtime, project_id, number) for number in range(4)]
    removed = [row.prediction_key for version in versions[:2] for row in predictions_of(runtime)[version]]
    clean_up(runtime, inbox, project_id)
    kept = predictions_of(runtime)
    assert set(kept) == set(versions[2:])
    assert not any(runtime.blobs.exists(key) for key in removed)
    assert all(runtime.blobs.exists(row.prediction_key) for rows in kept.values() for row in rows)


def test_an_older_active_model_keeps_its_predictions(worker: tuple[Runtime, Inbox]) -> None:
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=1, num_validation=0)
    run_all(runtime, inbox)
    versions = [add_model(runtime, project_id, number) for number in range(3)]
    with runtime.database.transaction() as session:
        models.activate(session, versions[0])
    clean_up(runtime, inbox, project_id)
    assert set(predictions_of(runtime)) == {versions[0], versions[2]}


def test_folders_of_ended_jobs_go_and_those_of_waiting_jobs_stay(worker: tuple[Runtime, Inbox]) -> None:
    runtime, inbox = worker
    project_id = add_project(runtime, num_pool=1, num_validation=0)
    with runtime.database.transaction() as session:
        waiting = jobs.add_job(session, JobKind.TRAIN, project_id=project_id)
        ended = jobs.add_job(session, JobKind.TRAIN, project_id=project_id)
        jobs.request_cancel(session, ended)
    for job in (waiting, ended):
        runtime.work_dir(job.id).mkdir(parents=True)
    inbox.messages.clear()
    clean_up(runtime, inbox, project_id)
    assert runtime.work_dir(waiting.id).exists()
    assert not runtime.work_dir(ended.id).exists()
