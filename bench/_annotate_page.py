"""The annotate page as a measurement uses it: by its test ids, its keys and the HTTP contract alone."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import BrowserContext, Page, Route, expect

from bench._browser import Point
from segloop.label_maps import encode_index_png

Change = Callable[[dict[str, Any]], None]
"""Changes an assignment, as the server offers it, in place."""


@dataclass
class AnnotatePage:
    """One page with a region on its canvas.

    Attributes:
        page: where.
        taken: the assignments this page took, in order, as the server offered them.
    """

    page: Page
    taken: list[dict[str, Any]]

    @property
    def bbox(self) -> tuple[int, int, int, int]:
        """x, y, width and height of the region on the canvas, in image pixels."""
        x, y, width, height = self._numbers("data-region-bbox")
        return round(x), round(y), round(width), round(height)

    @property
    def scale(self) -> float:
        """Screen pixels an image pixel."""
        return self._numbers("data-image-to-screen")[0]

    def on_screen(self, points: NDArray[np.float64]) -> list[Point]:
        """Points of the image, float64 (N, 2) as x, y in pixels -> where they are in the window."""
        a, b, c, d, e, f = self._numbers("data-image-to-screen")
        left, top, _, _ = self.canvas_box
        return [(left + a * x + c * y + e, top + b * x + d * y + f) for x, y in points.tolist()]

    @property
    def canvas_box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the canvas in the window."""
        box = self._canvas.bounding_box()
        if box is None:
            raise SystemExit("the annotate canvas is not on the screen")
        return box["x"], box["y"], box["width"], box["height"]

    def wait_for_region(self) -> None:
        """Wait until a region is on the canvas."""
        expect(self._canvas).to_have_attribute("data-region-bbox", re.compile(r"\d"), timeout=120_000)

    def wait_until_saved(self) -> None:
        """Wait until the page says that the server has everything."""
        expect(self.page.get_by_test_id("save-state")).to_have_text("saved", timeout=60_000)

    @property
    def _canvas(self) -> Any:
        return self.page.get_by_test_id("annotate-canvas")

    def _numbers(self, attribute: str) -> list[float]:
        text = self._canvas.get_attribute(attribute)
        if not text:
            raise SystemExit(f"the annotate canvas has no {attribute}: no region is on it")
        return [float(number) for number in text.split(",")]


def open_annotate_page(
    context: BrowserContext, url: str, sign_in_link: str, project_id: str, change: Change | None = None
) -> AnnotatePage:
    """Sign in and open a project's annotate page.

    Args:
        context: a browser profile.
        url: of the server.
        sign_in_link: a GET of it signs in.
        project_id: whose queue.
        change: applied to every assignment before the page sees it.
    """
    page = context.new_page()
    opened = AnnotatePage(page, [])

    def take(route: Route) -> None:
        response = route.fetch()
        if response.status != 201:
            route.fulfill(response=response)
            return
        assignment = json.loads(response.body())
        opened.taken.append(json.loads(response.body()))
        if change is not None:
            change(assignment)
        route.fulfill(response=response, json=assignment)

    page.route(re.compile(rf"/projects/{project_id}/assignments$"), take)
    context.request.get(sign_in_link)
    page.goto(f"{url}/projects/{project_id}/annotate")
    opened.wait_for_region()
    page.wait_for_timeout(500)
    if page.locator("dialog[open]").count() > 0:  # the guide, on a first visit
        page.keyboard.press("Escape")
    return opened


def prefilled_with(draw: Callable[[int, int], NDArray[np.uint8]]) -> Change:
    """Assignments whose prediction is drawn: `draw(width, height)` gives the label map, uint8 (H, W)."""

    def change(assignment: dict[str, Any]) -> None:
        _, _, width, height = assignment["region"]["bbox"]
        png = encode_index_png(draw(width, height))
        assignment["prediction_png"] = base64.b64encode(png).decode()

    return change


def without_prediction(assignment: dict[str, Any]) -> None:
    """As before the first model: nothing is prefilled."""
    assignment["prediction_png"] = None
