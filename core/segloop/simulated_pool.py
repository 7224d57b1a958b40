"""Data of a simulation: sources of images with truth, and a pool of which only what was asked is known.

This module knows no network and no score.
"""

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segloop.errors import DatasetError, ImageError
from segloop.folders import FolderDataset, FolderImage, open_folder
from segloop.images import read_file_size
from segloop.label_maps import UNLABELLED, VOID
from segloop.oracle import answer_dominant, answer_region
from segloop.regions import (
    Partition,
    decode_region_map,
    encode_region_map,
    partition,
    partition_from_region_map,
)
from segloop.rounds import PlannedQuery
from segloop.scenes import SCENE_CLASSES, render_scene
from segloop.settings import AnnotationKind, PartitionKind, QueryPurpose, Split
from segloop.simulation_data import DataConfig, DataKind
from segloop.sources import ArraySource, ImageSource


class FolderSource:
    """Some images of a folder as an `ImageSource` whose label maps are the truth; read when asked for."""

    def __init__(self, dataset: FolderDataset, items: Sequence[FolderImage]) -> None:
        self._dataset = dataset
        self._items = items

    def __len__(self) -> int:
        """Number of images."""
        return len(self._items)

    def filename(self, index: int) -> str:
        """Path below the split's folder."""
        return self._items[index].filename

    def image(self, index: int) -> NDArray[np.uint8]:
        """Pixels (H, W, 3) uint8 RGB."""
        return self._dataset.load_image(self._items[index])

    def label_map(self, index: int) -> NDArray[np.uint8]:
        """Truth (H, W) uint8."""
        return self._dataset.load_label_map(self._items[index])

    def dominant_mask(self, index: int) -> NDArray[np.bool_] | None:  # noqa: ARG002 - truth is exact everywhere
        """None."""
        return None

    def digest(self) -> str:
        """Names the content wherever it lies: filenames, image files' sizes, label maps and what they mean.

        Raises:
            DatasetError: an image has no label map.
        """
        dataset = self._dataset
        found = hashlib.sha256(
            json.dumps([dataset.class_names, dataset.source_ids, dataset.ignored_ids]).encode()
        )
        for item in self._items:
            if item.label_path is None:
                raise DatasetError(f"{item.image_path} has no label map")
            label = hashlib.sha256(item.label_path.read_bytes()).hexdigest()
            found.update(json.dumps([item.filename, item.image_path.stat().st_size, label]).encode())
        return found.hexdigest()


def pool_sizes(config: DataConfig) -> dict[tuple[int, int], int]:
    """(height, width) in pixels -> number of images of the pool, by their headers alone.

    Raises:
        DatasetError: the folder is no data set, or a file is no image.
    """
    if config.kind is DataKind.SCENES:
        return {(config.height_px, config.width_px): config.num_pool}
    pool, _ = _measured_apart(open_folder(str(config.path)), config)
    sizes: Counter[tuple[int, int]] = Counter()
    for item in pool:
        try:
            width, height = read_file_size(item.image_path)
        except ImageError as cause:
            raise DatasetError(f"{item.image_path}: {cause}") from cause
        sizes[height, width] += 1
    return dict(sizes)


def open_data(config: DataConfig) -> tuple[tuple[str, ...], ImageSource, ImageSource]:
    """Class names, the pool and what networks are measured on (test, or what is held out), with their truth.

    Raises:
        DatasetError: the folder is no data set, one of the two is empty, or an image has no label map.
    """
    if config.kind is DataKind.SCENES:
        size = {"height": config.height_px, "width": config.width_px}
        scenes = [
            render_scene(config.seed, index, **size) for index in range(config.num_pool + config.num_test)
        ]
        images, label_maps = [image for image, _ in scenes], [label_map for _, label_map in scenes]
        middle = config.num_pool
        return (
            tuple(name for name, _ in SCENE_CLASSES),
            ArraySource(images[:middle], label_maps[:middle]),
            ArraySource(images[middle:], label_maps[middle:]),
        )
    dataset = open_folder(str(config.path))
    pool, measured = _measured_apart(dataset, config)
    if not pool or not measured:
        where = "test" if config.hold_out is None else f"train held out as {config.hold_out}"
        raise DatasetError(
            f"{config.path} has {len(pool)} images in train and {len(measured)} in {where}: both are needed"
        )
    _check_labelled([*pool, *measured])
    return dataset.class_names, FolderSource(dataset, pool), FolderSource(dataset, measured)


