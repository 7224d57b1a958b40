"""Run-length encoding of masks as COCO writes it: column by column, the first run counts zeros.

H height, W width. Two spellings of the same runs: a list of counts, and COCO's compressed string. numpy only,
and safe with hostile input: pycocotools reads beyond the end of a malformed string.
"""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segloop.errors import FormatError
from segloop.label_maps import MAX_PIXELS

_MOST_GROUPS = 7  # 5 bits each: 35 bits hold every count of an image


@dataclasses.dataclass(frozen=True)
class Rle:
    """A mask's runs.

    Attributes:
        height: H.
        width: W.
        counts: lengths of runs in column-major order, zeros first; their sum is H * W.
    """

    height: int
    width: int
    counts: tuple[int, ...]

    def to_mapping(self) -> dict[str, Any]:
        """COCO's uncompressed form: {"size": [H, W], "counts": [...]}."""
        return {"size": [self.height, self.width], "counts": list(self.counts)}


def encode_mask(mask: NDArray[np.bool_]) -> Rle:
    """The runs of a mask, bool (H, W)."""
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    counts = np.diff(np.concatenate([[0], changes, [flat.size]]))
    starts_with_ones = [0] if flat.size and flat[0] else []
    return Rle(mask.shape[0], mask.shape[1], (*starts_with_ones, *counts.tolist()))


def decode_mask(rle: Rle) -> NDArray[np.bool_]:
    """The mask, bool (H, W)."""
    is_one = np.arange(len(rle.counts)) % 2 == 1
    return np.repeat(is_one, rle.counts).reshape((rle.height, rle.width), order="F")


def read_rle(value: Any, *, max_pixels: int = MAX_PIXELS) -> Rle:
    """The runs in COCO's JSON: `{"size": [H, W], "counts": list or compressed string}`.

    Raises:
        FormatError: another form, counts that do not add up to H * W, or more than `max_pixels`.
    """
    if not isinstance(value, dict) or "size" not in value or "counts" not in value:
        raise FormatError(
            'a mask must be RLE, {"size": [height, width], "counts": ...}; polygons lose pixels'
        )
    size, counts = value["size"], value["counts"]
    if (
        not isinstance(size, list)
        or len(size) != 2
        or not all(type(side) is int and side > 0 for side in size)
    ):
        raise FormatError(f"RLE: size {size!r} must be [height, width]")
    height, width = size
    if height * width > max_pixels:
        raise FormatError(f"RLE: {width} x {height} pixels are more than the {max_pixels} allowed")
    runs = decompress_counts(counts) if isinstance(counts, str) else _checked_counts(counts)
    if min(runs, default=-1) < 0 or sum(runs) != height * width:
        raise FormatError(f"RLE: runs add up to {sum(runs)}, the image has {height * width} pixels")
    return Rle(height, width, tuple(runs))


def decompress_counts(text: str) -> list[int]:
    """Run lengths in COCO's compressed string.

    Each count is written in groups of 5 bits, lowest first, as `chr(48 + bits)`; bit 6 says that more follow
    and the top bit of the last group is the sign. From the fourth count on, what is written is the difference
    to the count two before.

    Raises:
        FormatError: a character that does not occur, an unfinished or an oversized number.
    """
    codes = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8).astype(np.int64) - 48
    if not codes.size or codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        raise FormatError("RLE: the compressed counts are no COCO string")
    ends = np.flatnonzero(codes & 32 == 0)
    starts = np.concatenate([[0], ends[:-1] + 1])
    num_groups = ends - starts + 1
    if num_groups.max() > _MOST_GROUPS:
        raise FormatError("RLE: a compressed count is larger than any image")
    place = np.arange(codes.size) - np.repeat(starts, num_groups)
    numbers = np.add.reduceat((codes & 31) << (5 * place), starts)
    numbers -= (codes[ends] & 16 != 0) * (np.int64(1) << (5 * num_groups))
    for first in (1, 2):  # undo the differences: counts 1, 3, 5, ... and 2, 4, 6, ...
        numbers[first::2] = np.cumsum(numbers[first::2])
    return [int(number) for number in numbers]


def _checked_counts(counts: Any) -> list[int]:
    if not isinstance(counts, list) or not all(type(count) is int for count in counts):
        raise FormatError("RLE: counts must be a list of whole numbers or a compressed string")
    return counts
