import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segloop.errors import FormatError, LabelMapError, ShapeError
from segloop.formats.archives import reading, writing
from segloop.formats.coco_rle import read_coco_categories, write_coco_rle
from segloop.formats.index_png import write_index_png
from segloop.formats.json_files import JsonListSpool
from segloop.formats.records import ExportImage, ImportImage
from segloop.formats.sidecar import SIDECAR_NAME, SidecarSpool, read_sidecar
from segloop.label_maps import UNLABELLED, VOID
from segloop.settings import Split
from tests.support.exports import (
    COLORS,
    FORMATS,
    NAMES,
    REGION,
    TARGETS,
    random_image,
    read_export,
    some_images,
    thin_image,
    with_json,
    write_export,
)


def assert_same(found: list[ImportImage], written: list[ExportImage]) -> None:
    by_name = {image.filename: image for image in found}
    assert sorted(by_name) == sorted(image.filename for image in written)
    for image in written:
        again = by_name[image.filename]
        np.testing.assert_array_equal(again.label_map, image.label_map)
        assert (again.split, again.regions, again.has_sidecar) == (image.split, image.regions, True)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("target", TARGETS)
def test_every_pixel_and_record_comes_back(tmp_path: Path, name: str, target: str) -> None:
    write_export(name, tmp_path / target, some_images())
    assert_same(read_export(name, tmp_path / target), some_images())


@settings(max_examples=25, deadline=None)
@given(seeds=st.lists(st.integers(0, 2**31), min_size=1, max_size=4))
@pytest.mark.parametrize("name", FORMATS)
def test_random_label_maps_come_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, seeds: list[int]
) -> None:
    path = tmp_path_factory.mktemp("random") / "export.zip"
    images = [random_image(seed, f"{number}.jpg") for number, seed in enumerate(seeds)]
    write_export(name, path, images)
    assert_same(read_export(name, path), images)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_content_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    for target in ("one.zip", "two.zip"):
        write_export(name, tmp_path / target, some_images())
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_sidecar_says_of_each_region_what_was_done(tmp_path: Path) -> None:
    label_map = np.array([[0, VOID, UNLABELLED]], np.uint8)
    image = ExportImage(
        filename="a.jpg", width=3, height=1, label_map=label_map, split=Split.POOL, regions=(REGION,)
    )
    write_export("index_png", tmp_path / "out", [image])
    assert json.loads((tmp_path / "out/regions.json").read_text()) == {
        "segloop": {"content": "regions", "version": 1},
        "images": [
            {
                "filename": "a.jpg",
                "split": "pool",
                "width": 3,
                "height": 1,
                "label_map": "label_maps/a.png",
                "void": {"size": [1, 3], "counts": [1, 1, 1]},
                "unlabelled": {"size": [1, 3], "counts": [2, 1]},
                "regions": [
                    {
                        "index": 5,
                        "bbox": [3, 0, 2, 4],
                        "round": 2,
                        "annotator": "ada",
                        "kind": "dominant",
                        "model_version": None,
                        "annotation_seconds": 4.25,
                        "num_clicks": 1,
                    }
                ],
            }
        ],
    }


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_without_images_is_read_as_none(tmp_path: Path, name: str) -> None:
    write_export(name, tmp_path / "export.zip", [])
    assert read_export(name, tmp_path / "export.zip") == []
    if name == "coco_rle":
        assert read_coco_categories(tmp_path / "export.zip") == tuple(NAMES)


@pytest.mark.parametrize("name", FORMATS)
def test_a_failed_export_leaves_no_zip_behind(tmp_path: Path, name: str) -> None:
    wrong_class = ExportImage(filename="b.jpg", width=1, height=1, label_map=np.array([[3]], np.uint8))
    wrong_size = ExportImage(filename="b.jpg", width=2, height=1, label_map=np.array([[0]], np.uint8))
    good = random_image(1, "a.jpg")
    for images, error in (
        ([good, wrong_class], LabelMapError),
        ([good, wrong_size], ShapeError),
        ([good, good], FormatError),
    ):
        with pytest.raises(error):
            write_export(name, tmp_path / "export.zip", images)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FORMATS)
def test_memory_of_an_export_does_not_grow_with_its_images(tmp_path: Path, name: str) -> None:
    def images(count: int) -> Iterator[ExportImage]:
        for number in range(count):
            label_map: NDArray[np.uint8] = np.full((200, 200), number % 3, np.uint8)
            yield ExportImage(filename=f"{number}.jpg", width=200, height=200, label_map=label_map)

    def peak_bytes(count: int) -> int:
        tracemalloc.start()
        path = tmp_path / f"{count}.zip"
        if name == "index_png":
            filenames = [f"{number}.jpg" for number in range(count)]
            write_index_png(path, images(count), class_names=NAMES, colors=COLORS, filenames=filenames)
        else:
            write_coco_rle(path, images(count), class_names=NAMES, colors=COLORS)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_bytes(2)  # imports and caches
    assert peak_bytes(60) - peak_bytes(10) < 10 * 200 * 200


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda content: content.pop("segloop"), "another version"),
        (lambda content: content.update(segloop={"version": 2}), "another version"),
        (lambda content: content.update(images={}), "list of objects"),
        (lambda content: content["images"][0].pop("filename"), "no filename"),
        (lambda content: content["images"][0].update(split="train"), "train"),
        (lambda content: content["images"][0].update(void={"size": [1, 1], "counts": [1]}), "differ in size"),
        (lambda content: content["images"][0].update(void=content["images"][0]["unlabelled"]), "says both"),
        (lambda content: content["images"][0].update(regions=[{}]), "index"),
        (lambda content: content["images"].append(content["images"][0]), "twice"),
    ],
)
def test_a_sidecar_that_contradicts_itself_is_refused(tmp_path: Path, change: Any, reason: str) -> None:
    write_export("coco_rle", tmp_path / "export.zip", [thin_image()])
    with pytest.raises(FormatError, match=reason):
        read_export("coco_rle", with_json(tmp_path / "export.zip", SIDECAR_NAME, change))


def test_sidecar_can_stand_alone(tmp_path: Path) -> None:
    image = thin_image()
    with writing(tmp_path / "alone.zip") as archive, JsonListSpool() as spool:
        sidecar = SidecarSpool(spool)
        sidecar.add(image, label_map_name=None)
        sidecar.finish(archive)
    with reading(tmp_path / "alone.zip") as archive:
        entry = read_sidecar(archive)["thin.jpg"]
    classes_only = np.where(image.label_map < VOID, image.label_map, UNLABELLED).astype(np.uint8)
    np.testing.assert_array_equal(entry.restore(classes_only), image.label_map)
