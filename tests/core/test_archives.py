import zipfile
from pathlib import Path

import numpy as np
import pytest

from segloop.errors import FormatError
from segloop.formats.archives import check_name, writing
from segloop.formats.index_png import read_index_png_classes
from tests.support.exports import (
    FORMATS,
    read_export,
    some_images,
    write_export,
)


def test_a_folder_that_holds_files_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export/notes.txt").write_text("mine")
    with pytest.raises(FormatError, match="not an empty folder"):
        write_export("index_png", tmp_path / "export", [])


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../up.png", "a/../../b", "..\\b", "C:/x", "a\0b"])
def test_names_that_lead_out_of_an_archive_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match="leads out"):
        check_name(name)
    with pytest.raises(FormatError), writing(tmp_path / "out.zip") as archive:
        archive.write(name, b"")
    assert list(tmp_path.iterdir()) == []


def test_a_zip_with_a_name_that_leads_out_of_it_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "slip.zip", "w") as archive:
        archive.writestr("../evil.png", b"")
    with pytest.raises(FormatError, match="leads out"):
        read_export("index_png", tmp_path / "slip.zip")


def test_files_of_an_archive_are_read_up_to_a_limit(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("classes.json", bytes(5 << 20))
    with pytest.raises(FormatError, match="larger than the 1 MB"):
        read_index_png_classes(tmp_path / "bomb.zip")


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    for path in (tmp_path / "text.zip", tmp_path / "missing.zip", tmp_path):
        with pytest.raises(FormatError):
            read_export(name, path)


def test_a_damaged_zip_is_a_format_error(tmp_path: Path) -> None:
    write_export("index_png", tmp_path / "export.zip", some_images())
    good = (tmp_path / "export.zip").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        broken = bytearray(good)
        for place in rng.integers(0, len(good), 12):
            broken[place] = rng.integers(256)
        (tmp_path / "broken.zip").write_bytes(bytes(broken))
        try:
            read_export("index_png", tmp_path / "broken.zip")
        except FormatError:
            continue
