"""The same stroke and the same submit in Label Studio and in segloop: one browser, one run, same pictures.

./run bench label_studio --environment DIR [--prepared DIR] [--quick]

DIR is a virtual environment of its own with label-studio in it (`bench/_label_studio_server.py` says how it
is kept from the network). Both run on this machine with SQLite. The answer a person begins with has 0, 50 or
200 areas: brush regions of a prediction there, areas of the label map here.
"""

import argparse
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, Request
from scipy import ndimage

from bench._annotate_page import open_annotate_page, prefilled_with
from bench._asked import SCENE_LABELS, ask_regions, prepared, project_id_of, served_copy
from bench._browser import BROWSER, Point, chromium, open_context, stroke
from bench._label_studio_server import LabelStudio, brush_regions, label_studio
from bench._report import median, percentile, publish
from bench.frames import draw_blobs, draw_image
from segloop.images import encode_jpeg
from segloop_client.api import Client
from segloop_client.serving import Served

NAME = "side by side"
WIDTH_PX, HEIGHT_PX = 1024, 512
NUM_AREAS = (0, 50, 200)
NUM_MOVES = 90
LOOK_MS = 2500
"""A person looks at a picture this long before and after each gesture; both pages load and save meanwhile."""
LATE_MS = 25.0
"""A frame that comes later than this after the one before was held up."""
PICTURE = 'img[src^="blob:"]'


@dataclass
class Timed:
    """What was measured in one tool at one number of areas, milliseconds.

    Attributes:
        frames: from one frame to the next while painting.
        released: from letting the pointer go to the next frame painted.
        calm: from letting go to the last frame that was held up.
        submitted: from the key to the next picture painted.
        submit_calm: from the key to the last frame that was held up.
        server: of each kind of request, from sending it to the first byte of its answer.
    """

    frames: list[float] = field(default_factory=list)
    released: list[float] = field(default_factory=list)
    calm: list[float] = field(default_factory=list)
    submitted: list[float] = field(default_factory=list)
    submit_calm: list[float] = field(default_factory=list)
    server: dict[str, list[float]] = field(default_factory=lambda: {"save": [], "next": []})

    def row(self, tool: str, num_areas: int) -> dict[str, Any]:
        """One line of the table."""
        return {
            "tool": tool,
            "areas": num_areas,
            "tasks": len(self.submitted),
            "frame median": median(self.frames),
            "frame p95": percentile(self.frames, 95),
            "frame worst": max(self.frames),
            "release to painted": median(self.released),
            "release to calm": median(self.calm),
            "submit to next painted": median(self.submitted),
            "submit to calm": median(self.submit_calm),
            "server: save": median(self.server["save"]) if self.server["save"] else None,
            "server: next": median(self.server["next"]) if self.server["next"] else None,
        }


def main() -> None:
    """Measure both, publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environment", type=Path, required=True, help="where label-studio is installed")
    parser.add_argument("--prepared", type=Path, help="keep segloop's data here, or go on with it")
    parser.add_argument("--quick", action="store_true", help="two tasks of few areas: does it work?")
    options = parser.parse_args()
    num_areas, num_tasks = ((0, 5), 2) if options.quick else (NUM_AREAS, 3)
    num_images = len(num_areas) * (num_tasks + 3)
    rows = []
    with (
        prepared(options.prepared, lambda client: prepare(client, num_images)) as folder,
        served_copy(folder) as (running, client),
        label_studio(options.environment) as other,
        chromium() as browser,
    ):
        project_id = project_id_of(client, NAME)
        for num in num_areas:
            rows.append(time_segloop(browser, running, project_id, num, num_tasks).row("segloop", num))
            rows.append(time_label_studio(browser, other, num, num_tasks).row("Label Studio", num))
            print(rows[-2:], flush=True)
    publish(
        "label-studio-quick" if options.quick else "label-studio",
        rows,
        label_studio=other.version,
        browser=BROWSER,
        image=f"{WIDTH_PX} x {HEIGHT_PX}",
        milliseconds="medians over the tasks; server: from sending a request to the first byte of its answer",
        database="SQLite in both",
    )


def picture(index: int) -> bytes:
    """The picture of a task, the same in both tools."""
    return encode_jpeg(draw_image(WIDTH_PX, HEIGHT_PX, index))


def prepare(client: Client, num_images: int) -> None:
    """One region a picture: all of it."""

    def files() -> list[tuple[str, bytes]]:
        return [(f"{index}.jpg", picture(index)) for index in range(num_images)]

    ask_regions(client, NAME, files, size_px=WIDTH_PX, num_regions=num_images)


def time_segloop(browser: Browser, running: Served, project_id: str, num_areas: int, num_tasks: int) -> Timed:
    """Stroke and submit, task after task."""
    context = open_context(browser)
    draw = prefilled_with(lambda width, height: draw_blobs(width, height, num_areas))
    opened = open_annotate_page(context, running.options.url, running.sign_in_link, project_id, draw)
    page = opened.page
    timed = Timed()
    note_server_time(
        page,
        timed,
        save=lambda r: r.url.endswith("/annotation"),
        following=lambda r: r.url.endswith("/assignments"),
    )
    for _ in range(num_tasks):
        page.wait_for_timeout(LOOK_MS)
        x, y, width, height = opened.bbox
        first, last = opened.on_screen(np.array([[x, y], [x + width, y + height]], dtype=np.float64))
        page.keyboard.press("b")
        page.keyboard.press("3")
        time_stroke(page, timed, path_over(first, last))
        time_submit(page, timed, lambda: page.keyboard.press("Enter"))
    context.close()
    return timed


def time_label_studio(browser: Browser, other: LabelStudio, num_areas: int, num_tasks: int) -> Timed:
    """The same in Label Studio's stream of tasks."""
    project_id = fill_project(other, num_areas, num_tasks + 1)
    context = open_context(browser)
    page = context.new_page()
    page.goto(f"{other.url}/user/login")
    page.fill("input[name=email]", other.username)
    page.fill("input[name=password]", other.password)
    page.click("button[type=submit]")
    page.wait_for_load_state()
    page.goto(f"{other.url}/projects/{project_id}/data?labeling=1")
    page.wait_for_selector(PICTURE)
    timed = Timed()
    note_server_time(
        page,
        timed,
        save=lambda r: "/annotations" in r.url and r.method == "POST",
        following=lambda r: "next_task" in r.url,
    )
    for _ in range(num_tasks):
        page.wait_for_timeout(LOOK_MS)
        box = page.locator(PICTURE).bounding_box()
        if box is None:
            raise SystemExit("Label Studio shows no picture")
        page.keyboard.press("3")
        first, last = (box["x"], box["y"]), (box["x"] + box["width"], box["y"] + box["height"])
        time_stroke(page, timed, path_over(first, last))
        page.evaluate("(selector) => bench.watchPicture(selector)", PICTURE)
        time_submit(page, timed, lambda: page.keyboard.press("Control+Enter"))
    context.close()
    return timed


