"""Files that are whole or not there, whatever stops the writer: a kill, a power cut, a full disk."""

import contextlib
import os
from pathlib import Path

from segloop.errors import DiskError


def write_atomically(path: Path, *parts: bytes | memoryview) -> None:
    """Write a file beside `path`, make it durable, then put it in its place; its folder is made if need be.

    Raises:
        DiskError: there is no room, or no permission; what was there before is whole.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_durably(partial, parts)
        partial.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()  # a full disk gets its room back
        raise DiskError(
            f"{path} cannot be written ({error.strerror}): free some disk space and try again; "
            "what was saved before is still there"
        ) from error


def _write_durably(path: Path, parts: tuple[bytes | memoryview, ...]) -> None:
    with path.open("wb") as file:
        for part in parts:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """A file's new name survives a power cut only once its folder is on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
