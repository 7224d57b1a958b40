"""What the annotate page shows beside the labels, and every page for everybody: axe-core, and in German."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from segloop.settings import describe_settings
from tests.browser.conftest import Site
from tests.browser.looks import (
    OVERFLOWING,
    PAGES,
    WRAPPED,
    answer_and_train,
    close_dialog,
    colors_at,
    make_project,
    open_region,
    show_finely,
    sign_in,
    violations,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
INSIDE = [(0.2, 0.2), (0.2, 0.7), (0.4, 0.5), (0.6, 0.3), (0.8, 0.2), (0.8, 0.8)]
LEFT, RIGHT = INSIDE[:3], INSIDE[3:]


@pytest.fixture(scope="module", name="trained_id")
def make_trained_project(site: Site) -> str:
    project_id = make_project(
        site.client, "looks", num_classes=60, guide="Say what you **see**.\n\n- not what you know"
    )
    answer_and_train(site.client, project_id)
    return project_id


@pytest.fixture(name="signed_in")
def open_signed_in(page: Page, site: Site) -> Page:
    sign_in(page.context, site)
    return page


@pytest.fixture(name="canvas_page")
def open_canvas(signed_in: Page, site: Site, trained_id: str) -> Page:
    open_region(signed_in, site, trained_id)
    return signed_in


def test_the_models_answer_is_flicked_to_and_swiped_over_ones_own(canvas_page: Page) -> None:
    page = canvas_page
    predicted = colors_at(page, INSIDE)
    page.keyboard.press("9")
    page.keyboard.press("d")
    painted = colors_at(page, INSIDE)
    assert all(one != other for one, other in zip(predicted, painted, strict=True))

    page.keyboard.press("t")
    assert colors_at(page, INSIDE) == predicted
    page.keyboard.press("t")
    assert colors_at(page, INSIDE) == painted

    page.keyboard.press("Shift+T")
    assert colors_at(page, LEFT) == predicted[:3]
    assert colors_at(page, RIGHT) == painted[3:]
    divider = page.get_by_test_id("swipe-divider")
    divider.focus()
    page.keyboard.press("End")
    assert colors_at(page, INSIDE) == predicted
    page.keyboard.press("Home")
    assert colors_at(page, INSIDE) == painted
    assert divider.get_attribute("aria-valuenow") == "0"


def test_the_divider_follows_the_pointer(canvas_page: Page) -> None:
    page = canvas_page
    page.keyboard.press("Shift+T")
    divider = page.get_by_test_id("swipe-divider")
    box = divider.bounding_box()
    frame = page.locator(".swipe").bounding_box()
    assert box is not None
    assert frame is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(frame["x"] + 0.75 * frame["width"], box["y"] + 20, steps=3)
    page.mouse.up()
    assert divider.get_attribute("aria-valuenow") == "75"
    page.mouse.move(5, 300)
    assert divider.get_attribute("aria-valuenow") == "75"


def test_the_heat_map_comes_with_its_legend_and_goes(canvas_page: Page) -> None:
    page = canvas_page
    before = colors_at(page, INSIDE)
    page.keyboard.press("u")
    expect(page.get_by_test_id("heat-legend")).to_contain_text("low")
    expect(page.get_by_test_id("heat-legend")).to_contain_text("Uncertainty")
    assert colors_at(page, INSIDE) != before
    page.keyboard.press("u")
    expect(page.get_by_test_id("heat-legend")).to_have_count(0)
    assert colors_at(page, INSIDE) == before


def test_why_a_region_is_asked_names_rank_doubt_and_model_but_not_its_purpose(canvas_page: Page) -> None:
    why = canvas_page.get_by_test_id("why")
    expect(why).to_contain_text(re.compile(r"No\. \d+ of 14"))
    expect(why).to_contain_text(re.compile(r"score \d"))
    expect(why.get_by_role("progressbar")).to_have_count(2)
    expect(why.get_by_role("link")).to_contain_text(re.compile(r"Model 0 · mean IoU \d"))
    expect(why).not_to_contain_text(re.compile("audit|agreement|selected", re.IGNORECASE))


def test_answers_elsewhere_lie_around_the_region_never_in_it(canvas_page: Page) -> None:
    page = canvas_page
    # The whole image is on the canvas, so every answer of it is.
    page.keyboard.press("h")
    page.mouse.move(500, 300)
    page.mouse.wheel(0, 1500)
    show_finely(page)
    everywhere = [(u / 2, v / 2) for u in range(-12, 14) for v in range(-10, 12)]
    before, inside = colors_at(page, everywhere), colors_at(page, INSIDE)
    page.keyboard.press("n")
    expect(page.locator(".minimap canvas")).to_have_count(1)
    show_finely(page)
    after = colors_at(page, everywhere)
    assert any(one != other for one, other in zip(before, after, strict=True))
    assert colors_at(page, INSIDE) == inside


def test_a_hidden_class_is_not_drawn_and_what_is_painted_is_shown(canvas_page: Page) -> None:
    page = canvas_page
    page.keyboard.press("9")
    page.keyboard.press("d")
    painted = colors_at(page, INSIDE)
    page.keyboard.press("h")
    bare = colors_at(page, INSIDE)
    page.keyboard.press("h")

    page.get_by_test_id("hide-class-8").click()
    assert colors_at(page, INSIDE) == bare
    page.get_by_test_id("class-8").click()
    assert colors_at(page, INSIDE) == painted
    page.get_by_test_id("hide-class-0").click(modifiers=["Shift"])
    assert colors_at(page, INSIDE) == bare
    page.get_by_test_id("show-all-classes").click()
    assert colors_at(page, INSIDE) == painted


def test_patterns_lie_on_classes_at_every_zoom(canvas_page: Page) -> None:
    page = canvas_page
    page.keyboard.press("4")
    page.keyboard.press("d")
    # by chance: an even grid may fall in step with the lines
    rng = random.Random(5)
    places = [(rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9)) for _ in range(1000)]
    for zoom in (0, -900):
        page.mouse.move(500, 300)
        page.mouse.wheel(0, zoom)
        page.wait_for_timeout(400)  # a canvas that has come to rest is drawn once more, finely
        plain = colors_at(page, places)
        page.keyboard.press("k")
        changed = sum(one != other for one, other in zip(plain, colors_at(page, places), strict=True))
        assert 0.1 < changed / len(places) < 0.9
        page.keyboard.press("k")
        assert colors_at(page, places) == plain


# Reads of whole pictures; regions that are prefetched meanwhile read boxes of 24 px.
COUNT_READS = """() => {
    window.reads = 0;
    const read = OffscreenCanvasRenderingContext2D.prototype.getImageData;
    OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...box) {
        if (box[2] > 24) window.reads++;
        return read.apply(this, box);
    };
}"""


def test_the_picture_is_adjusted_once_not_every_frame_and_stays_so(canvas_page: Page) -> None:
    page = canvas_page
    page.keyboard.press("h")
    before = colors_at(page, INSIDE)
    page.keyboard.press("j")
    page.evaluate(COUNT_READS)
    page.get_by_test_id("picture-brightness").fill("60")
    bright = colors_at(page, INSIDE)
    assert sum_of(bright) > sum_of(before)

    reads = page.evaluate("reads")
    page.mouse.move(400, 300)
    for step in range(12):
        page.mouse.wheel(0, 40 if step % 2 else -40)
    colors_at(page, INSIDE)
    assert page.evaluate("reads") == reads

    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("picture-brightness")).to_have_value("60")
    page.get_by_test_id("reset-picture").click()
    expect(page.get_by_test_id("reset-picture")).to_be_disabled()


def sum_of(colors: list[str]) -> int:
    return sum(int(channel) for color in colors for channel in color.split(","))


def test_many_classes_scroll_and_are_found_by_name(canvas_page: Page) -> None:
    page = canvas_page
    assert page.locator(".palette ul").evaluate("list => list.scrollHeight > list.clientHeight")
    for digit in "042":
        page.keyboard.press(digit)
    expect(page.get_by_test_id("class-41")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("class-41")).to_be_in_viewport()
    page.keyboard.press("/")
    page.keyboard.type("filler 5")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("class-51")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("class-51")).to_be_in_viewport()
    expect(page.get_by_test_id("annotate-canvas")).to_be_focused()


def test_the_guide_opens_on_the_first_visit_and_on_its_key(
    signed_in: Page, site: Site, trained_id: str
) -> None:
    page = signed_in
    page.goto(f"{site.url}/projects/{trained_id}/annotate")
    guide = page.get_by_role("dialog")
    expect(guide).to_contain_text("Say what you see.")
    expect(guide).to_contain_text("Ground that vehicles drive on.")
    expect(guide.locator("b", has_text="markings")).to_be_visible()
    page.keyboard.press("Escape")
    expect(guide).to_have_count(0)
    page.reload()
    expect(page.get_by_test_id("annotate-canvas")).to_have_attribute("data-region-bbox", re.compile(r"\d"))
    expect(guide).to_have_count(0)
    page.keyboard.press("g")
    expect(guide).to_be_visible()


def test_axe_finds_nothing_on_any_page_light_or_dark(page: Page, site: Site, trained_id: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{site.url}/login")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    found = {"login": violations(page)}
    sign_in(page.context, site)
    for path in ("/", *(f"/projects/{trained_id}{each}" for each in PAGES)):
        page.goto(site.url + path)
        page.wait_for_timeout(900)  # streams of events keep the network busy for ever
        close_dialog(page)
        found[path] = violations(page)
    assert {path: each for path, each in found.items() if each} == {}


def test_axe_finds_nothing_where_something_is_open(canvas_page: Page) -> None:
    page = canvas_page
    page.emulate_media(reduced_motion="reduce")
    found: dict[str, list[str]] = {}
    for keys in (["g"], ["?"], ["j"], ["/"], ["Shift+T", "u", "n", "k"]):
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_timeout(200)
        found[" ".join(keys)] = violations(page)
        page.keyboard.press("Escape")
    assert {keys: each for keys, each in found.items() if each} == {}


ENGLISH = """async (url) => {
    const leaves = (value) => typeof value === 'string' ? [value]
        : value && typeof value === 'object' ? Object.values(value).flatMap(leaves) : [];
    return leaves(Object.values(await import(url))[0]).map((text) => text.trim()).filter(Boolean);
}"""
SHOWN = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode.data);
    for (const element of document.body.querySelectorAll('[aria-label], [title], [placeholder], [alt]'))
        for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
            texts.push(element.getAttribute(name) ?? '');
    return texts.map((text) => text.trim()).filter(Boolean);
}"""
ENGLISH_WORDS = re.compile(r"\b(the|of|and|is|are|with|not|from|this|you|your|no|yet|to)\b", re.IGNORECASE)


