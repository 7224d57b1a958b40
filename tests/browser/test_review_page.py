"""The review page in Chromium: verdicts, an answer that goes back to its author, a fix, agreement, cost.

A real server over seeded rows with a model's predictions; no worker is needed.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from segloop.label_maps import decode_index_png, encode_index_png
from segloop.settings import QueryPurpose
from segloop_client.api import Client
from segloop_store.states import RoundState
from tests.browser.conftest import PASSWORD
from tests.browser.looks import violations
from tests.core.test_agreement import iou_by_loop, kappa_by_loop
from tests.support.asked_by_a_model import app_over
from tests.support.seeding import seed_model, seed_project, seed_round
from tests.support.serving import serving
from tests.support.site import ADMIN_TOKEN

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NUM_REGIONS = 3
NUM_MARKED = """
(() => {
  const canvas = document.querySelector('[data-testid="pane-difference"] canvas');
  if (!canvas) return 0;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] > 150 && data[i + 1] < 110 && data[i + 2] > 150) found++;
  }
  return found;
})()
"""
"""How many pixels of the picture of differences are marked."""

COMMENT = "the kerb belongs to the road"


@dataclass(frozen=True)
class Reviewed:
    """A project whose three regions Ann has answered, and Ben as well.

    Attributes:
        url: of the server.
        client: an owner's.
        said: by region, what each of the two said of its pixels.
    """

    url: str
    client: Client
    id: str
    said: dict[str, dict[str, NDArray[np.uint8]]]

    @property
    def path(self) -> str:
        return f"/projects/{self.id}"


@pytest.fixture(name="reviewed", scope="module")
def make_reviewed(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    app = app_over(sqlite_template, tmp_path_factory.mktemp("reviewed"))
    database, blobs = app.state.context.database, app.state.context.blobs
    seeded = seed_project(database, blobs)
    cold = seed_round(database, seeded, num_queries=0, state=RoundState.CLOSED)
    model = seed_model(database, blobs, seeded, cold)
    both = (QueryPurpose.SELECTED, QueryPurpose.AGREEMENT)
    seed_round(database, seeded, num_queries=NUM_REGIONS, number=1, purposes=both, model_version_id=model)
    with serving(app) as url, Client(url, ADMIN_TOKEN) as client:
        client.json("POST", "/users", json={"username": "mira", "password": PASSWORD, "is_admin": True})
        said: dict[str, dict[str, NDArray[np.uint8]]] = {}
        for name in ("ann", "ben"):
            answer_all(url, client, str(seeded.project_id), name, said)
        yield Reviewed(url, client, str(seeded.project_id), said)


def answer_all(
    url: str, owner: Client, project_id: str, name: str, said: dict[str, dict[str, NDArray[np.uint8]]]
) -> None:
    """A new annotator answers what there is for them, at random."""
    rng = np.random.default_rng(len(name) + ord(name[0]))
    with annotator(url, owner, project_id, name) as client:
        while (assignment := client.next_assignment(project_id)) is not None:
            mask = decode(assignment["region"]["mask_png"]) == 255
            answer = np.where(mask, rng.choice([0, 1, 254], mask.shape), 255).astype(np.uint8)
            cost = {"seconds_spent": 2, "num_clicks": 3, "num_strokes": 2, "num_keys": 1}
            client.submit(assignment["id"], label_map_png=encode(answer), **cost)
            said.setdefault(region_of(assignment), {})[name] = answer


def annotator(url: str, owner: Client, project_id: str, name: str) -> Client:
    """A new annotator of the project, who can sign in too."""
    user = owner.json("POST", "/users", json={"username": name, "password": PASSWORD})
    owner.json("PUT", f"/projects/{project_id}/members/{user['id']}", json={"role": "annotator"})
    with httpx.Client(base_url=f"{url}/api/v1") as http:
        http.post("/auth/login", json={"username": name, "password": PASSWORD}).raise_for_status()
        csrf = {"X-CSRF-Token": http.cookies["segloop_csrf"]}
        token = http.post("/tokens", json={"name": "test"}, headers=csrf).json()["token"]
    return Client(url, token)


def region_of(item: dict[str, Any]) -> str:
    index = item["region"]["index"] if "region" in item else item["region_index"]
    image_id = item["image"]["id"] if "image" in item else item["image_id"]
    return f"{image_id} {index}"


@pytest.fixture(name="open_as")
def make_open_as(chromium: Browser, reviewed: Reviewed) -> Iterator[Any]:
    """`open_as(name, path)`: that person's own browser, signed in, at a path."""
    contexts, thrown = [], []

    def open_as(name: str, path: str) -> Page:
        context = chromium.new_context(viewport={"width": 1280, "height": 720})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.goto(reviewed.url + path)
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(reviewed.url + path)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert thrown == []


