"""Which names an uploaded file may carry: a relative path that is safe on every system it is exported to."""

import unicodedata

from segloop.errors import ImageError

MAX_FILENAME_BYTES = 1024
"""Of the whole path in UTF-8: the unique index over it has room for no more on PostgreSQL."""
MAX_PART_BYTES = 255
"""Of one folder or file name: what file systems take."""


def check_filename(raw: str) -> str:
    """The path as it is kept: relative, `/`-joined, NFC, without `.` parts.

    Raises:
        ImageError: it leads out of its folder, or some system could not write it; the text says which rule.
    """
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in raw):
        raise ImageError("the filename holds control characters or broken Unicode")
    if "\\" in raw:
        raise ImageError("the filename holds a backslash: use / between folders")
    if raw.startswith("/") or raw[1:2] == ":":
        raise ImageError("the filename is an absolute path: send a relative one")
    parts = [part for part in unicodedata.normalize("NFC", raw).split("/") if part not in {"", "."}]
    if not parts or raw.endswith("/"):
        raise ImageError("the filename is empty")
    if ".." in parts:
        raise ImageError("the filename leads out of its folder (..)")
    if any(len(part.encode()) > MAX_PART_BYTES for part in parts):
        raise ImageError(f"a part of the filename is longer than {MAX_PART_BYTES} bytes")
    filename = "/".join(parts)
    if len(filename.encode()) > MAX_FILENAME_BYTES:
        raise ImageError(f"the filename is longer than {MAX_FILENAME_BYTES} bytes")
    return filename
