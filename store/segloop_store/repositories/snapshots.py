"""Training snapshots: exactly what a training saw. A round has one, however often its training is resumed."""

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from segloop_store.database import unique_or_conflict
from segloop_store.errors import ConflictError
from segloop_store.models import ModelVersion, Round, TrainingSnapshot


def find_snapshot(session: Session, round_id: uuid.UUID) -> TrainingSnapshot | None:
    """The round's snapshot, None before its training first started."""
    return session.scalars(
        select(TrainingSnapshot).where(TrainingSnapshot.round_id == round_id)
    ).one_or_none()


def snapshot_of(session: Session, version: ModelVersion) -> TrainingSnapshot:
    """What a model version was trained on."""
    return session.get_one(TrainingSnapshot, version.snapshot_id)


def add_snapshot(
    session: Session,
    round_: Round,
    *,
    contents_key: str,
    num_classes: int,
    num_annotations: int,
    num_truths: int,
    labelled_fraction: float,
    settings: dict[str, Any],
    seed: int,
    code_version: str,
) -> TrainingSnapshot:
    """Keep what the round's training sees, and the share of the pool that is.

    The blob at `contents_key` is written before: `{"images": [{"id", "annotation_ids", "ground_truth_id"}]}`.

    Raises:
        ConflictError: the round has its snapshot already; a resumed training uses that one.
    """
    if find_snapshot(session, round_.id) is not None:
        raise ConflictError(f"round {round_.number} has its training snapshot already")
    snapshot = TrainingSnapshot(
        project_id=round_.project_id,
        round_id=round_.id,
        contents_key=contents_key,
        num_classes=num_classes,
        num_annotations=num_annotations,
        num_truths=num_truths,
        labelled_fraction=labelled_fraction,
        settings=settings,
        seed=seed,
        code_version=code_version,
    )
    with unique_or_conflict(session, f"round {round_.number} has its training snapshot already"):
        session.add(snapshot)
    return snapshot
