"""Model versions as people see them, and the jobs that make again what was cleaned up of them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from segloop_store import jobs
from segloop_store.errors import NotFoundError
from segloop_store.models import Job, ModelVersion, Project, Round, TrainingSnapshot
from segloop_store.states import JobKind, JobState


@dataclass(frozen=True, slots=True)
class ModelVersionView:
    """A model version with the round that trained it and what that training saw."""

    version: ModelVersion
    round: Round
    snapshot: TrainingSnapshot
    is_active: bool


def view(session: Session, model_version_id: uuid.UUID) -> ModelVersionView:
    """One model version.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = _views(session, ModelVersion.id == model_version_id, limit=1)
    if not found:
        raise NotFoundError("there is no such model version")
    return found[0]


def list_views(
    session: Session, project_id: uuid.UUID, *, before_number: int | None, limit: int
) -> list[ModelVersionView]:
    """A project's model versions, newest first."""
    conditions = [ModelVersion.project_id == project_id]
    if before_number is not None:
        conditions.append(ModelVersion.number < before_number)
    return _views(session, *conditions, limit=limit)


def _views(session: Session, *conditions: ColumnElement[bool], limit: int) -> list[ModelVersionView]:
    rows = session.execute(
        select(ModelVersion, Round, TrainingSnapshot, Project.active_model_version_id)
        .join(Round, Round.id == ModelVersion.round_id)
        .join(TrainingSnapshot, TrainingSnapshot.id == ModelVersion.snapshot_id)
        .join(Project, Project.id == ModelVersion.project_id)
        .where(*conditions)
        .order_by(ModelVersion.number.desc())
        .limit(limit)
    )
    return [
        ModelVersionView(version, round_, snapshot, active_id == version.id)
        for version, round_, snapshot, active_id in rows
    ]


def ask_for_prediction(
    session: Session, *, project_id: uuid.UUID, model_version_id: uuid.UUID, image_id: uuid.UUID
) -> Job:
    """The job that makes a model's prediction of an image; the same one while it waits or runs."""
    payload = {"model_version_id": str(model_version_id), "image_id": str(image_id)}
    return _ask_once(session, JobKind.PREDICT, project_id, payload)


def ask_for_ranking(session: Session, *, project_id: uuid.UUID, model_version_id: uuid.UUID) -> Job:
    """The job that scores what of the queue a model has not scored, and ranks it by that model."""
    return _ask_once(session, JobKind.RANK, project_id, {"model_version_id": str(model_version_id)})


def _ask_once(session: Session, kind: JobKind, project_id: uuid.UUID, payload: dict[str, str]) -> Job:
    """A job of this kind with this payload; the same one while it waits or runs."""
    key = ":".join([kind.value, *payload.values()])
    before: Sequence[Job] = session.scalars(select(Job).where(Job.dedupe_key == key).with_for_update()).all()
    for job in before:
        if job.state in {JobState.QUEUED, JobState.RUNNING}:
            return job
        job.dedupe_key = None  # it ran, and what it left was cleaned up since, or it failed
    session.flush()
    return jobs.add_job(session, kind, project_id=project_id, payload=payload, dedupe_key=key)
