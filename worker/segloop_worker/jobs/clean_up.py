"""Job clean_up: what old models left per image goes, and so do the folders of jobs that have ended."""

import shutil
import time
import uuid
from typing import Any

from sqlalchemy.orm import Session

from segloop_store.models import PredictionSet
from segloop_store.repositories import models, work
from segloop_store.states import JobState
from segloop_worker.job_run import JobRun, Save

_VERSIONS_KEPT = 2
"""The model in use and the one before; older predictions are made again when somebody asks."""
_FAILED_KEPT_SECONDS = 7 * 24 * 3600.0
"""A failed training's checkpoint waits so long for a retry."""


def clean_up(run: JobRun) -> Save:
    """Delete rows first, then blobs: a blob without a row harms nobody, a row without a blob would."""
    with run.database.reading() as session:
        old = work.versions_with_predictions(session, run.project_id)
        active = models.find_active(session, run.project_id)
    kept = {active.id} if active is not None else set()
    for version_id in old:
        if len(kept) < _VERSIONS_KEPT:
            kept.add(version_id)
    num_images = 0
    for version_id in [version_id for version_id in old if version_id not in kept]:
        with run.saving() as session:
            gone = models.delete_predictions(session, version_id)
        for item in gone:
            run.check()
            _delete_blobs(run, item)
        num_images += len(gone)
    num_folders = _remove_folders(run)

    def save(_: Session) -> dict[str, Any]:
        return {"num_predictions_removed": num_images, "num_folders_removed": num_folders}

    return save


def _delete_blobs(run: JobRun, item: PredictionSet) -> None:
    for key in (item.prediction_key, item.heat_key, item.max_prob_key, item.region_scores_key):
        if key is not None:
            run.blobs.delete(key)


def _remove_folders(run: JobRun) -> int:
    """Folders of jobs that no longer need theirs; those of failed ones after a week."""
    root = run.runtime.settings.data_dir / "work"
    num_removed = 0
    for folder in root.iterdir() if root.is_dir() else ():
        try:
            job_id = uuid.UUID(folder.name)
        except ValueError:
            continue
        with run.database.reading() as session:
            job = work.job(session, job_id)
        if job is not None and job.state in {JobState.QUEUED, JobState.RUNNING}:
            continue
        is_retryable = job is not None and job.state is JobState.FAILED
        if is_retryable and time.time() - folder.stat().st_mtime < _FAILED_KEPT_SECONDS:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        num_removed += 1
    return num_removed
