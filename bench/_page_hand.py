"""A hand at the annotate page: carries actions out with mouse and keyboard and looks at what came of them."""

import base64
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench._annotate_page import AnnotatePage
from bench._ways import Action, Hand, LabelMap, Tool, class_keys, seconds_of, steps_between
from segloop.label_maps import decode_index_png
from segloop_client.api import Client
from segloop_client.errors import ApiError

TOOL_KEYS = {Tool.BRUSH: "b", Tool.POLYGON: "p", Tool.SUPERPIXEL: "s", Tool.WAND: "w"}
COMMAND_KEYS = {Tool.FILL_REGION: "d", Tool.FILL_REST: "f"}


@dataclass
class Effort:
    """What the hand did.

    Attributes:
        presses: of the pointer's button.
        keys: key presses.
        bends: straight pieces of all strokes.
        stroke_px: their length in the window.
    """

    presses: int = 0
    keys: int = 0
    bends: int = 0
    stroke_px: float = 0.0

    @property
    def estimated_seconds(self) -> float:
        """By the keystroke-level model, without time to think."""
        return seconds_of(keys=self.keys, presses=self.presses, bends=self.bends, stroke_px=self.stroke_px)


@dataclass
class PageHand:
    """Works on the region that is on the canvas.

    Attributes:
        opened: the page.
        client: signed in as the same user, to look at drafts.
        hand: what is held.
        effort: since it was last reset.
    """

    opened: AnnotatePage
    client: Client
    hand: Hand = field(default_factory=Hand)
    effort: Effort = field(default_factory=Effort)

    def act(self, action: Action) -> None:
        """Carry one action out."""
        self._choose_class(action.value)
        if action.tool in COMMAND_KEYS:
            self.press(COMMAND_KEYS[action.tool])
            return
        self._choose_tool(action.tool)
        if action.tool is Tool.BRUSH:
            self._choose_size(action.size)
        x, y, _, _ = self.opened.bbox
        points = self.opened.on_screen(action.points + np.array([x, y]))
        if action.tool is Tool.POLYGON:
            for point in [*points, points[0]]:
                self._click(*point)
        elif len(points) == 1:
            self._click(*points[0])
        else:
            self._draw(points)

    def press(self, key: str) -> None:
        """One key."""
        self.opened.page.keyboard.press(key)
        self.effort.keys += 1

    def look(self, assignment: dict[str, Any], expected: LabelMap) -> LabelMap:
        """The label map as the page has it, from its draft on the server; `expected` when there is none."""
        self.opened.page.wait_for_timeout(100)
        self.opened.wait_until_saved()
        try:
            draft = self.client.json("GET", f"/assignments/{assignment['id']}/draft")
        except ApiError as error:
            if error.status != 404:
                raise
            return expected
        return decode_index_png(base64.b64decode(draft["label_map_png"]))

    def _choose_class(self, value: int) -> None:
        if value == self.hand.value:
            return
        number = value + 1
        for digit in f"{number}" if class_keys(value) == 1 else f"0{number:02d}":
            self.press(digit)
        self.hand.value = value

    def _choose_tool(self, tool: Tool) -> None:
        if tool is not self.hand.tool:
            self.press(TOOL_KEYS[tool])
            self.hand.tool = tool
        if tool is Tool.BRUSH:
            self.hand.size = self._shown_size()

    def _choose_size(self, size: int) -> None:
        key = "[" if size < self.hand.size else "]"
        for _ in steps_between(self.hand.size, size):
            self.press(key)
        self.hand.size = self._shown_size()

    def _shown_size(self) -> int:
        slider = self.opened.page.get_by_role("slider", name=re.compile("size|brush", re.IGNORECASE)).first
        return int(float(slider.input_value()))

    def _click(self, x: float, y: float) -> None:
        self.opened.page.mouse.move(x, y)
        self.opened.page.mouse.down()
        self.opened.page.mouse.up()
        self.effort.presses += 1

    def _draw(self, points: list[tuple[float, float]]) -> None:
        mouse = self.opened.page.mouse
        mouse.move(*points[0])
        mouse.down()
        for point in points[1:]:
            mouse.move(*point)
        mouse.up()
        self.effort.presses += 1
        self.effort.bends += len(points) - 1
        self.effort.stroke_px += float(np.hypot(*np.diff(np.array(points), axis=0).T).sum())


def picture_of(pixels: NDArray[np.uint8], crop: list[int], bbox: list[int]) -> NDArray[np.uint8]:
    """The part of a crop, uint8 (H, W, 3) at the image's resolution, that lies under a region's box."""
    x, y = bbox[0] - crop[0], bbox[1] - crop[1]
    return pixels[y : y + bbox[3], x : x + bbox[2]]
