"""Receives uploads: multipart parts and raw bodies go to files as they arrive, never into memory.

FastAPI's own form parsing reads the whole body before it asks who is calling, and holds a descriptor a file;
here the caller is known first and one file is open at a time.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, cast

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from segloop_server.config import ServerSettings
from segloop_server.errors import InvalidFieldError, TooLargeError
from segloop_store.errors import StorageError
from segloop_store.incoming import IncomingFile

_FEED_BYTES = 1 << 20
_MAX_FIELD_BYTES = 64 * 1024
_MAX_FIELDS = 100


class Receiver(Protocol):
    """Takes a body in pieces."""

    def feed(self, data: bytes) -> None:
        """Take the next piece."""


class FormReceiver:
    """A multipart form: files to a folder, fields to `fields`.

    Args:
        content_type: the request's header, with the boundary.
        folder: an existing one.
        file_field: the one part name that carries files.
        settings: limits.

    Raises:
        InvalidFieldError: the body is no multipart form, here or from `feed` and `finish`.
    """

    def __init__(self, content_type: str, folder: Path, file_field: str, settings: ServerSettings) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or b"boundary" not in options:
            raise InvalidFieldError("Content-Type", "must be multipart/form-data with a boundary")
        self.files: list[IncomingFile] = []
        self.fields: dict[str, str] = {}
        self._folder = folder
        self._file_field = file_field
        self._settings = settings
        self._part: _FilePart | None = None
        self._field_name = ""
        self._field = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._is_ended = False
        try:
            self._parser = MultipartParser(options[b"boundary"], cast("Any", self._callbacks()))
        except FormParserError as error:
            raise InvalidFieldError("Content-Type", str(error)) from error

    def feed(self, data: bytes) -> None:
        """Take the next piece of the body."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise InvalidFieldError("body", "this is no multipart form") from error

    def finish(self) -> None:
        """Make sure the form is whole."""
        if not self._is_ended:
            raise InvalidFieldError("body", "the multipart form ends before its closing boundary")

    def close(self) -> None:
        """Let go of the file a form that broke off was writing; what it still buffers is nobody's."""
        if self._part is not None:
            with suppress(OSError):
                self._part.close()

    def _callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }

    def _on_part_begin(self) -> None:
        self._headers = {}
        self._part = None
        self._field.clear()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._field_name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            if len(self.fields) >= _MAX_FIELDS:
                raise TooLargeError(f"a form has at most {_MAX_FIELDS} fields")
            return
        if self._field_name != self._file_field:
            raise InvalidFieldError(self._field_name, f"files go into the field {self._file_field!r}")
        if len(self.files) >= self._settings.max_upload_files:
            raise TooLargeError(
                f"one request takes at most {self._settings.max_upload_files} files: send the rest in another"
            )
        # a name that is no UTF-8 keeps its broken bytes as surrogates, which the filename rule refuses
        filename = options[b"filename"].decode("utf-8", "surrogateescape")
        path = self._folder / f"{len(self.files):06d}"
        self._part = _FilePart(filename, path, self._settings.max_file_bytes)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._part is not None:
            self._part.write(data[start:end])
            return
        self._field += data[start:end]
        if len(self._field) > _MAX_FIELD_BYTES:
            raise TooLargeError(f"the field {self._field_name!r} is longer than {_MAX_FIELD_BYTES} bytes")

    def _on_part_end(self) -> None:
        if self._part is not None:
            self.files.append(self._part.finish())
            self._part = None
        else:
            self.fields[self._field_name] = self._field.decode("utf-8", "replace")

    def _on_end(self) -> None:
        self._is_ended = True


class _FilePart:
    """One file on its way to disk; beyond the limit its bytes are dropped and it is refused alone."""

    def __init__(self, raw_filename: str, path: Path, max_bytes: int) -> None:
        self._raw_filename = raw_filename
        self._path = path
        self._max_bytes = max_bytes
        self._file = path.open("wb")
        self._sha256 = hashlib.sha256()
        self._num_bytes = 0

    def write(self, data: bytes) -> None:
        self._num_bytes += len(data)
        if self._num_bytes <= self._max_bytes:
            self._file.write(data)
            self._sha256.update(data)

    def close(self) -> None:
        self._file.close()

    def finish(self) -> IncomingFile:
        self.close()
        is_too_large = self._num_bytes > self._max_bytes
        if is_too_large:
            self._path.unlink()
        return IncomingFile(
            raw_filename=self._raw_filename,
            path=self._path,
            sha256=self._sha256.hexdigest(),
            num_bytes=self._num_bytes,
            refusal=f"the file is larger than {self._max_bytes} bytes" if is_too_large else None,
        )


class FileReceiver:
    """A raw body that goes to one file."""

    def __init__(self, path: Path) -> None:
        self.num_bytes = 0
        self._path = path
        self._path.touch()

    def feed(self, data: bytes) -> None:
        """Append the next piece."""
        self.num_bytes += len(data)
        with self._path.open("ab") as file:
            file.write(data)


async def receive(request: Request, receiver: Receiver) -> None:
    """Feed a request's whole body to a receiver, a mebibyte at a time, off the event loop.

    Raises:
        StorageError: the disk is full.
    """
    waiting = bytearray()
    async for chunk in request.stream():
        waiting += chunk
        if len(waiting) >= _FEED_BYTES:
            await _feed(receiver, bytes(waiting))
            waiting.clear()
    await _feed(receiver, bytes(waiting))


async def _feed(receiver: Receiver, data: bytes) -> None:
    try:
        await run_in_threadpool(receiver.feed, data)
    except OSError as error:
        raise StorageError("the upload could not be kept: is the server's disk full?") from error


def new_folder(parent: Path) -> Path:
    """A fresh folder for one request."""
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=parent))


def remove_folder(folder: Path) -> None:
    """Forget a request's files."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
