"""Blobs: bytes under a key, in a local folder, an S3-compatible store or memory, behind one Protocol.

A put is atomic and creates: readers see all of a blob or none, and other bytes never replace it unless asked.
This module knows no table and no format.
"""

import contextlib
import ctypes
import errno
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.exceptions import NotFoundError as MissingError
from obstore.store import LocalStore, MemoryStore, S3Store

from segloop_store import blob_keys
from segloop_store.clock import new_id
from segloop_store.config import StoreSettings
from segloop_store.errors import BlobNotFoundError, ConflictError, StorageError, StoreError

CHUNK_BYTES = 4 * 1024 * 1024


class BlobStore(Protocol):
    """Where arrays and files are kept. Keys come from `segloop_store.blob_keys`.

    Every method may raise StorageError (disk full, no permission, no answer) and BlobKeyError.
    """

    def get(self, key: str) -> bytes:
        """The whole blob. Raises BlobNotFoundError."""

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """`length` bytes from `start` on, fewer at the end. Raises BlobNotFoundError."""

    def get_file(self, key: str, path: Path) -> None:
        """Write the blob to `path`, which appears whole or not at all. Raises BlobNotFoundError."""

    def stream(self, key: str) -> Iterator[bytes]:
        """The blob in chunks; it is opened, and BlobNotFoundError raised, before this returns."""

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> None:
        """Keep `data`. The same bytes again are fine; others raise ConflictError unless `overwrite`."""

    def put_file(self, key: str, path: Path, *, overwrite: bool = False) -> None:
        """Keep a file of any size without holding it in memory; otherwise as `put`."""

    def exists(self, key: str) -> bool:
        """True when there is such a blob."""

    def size(self, key: str) -> int:
        """The blob's bytes. Raises BlobNotFoundError."""

    def delete(self, key: str) -> None:
        """Remove the blob; nothing happens when there is none."""

    def settle(self) -> None:
        """Return once all that was put survives a power cut: before the row that names it is committed."""

    def check(self) -> None:
        """Write, read and delete a small blob. Raises StorageError when that does not work."""


