"""The pixels of one region: mask and prediction cut out of an image's arrays, and answers checked.

Blobs never change, so what was decoded is kept, by key, up to a number of bytes. Knows no row and no route.
"""

import base64
import binascii
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segloop.errors import LabelMapError
from segloop.label_maps import UNLABELLED, VOID, decode_index_png, encode_index_png
from segloop.regions import decode_region_map
from segloop.settings import AnnotationKind
from segloop_server.errors import InvalidFieldError
from segloop_store.blobs import BlobStore

CACHE_BYTES = 128 * 1024 * 1024
"""Decoded arrays a server process keeps: 60 label maps of 2048 x 1024, or 30 region maps."""

MAX_WRONG_PIXELS = 4_000_000
"""A label map of the wrong size is decoded up to here, to say what size it is."""

Box = tuple[int, int, int, int]
"""x, y, width, height in image pixels."""


class ArrayCache:
    """Arrays by blob key, the least recently used forgotten. Two threads may load one key: both are right."""

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._arrays: OrderedDict[str, NDArray[np.generic]] = OrderedDict()
        self._num_bytes = 0
        self._lock = threading.Lock()

    def get(self, key: str, load: Callable[[], NDArray[np.generic]]) -> NDArray[np.generic]:
        """The array under `key`, loaded when it is not there; read-only."""
        with self._lock:
            found = self._arrays.get(key)
            if found is not None:
                self._arrays.move_to_end(key)
                return found
        array = load()
        array.setflags(write=False)
        with self._lock:
            if key not in self._arrays:
                self._arrays[key] = array
                self._num_bytes += array.nbytes
            while self._num_bytes > self._max_bytes and len(self._arrays) > 1:
                self._num_bytes -= self._arrays.popitem(last=False)[1].nbytes
        return array


_cache = ArrayCache()


def region_mask(blobs: BlobStore, region_map_key: str, region_index: int, box: Box) -> NDArray[np.bool_]:
    """True inside the region; shape (height, width) of its box."""
    mask: NDArray[np.bool_] = _cut(_cells(blobs, region_map_key), box) == region_index
    return mask


def segments_crop(blobs: BlobStore, segments_key: str, box: Box) -> NDArray[np.int32]:
    """The segment ids inside a box; int32 (height, width)."""
    return _cut(_cells(blobs, segments_key), box).astype(np.int32)


def _cells(blobs: BlobStore, key: str) -> NDArray[np.generic]:
    # 65,535 cells at most: half the bytes of what the codec gives
    return _cache.get(key, lambda: decode_region_map(blobs.get(key)).astype(np.uint16))


def layer_crop(blobs: BlobStore, key: str, box: Box) -> NDArray[np.uint8]:
    """What a model says inside a box: its label map, heat or probabilities; uint8 (height, width)."""
    crop = _cut(_cache.get(key, lambda: decode_index_png(blobs.get(key))), box)
    return crop.astype(np.uint8)


def _cut(array: NDArray[np.generic], box: Box) -> NDArray[np.generic]:
    x, y, width, height = box
    return array[y : y + height, x : x + width]


def to_base64_png(label_map: NDArray[np.uint8]) -> str:
    """An 8-bit PNG as JSON carries it."""
    return base64.b64encode(encode_index_png(label_map)).decode()


def mask_to_base64_png(mask: NDArray[np.bool_]) -> str:
    """255 inside, 0 outside."""
    return to_base64_png(np.where(mask, np.uint8(255), np.uint8(0)))


def decode_box(text: str, box: Box) -> NDArray[np.uint8]:
    """The label map of a box as a client sends it.

    Raises:
        InvalidFieldError: it is no base64, no 8-bit index PNG, or has another size than the box.
    """
    _, _, width, height = box
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidFieldError("label_map_png", f"this is no base64: {error}") from error
    try:
        label_map = decode_index_png(data, max_pixels=max(width * height, MAX_WRONG_PIXELS))
    except LabelMapError as error:
        raise InvalidFieldError("label_map_png", str(error)) from error
    if label_map.shape != (height, width):
        found = f"{label_map.shape[1]} x {label_map.shape[0]}"
        raise InvalidFieldError("label_map_png", f"it is {found}, the region's box is {width} x {height}")
    return label_map


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer that keeps every rule, as the server stores it."""

    label_map_png: bytes
    label_map_sha256: str
    num_void_px: int


def check_answer(
    label_map: NDArray[np.uint8], mask: NDArray[np.bool_], *, num_classes: int, kind: AnnotationKind
) -> CheckedAnswer:
    """An answer to one region, checked pixel by pixel.

    Args:
        label_map: uint8 (H, W) of the box.
        mask: bool (H, W), True inside the region.
        num_classes: C.
        kind: a dominant answer names one class for the whole region.

    Raises:
        InvalidFieldError: pixels are painted outside, left out inside, or hold no class; the message says
        how many.
    """
    num_outside = int(np.count_nonzero(label_map[~mask] != UNLABELLED))
    if num_outside:
        raise InvalidFieldError(
            "label_map_png", f"{num_outside} pixels outside the region are painted: they must be {UNLABELLED}"
        )
    inside = label_map[mask]
    num_left_out = int(np.count_nonzero(inside == UNLABELLED))
    if num_left_out:
        raise InvalidFieldError(
            "label_map_png",
            f"{num_left_out} of {inside.size} pixels inside the region are {UNLABELLED}: every one needs a "
            f"class or {VOID} (void)",
        )
    found = np.unique(inside)
    unknown = [int(value) for value in found if value >= num_classes and value != VOID]
    if unknown:
        raise InvalidFieldError(
            "label_map_png",
            f"{unknown[:10]} are no classes of this project: use 0..{num_classes - 1} or {VOID}",
        )
    if kind is AnnotationKind.DOMINANT and found.size != 1:
        raise InvalidFieldError("kind", f"a dominant answer has one class, this one has {found.size}")
    return CheckedAnswer(
        label_map_png=encode_index_png(label_map),
        label_map_sha256=hashlib.sha256(np.ascontiguousarray(label_map).tobytes()).hexdigest(),
        num_void_px=int(np.count_nonzero(inside == VOID)),
    )
