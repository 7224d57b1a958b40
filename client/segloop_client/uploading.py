"""Upload of files and folders: batched, resumable because the server knows what it has by content."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segloop_client.api import Client
from segloop_client.errors import ClientError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"})
_BATCH_FILES = 32
_BATCH_BYTES = 32 << 20


@dataclass
class UploadReport:
    """What became of each file."""

    created: list[dict[str, Any]] = field(default_factory=list)
    existing: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def add(self, answer: dict[str, Any]) -> None:
        """Take one request's answer in."""
        self.created += answer["created"]
        self.existing += answer["existing"]
        self.rejected += answer["rejected"]


def find_images(paths: Iterable[Path]) -> list[tuple[str, Path]]:
    """(name on the server, file) for each image: files as they are, folders searched, names relative to them.

    Raises:
        ClientError: a path is missing, or nothing was found.
    """
    found: list[tuple[str, Path]] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(
                item for item in path.rglob("*") if item.is_file() and item.suffix.lower() in SUFFIXES
            )
            found += [(item.relative_to(path).as_posix(), item) for item in inside]
        elif path.is_file():
            found.append((path.name, path))
        else:
            raise ClientError(f"{path} does not exist")
    if not found:
        raise ClientError(f"no image ({', '.join(sorted(SUFFIXES))}) was found")
    return found


def upload(
    client: Client,
    project_id: str,
    files: Iterable[tuple[str, Path]],
    split: str,
    *,
    on_batch: Callable[[int], None] | None = None,
) -> UploadReport:
    """Upload files in batches; what the server already has is only compared.

    Args:
        client: where to.
        project_id: the project.
        files: (name on the server, file) pairs.
        split: pool, validation or test.
        on_batch: called with the number of files of each finished request.
    """
    report = UploadReport()
    for batch in _batches(files):
        report.add(client.upload_images(project_id, batch, split))
        if on_batch is not None:
            on_batch(len(batch))
    return report


def _batches(files: Iterable[tuple[str, Path]]) -> Iterator[list[tuple[str, bytes]]]:
    batch: list[tuple[str, bytes]] = []
    num_bytes = 0
    for name, path in files:
        data = path.read_bytes()
        if batch and (len(batch) >= _BATCH_FILES or num_bytes + len(data) > _BATCH_BYTES):
            yield batch
            batch, num_bytes = [], 0
        batch.append((name, data))
        num_bytes += len(data)
    if batch:
        yield batch
