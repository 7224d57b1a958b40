"""Unpacks a zip or tar that somebody uploaded: nothing leaves its folder, nothing grows without bound.

Members are written under numbers, never under their own names, so a name can do no harm; what a name means is
decided elsewhere. An archive that breaks a rule is refused whole, before anything of it is kept.
"""

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from segloop_worker.errors import JobInputError

_CHUNK_BYTES = 1 << 20
_RATIO_FROM_BYTES = 16 << 20
"""Small files may be packed as well as they like."""
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What the libraries raise for archives that are cut, corrupt, encrypted or of an unknown kind."""


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """What an archive may unpack to."""

    num_files: int
    total_bytes: int
    file_bytes: int
    ratio: float


@dataclass(frozen=True, slots=True)
class Unpacked:
    """One file of an archive: the name it had, and where its bytes are now."""

    name: str
    path: Path
    num_bytes: int


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    packed_bytes: int | None
    open: Callable[[], IO[bytes]]


def unpack(
    archive: Path, folder: Path, limits: UnpackLimits, *, on_file: Callable[[int], None] = lambda _: None
) -> list[Unpacked]:
    """Every regular file of the archive, in its order; `on_file` gets the number unpacked so far.

    Raises:
        JobInputError: it is no archive, is broken, would leave its folder, holds links, or is a bomb.
    """
    folder.mkdir(parents=True, exist_ok=True)
    budget = _Budget(limits, archive.stat().st_size, shutil.disk_usage(folder).free)
    unpacked: list[Unpacked] = []
    names: set[str] = set()
    try:
        for member in _members(archive):
            if member.name in names:
                raise JobInputError(f"the archive holds {member.name!r} twice")
            names.add(member.name)
            budget.count_file()
            path = folder / f"{len(unpacked):07d}"
            with member.open() as source, path.open("wb") as target:
                num_bytes = _copy(source, target, budget, member)
            unpacked.append(Unpacked(member.name, path, num_bytes))
            on_file(len(unpacked))
    except _BROKEN as error:
        raise JobInputError(f"the archive cannot be read: {str(error) or type(error).__name__}") from error
    if not unpacked:
        raise JobInputError("the archive holds no file")
    return unpacked


def check_member_name(name: str) -> str:
    """The name as a relative path with `/`.

    Raises:
        JobInputError: it leads out of the archive's folder.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name or name[1:2] == ":":
        raise JobInputError(f"the archive holds {name!r}, which leads out of its folder: nothing was taken")
    return str(path)


class _Budget:
    """Counts what has been unpacked, whatever the archive's headers claim."""

    def __init__(self, limits: UnpackLimits, archive_bytes: int, free_bytes: int) -> None:
        self._limits = limits
        self._archive_bytes = archive_bytes
        self._free_bytes = free_bytes
        self._num_files = 0
        self._total_bytes = 0

    def count_file(self) -> None:
        self._num_files += 1
        if self._num_files > self._limits.num_files:
            raise JobInputError(f"the archive holds more than {self._limits.num_files} files")

    def count_bytes(self, num_new: int, num_of_file: int, member: _Member) -> None:
        self._total_bytes += num_new
        if num_of_file > self._limits.file_bytes:
            limit = self._limits.file_bytes // 2**20
            raise JobInputError(f"{member.name!r} unpacks to more than {limit} MiB")
        if self._total_bytes > self._limits.total_bytes:
            limit = self._limits.total_bytes // 2**20
            raise JobInputError(f"the archive unpacks to more than {limit} MiB")
        if self._total_bytes > self._free_bytes - (256 << 20):
            raise JobInputError("there is not enough disk space to unpack the archive")
        packed, unpacked = member.packed_bytes, num_of_file
        if packed is None:
            packed, unpacked = self._archive_bytes, self._total_bytes
        if unpacked > _RATIO_FROM_BYTES and unpacked > self._limits.ratio * max(packed, 1):
            raise JobInputError(
                f"{member.name!r} unpacks to more than {self._limits.ratio:g} times its packed size: "
                "this looks like an archive bomb"
            )


def _copy(source: IO[bytes], target: IO[bytes], budget: _Budget, member: _Member) -> int:
    num_bytes = 0
    while chunk := source.read(_CHUNK_BYTES):
        num_bytes += len(chunk)
        budget.count_bytes(len(chunk), num_bytes, member)
        target.write(chunk)
    return num_bytes


def _members(archive: Path) -> Iterator[_Member]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield from _zip_members(opened)
        return
    with tarfile.open(archive, "r:*") as tar:
        yield from _tar_members(tar)


def _zip_members(opened: zipfile.ZipFile) -> Iterator[_Member]:
    members = opened.infolist()
    for info in members:  # all names before the first byte
        check_member_name(info.filename)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise JobInputError(f"the archive holds a link, {info.filename!r}: nothing was taken")
        if info.flag_bits & 1:
            raise JobInputError(f"{info.filename!r} is encrypted: send the archive without a password")
    for info in members:
        if not info.is_dir():
            name = check_member_name(info.filename)
            yield _Member(name, info.compress_size, lambda info=info: opened.open(info))  # type: ignore[misc]


def _tar_members(tar: tarfile.TarFile) -> Iterator[_Member]:
    for info in tar:
        name = check_member_name(info.name)
        if info.issym() or info.islnk():
            raise JobInputError(f"the archive holds a link, {info.name!r}: nothing was taken")
        if info.isdir():
            continue
        if not info.isreg():
            raise JobInputError(f"the archive holds {info.name!r}, which is no file: nothing was taken")
        yield _Member(name, None, lambda info=info: _open_tar(tar, info))  # type: ignore[misc]


def _open_tar(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    opened = tar.extractfile(info)
    assert opened is not None, "only regular files are opened"
    return opened
