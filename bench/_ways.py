"""Ways to answer a region with the page's tools, each a plainly greedy policy over a known label map.

A policy names the next action; it never plans two ahead. It takes the action that puts most pixels right a
second, by the keystroke-level model. It sees the region, segments and picture that the page has, but no page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bench._strokes import Mask, Points, inside, outline, strokes, swept
from segloop.label_maps import UNLABELLED, VOID

LabelMap = NDArray[np.uint8]
WAND_TOLERANCE = 24
"""Of a colour channel; the page's own at first."""
POLYGON_TOLERANCES_PX = (3.0, 2.0, 1.5, 1.0, 0.7, 0.5)
CORNER_SPACING_PX = 11.0
"""Nearest distance of two corners in the window: a click within 9 pixels of a corner would be the last."""
LARGEST_BRUSH_PX = 48
PX_PER_CM = 96 / 2.54


def seconds_of(*, keys: int, presses: int, bends: int, stroke_px: float) -> float:
    """What a practised hand takes, without time to think, by the keystroke-level model.

    Source: Card, Moran and Newell, 1980 (Communications of the ACM 23): a key 0.28 s, pointing 1.1 s and
    pressing the button 0.2 s, drawing 0.9 s a straight piece + 0.16 s a centimetre (at 96 pixels an inch).

    Args:
        keys: pressed.
        presses: of the pointer's button, each after pointing somewhere.
        bends: straight pieces of strokes.
        stroke_px: their length in the window.
    """
    return 0.28 * keys + (1.1 + 0.2) * presses + 0.9 * bends + 0.16 * stroke_px / PX_PER_CM


class Tool(StrEnum):
    """What an action is done with."""

    BRUSH = "brush"
    POLYGON = "polygon"
    SUPERPIXEL = "superpixel"
    WAND = "wand"
    FILL_REGION = "fill region"
    FILL_REST = "fill rest"


@dataclass(frozen=True)
class Action:
    """One gesture or command.

    Attributes:
        tool: with what.
        value: the class painted.
        points: float64 (N, 2), where; empty for commands.
        covers: bool (H, W), the pixels expected to take the class.
        size: the brush's diameter in pixels; 0 for other tools.
    """

    tool: Tool
    value: int
    points: Points
    covers: Mask
    size: int = 0


@dataclass
class Region:
    """One region on the table.

    Attributes:
        truth: uint8 (H, W) of the region's box; 254 where nobody knows, any label will do there.
        mask: bool (H, W), the pixels of the region.
        current: uint8 (H, W), the label map as it is; 255 where nothing is said.
        segments: int (H, W), what one superpixel click paints.
        rgb: uint8 (H, W, 3), the picture.
        planned: polygons still to be drawn; None before they are planned.
    """

    truth: LabelMap
    mask: Mask
    current: LabelMap
    segments: NDArray[np.int32]
    rgb: NDArray[np.uint8]
    planned: list[Action] | None = None

    @property
    def counted(self) -> Mask:
        """The pixels whose class is known."""
        return self.mask & (self.truth < VOID)

    def agreement(self, label_map: LabelMap | None = None) -> float:
        """Share of the known pixels that are right."""
        shown = self.current if label_map is None else label_map
        return float((shown == self.truth)[self.counted].mean()) if self.counted.any() else 1.0

    def gain(self, action: Action) -> int:
        """Pixels an action puts right, less those it spoils."""
        changed = self.counted & action.covers
        right = action.value == self.truth[changed]
        was_right = self.current[changed] == self.truth[changed]
        return int(np.count_nonzero(right)) - int(np.count_nonzero(was_right))

    def apply(self, action: Action) -> None:
        """The label map as the action is expected to leave it."""
        self.current[self.mask & action.covers] = action.value


@dataclass
class Hand:
    """What is in the hand now: it stays there from region to region.

    Attributes:
        tool: None before the first.
        value: the class painted.
        size: of the brush, in pixels.
        scale: pixels of the window a pixel of the image.
    """

    tool: Tool | None = None
    value: int | None = None
    size: int = 12
    scale: float = 1.0

    def cost(self, action: Action) -> float:
        """Seconds an action takes."""
        keys = class_keys(action.value) * (action.value != self.value)
        if action.tool in {Tool.FILL_REGION, Tool.FILL_REST}:
            return seconds_of(keys=keys + 1, presses=0, bends=0, stroke_px=0.0)
        keys += action.tool is not self.tool
        if action.tool is not Tool.BRUSH:
            return seconds_of(keys=keys, presses=len(action.points), bends=0, stroke_px=0.0)
        keys += len(steps_between(self.size, action.size))
        length = float(np.abs(np.diff(action.points, axis=0)).sum()) * self.scale
        return seconds_of(keys=keys, presses=1, bends=len(action.points) - 1, stroke_px=length)


