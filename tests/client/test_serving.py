"""What is checked before a server is started."""

import socket
from pathlib import Path

import pytest

from segloop_client.errors import ClientError
from segloop_client.serving import ServeOptions, check_data_dir, check_port


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


def test_the_page_of_every_address_is_found_on_this_machine() -> None:
    options = ServeOptions("0.0.0.0", 8000, Path(), opens_browser=False)

    assert options.url == "http://127.0.0.1:8000"
