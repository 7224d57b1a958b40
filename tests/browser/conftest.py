"""A real server with its workers, and Chromium in front of it. Without a Chromium these tests are skipped."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from segloop.images import encode_png
from segloop.label_maps import encode_index_png
from segloop.scenes import SCENE_CLASSES, render_scene
from segloop_client.api import Client
from segloop_client.waiting import wait_for_jobs, wait_for_round
from tests.support.served import served

HEIGHT_PX, WIDTH_PX = 90, 120
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Site:
    """A running server.

    Attributes:
        url: of the page.
        client: an admin's.
    """

    url: str
    client: Client


@pytest.fixture(scope="session", name="site")
def start_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("site")) as (running, client):
        client.json("POST", "/users", json={"username": "mira", "password": PASSWORD, "is_admin": True})
        yield Site(running.options.url, client)


@pytest.fixture(scope="session", name="chromium")
def start_chromium() -> Iterator[Browser]:
    path = next(
        (
            found
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (found := shutil.which(name))
        ),
        None,
    )
    if path is None:
        pytest.skip("no Chromium is installed; ./run test says how")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(name="page")
def open_page(chromium: Browser) -> Iterator[Page]:
    """A fresh browser profile's page; anything the page itself throws fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.set_default_timeout(20_000)
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    yield page
    context.close()
    assert thrown == []


@pytest.fixture(name="project_id")
def make_project(site: Site, request: pytest.FixtureRequest) -> str:
    """Four pool scenes and two of validation, ingested; nothing asked yet."""
    classes = [{"name": name, "color": color} for name, color in SCENE_CLASSES]
    project = site.client.create_project(request.node.name, classes, {"kind": "grid", "size_px": 24})
    for index in range(6):
        image, truth = render_scene(9, index, height=HEIGHT_PX, width=WIDTH_PX)
        split = "pool" if index < 4 else "validation"
        answer = site.client.upload_images(project["id"], [(f"{index}.png", encode_png(image))], split)
        if split == "validation":
            site.client.put_label_map(answer["created"][0]["id"], encode_index_png(truth))
    wait_for_jobs(site.client, project["id"])
    return str(project["id"])


@pytest.fixture(name="asked_project_id")
def ask_first_regions(site: Site, project_id: str) -> str:
    """The project with its cold start's four regions asked."""
    started = site.client.start_round(project_id, budget_regions=4, settings={"encoder_weights": "random"})
    wait_for_round(site.client, started["id"])
    return project_id


def sign_in(page: Page, site: Site, path: str) -> None:
    """Open `path`, be sent to the sign-in page, sign in, arrive."""
    page.goto(site.url + path)
    page.get_by_label("Username").fill("mira")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(site.url + path)
