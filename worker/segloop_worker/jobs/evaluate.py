"""Job evaluate: how good the round's model is on validation and test images that have truth."""

from typing import Any

from sqlalchemy.orm import Session

from segloop.settings import RoundSettings, Split
from segloop_store.repositories import models, snapshots, work
from segloop_store.repositories.known_labels import KnownImage
from segloop_store.states import JobKind
from segloop_worker.child_spec import ChildSpec
from segloop_worker.errors import JobInputError
from segloop_worker.job_run import JobRun, Save
from segloop_worker.project_images import has_truth, is_askable, write_known_images
from segloop_worker.torch_child import run_spec, settings_here
from segloop_worker.work_folder import open_folder

_MEASURED = (Split.VALIDATION, Split.TEST)
"""In the order in which the first that exists gives the headline."""


def evaluate(run: JobRun) -> Save:
    """Measure the round's model; with `class_balance`, also how often it predicts each class in the pool."""
    with run.database.reading() as session:
        version = models.find_of_round(session, run.round_id)
        round_ = work.round_by_id(session, run.round_id)
        if version is None:
            raise JobInputError(f"round {round_.number} has no model to evaluate")
        num_classes = snapshots.snapshot_of(session, version).num_classes
        # a truth may hold classes added since; their pixels count as missed
        num_truth_classes = work.num_classes(session, run.project_id)
        settings = settings_here(RoundSettings.from_mapping(round_.settings), run)
        needs_prior = settings.class_balance > 0
        folder = open_folder(run)

        def is_wanted(image: KnownImage) -> bool:
            return is_askable(image) if image.split is Split.POOL else has_truth(image)

        splits = (*_MEASURED, Split.POOL) if needs_prior else _MEASURED
        num_images = write_known_images(session, folder, run.project_id, splits=splits, is_wanted=is_wanted)
    result: dict[str, Any] = {}
    if num_images:
        spec = ChildSpec(
            kind=JobKind.EVALUATE,
            settings=settings.to_mapping(),
            num_classes=num_classes,
            num_truth_classes=num_truth_classes,
            round_number=round_.number,
            weights_key=version.weights_key,
        )
        result = run_spec(run, folder, spec)
    metrics = metrics_json({split: result.get(split.value) for split in _MEASURED})

    def save(session: Session) -> dict[str, Any]:
        if metrics is not None:
            models.set_metrics(session, version.id, metrics)
        return {"class_prior": result.get("class_prior"), "metrics": metrics}

    return save


def metrics_json(measured: dict[Split, dict[str, Any] | None]) -> dict[str, Any] | None:
    """A round's `metrics`: the headline is of the first split that was measured; None where none was."""
    on = next((split for split in _MEASURED if measured[split] is not None), None)
    if on is None:
        return None
    headline = measured[on]
    assert headline is not None
    return {
        "mean_iou": headline["mean_iou"],
        "on": on.value,
        **{split.value: measured[split] for split in _MEASURED},
        "audit": None,
    }
