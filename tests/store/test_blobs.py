"""What a full disk, a missing permission or a silent server look like, and where blobs are opened."""

import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from segloop_store.blobs import open_blobs
from segloop_store.config import StoreSettings
from segloop_store.errors import BlobNotFoundError, StorageError, StoreError
from tests.support.object_store import S3Server
from tests.support.processes import free_ports

KEY = "archives/a"

_FILL = """
import resource, sys
from segloop_store.blobs import open_blobs
from segloop_store.config import StoreSettings
from segloop_store.errors import StorageError
blobs = open_blobs(StoreSettings(blob_url=sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    blobs.put("archives/a", b"x" * 2000)
except StorageError as error:
    print(error)
print(blobs.exists("archives/a"))
"""

_WRITE_AS_NOBODY = """
import os, sys
from segloop_store.blobs import open_blobs
from segloop_store.config import StoreSettings
from segloop_store.errors import StorageError
blobs = open_blobs(StoreSettings(blob_url=sys.argv[1]))
if os.geteuid() == 0:  # root may write anywhere
    os.setuid(65534)
try:
    blobs.put("archives/a", b"x")
except StorageError as error:
    print(error)
"""


def _folder_settings(folder: Path) -> StoreSettings:
    return StoreSettings(blob_url=folder.as_uri())


def test_file_the_disk_has_no_room_for_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", _FILL, tmp_path.as_uri()], capture_output=True, text=True, check=True
    )

    message, exists = done.stdout.splitlines()
    assert message == "no room for archives/a (File too large): free some disk space and try again"
    assert exists == "False"


def test_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    blobs = open_blobs(_folder_settings(tmp_path))
    (tmp_path / "archives").write_bytes(b"a file where a folder belongs")

    with pytest.raises(StorageError, match=r"(?i)not a directory|file exists"):
        blobs.put(KEY, b"x")


def test_folder_without_permission_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-c", _WRITE_AS_NOBODY, tmp_path.as_uri()],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == (
        "blob storage refuses archives/a: check the folder's permissions or the store's access key\n"
    )


def test_settling_syncs_the_folders_file_system_or_says_that_it_cannot(tmp_path: Path) -> None:
    blobs = open_blobs(_folder_settings(tmp_path / "blobs"))
    blobs.put(KEY, b"x")
    blobs.settle()
    assert blobs.get(KEY) == b"x"

    shutil.rmtree(tmp_path / "blobs")
    with pytest.raises(StorageError, match="cannot be synced: No such file"):
        blobs.settle()


def test_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be made"):
        open_blobs(_folder_settings(tmp_path / "file" / "blobs"))


def test_folder_with_spaces_and_letters_of_all_kinds_is_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "Blöbs & co %20"
    open_blobs(_folder_settings(folder)).put(KEY, b"x")

    assert (folder / KEY).read_bytes() == b"x"


def test_target_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    blobs = open_blobs(_folder_settings(tmp_path))
    blobs.put(KEY, b"x")
    with pytest.raises(StorageError, match="cannot be written"):
        blobs.get_file(KEY, tmp_path / "missing" / "file")


def test_silent_server_is_a_storage_error_soon() -> None:
    (port,) = free_ports(1)
    blobs = open_blobs(
        StoreSettings(
            blob_url="s3://bucket",
            s3_endpoint=f"http://127.0.0.1:{port}",
            s3_access_key="a",
            s3_secret_key="b",
        )
    )
    with pytest.raises(StorageError, match="blob storage failed") as caught:
        blobs.check()
    assert not isinstance(caught.value, BlobNotFoundError)


def test_wrong_key_is_refused_with_the_way_out(s3: S3Server) -> None:
    settings = s3.settings()
    settings.s3_access_key = "somebody-else"
    with pytest.raises(StorageError, match="access key"):
        open_blobs(settings).check()


def test_unknown_kind_of_address_is_refused() -> None:
    with pytest.raises(StoreError, match="file:///folder"):
        open_blobs(StoreSettings(blob_url="ftp://host/blobs"))
