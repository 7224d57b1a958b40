"""A person at the annotate page in Chromium: paints, submits, reads what the page says."""

import base64
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import BrowserContext, Locator, Page, expect

from segloop.label_maps import decode_index_png
from segloop_client.api import Client
from segloop_client.errors import UnreachableError

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Person:
    """Somebody who may annotate one project.

    Attributes:
        client: an admin's, to look at what the server has.
    """

    client: Client
    url: str
    project_id: str
    user_id: str
    username: str
    password: str

    def sign_in(self, context: BrowserContext) -> None:
        """Give a browser this person's session."""
        body = {"username": self.username, "password": self.password}
        assert context.request.post(f"{self.url}/api/v1/auth/login", data=body).ok

    def open(self, context: BrowserContext) -> "AnnotatePage":
        """Open the annotate page in a new tab, and wait for a region."""
        opened = AnnotatePage(context.new_page(), self)
        opened.page.set_default_timeout(20_000)
        opened.page.goto(f"{self.url}/projects/{self.project_id}/annotate")
        opened.box()
        return opened

    def annotations(self) -> list[dict[str, Any]]:
        """What the server has of this person, in the order it came."""
        return list(self.client.pages(f"/projects/{self.project_id}/annotations", user=self.user_id))

    def label_map(self, annotation: dict[str, Any]) -> NDArray[np.uint8]:
        stored = self.client.json("GET", f"/annotations/{annotation['id']}")
        return decode_index_png(base64.b64decode(stored["label_map_png"]))


@dataclass(frozen=True)
class AnnotatePage:
    """The page, and who sits before it."""

    page: Page
    person: Person

    @property
    def canvas(self) -> Locator:
        return self.page.get_by_test_id("annotate-canvas")

    def box(self) -> Box:
        """The box of the region on the table, once there is one: x, y, width, height."""
        expect(self.canvas).to_have_attribute("data-region-bbox", re.compile(r"\d"), timeout=20_000)
        text = self.canvas.get_attribute("data-region-bbox")
        assert text is not None
        x, y, width, height = (int(number) for number in text.split(","))
        return x, y, width, height

    def expect_saved(self, num_answers: int | None = None) -> None:
        """Until the page says so and, where a number is given, the server has that many answers."""
        for _ in range(600):
            if num_answers is None or self._count_answers() >= num_answers:
                break
            self.page.wait_for_timeout(50)
        expect(self.page.get_by_test_id("save-state")).to_have_text("saved", timeout=30_000)

    def _count_answers(self) -> int:
        try:
            return len(self.person.annotations())
        except UnreachableError:  # killed by the test
            return 0

    def expect_offline(self) -> None:
        expect(self.page.get_by_test_id("save-state")).to_have_text("offline", timeout=20_000)

    def wait_until_warm(self, num_held: int = 4) -> None:
        """Until the region on the table and those ahead are all held."""
        path = f"{self.person.url}/api/v1/projects/{self.person.project_id}/queue"
        for _ in range(200):
            if self.page.request.get(path).json()["mine"] >= num_held:
                break
            self.page.wait_for_timeout(50)
        self.page.wait_for_load_state("networkidle")

    def answer(self, class_index: int) -> Box:
        """Fill what is left of the region with a class and submit; returns the region's box."""
        box = self.box()
        self.page.keyboard.press(str(class_index + 1))
        self.page.keyboard.press("f")
        self.page.keyboard.press("Enter")
        return box

    def paint(self, class_index: int, pixels: list[tuple[int, int]]) -> None:
        """Paint single pixels of the region, counted from the corner of its box, with the smallest brush."""
        x, y, _, _ = self.box()
        self.page.keyboard.press("b")
        for _ in range(12):
            self.page.keyboard.press("[")
        self.page.keyboard.press(str(class_index + 1))
        for column, row in pixels:
            self.click_pixel(x + column, y + row)

    def click_pixel(self, column: int, row: int) -> None:
        """Click the middle of one image pixel, wherever the page draws it now."""
        text = self.canvas.get_attribute("data-image-to-screen")
        area = self.canvas.bounding_box()
        assert text is not None
        assert area is not None
        a, b, c, d, e, f = (float(number) for number in text.split(","))
        image_x, image_y = column + 0.5, row + 0.5
        self.page.mouse.click(
            area["x"] + a * image_x + c * image_y + e, area["y"] + b * image_x + d * image_y + f
        )
