"""What the annotate page's tools should paint, said once more in plain NumPy.

Points are x, y in pixels of the region's box; results are bool (H, W), True where a pixel is painted.
"""

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Mask = NDArray[np.bool_]
Labels = NDArray[np.uint8]


def round_stroke(shape: tuple[int, int], start: Point, end: Point, diameter: float) -> Mask:
    """Pixels whose centre is within half a diameter of the way, and those hit by its ends."""
    x, y = _centres(shape)
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = ((x - start[0]) * dx + (y - start[1]) * dy) / max(dx * dx + dy * dy, 1e-12)
    along = np.clip(along, 0, 1)
    distance = np.hypot(x - start[0] - along * dx, y - start[1] - along * dy)
    return (distance <= diameter / 2) | _hit(shape, start) | _hit(shape, end)


def square_stroke(shape: tuple[int, int], start: Point, end: Point, side: float) -> Mask:
    """Pixels whose centre lies in the square around some point of the way."""
    first, last = np.zeros(shape), np.ones(shape)
    is_met = np.ones(shape, dtype=np.bool_)
    for centre, begin, way in zip(_centres(shape), start, np.subtract(end, start), strict=True):
        if way == 0:
            is_met &= abs(centre - begin) <= side / 2
            continue
        times = np.sort([(centre - side / 2 - begin) / way, (centre + side / 2 - begin) / way], axis=0)
        first, last = np.maximum(first, times[0]), np.minimum(last, times[1])
    return is_met & (first <= last)


def polygon(shape: tuple[int, int], corners: list[Point]) -> Mask:
    """Pixels whose centre lies inside, by the even-odd rule."""
    x, y = _centres(shape)
    inside = np.zeros(shape, dtype=np.bool_)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        if ay != by:
            crosses = (ay <= y) != (by <= y)
            inside ^= crosses & (x >= ax + (y - ay) / (by - ay) * (bx - ax))
    return inside


def connected(allowed: Mask, seeds: Mask) -> Mask:
    """Pixels that can be reached from the seeds in steps to the four neighbours."""
    reached = seeds & allowed
    while True:
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        grown &= allowed
        if np.array_equal(grown, reached):
            return reached
        reached = grown


def holes(labels: Labels, region: Mask, value: int) -> Mask:
    """Pixels of other values that reach the region's border only through `value`."""
    padded = np.pad(region, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    other = region & (labels != value)
    enclosed: Mask = other & ~connected(other, other & ~inner)
    return enclosed


def smoothed(labels: Labels, region: Mask) -> Labels:
    """The commonest value in 5 x 5 around each pixel; its own while none is commoner, else the smallest."""
    result = labels.copy()
    for y, x in np.argwhere(region):
        window = np.s_[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3]
        votes = np.bincount(labels[window][region[window]], minlength=256)
        if votes[labels[y, x]] < votes.max():
            result[y, x] = votes.argmax()
    return result


def pixel(shape: tuple[int, int], at: Point) -> Mask:
    """The one pixel under a point."""
    return _hit(shape, at)


def _centres(shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    return x, y


def _hit(shape: tuple[int, int], at: Point) -> Mask:
    hit = np.zeros(shape, dtype=np.bool_)
    column, row = int(np.floor(at[0])), int(np.floor(at[1]))
    if 0 <= row < shape[0] and 0 <= column < shape[1]:
        hit[row, column] = True
    return hit
