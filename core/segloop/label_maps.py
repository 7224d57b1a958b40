"""Label maps: which class each pixel of an image is, and the PNG they travel in.

H height, W width, C classes. A label map is uint8 (H, W): 0..C-1 is a class index, `VOID` means a person
looked and it is none of the classes or cannot be told, `UNLABELLED` means nobody was asked. The three stay
apart everywhere.

This module knows no image file but the index PNG, no folder and no server.
"""

import contextlib
import io
import threading
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segloop.errors import LabelMapError, SegloopError, ShapeError

VOID = 254
UNLABELLED = 255
MAX_CLASSES = 254

MAX_PIXELS = 50_000_000
"""Largest image that is decoded unless told otherwise: 50 megapixels."""

LabelMap = NDArray[np.uint8]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_GREY, _PNG_PALETTE = 0, 3
# Pillow's limit and the warning filters belong to the whole process: one header is opened at a time.
_limit_lock = threading.Lock()


def check_label_map(label_map: LabelMap, *, num_classes: int, shape: tuple[int, int] | None = None) -> None:
    """Refuse what is no label map of a project with `num_classes` classes.

    Args:
        label_map: what should be uint8 (H, W).
        num_classes: C; values allowed are 0..C-1, `VOID` and `UNLABELLED`.
        shape: (H, W) it must have; None = any.

    Raises:
        ShapeError: not two axes, not uint8, or not `shape`.
        LabelMapError: a value that is no class; the message names values and pixels.
    """
    if not 0 <= num_classes <= MAX_CLASSES:
        raise LabelMapError(f"num_classes is {num_classes}: a project has 0 to {MAX_CLASSES} classes")
    if label_map.ndim != 2 or label_map.dtype != np.uint8:
        raise ShapeError(f"label map is {label_map.dtype} {label_map.shape}: it must be uint8 (H, W)")
    if shape is not None and label_map.shape != shape:
        raise ShapeError(
            f"label map is {label_map.shape[1]} x {label_map.shape[0]} pixels, "
            f"the image is {shape[1]} x {shape[0]}"
        )
    counts = np.bincount(label_map.ravel(), minlength=256)
    counts[[VOID, UNLABELLED]] = 0
    wrong = np.flatnonzero(counts[num_classes:]) + num_classes
    if wrong.size:
        raise LabelMapError(
            f"label map holds {', '.join(map(str, wrong[:8]))} at {counts[wrong].sum()} pixels: "
            f"allowed are 0..{num_classes - 1}, {VOID} (void) and {UNLABELLED} (unlabelled)"
        )


def encode_index_png(label_map: LabelMap) -> bytes:
    """The label map as an 8-bit greyscale PNG whose pixel values are its values."""
    if label_map.ndim != 2 or label_map.dtype != np.uint8:
        raise ShapeError(f"label map is {label_map.dtype} {label_map.shape}: it must be uint8 (H, W)")
    buffer = io.BytesIO()
    Image.fromarray(label_map).save(buffer, "PNG")
    return buffer.getvalue()


def decode_index_png(data: bytes, *, max_pixels: int = MAX_PIXELS) -> LabelMap:
    """The label map, uint8 (H, W), in an index PNG: 8-bit greyscale, or a palette image (its indices count).

    Raises:
        LabelMapError: another file, another kind of PNG, broken, or larger than `max_pixels`.
    """
    _, _, bit_depth, colour_type = read_png_header(data, LabelMapError)
    is_index = colour_type == _PNG_PALETTE or (colour_type == _PNG_GREY and bit_depth == 8)
    if not is_index:
        kind = {0: "greyscale", 2: "RGB", 4: "greyscale with alpha", 6: "RGBA"}.get(colour_type, "unknown")
        raise LabelMapError(
            f"a label map must be an 8-bit greyscale or palette PNG: this one is {bit_depth}-bit {kind}"
        )
    return np.array(open_png(data, LabelMapError, max_pixels=max_pixels), dtype=np.uint8)


def resize_label_map(label_map: LabelMap, *, height: int, width: int) -> LabelMap:
    """The label map at another size by nearest neighbour: no value appears that was not there."""
    resized = Image.fromarray(label_map).resize((width, height), Image.Resampling.NEAREST)
    return np.array(resized, dtype=np.uint8)


def overlay(base: LabelMap, patch: LabelMap, *, x: int, y: int) -> LabelMap:
    """A copy of `base` (H, W) with `patch` (h, w) laid over it at column `x`, row `y`.

    Pixels of the patch that are `UNLABELLED` say nothing and leave the base as it is.

    Raises:
        ShapeError: the patch reaches beyond the base.
    """
    height, width = patch.shape
    if x < 0 or y < 0 or y + height > base.shape[0] or x + width > base.shape[1]:
        raise ShapeError(
            f"a patch of {width} x {height} pixels at ({x}, {y}) reaches beyond "
            f"{base.shape[1]} x {base.shape[0]} pixels"
        )
    result = base.copy()
    window = result[y : y + height, x : x + width]
    np.copyto(window, patch, where=patch != UNLABELLED)
    return result


def read_png_header(data: bytes, error: type[SegloopError]) -> tuple[int, int, int, int]:
    """Width, height, bit depth and colour type of a PNG, read without decoding it; else `error`."""
    if not data:
        raise error("the file is empty (0 bytes)")
    if not data.startswith(_PNG_SIGNATURE) or len(data) < 26:
        raise error("the file is no PNG")
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return width, height, data[24], data[25]


def open_png(data: bytes, error: type[SegloopError], *, max_pixels: int) -> Image.Image:
    """The decoded still PNG in `data`, in Pillow's own mode; `error` for whatever is wrong with it."""
    width, height, _, _ = read_png_header(data, error)
    if width * height > max_pixels:
        raise error(f"{width} x {height} pixels are more than the {max_pixels} allowed")
    try:
        with pixel_limit(max_pixels):
            image = Image.open(io.BytesIO(data), formats=["PNG"])
        image.load()
    except Exception as cause:  # hostile bytes raise anything
        raise error(f"the PNG is broken or truncated ({cause})") from cause
    if getattr(image, "is_animated", False):
        raise error("the PNG is animated: one still image is needed")
    return image


@contextlib.contextmanager
def pixel_limit(max_pixels: int) -> Iterator[None]:
    """Inside, opening an image over `max_pixels` raises, and Pillow warns of nothing else."""
    with _limit_lock, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, max_pixels
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before
