"""The annotate page without a mouse: keys, focus, touch; and in every window it should fit."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Site
from tests.browser.looks import OVERFLOWING, close_dialog, colors_at, make_project, open_region, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MIDDLE = [(0.5, 0.5)]


@pytest.fixture(scope="module", name="cold_id")
def make_cold_project(site: Site) -> str:
    return make_project(site.client, "keys", num_classes=11)


@pytest.fixture(name="canvas_page")
def open_canvas(page: Page, site: Site, cold_id: str) -> Page:
    sign_in(page.context, site)
    open_region(page, site, cold_id)
    return page


CONTROLS = """() => [...document.querySelectorAll('button, a, input, select, textarea, canvas, [tabindex]')]
    .filter((element) => element.checkVisibility() && !element.disabled && element.tabIndex >= 0
        && !element.closest('.skip-link'))
    .map((element) => element.dataset.reached = String(Math.random())).length"""
FOCUSED = """() => {
    const { activeElement: element } = document;
    const style = getComputedStyle(element);
    const isSeen = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
    return [element.dataset.reached ?? element.tagName, isSeen];
}"""


MISSED = """(reached) => [...document.querySelectorAll('[data-reached]')]
    .filter((element) => !reached.includes(element.dataset.reached))
    .map((element) => element.outerHTML.slice(0, 160))"""


def test_every_control_is_reached_by_tab_and_shows_it(canvas_page: Page) -> None:
    page = canvas_page
    page.keyboard.press("j")
    expect(page.get_by_test_id("view-settings")).to_be_visible()
    number = page.evaluate(CONTROLS)
    reached: set[str] = set()
    unseen: list[str] = []
    page.evaluate("document.activeElement.blur()")
    for _ in range(number + 12):
        page.keyboard.press("Tab")
        name, is_seen = page.evaluate(FOCUSED)
        reached.add(name)
        if not is_seen and name != "BODY":
            unseen.append(page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
    missed = page.evaluate(MISSED, sorted(reached))
    assert missed == []
    assert unseen == []


def test_a_key_given_by_hand_works_survives_reload_and_takes_no_other_by_accident(canvas_page: Page) -> None:
    page = canvas_page
    expect(page.get_by_test_id("tool-brush")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("?")
    page.get_by_test_id("key-brush").click()
    page.keyboard.press("e")
    expect(page.get_by_test_id("key-conflict")).to_contain_text("E is taken")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_test_id("key-brush")).to_have_text("B")
    page.get_by_test_id("key-brush").click()
    page.keyboard.press("q")
    expect(page.get_by_test_id("key-brush")).to_have_text("Q")

    page.reload()
    expect(page.get_by_test_id("annotate-canvas")).to_have_attribute("data-region-bbox", re.compile(r"\d"))
    page.keyboard.press("b")
    expect(page.get_by_test_id("tool-brush")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("q")
    expect(page.get_by_test_id("tool-brush")).to_have_attribute("aria-pressed", "true")

    page.keyboard.press("?")
    page.get_by_test_id("key-undo").click()
    page.keyboard.press("e")
    page.get_by_test_id("take-key").click()
    expect(page.get_by_test_id("key-undo")).to_have_text("E")
    expect(page.get_by_test_id("key-eraser")).to_have_text("\u2013")
    page.get_by_test_id("reset-keys").click()
    expect(page.get_by_test_id("key-brush")).to_have_text("B")
    expect(page.get_by_test_id("key-eraser")).to_have_text("E")


def give_key(page: Page, action: str, key: str) -> None:
    """Give an action another key in the list that `?` opens."""
    page.keyboard.press("?")
    page.get_by_test_id(f"key-{action}").click()
    page.keyboard.press(key)
    expect(page.get_by_test_id("key-conflict")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_every_key_of_the_list_can_be_changed_digits_and_space_too(canvas_page: Page) -> None:
    page = canvas_page

    def expect_class(index: int) -> None:
        expect(page.get_by_test_id(f"class-{index}")).to_have_attribute("aria-pressed", "true")

    page.keyboard.press("?")
    rows = page.locator(".keys li")
    assert rows.count() == page.locator(".keys li [data-testid^=key-]").count() > 60
    page.get_by_test_id("key-brush").click()
    page.keyboard.press("2")
    expect(page.get_by_test_id("key-conflict")).to_contain_text("2 is taken by “Class 2”")
    page.keyboard.press("Escape")
    for action, key in (("class3", "l"), ("classNumber", ";"), ("hold", "y"), ("brush", " ")):
        give_key(page, action, key)

    page.keyboard.press(" ")
    expect(page.get_by_test_id("tool-brush")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("l")
    expect_class(2)
    expect(page.get_by_test_id("class-2").locator("kbd")).to_have_text("L")
    page.keyboard.press("1")
    page.keyboard.press("3")  # nobody's key now
    expect_class(0)
    for key in (";", "1", "1"):  # the digits of a number are no keys of classes
        page.keyboard.press(key)
    expect_class(10)
    expect(page.get_by_test_id("class-10").locator("kbd")).to_have_text(";11")

    expect(page.get_by_test_id("undo")).to_be_disabled()
    bare = colors_at(page, MIDDLE)
    for key in ("ArrowRight", "ArrowLeft", "y"):
        page.keyboard.press(key)
    expect(page.get_by_test_id("undo")).to_be_enabled()
    page.keyboard.press("Escape")
    assert colors_at(page, MIDDLE) != bare
    page.keyboard.press("Control+z")


def test_classes_are_stepped_through_by_keys(canvas_page: Page) -> None:
    page = canvas_page
    page.keyboard.press("1")
    for key, index in ((",", 10), (".", 0), (".", 1)):
        page.keyboard.press(key)
        expect(page.get_by_test_id(f"class-{index}")).to_have_attribute("aria-pressed", "true")


def test_a_dialog_keeps_the_focus_and_gives_it_back(canvas_page: Page) -> None:
    page = canvas_page
    page.get_by_test_id("help").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(70):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "!!document.activeElement.closest('dialog') || document.activeElement === document.body"
        )
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_test_id("help")).to_be_focused()


def test_news_are_told_to_those_who_do_not_see_them(canvas_page: Page) -> None:
    page = canvas_page
    news = page.get_by_test_id("live-news").get_by_role("status")
    expect(news.first).to_contain_text(re.compile(r"Next region: No\. \d+ of 14, \d\.png"))
    expect(news.nth(1)).to_have_text("100% unlabelled.")
    page.keyboard.press("d")
    expect(news.nth(1)).to_have_text("All labelled")
    expect(news.nth(2)).to_have_text("Everything you did is on the server.")


def test_the_annotate_page_fits_into_small_windows_without_scrolling(canvas_page: Page) -> None:
    page = canvas_page
    page.keyboard.press("b")
    for width, height in ((1280, 720), (1440, 900), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(OVERFLOWING) == []
        assert page.locator(".palette ul").evaluate("list => list.clientHeight") > 80


@pytest.fixture(name="tablet")
def open_tablet(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
    sign_in(context, site)
    yield context
    context.close()


def test_one_finger_draws_two_move_the_view(tablet: BrowserContext, site: Site, cold_id: str) -> None:
    page = tablet.new_page()
    open_region(page, site, cold_id)
    page.get_by_test_id("class-2").tap()  # a draft of an earlier test may have come back, of another class
    page.get_by_test_id("tool-brush").tap()
    touch = tablet.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    box = page.get_by_test_id("annotate-canvas").bounding_box()
    assert box is not None
    x, y = middle_of_region(page, box["x"], box["y"])
    bare, view = colors_at(page, MIDDLE), transform(page)
    send("touchStart", (x - 60, y), (x + 60, y))
    send("touchMove", (x - 120, y + 20), (x + 120, y + 20))
    send("touchEnd")
    assert transform(page)[0] > 1.5 * view[0]
    expect(page.get_by_test_id("undo")).to_be_disabled()

    page.keyboard.press("Shift+Digit1")
    send("touchStart", (x, y))
    send("touchMove", (x + 8, y))
    send("touchEnd")
    expect(page.get_by_test_id("undo")).to_be_enabled()
    assert colors_at(page, MIDDLE) != bare
    assert transform(page) == view


def test_a_hand_beside_a_near_pen_draws_nothing(tablet: BrowserContext, site: Site, cold_id: str) -> None:
    page = tablet.new_page()
    open_region(page, site, cold_id)
    page.get_by_test_id("class-1").tap()  # not what the test before may have left as a draft
    page.get_by_test_id("tool-brush").tap()
    devices = tablet.new_cdp_session(page)
    box = page.get_by_test_id("annotate-canvas").bounding_box()
    assert box is not None
    x, y = middle_of_region(page, box["x"], box["y"])
    pen = {"pointerType": "pen", "x": x, "y": y}

    devices.send("Input.dispatchMouseEvent", {"type": "mouseMoved", **pen})
    for kind, points in (("touchStart", [{"x": x, "y": y}]), ("touchEnd", [])):
        devices.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_timeout(200)
    expect(page.get_by_test_id("undo")).to_be_disabled()

    for kind in ("mousePressed", "mouseReleased"):
        devices.send(
            "Input.dispatchMouseEvent", {"type": kind, "button": "left", "clickCount": 1, "force": 0.6, **pen}
        )
    expect(page.get_by_test_id("undo")).to_be_enabled()


def middle_of_region(page: Page, left: float, top: float) -> tuple[float, float]:
    bbox = page.get_by_test_id("annotate-canvas").get_attribute("data-region-bbox")
    assert bbox is not None
    x, y, width, height = (int(number) for number in bbox.split(","))
    scale, _, _, _, offset_x, offset_y = transform(page)
    return left + scale * (x + width / 2) + offset_x, top + scale * (y + height / 2) + offset_y


def transform(page: Page) -> list[float]:
    text = page.get_by_test_id("annotate-canvas").get_attribute("data-image-to-screen")
    assert text is not None
    return [float(number) for number in text.split(",")]


def test_the_language_is_switched_by_hand_and_kept(canvas_page: Page, site: Site) -> None:
    page = canvas_page
    page.get_by_role("button", name="Account").click()
    page.get_by_test_id("language-de").click()
    expect(page.get_by_role("link", name="Überblick")).to_be_visible()
    page.goto(site.url)
    expect(page.get_by_role("button", name="Neues Projekt")).to_be_visible()
    page.get_by_role("button", name="Konto").click()
    page.get_by_test_id("language-en").click()
    expect(page.get_by_role("button", name="New project")).to_be_visible()


def test_a_new_project_warns_of_colours_that_look_alike(page: Page, site: Site) -> None:
    sign_in(page.context, site)
    page.goto(site.url)
    page.get_by_test_id("new-project").click()
    for index, name in enumerate(("Road", "Grass", "Sky")):
        page.get_by_test_id(f"new-class-{index}").fill(name)
    warning = page.get_by_test_id("alike-colors")
    expect(warning).to_have_count(0)
    page.get_by_label("Colour of class 1").fill("#c06000")
    page.get_by_label("Colour of class 2").fill("#00a000")
    expect(warning).to_contain_text("“Road” and “Grass” look alike")
    warning.get_by_role("button").click()
    expect(warning).to_have_count(0)
    close_dialog(page)
