"""The simulated annotator: it knows the truth and answers only the region it is asked about.

It also counts the clicks a person would need, so that strategies can be compared by effort and not by pixels
alone. It knows no round, no budget and no file.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from segloop.errors import ShapeError
from segloop.label_maps import UNLABELLED, VOID
from segloop.settings import AnnotationKind

CONTOUR_TOLERANCE_PX = 1.0
"""How far a clicked polygon may leave the true outline (Douglas-Peucker); a careful person's accuracy."""

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the oracle says of one region.

    Attributes:
        label_map: uint8 (h, w) of the region's bbox: class index or VOID inside the region, 255 outside it.
        num_clicks: clicks a person would have needed.
        kind: `exact`, or `dominant` when one class stands for the whole region.
    """

    label_map: NDArray[np.uint8]
    num_clicks: int
    kind: AnnotationKind


def answer_region(
    truth: NDArray[np.uint8], region_mask: NDArray[np.bool_], bbox: tuple[int, int, int, int]
) -> Answer:
    """The exact truth inside one region.

    VOID stays VOID. Pixels the truth itself has no label for (255) are answered VOID as well: somebody
    looked, and nobody can tell; they count as asked, are never asked again and never trained on.

    Clicks: one gives the region its dominant class. Then each 8-connected component of any other class (VOID
    included) is painted with a polygon: one click for its class, one for each vertex of its outline after
    simplification to `CONTOUR_TOLERANCE_PX`, and one for each crossing of the outline with the region's
    border; the border itself costs nothing, for what is painted beyond it is cut off. Holes are painted like
    outlines. A line between two components that are both painted is counted for each.

    Args:
        truth: uint8 (H, W), the whole image's label map.
        region_mask: bool (h, w), true inside the region, of the bbox's size.
        bbox: x, y, w, h of the region in the image.

    Raises:
        ShapeError: the mask is not of the bbox's size, or the bbox leaves the image.
    """
    label_map = _cut(truth, region_mask, bbox)
    classes, num_pixels = np.unique(label_map[region_mask], return_counts=True)
    num_clicks = 1
    if len(classes) > 1:
        dominant = classes[num_pixels.argmax()]
        num_clicks += sum(
            _painting_clicks(label_map == other, region_mask) for other in classes if other != dominant
        )
    return Answer(label_map, num_clicks, AnnotationKind.EXACT)


def answer_dominant(
    truth: NDArray[np.uint8], region_mask: NDArray[np.bool_], bbox: tuple[int, int, int, int]
) -> Answer:
    """One click: the region's most frequent class (VOID included; ties: the lower index) for all of it."""
    label_map = _cut(truth, region_mask, bbox)
    classes, num_pixels = np.unique(label_map[region_mask], return_counts=True)
    label_map[region_mask] = classes[num_pixels.argmax()]
    return Answer(label_map, 1, AnnotationKind.DOMINANT)


def _cut(
    truth: NDArray[np.uint8], region_mask: NDArray[np.bool_], bbox: tuple[int, int, int, int]
) -> NDArray[np.uint8]:
    x, y, w, h = bbox
    window = truth[y : y + h, x : x + w]
    if min(x, y) < 0 or window.shape != (h, w) or region_mask.shape != (h, w):
        raise ShapeError(
            f"bbox {bbox} with a mask of {region_mask.shape} does not fit a label map of {truth.shape}"
        )
    if not region_mask.any():
        raise ShapeError(f"the mask of bbox {bbox} holds no pixel")
    answered = np.where(window == UNLABELLED, np.uint8(VOID), window)
    return np.where(region_mask, answered, np.uint8(UNLABELLED)).astype(np.uint8)


def _painting_clicks(mask: NDArray[np.bool_], region_mask: NDArray[np.bool_]) -> int:
    """Clicks to paint every component of `mask` inside the region."""
    inside = np.pad(region_mask, 1)
    num_clicks = 0
    for loop in _outlines(mask):
        if _signed_area(loop) > 0:
            num_clicks += 1  # its class; a hole keeps the class of what surrounds the component
        num_clicks += _outline_clicks(loop, inside)
    return num_clicks