def class_keys(value: int) -> int:
    """Keys that choose a class: 1-9, or 0 and two digits."""
    return 1 if value < 9 else 3


def step_of(size: int) -> int:
    """What [ and ] change the brush by."""
    return max(1, round(0.2 * size))


def steps_between(size: int, wanted: int) -> list[int]:
    """The sizes [ or ] lead through from one size to the nearest that can be had of another."""
    passed: list[int] = []
    while size != wanted:
        step = step_of(size)
        after = min(size + step, 400) if wanted > size else max(size - step, 1)
        if abs(after - wanted) >= abs(size - wanted):
            break
        passed.append(after)
        size = after
    return passed


def reachable_sizes(size: int) -> list[int]:
    """Every size that [ and ] can give from this one, up to the largest that is of use."""
    smaller = steps_between(size, 1)
    larger = steps_between(size, LARGEST_BRUSH_PX)
    return sorted({size, *smaller[1::2], *smaller[-1:], *larger[1::2]})  # every other one: half the planning


@dataclass(frozen=True)
class Way:
    """A way to answer.

    Attributes:
        name: in the table.
        starts_from_prediction: or from nothing.
        tools: which may be used.
        fills_early: whether what is left may be filled as soon as that makes the answer good enough;
            otherwise it is filled only once the painted part is good enough.
    """

    name: str
    starts_from_prediction: bool
    tools: frozenset[Tool]
    fills_early: bool = False

    def next_action(self, region: Region, hand: Hand, tolerance: float) -> Action | None:
        """The action to take now; None when the answer is good enough and complete."""
        unlabelled = region.mask & (region.current == UNLABELLED)
        is_good = region.agreement() >= tolerance
        if is_good and not unlabelled.any():
            return None
        if is_good or self.fills_early:
            rest = _fill_rest(region, hand, unlabelled)
            filled = np.where(unlabelled, rest.value, region.current).astype(np.uint8)
            if region.agreement(filled) >= tolerance:
                return rest
        if self.tools == {Tool.POLYGON}:
            polygon = _next_polygon(region, hand, tolerance)
            if polygon is not None:
                return polygon
        tools = self.tools - {Tool.POLYGON} or {Tool.BRUSH}
        found = _best(region, hand, [action for tool in tools for action in _OFFERS[tool](region, hand)])
        if found is None:
            raise SystemExit(f"{self.name}: nothing more can be put right at {region.agreement():.3f}")
        return found


def _best(region: Region, hand: Hand, actions: list[Action]) -> Action | None:
    worth = [(region.gain(action) / hand.cost(action), -index) for index, action in enumerate(actions)]
    if not worth or max(worth)[0] <= 0:
        return None
    return actions[-max(worth)[1]]


def _classes(region: Region) -> list[int]:
    return [int(value) for value in np.unique(region.truth[region.counted])]


def _superpixel(region: Region, _: Hand) -> Iterator[Action]:
    """A click on each segment takes the commonest true class of its pixels in the region."""
    for number in np.unique(region.segments[region.mask]):
        covers = region.mask & (region.segments == number)
        known = region.truth[covers & region.counted]
        if known.size == 0:
            continue
        value = int(np.bincount(known).argmax())
        yield Action(Tool.SUPERPIXEL, value, _middle(covers), covers)


def _wand(region: Region, _: Hand) -> Iterator[Action]:
    """A click into the middle of each wrong part."""
    for value in _classes(region):
        wrong = region.counted & (region.truth == value) & (region.current != value)
        parts, num = ndimage.label(wrong)
        for number in range(1, num + 1):
            point = _middle(parts == number)
            yield Action(Tool.WAND, value, point, _flood(region, point))


def _flood(region: Region, point: Points) -> Mask:
    """The connected pixels of the region whose colour is like that under a point."""
    x, y = int(point[0, 0]), int(point[0, 1])
    rgb = region.rgb.astype(np.int16)
    alike = (np.abs(rgb - rgb[y, x]) <= WAND_TOLERANCE).all(axis=2) & region.mask
    parts, _ = ndimage.label(alike)
    return np.asarray(parts == parts[y, x])


