"""Job rank: a waiting queue by the model its project went back to, once that has its scores again."""

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from segloop.settings import Split
from segloop_store.models import ModelVersion
from segloop_store.ranking import Ranked, rank_by
from segloop_store.repositories import models, queries
from segloop_worker.job_run import JobRun, Save
from segloop_worker.jobs.score import score_folder
from segloop_worker.project_images import is_askable, write_known_images
from segloop_worker.work_folder import open_folder


def rank(run: JobRun) -> Save:
    """Score the asked images that the model has no scores of, then give every waiting query its place."""
    version_id = uuid.UUID(run.payload["model_version_id"])
    with run.database.reading() as session:
        version = models.get_model_version(session, version_id)
    num_scored = _score(run, version, _ranked(run, version).unscored_image_ids)
    rankings = _ranked(run, version).rankings

    def save(session: Session) -> dict[str, Any]:
        active = models.find_active(session, run.project_id)
        is_used = active is not None and active.id == version_id
        if is_used:  # another may have been activated or trained meanwhile: the queue is that one's
            queries.rank_again(session, rankings)
        return {"num_scored": num_scored, "num_ranked": len(rankings) if is_used else 0}

    return save


def _ranked(run: JobRun, version: ModelVersion) -> Ranked:
    with run.database.reading() as session:
        waiting = queries.open_unleased(session, run.project_id)
        kept = models.predictions_of(session, version.id)
    return rank_by(waiting, kept, run.blobs)


def _score(run: JobRun, version: ModelVersion, image_ids: Collection[uuid.UUID]) -> int:
    if not image_ids:
        return 0
    folder = open_folder(run)
    with run.database.reading() as session:
        write_known_images(
            session,
            folder,
            run.project_id,
            splits=[Split.POOL],
            is_wanted=lambda image: image.image_id in image_ids and is_askable(image),
        )
    return score_folder(run, folder, version)