def _outlines(mask: NDArray[np.bool_]) -> list[list[Point]]:
    """Closed walks along pixel edges with the mask on the right: clockwise, in holes counter-clockwise.

    Each is a list of (x, y) corners, the first not repeated. Diagonal neighbours belong together.
    """
    steps = _edge_steps(mask)
    loops = []
    while steps:
        start = next(iter(steps))
        loop, corner, step = [], start, steps[start][0]
        while True:
            loop.append(corner)
            steps[corner].remove(step)
            if not steps[corner]:
                del steps[corner]
            corner = (corner[0] + step[0], corner[1] + step[1])
            if corner == start:
                break
            options = steps[corner]
            left = (step[1], -step[0])  # y points down; a left turn reaches the diagonal neighbour
            step = left if left in options else options[0]
        loops.append(loop)
    return loops


def _edge_steps(mask: NDArray[np.bool_]) -> dict[Point, list[Point]]:
    """Corner -> unit steps (dx, dy) that leave it along the mask's boundary."""
    padded = np.pad(mask, 1)
    core = padded[1:-1, 1:-1]
    sides = (
        (core & ~padded[:-2, 1:-1], (0, 0), (1, 0)),
        (core & ~padded[1:-1, 2:], (1, 0), (0, 1)),
        (core & ~padded[2:, 1:-1], (1, 1), (-1, 0)),
        (core & ~padded[1:-1, :-2], (0, 1), (0, -1)),
    )
    steps: dict[Point, list[Point]] = {}
    for is_edge, (dx, dy), step in sides:
        for y, x in np.argwhere(is_edge).tolist():
            steps.setdefault((x + dx, y + dy), []).append(step)
    return steps


def _signed_area(loop: list[Point]) -> float:
    x, y = np.array(loop, dtype=np.float64).T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def _outline_clicks(loop: list[Point], inside: NDArray[np.bool_]) -> int:
    """Vertices of the parts inside the region, and their ends on its border. `inside` is padded by 1."""
    closed = [*loop, loop[0]]
    is_inner = [_has_region_outside(a, b, inside) for a, b in pairwise(closed)]
    if all(is_inner):
        return max(3, _num_vertices_closed(loop))
    if not any(is_inner):
        return 0
    start = next(index for index in range(len(loop)) if is_inner[index] and not is_inner[index - 1])
    num_clicks, arc = 0, []
    for offset in range(len(loop) + 1):
        index = (start + offset) % len(loop)
        if offset < len(loop) and is_inner[index]:
            arc.append(loop[index])
        elif arc:
            num_clicks += len(_simplify([*arc, loop[index]]))  # its two ends are the crossings
            arc = []
    return num_clicks


def _has_region_outside(a: Point, b: Point, inside: NDArray[np.bool_]) -> bool:
    """Whether the pixel to the left of the edge a -> b (the side that is not painted) is in the region."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    x = min(a[0], b[0]) if dx else (a[0] if dy > 0 else a[0] - 1)
    y = min(a[1], b[1]) if dy else (a[1] - 1 if dx > 0 else a[1])
    return bool(inside[y + 1, x + 1])


def _num_vertices_closed(loop: list[Point]) -> int:
    points = np.array(loop, dtype=np.float64)
    far = int(((points - points[0]) ** 2).sum(axis=1).argmax())
    return len(_simplify(loop[: far + 1])) + len(_simplify([*loop[far:], loop[0]])) - 2


def _simplify(arc: list[Point]) -> list[Point]:
    """Douglas-Peucker: the fewest corners, ends kept, that stay within `CONTOUR_TOLERANCE_PX` of the arc."""
    points = np.array(arc, dtype=np.float64)
    keep = {0, len(arc) - 1}
    spans = [(0, len(arc) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        middle, chord = points[first + 1 : last] - points[first], points[last] - points[first]
        length = float(np.hypot(*chord))
        cross = np.abs(middle[:, 0] * chord[1] - middle[:, 1] * chord[0])
        distance = cross / length if length else np.hypot(middle[:, 0], middle[:, 1])
        farthest = int(distance.argmax())
        if distance[farthest] > CONTOUR_TOLERANCE_PX:
            split = first + 1 + farthest
            keep.add(split)
            spans += [(first, split), (split, last)]
    return [arc[index] for index in sorted(keep)]
