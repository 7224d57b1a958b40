"""The page in Chromium: sign in, paint, submit; start a round and see it finish."""

import base64
import re

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from segloop.label_maps import decode_index_png, encode_index_png
from tests.browser.conftest import Site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TINY_ROUND = {"image_steps": 40, "image_height_px": 48, "image_width_px": 64}


def test_a_submitted_annotation_is_the_painted_pixels_exactly(
    page: Page, site: Site, asked_project_id: str
) -> None:
    sign_in(page, site, f"/projects/{asked_project_id}/annotate")
    canvas = page.get_by_test_id("annotate-canvas")
    expect(canvas).to_have_attribute("data-region-bbox", re.compile(r"\d+,\d+,\d+,\d+"))
    x, y, width, height = read_numbers(page, "data-region-bbox")
    painted = [(3, 2), (4, 2), (10, 7), (width - 1, height - 1), (0, 0)]

    page.get_by_test_id("tool-brush").click()
    set_smallest_brush(page)
    page.get_by_test_id("class-4").click()
    for column, row in painted:
        click_pixel(page, x + column, y + row)
    click_pixel(page, x + width + 2, y + 2)  # outside the region: nothing may happen
    page.get_by_test_id("class-1").click()
    page.get_by_test_id("tool-fill").click()
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("queue-remaining")).to_contain_text("3")
    expect(page.get_by_test_id("save-state")).to_have_text("saved")

    (listed,) = site.client.pages(f"/projects/{asked_project_id}/annotations")
    stored = site.client.json("GET", f"/annotations/{listed['id']}")
    expected = np.full((height, width), 1, dtype=np.uint8)
    for column, row in painted:
        expected[row, column] = 4
    np.testing.assert_array_equal(decode(stored["label_map_png"]), expected)
    assert stored["num_clicks"] >= len(painted)


def test_undo_and_redo_bring_back_the_same_answer(page: Page, site: Site, asked_project_id: str) -> None:
    sign_in(page, site, f"/projects/{asked_project_id}/annotate")
    expect(page.get_by_test_id("annotate-canvas")).to_have_attribute("data-region-bbox", re.compile(r"\d"))
    x, y, width, height = read_numbers(page, "data-region-bbox")

    page.keyboard.press("b")
    page.keyboard.press("3")
    click_pixel(page, x + width // 2, y + height // 2)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("Control+z")
    page.keyboard.press("7")
    page.keyboard.press("f")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("queue-remaining")).to_contain_text("3")
    expect(page.get_by_test_id("save-state")).to_have_text("saved")

    (listed,) = site.client.pages(f"/projects/{asked_project_id}/annotations")
    stored = site.client.json("GET", f"/annotations/{listed['id']}")
    assert np.unique(decode(stored["label_map_png"])).tolist() == [6]


def test_enter_submits_nothing_while_pixels_are_unlabelled(
    page: Page, site: Site, asked_project_id: str
) -> None:
    sign_in(page, site, f"/projects/{asked_project_id}/annotate")
    expect(page.get_by_test_id("annotate-canvas")).to_have_attribute("data-region-bbox", re.compile(r"\d"))

    page.keyboard.press("Enter")

    expect(page.get_by_test_id("unlabelled-banner")).to_be_visible()
    assert list(site.client.pages(f"/projects/{asked_project_id}/annotations")) == []


def test_a_round_started_on_the_page_finishes_before_ones_eyes(
    page: Page, site: Site, asked_project_id: str
) -> None:
    answer_everything(site, asked_project_id)
    sign_in(page, site, f"/projects/{asked_project_id}/rounds")

    page.get_by_test_id("start-round").click()
    page.get_by_role("dialog").get_by_text("Regions", exact=True).click()
    page.get_by_test_id("round-budget").fill("3")
    page.get_by_test_id("more-settings").click()
    for name, value in TINY_ROUND.items():
        page.get_by_test_id(f"setting-{name}").fill(str(value))
    page.get_by_test_id("setting-encoder_weights").fill("random")
    page.get_by_test_id("confirm-start-round").click()

    expect(page.get_by_test_id("round-progress")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("round-state").first).to_have_text("Annotating", timeout=240_000)
    newest = site.client.rounds(asked_project_id)[-1]
    assert (newest["number"], newest["state"]) == (1, "annotating")
    assert newest["metrics"]["mean_iou"] is not None


def answer_everything(site: Site, project_id: str) -> None:
    """Two classes, region by region, so that a model has something to tell apart."""
    number = 0
    while (assignment := site.client.next_assignment(project_id)) is not None:
        mask = decode_index_png(base64.b64decode(assignment["region"]["mask_png"])) == 255
        answer = np.where(mask, np.uint8(number % 2), np.uint8(255))
        png = base64.b64encode(encode_index_png(answer)).decode()
        site.client.submit(assignment["id"], label_map_png=png, seconds_spent=1, num_clicks=1)
        number += 1


def decode(png: str) -> NDArray[np.uint8]:
    return decode_index_png(base64.b64decode(png))


def set_smallest_brush(page: Page) -> None:
    for _ in range(40):
        page.keyboard.press("[")


def read_numbers(page: Page, attribute: str) -> list[int]:
    text = page.get_by_test_id("annotate-canvas").get_attribute(attribute)
    assert text is not None
    return [int(float(number)) for number in text.split(",")]


def click_pixel(page: Page, column: int, row: int) -> None:
    """Click the middle of one image pixel, wherever the page draws it now."""
    canvas = page.get_by_test_id("annotate-canvas")
    text = canvas.get_attribute("data-image-to-screen")
    box = canvas.bounding_box()
    assert text is not None
    assert box is not None
    a, b, c, d, e, f = (float(number) for number in text.split(","))
    image_x, image_y = column + 0.5, row + 0.5
    page.mouse.click(box["x"] + a * image_x + c * image_y + e, box["y"] + b * image_x + d * image_y + f)
