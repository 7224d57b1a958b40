"""A region so large that its crop comes reduced: single pixels count, and the work outlives the tab."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext

from segloop.images import encode_png
from segloop.label_maps import encode_index_png
from segloop_store import blob_keys
from tests.browser.conftest import PASSWORD
from tests.support import painted
from tests.support.annotate_page import AnnotatePage, Person
from tests.support.asked_by_a_model import asked_by_a_model
from tests.support.painted import Labels

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HEIGHT, WIDTH, SIDE = 700, 1500, 600
STRIPE_PX, GAP_PX = 1, 9
"""Bright lines of one pixel: a picture reduced to 1,024 pixels no longer holds them apart."""


@pytest.fixture(name="person", scope="module")
def seed_person(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """One image with one large region, slanted at its right edge, and a model's prediction of two classes."""
    with asked_by_a_model(
        sqlite_template,
        tmp_path_factory.mktemp("large"),
        region_map=regions(),
        blobs_of=lambda image_id, model: {
            f"pixels/{image_id}": encode_png(picture()),
            blob_keys.prediction(model, image_id): encode_index_png(prediction()),
        },
        num_queries=2,
        password=PASSWORD,
    ) as person:
        yield person


def regions() -> NDArray[np.int32]:
    """Two: what lies left of a slanted line from the top at column 600, and the rest."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    found: NDArray[np.int32] = (x >= SIDE + y // 7).astype(np.int32)
    return found


def picture() -> NDArray[np.uint8]:
    x = np.arange(WIDTH)
    tones = np.where(x % (STRIPE_PX + GAP_PX) < STRIPE_PX, 250, 90).astype(np.uint8)
    return np.tile(tones[None, :, None], (HEIGHT, 1, 3))


def prediction() -> Labels:
    labels: Labels = np.tile((np.arange(HEIGHT) // 40 % 2).astype(np.uint8)[:, None], (1, WIDTH))
    return labels


@pytest.fixture(name="context")
def open_context(chromium: Browser, person: Person) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    thrown: list[str] = []
    context.on("weberror", lambda error: thrown.append(str(error.error)))
    person.sign_in(context)
    yield context
    context.close()
    assert thrown == []


def wait_for_finer_colors(opened: AnnotatePage, asked: list[str]) -> None:
    """The page has asked for the region's own picture, and had time to read it."""
    for _ in range(200):
        if any("max_px=2048" in url for url in asked):
            break
        opened.page.wait_for_timeout(50)
    opened.page.wait_for_load_state("networkidle")
    opened.page.wait_for_timeout(300)


def test_the_wand_sees_single_pixels_and_what_it_painted_outlives_the_tab(
    context: BrowserContext, person: Person
) -> None:
    finished: list[str] = []
    context.on("requestfinished", lambda request: finished.append(request.url))
    opened = person.open(context)
    wait_for_finer_colors(opened, finished)
    x, y, width, height = opened.box()
    inside = regions()[y : y + height, x : x + width] == regions()[y, x]
    expected = np.where(inside, prediction()[y : y + height, x : x + width], np.uint8(255))

    opened.page.keyboard.press("w")
    opened.page.keyboard.press("3")
    row, column = height // 2, (width // 2) // 10 * 10 + 5
    opened.click_pixel(x + column, y + row)
    dark = picture()[y : y + height, x : x + width, 0] == 90
    expected[painted.connected(dark & inside, painted.pixel(expected.shape, (column, row)))] = 2
    assert 9 * height * 0.9 < (expected == 2).sum() <= 9 * height, "one gap between two lines"

    opened.page.wait_for_timeout(1000)  # the browser has it then; the server's draft may come later
    opened.page.close()
    again = person.open(context)
    assert again.box() == (x, y, width, height)
    again.page.keyboard.press("Enter")
    again.expect_saved(1)
    (answer,) = person.annotations()
    np.testing.assert_array_equal(person.label_map(answer), expected)
