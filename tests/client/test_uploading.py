"""What is found on disk before an upload."""

from pathlib import Path

import pytest

from segloop_client.errors import ClientError
from segloop_client.uploading import find_images


def test_folders_give_names_relative_to_them(tmp_path: Path) -> None:
    (tmp_path / "day" / "left").mkdir(parents=True)
    for name in ("day/b.JPG", "day/left/a.png", "day/notes.txt"):
        (tmp_path / name).write_bytes(b"x")

    found = find_images([tmp_path])

    assert found == [("day/b.JPG", tmp_path / "day/b.JPG"), ("day/left/a.png", tmp_path / "day/left/a.png")]


def test_a_file_is_taken_whatever_its_suffix(tmp_path: Path) -> None:
    file = tmp_path / "photo.img"
    file.write_bytes(b"x")

    assert find_images([file]) == [("photo.img", file)]


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match=r"gone\.png does not exist"):
        find_images([tmp_path / "gone.png"])


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="no image"):
        find_images([tmp_path])
