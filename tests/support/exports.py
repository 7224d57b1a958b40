"""Images to export, and exports with a file missing or changed."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from segloop.formats.coco_rle import read_coco_rle, write_coco_rle
from segloop.formats.index_png import read_index_png, write_index_png
from segloop.formats.records import ExportImage, ImportImage, RegionRecord
from segloop.label_maps import UNLABELLED, VOID
from segloop.settings import AnnotationKind, Split

NAMES = ["road", "sky", "pole"]
COLORS = ["#804080", "#4682b4", "#999999"]
FORMATS = ("index_png", "coco_rle")
TARGETS = ("export.zip", "export")

REGION = RegionRecord(
    index=5,
    bbox=(3, 0, 2, 4),
    round_number=2,
    annotator="ada",
    kind=AnnotationKind.DOMINANT,
    model_version=None,
    annotation_seconds=4.25,
    num_clicks=1,
)


def random_image(seed: int, filename: str, **fields: Any) -> ExportImage:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 14, 2)
    values = [0, 1, 2, VOID, UNLABELLED][: rng.integers(1, 6)]  # some maps are of one class alone
    label_map = rng.choice(values, (height, width)).astype(np.uint8)
    return ExportImage(filename=filename, width=int(width), height=int(height), label_map=label_map, **fields)


def thin_image() -> ExportImage:
    label_map = np.full((90, 70), UNLABELLED, np.uint8)
    label_map[:, 33:35] = 2
    label_map[60:] = VOID
    return ExportImage(filename="thin.jpg", width=70, height=90, label_map=label_map)


def some_images() -> list[ExportImage]:
    version = RegionRecord(**{**vars(REGION), "model_version": 3, "kind": AnnotationKind.EXACT})
    return [
        random_image(1, "city/a.jpg", split=Split.POOL, regions=(REGION, version)),
        random_image(2, "city/a.png", split=Split.TEST),
        random_image(3, "Zürich/straße 1.tif"),
        thin_image(),
    ]


def write_export(name: str, path: Path, images: list[ExportImage]) -> None:
    if name == "index_png":
        filenames = [image.filename for image in images]
        write_index_png(path, iter(images), class_names=NAMES, colors=COLORS, filenames=filenames)
    else:
        write_coco_rle(path, iter(images), class_names=NAMES, colors=COLORS)


def read_export(name: str, path: Path) -> list[ImportImage]:
    return list(read_index_png(path) if name == "index_png" else read_coco_rle(path))


def without_file(path: Path, name: str) -> Path:
    """A copy of a zip without one of its files."""
    copy = path.with_name("without.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as target:
        for info in source.infolist():
            if info.filename != name:
                target.writestr(info, source.read(info))
    return copy


def with_json(path: Path, name: str, change: Any) -> Path:
    """A copy of a zip with one of its JSON files changed in place."""
    with zipfile.ZipFile(path) as source:
        content = json.loads(source.read(name))
    change(content)
    copy = without_file(path, name)
    with zipfile.ZipFile(copy, "a") as target:
        target.writestr(name, json.dumps(content))
    return copy
