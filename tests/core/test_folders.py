import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from segloop.errors import DatasetError
from segloop.folders import FolderDataset, open_folder, write_folder
from segloop.label_maps import UNLABELLED, VOID, encode_index_png
from segloop.settings import Split

CLASSES = [
    {"id": 7, "name": "road", "color": "#804080", "ignore": False},
    {"id": 0, "name": "nothing", "color": "#000000", "ignore": True},
    {"id": 3, "name": "sky", "color": "#4682B4"},
]


def make_folder(root: Path, classes: Any = CLASSES) -> Path:
    (root / "classes.json").write_text(json.dumps({"classes": classes}))
    for name in ("train/a.jpg", "train/city/b.png", "val/c.jpg", "test/d.webp"):
        path = root / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 2), (10, 20, 30)).save(path)
    put_label(root, "train/a", np.array([[7, 3, 0, 7], [7, VOID, UNLABELLED, 3]], np.uint8))
    put_label(root, "test/d", np.full((2, 4), 3, np.uint8))
    return root


def put_label(root: Path, stem: str, ids: NDArray[np.uint8]) -> Path:
    path = root / "labels" / f"{stem}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_index_png(ids))
    return path


def load(dataset: FolderDataset, filename: str) -> NDArray[np.uint8]:
    return dataset.load_label_map(next(item for item in dataset.images if item.filename == filename))


def test_train_is_the_pool_and_names_are_paths_below_the_split(tmp_path: Path) -> None:
    dataset = open_folder(make_folder(tmp_path))
    assert [(item.filename, item.split) for item in dataset.images] == [
        ("a.jpg", Split.POOL),
        ("c.jpg", Split.VALIDATION),
        ("city/b.png", Split.POOL),
        ("d.webp", Split.TEST),
    ]
    assert [item.filename for item in dataset.images_of(Split.POOL)] == ["a.jpg", "city/b.png"]
    assert dataset.images[1].label_path is None
    assert dataset.load_image(dataset.images[2])[0, 0].tolist() == [10, 20, 30]


def test_ignored_ids_become_void_and_the_others_are_renumbered_in_order(tmp_path: Path) -> None:
    dataset = open_folder(make_folder(tmp_path))
    assert dataset.class_names == ("road", "sky")
    assert dataset.colors == ("#804080", "#4682b4")
    assert dataset.source_ids == (7, 3)
    assert dataset.ignored_ids == (0,)
    assert load(dataset, "a.jpg").tolist() == [[0, 1, VOID, 0], [0, VOID, UNLABELLED, 1]]


def test_an_ignored_255_is_void_because_the_file_says_so(tmp_path: Path) -> None:
    listed = [*CLASSES, {"id": 255, "name": "void", "color": "#000000", "ignore": True}]
    assert load(open_folder(make_folder(tmp_path, listed)), "a.jpg")[1, 2] == VOID


