"""The folder a torch job works in: what its child is told, its checkpoints, their copy for other machines."""

import shutil
import tarfile
import time
from pathlib import Path

import structlog

from segloop_store import blob_keys
from segloop_store.blobs import BlobStore
from segloop_store.errors import BlobNotFoundError
from segloop_worker.child_spec import TRAINING_FOLDER
from segloop_worker.job_run import JobRun

log = structlog.get_logger(__name__)

_MIRROR_NAME = "checkpoint.tar"
_MADE_AGAIN = frozenset({"images.bin", "label_maps.bin", "dominant_masks.bin"})
"""Files of a training that its data give at once: no use copying them."""
_MAX_MIRROR_BYTES = 2 * 2**30


def open_folder(run: JobRun) -> Path:
    """The job's folder, with the checkpoint another machine left when this one has none."""
    folder = run.runtime.work_dir(run.id)
    training = folder / TRAINING_FOLDER
    training.mkdir(parents=True, exist_ok=True)
    if run.runtime.settings.is_blob_store_shared and not any(training.iterdir()):
        _restore(run.blobs, blob_keys.job_checkpoint(run.id, _MIRROR_NAME), folder)
    return folder


def remove_folder(run: JobRun) -> None:
    """Forget the job's files, here and in the blob store."""
    shutil.rmtree(run.runtime.work_dir(run.id), ignore_errors=True)
    if run.runtime.settings.is_blob_store_shared:
        run.blobs.delete(blob_keys.job_checkpoint(run.id, _MIRROR_NAME))


class CheckpointMirror:
    """Copies a training's checkpoint into a blob store that other machines share, now and then."""

    def __init__(self, run: JobRun, folder: Path) -> None:
        self._run = run
        self._folder = folder
        self._is_on = run.runtime.settings.is_blob_store_shared
        self._copied_at = time.monotonic()

    def step(self) -> None:
        """Copy if it is time. A copy that fails costs only the head start."""
        if not self._is_on:
            return
        if time.monotonic() - self._copied_at < self._run.runtime.settings.checkpoint_mirror_seconds:
            return
        try:
            self._copy()
        except Exception as error:  # noqa: BLE001 - the training must not end for its copy's sake
            log.warning("checkpoint_not_mirrored", job_id=str(self._run.id), error=str(error))
        self._copied_at = time.monotonic()

    def _copy(self) -> None:
        training = self._folder / TRAINING_FOLDER
        files = [path for path in training.iterdir() if path.name not in _MADE_AGAIN]
        files = [path for path in files if path.is_file() and path.suffix != ".partial"]
        if not files or sum(path.stat().st_size for path in files) > _MAX_MIRROR_BYTES:
            return
        archive = self._folder / _MIRROR_NAME
        with tarfile.open(archive, "w") as tar:
            for path in files:
                tar.add(path, arcname=path.name, recursive=False)
        self._run.blobs.put_file(
            blob_keys.job_checkpoint(self._run.id, _MIRROR_NAME), archive, overwrite=True
        )
        archive.unlink()


def _restore(blobs: BlobStore, key: str, folder: Path) -> None:
    archive = folder / _MIRROR_NAME
    try:
        blobs.get_file(key, archive)
    except BlobNotFoundError:
        return
    with tarfile.open(archive) as tar:
        tar.extractall(folder / TRAINING_FOLDER, filter="data")
    archive.unlink()
