"""What is checked before a server is started."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from segloop_client.data_dir import DataDir, check_data_dir
from segloop_client.errors import ClientError
from segloop_client.serving import ServeOptions, check_port


def test_a_taken_port_is_refused_with_another_to_try() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ClientError, match=f"port {port} .* --port {port + 1}"):
            check_port("127.0.0.1", port)


def test_a_data_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")

    with pytest.raises(ClientError, match="--data-dir"):
        check_data_dir(tmp_path / "file" / "data")


def test_a_data_folder_is_made(tmp_path: Path) -> None:
    check_data_dir(tmp_path / "new" / "data")

    assert list((tmp_path / "new" / "data").iterdir()) == []


def test_a_data_folder_has_one_server_at_a_time_however_the_one_before_ended(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from segloop_client.data_dir import DataDir; "
        "held = DataDir(Path(sys.argv[1])); print(os.getpid(), flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        pid = other.stdout.readline().strip()
        for _ in range(2):
            with pytest.raises(
                ClientError, match=rf"in use by another segloop \(process {pid}\).* --data-dir"
            ):
                DataDir(tmp_path)
        other.kill()
    held = DataDir(tmp_path)
    with pytest.raises(ClientError, match=f"process {os.getpid()}"):
        DataDir(tmp_path)
    held.release()
    DataDir(tmp_path).release()


def test_the_page_of_every_address_is_found_on_this_machine() -> None:
    options = ServeOptions("0.0.0.0", 8000, Path(), opens_browser=False)

    assert options.url == "http://127.0.0.1:8000"
