"""Ways of a brush and corners of polygons over masks: what a careful hand would draw.

Arrays in, points out: it knows no page. Points are (x, y) in pixels of the mask; the middle of a pixel is at
(.5, .5).
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import approximate_polygon, find_contours

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]


def disc(diameter: int, *, with_rim: bool = True) -> Mask:
    """The pixels a round brush covers when it is put down on the middle one; an odd number a side.

    Pixels exactly on its rim are covered or not as the pointer's place is rounded: `with_rim` tells which.
    """
    reach = diameter // 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    squared = x * x + y * y
    within = squared <= diameter * diameter / 4 if with_rim else squared < diameter * diameter / 4
    return np.asarray(within, dtype=np.bool_)


def swept(points: Points, diameter: int, shape: tuple[int, int]) -> Mask:
    """The pixels a brush surely covers on its way along rows and columns, from middle to middle of pixels."""
    way = np.zeros(shape, dtype=np.bool_)
    cells = np.floor(points).astype(np.intp)
    way[cells[0, 1], cells[0, 0]] = True
    for (x0, y0), (x1, y1) in itertools.pairwise(cells.tolist()):
        way[min(y0, y1) : max(y0, y1) + 1, min(x0, x1) : max(x0, x1) + 1] = True
    return np.asarray(ndimage.binary_dilation(way, disc(diameter, with_rim=False)))


def strokes(wanted: Mask, free: Mask, diameter: int) -> Iterator[Points]:
    """Strokes that cover what they can of `wanted` and nothing that is not `free`, each in one gesture.

    Args:
        wanted: bool (H, W), the pixels to paint.
        free: bool (H, W), the pixels that may be painted.
        diameter: of the brush, pixels.
    """
    brush = disc(diameter)
    centres = ndimage.binary_erosion(free, brush, border_value=1)
    useful = centres & ndimage.binary_dilation(wanted, brush)
    parts, num = ndimage.label(useful)
    for number in range(1, num + 1):
        yield _winding_way(parts == number, max(1, round(0.6 * diameter)))


@dataclass
class _Walk:
    """A walk through the rows of a connected mask, never leaving it."""

    runs: dict[int, list[tuple[int, int]]]
    row_step: int
    points: list[tuple[float, float]] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)

    def visit(self, y: int, run: tuple[int, int], x: int) -> None:
        """Paint a run of a row, entered at column x, then all that hangs on it, and come back to x."""
        left, right = run
        self.seen.add((y, left))
        self._go(x, y)
        if y % self.row_step == 0 or not self._has_open(y, run):
            self._go(left, y)
            self._go(right - 1, y)
        for next_y in (y + 1, y - 1):
            for other in self.runs.get(next_y, []):
                if (next_y, other[0]) not in self.seen and other[0] < right and left < other[1]:
                    here = int(np.clip(x, max(left, other[0]), min(right, other[1]) - 1))
                    self._go(here, y)
                    self.visit(next_y, other, here)
                    self._go(here, y)

    def _has_open(self, y: int, run: tuple[int, int]) -> bool:
        """Whether an unseen run touches this one: then this one is passed, not painted."""
        return any(
            (next_y, other[0]) not in self.seen and other[0] < run[1] and run[0] < other[1]
            for next_y in (y + 1, y - 1)
            for other in self.runs.get(next_y, [])
        )

    def _go(self, x: int, y: int) -> None:
        point = (x + 0.5, y + 0.5)
        if not self.points or self.points[-1] != point:
            self.points.append(point)


def _winding_way(part: Mask, row_step: int) -> Points:
    """A way through a connected mask (4-neighbourhood) along every `row_step`-th row."""
    top = int(np.flatnonzero(part.any(axis=1))[0])
    runs = {y: _runs(part[y]) for y in np.flatnonzero(part.any(axis=1)).tolist()}
    walk = _Walk(runs, row_step)
    first = runs[top][0]
    walk.visit(top, first, first[0])
    points = _without_way_back(walk.points, part.shape)
    return np.array(_without_straight(points), dtype=np.float64)


def _runs(row: Mask) -> list[tuple[int, int]]:
    steps = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    return [(int(left), int(right)) for left, right in zip(steps[::2], steps[1::2], strict=True)]


def _without_way_back(points: list[tuple[float, float]], shape: tuple[int, ...]) -> list[tuple[float, float]]:
    """The walk comes back to where it began; a hand stops where the last new pixel was reached."""
    seen = np.zeros(shape, dtype=np.bool_)
    last = 0
    for index, ((x0, y0), (x1, y1)) in enumerate(itertools.pairwise(points), start=1):
        rows = slice(int(min(y0, y1)), int(max(y0, y1)) + 1)
        columns = slice(int(min(x0, x1)), int(max(x0, x1)) + 1)
        if not seen[rows, columns].all():
            last = index
        seen[rows, columns] = True
    return points[: last + 1]


def _without_straight(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same way with no point in the middle of a straight piece."""
    kept = points[:1]
    if len(points) == 1:
        return kept
    for here, after in zip(points[1:], [*points[2:], None], strict=True):
        before = kept[-1]
        is_straight = after is not None and (
            (before[0] == here[0] == after[0] and (here[1] - before[1]) * (after[1] - here[1]) > 0)
            or (before[1] == here[1] == after[1] and (here[0] - before[0]) * (after[0] - here[0]) > 0)
        )
        if not is_straight:
            kept.append(here)
    return kept


def outline(part: Mask, tolerance_px: float, spacing_px: float) -> Points:
    """Corners of a polygon around a connected mask, no two of them (in order, and to the first) too near.

    Args:
        part: bool (H, W), connected; its holes are covered too.
        tolerance_px: how far the polygon may stray from the outline.
        spacing_px: nearest distance of two corners.
    """
    filled = np.pad(ndimage.binary_fill_holes(part), 1)
    contours = find_contours(filled.astype(np.float64), 0.5)  # type: ignore[no-untyped-call]
    closed = approximate_polygon(max(contours, key=len), tolerance_px)  # type: ignore[no-untyped-call]
    corners = closed[:-1, ::-1] - 0.5  # from (row, column) in the mask with its border of 1
    kept = [corners[0]]
    for corner in corners[1:]:
        if min(np.hypot(*(corner - kept[-1])), np.hypot(*(corner - kept[0]))) > spacing_px:
            kept.append(corner)
    return np.array(kept, dtype=np.float64)


def inside(corners: Points, shape: tuple[int, int]) -> Mask:
    """The pixels whose centres lie inside a polygon (even-odd rule)."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    is_in = np.zeros(shape, dtype=np.bool_)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 <= y) != (y1 <= y)
        is_in ^= crosses & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return is_in
