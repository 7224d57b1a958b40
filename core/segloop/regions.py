"""Regions: how an image is cut into the cells people are asked about, and what is computed per cell.

H height, W width, R regions, E touching pairs. A region map is int32 (H, W): 0..R-1, every region non-empty
and, in the partitions made here, 4-connected. scikit-image is imported only when superpixels are made.

This module knows no image file, no score and no selection.
"""

import dataclasses
import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segloop.errors import FormatError, NonFiniteError, ShapeError
from segloop.label_maps import MAX_PIXELS, open_png, read_png_header
from segloop.settings import PartitionKind

MAX_REGIONS = 65_535
"""Most regions of one image: a region map travels as a 16-bit PNG."""

REGIONS_PER_IMAGE = 192
"""About this many regions an image has by default: 480 x 360 in 30-px cells, the paper's CamVid setting."""

MAX_SLIC_PIXELS = 4_000_000
"""Larger images are cut at this size and enlarged by nearest neighbour: SLIC costs 0.6 s a megapixel."""

SEGMENTS_PER_REGION_SIDE = 3
MIN_SEGMENT_PX = 4
SLIC_COMPACTNESS = 10.0

PIECE_SHARE = 1 / 4
"""A piece of a superpixel cut off from its rest is a region of its own from this share of the mean area."""

SMALLEST_SHARE = 1 / 16
"""Smaller superpixels go to their neighbours: nobody wants to be asked about three pixels."""

RegionMap = NDArray[np.int32]


@dataclasses.dataclass(frozen=True)
class Partition:
    """All regions of one image.

    Attributes:
        region_map: int32 (H, W), the region of each pixel.
        bboxes: int32 (R, 4), tight boxes as x, y, width, height in pixels.
        areas: int64 (R,), pixels of each region.
    """

    region_map: RegionMap
    bboxes: NDArray[np.int32]
    areas: NDArray[np.int64]

    @property
    def num_regions(self) -> int:
        """R."""
        return len(self.areas)


def default_size_px(width: int, height: int) -> int:
    """Side of a region when nobody chose one: sqrt(W * H / 192), and at most `MAX_REGIONS` regions."""
    return max(1, round(math.sqrt(width * height / REGIONS_PER_IMAGE)), _thin_image_px(height, width))


def partition(kind: PartitionKind, image: NDArray[np.uint8], size_px: int | None) -> Partition:
    """The partition of an image, uint8 (H, W, 3), into regions of about `size_px` squared (None = default).

    Raises:
        ShapeError: more than `MAX_REGIONS` regions.
    """
    height, width = image.shape[:2]
    size = default_size_px(width, height) if size_px is None else size_px
    if kind is PartitionKind.GRID:
        return grid_partition(height, width, size)
    return superpixel_partition(image, size)


def grid_partition(height: int, width: int, size_px: int) -> Partition:
    """Square cells of `size_px`, numbered row by row; cells at the right and lower border may be smaller.

    Raises:
        ShapeError: more than `MAX_REGIONS` cells.
    """
    _check_count(height, width, size_px)
    rows, columns = np.arange(height) // size_px, np.arange(width) // size_px
    num_columns = int(columns[-1]) + 1
    region_map = rows[:, None] * num_columns + columns[None, :]
    return partition_from_region_map(region_map.astype(np.int32))


def superpixel_partition(image: NDArray[np.uint8], size_px: int) -> Partition:
    """SLIC superpixels of about `size_px` squared: the same image and size always give the same regions.

    Args:
        image: uint8 (H, W, 3) RGB.
        size_px: side of a square of the regions' mean area.

    Raises:
        ShapeError: more than `MAX_REGIONS` regions, or no RGB image.

    Source:
        Achanta et al., "SLIC superpixels", PAMI 2012, in scikit-image's implementation. We differ in the
        clean-up afterwards (`_slic_cells`), which leaves every region in one 4-connected piece.
    """
    return partition_from_region_map(_slic(image, size_px))


