"""COCO with run-length encoded masks, and never polygons: contours lose thin objects.

    annotations.json   images, categories, annotations: one per class and image, as COCO stuff has it
    predictions.json   the same, where predictions are exported beside annotations
    classes.json, regions.json

Category ids are class index + 1, because many readers take 0 for the background. Pixels without an annotation
are void or unlabelled; `regions.json` says which.
"""

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from segloop.errors import FormatError
from segloop.formats.archives import reading, writing
from segloop.formats.classes import encode_classes
from segloop.formats.json_files import JsonListSpool, as_list, read_json, write_json
from segloop.formats.records import ExportImage, ImportImage
from segloop.formats.rle import decode_mask, read_rle
from segloop.formats.sidecar import SidecarSpool, read_sidecar
from segloop.label_maps import MAX_CLASSES, MAX_PIXELS, UNLABELLED, VOID, LabelMap

ANNOTATIONS_NAME, PREDICTIONS_NAME = "annotations.json", "predictions.json"


def write_coco_rle(
    path: Path | str,
    images: Iterable[ExportImage],
    *,
    class_names: Sequence[str],
    colors: Sequence[str],
) -> None:
    """Write an export; memory does not grow with the number of images.

    Args:
        path: a zip if it ends in `.zip`, else a new folder.
        images: what to write, one at a time; either all of them have a prediction or none.
        class_names: C names.
        colors: C colours, "#rrggbb".

    Raises:
        LabelMapError: a value that is no class.
        ShapeError: a label map of another size than its image.
    """
    with writing(path) as archive, contextlib.ExitStack() as stack:
        archive.write("classes.json", encode_classes(class_names, colors))
        sidecar = SidecarSpool(stack.enter_context(JsonListSpool()))
        annotations, predictions = (_CocoFile.opened(stack) for _ in range(2))
        for image in images:
            image.check(len(class_names))
            annotations.add(image, image.label_map)
            if image.prediction is not None:
                predictions.add(image, image.prediction)
            sidecar.add(image, label_map_name=None)
        for name, file in ((ANNOTATIONS_NAME, annotations), (PREDICTIONS_NAME, predictions)):
            if file.num_images or name == ANNOTATIONS_NAME:
                fields = _head(class_names, colors)
                write_json(archive, name, fields, {"images": file.images, "annotations": file.annotations})
        sidecar.finish(archive)


def read_coco_categories(path: Path | str) -> tuple[str, ...]:
    """Names of the classes, by the index `read_coco_rle` gives them: the order of `categories`.

    Raises:
        FormatError: the file is missing or broken.
    """
    with reading(path) as archive:
        return tuple(_categories(read_json(archive, ANNOTATIONS_NAME)).values())