def identify_data(config: DataConfig, pool: ImageSource, measured: ImageSource) -> dict[str, Any]:
    """JSON-ready, what the data of `open_data` are known by: a folder's content, or how scenes are drawn."""
    if isinstance(pool, FolderSource) and isinstance(measured, FolderSource):
        return {"pool": pool.digest(), "measured": measured.digest()}
    plain = dataclasses.asdict(DataConfig())
    drawn = ("num_pool", "num_test", "seed", "height_px", "width_px")
    said = {name: getattr(config, name) for name in drawn}
    # as with settings: more that may be said some day changes nothing of what was said so far
    return {"scenes": {name: value for name, value in said.items() if value != plain[name]}}


def _check_labelled(images: Sequence[FolderImage]) -> None:
    """The oracle needs the pool's label maps as the metrics need the others': now, not hours later."""
    bare = [image for image in images if image.label_path is None]
    if bare:
        raise DatasetError(
            f"{bare[0].image_path} has no label map ({len(bare)} of {len(images)} such images): a simulation "
            "needs one for each image of train and of what is measured"
        )


def _measured_apart(
    dataset: FolderDataset, config: DataConfig
) -> tuple[Sequence[FolderImage], Sequence[FolderImage]]:
    """The pool's images, and those networks are measured on."""
    pool = dataset.images_of(Split.POOL)
    if config.hold_out is None:
        return pool, dataset.images_of(Split.TEST)
    held_out = [image for image in pool if fnmatchcase(image.filename, config.hold_out)]
    rest = [image for image in pool if not fnmatchcase(image.filename, config.hold_out)]
    return rest, held_out[:: config.hold_out_every]


class SimulatedPool:
    """The pool as the method sees it: truth appears only inside regions that were asked.

    An `ImageSource`. Partitions are those the worker makes; superpixels are cut once and kept as PNG bytes.

    Attributes:
        num_regions, num_clicks: what all answers cost, those to an audit too.
        num_labelled_pixels: pixels of regions to train on, void counted; no audit among them
            (docs/decisions/0015).
    """

    def __init__(
        self,
        truth: ImageSource,
        *,
        kind: PartitionKind = PartitionKind.GRID,
        size_px: int | None = None,
        answers: AnnotationKind = AnnotationKind.EXACT,
    ) -> None:
        """Take regions of a kind and of about `size_px` squared (None = default); how the oracle answers."""
        self._truth = truth
        self._kind = kind
        self._size_px = size_px
        self._answers = answers
        self._asked: dict[int, NDArray[np.bool_]] = {}
        self._audited: dict[int, NDArray[np.bool_]] = {}
        self._sizes: dict[int, tuple[int, int]] = {}
        self._region_maps: dict[int, bytes] = {}
        self._grid = lru_cache(maxsize=64)(
            lambda height, width: self._cut(np.zeros((height, width, 3), np.uint8))
        )
        self._superpixels = lru_cache(maxsize=64)(self._load_superpixels)
        self.num_regions = 0
        self.num_clicks = 0
        self.num_labelled_pixels = 0

    def __len__(self) -> int:
        """Number of images."""
        return len(self._truth)

    def filename(self, index: int) -> str:
        """The truth's."""
        return self._truth.filename(index)

    def image(self, index: int) -> NDArray[np.uint8]:
        """Pixels (H, W, 3) uint8 RGB."""
        return self._truth.image(index)

    def label_map(self, index: int) -> NDArray[np.uint8]:
        """What has been answered to train on, (H, W) uint8, 255 elsewhere."""
        asked = self._trained_on(index)
        if asked is None:
            return np.full(self._size(index), UNLABELLED, dtype=np.uint8)
        region_map = self.partition(index).region_map
        answer = self._truth.label_map(index)
        answer = np.where(answer == UNLABELLED, np.uint8(VOID), answer)
        if self._answers is AnnotationKind.DOMINANT:
            counts = np.bincount(
                (region_map.astype(np.int64) * 256 + answer).ravel(), minlength=len(asked) * 256
            )
            answer = counts.reshape(-1, 256).argmax(axis=1).astype(np.uint8)[region_map]
        return np.where(asked[region_map], answer, np.uint8(UNLABELLED))

    def dominant_mask(self, index: int) -> NDArray[np.bool_] | None:
        """Pixels answered by one class for their region, or None."""
        asked = self._trained_on(index)
        if self._answers is AnnotationKind.EXACT or asked is None:
            return None
        return asked[self.partition(index).region_map]

    def asked_per_class(self, num_classes: int) -> NDArray[np.int64]:
        """Pixels to train on of each class, (C,)."""
        counts = np.zeros(num_classes, dtype=np.int64)
        for index in self._asked:
            counts += np.bincount(self.label_map(index).ravel(), minlength=256)[:num_classes]
        return counts

    def audited(self) -> "AuditedImages":
        """The images with audited regions, of which those alone are known."""
        return AuditedImages(self._truth, self.partition, dict(sorted(self._audited.items())))

    def partition(self, index: int) -> Partition:
        """The image's regions."""
        return (
            self._grid(*self._size(index)) if self._kind is PartitionKind.GRID else self._superpixels(index)
        )

    def asked(self, index: int) -> NDArray[np.bool_]:
        """Bool (R,): regions asked so far."""
        asked = self._asked.get(index)
        return np.zeros(self.partition(index).num_regions, dtype=np.bool_) if asked is None else asked.copy()

    def num_pixels(self) -> int:
        """Pixels of all images."""
        return sum(height * width for height, width in map(self._size, range(len(self))))

    def answer(self, planned: Iterable[PlannedQuery]) -> None:
        """Let the oracle answer. Clicks are counted per region, but once for an image asked as a whole."""
        by_image: dict[int, list[PlannedQuery]] = {}
        for query in planned:
            by_image.setdefault(query.image_index, []).append(query)
        for image, queries in by_image.items():
            areas = self.partition(image).areas
            regions = [query.region_index for query in queries]
            audits = [query.region_index for query in queries if query.purpose is QueryPurpose.AUDIT]
            if audits:
                self._audited.setdefault(image, np.zeros(len(areas), dtype=np.bool_))[audits] = True
            asked = self.asked(image)
            asked[regions] = True
            self._asked[image] = asked
            self.num_regions += len(regions)
            self.num_labelled_pixels += int(areas[regions].sum() - areas[audits].sum())
            self.num_clicks += self._clicks(image, regions, audits)

    def _trained_on(self, index: int) -> NDArray[np.bool_] | None:
        """Bool (R,): regions asked but not to audit; None = none asked at all."""
        asked = self._asked.get(index)
        audited = self._audited.get(index)
        return asked if asked is None or audited is None else asked & ~audited

    def _clicks(self, image: int, regions: list[int], audits: list[int]) -> int:
        """Of all regions; those to an audit are answered exactly, whatever the others are."""
        parts, truth = self.partition(image), self._truth.label_map(image)
        height, width = truth.shape
        is_exact = self._answers is AnnotationKind.EXACT
        if is_exact and len(regions) == parts.num_regions:
            return answer_region(truth, np.ones_like(truth, dtype=np.bool_), (0, 0, width, height)).num_clicks
        num_clicks = 0
        for region in regions:
            ask = answer_region if is_exact or region in audits else answer_dominant
            x, y, w, h = (int(value) for value in parts.bboxes[region])
            mask = parts.region_map[y : y + h, x : x + w] == region
            num_clicks += ask(truth, mask, (x, y, w, h)).num_clicks
        return num_clicks

    def _size(self, index: int) -> tuple[int, int]:
        if index not in self._sizes:
            height, width = self._truth.image(index).shape[:2]
            self._sizes[index] = (height, width)
        return self._sizes[index]

    def _cut(self, image: NDArray[np.uint8]) -> Partition:
        return partition(self._kind, image, self._size_px)

    def _load_superpixels(self, index: int) -> Partition:
        if index not in self._region_maps:
            self._region_maps[index] = encode_region_map(self._cut(self.image(index)).region_map)
        return partition_from_region_map(decode_region_map(self._region_maps[index]))


