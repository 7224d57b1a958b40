"""JSON files in an archive whose lists may be too long for memory."""

import json
import shutil
import tempfile
from types import TracebackType
from typing import IO, Any, Self

from segloop.errors import FormatError
from segloop.formats.archives import ArchiveReader, ArchiveWriter

MAX_JSON_BYTES = 1 << 30
_MEMORY_BYTES = 8 << 20


class JsonListSpool:
    """A JSON list, one entry a line; beyond 8 MB it waits on disk."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES)  # noqa: SIM115  closed in __exit__
        self._is_empty = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, entry: Any) -> None:
        """Append one entry."""
        encoded = json.dumps(entry, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._file.write((("\n" if self._is_empty else ",\n") + encoded).encode())
        self._is_empty = False

    def copy_to(self, target: IO[bytes]) -> None:
        """Write `[...]`."""
        self._file.seek(0)
        target.write(b"[")
        shutil.copyfileobj(self._file, target)
        target.write(b"\n]")


def write_json(
    archive: ArchiveWriter, name: str, fields: dict[str, Any], lists: dict[str, JsonListSpool]
) -> None:
    """A JSON object: first the small fields, then the long lists."""
    with archive.create(name) as target:
        target.write(json.dumps(fields, ensure_ascii=False)[:-1].encode())
        for field, spool in lists.items():
            target.write(f', "{field}": '.encode())
            spool.copy_to(target)
        target.write(b"}\n")


def read_json(archive: ArchiveReader, name: str) -> dict[str, Any]:
    """A JSON object in the archive.

    Raises:
        FormatError: missing, no JSON, or no object.
    """
    data = archive.read(name, max_bytes=MAX_JSON_BYTES)
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as cause:
        raise FormatError(f"{name} is no JSON ({cause})") from cause
    if not isinstance(content, dict):
        raise FormatError(f"{name} must be a JSON object")
    return content


def as_list(value: Any, what: str) -> list[dict[str, Any]]:
    """`value` if it is a list of objects.

    Raises:
        FormatError: it is not.
    """
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise FormatError(f"{what} must be a list of objects")
    return value
