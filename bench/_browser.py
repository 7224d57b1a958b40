"""Chromium as a measurement drives it: frames recorded, the main thread's and the process's own figures read.

It knows no page of ours: what is measured here can be measured on anybody's page.
"""

import itertools
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, ViewportSize, sync_playwright

from bench._report import median, percentile

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing but this machine can be reached from the pages that are measured.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
WINDOW = ViewportSize(width=1440, height=900)
INSTRUMENTS = Path(__file__).parent / "_instruments.js"
NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = "headless Chromium, no GPU (software compositing), window 1440 x 900, 60 Hz"

Point = tuple[float, float]
Gesture = Callable[[Page], None]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine, without a GPU."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise SystemExit(f"no Chromium is installed: looked for {', '.join(NAMES)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def open_context(browser: Browser) -> BrowserContext:
    """A fresh browser profile whose pages are instrumented."""
    context = browser.new_context(viewport=WINDOW, device_scale_factor=1)
    context.set_default_timeout(120_000)
    context.add_init_script(path=INSTRUMENTS)
    return context


@dataclass(frozen=True)
class Frames:
    """What was recorded during a gesture.

    Attributes:
        delta_ms: between one frame and the next.
        script_ms: of the page's handlers and frame callbacks in each frame.
        main_thread_ms: all the main thread did, layout, drawing and other scripts included: a frame's mean.
        dirty_px: median width and height of what was put on a canvas; None where nothing was.
    """

    delta_ms: list[float]
    script_ms: list[float]
    main_thread_ms: float
    dirty_px: tuple[int, int] | None

    def row(self) -> dict[str, Any]:
        """The columns of a table."""
        return {
            "frames": len(self.delta_ms),
            "median ms": median(self.delta_ms),
            "p95 ms": percentile(self.delta_ms, 95),
            "worst ms": max(self.delta_ms),
            "script median ms": median(self.script_ms),
            "script p95 ms": percentile(self.script_ms, 95),
            "script worst ms": max(self.script_ms),
            "main thread ms": self.main_thread_ms,
        }


def record_frames(page: Page, gesture: Gesture) -> Frames:
    """Every frame of a gesture."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before = _task_seconds(session)
    page.evaluate("bench.start()")
    gesture(page)
    recorded = page.evaluate("bench.stop()")
    busy_seconds = _task_seconds(session) - before
    session.detach()
    times = [float(now) for now, _ in recorded["frames"]]
    if len(times) < 3:
        raise SystemExit(f"only {len(times)} frames were drawn: the gesture is too short to be measured")
    puts = recorded["puts"]
    return Frames(
        delta_ms=[after - before for before, after in itertools.pairwise(times)],
        script_ms=[float(script) for _, script in recorded["frames"]][1:],
        main_thread_ms=1000 * busy_seconds / len(times),
        dirty_px=(_middle(puts, 0), _middle(puts, 1)) if puts else None,
    )


def _middle(puts: list[list[float]], side: int) -> int:
    return round(median([abs(put[side]) for put in puts]))


def _task_seconds(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(item["value"] for item in metrics if item["name"] == "TaskDuration"))


def stroke(points: list[Point]) -> Gesture:
    """Press at the first point, move along the others, let go at the last."""

    def gesture(page: Page) -> None:
        page.mouse.move(*points[0])
        page.mouse.down()
        for x, y in points[1:]:
            page.mouse.move(x, y)
        page.mouse.up()

    return gesture


@dataclass(frozen=True)
class Memory:
    """Megabytes (10**6 bytes) of one page after its garbage was collected."""

    heap_mb: float
    process_mb: float


def memory_of(page: Page) -> Memory:
    """JavaScript heap, and what the renderer processes alone use (proportional set size)."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for _ in range(3):  # what one collection frees may hold what the next one frees
        session.send("HeapProfiler.collectGarbage")
        time.sleep(0.5)
    metrics = session.send("Performance.getMetrics")["metrics"]
    heap = next(item["value"] for item in metrics if item["name"] == "JSHeapUsedSize")
    session.detach()
    browser = page.context.browser
    if browser is None:
        raise SystemExit("the page has no browser to ask for its processes")
    whole = browser.new_browser_cdp_session()
    processes = whole.send("SystemInfo.getProcessInfo")["processInfo"]
    whole.detach()
    pids = [int(item["id"]) for item in processes if item["type"] == "renderer"]
    return Memory(heap / 1e6, sum(_proportional_set_bytes(pid) for pid in pids) / 1e6)


def _proportional_set_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def wait_until_quiet(page: Page, *, quiet_ms: int = 300) -> None:
    """Wait until no request of the page has been under way for some time (streams of events do not count)."""
    state = {"open": 0, "since": time.monotonic()}

    def count(step: int) -> Callable[[Any], None]:
        def changed(request: Any) -> None:
            if request.resource_type != "eventsource" and "text/event-stream" not in json.dumps(
                request.headers
            ):
                state["open"] = max(0, state["open"] + step)
                state["since"] = time.monotonic()

        return changed

    opened, closed = count(1), count(-1)
    page.on("request", opened)
    page.on("requestfinished", closed)
    page.on("requestfailed", closed)
    try:
        while state["open"] > 0 or time.monotonic() - state["since"] < quiet_ms / 1000:
            page.wait_for_timeout(20)
    finally:
        page.remove_listener("request", opened)
        page.remove_listener("requestfinished", closed)
        page.remove_listener("requestfailed", closed)
