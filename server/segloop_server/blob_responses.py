"""Blobs as HTTP answers: ETag, caching, one byte range."""

import re
from collections.abc import Iterator
from email.utils import quote
from urllib.parse import quote as percent_encode

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from segloop_server.errors import RangeError
from segloop_store.blobs import BlobStore

IMMUTABLE = "private, max-age=31536000, immutable"
"""For bytes that never change under their URL; private, because they are for members only."""
FRESH = "private, no-cache"
"""For bytes that may change: kept, but asked about each time."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_CHUNK_BYTES = 4 << 20


def blob_response(
    request: Request,
    blobs: BlobStore,
    key: str,
    *,
    media_type: str,
    etag: str,
    cache_control: str = IMMUTABLE,
    download_as: str | None = None,
) -> Response:
    """The blob under a key, or the range of it that was asked for, or 304.

    Args:
        request: for its Range and If-None-Match.
        blobs: where the key is.
        key: the blob's.
        media_type: of its bytes.
        etag: without quotes; the same as long as the bytes are.
        cache_control: one of the above.
        download_as: a filename makes it a download.

    Raises:
        BlobNotFoundError: there is no such blob.
        RangeError: the range is outside.
    """
    headers = {"ETag": f'"{etag}"', "Cache-Control": cache_control, "Accept-Ranges": "bytes"}
    if is_fresh(request, etag):
        return Response(status_code=304, headers=headers)
    if download_as is not None:
        headers["Content-Disposition"] = _attachment(download_as)
    size = blobs.size(key)
    wanted = _wanted_range(request, size, etag)
    if wanted is None:
        headers["Content-Length"] = str(size)
        return StreamingResponse(blobs.stream(key), media_type=media_type, headers=headers)
    start, end = wanted
    headers |= {"Content-Length": str(end - start), "Content-Range": f"bytes {start}-{end - 1}/{size}"}
    return StreamingResponse(
        _range_chunks(blobs, key, start, end), status_code=206, media_type=media_type, headers=headers
    )


def bytes_response(
    request: Request, data: bytes, *, media_type: str, etag: str, cache_control: str
) -> Response:
    """Bytes at hand, or 304."""
    headers = {"ETag": f'"{etag}"', "Cache-Control": cache_control}
    if is_fresh(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type, headers=headers)


def is_fresh(request: Request, etag: str) -> bool:
    """Whether the caller has these bytes already."""
    given = request.headers.get("If-None-Match", "")
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in given.split(",")}
    return etag in tags or "*" in tags


def _wanted_range(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """(start, end) of the one range asked for; None = all of it, as for whatever we do not understand."""
    found = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    condition = request.headers.get("If-Range")
    if found is None or (condition is not None and condition.strip('"') != etag):
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    if start >= end:
        raise RangeError(size)
    return start, end


def _range_chunks(blobs: BlobStore, key: str, start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, _CHUNK_BYTES):
        yield blobs.get_range(key, at, min(_CHUNK_BYTES, end - at))


def _attachment(filename: str) -> str:
    name = filename.rsplit("/", 1)[-1]
    plain = quote(name.encode("ascii", "replace").decode())
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{percent_encode(name, safe='')}"
