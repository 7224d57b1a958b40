"""Screenshots of every page with the demo's data, for docs/images; also times the demo's set-up.

./run bench screenshots [--out docs/images] [--data-dir DIR]
"""

import argparse
import io
import shutil
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from segloop_client.demo import Demo
from tests.support.served import served

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZES = {"light": (1440, 900), "dark": (1280, 720)}
PAGES = {
    "overview": "",
    "annotate": "/annotate",
    "rounds": "/rounds",
    "models": "/models",
    "images": "/images",
    "people": "/people",
    "review": "/review",
}
SETTLE_MS = 3000


def main() -> None:
    """Set the demo up and photograph it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with served(options.data_dir) as (running, client), sync_playwright() as playwright:
        start = time.monotonic()
        project = Demo(client, print).set_up()
        print(f"demo set-up: {time.monotonic() - start:.0f} s")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for scheme in SIZES:
            context = open_context(browser, scheme)
            context.request.get(running.sign_in_link)
            photograph(context.new_page(), running.options.url, project["id"], options.out, scheme)
            context.close()
        browser.close()


def open_context(browser: Browser, scheme: str) -> BrowserContext:
    """A browser profile in light or dark, at that scheme's window size."""
    width, height = SIZES[scheme]
    viewport = ViewportSize(width=width, height=height)
    if scheme == "dark":
        return browser.new_context(viewport=viewport, color_scheme="dark")
    return browser.new_context(viewport=viewport, color_scheme="light")


def photograph(page: Page, url: str, project_id: str, out: Path, scheme: str) -> None:
    """Every page once."""
    page.goto(f"{url}/")
    save(page, out / f"projects-{scheme}.png")
    for name, path in PAGES.items():
        page.goto(f"{url}/projects/{project_id}{path}")
        save(page, out / f"{name}-{scheme}.png")


def save(page: Page, path: Path) -> None:
    """A screenshot once the page is still, packed as tightly as PNG goes."""
    page.wait_for_timeout(SETTLE_MS)
    page.keyboard.press("Escape")  # the guide, which opens on the first visit
    with Image.open(io.BytesIO(page.screenshot())) as image:
        image.convert("RGB").save(path, optimize=True)


if __name__ == "__main__":
    main()
