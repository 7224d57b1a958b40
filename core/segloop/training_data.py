"""A split at training size: every image decoded and resized once, and who is labelled.

N images, H and W training size, C classes. Which images are the labelled stream is told in docs/method.md,
"In the service"; how samples are augmented and batched is not decided here.
"""

import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segloop.augmentation import Sample
from segloop.errors import EmptyPoolError
from segloop.images import resize_image
from segloop.label_maps import UNLABELLED, check_label_map, resize_label_map
from segloop.prefetch import map_ahead
from segloop.record_files import RecordFile
from segloop.sources import ImageSource

_READ_AHEAD = 16


@dataclass(frozen=True)
class Streams:
    """Which images a step draws from.

    Attributes:
        labelled: (L,) int64 indices of the labelled stream.
        unlabelled: (U,) int64 indices that get pseudo labels; their answers override them.
        answered: (A,) int64 indices of all images with an answer; `labelled` are some of them.
        is_sparse: images of the labelled stream are only partly answered.
    """

    labelled: NDArray[np.int64]
    unlabelled: NDArray[np.int64]
    answered: NDArray[np.int64]
    is_sparse: bool

    def without_unlabelled(self) -> "Streams":
        """For a round that never reads the unlabelled stream: no answer may be lost with it."""
        if len(self.labelled) == len(self.answered):
            return self
        return replace(self, labelled=self.answered, is_sparse=True)


class TrainingData:
    """The images and known label maps of a source at training size, kept in files below a folder.

    Label maps are read once, at the start; images when they are first asked for. `sample` may be called from
    several threads.

    Attributes:
        streams: labelled and unlabelled images.
        digest: a checksum of file names and answers; the same data gives the same one.
        num_images: N.
        class_pixels: (C,) int64, answered pixels of each class at training size.
    """

    def __init__(
        self,
        source: ImageSource,
        folder: Path,
        *,
        height: int,
        width: int,
        num_classes: int,
        on_read: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Read every label map of `source`; `on_read` gets the number read so far.

        Raises:
            EmptyPoolError: no pixel of any image has a class at training size.
            LabelMapError: a label map holds a value that is no class.
        """
        self._source = source
        self.num_images = len(source)
        self._size = (height, width)
        self._images = RecordFile(folder / "images.bin", (height, width, 3), len(source))
        self._label_maps = RecordFile(folder / "label_maps.bin", (height, width), len(source))
        self._dominant_masks = RecordFile(folder / "dominant_masks.bin", (height, width), len(source))
        self._is_read = np.zeros(len(source), dtype=bool)
        self._has_dominant = np.zeros(len(source), dtype=bool)
        # what is known, void too; pixels with a class at training size; images fully answered at native size
        self._is_known = np.zeros(len(source), dtype=bool)
        self._num_answered = np.zeros(len(source), dtype=np.int64)
        self._is_full = np.zeros(len(source), dtype=bool)
        self.class_pixels = np.zeros(num_classes, dtype=np.int64)
        try:
            self.digest = self._read_label_maps(num_classes, on_read)
            self.streams = _streams(self._num_answered, self._is_full)
        except BaseException:
            self.close()
            raise

    def sample(self, index: int) -> Sample:
        """The image with what is known of it, at training size."""
        dominant = self._dominant_masks.read(index).astype(bool) if self._has_dominant[index] else None
        return Sample(self.image(index), self.label_map(index), dominant)

    def image(self, index: int) -> NDArray[np.uint8]:
        """Pixels (H, W, 3) uint8 at training size."""
        if not self._is_read[index]:
            image = resize_image(self._source.image(index), height=self._size[0], width=self._size[1])
            self._images.write(index, image)
            self._is_read[index] = True
            return image
        return self._images.read(index)

    def label_map(self, index: int) -> NDArray[np.uint8]:
        """What is known, (H, W) uint8 at training size."""
        if not self._is_known[index]:
            return np.full(self._size, UNLABELLED, dtype=np.uint8)
        return self._label_maps.read(index)

    def close(self) -> None:
        """Close the files; they stay where they are."""
        for file in (self._images, self._label_maps, self._dominant_masks):
            file.close()

    def _read_label_maps(self, num_classes: int, on_read: Callable[[int], None]) -> str:
        """Fill the label-map files and the arrays about them; gives the digest."""
        height, width = self._size
        digest = zlib.crc32(f"{len(self._source)} {height} {width} {num_classes}".encode())

        def load(index: int) -> _Known:
            return _load_known(self._source, index, height, width, num_classes)

        indices = range(len(self._source))
        with closing(map_ahead(load, indices, num_threads=2, num_ahead=_READ_AHEAD)) as known_maps:
            for index, known in enumerate(known_maps):
                self._is_full[index] = known.is_full
                class_pixels = np.bincount(known.label_map.ravel(), minlength=256)[:num_classes]
                self.class_pixels += class_pixels
                self._num_answered[index] = class_pixels.sum()
                for part in (self._source.filename(index).encode(), *known.parts()):
                    digest = zlib.crc32(part, digest)
                self._is_known[index] = (known.label_map != UNLABELLED).any()
                if self._is_known[index]:
                    self._label_maps.write(index, known.label_map)
                if known.dominant_mask is not None:
                    self._dominant_masks.write(index, known.dominant_mask)
                    self._has_dominant[index] = True
                on_read(index + 1)
        return f"{digest:08x}"


@dataclass(frozen=True)
class _Known:
    """What is known of one image at training size; no dominant mask where nothing was answered so."""

    is_full: bool
    label_map: NDArray[np.uint8]
    dominant_mask: NDArray[np.uint8] | None

    def parts(self) -> tuple[bytes, bytes]:
        """What the digest is made of."""
        mask = self.dominant_mask
        return self.label_map.tobytes(), b"" if mask is None else mask.tobytes()


def _load_known(source: ImageSource, index: int, height: int, width: int, num_classes: int) -> _Known:
    native = source.label_map(index)
    check_label_map(native, num_classes=num_classes)
    label_map = resize_label_map(native, height=height, width=width)
    dominant = source.dominant_mask(index)
    if dominant is None or not dominant.any():
        return _Known(bool((native != UNLABELLED).all()), label_map, None)
    mask = resize_label_map(dominant.astype(np.uint8), height=height, width=width)
    return _Known(bool((native != UNLABELLED).all()), label_map, mask)


def _streams(num_answered: NDArray[np.int64], is_full: NDArray[np.bool_]) -> Streams:
    """Fully answered images against the rest; or any answer against all, where full images are not the bulk.

    One full image beside many partly answered ones would be a third of every batch, if full images alone made
    up the labelled stream from the first one on: they must hold at least half of what is answered.
    """
    if not num_answered.any():
        raise EmptyPoolError(
            "nothing is labelled yet: training needs an answer with a class in at least one image"
        )
    answered, unlabelled = np.flatnonzero(num_answered), np.flatnonzero(~is_full)
    full = is_full & (num_answered > 0)
    if 2 * num_answered[full].sum() >= num_answered.sum():
        return Streams(np.flatnonzero(full), unlabelled, answered, is_sparse=False)
    return Streams(answered, unlabelled, answered, is_sparse=True)