def finer_segments(image: NDArray[np.uint8], size_px: int) -> RegionMap:
    """Segments for the superpixel tool, int32 (H, W): a third of a region's side, at most `MAX_REGIONS`."""
    height, width = image.shape[:2]
    fewest_px = math.ceil(math.sqrt(height * width / (MAX_REGIONS // 2)))
    wanted_px = max(MIN_SEGMENT_PX, round(size_px / SEGMENTS_PER_REGION_SIDE), fewest_px)
    return _slic(image, max(wanted_px, _thin_image_px(height, width)))


def partition_from_region_map(region_map: RegionMap) -> Partition:
    """Boxes and areas of a region map.

    Raises:
        ShapeError: not int32 (H, W), a number below 0, a region without pixels, or too many regions.
    """
    if region_map.ndim != 2 or region_map.dtype != np.int32 or not region_map.size:
        raise ShapeError(f"region map is {region_map.dtype} {region_map.shape}: it must be int32 (H, W)")
    lowest, highest = int(region_map.min()), int(region_map.max())
    if lowest < 0 or highest >= MAX_REGIONS:
        raise ShapeError(f"region map holds {lowest} .. {highest}: regions are 0 .. {MAX_REGIONS - 1}")
    areas = np.bincount(region_map.ravel()).astype(np.int64)
    if not areas.all():
        raise ShapeError(f"{np.count_nonzero(areas == 0)} of {len(areas)} regions have no pixel")
    return Partition(region_map, _bboxes(region_map, len(areas)), areas)


def encode_region_map(region_map: RegionMap) -> bytes:
    """The region map as a 16-bit greyscale PNG."""
    if region_map.min() < 0 or region_map.max() >= MAX_REGIONS:
        raise ShapeError(f"region map holds numbers outside 0 .. {MAX_REGIONS - 1}")
    buffer = io.BytesIO()
    Image.fromarray(region_map.astype(np.uint16)).save(buffer, "PNG")
    return buffer.getvalue()


def decode_region_map(data: bytes, *, max_pixels: int = MAX_PIXELS) -> RegionMap:
    """The region map, int32 (H, W), in a 16-bit greyscale PNG.

    Raises:
        FormatError: another file, broken, or larger than `max_pixels`.
    """
    _, _, bit_depth, colour_type = read_png_header(data, FormatError)
    if (bit_depth, colour_type) != (16, 0):
        raise FormatError("a region map must be a 16-bit greyscale PNG")
    return np.array(open_png(data, FormatError, max_pixels=max_pixels)).astype(np.int32)


def neighbours(region_map: RegionMap) -> NDArray[np.int32]:
    """Pairs of regions that touch, by an edge or a corner.

    Args:
        region_map: int32 (H, W).

    Returns:
        int32 (E, 2), each pair once with the smaller number first, in rising order.
    """
    num_regions = int(region_map.max()) + 1
    shifted = (
        (region_map[:, :-1], region_map[:, 1:]),
        (region_map[:-1], region_map[1:]),
        (region_map[:-1, :-1], region_map[1:, 1:]),
        (region_map[:-1, 1:], region_map[1:, :-1]),
    )
    keys = np.unique(np.concatenate([_pair_keys(a, b, num_regions) for a, b in shifted]))
    return np.stack([keys // num_regions, keys % num_regions], axis=1).astype(np.int32)


def pool_mean(
    values: NDArray[np.float32],
    region_map: RegionMap,
    *,
    num_regions: int,
    mask: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Mean of `values` in each region.

    Args:
        values: float (H, W).
        region_map: int32 (H, W).
        num_regions: R.
        mask: bool (H, W), pixels that count; None = all.

    Returns:
        float32 (R,); 0 for a region without a pixel that counts.

    Raises:
        NonFiniteError: a value is NaN or infinite, masked or not.
        ShapeError: the arrays differ in shape.
    """
    if values.shape != region_map.shape or (mask is not None and mask.shape != region_map.shape):
        raise ShapeError(f"values {values.shape}, mask and region map {region_map.shape} differ in shape")
    num_bad = values.size - int(np.count_nonzero(np.isfinite(values)))
    if num_bad:
        raise NonFiniteError(f"{num_bad} of {values.size} values are NaN or infinite")
    cells = region_map.ravel() if mask is None else region_map[mask]
    weights = values.ravel() if mask is None else values[mask]
    sums = np.bincount(cells, weights=weights, minlength=num_regions)
    counts = np.bincount(cells, minlength=num_regions)
    if len(sums) > num_regions:
        raise ShapeError(f"region map holds {len(sums) - 1}: num_regions is {num_regions}")
    return (sums / np.maximum(counts, 1)).astype(np.float32)


def _thin_image_px(height: int, width: int) -> int:
    """Smallest side that keeps an image of a few rows or columns under `MAX_REGIONS`."""
    return math.ceil(max(height, width) / 65_000)


def _check_count(height: int, width: int, size_px: int) -> None:
    if size_px < 1:
        raise ShapeError(f"size_px is {size_px}: a region has at least 1 pixel")
    count = math.ceil(height / size_px) * math.ceil(width / size_px)
    if count > MAX_REGIONS:
        raise ShapeError(
            f"{width} x {height} pixels in regions of {size_px} px are {count} regions: "
            f"at most {MAX_REGIONS}, so choose a larger size_px"
        )


def _bboxes(region_map: RegionMap, num_regions: int) -> NDArray[np.int32]:
    """Tight boxes, int32 (R, 4): x, y, width, height."""
    rows, columns = (np.arange(length, dtype=np.int32) for length in region_map.shape)
    left, width = _span(columns[None, :], region_map, num_regions)
    top, height = _span(rows[:, None], region_map, num_regions)
    return np.stack([left, top, width, height], axis=1)


def _span(
    lines: NDArray[np.int32], region_map: RegionMap, num_regions: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """First line that holds each region, and how many lines it reaches over."""
    positions = np.broadcast_to(lines, region_map.shape).ravel()
    first = np.full(num_regions, max(region_map.shape), np.int32)
    last = np.full(num_regions, -1, np.int32)
    np.minimum.at(first, region_map.ravel(), positions)
    np.maximum.at(last, region_map.ravel(), positions)
    return first, last - first + 1


def _pair_keys(a: RegionMap, b: RegionMap, num_regions: int) -> NDArray[np.int64]:
    """`low * R + high` of each pixel pair that lies in two regions."""
    differ = a != b
    first, second = a[differ].astype(np.int64), b[differ].astype(np.int64)
    return np.unique(np.minimum(first, second) * num_regions + np.maximum(first, second))


def _slic(image: NDArray[np.uint8], size_px: int) -> RegionMap:
    height, width = image.shape[:2]
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ShapeError(f"image is {image.dtype} {image.shape}: it must be uint8 (H, W, 3)")
    _check_count(height, width, size_px)
    num_segments = round(height * width / size_px**2)
    if num_segments <= 1 or size_px == 1:
        return grid_partition(height, width, size_px if size_px == 1 else max(height, width)).region_map
    scale = min(1.0, math.sqrt(MAX_SLIC_PIXELS / (height * width)))
    cells = _slic_cells(_reduced(image, scale), num_segments)
    rows = np.arange(height) * cells.shape[0] // height
    columns = np.arange(width) * cells.shape[1] // width
    return cells[rows[:, None], columns[None, :]] if scale < 1 else cells


def _reduced(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    if scale == 1.0:
        return image
    height, width = max(1, int(image.shape[0] * scale)), max(1, int(image.shape[1] * scale))
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BOX))


def _slic_cells(image: NDArray[np.uint8], num_segments: int) -> RegionMap:
    """SLIC at the image's own size, made 4-connected, numbered in reading order.

    scikit-image's own clean-up merges every small piece with whatever it met last: on noise that ends in one
    region for the whole image. Here the large pieces stay and the rest is flooded from them.
    """
    from skimage.measure import label  # noqa: PLC0415  costs a second, and the server never cuts superpixels
    from skimage.segmentation import slic  # noqa: PLC0415

    clusters = slic(
        image.astype(np.float32) / 255,
        n_segments=num_segments,
        compactness=SLIC_COMPACTNESS,
        start_label=0,
        channel_axis=-1,
        enforce_connectivity=False,
    )
    pieces = label(clusters, background=-1, connectivity=1)  # type: ignore[no-untyped-call]  # partly typed
    mean_area = pieces.size / num_segments
    cells = _flooded(pieces, _kept_pieces(clusters, pieces, PIECE_SHARE * mean_area))
    is_large = np.bincount(cells.ravel()) >= SMALLEST_SHARE * mean_area
    return _renumbered(_flooded(cells, is_large) if is_large.any() else cells)


def _flooded(cells: NDArray[np.int32], is_kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    """`cells` (numbered from 1) with those not kept given, pixel by pixel, to a kept one they touch."""
    from skimage.segmentation import watershed  # noqa: PLC0415  as in `_slic_cells`

    markers = np.where(is_kept[cells], cells, 0)
    if markers.all():
        return cells
    flat = np.zeros(cells.shape, np.uint8)
    flooded: NDArray[np.int32] = watershed(flat, markers, connectivity=1)  # type: ignore[no-untyped-call]
    return flooded


def _kept_pieces(
    clusters: NDArray[np.int64], pieces: NDArray[np.int64], smallest_area: float
) -> NDArray[np.bool_]:
    """Which pieces (numbered from 1) stay regions: the large ones, and the largest of each cluster."""
    areas = np.bincount(pieces.ravel())
    cluster_of = np.zeros(len(areas), np.int64)
    cluster_of[pieces.ravel()] = clusters.ravel()
    kept: NDArray[np.bool_] = areas >= smallest_area
    numbers = np.arange(1, len(areas))
    by_size = numbers[np.lexsort((numbers, -areas[1:], cluster_of[1:]))]
    _, first = np.unique(cluster_of[by_size], return_index=True)
    kept[by_size[first]] = True
    return kept


def _renumbered(cells: NDArray[np.int32]) -> RegionMap:
    """The same regions as 0..R-1 in the order a reader meets them."""
    _, first, inverse = np.unique(cells, return_index=True, return_inverse=True)
    if len(first) > MAX_REGIONS:
        raise ShapeError(f"{len(first)} superpixels: at most {MAX_REGIONS}, so choose a larger size_px")
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return rank[inverse.reshape(cells.shape)]
