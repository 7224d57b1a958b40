"""Model versions, which of them a project uses, and what each left per image."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from segloop.settings import Split
from segloop_store.clock import new_id, now
from segloop_store.database import is_sqlite
from segloop_store.errors import ConflictError, NotFoundError
from segloop_store.events import record
from segloop_store.models import Image, ModelVersion, PredictionSet, Project, Round, TrainingSnapshot
from segloop_store.problem_codes import ProblemCode

_ROWS_A_STATEMENT = 500
"""Rows written at once; PostgreSQL takes 65,535 values a statement, SQLite 32,766."""


def add_model_version(
    session: Session,
    snapshot: TrainingSnapshot,
    *,
    model_version_id: uuid.UUID,
    weights_key: str,
    image_steps: int,
    compute_seconds: float,
    loss_curve: Sequence[Any] = (),
) -> ModelVersion:
    """Keep what a round trained; it becomes the round's and the project's model.

    A round has one: called again, the version that is there is given back unchanged.
    """
    found = find_of_round(session, snapshot.round_id)
    if found is not None:
        return found
    project = session.scalars(
        select(Project).where(Project.id == snapshot.project_id).with_for_update()
    ).one()  # the lock makes numbers come one after another
    last = session.scalar(
        select(func.max(ModelVersion.number)).where(ModelVersion.project_id == snapshot.project_id)
    )
    version = ModelVersion(
        id=model_version_id,
        project_id=snapshot.project_id,
        number=0 if last is None else last + 1,
        round_id=snapshot.round_id,
        snapshot_id=snapshot.id,
        weights_key=weights_key,
        metrics=None,
        image_steps=image_steps,
        compute_seconds=compute_seconds,
        loss_curve=list(loss_curve),
    )
    session.add(version)
    session.flush()
    round_values = {"model_version_id": version.id, "labelled_fraction": snapshot.labelled_fraction}
    session.execute(update(Round).where(Round.id == snapshot.round_id).values(round_values))
    project.active_model_version_id = version.id
    payload = {"model_version_id": str(version.id), "number": version.number}
    record(session, "model.trained", project_id=project.id, round_id=snapshot.round_id, payload=payload)
    return version


def set_metrics(session: Session, model_version_id: uuid.UUID, metrics: dict[str, Any]) -> None:
    """Keep how good a model version is, with it and with its round.

    Raises:
        NotFoundError: there is no such version.
    """
    version = get_model_version(session, model_version_id)
    version.metrics = metrics
    session.execute(update(Round).where(Round.id == version.round_id).values(metrics=metrics))
    payload = {"model_version_id": str(version.id), "mean_iou": metrics.get("mean_iou")}
    record(
        session, "metrics.ready", project_id=version.project_id, round_id=version.round_id, payload=payload
    )


def get_model_version(session: Session, model_version_id: uuid.UUID) -> ModelVersion:
    """One model version.

    Raises:
        NotFoundError: there is none with this id.
    """
    version = session.get(ModelVersion, model_version_id)
    if version is None:
        raise NotFoundError(f"there is no model version {model_version_id}")
    return version


def find_of_round(session: Session, round_id: uuid.UUID) -> ModelVersion | None:
    """The model version a round trained, None before it has."""
    return session.scalars(select(ModelVersion).where(ModelVersion.round_id == round_id)).one_or_none()


def find_active(session: Session, project_id: uuid.UUID) -> ModelVersion | None:
    """The model version a project uses, None before its first."""
    return session.scalars(
        select(ModelVersion)
        .join(Project, Project.active_model_version_id == ModelVersion.id)
        .where(Project.id == project_id)
    ).one_or_none()


def activate(
    session: Session, model_version_id: uuid.UUID, *, user_id: uuid.UUID | None = None
) -> ModelVersion:
    """Make a version the one its project uses.

    Raises:
        NotFoundError: there is no such version.
        ConflictError: its weights were never stored.
    """
    version = get_model_version(session, model_version_id)
    if not version.weights_key:
        raise ConflictError(
            f"model version {version.number} has no weights",
            code=ProblemCode.MODEL_WITHOUT_WEIGHTS,
            number=version.number,
        )
    session.execute(
        update(Project).where(Project.id == version.project_id).values(active_model_version_id=version.id)
    )
    record(
        session,
        "model.activated",
        project_id=version.project_id,
        user_id=user_id,
        payload={"model_version_id": str(version.id), "number": version.number},
    )
    return version


def save_predictions(session: Session, predictions: Iterable[PredictionSet]) -> None:
    """Keep what a model left per image; an image that has its row keeps it, with the new keys."""
    columns = ("prediction_key", "heat_key", "max_prob_key", "region_scores_key")
    rows = [
        {
            "id": new_id(),
            "created_at": now(),
            "model_version_id": item.model_version_id,
            "image_id": item.image_id,
            **{name: getattr(item, name) for name in columns},
        }
        for item in predictions
    ]
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        statement = insert(PredictionSet).values(rows[start : start + _ROWS_A_STATEMENT])
        session.execute(
            statement.on_conflict_do_update(
                index_elements=[PredictionSet.model_version_id, PredictionSet.image_id],
                set_={name: statement.excluded[name] for name in columns},
            )
        )


def find_prediction(
    session: Session, model_version_id: uuid.UUID, image_id: uuid.UUID
) -> PredictionSet | None:
    """What a model left for an image, None when it was never scored or was cleaned up."""
    return session.scalars(
        select(PredictionSet).where(
            PredictionSet.model_version_id == model_version_id, PredictionSet.image_id == image_id
        )
    ).one_or_none()


def predictions_of(
    session: Session,
    model_version_id: uuid.UUID,
    *,
    splits: Collection[Split] = tuple(Split),
) -> dict[uuid.UUID, PredictionSet]:
    """Image id -> what a model left for it, of every image that is not hidden; one statement."""
    found = session.scalars(
        select(PredictionSet)
        .join(Image, Image.id == PredictionSet.image_id)
        .where(
            PredictionSet.model_version_id == model_version_id,
            Image.split.in_(splits),
            Image.hidden_at.is_(None),
        )
    )
    return {item.image_id: item for item in found}


def delete_predictions(session: Session, model_version_id: uuid.UUID) -> Sequence[PredictionSet]:
    """Forget what a model left per image; gives back the rows, whose blobs may go after the commit."""
    gone = delete(PredictionSet).where(PredictionSet.model_version_id == model_version_id)
    return session.scalars(
        gone.returning(PredictionSet), execution_options={"synchronize_session": False}
    ).all()
