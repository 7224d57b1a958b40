"""Frame times of the annotate page while a person paints, pans and zooms.

./run bench frames [--prepared DIR] [--quick]

At 0, 1,000 and 10,000 separate blobs in the label map, on images of 2048 x 1024 and 8192 x 4096, with the
whole image as one region and with a region of 256 x 256. Beside them what the same browser takes for nothing:
an empty loop of frames, and a loop that puts a picture of the same dirty rectangle on a canvas.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page

from bench._annotate_page import AnnotatePage, open_annotate_page, prefilled_with
from bench._asked import ask_regions, prepared, project_id_of, served_copy
from bench._browser import BROWSER, Frames, Gesture, Point, chromium, open_context, record_frames, stroke
from bench._report import publish
from segloop.images import encode_jpeg
from segloop.scenes import SCENE_CLASSES, render_scene
from segloop_client.api import Client
from segloop_client.serving import Served

REGIONS = ("whole image", "256 x 256")
SIZES = ((2048, 1024), (8192, 4096))
SMALL_REGION_PX = 256
NUM_BLOBS = (0, 1_000, 10_000)
DRAWN_SIZE = (512, 256)
HAND_PX = 9.0
"""Screen pixels the pointer goes from one event to the next: about 540 a second, a brisk hand."""

BARE_PAGE = """
<canvas data-testid="bare" width={width} height={height} style="position:absolute;left:0;top:0"></canvas>
<script>
  const context = document.querySelector("canvas").getContext("2d", {{ alpha: false }});
  const picture = new ImageData({dirty_width}, {dirty_height});
  let at = 0;
  function draw() {{
    if ({puts}) context.putImageData(picture, (at += 3) % 400, 100);
    requestAnimationFrame(draw);
  }}
  requestAnimationFrame(draw);
