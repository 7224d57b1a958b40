"""The annotate page's tools in Chromium, pixel by pixel against plain NumPy; and a session without a pointer.

A real server over seeded rows with a model's predictions; no worker is needed. All that is painted is
submitted, and what the server stores is compared.
"""

import math
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from segloop.images import encode_png
from segloop.label_maps import UNLABELLED, VOID, encode_index_png
from segloop.regions import encode_region_map
from segloop_store import blob_keys
from tests.browser.conftest import PASSWORD
from tests.support import painted
from tests.support.annotate_page import AnnotatePage, Person
from tests.support.asked_by_a_model import asked_by_a_model
from tests.support.painted import Labels, Mask, Point

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ZOOMS = (0.37, 1.33, 8)
ROWS, COLUMNS, CELL_PX = 2, 36, 28
"""Every region touches the image's upper or lower border."""

BRUSH_PX = 7
WAND_STEPS = 24
CERTAINTY_STEPS = 0.2 * 255
NUM_KEYBOARD_REGIONS = 5


@dataclass(frozen=True)
class Scene:
    """The one image: what it shows, what the model says of it, its cells; (H, W), the picture (H, W, 3)."""

    picture: NDArray[np.uint8]
    prediction: Labels
    max_prob: NDArray[np.uint8]
    segments: NDArray[np.int32]
    regions: NDArray[np.int32]