def read_coco_rle(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> Iterator[ImportImage]:
    """The images of an export, or of any COCO file with RLE masks named `annotations.json`.

    Several annotations of one class make one. Masks are decoded one image at a time.

    Raises:
        FormatError: the file is broken, a mask is no RLE or of another size, or masks of two classes overlap.
    """
    with reading(path) as archive:
        content = read_json(archive, ANNOTATIONS_NAME)
        entries = read_sidecar(archive, max_pixels=max_pixels)
        index_of = {number: index for index, number in enumerate(_categories(content))}
        annotations = _by_image(content)
        for image in as_list(content.get("images"), f"{ANNOTATIONS_NAME}: images"):
            number = _whole_number(image, "id", "an image")
            filename, label_map = _paint(image, annotations.pop(number, []), index_of, max_pixels)
            entry = entries.get(filename)
            yield ImportImage(
                filename=filename,
                label_map=label_map if entry is None else entry.restore(label_map),
                has_sidecar=entry is not None,
                split=None if entry is None else entry.split,
                regions=() if entry is None else entry.regions,
            )
        if annotations:
            raise FormatError(
                f"{ANNOTATIONS_NAME}: annotations of {len(annotations)} images that it does not list"
            )


@dataclasses.dataclass
class _CocoFile:
    """The two long lists of a COCO file on their way out."""

    images: JsonListSpool
    annotations: JsonListSpool
    num_images: int = 0
    num_annotations: int = 0

    @classmethod
    def opened(cls, stack: contextlib.ExitStack) -> "_CocoFile":
        return cls(stack.enter_context(JsonListSpool()), stack.enter_context(JsonListSpool()))

    def add(self, image: ExportImage, label_map: LabelMap) -> None:
        self.num_images += 1
        self.images.add(
            {
                "id": self.num_images,
                "file_name": image.filename,
                "width": image.width,
                "height": image.height,
            }
        )
        classes = np.flatnonzero(np.bincount(label_map.ravel(), minlength=VOID)[:VOID])
        for index in classes.tolist():
            self.num_annotations += 1
            annotation = {"id": self.num_annotations, "image_id": self.num_images, "category_id": index + 1}
            self.annotations.add(annotation | _segmentation(label_map == index))


def _segmentation(mask: np.ndarray[Any, np.dtype[np.bool_]]) -> dict[str, Any]:
    rle = coco_mask.encode(np.asfortranarray(mask.view(np.uint8)))
    return {
        "segmentation": {
            "size": [int(side) for side in rle["size"]],
            "counts": rle["counts"].decode("ascii"),
        },
        "area": int(coco_mask.area(rle)),
        "bbox": [int(side) for side in coco_mask.toBbox(rle)],
        "iscrowd": 0,
    }


def _head(class_names: Sequence[str], colors: Sequence[str]) -> dict[str, Any]:
    return {
        "info": {
            "description": "exported by segloop",
            "version": "1",
            "segloop": {"category_id": "class index + 1", "void_and_unlabelled": "see regions.json"},
        },
        "licenses": [],
        "categories": [
            {"id": index + 1, "name": name, "supercategory": "", "color": color}
            for index, (name, color) in enumerate(zip(class_names, colors, strict=True))
        ],
    }


def _categories(content: dict[str, Any]) -> dict[int, str]:
    """Category id -> name, in the file's order."""
    categories = as_list(content.get("categories"), f"{ANNOTATIONS_NAME}: categories")
    found: dict[int, str] = {}
    for category in categories:
        number, name = category.get("id"), category.get("name")
        if type(number) is not int or not isinstance(name, str) or number in found:
            raise FormatError(f"{ANNOTATIONS_NAME}: category {number!r} has no name or is listed twice")
        found[number] = name
    if not 1 <= len(found) <= MAX_CLASSES:
        raise FormatError(f"{ANNOTATIONS_NAME} has {len(found)} categories: 1 to {MAX_CLASSES}")
    return found


def _by_image(content: dict[str, Any]) -> dict[int, list[dict[str, Any]]]:
    groups: dict[int, list[dict[str, Any]]] = {}
    for annotation in as_list(content.get("annotations"), f"{ANNOTATIONS_NAME}: annotations"):
        groups.setdefault(_whole_number(annotation, "image_id", "an annotation"), []).append(annotation)
    return groups


def _whole_number(value: dict[str, Any], field: str, of: str) -> int:
    number = value.get(field)
    if type(number) is not int:
        raise FormatError(f"{ANNOTATIONS_NAME}: {field} {number!r} of {of} must be a whole number")
    return number


def _paint(
    image: dict[str, Any], annotations: list[dict[str, Any]], index_of: dict[int, int], max_pixels: int
) -> tuple[str, LabelMap]:
    """Filename and label map of one image; `UNLABELLED` where no mask lies."""
    filename, width, height = image.get("file_name"), image.get("width"), image.get("height")
    if type(width) is not int or type(height) is not int or min(width, height) < 1:
        raise FormatError(f"{ANNOTATIONS_NAME}: {filename!r} has no width and height")
    if not isinstance(filename, str) or width * height > max_pixels:
        raise FormatError(f"{ANNOTATIONS_NAME}: {filename!r} has no name, or more than {max_pixels} pixels")
    label_map = np.full((height, width), UNLABELLED, np.uint8)
    for annotation in annotations:
        category_id = _whole_number(annotation, "category_id", filename)
        if category_id not in index_of:
            raise FormatError(f"{filename}: category {category_id} is not listed")
        index = index_of[category_id]
        try:
            mask = decode_mask(read_rle(annotation.get("segmentation"), max_pixels=max_pixels))
        except FormatError as cause:
            raise FormatError(f"{filename}: {cause}") from cause
        if mask.shape != label_map.shape:
            raise FormatError(f"{filename}: a mask has another size than the image")
        num_taken = np.count_nonzero(mask & (label_map != UNLABELLED) & (label_map != index))
        if num_taken:
            raise FormatError(f"{filename}: masks of two classes overlap at {num_taken} pixels")
        label_map[mask] = index
    return filename, label_map
