"""Where images and known labels come from: one Protocol, and arrays in memory.

Training, scoring and simulation read one split through `ImageSource`; a folder, a blob store or a test stands
behind it. This module knows no file format and no torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segloop.errors import ShapeError
from segloop.label_maps import UNLABELLED


class ImageSource(Protocol):
    """One split, ordered. Methods are called from several threads at once, each index as often as needed."""

    def __len__(self) -> int:
        """Number of images."""
        ...

    def filename(self, index: int) -> str:
        """Name that is the same on every machine; seeds of per-image random numbers come from it."""
        ...

    def image(self, index: int) -> NDArray[np.uint8]:
        """Pixels (H, W, 3) uint8 RGB at native size."""
        ...

    def label_map(self, index: int) -> NDArray[np.uint8]:
        """What is known, (H, W) uint8: answers over truth, 254 void, 255 where nobody was asked."""
        ...

    def dominant_mask(self, index: int) -> NDArray[np.bool_] | None:
        """Pixels (H, W) bool whose answer is one class for a whole region; None = no such pixel."""
        ...


@dataclass(frozen=True)
class ArraySource:
    """A split held in memory.

    Attributes:
        images: (H, W, 3) uint8 each; sizes may differ.
        label_maps: (H, W) uint8 each; None = nothing is known of any image.
        dominant_masks: (H, W) bool or None each; None = every answer is exact.
    """

    images: Sequence[NDArray[np.uint8]]
    label_maps: Sequence[NDArray[np.uint8]] | None = None
    dominant_masks: Sequence[NDArray[np.bool_] | None] | None = None

    def __post_init__(self) -> None:
        """Check that every image has its label map of the same size.

        Raises:
            ShapeError: counts or sizes differ.
        """
        for name, maps in (("label maps", self.label_maps), ("dominant masks", self.dominant_masks)):
            if maps is None:
                continue
            if len(maps) != len(self.images):
                raise ShapeError(f"{len(maps)} {name} for {len(self.images)} images")
            for index, (image, one) in enumerate(zip(self.images, maps, strict=True)):
                if one is not None and one.shape != image.shape[:2]:
                    raise ShapeError(f"{name}[{index}] is {one.shape}, its image {image.shape[:2]}")

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)

    def filename(self, index: int) -> str:
        """The index with leading zeros."""
        return f"{index:06d}.png"

    def image(self, index: int) -> NDArray[np.uint8]:
        """Pixels (H, W, 3) uint8 RGB."""
        return self.images[index]

    def label_map(self, index: int) -> NDArray[np.uint8]:
        """What is known, (H, W) uint8."""
        if self.label_maps is None:
            height, width = self.images[index].shape[:2]
            return np.full((height, width), UNLABELLED, dtype=np.uint8)
        return self.label_maps[index]

    def dominant_mask(self, index: int) -> NDArray[np.bool_] | None:
        """Pixels (H, W) bool answered as `dominant`, or None."""
        return None if self.dominant_masks is None else self.dominant_masks[index]
