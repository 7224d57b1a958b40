"""Job evaluate: how good the round's model is, and what scoring needs to know of the whole pool first."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from segloop.acquisition import find_acquisition
from segloop.settings import AnnotationKind, QueryPurpose, RoundSettings, Split
from segloop_store import blob_keys
from segloop_store.blobs import BlobStore
from segloop_store.repositories import known_labels, models, snapshots, work
from segloop_store.repositories.known_labels import KnownImage
from segloop_store.states import JobKind
from segloop_worker.child_spec import AUDIT_FOLDER, ChildSpec
from segloop_worker.errors import JobInputError
from segloop_worker.job_run import JobRun, Save
from segloop_worker.project_images import (
    answers_of,
    has_truth,
    image_ref,
    is_askable,
    write_known_images,
)
from segloop_worker.sources import Answer, ImageRef, write_images
from segloop_worker.torch_child import run_spec, settings_here
from segloop_worker.work_folder import open_folder

_MEASURED = (Split.VALIDATION.value, Split.TEST.value, "audit")
"""In the order in which the first that exists gives the headline."""


def evaluate(run: JobRun) -> Save:
    """Measure the round's model on splits with truth and on audited regions, and look over the pool."""
    with run.database.reading() as session:
        version = models.find_of_round(session, run.round_id)
        round_ = work.round_by_id(session, run.round_id)
        if version is None:
            raise JobInputError(f"round {round_.number} has no model to evaluate")
        num_classes = snapshots.snapshot_of(session, version).num_classes
        # a truth may hold classes added since; their pixels count as missed
        num_truth_classes = work.num_classes(session, run.project_id)
        settings = settings_here(RoundSettings.from_mapping(round_.settings), run)
        folder = open_folder(run)
        num_images = _write_images(session, folder, run.project_id, settings)
        audit = _write_audit(session, folder, run.project_id)
    result: dict[str, Any] = {}
    if num_images or audit is not None:
        spec = ChildSpec(
            kind=JobKind.EVALUATE,
            settings=settings.to_mapping(),
            num_classes=num_classes,
            num_truth_classes=num_truth_classes,
            round_number=round_.number,
            weights_key=version.weights_key,
            audit_inclusion=None if audit is None else audit.inclusion,
        )
        result = run_spec(run, folder, spec)
    if audit is not None:
        result["audit"] = {**result["audit"], "num_regions": audit.num_regions}
    metrics = metrics_json(result)
    summary_key = _keep_summary(run, result)

    def save(session: Session) -> dict[str, Any]:
        if metrics is not None:
            models.set_metrics(session, version.id, metrics)
        return {"summary_key": summary_key, "metrics": metrics}

    return save


def read_summary(blobs: BlobStore, evaluated: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a finished evaluation found of the pool, for scoring; None where nothing reads it."""
    key = evaluated.get("summary_key")
    return None if key is None else dict(json.loads(blobs.get(key)))


def _keep_summary(run: JobRun, result: Mapping[str, Any]) -> str | None:
    """A blob: prototypes of many classes are too much for the job's row."""
    if "summary" not in result:
        return None
    key = blob_keys.job_checkpoint(run.id, "summary.json")
    run.check()
    run.blobs.put(key, json.dumps(result["summary"]).encode(), overwrite=True)
    return key


def _write_images(session: Session, folder: Path, project_id: uuid.UUID, settings: RoundSettings) -> int:
    """Images with truth, and the pool where scoring wants to know something of it; how many."""
    splits = [Split.VALIDATION, Split.TEST]
    if settings.class_balance > 0 or find_acquisition(settings.acquisition).reads_embeddings:
        splits.append(Split.POOL)

    def is_wanted(image: KnownImage) -> bool:
        return is_askable(image) if image.split is Split.POOL else has_truth(image)

    return write_known_images(session, folder, project_id, splits=splits, is_wanted=is_wanted)


@dataclass(frozen=True, slots=True)
class _Audit:
    """Audited regions that are answered, and with what probability a region is one of them."""

    num_regions: int
    inclusion: float


def _write_audit(session: Session, folder: Path, project_id: uuid.UUID) -> _Audit | None:
    """Write the images with exact answers to audit queries, if there are any."""
    num_answered = num_regions = 0

    def entries() -> Iterator[tuple[ImageRef, Sequence[Answer]]]:
        nonlocal num_answered, num_regions
        purposes = [QueryPurpose.AUDIT]
        for image in known_labels.known_images(session, project_id, splits=[Split.POOL], purposes=purposes):
            num_regions += image.num_regions
            exact = [item for item in image.annotations if item.kind is AnnotationKind.EXACT]
            if exact:
                num_answered += len({item.region_index for item in exact})
                # an uploaded truth was trained on: it measures nothing
                yield replace(image_ref(image), truth_key=None), answers_of(exact)

    (folder / AUDIT_FOLDER).mkdir(exist_ok=True)
    write_images(folder / AUDIT_FOLDER, entries())
    return _Audit(num_answered, num_answered / num_regions) if num_answered else None


def metrics_json(measured: Mapping[str, Any]) -> dict[str, Any] | None:
    """A round's `metrics`: the headline is of the first that was measured; None where none was."""
    on = next((name for name in _MEASURED if measured.get(name) is not None), None)
    if on is None:
        return None
    return {
        "mean_iou": measured[on]["mean_iou"],
        "on": on,
        **{name: measured.get(name) for name in _MEASURED},
    }
