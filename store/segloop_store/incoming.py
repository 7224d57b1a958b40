"""From uploaded files to image rows: check, decode in a limited child, keep the blobs; the rows come last.

Two steps, so that no transaction waits for a decoder: `prepare_files` writes blobs only, `keep_files` writes
rows only. A process that dies between them leaves blobs that the same upload finds again. Server and worker
share this.
"""

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from segloop.errors import ImageError
from segloop.settings import Split
from segloop_store import blob_keys
from segloop_store.blobs import BlobStore
from segloop_store.database import Database
from segloop_store.decoding import DecodedFile, Decoder
from segloop_store.errors import ConflictError
from segloop_store.filenames import check_filename
from segloop_store.models import Project
from segloop_store.repositories import images
from segloop_store.repositories.images import KeptImage, NewImage

_EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "TIFF": "tif", "WEBP": "webp"}


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """One uploaded file, on disk.

    Attributes:
        raw_filename: the name it came with, unchecked.
        path: where its bytes lie; "<path>.pixels" beside it is used while decoding.
        sha256: of its bytes, in hexadecimal.
        num_bytes: how many there are.
        refusal: why it is rejected already, e.g. for its size; None otherwise.
    """

    raw_filename: str
    path: Path
    sha256: str
    num_bytes: int
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """An incoming file before its row: `new` with its blobs kept, or `kept` when it needs no row."""

    raw_filename: str
    new: NewImage | None = None
    kept: KeptImage | None = None


def prepare_files(
    database: Database,
    blobs: BlobStore,
    decoder: Decoder,
    files: Sequence[IncomingFile],
    *,
    project_id: uuid.UUID,
    split: Split,
    on_progress: Callable[[int], None] = lambda _: None,
) -> list[PreparedFile]:
    """Decode what is new and keep its blobs, for good. No transaction may be open.

    Args:
        database: to see what the project has already: such files are not decoded again.
        blobs: where bytes and pixels go.
        decoder: the limited children.
        files: what came, in order.
        project_id: the project they are for.
        split: the split they are for.
        on_progress: called with the number of files done.
    """
    with database.reading() as session:
        seen = images.find_by_sha256(session, project_id, [file.sha256 for file in files])
    done = 0

    def prepare(file: IncomingFile) -> PreparedFile:
        nonlocal done
        prepared = _prepare(blobs, decoder, file, project_id, seen.get(file.sha256), split)
        done += 1  # a lost update would only show in the progress
        on_progress(done)
        return prepared

    with ThreadPoolExecutor(max_workers=decoder.num_children, thread_name_prefix="decoding") as pool:
        prepared = list(pool.map(prepare, files))
    blobs.settle()
    return prepared


def keep_files(
    session: Session,
    project: Project,
    prepared: Sequence[PreparedFile],
    *,
    split: Split,
    uploaded_by: uuid.UUID | None,
) -> list[KeptImage]:
    """Write the rows of prepared files; what became of each, in order."""
    results = []
    for item in prepared:
        if item.kept is not None:
            results.append(item.kept)
            continue
        assert item.new is not None
        results.append(
            images.add_image(session, item.new, project=project, split=split, uploaded_by=uploaded_by)
        )
    return results


def put_ground_truth(
    blobs: BlobStore, image_id: uuid.UUID, latest_version: int, data: bytes
) -> tuple[int, str]:
    """Keep a label map under the next free version; (version, key) for its row.

    A request that died before its row may have left other bytes under the next version: it is passed over.
    """
    for version in range(latest_version + 1, latest_version + 100):
        key = blob_keys.ground_truth(image_id, version)
        try:
            blobs.put(key, data)
        except ConflictError:
            continue
        blobs.settle()
        return version, key
    raise ConflictError("too many unfinished uploads of this image's label map")


def _prepare(
    blobs: BlobStore,
    decoder: Decoder,
    file: IncomingFile,
    project_id: uuid.UUID,
    seen: images.SeenImage | None,
    split: Split,
) -> PreparedFile:
    if file.refusal is not None:
        return PreparedFile(
            raw_filename=file.raw_filename, kept=KeptImage.rejected(file.raw_filename, file.refusal)
        )
    try:
        filename = check_filename(file.raw_filename)
        if seen is not None:
            kept = images.kept_before(seen, filename, split)
            return PreparedFile(raw_filename=file.raw_filename, kept=kept)
        pixels_path = file.path.with_name(file.path.name + ".pixels")
        decoded = decoder.decode(file.path, pixels_path)
    except ImageError as error:
        return PreparedFile(
            raw_filename=file.raw_filename, kept=KeptImage.rejected(file.raw_filename, str(error))
        )
    new = _put_blobs(blobs, file, decoded, filename, project_id, pixels_path)
    pixels_path.unlink(missing_ok=True)
    return PreparedFile(raw_filename=file.raw_filename, new=new)


def _put_blobs(
    blobs: BlobStore,
    file: IncomingFile,
    decoded: DecodedFile,
    filename: str,
    project_id: uuid.UUID,
    pixels_path: Path,
) -> NewImage:
    original_key = blob_keys.original(project_id, file.sha256, _EXTENSIONS[decoded.format])
    # named by its own hash: only what a power cut tore can be there with other bytes
    blobs.put_file(original_key, file.path, overwrite=True)
    pixels_key = original_key
    if not decoded.is_upright_rgb:
        pixels_key = blob_keys.pixels(project_id, file.sha256)
        # another release's encoder may have written the same pixels as other bytes
        blobs.put_file(pixels_key, pixels_path, overwrite=True)
    return NewImage(
        filename=filename,
        sha256=file.sha256,
        width=decoded.width,
        height=decoded.height,
        num_bytes=file.num_bytes,
        format=decoded.format,
        notes=decoded.notes,
        original_key=original_key,
        pixels_key=pixels_key,
    )