def test_agreement_on_the_page_is_that_of_a_plain_loop(reviewed: Reviewed, open_as: Any) -> None:
    twice = list(reviewed.said.values())
    assert [sorted(answers) for answers in twice] == [["ann", "ben"]] * NUM_REGIONS
    pairs = [
        pair
        for answers in twice
        for pair in zip(answers["ann"].ravel().tolist(), answers["ben"].ravel().tolist(), strict=True)
        if pair[0] != 255
    ]
    page = open_as("mira", f"{reviewed.path}/review?tab=agreement")

    assert number_on(page, "agreement-kappa") == pytest.approx(kappa_by_loop(pairs), abs=0.0051)
    same = sum(a == b for a, b in pairs) / len(pairs)
    assert number_on(page, "agreement-pixels") == pytest.approx(100 * same, abs=0.051)
    for index in (0, 1):
        iou = iou_by_loop(pairs, index) or 0.0
        assert number_on(page, f"agreement-class-{index}") == pytest.approx(100 * iou, abs=0.051)
    expect(page.get_by_test_id("agreement-region")).to_have_count(NUM_REGIONS)
    page.get_by_test_id("agreement-region").nth(1).click()
    expect(page.get_by_test_id("pane-first")).to_contain_text("ann")
    expect(page.get_by_test_id("pane-second")).to_contain_text("ben")
    expect(page.get_by_test_id("pane-difference")).to_contain_text("of the region")
    for place in range(NUM_REGIONS):
        page.get_by_test_id("agreement-region").nth(place).click()
        wait_for_marks(page)


