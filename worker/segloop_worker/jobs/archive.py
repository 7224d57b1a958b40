"""Job archive: images and label maps out of an uploaded zip or tar, each as if it had been uploaded alone."""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from segloop.errors import FormatError, SegloopError
from segloop.formats.classes import decode_classes
from segloop.label_maps import UNLABELLED, LabelMap, check_label_map, decode_index_png, encode_index_png
from segloop.settings import Split
from segloop_store import jobs
from segloop_store.database import after_commit
from segloop_store.decoding import Decoder
from segloop_store.incoming import IncomingFile, keep_files, prepare_files, put_ground_truth
from segloop_store.models import Project
from segloop_store.repositories import images, work
from segloop_store.repositories.images import Kept, KeptImage
from segloop_store.states import JobKind
from segloop_worker.archive_layout import ArchiveImage, read_layout
from segloop_worker.config import WorkerSettings
from segloop_worker.errors import JobInputError
from segloop_worker.job_run import JobRun, Save
from segloop_worker.unpacking import Unpacked, UnpackLimits, unpack
from segloop_worker.work_folder import open_folder

_BATCH = 32
_UNPACKING_SHARE = 0.2

ToLabelMap = Callable[[LabelMap], LabelMap]


def archive(run: JobRun) -> Save:
    """Take what is in the archive; the job's results say what became of each file."""
    folder = open_folder(run)
    files = {file.name: file for file in _unpacked(run, folder)}
    split = Split(run.payload["split"]) if run.payload.get("split") else None
    layout = read_layout(files, split)
    to_label_map, num_classes = _class_table(run, files.get(layout.classes_member or ""))
    importer = _Importer(run, files, to_label_map, num_classes)
    results = [
        {"filename": name, "result": Kept.REJECTED.value, "reason": why} for name, why in layout.unused
    ]
    num_done, total = 0, len(layout.images)
    with closing(importer):
        for batch in _batches(layout.images):
            results += importer.take(batch)
            num_done += len(batch)
            fraction = _UNPACKING_SHARE + (1 - _UNPACKING_SHARE) * num_done / total
            run.report(fraction, phase="reading images", step=num_done, num_steps=total)
    key = run.payload["archive_key"]

    def save(session: Session) -> dict[str, Any]:
        image_ids = [result["image_id"] for result in results if result.get("image_id")]
        if image_ids:
            jobs.add_job(
                session,
                JobKind.INGEST,
                project_id=run.project_id,
                payload={"image_ids": image_ids},
                dedupe_key=f"ingest:{run.id}",
            )
        after_commit(session, lambda: run.blobs.delete(key))
        return {"files": results}

    return save


def _unpacked(run: JobRun, folder: Path) -> list[Unpacked]:
    packed = folder / "archive"
    run.blobs.get_file(run.payload["archive_key"], packed)
    return unpack(
        packed,
        folder / "files",
        _limits(run.runtime.settings),
        on_file=lambda number: run.report(0.0, phase="unpacking", step=number, num_steps=None),
    )


def _limits(settings: WorkerSettings) -> UnpackLimits:
    return UnpackLimits(
        num_files=settings.max_archive_files,
        total_bytes=settings.max_unpacked_bytes,
        file_bytes=settings.max_file_bytes,
        ratio=settings.max_compression_ratio,
    )


def _class_table(run: JobRun, file: Unpacked | None) -> tuple[ToLabelMap, int]:
    """How pixel values become the project's classes: by the names in `classes.json`, else as they are."""
    with run.database.reading() as session:
        classes = {
            item.name.strip().lower(): item.index for item in work.label_classes(session, run.project_id)
        }
        num_classes = work.num_classes(session, run.project_id)
    if file is None:
        return lambda ids: ids, num_classes
    try:
        table = decode_classes(file.path.read_bytes())
    except FormatError as error:
        raise JobInputError(str(error)) from error
    unknown = [name for name in table.names if name.strip().lower() not in classes]
    if unknown:
        raise JobInputError(
            f"classes.json names {', '.join(unknown[:5])}, which the project does not have: "
            "add such classes first, or rename them in the file"
        )
    indices = np.arange(256, dtype=np.uint8)  # void and unlabelled stay
    indices[: table.num_classes] = [classes[name.strip().lower()] for name in table.names]
    return lambda ids: indices[table.to_label_map(ids)], num_classes