@pytest.fixture(name="german_page")
def open_german(chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(locale="de-AT", viewport={"width": 1280, "height": 720})
    sign_in(context, site)
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def test_no_english_is_left_on_the_german_pages(german_page: Page, site: Site, trained_id: str) -> None:
    page = german_page
    page.goto(site.url)
    assets = ROOT / "server" / "segloop_server" / "static" / "assets"
    files = {code: next(assets.glob(f"{code}-*.js")).name for code in ("en", "de")}
    english, german = (
        set(page.evaluate(ENGLISH, f"{site.url}/assets/{files[code]}")) for code in ("en", "de")
    )
    assert len(english) > 300
    german |= {row["name"].replace("_", " ") for row in describe_settings()}  # names, in every language
    expect(page.get_by_role("button", name="Neues Projekt")).to_be_visible()
    left: dict[str, list[str]] = {}
    for path in ("/login", "/", *(f"/projects/{trained_id}{each}" for each in PAGES)):
        page.goto(site.url + path)
        page.wait_for_timeout(700)
        close_dialog(page)
        if path.endswith("annotate"):
            page.keyboard.press("?")
        if path.endswith("rounds"):  # the help texts of methods and settings are the server's
            page.get_by_test_id("start-round").click()
            page.get_by_test_id("more-settings").click()
        shown = set(page.evaluate(SHOWN))
        wrong = {text for text in shown if text in english - german or ENGLISH_WORDS.search(text)}
        left[path] = sorted(wrong - german)
        assert page.evaluate("document.documentElement.lang") == "de"
    assert {path: texts for path, texts in left.items() if texts} == {}


def test_the_servers_refusals_are_german_on_the_german_page(
    german_page: Page, site: Site, trained_id: str
) -> None:
    page = german_page
    page.goto(f"{site.url}/projects/{trained_id}/people")
    form = page.locator("form", has=page.locator("[name=is_admin]"))
    form.locator("[name=username]").fill("mira")
    form.locator("[name=password]").fill("long enough for this server")
    form.get_by_role("button", name="Anlegen").click()
    expect(page.get_by_role("alert")).to_have_text("Den Benutzernamen „mira“ gibt es schon.")


def test_the_german_annotate_page_fits_as_well(german_page: Page, site: Site, trained_id: str) -> None:
    page = german_page
    open_region(page, site, trained_id)
    for tool in "bew":
        page.keyboard.press(tool)
        assert page.evaluate(OVERFLOWING) == []
        assert page.evaluate(WRAPPED) == []
