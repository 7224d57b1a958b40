"""Job export: a zip of what people said, of what the model predicts, or of both."""

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from segloop.formats.coco_rle import write_coco_rle
from segloop.formats.index_png import write_index_png
from segloop.formats.records import ExportImage, RegionRecord
from segloop.label_maps import UNLABELLED, LabelMap, decode_index_png, overlay
from segloop_store import blob_keys
from segloop_store.models import Export, PredictionSet
from segloop_store.repositories import exports, known_labels, models, work
from segloop_store.repositories.known_labels import KnownAnnotation, KnownImage
from segloop_store.repositories.work import AnnotationFacts
from segloop_store.states import JobState, Process
from segloop_store.transitions import move_export
from segloop_worker.errors import JobInputError
from segloop_worker.job_run import JobRun, Save
from segloop_worker.work_folder import open_folder

Writer = Callable[[Path, Iterable[ExportImage], Sequence[str], Sequence[str], Collection[str]], None]
"""(zip path, images, class names, colours, all filenames)."""


def _index_png(
    path: Path,
    images: Iterable[ExportImage],
    names: Sequence[str],
    colors: Sequence[str],
    filenames: Collection[str],
) -> None:
    write_index_png(path, images, class_names=names, colors=colors, filenames=filenames)


def _coco_rle(
    path: Path,
    images: Iterable[ExportImage],
    names: Sequence[str],
    colors: Sequence[str],
    _: Collection[str],
) -> None:
    write_coco_rle(path, images, class_names=names, colors=colors)


WRITERS: Mapping[str, Writer] = {"index_png": _index_png, "coco_rle": _coco_rle}


@dataclass(frozen=True, slots=True)
class _Contents:
    """What an export is made of, read in one snapshot."""

    images: Sequence[KnownImage]
    facts: Mapping[uuid.UUID, AnnotationFacts]
    predictions: Mapping[uuid.UUID, PredictionSet]
    class_names: Sequence[str]
    colors: Sequence[str]


def export(run: JobRun) -> Save:
    """Write the zip an export asks for, image by image."""
    with run.database.reading() as session:
        asked = exports.export_by_id(session, uuid.UUID(run.payload["export_id"]))
        contents = _read(session, run.project_id, asked)
    writer = WRITERS.get(asked.format)
    if writer is None:
        raise JobInputError(f"format {asked.format!r} cannot be written yet: use {', '.join(WRITERS)}")
    path = open_folder(run) / "export.zip"
    filenames = [image.filename for image in contents.images]
    images = _export_images(run, contents, asked.content)
    writer(path, images, contents.class_names, contents.colors, filenames)
    key = blob_keys.export(asked.id)
    run.check()
    run.blobs.put_file(key, path, overwrite=True)
    num_bytes = path.stat().st_size

    def save(session: Session) -> dict[str, Any]:
        values = {"file_key": key, "num_bytes": num_bytes}
        move_export(session, asked.id, JobState.DONE, by=Process.WORKER, **values)
        return {"export_id": str(asked.id), "num_images": len(contents.images)}

    return save


def _read(session: Session, project_id: uuid.UUID, asked: Export) -> _Contents:
    predictions: Mapping[uuid.UUID, PredictionSet] = {}
    if asked.content != "annotations":
        active = models.find_active(session, project_id)
        if active is None:
            raise JobInputError("there is no model yet, so there are no predictions to export")
        predictions = models.predictions_of(session, active.id)
    classes = work.label_classes(session, project_id)
    images = list(known_labels.known_images(session, project_id))
    if asked.content == "predictions":
        images = [image for image in images if image.image_id in predictions]
    return _Contents(
        images=images,
        facts=work.annotation_facts(session, project_id),
        predictions=predictions,
        class_names=[item.name for item in classes],
        colors=[item.color for item in classes],
    )


def _export_images(run: JobRun, contents: _Contents, content: str) -> Iterator[ExportImage]:
    total = len(contents.images)
    for number, image in enumerate(contents.images, start=1):
        prediction = None
        if content != "annotations":
            prediction = _prediction(run, image, contents.predictions.get(image.image_id))
        is_annotated = content != "predictions"
        known = _known(run, image) if is_annotated or prediction is None else prediction
        record = partial(_record, facts=contents.facts)
        yield ExportImage(
            filename=image.filename,
            width=image.width,
            height=image.height,
            label_map=known,
            split=image.split,
            regions=tuple(map(record, image.annotations)) if is_annotated else (),
            prediction=prediction if content == "both" else None,
        )
        run.report(number / total, phase="writing", step=number, num_steps=total)


def _known(run: JobRun, image: KnownImage) -> LabelMap:
    label_map: LabelMap
    if image.truth_key is None:
        label_map = np.full((image.height, image.width), UNLABELLED, dtype=np.uint8)
    else:
        label_map = decode_index_png(run.blobs.get(image.truth_key))
    for annotation in image.annotations:
        patch = decode_index_png(annotation.label_map_png)
        label_map = overlay(label_map, patch, x=annotation.x, y=annotation.y)
    return label_map


def _prediction(run: JobRun, image: KnownImage, found: PredictionSet | None) -> LabelMap:
    """The model's label map; unlabelled where it has not seen the image, e.g. one uploaded since."""
    if found is None:
        return np.full((image.height, image.width), UNLABELLED, dtype=np.uint8)
    return decode_index_png(run.blobs.get(found.prediction_key))


def _record(annotation: KnownAnnotation, facts: Mapping[uuid.UUID, AnnotationFacts]) -> RegionRecord:
    known = facts[annotation.annotation_id]
    return RegionRecord(
        index=annotation.region_index,
        bbox=(annotation.x, annotation.y, annotation.width, annotation.height),
        round_number=known.round_number,
        annotator=known.annotator,
        kind=annotation.kind,
        model_version=known.model_version,
        annotation_seconds=known.annotation_seconds,
        num_clicks=known.num_clicks,
    )