def test_a_value_that_classes_json_does_not_list_is_named(tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    put_label(root, "train/a", np.array([[9, 9, 7, 7], [7, 7, 7, 7]], np.uint8))
    with pytest.raises(DatasetError, match=r"a\.png: 2 pixels have the value 9, which classes\.json"):
        load(open_folder(root), "a.jpg")


def test_a_label_map_of_another_size_than_its_image_is_refused(tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    put_label(root, "train/a", np.full((4, 2), 7, np.uint8))
    with pytest.raises(DatasetError, match="2 x 4 pixels, its image 4 x 2"):
        load(open_folder(root), "a.jpg")


def test_label_and_image_files_that_are_broken_are_named(tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    (root / "labels/train/a.png").write_bytes(b"no png")
    (root / "images/test/d.webp").write_bytes(b"no image")
    dataset = open_folder(root)
    with pytest.raises(DatasetError, match=r"labels/train/a\.png: the file is no PNG"):
        load(dataset, "a.jpg")
    with pytest.raises(DatasetError, match=r"images/test/d\.webp: the file is not an image"):
        load(dataset, "d.webp")
    with pytest.raises(DatasetError, match=r"images/test/d\.webp"):
        dataset.load_image(dataset.images_of(Split.TEST)[0])
    with pytest.raises(DatasetError, match="has no label map"):
        load(dataset, "c.jpg")


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ("images/test/a.jpg", r"a\.jpg is in train and test"),
        ("images/train/a.webp", "label map of several images"),
        ("labels/val/x.png", r"x\.png has no image"),
        ("labels/train/a.npy", r"must be a \.png"),
        ("images/train/movie.mp4", "does not end like an image"),
    ],
)
def test_files_that_contradict_each_other_are_refused(tmp_path: Path, extra: str, reason: str) -> None:
    path = make_folder(tmp_path) / extra
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    with pytest.raises(DatasetError, match=reason):
        open_folder(tmp_path)


def test_hidden_and_system_files_are_no_images(tmp_path: Path) -> None:
    root = make_folder(tmp_path)
    for name in (".DS_Store", "Thumbs.db", ".cache/x.txt"):
        path = root / "images/train" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    assert len(open_folder(root).images) == 4


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        ("road", "must be a list"),
        ([], "0 classes"),
        ([3], "no class"),
        ([{"id": 256, "name": "a", "color": "#000000"}], "0 to 255"),
        ([{"id": True, "name": "a", "color": "#000000"}], "0 to 255"),
        ([{"id": 1, "name": " ", "color": "#000000"}], "no name"),
        ([{"id": 1, "name": "a", "color": "red"}], "#804080"),
        ([{"id": 1, "name": "a", "color": "#000000", "ignore": "no"}], "true or false"),
        ([CLASSES[0], {"id": 7, "name": "x", "color": "#000000"}], "id 7 more than once"),
        ([CLASSES[0], {"id": 8, "name": "road", "color": "#000000"}], "name road more than once"),
        ([CLASSES[1]], "0 classes"),
    ],
)
def test_a_class_table_that_contradicts_itself_is_refused(tmp_path: Path, classes: Any, reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        open_folder(make_folder(tmp_path, classes))


def test_a_folder_without_its_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is no folder"):
        open_folder(tmp_path / "missing")
    with pytest.raises(DatasetError, match=r"no classes\.json"):
        open_folder(tmp_path)
    (tmp_path / "classes.json").write_text("{")
    with pytest.raises(DatasetError, match="must be JSON"):
        open_folder(tmp_path)
    (tmp_path / "classes.json").write_text(json.dumps({"classes": CLASSES}))
    with pytest.raises(DatasetError, match="holds no image"):
        open_folder(tmp_path)


def test_what_is_written_is_read_back_exactly(tmp_path: Path) -> None:
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    label_map = np.array([[0, 1, VOID, UNLABELLED], [1, 1, 0, 0]], np.uint8)
    items = [("deep/a.png", Split.POOL, image, label_map), ("b.jpg", Split.TEST, image, None)]
    write_folder(tmp_path, items, class_names=["road", "void"], colors=["#112233", "#445566"])
    dataset = open_folder(tmp_path)
    assert dataset.class_names == ("road", "void")
    np.testing.assert_array_equal(load(dataset, "deep/a.png"), label_map)
    np.testing.assert_array_equal(dataset.load_image(dataset.images_of(Split.POOL)[0]), image)
    assert dataset.images_of(Split.TEST)[0].label_path is None


@pytest.mark.parametrize("filename", ["../a.png", "/etc/a.png", "", "a.bmp", "..\\a.png"])
def test_a_name_that_leads_out_of_the_folder_is_not_written(tmp_path: Path, filename: str) -> None:
    items = [(filename, Split.POOL, np.zeros((2, 2, 3), np.uint8), None)]
    with pytest.raises(DatasetError):
        write_folder(tmp_path / "out", items, class_names=["a"], colors=["#000000"])
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["classes.json"]
