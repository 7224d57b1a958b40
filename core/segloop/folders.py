"""Data-set folders: `images/{train,val,test}`, `labels/{train,val,test}` and `classes.json`.

The label map of `images/train/a/b.jpg` is `labels/train/a/b.png`, an index PNG of the same size whose values
`classes.json` lists; it may be missing. `train` is the pool, `val` the validation split. An image's filename
is its path below its split, with `/` between parts.

Structure is checked when the folder is opened, pixels when they are loaded. This module knows no server.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from segloop.errors import DatasetError, FormatError, ImageError, LabelMapError
from segloop.formats.classes import ClassTable, decode_classes, encode_classes
from segloop.images import decode_image, encode_jpeg, encode_png, read_size
from segloop.label_maps import LabelMap, check_label_map, decode_index_png, encode_index_png
from segloop.settings import Split

SPLIT_FOLDERS = {Split.POOL: "train", Split.VALIDATION: "val", Split.TEST: "test"}

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"})

_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})


@dataclasses.dataclass(frozen=True)
class FolderImage:
    """One image of a folder.

    Attributes:
        filename: path below its split, with `/`; unique in the folder.
        split: what the image is for.
        image_path: the file.
        label_path: its index PNG, or None where there is none.
    """

    filename: str
    split: Split
    image_path: Path
    label_path: Path | None


@dataclasses.dataclass(frozen=True)
class FolderDataset:
    """An opened folder: names and paths; pixels are read one image at a time.

    Attributes:
        root: the folder.
        class_names: C names.
        colors: C colours, "#rrggbb".
        source_ids: pixel value in the label PNGs of each class index.
        ignored_ids: pixel values that become `VOID`.
        images: all images, ordered by filename.
    """

    root: Path
    class_names: tuple[str, ...]
    colors: tuple[str, ...]
    source_ids: tuple[int, ...]
    ignored_ids: tuple[int, ...]
    images: tuple[FolderImage, ...]

    @property
    def num_classes(self) -> int:
        """C."""
        return len(self.class_names)

    def images_of(self, split: Split) -> tuple[FolderImage, ...]:
        """The images of one split, ordered by filename."""
        return tuple(item for item in self.images if item.split is split)

    def load_image(self, item: FolderImage) -> NDArray[np.uint8]:
        """Pixels, uint8 (H, W, 3) RGB, upright.

        Raises:
            DatasetError: the file is no image we accept.
        """
        try:
            return decode_image(item.image_path.read_bytes()).pixels
        except ImageError as cause:
            raise DatasetError(f"{item.image_path}: {cause}") from cause

    def load_label_map(self, item: FolderImage) -> LabelMap:
        """Class indices, uint8 (H, W), `VOID` for ignored ids.

        Raises:
            DatasetError: there is none, it is no index PNG, has another size than its image, or holds a value
                that `classes.json` does not list.
        """
        if item.label_path is None:
            raise DatasetError(f"{item.image_path} has no label map")
        try:
            label_map = self._table.to_label_map(decode_index_png(item.label_path.read_bytes()))
            width, height = read_size(item.image_path.read_bytes())
        except (LabelMapError, FormatError) as cause:
            raise DatasetError(f"{item.label_path}: {cause}") from cause
        except ImageError as cause:
            raise DatasetError(f"{item.image_path}: {cause}") from cause
        if label_map.shape != (height, width):
            raise DatasetError(
                f"{item.label_path} has {label_map.shape[1]} x {label_map.shape[0]} pixels, "
                f"its image {width} x {height}"
            )
        return label_map

    @cached_property
    def _table(self) -> ClassTable:
        return ClassTable(self.class_names, self.colors, self.source_ids, self.ignored_ids)


def open_folder(path: Path | str) -> FolderDataset:
    """The data set in a folder.

    Raises:
        DatasetError: a part is missing, or parts contradict each other; the message names the file.
    """
    root = Path(path)
    if not root.is_dir():
        raise DatasetError(f"{root} is no folder")
    table = _read_table(root)
    images = [item for split in Split for item in _images_of_split(root, split)]
    if not images:
        raise DatasetError(f"{root} holds no image in images/train, images/val or images/test")
    _check_unique(images)
    return FolderDataset(
        root=root,
        class_names=table.names,
        colors=table.colors,
        source_ids=table.source_ids,
        ignored_ids=table.ignored_ids,
        images=tuple(sorted(images, key=lambda item: item.filename)),
    )


def write_folder(
    root: Path | str,
    items: Iterable[tuple[str, Split, NDArray[np.uint8], LabelMap | None]],
    *,
    class_names: Sequence[str],
    colors: Sequence[str],
) -> None:
    """Write images and label maps in the layout that `open_folder` reads, one item at a time.

    Args:
        root: the folder, made where it is missing.
        items: filename (.png is written exactly, .jpg as JPEG), split, image uint8 (H, W, 3) and label map
            uint8 (H, W) or None.
        class_names: C names.
        colors: C colours, "#rrggbb".

    Raises:
        DatasetError: a filename leads out of the folder or has another ending.
    """
    base = Path(root)
    base.mkdir(parents=True, exist_ok=True)
    (base / "classes.json").write_bytes(encode_classes(class_names, colors))
    for filename, split, image, label_map in items:
        relative = _safe_name(filename)
        encode = encode_png if relative.suffix.lower() == ".png" else encode_jpeg
        _write(base / "images" / SPLIT_FOLDERS[split] / relative, encode(image))
        if label_map is not None:
            check_label_map(label_map, num_classes=len(class_names), shape=image.shape[:2])
            label_path = base / "labels" / SPLIT_FOLDERS[split] / relative.with_suffix(".png")
            _write(label_path, encode_index_png(label_map))


def _read_table(root: Path) -> ClassTable:
    path = root / "classes.json"
    if not path.is_file():
        raise DatasetError(f"{root} has no classes.json")
    try:
        return decode_classes(path.read_bytes())
    except FormatError as cause:
        raise DatasetError(f"{path}: {cause}") from cause


def _images_of_split(root: Path, split: Split) -> list[FolderImage]:
    """Images of one split with their label maps; every label map must have exactly one image."""
    labels = _labels_of_split(root / "labels" / SPLIT_FOLDERS[split])
    folder = root / "images" / SPLIT_FOLDERS[split]
    items, stems = [], Counter[PurePosixPath]()
    for path in _files(folder):
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            raise DatasetError(
                f"{folder / path} does not end like an image: {', '.join(sorted(IMAGE_SUFFIXES))}"
            )
        stem = path.with_suffix("")
        stems[stem] += 1
        items.append(FolderImage(str(path), split, folder / path, labels.get(stem)))
    orphans = sorted(set(labels) - set(stems))
    if orphans:
        raise DatasetError(f"{labels[orphans[0]]} has no image ({len(orphans)} such label maps)")
    twice = [stem for stem, count in stems.items() if count > 1 and stem in labels]
    if twice:
        raise DatasetError(
            f"{labels[twice[0]]} is the label map of several images that differ only in ending"
        )
    return items


def _labels_of_split(folder: Path) -> dict[PurePosixPath, Path]:
    """Label maps by the path of their image without its ending."""
    labels = {}
    for path in _files(folder):
        if path.suffix.lower() != ".png":
            raise DatasetError(f"{folder / path}: a label map must be a .png")
        labels[path.with_suffix("")] = folder / path
    return labels


def _files(folder: Path) -> list[PurePosixPath]:
    """Files below a folder, relative and ordered; hidden and system files are left out."""
    found = []
    for path in folder.rglob("*"):
        relative = PurePosixPath(path.relative_to(folder).as_posix())
        is_hidden = any(part.startswith(".") for part in relative.parts)
        if path.is_file() and not is_hidden and relative.name.lower() not in _SYSTEM_FILES:
            found.append(relative)
    return sorted(found, key=str)


def _check_unique(images: Sequence[FolderImage]) -> None:
    counts = Counter(item.filename for item in images)
    twice = sorted(name for name, count in counts.items() if count > 1)
    if twice:
        splits = [SPLIT_FOLDERS[item.split] for item in images if item.filename == twice[0]]
        raise DatasetError(
            f"{twice[0]} is in {' and '.join(splits)} ({len(twice)} such names): a name stands for one image"
        )


def _safe_name(filename: str) -> PurePosixPath:
    relative = PurePosixPath(filename)
    if relative.is_absolute() or ".." in relative.parts or not relative.name or "\\" in filename:
        raise DatasetError(f"{filename!r} leads out of the folder")
    if relative.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
        raise DatasetError(f"{filename!r} must end in .png or .jpg")
    return relative


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