class ObjectBlobStore:
    """A BlobStore over any store of `obstore`."""

    def __init__(self, store: LocalStore | S3Store | MemoryStore) -> None:
        self._store = store

    def get(self, key: str) -> bytes:
        """See BlobStore."""
        with _clear_errors(key):
            return obstore.get(self._store, key).bytes().to_bytes()

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """See BlobStore."""
        length = min(length, self.size(key) - start)
        if start < 0 or length <= 0:
            return b""
        with _clear_errors(key):
            return obstore.get_range(self._store, key, start=start, length=length).to_bytes()

    def get_file(self, key: str, path: Path) -> None:
        """See BlobStore."""
        chunks = self.stream(key)
        partial = path.with_name(f".{path.name}.{new_id().hex}")
        try:
            with partial.open("wb") as file:
                for chunk in chunks:
                    file.write(chunk)
            partial.replace(path)
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {os.strerror(error.errno or 0)}") from error
        finally:
            partial.unlink(missing_ok=True)

    def stream(self, key: str) -> Iterator[bytes]:
        """See BlobStore."""
        with _clear_errors(key):
            chunks = obstore.get(self._store, key).stream(min_chunk_size=CHUNK_BYTES)
        return self._bytes_of(key, chunks)

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> None:
        """See BlobStore."""
        with _clear_errors(key):
            if overwrite:
                obstore.put(self._store, key, data, use_multipart=False)
                return
            try:
                obstore.put(self._store, key, data, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                self._refuse_other_bytes(key, len(data), hashlib.sha256(data).digest())

    def put_file(self, key: str, path: Path, *, overwrite: bool = False) -> None:
        """See BlobStore. Creation is checked first, not atomically: such keys have one writer, a job."""
        if not overwrite and self.exists(key):
            with path.open("rb") as file:
                self._refuse_other_bytes(
                    key, path.stat().st_size, hashlib.file_digest(file, "sha256").digest()
                )
            return
        with _clear_errors(key):
            obstore.put(self._store, key, path)

    def exists(self, key: str) -> bool:
        """See BlobStore."""
        try:
            self.size(key)
        except BlobNotFoundError:
            return False
        return True

    def size(self, key: str) -> int:
        """See BlobStore."""
        with _clear_errors(key):
            return obstore.head(self._store, key)["size"]

    def delete(self, key: str) -> None:
        """See BlobStore."""
        with contextlib.suppress(BlobNotFoundError), _clear_errors(key):
            obstore.delete(self._store, key)

    def settle(self) -> None:
        """See BlobStore. Object stores answer when it is so, and memory never is."""

    def check(self) -> None:
        """See BlobStore."""
        key = blob_keys.probe(new_id().hex)
        self.put(key, b"segloop")
        found = self.get(key)
        self.delete(key)
        if found != b"segloop":
            raise StorageError("blob storage gave back other bytes than it was given")

    def _bytes_of(self, key: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        with _clear_errors(key):
            for chunk in chunks:
                yield bytes(chunk)

    def _refuse_other_bytes(self, key: str, size: int, sha256: bytes) -> None:
        digest = hashlib.sha256()
        if self.size(key) == size:
            for chunk in self.stream(key):
                digest.update(chunk)
        if digest.digest() != sha256:
            raise ConflictError(f"blob {key} exists with other bytes, and blobs are not overwritten")


class FolderBlobStore(ObjectBlobStore):
    """A BlobStore in a local folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(LocalStore(folder))
        self._folder = folder

    def settle(self) -> None:
        """See BlobStore. Synced one by one blobs cost 14 ms each; so, 100 of them 20 ms (2026-11)."""
        try:
            _sync_file_system(self._folder)
        except OSError as error:
            raise StorageError(f"{self._folder} cannot be synced: {os.strerror(error.errno or 0)}") from error


def _sync_file_system(folder: Path) -> None:
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:  # only Linux has it
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), "syncfs")
    finally:
        os.close(descriptor)


def open_blobs(settings: StoreSettings) -> BlobStore:
    """The blob store the settings name.

    Raises:
        StoreError: the address is of no known kind.
        StorageError: the folder cannot be made.
    """
    address = urlsplit(settings.blob_url)
    if address.scheme == "file":
        return _open_folder(Path(unquote(address.path)))
    if address.scheme == "memory":
        return ObjectBlobStore(MemoryStore())
    if address.scheme == "s3":
        return ObjectBlobStore(_open_s3(address.netloc, address.path.strip("/"), settings))
    raise StoreError(f"blob_url {settings.blob_url!r}: use file:///folder, s3://bucket/prefix or memory://")


def _open_folder(folder: Path) -> BlobStore:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {os.strerror(error.errno or 0)}") from error
    return FolderBlobStore(folder)


def _open_s3(bucket: str, prefix: str, settings: StoreSettings) -> S3Store:
    return S3Store(
        bucket,
        prefix=prefix or None,
        endpoint=settings.s3_endpoint or None,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key or None,
        secret_access_key=settings.s3_secret_key.get_secret_value() or None,
        virtual_hosted_style_request=False,
        client_options={
            "allow_http": settings.s3_endpoint.startswith("http://"),
            "connect_timeout": "5s",
            "timeout": "300s",
        },
        # the library's own default goes on for three minutes: a request of a page would hang that long
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=15)},
    )


@contextlib.contextmanager
def _clear_errors(key: str) -> Iterator[None]:
    """Check the key, and turn what the storage says into one of our errors with one clear line."""
    blob_keys.check_key(key)
    try:
        yield
    except (MissingError, FileNotFoundError) as error:
        raise BlobNotFoundError(f"there is no blob {key}") from error
    except (AlreadyExistsError, PreconditionError):
        raise
    except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
        raise StorageError(_refused(key)) from error
    except (BaseError, OSError) as error:
        raise StorageError(_reason(key, str(error))) from error


def _refused(key: str) -> str:
    return f"blob storage refuses {key}: check the folder's permissions or the store's access key"


def _reason(key: str, message: str) -> str:
    code = re.search(r"os error (\d+)", message)
    if code is None:
        return f"blob storage failed for {key}: {message.splitlines()[0] if message else 'no reason given'}"
    number = int(code.group(1))
    text = os.strerror(number)
    if number in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return _refused(key)
    if number in {errno.EFBIG, errno.ENOSPC, errno.EDQUOT}:
        return f"no room for {key} ({text}): free some disk space and try again"
    return f"blob storage failed for {key}: {text}"
