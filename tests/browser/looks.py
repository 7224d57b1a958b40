"""Projects and helpers for the tests of how the page looks and who can use it."""

import base64
import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
from playwright.sync_api import BrowserContext, Page, expect

from segloop.images import encode_png
from segloop.label_maps import decode_index_png, encode_index_png
from segloop.scenes import SCENE_CLASSES, render_scene
from segloop_client.api import Client
from segloop_client.waiting import wait_for_jobs, wait_for_round
from tests.browser.conftest import HEIGHT_PX, PASSWORD, WIDTH_PX, Site

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
NUM_ASKED = 14
TINY = {"encoder_weights": "random", "image_steps": 8, "image_height_px": 48, "image_width_px": 64}
PAGES = ("", "/annotate", "/review", "/rounds", "/models", "/images", "/people")


def make_project(client: Client, name: str, *, num_classes: int, guide: str = "") -> str:
    """That many classes, six images, and the first regions asked -> the project's id."""
    classes: list[dict[str, Any]] = [{"name": each, "color": color} for each, color in SCENE_CLASSES]
    classes[0] |= {"description": "Ground that vehicles drive on.", "example": "Asphalt, **markings** too."}
    more = [
        {"name": f"Filler {n:02d}", "color": f"#{n * 4:02x}40c0"} for n in range(len(classes), num_classes)
    ]
    project = client.create_project(
        name, classes + more, {"kind": "grid", "size_px": 24}, guide_markdown=guide
    )
    for index in range(6):
        image, truth = render_scene(9, index, height=HEIGHT_PX, width=WIDTH_PX)
        split = "pool" if index < 4 else "validation"
        created = client.upload_images(project["id"], [(f"{index}.png", encode_png(image))], split)["created"]
        if split == "validation":
            client.put_label_map(created[0]["id"], encode_index_png(truth))
    wait_for_jobs(client, project["id"])
    started = client.start_round(project["id"], budget_regions=NUM_ASKED, settings=TINY)
    wait_for_round(client, started["id"])
    return str(project["id"])


def answer_and_train(client: Client, project_id: str) -> None:
    """Every region answered, one class each in turn, so that each image has answers; then a model."""
    for number in range(NUM_ASKED):
        assignment = client.next_assignment(project_id)
        assert assignment is not None
        mask = decode_index_png(base64.b64decode(assignment["region"]["mask_png"])) == 255
        answer = np.where(mask, np.uint8(number % 2), np.uint8(255))
        png = base64.b64encode(encode_index_png(answer)).decode()
        client.submit(assignment["id"], label_map_png=png, seconds_spent=1, num_clicks=1)
    started = client.start_round(project_id, budget_regions=NUM_ASKED, settings=TINY)
    wait_for_round(client, started["id"])


def sign_in(context: BrowserContext, site: Site) -> None:
    """Take the cookie without going through the form."""
    body = {"username": "mira", "password": PASSWORD}
    assert context.request.post(f"{site.url}/api/v1/auth/login", data=body).status == 204


def open_region(page: Page, site: Site, project_id: str) -> None:
    """The annotate page with a region on the table and no guide before it."""
    page.goto(f"{site.url}/projects/{project_id}/annotate")
    expect(page.get_by_test_id("annotate-canvas")).to_have_attribute("data-region-bbox", re.compile(r"\d"))
    close_dialog(page)
    show_finely(page)


def close_dialog(page: Page) -> None:
    if page.get_by_role("dialog").count():
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def show_finely(page: Page) -> None:
    """Wait until the view has rested: pictures are then drawn finely, a shade off what they were before."""
    page.wait_for_function(SAME_FRAMES)


SAME_FRAMES = """async () => {
    const canvas = document.querySelector('[data-testid=annotate-canvas]');
    const look = () => canvas.toDataURL();
    const before = look();
    await new Promise((resolve) => setTimeout(resolve, 250));
    return look() === before;
}"""


COLORS = """(shares) => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => {
    const canvas = document.querySelector('[data-testid=annotate-canvas]');
    const [x, y, w, h] = canvas.dataset.regionBbox.split(',').map(Number);
    const [a, , , d, e, f] = canvas.dataset.imageToScreen.split(',').map(Number);
    const context = canvas.getContext('2d');
    resolve(shares.map(([u, v]) => {
        const column = Math.floor(x + u * w) + 0.3, row = Math.floor(y + v * h) + 0.4;
        const at = [a * column + e, d * row + f].map((value) => Math.round(value * devicePixelRatio));
        return [...context.getImageData(at[0], at[1], 1, 1).data].slice(0, 3).join();
    }));
})))"""


def colors_at(page: Page, shares: list[tuple[float, float]]) -> list[str]:
    """What the canvas shows at places of the region's box, each a share of its width and height."""
    found: list[str] = page.evaluate(COLORS, shares)
    return found


VIOLATIONS = """async (only) => {
    const options = only ? { runOnly: { type: 'rule', values: only } } : {};
    const { violations } = await axe.run(document, { ...options, resultTypes: ['violations'] });
    const text = (id, { target, failureSummary }) => `${id}: ${target} ${failureSummary}`;
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => text(id, node)));
}"""


# Colours fade into those of another scheme, which begins in the next frame.
SETTLE = """() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => {
    document.getAnimations().forEach((each) => each.finish());
    requestAnimationFrame(resolve);
})))"""


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it is: all its rules in the light, contrast again in the dark."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())  # a script tag would be against the page's own policy
    found: list[str] = []
    runs: list[tuple[Literal["light", "dark"], list[str] | None]] = [
        ("light", None),
        ("dark", ["color-contrast"]),
    ]
    for scheme, rules in runs:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(SETTLE)
        found += [f"{scheme} {each}" for each in page.evaluate(VIOLATIONS, rules)]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found


OVERFLOWING = """() => ['html', '.annotate', '.panel', '.actionbar', '.toolbar', '.topbar'].filter((name) => {
    const { scrollHeight, scrollWidth, clientHeight, clientWidth } = document.querySelector(name);
    return scrollHeight > clientHeight + 1 || scrollWidth > clientWidth + 1;
})"""
"""Parts of the annotate page that would have to be scrolled."""

WRAPPED = """() => [...document.querySelectorAll('.panel .switch button, .panel legend, .actionbar .button')]
    .filter((element) => element.checkVisibility() && element.getClientRects().length > 0
        && (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1))
    .map((element) => element.textContent)"""
"""Words that do not fit into their control."""