def _batches(found: Sequence[ArchiveImage]) -> Iterator[tuple[ArchiveImage, ...]]:
    """Batches of one split each."""
    for _, of_split in groupby(sorted(found, key=lambda image: image.split.value), lambda image: image.split):
        while batch := tuple(islice(of_split, _BATCH)):
            yield batch


class _Importer:
    """Takes batches of images with their label maps."""

    def __init__(
        self,
        run: JobRun,
        files: Mapping[str, Unpacked],
        to_label_map: ToLabelMap,
        num_classes: int,
    ) -> None:
        self._run = run
        self._files = files
        self._to_label_map = to_label_map
        self._num_classes = num_classes
        user_id = run.payload.get("user_id")
        self._user_id = uuid.UUID(user_id) if user_id else None
        settings = run.runtime.settings
        self._decoder = Decoder(
            num_children=settings.ingest_threads,
            max_pixels=settings.max_pixels,
            memory_bytes=settings.decoding_memory_bytes,
            timeout_seconds=settings.decoding_seconds,
        )

    def close(self) -> None:
        """End the decoding children."""
        self._decoder.close()

    def take(self, batch: Sequence[ArchiveImage]) -> list[dict[str, Any]]:
        """Rows and blobs of a batch; what became of each file."""
        split = batch[0].split
        incoming = [self._incoming(image) for image in batch]
        prepared = prepare_files(
            self._run.database,
            self._run.blobs,
            self._decoder,
            incoming,
            project_id=self._run.project_id,
            split=split,
        )
        with self._run.saving() as session:
            project = session.get(Project, self._run.project_id)
            if project is None:
                raise JobInputError("the project is gone")
            kept = keep_files(session, project, prepared, split=split, uploaded_by=self._user_id)
        return [self._result(image, item) for image, item in zip(batch, kept, strict=True)]

    def _incoming(self, image: ArchiveImage) -> IncomingFile:
        file = self._files[image.member]
        with file.path.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        return IncomingFile(image.filename, file.path, sha256, file.num_bytes)

    def _result(self, image: ArchiveImage, kept: KeptImage) -> dict[str, Any]:
        result: dict[str, Any] = {"filename": kept.filename, "result": kept.result.value}
        if kept.image_id is None:
            return {**result, "reason": kept.reason}
        result["image_id"] = str(kept.image_id)
        if image.label_member is not None:
            result["label_map"] = self._take_truth(kept, self._files[image.label_member])
        return result

    def _take_truth(self, kept: KeptImage, file: Unpacked) -> str:
        """Keep an image's label map: kept, unchanged, or why not."""
        assert kept.image_id is not None
        try:
            label_map = self._to_label_map(decode_index_png(file.path.read_bytes()))
            check_label_map(label_map, num_classes=self._num_classes, shape=(kept.height, kept.width))
        except SegloopError as error:
            return f"rejected: {error}"
        data = encode_index_png(label_map)
        with self._run.database.reading() as session:
            latest = images.latest_truth(session, kept.image_id)
        if latest is not None and self._run.blobs.get(latest.label_map_key) == data:
            return "unchanged"
        version, key = put_ground_truth(
            self._run.blobs, kept.image_id, 0 if latest is None else latest.version, data
        )
        with self._run.saving() as session:
            images.add_truth(
                session,
                kept.image_id,
                version=version,
                label_map_key=key,
                num_labelled_px=int(np.count_nonzero(label_map != UNLABELLED)),
                uploaded_by=self._user_id,
            )
        return "kept"