def make_scene() -> Scene:
    """Smooth enough for wands to have something to take, with stray pixels to be smoothed away."""
    y, x = np.mgrid[: ROWS * CELL_PX, : COLUMNS * CELL_PX]
    rng = np.random.default_rng(3)
    waves = np.sin(x / 5) + np.cos(y / 4 + x / 23)
    prediction = np.digitize(waves, [-0.6, 0.7]).astype(np.uint8)
    stray = rng.random(prediction.shape) < 0.04
    prediction[stray] = rng.integers(0, 3, np.count_nonzero(stray))
    tones = [np.clip(128 + 50 * waves + offset, 0, 255) for offset in (0, 20, 40)]
    bent_x = np.clip(x + np.rint(3 * np.sin(y / 4)), 0, COLUMNS * CELL_PX - 1)
    bent_y = np.clip(y + np.rint(3 * np.sin(x / 5)), 0, ROWS * CELL_PX - 1)
    return Scene(
        picture=np.stack(tones, axis=-1).astype(np.uint8),
        prediction=prediction,
        max_prob=np.clip(150 + 70 * np.sin(x / 7 + y / 9), 0, 255).astype(np.uint8),
        segments=(bent_y // 7 * 200 + bent_x // 6).astype(np.int32),
        regions=(bent_y // CELL_PX * COLUMNS + bent_x // CELL_PX).astype(np.int32),
    )


@pytest.fixture(name="scene", scope="module")
def make_module_scene() -> Scene:
    return make_scene()


@pytest.fixture(name="person", scope="module")
def seed_person(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, scene: Scene
) -> Iterator[Person]:
    with asked_by_a_model(
        sqlite_template,
        tmp_path_factory.mktemp("tools"),
        region_map=scene.regions,
        blobs_of=lambda image_id, model: {
            f"pixels/{image_id}": encode_png(scene.picture),
            blob_keys.segments(image_id): encode_region_map(scene.segments),
            blob_keys.prediction(model, image_id): encode_index_png(scene.prediction),
            blob_keys.max_prob(model, image_id): encode_index_png(scene.max_prob),
        },
        num_queries=ROWS * COLUMNS,
        password=PASSWORD,
    ) as person:
        yield person


class Hand:
    """Works on the region on the table, and knows from NumPy alone what it should look like then."""

    def __init__(self, opened: AnnotatePage, scene: Scene) -> None:
        self.opened = opened
        self.page: Page = opened.page
        self.scene = scene
        self.answers: dict[tuple[int, ...], Labels] = {}

    def begin(self) -> None:
        """Look at the region that is on the table."""
        self.box = self.opened.box()
        x, y, width, height = self.box
        self.window = np.s_[y : y + height, x : x + width]
        cells = self.scene.regions[self.window]
        place = next(place for place in range(ROWS * COLUMNS) if self._box_of(place) == self.box)
        self.region: Mask = cells == place
        self.shape = self.region.shape
        self.prediction = self.scene.prediction[self.window]
        self.labels = np.where(self.region, self.prediction, np.uint8(UNLABELLED))

    def _box_of(self, place: int) -> tuple[int, int, int, int]:
        rows, columns = np.nonzero(self.scene.regions == place)
        x, y = int(columns.min()), int(rows.min())
        return x, y, int(columns.max()) - x + 1, int(rows.max()) - y + 1

    def zoom_to(self, scale: float) -> None:
        """Zoom at the middle of the canvas with the wheel."""
        (left, top, width, height), matrix = self._area(), self._matrix()
        self.page.mouse.move(left + width // 2, top + height // 2)
        self.page.mouse.wheel(0, -math.log(scale / matrix[0]) / 0.0016)
        for _ in range(100):
            if abs(self._matrix()[0] / scale - 1) < 0.01:
                return
            self.page.wait_for_timeout(10)
        raise AssertionError(f"zoomed to {self._matrix()[0]}, not {scale}")

    def place(self, x: float, y: float) -> tuple[tuple[int, int], Point]:
        """The screen pixel nearest to a point of the box, and the point of the box that it hits."""
        left, top, _, _ = self._area()
        scale, _, _, _, offset_x, offset_y = self._matrix()
        screen = (
            round(left + (self.box[0] + x) * scale + offset_x),
            round(top + (self.box[1] + y) * scale + offset_y),
        )
        hit = (
            (screen[0] - left - offset_x) / scale - self.box[0],
            (screen[1] - top - offset_y) / scale - self.box[1],
        )
        return screen, hit

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def drag(self, start: Point, end: Point) -> tuple[Point, Point]:
        """Press at one point, let go at another; returns the points that were hit."""
        (from_screen, from_point), (to_screen, to_point) = self.place(*start), self.place(*end)
        self.page.mouse.move(*from_screen)
        self.page.mouse.down()
        self.page.mouse.move(*to_screen)
        self.page.mouse.up()
        return from_point, to_point

    def click(self, x: float, y: float) -> Point:
        screen, hit = self.place(x, y)
        self.page.mouse.click(*screen)
        return hit

    def press_pen(self, start: Point, end: Point, force: float) -> tuple[Point, Point]:
        """As `drag`, with a pen that is pressed that hard, 0..1."""
        (from_screen, from_point), (to_screen, to_point) = self.place(*start), self.place(*end)
        pen = self.page.context.new_cdp_session(self.page)
        for kind, (x, y) in (
            ("mouseMoved", from_screen),
            ("mousePressed", from_screen),
            ("mouseMoved", to_screen),
            ("mouseReleased", to_screen),
        ):
            is_down = (kind, (x, y)) != ("mouseMoved", from_screen)
            touch = {"button": "left", "buttons": 1, "clickCount": 1, "force": force} if is_down else {}
            event = {"type": kind, "x": x, "y": y, "pointerType": "pen", **touch}
            pen.send("Input.dispatchMouseEvent", event)
        pen.detach()
        return from_point, to_point

    def inner(self) -> tuple[float, float, tuple[int, int]]:
        """A click on a pixel well inside the region: the point, and its row and column."""
        hit = self.click(self.shape[1] / 2, self.shape[0] / 2)
        return *hit, (math.floor(hit[1]), math.floor(hit[0]))

    def paint(self, where: Mask, value: int | Labels) -> None:
        """What the region should hold from now on."""
        where = where & self.region
        self.labels[where] = value if isinstance(value, int) else value[where]

    def submit(self) -> None:
        self.answers[self.box] = self.labels
        self.page.keyboard.press("Enter")
        expect(self.opened.canvas).not_to_have_attribute(
            "data-region-bbox", ",".join(map(str, self.box)), timeout=20_000
        )

    def check(self) -> None:
        """The server holds exactly what NumPy says of every region."""
        self.opened.expect_saved(len(self.answers))
        stored = {tuple(item["bbox"]): item for item in self.opened.person.annotations()}
        for box, expected in self.answers.items():
            found = self.opened.person.label_map(stored[box])
            np.testing.assert_array_equal(found, expected, err_msg=f"region {box}")

    def _matrix(self) -> list[float]:
        text = self.opened.canvas.get_attribute("data-image-to-screen")
        assert text is not None
        return [float(number) for number in text.split(",")]

    def _area(self) -> tuple[float, float, float, float]:
        area = self.opened.canvas.bounding_box()
        assert area is not None
        return area["x"], area["y"], area["width"], area["height"]


def brush(hand: Hand) -> None:
    hand.keys("b", "3")
    way = hand.drag((6.2, -3.4), (20.7, 17.1))
    hand.paint(painted.round_stroke(hand.shape, *way, BRUSH_PX), 2)


def square_brush(hand: Hand) -> None:
    hand.keys("b", "2", "Shift+B")
    way = hand.drag((-4.1, 9.3), (19.2, 21.8))
    hand.paint(painted.square_stroke(hand.shape, *way, BRUSH_PX), 1)
    hand.keys("Shift+B")


def eraser(hand: Hand) -> None:
    hand.keys("3", "d", "e")
    way = hand.drag((5.3, 5.1), (25.2, 19.4))
    hand.paint(hand.region, 2)
    hand.paint(painted.round_stroke(hand.shape, *way, BRUSH_PX), hand.prediction)


def eraser_to_unlabelled_then_fill(hand: Hand) -> None:
    hand.keys("b", "2", "e", "Shift+E")
    way = hand.drag((3.3, 22.1), (25.2, 6.4))
    hand.keys("Shift+E", "3", "f")
    hand.paint(painted.round_stroke(hand.shape, *way, BRUSH_PX), 2)


def polygon(hand: Hand) -> None:
    hand.keys("p", "3")
    # even at 37 % no corner is so near to another that it closes the polygon
    corners = [hand.click(x, y) for x, y in ((-40, 4), (55, -5), (12, 14), (30, 45))]
    hand.keys("Enter")
    hand.paint(painted.polygon(hand.shape, corners), 2)


def superpixel(hand: Hand) -> None:
    hand.keys("s", "2")
    (x, y), (end_x, _) = hand.drag((7, 12), (20, 12))
    way = np.zeros(hand.shape, dtype=np.bool_)
    way[math.floor(y), math.floor(x) : math.floor(end_x) + 1] = True
    segments = hand.scene.segments[hand.window]
    hand.paint(np.isin(segments, segments[way & hand.region]), 1)


def wand_on_colour(hand: Hand) -> None:
    hand.keys("w", "3")
    x, y, at = hand.inner()
    picture = hand.scene.picture[hand.window].astype(int)
    alike = (abs(picture - picture[at]) <= WAND_STEPS).all(axis=-1)
    hand.paint(painted.connected(alike & hand.region, painted.pixel(hand.shape, (x, y))), 2)


def wand_on_probability(hand: Hand) -> None:
    with hand.page.expect_response(re.compile("max_prob")) as answer:
        hand.keys("w", "3", "Shift+W")
    answer.value.finished()
    hand.page.wait_for_timeout(100)
    x, y, at = hand.inner()
    hand.keys("Shift+W")
    sure = hand.scene.max_prob[hand.window].astype(int)
    alike = (abs(sure - sure[at]) <= CERTAINTY_STEPS) & (hand.prediction == hand.prediction[at])
    hand.paint(painted.connected(alike & hand.region, painted.pixel(hand.shape, (x, y))), 2)


def fill_holes(hand: Hand) -> None:
    hand.keys("b", "3", "d", "1")
    strokes = [hand.drag((14, 13), (17, 16)), hand.drag((-2, 5), (6, 7))]
    hand.keys("3", "o")
    hand.paint(hand.region, 2)
    for way in strokes:
        hand.paint(painted.round_stroke(hand.shape, *way, BRUSH_PX), 0)
    hand.paint(painted.holes(hand.labels, hand.region, 2), 2)


def smooth(hand: Hand) -> None:
    hand.keys("m")
    hand.labels = painted.smoothed(hand.labels, hand.region)


def pick_and_swap(hand: Hand) -> None:
    hand.keys("b", "v", "i")
    _, _, at = hand.inner()
    first = hand.drag((3, 3), (22, 5))
    hand.paint(painted.round_stroke(hand.shape, *first, BRUSH_PX), int(hand.prediction[at]))
    hand.keys("x")
    second = hand.drag((3, 20), (22, 24))
    hand.paint(painted.round_stroke(hand.shape, *second, BRUSH_PX), VOID)


def void(hand: Hand) -> None:
    hand.keys("b", "v")
    way = hand.drag((24, 2), (8, 35))
    hand.paint(painted.round_stroke(hand.shape, *way, BRUSH_PX), VOID)


def accept(hand: Hand) -> None:
    hand.keys("b", "3", "d", "a")


def copy(hand: Hand) -> None:
    hand.keys("b", "3", "d", "c")
    x, y, at = hand.inner()
    piece = (hand.prediction == hand.prediction[at]) & hand.region
    hand.paint(hand.region, 2)
    hand.paint(painted.connected(piece, painted.pixel(hand.shape, (x, y))), hand.prediction)


def replace(hand: Hand) -> None:
    hand.keys("Shift+R", "v")
    _, _, at = hand.inner()
    hand.paint(hand.prediction == hand.prediction[at], VOID)


def replace_hovered(hand: Hand) -> None:
    hand.keys("b", "3")
    screen, hit = hand.place(hand.shape[1] / 2, hand.shape[0] / 2)
    hand.page.mouse.move(*screen)
    hand.keys("r")
    hand.paint(hand.prediction == hand.prediction[math.floor(hit[1]), math.floor(hit[0])], 2)


def pen_pressure_on_size(hand: Hand) -> None:
    hand.keys("b", "3")
    way = hand.press_pen((4.2, 5.6), (21.3, 18.4), force=0.5)
    hand.paint(painted.round_stroke(hand.shape, *way, BRUSH_PX * (0.25 + 0.75 * 0.5)), 2)


def pen_pressure_on_hardness(hand: Hand) -> None:
    hand.keys("b", "2", "Shift+P")
    start, end = hand.press_pen((6.4, 7.3), (19.1, 16.2), force=0.1)
    hand.keys("Shift+P", "Shift+P")
    picture = hand.scene.picture[hand.window].astype(int)
    for way in ((start, start), (start, end)):
        tip = picture[math.floor(way[1][1]), math.floor(way[1][0])]
        is_near = (abs(picture - tip) <= 255 * 0.1).all(axis=-1)
        hand.paint(painted.round_stroke(hand.shape, *way, BRUSH_PX) & is_near, 1)


TOOLS: tuple[Callable[[Hand], None], ...] = (
    brush, square_brush, eraser, eraser_to_unlabelled_then_fill, polygon, superpixel, wand_on_colour,
    wand_on_probability, fill_holes, smooth, pick_and_swap, void, accept, copy, replace,
    replace_hovered, pen_pressure_on_size, pen_pressure_on_hardness,
)  # fmt: skip


@pytest.fixture(name="hand")
def sit_down(chromium: Browser, person: Person, scene: Scene) -> Iterator[Hand]:
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    thrown: list[str] = []
    context.on("weberror", lambda error: thrown.append(str(error.error)))
    person.sign_in(context)
    yield Hand(person.open(context), scene)
    context.close()
    assert thrown == []


def test_each_tool_paints_exactly_its_pixels_at_odd_zooms_and_at_borders(hand: Hand) -> None:
    hand.keys("b")
    hand.page.get_by_label("Size").fill(str(BRUSH_PX))
    for tool in TOOLS:
        for zoom in ZOOMS:
            hand.begin()
            hand.zoom_to(zoom)
            tool(hand)
            hand.submit()
    hand.check()


def test_enter_in_the_middle_of_a_stroke_submits_it_as_far_as_it_came(hand: Hand) -> None:
    hand.keys("b", "3")
    hand.page.get_by_label("Size").fill(str(BRUSH_PX))
    hand.begin()
    (from_screen, start), (to_screen, end) = hand.place(5, 6), hand.place(20, 17)
    hand.page.mouse.move(*from_screen)
    hand.page.mouse.down()
    hand.page.mouse.move(*to_screen)
    hand.paint(painted.round_stroke(hand.shape, start, end, BRUSH_PX), 2)
    first = hand.box
    hand.submit()

    hand.begin()  # the button is still down: the next region must not feel it
    hand.page.mouse.move(*from_screen)
    hand.page.mouse.up()
    hand.keys("Alt+ArrowLeft")
    expect(hand.opened.canvas).to_have_attribute("data-region-bbox", ",".join(map(str, first)))
    hand.keys("Control+z", "Control+Shift+Z", "Enter")  # it was one step, and is still there
    hand.submit()
    hand.check()
    costs = [item["num_strokes"] for item in hand.opened.person.annotations()[-2:]]
    assert costs == [1, 0]


def test_a_random_walk_of_strokes_undo_and_redo_ends_at_the_same_bytes(hand: Hand) -> None:
    hand.keys("b")
    hand.page.get_by_label("Size").fill(str(BRUSH_PX))
    for seed, zoom in enumerate(ZOOMS):
        rng = random.Random(seed)
        hand.begin()
        hand.zoom_to(zoom)
        states, at = [hand.labels.copy()], 0
        for _ in range(40):
            step = rng.choice(["stroke", "stroke", "undo", "redo"])
            if step == "undo":
                hand.keys("Control+z")
                at = max(0, at - 1)
            elif step == "redo":
                hand.keys("Control+Shift+Z")
                at = min(len(states) - 1, at + 1)
            else:
                value = rng.randrange(3)
                hand.keys(str(value + 1))
                start, end = ((rng.uniform(-4, 32), rng.uniform(-4, 32)) for _ in range(2))
                way = hand.drag(start, end)
                hand.labels = states[at].copy()
                hand.paint(painted.round_stroke(hand.shape, *way, BRUSH_PX), value)
                if not np.array_equal(hand.labels, states[at]):
                    states, at = [*states[: at + 1], hand.labels], at + 1
        hand.labels = states[at]
        hand.submit()
    hand.check()


def test_five_regions_are_corrected_without_a_pointer(hand: Hand) -> None:
    rng = np.random.default_rng(5)
    hand.keys("b", *["["] * 12)
    for _ in range(NUM_KEYBOARD_REGIONS):
        hand.begin()
        target = hand.labels.copy()
        for value in (0, 1, 2, VOID):
            row, column = (int(rng.integers(2, size - 8)) for size in hand.shape)
            target[row : row + 3, column : column + 6] = value
        target[~hand.region] = UNLABELLED
        paint_by_keys(hand, target)
        hand.labels = target
        hand.submit()
    hand.check()


def paint_by_keys(hand: Hand, target: Labels) -> None:
    """Row by row: arrows to where a run begins, Space held while they go along it."""
    row, column = hand.shape[0] // 2, hand.shape[1] // 2
    hand.keys("ArrowRight", "ArrowLeft")  # shows the cursor, in the middle of the box
    for value in np.unique(target[target != hand.labels]).tolist():
        hand.keys("v" if value == VOID else str(value + 1))
        wanted = (target == value) & (hand.labels != value)
        for y in range(hand.shape[0]):
            edges = np.flatnonzero(np.diff(np.pad(wanted[y].astype(np.int8), 1)))
            for first, end in edges.reshape(-1, 2).tolist():
                move(hand, first - column, y - row)
                hand.page.keyboard.down(" ")
                move(hand, end - 1 - first, 0)
                hand.page.keyboard.up(" ")
                row, column = y, end - 1


def move(hand: Hand, dx: int, dy: int) -> None:
    for distance, less, more in ((dx, "ArrowLeft", "ArrowRight"), (dy, "ArrowUp", "ArrowDown")):
        key = less if distance < 0 else more
        tens, ones = divmod(abs(distance), 10)
        hand.keys(*[f"Shift+{key}"] * tens, *[key] * ones)
