"""Job ingest: a thumbnail, the regions and the finer segments of each new image."""

import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import structlog
from sqlalchemy.orm import Session

from segloop.images import encode_jpeg, thumbnail
from segloop.regions import default_size_px, encode_region_map, finer_segments, partition
from segloop.settings import PartitionKind
from segloop_store import blob_keys
from segloop_store.blobs import BlobStore
from segloop_store.models import Image
from segloop_store.repositories import preparation
from segloop_store.repositories.preparation import PreparedImage
from segloop_worker.errors import Interruption
from segloop_worker.job_run import JobRun, Save, text_for_people
from segloop_worker.sources import decode_pixels

log = structlog.get_logger(__name__)

_BATCH = 8
"""Images whose rows are written in one transaction."""

Outcome = tuple[Image, PreparedImage | Exception]


def ingest(run: JobRun) -> Save:
    """Prepare what of the job's images is not prepared; one that cannot be is noted and holds up nobody."""
    with run.database.reading() as session:
        images = preparation.unprepared(session, [uuid.UUID(text) for text in run.payload["image_ids"]])
        kind, size_px = preparation.partition_rule(session, run.project_id)
    failed: list[dict[str, str]] = []
    batch: list[Outcome] = []
    for number, outcome in enumerate(_prepared(run, images, kind, size_px), start=1):
        batch.append(outcome)
        if len(batch) == _BATCH or number == len(images):
            failed += _keep(run, batch)
            batch = []
        run.report(number / len(images), phase="preparing images", step=number, num_steps=len(images))

    def save(_: Session) -> dict[str, Any]:
        return {"num_prepared": len(images) - len(failed), "failed": failed}

    return save


def prepare_image(blobs: BlobStore, image: Image, kind: PartitionKind, size_px: int | None) -> PreparedImage:
    """Cut one image into regions and segments and keep what comes out as blobs."""
    pixels = decode_pixels(blobs.get(image.pixels_key))
    size_px = size_px or default_size_px(image.width, image.height)
    regions = partition(kind, pixels, size_px)
    prepared = PreparedImage(
        image_id=image.id,
        thumbnail_key=blob_keys.thumbnail(image.id),
        kind=kind,
        size_px=size_px,
        num_regions=regions.num_regions,
        region_map_key=blob_keys.region_map(image.id),
        segments_key=blob_keys.segments(image.id),
    )
    # overwriting is right: without its rows nothing can have been asked about what a dead run left here
    blobs.put(prepared.thumbnail_key, encode_jpeg(thumbnail(pixels)), overwrite=True)
    blobs.put(prepared.region_map_key, encode_region_map(regions.region_map), overwrite=True)
    segments = finer_segments(pixels, size_px)
    blobs.put(prepared.segments_key, encode_region_map(segments), overwrite=True)
    return prepared


def _prepared(
    run: JobRun, images: Sequence[Image], kind: PartitionKind, size_px: int | None
) -> Iterator[Outcome]:
    """Each image with what became of it, in order; a few are worked on at once."""
    num_threads = run.runtime.settings.ingest_threads

    def prepare(image: Image) -> Outcome:
        try:
            run.check()
            return image, prepare_image(run.blobs, image, kind, size_px)
        except Interruption:
            raise
        except Exception as error:  # noqa: BLE001 - one bad image must not block the others
            return image, error

    waiting: deque[Future[Outcome]] = deque()
    with ThreadPoolExecutor(num_threads, thread_name_prefix="ingest") as pool:
        for image in images:
            waiting.append(pool.submit(prepare, image))
            if len(waiting) > 2 * num_threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _keep(run: JobRun, batch: Sequence[Outcome]) -> list[dict[str, str]]:
    failed = []
    with run.saving() as session:
        for image, result in batch:
            if isinstance(result, PreparedImage):
                preparation.keep(session, result)
                continue
            reason = text_for_people(result)
            log.error("image_not_prepared", image_id=str(image.id), error=repr(result))
            preparation.note(session, image.id, f"could not be prepared: {reason}")
            failed.append({"image_id": str(image.id), "filename": image.filename, "reason": reason})
    return failed
