"""Where an export is written and read: a zip file or a plain folder, by the same names.

A path that ends in `.zip` is a zip, anything else a folder. A zip appears under its name only once it is
whole, and the same content gives the same bytes. Names inside never lead out of the archive.
"""

import contextlib
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from segloop.errors import FormatError

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class ArchiveWriter(Protocol):
    """Takes files one after the other."""

    def write(self, name: str, data: bytes) -> None:
        """Add one file.

        Raises:
            FormatError: the name is taken, or leads out of the archive.
        """
        ...

    def create(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Add one file piece by piece; one at a time."""
        ...


class ArchiveReader(Protocol):
    """Gives files by name."""

    def names(self) -> list[str]:
        """All files, ordered."""
        ...

    def read(self, name: str, *, max_bytes: int) -> bytes:
        """One file.

        Raises:
            FormatError: it is missing, broken or larger than `max_bytes`.
        """
        ...


@contextlib.contextmanager
def writing(path: Path | str) -> Iterator[ArchiveWriter]:
    """Write an archive; after an exception inside, no zip is left behind.

    Raises:
        FormatError: the folder already holds files.
    """
    target = Path(path)
    if target.suffix.lower() != ".zip":
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise FormatError(f"{target} is not an empty folder")
        yield _FolderWriter(target)
        return
    part = target.with_name(target.name + ".part")
    try:
        with zipfile.ZipFile(part, "w") as archive:
            yield _ZipWriter(archive)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def reading(path: Path | str) -> Iterator[ArchiveReader]:
    """Read an archive.

    Raises:
        FormatError: there is none, or a name in it leads out of it.
    """
    source = Path(path)
    if source.is_dir():
        yield _FolderReader(source)
        return
    try:
        archive = zipfile.ZipFile(source)
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as cause:
        raise FormatError(f"{source} is no zip and no folder ({cause})") from cause
    with archive:
        yield _ZipReader(archive)


class _ZipWriter:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names: set[str] = set()

    def write(self, name: str, data: bytes) -> None:
        self._archive.writestr(self._entry(name), data)

    def create(self, name: str) -> AbstractContextManager[IO[bytes]]:
        return self._archive.open(self._entry(name), "w", force_zip64=True)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        check_name(name)
        if name in self._names:
            raise FormatError(f"{name} is written twice")
        self._names.add(name)
        entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
        entry.external_attr = 0o644 << 16
        # PNG is compressed already
        entry.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
        return entry


class _FolderWriter:
    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, name: str, data: bytes) -> None:
        with self.create(name) as target:
            target.write(data)

    def create(self, name: str) -> AbstractContextManager[IO[bytes]]:
        check_name(name)
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return path.open("xb")
        except FileExistsError as cause:
            raise FormatError(f"{name} is written twice") from cause


class _ZipReader:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = sorted(info.filename for info in archive.infolist() if not info.is_dir())
        for name in self._names:
            check_name(name)

    def names(self) -> list[str]:
        return list(self._names)

    def read(self, name: str, *, max_bytes: int) -> bytes:
        if name not in self._archive.NameToInfo:
            raise FormatError(f"{name} is missing")
        try:
            with self._archive.open(name) as source:
                data = source.read(max_bytes + 1)
        except Exception as cause:  # a hostile zip raises anything
            raise FormatError(f"{name} cannot be read ({cause})") from cause
        return _within(data, name, max_bytes)


class _FolderReader:
    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> list[str]:
        files = (path for path in self._root.rglob("*") if path.is_file())
        return sorted(path.relative_to(self._root).as_posix() for path in files)

    def read(self, name: str, *, max_bytes: int) -> bytes:
        check_name(name)
        try:
            with (self._root / name).open("rb") as source:
                return _within(source.read(max_bytes + 1), name, max_bytes)
        except OSError as cause:
            raise FormatError(f"{name} is missing") from cause


def check_name(name: str) -> None:
    """Refuse a name that would lead out of the archive.

    Raises:
        FormatError: empty, absolute, or with a `..` in it.
    """
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or "\0" in name or parts[0].endswith(":"):
        raise FormatError(f"{name!r} leads out of the archive")


def _within(data: bytes, name: str, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise FormatError(f"{name} is larger than the {max_bytes / 1e6:.0f} MB allowed")
    return data
