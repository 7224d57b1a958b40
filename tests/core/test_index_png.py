import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segloop.errors import FormatError
from segloop.formats.classes import decode_classes
from segloop.formats.index_png import read_index_png_classes, write_index_png
from segloop.formats.records import ExportImage, label_map_names
from segloop.formats.sidecar import SIDECAR_NAME
from segloop.label_maps import UNLABELLED, VOID, decode_index_png, encode_index_png
from tests.support.exports import (
    COLORS,
    NAMES,
    random_image,
    read_export,
    thin_image,
    without_file,
    write_export,
)


def test_index_png_puts_files_where_the_contract_says(tmp_path: Path) -> None:
    image = random_image(4, "deep/b.jpg", prediction=np.zeros((1, 1), np.uint8))
    image = ExportImage(**{**vars(image), "prediction": np.zeros_like(image.label_map)})
    write_export("index_png", tmp_path / "export.zip", [image])
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        assert sorted(archive.namelist()) == [
            "classes.json",
            "label_maps/deep/b.png",
            "predictions/deep/b.png",
            "regions.json",
        ]
        np.testing.assert_array_equal(
            decode_index_png(archive.read("label_maps/deep/b.png")), image.label_map
        )
        table = decode_classes(archive.read("classes.json"))
        assert table == read_index_png_classes(tmp_path / "export.zip")
    assert (table.names, table.colors, table.ignored_ids) == (tuple(NAMES), tuple(COLORS), (VOID,))


def test_files_that_differ_only_in_ending_keep_it() -> None:
    assert label_map_names(["a.jpg", "a.png", "b.jpg"]) == {
        "a.jpg": "a.jpg.png",
        "a.png": "a.png.png",
        "b.jpg": "b.png",
    }
    chain = label_map_names(["a.jpg", "a.png", "a.jpg.png", "a.jpg.tif"])
    assert len(set(chain.values())) == 4


@given(
    st.lists(st.sampled_from(["a", "a.b", "a.png", "a.b.png", "a.png.png", "a.jpg", "x/a.jpg"]), unique=True)
)
def test_label_map_names_never_collide(filenames: list[str]) -> None:
    assert len(set(label_map_names(filenames).values())) == len(filenames)


def test_index_png_without_its_sidecar_is_read_by_the_names_of_its_files(tmp_path: Path) -> None:
    image = ExportImage(
        filename="deep/b.jpg", width=3, height=1, label_map=np.array([[1, VOID, UNLABELLED]], np.uint8)
    )
    write_export("index_png", tmp_path / "export.zip", [image])
    (found,) = read_export("index_png", without_file(tmp_path / "export.zip", SIDECAR_NAME))
    assert (found.filename, found.has_sidecar, found.regions) == ("deep/b", False, ())
    assert found.label_map.tolist() == [[1, VOID, UNLABELLED]]


def test_a_class_painted_after_the_export_is_kept(tmp_path: Path) -> None:
    image = ExportImage(
        filename="b.jpg", width=3, height=1, label_map=np.array([[1, VOID, UNLABELLED]], np.uint8)
    )
    write_export("index_png", tmp_path / "export", [image])
    edited = np.array([[1, 2, VOID]], np.uint8)  # void filled in; "not asked" written as void by another tool
    (tmp_path / "export/label_maps/b.png").write_bytes(encode_index_png(edited))
    assert read_export("index_png", tmp_path / "export")[0].label_map.tolist() == [[1, 2, UNLABELLED]]


def test_an_image_that_was_not_announced_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="not announced"):
        write_index_png(
            tmp_path / "x.zip", [random_image(1, "a.jpg")], class_names=NAMES, colors=COLORS, filenames=[]
        )


def test_label_maps_that_regions_json_lists_must_be_there(tmp_path: Path) -> None:
    write_export("index_png", tmp_path / "export.zip", [random_image(1, "a.jpg")])
    with pytest.raises(FormatError, match=r"label_maps/a\.png is missing"):
        read_export("index_png", without_file(tmp_path / "export.zip", "label_maps/a.png"))
    with pytest.raises(FormatError, match=r"classes\.json is missing"):
        read_export("index_png", without_file(tmp_path / "export.zip", "classes.json"))


def test_label_maps_that_are_broken_are_named(tmp_path: Path) -> None:
    write_export("index_png", tmp_path / "export", [thin_image()])
    for data, reason in (
        (b"junk", r"label_maps/thin\.png: the file is no PNG"),
        (encode_index_png(np.full((90, 70), 9, np.uint8)), "have the value 9"),
        (encode_index_png(np.zeros((2, 2), np.uint8)), "differ in size"),
    ):
        (tmp_path / "export/label_maps/thin.png").write_bytes(data)
        with pytest.raises(FormatError, match=reason):
            read_export("index_png", tmp_path / "export")
