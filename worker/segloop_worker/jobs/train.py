"""Job train: a snapshot of what is known, a child that trains on it, a model version."""

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from segloop.settings import RoundSettings, Split
from segloop_store import blob_keys
from segloop_store.clock import new_id
from segloop_store.models import Round, TrainingSnapshot
from segloop_store.repositories import known_labels, models, snapshots, work
from segloop_store.states import JobKind
from segloop_worker.child_spec import WEIGHTS_NAME, ChildSpec
from segloop_worker.job_run import JobRun, Save
from segloop_worker.project_images import answers_of, image_ref
from segloop_worker.sources import Answer, ImageRef, write_images
from segloop_worker.torch_child import run_spec, settings_here
from segloop_worker.work_folder import CheckpointMirror, open_folder


def train(run: JobRun) -> Save:
    """Train the round's model, from the last checkpoint when there is one."""
    with run.database.reading() as session:
        existing = models.find_of_round(session, run.round_id)
        snapshot = snapshots.find_snapshot(session, run.round_id)
        round_ = work.round_by_id(session, run.round_id)
    if existing is not None:
        return lambda _: {"model_version_id": str(existing.id)}
    settings = settings_here(RoundSettings.from_mapping(round_.settings), run)
    snapshot = snapshot or _take_snapshot(run, round_)
    folder = open_folder(run)
    _write_snapshot_images(run, snapshot, folder)
    mirror = CheckpointMirror(run, folder)
    result = run_spec(
        run,
        folder,
        ChildSpec(
            kind=JobKind.TRAIN,
            settings=settings.to_mapping(),
            num_classes=snapshot.num_classes,
            round_number=round_.number,
            initial_weights_key=_warm_weights(run, settings, snapshot.num_classes),
            checkpoint_seconds=run.runtime.settings.checkpoint_seconds,
        ),
        on_step=lambda _: mirror.step(),
    )
    model_version_id = new_id()
    weights_key = blob_keys.weights(model_version_id)
    run.check()
    run.blobs.put_file(weights_key, folder / WEIGHTS_NAME)

    def save(session: Session) -> dict[str, Any]:
        kept = models.add_model_version(
            session,
            snapshot,
            model_version_id=model_version_id,
            weights_key=weights_key,
            image_steps=result["image_steps"],
            compute_seconds=result["compute_seconds"],
            loss_curve=result["loss_curve"],
        )
        return {"model_version_id": str(kept.id), "notes": result["notes"]}

    return save


def _take_snapshot(run: JobRun, round_: Round) -> TrainingSnapshot:
    """Settle what this round's training sees, before it first starts; every later attempt sees the same."""
    contents: list[dict[str, Any]] = []
    num_px = num_labelled_px = 0
    with run.database.reading() as session:
        num_classes = work.num_classes(session, run.project_id)
        for image in known_labels.known_images(session, run.project_id, splits=[Split.POOL]):
            num_px += image.num_px
            num_labelled_px += image.num_labelled_px
            contents.append(
                {
                    "id": str(image.image_id),
                    "annotation_ids": [str(item.annotation_id) for item in image.annotations],
                    "ground_truth_id": None if image.truth_id is None else str(image.truth_id),
                }
            )
    key = blob_keys.snapshot(round_.id)
    run.check()
    # without its row nothing has been trained on what an attempt that died left here
    run.blobs.put(key, json.dumps({"images": contents}).encode(), overwrite=True)
    with run.saving() as session:
        return snapshots.add_snapshot(
            session,
            round_,
            contents_key=key,
            num_classes=num_classes,
            num_annotations=sum(len(item["annotation_ids"]) for item in contents),
            num_truths=sum(item["ground_truth_id"] is not None for item in contents),
            labelled_fraction=num_labelled_px / max(num_px, 1),
            settings=round_.settings,
            seed=round_.settings["seed"],
            code_version=_code_version(),
        )


def _write_snapshot_images(run: JobRun, snapshot: TrainingSnapshot, folder: Path) -> None:
    """The files the child reads: the snapshot's images with the annotation versions and truths it names."""
    contents = json.loads(run.blobs.get(snapshot.contents_key))["images"]
    truth_ids = [uuid.UUID(item["ground_truth_id"]) for item in contents if item["ground_truth_id"]]
    annotation_ids = [uuid.UUID(text) for item in contents for text in item["annotation_ids"]]
    with run.database.reading() as session:
        truth_keys = work.truth_keys(session, truth_ids)
        annotations = known_labels.annotations_by_id(session, run.project_id, annotation_ids)
        images = {
            str(image.image_id): image_ref(image)
            for image in known_labels.known_images(session, run.project_id, splits=[Split.POOL])
        }

    def entries() -> Iterator[tuple[ImageRef, Sequence[Answer]]]:
        for item in contents:
            if item["id"] not in images:  # hidden since: its annotations leave training
                continue
            truth_key = truth_keys.get(item["ground_truth_id"])
            said = [annotations[uuid.UUID(text)] for text in item["annotation_ids"]]
            yield replace(images[item["id"]], truth_key=truth_key), answers_of(said)

    write_images(folder, entries())


def _warm_weights(run: JobRun, settings: RoundSettings, num_classes: int) -> str | None:
    """The weights a round goes on from or labels with, if the project's model fits this round's network."""
    if not settings.uses_last_weights:
        return None
    with run.database.reading() as session:
        active = models.find_active(session, run.project_id)
        if active is None:
            return None
        trained_on = snapshots.snapshot_of(session, active)
    names = ("encoder", "embedding_dim", "separable_aspp")
    is_same_network = all(trained_on.settings.get(name) == getattr(settings, name) for name in names)
    return active.weights_key if is_same_network and trained_on.num_classes == num_classes else None


def _code_version() -> str:
    try:
        return version("segloop")
    except PackageNotFoundError:
        return "unknown"