def fill_project(other: LabelStudio, num_areas: int, num_tasks: int) -> int:
    """A project whose tasks begin with as many brush regions."""
    project_id = other.make_project(f"{num_areas} areas", SCENE_LABELS)
    parts, num = ndimage.label(draw_blobs(WIDTH_PX, HEIGHT_PX, num_areas) > 0)
    results = brush_regions([parts == number for number in range(1, num + 1)], SCENE_LABELS[1]["name"])
    for index in range(num_tasks):
        other.add_task(project_id, f"{index}.jpg", picture(index), results)
    return project_id


def path_over(first: Point, last: Point) -> list[Point]:
    """A stroke through the middle half of what is shown, the same share of it in both tools."""
    share = np.linspace(0.0, 1.0, NUM_MOVES)
    x = first[0] + (last[0] - first[0]) * (0.25 + 0.5 * share)
    y = first[1] + (last[1] - first[1]) * (0.5 + 0.2 * np.sin(4 * np.pi * share))
    return list(zip(x.tolist(), y.tolist(), strict=True))


def time_stroke(page: Page, timed: Timed, path: list[Point]) -> None:
    """Paint, let go, wait until all is calm."""
    page.evaluate("bench.takeWaits(), bench.watchRelease(), bench.start()")
    stroke(path)(page)
    page.wait_for_timeout(LOOK_MS)
    recorded = page.evaluate("bench.stop()")
    let_go = float(recorded["pressedAt"])
    times = [float(now) for now, _ in recorded["frames"]]
    timed.frames += [after - before for before, after in itertools.pairwise(times) if after <= let_go]
    timed.calm.append(last_late(times, let_go))
    ((_, wait),) = page.evaluate("bench.takeWaits()")
    timed.released.append(float(wait))


def time_submit(page: Page, timed: Timed, submit: Callable[[], None]) -> None:
    """Submit, wait for the next task and until all is calm."""
    num_shown = page.evaluate("bench.start(), bench.numShown")
    submit()
    page.wait_for_function("(before) => bench.numShown > before", arg=num_shown, polling=50)
    page.wait_for_timeout(LOOK_MS)
    recorded = page.evaluate("bench.stop()")
    pressed, wait = page.evaluate("bench.takeWaits()")[-1]
    timed.submitted.append(float(wait))
    timed.submit_calm.append(last_late([float(now) for now, _ in recorded["frames"]], float(pressed)))


def last_late(times: list[float], since: float) -> float:
    """Milliseconds from `since` to the last frame after it that was held up."""
    late = [
        after for before, after in itertools.pairwise(times) if after > since and after - before > LATE_MS
    ]
    return max(late, default=since) - since


def note_server_time(
    page: Page, timed: Timed, *, save: Callable[[Request], bool], following: Callable[[Request], bool]
) -> None:
    """Note how long the server takes for the two requests of a submit."""

    def finished(request: Request) -> None:
        kind = "save" if save(request) else "next" if following(request) else None
        timing = request.timing
        if kind is not None and timing["responseStart"] > 0:
            timed.server[kind].append(timing["responseStart"] - timing["requestStart"])

    page.on("requestfinished", finished)


if __name__ == "__main__":
    main()
