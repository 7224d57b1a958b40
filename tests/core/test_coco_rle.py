import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from segloop.errors import FormatError
from segloop.formats.coco_rle import read_coco_categories, read_coco_rle
from segloop.formats.records import ExportImage
from segloop.formats.sidecar import SIDECAR_NAME
from segloop.label_maps import UNLABELLED, VOID
from tests.support.exports import (
    NAMES,
    read_export,
    some_images,
    thin_image,
    with_json,
    without_file,
    write_export,
)


def test_coco_without_its_sidecar_has_unlabelled_where_no_class_is(tmp_path: Path) -> None:
    image = ExportImage(
        filename="b.jpg", width=3, height=1, label_map=np.array([[1, VOID, UNLABELLED]], np.uint8)
    )
    write_export("coco_rle", tmp_path / "export.zip", [image])
    (found,) = read_export("coco_rle", without_file(tmp_path / "export.zip", SIDECAR_NAME))
    assert not found.has_sidecar
    assert found.label_map.tolist() == [[1, UNLABELLED, UNLABELLED]]


# pycocotools' own conversion to numpy is of before numpy 2
@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_coco_is_what_pycocotools_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = some_images()
    write_export("coco_rle", tmp_path / "export", images)
    coco = COCO(str(tmp_path / "export/annotations.json"))
    capsys.readouterr()
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == NAMES
    for image_id, image in zip(coco.getImgIds(), images, strict=True):
        entry = coco.loadImgs(image_id)[0]
        assert (entry["file_name"], entry["width"], entry["height"]) == (
            image.filename,
            image.width,
            image.height,
        )
        known = np.full_like(image.label_map, UNLABELLED)
        for annotation in coco.loadAnns(coco.getAnnIds(image_id)):
            mask = coco.annToMask(annotation).astype(bool)
            known[mask] = annotation["category_id"] - 1
            rows, columns = np.nonzero(mask)
            assert annotation["area"] == len(rows)
            assert annotation["bbox"] == [
                columns.min(),
                rows.min(),
                np.ptp(columns) + 1,
                np.ptp(rows) + 1,
            ]
        expected = np.where(image.label_map < VOID, image.label_map, UNLABELLED)
        np.testing.assert_array_equal(known, expected)


def test_golden_mask_is_written_to_the_byte(tmp_path: Path) -> None:
    label_map = np.full((4, 6), UNLABELLED, np.uint8)
    label_map[[1, 1, 2, 2, 2], [2, 4, 2, 3, 4]] = 1
    write_export(
        "coco_rle", tmp_path / "out", [ExportImage(filename="g.png", width=6, height=4, label_map=label_map)]
    )
    content = json.loads((tmp_path / "out/annotations.json").read_text())
    assert content["annotations"] == [
        {
            "id": 1,
            "image_id": 1,
            "category_id": 2,
            "segmentation": {"size": [4, 6], "counts": "923OO13"},
            "area": 5,
            "bbox": [2, 1, 3, 2],
            "iscrowd": 0,
        }
    ]


def test_coco_predictions_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    label_map = np.full((2, 2), UNLABELLED, np.uint8)
    image = ExportImage(
        filename="p.jpg", width=2, height=2, label_map=label_map, prediction=np.zeros((2, 2), np.uint8)
    )
    write_export("coco_rle", tmp_path / "both", [image])
    assert json.loads((tmp_path / "both/annotations.json").read_text())["annotations"] == []
    predictions = json.loads((tmp_path / "both/predictions.json").read_text())
    assert [entry["area"] for entry in predictions["annotations"]] == [4]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda content: content.pop("categories"), "list of objects"),
        (lambda content: content.update(categories=[]), "0 categories"),
        (lambda content: content["categories"].append(content["categories"][0]), "listed twice"),
        (lambda content: content["images"][0].update(width="70"), "no width and height"),
        (lambda content: content["images"][0].update(id=[1]), "whole number"),
        (lambda content: content["images"][0].update(width=10**9), "more than"),
        (lambda content: content["annotations"][0].update(image_id=77), "does not list"),
        (lambda content: content["annotations"][0].update(image_id=[1]), "whole number"),
        (lambda content: content["annotations"][0].update(category_id=77), "category 77 is not listed"),
        (lambda content: content["annotations"][0].update(category_id={}), "whole number"),
        (
            lambda content: content["annotations"][0].update(segmentation=[[0, 0, 1, 1]]),
            "polygons lose pixels",
        ),
        (
            lambda content: content["annotations"].append({**content["annotations"][0], "category_id": 1}),
            "overlap",
        ),
    ],
)
def test_a_coco_file_that_contradicts_itself_is_refused(tmp_path: Path, change: Any, reason: str) -> None:
    write_export("coco_rle", tmp_path / "export.zip", [thin_image()])
    with pytest.raises(FormatError, match=reason):
        read_export("coco_rle", with_json(tmp_path / "export.zip", "annotations.json", change))


def test_coco_of_other_tools_may_spell_runs_as_lists_and_repeat_a_class(tmp_path: Path) -> None:
    left, right = np.zeros((2, 3), bool), np.zeros((2, 3), bool)
    left[:, 0], right[:, 2] = True, True
    annotations = [
        {"image_id": 9, "category_id": 40, "segmentation": {"size": [2, 3], "counts": [0, 2, 4]}},
        {
            "image_id": 9,
            "category_id": 40,
            "segmentation": {
                "size": [2, 3],
                "counts": coco_mask.encode(np.asfortranarray(right.view(np.uint8)))["counts"].decode(),
            },
        },
    ]
    content = {
        "categories": [{"id": 7, "name": "sky"}, {"id": 40, "name": "pole"}],
        "images": [{"id": 9, "file_name": "x.jpg", "width": 3, "height": 2}],
        "annotations": annotations,
    }
    (tmp_path / "annotations.json").write_text(json.dumps(content))
    (found,) = read_coco_rle(tmp_path)
    np.testing.assert_array_equal(found.label_map, np.where(left | right, 1, UNLABELLED))
    assert read_coco_categories(tmp_path) == ("sky", "pole")