class AuditedImages:
    """An `ImageSource` of what an audit asked: exact answers inside its regions, nothing elsewhere."""

    def __init__(
        self,
        truth: ImageSource,
        partitions: Callable[[int], Partition],
        regions: dict[int, NDArray[np.bool_]],
    ) -> None:
        """Take the regions (R,) bool of each image by its index in `truth`."""
        self._truth = truth
        self._partitions = partitions
        self._regions = regions
        self._images = list(regions)

    @property
    def num_regions(self) -> int:
        """Audited regions of all images."""
        return sum(int(mask.sum()) for mask in self._regions.values())

    def __len__(self) -> int:
        """Number of images."""
        return len(self._images)

    def filename(self, index: int) -> str:
        """The truth's."""
        return self._truth.filename(self._images[index])

    def image(self, index: int) -> NDArray[np.uint8]:
        """Pixels (H, W, 3) uint8 RGB."""
        return self._truth.image(self._images[index])

    def label_map(self, index: int) -> NDArray[np.uint8]:
        """Truth (H, W) uint8 inside audited regions, 255 elsewhere."""
        image = self._images[index]
        is_audited = self._regions[image][self._partitions(image).region_map]
        return np.where(is_audited, self._truth.label_map(image), np.uint8(UNLABELLED))

    def dominant_mask(self, index: int) -> NDArray[np.bool_] | None:  # noqa: ARG002 - audits are exact
        """None."""
        return None