def test_answer_is_returned_answered_again_by_its_author_and_fixed(reviewed: Reviewed, open_as: Any) -> None:
    ann = next(
        item["user_id"]
        for item in reviewed.client.pages(f"{reviewed.path}/members")
        if item["username"] == "ann"
    )
    of_ann = list(reviewed.client.pages(f"{reviewed.path}/annotations", user=ann))
    first, second = of_ann[:2]
    page = open_as("mira", f"{reviewed.path}/review")
    page.get_by_test_id("review-filter-user").select_option(ann)
    items = page.get_by_test_id("review-item")
    expect(items).to_have_count(NUM_REGIONS)
    expect(page.get_by_test_id("review-left")).to_have_text(str(NUM_REGIONS))
    expect(page.get_by_test_id("pane-answer")).to_be_visible()

    page.keyboard.press("a")
    expect(items.nth(0)).to_contain_text("Accepted")
    assert reviewed.client.json("GET", f"/annotations/{first['id']}")["state"] == "accepted"
    expect(items.nth(1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("r")
    page.get_by_test_id("return-comment").fill(COMMENT)
    page.keyboard.press("Control+Enter")
    expect(items.nth(1)).to_contain_text("Returned")
    expect(page.get_by_test_id("review-left")).to_have_text(str(NUM_REGIONS - 2))

    author = open_as("ann", f"{reviewed.path}/annotate")
    canvas = author.get_by_test_id("annotate-canvas")
    expect(canvas).to_have_attribute("data-region-bbox", ",".join(map(str, second["bbox"])))
    expect(author.get_by_test_id("returned-banner")).to_contain_text(COMMENT)
    author.keyboard.press("Enter")  # she insists: what comes back are her own pixels
    expect(author.get_by_test_id("queue-remaining")).to_contain_text("0")
    expect(author.get_by_test_id("save-state")).to_have_text("saved")
    *_, again = reviewed.client.pages(f"{reviewed.path}/annotations", user=ann, state="submitted")
    assert (again["version"], region_of(again)) == (2, region_of(second))
    kept = decode(reviewed.client.json("GET", f"/annotations/{again['id']}")["label_map_png"])
    np.testing.assert_array_equal(kept, reviewed.said[region_of(second)]["ann"])
    author.goto(f"{reviewed.url}{reviewed.path}/review")
    author.get_by_test_id("review-filter-state").select_option("superseded")
    expect(author.get_by_test_id("review-story")).to_contain_text(COMMENT)
    author.get_by_test_id("review-filter-state").select_option("submitted")
    expect(author.get_by_test_id("review-item")).to_have_count(2)
    author.keyboard.press("c")
    expect(author.get_by_test_id("fix-canvas")).to_have_attribute("data-region-bbox", re.compile(r"\d"))
    for key in ("1", "d", "Enter"):
        author.keyboard.press(key)
    expect(author.get_by_test_id("review-item").filter(has_text="version 2")).to_have_count(2)
    newest = list(reviewed.client.pages(f"{reviewed.path}/annotations", user=ann, state="submitted"))[-1]
    pixels = decode(reviewed.client.json("GET", f"/annotations/{newest['id']}")["label_map_png"])
    assert newest["id"] != again["id"]
    assert np.unique(pixels).tolist() == [0]

    page.reload()
    page.get_by_test_id("review-filter-user").select_option(ann)
    page.locator(f'[data-annotation-id="{again["id"]}"]').click()
    page.keyboard.press("f")
    expect(page.get_by_test_id("fix-canvas")).to_have_attribute("data-region-bbox", re.compile(r"\d"))
    page.keyboard.press("3")
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    shown = page.locator(f'[data-annotation-id="{again["id"]}"]')
    expect(shown).to_contain_text("Fixed")
    x, y, width, height = again["bbox"]
    known = decode_index_png(reviewed.client.request("GET", f"/images/{again['image_id']}/label_map").content)
    assert np.unique(known[y : y + height, x : x + width]).tolist() == [2]
    (fix,) = (
        item
        for item in reviewed.client.json("GET", f"/annotations/{again['id']}")["history"]
        if item["fixes_annotation_id"] == again["id"]
    )
    assert (fix["num_strokes"], fix["num_keys"]) == (1, 3)
    page.keyboard.press("z")
    expect(shown).to_contain_text("To review")

    page.get_by_test_id("review-accept-all").click()
    expect(page.get_by_test_id("review-left")).to_have_text("0")
    page.keyboard.press("z")
    expect(page.get_by_test_id("review-left")).to_have_text(str(NUM_REGIONS - 1))


def test_the_fix_editor_has_the_tools_options_and_keys_of_the_annotate_page(
    reviewed: Reviewed, open_as: Any
) -> None:
    page = open_as("ben", f"{reviewed.path}/review")
    page.emulate_media(reduced_motion="reduce")
    expect(page.get_by_test_id("review-correct")).to_be_enabled()
    page.keyboard.press("c")
    canvas = page.get_by_test_id("fix-canvas")
    expect(canvas).to_have_attribute("data-region-bbox", re.compile(r"\d"))
    for key in ("0", "0", "3"):
        page.keyboard.press(key)
    expect(page.get_by_test_id("class-2")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("/")
    page.keyboard.type("class 1")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("class-1")).to_have_attribute("aria-pressed", "true")
    expect(canvas).to_be_focused()

    expect(page.get_by_test_id("brushShape-round")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Shift+B")
    expect(page.get_by_test_id("brushShape-square")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Size").fill("5")
    expect(page.get_by_test_id("penPressure-size")).to_be_visible()
    page.keyboard.press("w")
    expect(page.get_by_test_id("wandBasis-color")).to_be_visible()
    found = {"editor": violations(page)}

    page.keyboard.press("?")
    page.get_by_test_id("key-fillRegion").click()
    page.keyboard.press("q")
    page.get_by_test_id("key-brush").click()
    page.keyboard.press("Alt+ArrowRight")  # a key of the annotate page alone
    expect(page.get_by_test_id("key-conflict")).to_contain_text("Forward again")
    found["keys"] = violations(page)
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    expect(page.get_by_role("dialog")).to_contain_text("class 0")
    found["guide"] = violations(page)
    page.keyboard.press("Escape")
    assert {name: each for name, each in found.items() if each} == {}

    page.keyboard.press("v")
    page.keyboard.press("q")
    page.keyboard.press("Enter")
    expect(canvas).to_have_count(0)
    ben = page.request.get(f"{reviewed.url}/api/v1/me").json()["id"]
    newest = list(reviewed.client.pages(f"{reviewed.path}/annotations", user=ben))[-1]
    assert newest["version"] == 2
    pixels = decode(reviewed.client.json("GET", f"/annotations/{newest['id']}")["label_map_png"])
    assert np.unique(pixels).tolist() == [254]


def test_cost_is_shown_to_the_owner_alone(reviewed: Reviewed, open_as: Any) -> None:
    page = open_as("mira", reviewed.path)
    row = page.get_by_test_id("cost-1")
    expect(row).to_contain_text("3")
    cells = [cell.strip() for cell in row.locator("td").all_inner_texts()]
    (spent,) = reviewed.client.json("GET", f"{reviewed.path}/costs")["items"]
    assert cells[1] == str(NUM_REGIONS)
    assert cells[3].startswith(str(spent["clicks"]))

    author = open_as("ann", reviewed.path)
    expect(author.get_by_test_id("learning-curve")).to_be_visible()
    expect(author.get_by_test_id("costs")).to_have_count(0)
    expect(author.get_by_test_id("learning-curve")).not_to_contain_text("Clicks")


def wait_for_marks(page: Page) -> None:
    """Until the picture of differences marks pixels, wherever the region lies in its image."""
    for _ in range(100):
        if page.evaluate(NUM_MARKED) > 50:  # `wait_for_function` needs eval, which the page forbids
            return
        page.wait_for_timeout(100)
    raise AssertionError("no difference is marked")


def number_on(page: Page, test_id: str) -> float:
    """The last number of a text; the page rounds halves up, Python to even."""
    text = page.get_by_test_id(test_id).inner_text().replace("\u2212", "-")
    return float(re.findall(r"-?[\d.]+", text)[-1])


def decode(png: str) -> NDArray[np.uint8]:
    return decode_index_png(base64.b64decode(png))


def encode(label_map: NDArray[np.uint8]) -> str:
    return base64.b64encode(encode_index_png(label_map)).decode()
