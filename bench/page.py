"""What the annotate page costs a person's machine: waiting, JavaScript, memory.

./run bench page [--prepared DIR] [--quick]

One sitting of 500 regions through the real page and server: memory after 20 answers, Enter-to-painted over
the next 50 with a warm queue, memory after all.
"""

import argparse
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Response

from bench._annotate_page import AnnotatePage, open_annotate_page
from bench._asked import ask_regions, prepared, project_id_of, served_copy
from bench._browser import BROWSER, Memory, chromium, memory_of, open_context, wait_until_quiet
from bench._report import median, percentile, publish
from segloop.images import encode_jpeg
from segloop.scenes import render_scene
from segloop_client.api import Client

NAME = "sitting"
REGION_PX = 28
REGIONS_PER_IMAGE = 108  # of 320 x 240 pixels
PAGE_MEASURE = "segloop:enter-to-painted"
"""The name the page gives its own measure of the same wait."""


@dataclass(frozen=True)
class Plan:
    """How many answers until the first look at memory, with a warm queue, and in all."""

    num_first: int
    num_warm: int
    num_all: int


FULL = Plan(20, 50, 500)
QUICK = Plan(3, 5, 20)


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepared", type=Path, help="keep the server's data here, or go on with it")
    parser.add_argument("--quick", action="store_true", help="20 answers: does it work?")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    with (
        prepared(options.prepared, lambda client: prepare(client, plan)) as folder,
        served_copy(folder) as (running, client),
        chromium() as browser,
    ):
        context = open_context(browser)
        scripts = Scripts(context)
        project_id = project_id_of(client, NAME)
        opened = open_annotate_page(context, running.options.url, running.sign_in_link, project_id)
        wait_until_quiet(opened.page)
        rows = [*scripts.rows(), *sit(opened, plan)]
    name = "page-quick" if options.quick else "page"
    publish(name, rows, browser=BROWSER, database="SQLite", image="320 x 240", region="28 x 28")


def prepare(client: Client, plan: Plan) -> None:
    """Drawn scenes with enough regions asked for a sitting."""
    num_images = -(-plan.num_all // (REGIONS_PER_IMAGE // 2)) + 1

    def files() -> list[tuple[str, bytes]]:
        return [
            (f"{index}.jpg", encode_jpeg(render_scene(5, index, height=240, width=320)[0]))
            for index in range(num_images)
        ]

    ask_regions(client, NAME, files, size_px=REGION_PX, num_regions=plan.num_all + 20)


class Scripts:
    """The scripts a browser profile is sent, from its first page on."""

    def __init__(self, context: BrowserContext) -> None:
        self._responses: list[Response] = []
        context.on("response", self._note)

    def _note(self, response: Response) -> None:
        self._responses.append(response)

    def rows(self) -> list[dict[str, Any]]:
        """Their size, all that the annotate page loads."""
        scripts = [answer for answer in self._responses if answer.request.resource_type == "script"]
        bodies = {answer.url: answer.body() for answer in scripts if answer.ok}
        packed = sum(len(gzip.compress(body, 9)) for body in bodies.values())
        plain = sum(len(body) for body in bodies.values())
        num = len(bodies)
        return [
            row("JavaScript of the annotate page, gzipped", packed / 1000, "kB", "< 250", f"{num} files"),
            row("JavaScript of the annotate page, plain", plain / 1000, "kB", "", f"{num} files"),
        ]


def sit(opened: AnnotatePage, plan: Plan) -> list[dict[str, Any]]:
    """One sitting: rows of waits and memory."""
    page = opened.page
    answer(opened, plan.num_first)
    first = memory_at_rest(opened)
    page.evaluate("bench.takeWaits()")
    page.evaluate("performance.clearMeasures()")
    answer(opened, plan.num_warm, is_warm=True)
    rows = wait_rows(page, plan.num_warm)
    answer(opened, plan.num_all - plan.num_first - plan.num_warm)
    waits = [float(wait) for _, wait in page.evaluate("bench.takeWaits()")]
    about = f"{len(waits)} answers as fast as a script can, the queue not waited for"
    rows.append(row("Enter to painted, cold or warm: median", median(waits), "ms", "", about))
    rows.append(row("Enter to painted, cold or warm: p95", percentile(waits, 95), "ms", "", about))
    return rows + memory_rows(first, memory_at_rest(opened), plan)


def answer(opened: AnnotatePage, num: int, *, is_warm: bool = False) -> None:
    """Fill the region, submit it, wait for the next; `is_warm` waits as a person who looks first."""
    page = opened.page
    for _ in range(num):
        if is_warm:
            wait_until_quiet(page)
        page.keyboard.press("f")
        num_shown = page.evaluate("bench.numShown")
        page.keyboard.press("Enter")
        page.wait_for_function("(before) => bench.numShown > before", arg=num_shown, polling=10)


def memory_at_rest(opened: AnnotatePage) -> Memory:
    """Memory once the server has everything and the queue is loaded again."""
    opened.wait_until_saved()
    wait_until_quiet(opened.page, quiet_ms=1000)
    return memory_of(opened.page)


def wait_rows(page: Page, num: int) -> list[dict[str, Any]]:
    """Three clocks of the same wait: ours, the browser's own and the page's own."""
    taken = page.evaluate("bench.takeWaits()")
    waits = [float(wait) for _, wait in taken]
    timed = page.evaluate("(presses) => bench.timedByBrowser(presses)", [pressed for pressed, _ in taken])
    own = page.evaluate(
        "(name) => performance.getEntriesByName(name).map((entry) => entry.duration)", PAGE_MEASURE
    )
    if len(waits) != num:
        raise SystemExit(f"{num} regions were answered, {len(waits)} were seen on the screen")
    clocks = {
        "frame callback and the message after it": waits,
        f"the page's own measure {PAGE_MEASURE}": [float(value) for value in own],
        f"event timing of the browser, {len(timed)} of the presses took 16 ms or more": timed,
    }
    rows = []
    for clock, values in clocks.items():
        if values:
            rows.append(row("Enter to painted, queue warm: median", median(values), "ms", "< 50", clock))
            rows.append(row("Enter to painted, queue warm: p95", percentile(values, 95), "ms", "< 50", clock))
            rows.append(row("Enter to painted, queue warm: worst", max(values), "ms", "", clock))
    return rows


def memory_rows(first: Memory, last: Memory, plan: Plan) -> list[dict[str, Any]]:
    """Before and after a long sitting, garbage collected."""
    rows = []
    for name, before, after in (
        ("JavaScript heap", first.heap_mb, last.heap_mb),
        ("renderer process", first.process_mb, last.process_mb),
    ):
        rows.append(row(f"{name} after {plan.num_first} regions", before, "MB", "", ""))
        rows.append(row(f"{name} after {plan.num_all} regions", after, "MB", "", ""))
        rows.append(row(f"{name}, ratio", after / before, "", "", ""))
    return rows


def row(what: str, value: float, unit: str, aim: str, how: str) -> dict[str, Any]:
    """One line of the table."""
    return {"what": what, "value": value, "unit": unit, "aim": aim, "how": how}


if __name__ == "__main__":
    main()
