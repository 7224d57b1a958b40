"""Jobs score and predict: what the model says of each image, how much asking about a region would help."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from segloop.settings import RoundSettings, Split
from segloop_store.models import ModelVersion, PredictionSet, Round
from segloop_store.repositories import models, snapshots, work
from segloop_store.repositories.known_labels import KnownImage
from segloop_store.states import JobKind
from segloop_worker.child_spec import ChildSpec
from segloop_worker.errors import JobInputError
from segloop_worker.job_run import JobRun, Save
from segloop_worker.jobs.evaluate import read_summary
from segloop_worker.prediction_blobs import keys_of
from segloop_worker.project_images import is_askable, write_known_images
from segloop_worker.sources import ImageRef, read_images
from segloop_worker.torch_child import run_spec, settings_here
from segloop_worker.work_folder import open_folder

_ROWS_A_TRANSACTION = 200


def score(run: JobRun) -> Save:
    """Score one shard of the project's images with the round's model, those it has not scored yet."""
    shard, num_shards = run.payload.get("shard", 0), run.payload.get("num_shards")
    folder = open_folder(run)
    with run.database.reading() as session:
        version = models.find_of_round(session, run.round_id)
        if version is None:
            raise JobInputError("the round has no model to score with")
        done = models.predictions_of(session, version.id).keys()

        # by id, not by place in the list: each shard reads the list at its own time, and it may have grown
        def is_wanted(image: KnownImage) -> bool:
            is_mine = num_shards is None or image.image_id.int % num_shards == shard
            return is_mine and image.image_id not in done and is_askable(image)

        write_known_images(session, folder, run.project_id, splits=tuple(Split), is_wanted=is_wanted)
    num_scored = score_folder(run, folder, version)
    return lambda _: {"num_scored": num_scored}


def predict(run: JobRun) -> Save:
    """Make the predictions of one image again, by a model whose own were cleaned up."""
    image_id = uuid.UUID(run.payload["image_id"])
    folder = open_folder(run)
    with run.database.reading() as session:
        version = models.get_model_version(session, uuid.UUID(run.payload["model_version_id"]))
        num_images = write_known_images(
            session,
            folder,
            run.project_id,
            splits=tuple(Split),
            is_wanted=lambda image: image.image_id == image_id and is_askable(image),
        )
    if num_images == 0:
        raise JobInputError("the image is hidden, or was never prepared: there is nothing to predict")
    score_folder(run, folder, version)
    return lambda _: {"image_id": str(image_id)}


def score_folder(run: JobRun, folder: Path, version: ModelVersion) -> int:
    """Score the images of a folder and write their rows as their blobs are there; how many."""
    images = read_images(folder)
    if not images:
        return 0
    with run.database.reading() as session:
        round_ = work.round_by_id(session, version.round_id)
        num_classes = snapshots.snapshot_of(session, version).num_classes
        evaluated = work.finished_results(session, round_id=version.round_id, kind=JobKind.EVALUATE)
    rows = _Rows(run, version.id, images)
    spec = _spec(run, round_, version, num_classes, read_summary(run.blobs, evaluated))
    run_spec(run, folder, spec, on_step=rows.save_up_to)
    rows.save_up_to(len(images), is_last=True)
    return len(images)


def _spec(
    run: JobRun,
    round_: Round,
    version: ModelVersion,
    num_classes: int,
    summary: dict[str, Any] | None,
) -> ChildSpec:
    settings = settings_here(RoundSettings.from_mapping(round_.settings), run)
    return ChildSpec(
        kind=JobKind.SCORE,
        settings=settings.to_mapping(),
        num_classes=num_classes,
        round_number=round_.number,
        weights_key=version.weights_key,
        model_version_id=str(version.id),
        summary=summary,
    )


class _Rows:
    """Writes the rows of scored images in steps: pages see them, and a second attempt goes on from them."""

    def __init__(self, run: JobRun, model_version_id: uuid.UUID, images: Sequence[ImageRef]) -> None:
        self._run = run
        self._model_version_id = model_version_id
        self._images = images
        self._num_saved = 0

    def save_up_to(self, num_scored: int, *, is_last: bool = False) -> None:
        """Write the rows of the first `num_scored` images that lack theirs, if worth a transaction."""
        new = self._images[self._num_saved : num_scored]
        if not new or (len(new) < _ROWS_A_TRANSACTION and not is_last):
            return
        with self._run.saving() as session:
            models.save_predictions(session, [self._row(image) for image in new])
        self._num_saved = num_scored

    def _row(self, image: ImageRef) -> PredictionSet:
        return PredictionSet(
            model_version_id=self._model_version_id,
            image_id=uuid.UUID(image.image_id),
            **asdict(keys_of(self._model_version_id, image)),
        )