def _fill_region(region: Region, _: Hand) -> Iterator[Action]:
    for value in _classes(region):
        yield Action(Tool.FILL_REGION, value, np.empty((0, 2)), region.mask)


def _fill_rest(region: Region, hand: Hand, unlabelled: Mask) -> Action:
    """Everything unlabelled takes its commonest true class; what is in the hand where nobody knows."""
    known = region.truth[unlabelled & region.counted]
    value = int(np.bincount(known).argmax()) if known.size else hand.value or 0
    return Action(Tool.FILL_REST, value, np.empty((0, 2)), unlabelled)


def _brush(region: Region, hand: Hand) -> Iterator[Action]:
    """Strokes over what is wrong that spoil nothing, at every size the brush can have."""
    for value in _classes(region):
        wanted = region.counted & (region.truth == value) & (region.current != value)
        if not wanted.any():
            continue
        free = ~region.counted | (region.truth == value)
        for size in reachable_sizes(hand.size):
            for points in strokes(wanted, free, size):
                yield Action(Tool.BRUSH, value, points, swept(points, size, wanted.shape), size)


def _next_polygon(region: Region, hand: Hand, tolerance: float) -> Action | None:
    """The polygons are drawn by size; None when all are drawn, and the rest is for the brush."""
    if region.planned is None:
        region.planned = _polygons(region, hand, tolerance)
    return region.planned.pop(0) if region.planned else None


def _polygons(region: Region, hand: Hand, tolerance: float) -> list[Action]:
    """A polygon around each area of the true label map, the largest first, until the answer is good.

    At the loosest outline that reaches it; else at the closest, for what is too thin for a polygon.
    """
    spacing_px = CORNER_SPACING_PX / hand.scale
    actions: list[Action] = []
    for stray_px in POLYGON_TOLERANCES_PX:
        actions = []
        left = Region(region.truth, region.mask, region.current.copy(), region.segments, region.rgb)
        for value, part in _areas(region):
            corners = outline(part, stray_px, spacing_px)
            if len(corners) >= 3 and left.agreement() < tolerance:
                covers = inside(corners, part.shape)
                actions.append(Action(Tool.POLYGON, value, corners, covers))
                left.apply(actions[-1])
        if left.agreement() >= tolerance:
            break
    return actions


def _areas(region: Region) -> list[tuple[int, Mask]]:
    """The connected areas of each class in the region's box, the largest first."""
    found = []
    for value in _classes(region):
        parts, num = ndimage.label(region.truth == value)
        for number in range(1, num + 1):
            part = parts == number
            if (part & region.mask).any():
                found.append((value, part))
    return sorted(found, key=lambda item: -int(item[1].sum()))


def _middle(part: Mask) -> Points:
    """The pixel of a mask that is farthest from its border, float64 (1, 2)."""
    depth = ndimage.distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), part.shape)
    return np.array([[x + 0.5, y + 0.5]], dtype=np.float64)


_OFFERS = {
    Tool.SUPERPIXEL: _superpixel,
    Tool.WAND: _wand,
    Tool.FILL_REGION: _fill_region,
    Tool.BRUSH: _brush,
}

WAYS = (
    Way("correct: superpixel and brush", True, frozenset({Tool.SUPERPIXEL, Tool.BRUSH})),
    Way("correct: brush", True, frozenset({Tool.BRUSH})),
    Way("correct: wand and brush", True, frozenset({Tool.WAND, Tool.BRUSH})),
    Way("correct: fill region and brush", True, frozenset({Tool.FILL_REGION, Tool.BRUSH})),
    Way(
        "correct: whichever helps most",
        True,
        frozenset({Tool.SUPERPIXEL, Tool.WAND, Tool.FILL_REGION, Tool.BRUSH}),
    ),
    Way("from nothing: brush", False, frozenset({Tool.BRUSH})),
    Way("from nothing: brush, rest filled", False, frozenset({Tool.BRUSH}), fills_early=True),
    Way("from nothing: polygon", False, frozenset({Tool.POLYGON})),
    Way("from nothing: polygon, rest filled", False, frozenset({Tool.POLYGON}), fills_early=True),
)