</script>"""


@dataclass(frozen=True)
class Plan:
    """What is measured: image sizes, numbers of blobs, events a gesture."""

    sizes: tuple[tuple[int, int], ...]
    num_blobs: tuple[int, ...]
    num_moves: int


FULL = Plan(SIZES, NUM_BLOBS, 80)
QUICK = Plan(((512, 256),), (0, 1_000), 30)


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepared", type=Path, help="keep the server's data here, or go on with it")
    parser.add_argument("--quick", action="store_true", help="one small image, few frames: does it work?")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    rows: list[dict[str, Any]] = []
    with (
        prepared(options.prepared, lambda client: prepare(client, plan)) as folder,
        served_copy(folder) as (running, client),
        chromium() as browser,
    ):
        for size in plan.sizes:
            for region in REGIONS:
                rows += measure_region(browser, running, client, plan, size, region)
    publish(
        "frames-quick" if options.quick else "frames",
        rows,
        browser=BROWSER,
        moves_per_gesture=plan.num_moves,
        script="handlers and frame callbacks, clock of 0.1 ms",
        main_thread="all tasks of the main thread, a frame's mean",
    )


def name_of(size: tuple[int, int], region: str) -> str:
    """The project of an image size and a kind of region."""
    return f"{size[0]} x {size[1]}, {region}"


def prepare(client: Client, plan: Plan) -> None:
    """A project of one image for each size and kind of region."""
    for width, height in plan.sizes:
        for region in REGIONS:
            is_whole = region == "whole image"
            ask_regions(
                client,
                name_of((width, height), region),
                lambda width=width, height=height: [  # type: ignore[misc]
                    (f"{width}.jpg", encode_jpeg(draw_image(width, height)))
                ],
                size_px=width if is_whole else min(SMALL_REGION_PX, height // 2),
                num_regions=1 if is_whole else 4,
            )


def measure_region(
    browser: Browser, running: Served, client: Client, plan: Plan, size: tuple[int, int], region: str
) -> list[dict[str, Any]]:
    """Every number of blobs on one image: rows of the gestures, and of the bare loops."""
    project_id = project_id_of(client, name_of(size, region))
    rows: list[dict[str, Any]] = []
    bare: dict[str, Frames] = {}
    for num in plan.num_blobs:
        context = open_context(browser)
        draw = prefilled_with(lambda w, h, num=num: draw_blobs(w, h, num))  # type: ignore[misc]
        opened = open_annotate_page(context, running.options.url, running.sign_in_link, project_id, draw)
        opened.page.wait_for_timeout(2000)  # what surrounds the region is loaded after it is shown
        about = {"image": f"{size[0]} x {size[1]}", "region": region, "blobs": num}
        measured = measure_gestures(opened, plan.num_moves)
        bare = bare or measure_bare(opened, measured["paint"], plan.num_moves)
        rows += [table_row(about, gesture, frames, bare) for gesture, frames in measured.items()]
        print(rows[-3:], flush=True)
        if num == plan.num_blobs[-1]:
            rows += [table_row({**about, "blobs": "-"}, name, frames, bare) for name, frames in bare.items()]
        give_back(opened)
        context.close()
    return rows


def draw_image(width: int, height: int, index: int = 0) -> NDArray[np.uint8]:
    """A drawn scene, enlarged, with fine grain so that no picture is flat -> uint8 (H, W, 3)."""
    drawn, _ = render_scene(11, index, height=DRAWN_SIZE[1], width=DRAWN_SIZE[0])
    large = Image.fromarray(drawn).resize((width, height), Image.Resampling.BILINEAR)
    grain = np.random.default_rng(width).integers(0, 12, (height, width, 1), dtype=np.uint8)
    return np.asarray(np.minimum(np.asarray(large), 243) + grain, dtype=np.uint8)


def draw_blobs(width: int, height: int, num: int) -> NDArray[np.uint8]:
    """A label map, uint8 (H, W), of one class with `num` separate blobs of others, no two touching."""
    label_map = np.zeros((height, width), dtype=np.uint8)
    if num == 0:
        return label_map
    pitch = math.isqrt(width * height // num)
    while (width // pitch) * (height // pitch) < num:
        pitch -= 1
    if pitch < 2:
        raise SystemExit(f"{num} separate blobs do not fit into {width} x {height} pixels")
    side = max(1, min(pitch // 2, 24))
    columns = width // pitch
    for index in range(num):
        y, x = index // columns * pitch, index % columns * pitch
        label_map[y : y + side, x : x + side] = 1 + index % (len(SCENE_CLASSES) - 1)
    return label_map


def measure_gestures(opened: AnnotatePage, num_moves: int) -> dict[str, Frames]:
    """Painting, panning and zooming, one after the other on the same page."""
    page = opened.page
    path = hand_path(opened, num_moves)
    page.keyboard.press("b")
    page.keyboard.press("3")
    record_frames(page, stroke(path[: num_moves // 4]))  # the first stroke warms the engine up
    measured = {"paint": record_frames(page, stroke(path))}

    def pan(page: Page) -> None:
        page.keyboard.down("Space")
        stroke(path)(page)
        page.keyboard.up("Space")

    measured["pan"] = record_frames(page, pan)
    page.keyboard.press("Shift+Digit1")
    measured["zoom"] = record_frames(page, zoom(path[0], num_moves))
    return measured


def hand_path(opened: AnnotatePage, num_moves: int) -> list[Point]:
    """A winding way over the visible part of the region, in steps of a brisk hand."""
    x, y, width, height = opened.bbox
    corners = opened.on_screen(np.array([[x, y], [x + width, y + height]], dtype=np.float64))
    left, top, canvas_width, canvas_height = opened.canvas_box
    x0, y0 = max(corners[0][0], left) + 8, max(corners[0][1], top) + 8
    x1 = min(corners[1][0], left + canvas_width) - 8
    y1 = min(corners[1][1], top + canvas_height) - 8
    turns = np.linspace(0.0, 1.0, 20_000)
    ways = np.stack(
        [
            x0 + (x1 - x0) * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * turns)),
            y0 + (y1 - y0) * (0.5 + 0.5 * np.sin(2 * np.pi * 5 * turns)),
        ],
        axis=1,
    )
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ways, axis=0).T))])
    wanted = np.arange(num_moves) * HAND_PX % length[-1]
    return [
        (float(np.interp(at, length, ways[:, 0])), float(np.interp(at, length, ways[:, 1]))) for at in wanted
    ]


def zoom(at: Point, num_moves: int) -> Gesture:
    """Wheel in and out again and again at one point."""

    def gesture(page: Page) -> None:
        page.mouse.move(*at)
        for number in range(num_moves):
            page.mouse.wheel(0, -40 if number % 60 < 30 else 40)

    return gesture


def measure_bare(opened: AnnotatePage, painted: Frames, num_moves: int) -> dict[str, Frames]:
    """The same moves over a page that does nothing, and over one that puts the same dirty rectangle."""
    _, _, width, height = opened.canvas_box
    dirty_width, dirty_height = painted.dirty_px or (64, 64)
    path = hand_path(opened, num_moves)
    measured = {}
    for name, puts in (("empty loop", "false"), ("bare put", "true")):
        page = opened.page.context.new_page()
        page.set_content(
            BARE_PAGE.format(
                width=round(width),
                height=round(height),
                puts=puts,
                dirty_width=dirty_width,
                dirty_height=dirty_height,
            )
        )
        measured[name] = record_frames(page, stroke(path))
        page.close()
    return measured


def table_row(about: dict[str, Any], gesture: str, frames: Frames, bare: dict[str, Frames]) -> dict[str, Any]:
    """One line, with its ratio to what the browser takes for nothing."""
    empty, put = bare["empty loop"], bare["bare put"]
    return {
        **about,
        "gesture": gesture,
        **frames.row(),
        "dirty px": "x".join(map(str, frames.dirty_px)) if frames.dirty_px else "-",
        "p95 / empty": frames.row()["p95 ms"] / empty.row()["p95 ms"],
        "main thread / put": frames.main_thread_ms / put.main_thread_ms,
    }


def give_back(opened: AnnotatePage) -> None:
    """Let the regions go, so that the next page gets the same."""
    page = opened.page
    for assignment in opened.taken:
        page.evaluate(
            """async (id) => {
                const token = document.cookie.match(/segloop_csrf=([^;]*)/)?.[1] ?? "";
                const headers = { "X-CSRF-Token": decodeURIComponent(token) };
                await fetch(`/api/v1/assignments/${id}`, { method: "DELETE", headers });
            }""",
            assignment["id"],
        )


if __name__ == "__main__":
    main()
