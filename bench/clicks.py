"""Clicks, strokes and keys a region takes: correcting a model's prediction against painting from nothing.

./run bench clicks [--data CAMVID] [--prepared DIR] [--quick]

Ten regions of drawn scenes, and ten of CamVid where its folder is given, are answered through the real page
with mouse and keyboard until 97 % of the region's known pixels are right. A model is trained once, as people
would have it after a first round; every way then works on a copy of the same server, so on the same regions.
The policy of each way is `bench/_ways.py`. Only numbers are kept of CamVid: its licence allows no more.
"""

import argparse
import base64
import dataclasses
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser

from bench._annotate_page import AnnotatePage, open_annotate_page, without_prediction
from bench._asked import prepared, project_id_of, served_copy
from bench._browser import chromium, open_context
from bench._page_hand import Effort, PageHand, picture_of
from bench._report import publish
from bench._ways import WAYS, LabelMap, Region, Way
from segloop.folders import FolderDataset, open_folder
from segloop.label_maps import UNLABELLED, decode_index_png
from segloop.settings import Split
from segloop_client.api import Client
from segloop_client.demo import BUDGET_REGIONS, HEIGHT_PX, ROUND, WIDTH_PX, Demo
from segloop_client.demo import NAME as DEMO_NAME
from segloop_client.importing import Labels, import_folder
from segloop_client.serving import Served
from segloop_client.simulated import SimulatedAnnotator, Truth, folder_truth, scene_truth
from segloop_client.waiting import wait_for_jobs, wait_for_round

TOLERANCE = 0.97
NUM_REGIONS = 10
NUM_CAMVID = {Split.POOL: 80, Split.VALIDATION: 20}
CAMVID_REGION_PX = 30
CAMVID_COLD_REGIONS = 200
MOST_LOOKS = 6


@dataclass(frozen=True)
class Asked:
    """A project with a trained model and regions asked by it.

    Attributes:
        data: which pictures.
        project_id: of the project.
        truth: filename -> label map.
        mean_iou: the model's, of the validation images.
    """

    data: str
    project_id: str
    truth: Truth
    mean_iou: float


@dataclass(frozen=True)
class Answered:
    """One region, done: what the page counted, what the hand did, how well it agrees with the truth."""

    counted: dict[str, float]
    effort: Effort
    agreement: float
    num_looks: int


def main() -> None:
    """Train, answer in every way, publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder of CamVid; without it only drawn scenes are used")
    parser.add_argument("--prepared", type=Path, help="keep the trained server here, or go on with it")
    parser.add_argument("--quick", action="store_true", help="two regions of drawn scenes: does it work?")
    options = parser.parse_args()
    num_regions = 2 if options.quick else NUM_REGIONS
    camvid = None if options.quick or options.data is None else part_of(open_folder(options.data))
    rows: list[dict[str, Any]] = []
    with prepared(options.prepared, lambda client: prepare(client, camvid)) as folder, chromium() as browser:
        for way in WAYS:
            with served_copy(folder) as (running, client):
                projects = asked_projects(client, camvid)
                for asked in projects:
                    answers = answer_regions(browser, running, client, asked, way, num_regions)
                    rows.append(row_of(asked, way, answers))
                    print(rows[-1], flush=True)
    publish(
        "clicks-quick" if options.quick else "clicks",
        with_ratios(sorted(rows, key=lambda row: str(row["data"]), reverse=True)),
        regions=num_regions,
        tolerance=f"{TOLERANCE:.0%} of the region's known pixels",
        models={asked.data: f"validation mean IoU {asked.mean_iou:.3f}" for asked in projects},
        a_region="columns are means of one region; clicks and strokes and keys as the page counted them",
        seconds="estimated by the keystroke-level model without time to think; no person was timed",
    )


def prepare(client: Client, camvid: FolderDataset | None) -> None:
    """Projects with a trained round each."""
    Demo(client, print).set_up()
    if camvid is not None:
        train_camvid(client, camvid)


def asked_projects(client: Client, camvid: FolderDataset | None) -> list[Asked]:
    """What was prepared."""
    truths = {"drawn scenes": (DEMO_NAME, scene_truth(height=HEIGHT_PX, width=WIDTH_PX))}
    if camvid is not None:
        truths["CamVid"] = ("CamVid", folder_truth(camvid))
    found = []
    for data, (name, truth) in truths.items():
        project_id = project_id_of(client, name)
        mean_iou = client.rounds(project_id)[-1]["metrics"]["mean_iou"]
        found.append(Asked(data, project_id, truth, float(mean_iou)))
    return found


def part_of(dataset: FolderDataset) -> FolderDataset:
    """A handful of images of each split, spread over its videos."""
    images = [
        item
        for split, num in NUM_CAMVID.items()
        for item in dataset.images_of(split)[:: len(dataset.images_of(split)) // num][:num]
    ]
    return dataclasses.replace(dataset, images=tuple(sorted(images, key=lambda item: item.filename)))


def train_camvid(client: Client, dataset: FolderDataset) -> None:
    """Cold start, simulated answers, one trained round."""
    partition = {"kind": "superpixel", "size_px": CAMVID_REGION_PX}
    report = import_folder(client, dataset, name="CamVid", labels=Labels.EVALUATION, partition=partition)
    project_id = str(report.project["id"])
    wait_for_jobs(client, project_id)
    if not client.rounds(project_id):
        client.start_round(project_id, budget_regions=CAMVID_COLD_REGIONS, **ROUND)
    wait_for_round(client, client.rounds(project_id)[-1]["id"])
    if len(client.rounds(project_id)) == 1:
        SimulatedAnnotator(client, project_id, folder_truth(dataset)).answer_queue()
        started = client.start_round(project_id, budget_regions=BUDGET_REGIONS, **ROUND)
        wait_for_round(client, started["id"])


def answer_regions(
    browser: Browser, running: Served, client: Client, asked: Asked, way: Way, num_regions: int
) -> list[Answered]:
    """The first regions of the queue, answered one after the other on one page."""
    context = open_context(browser)
    change = None if way.starts_from_prediction else without_prediction
    opened = open_annotate_page(context, running.options.url, running.sign_in_link, asked.project_id, change)
    hand = PageHand(opened, client)
    done: list[tuple[dict[str, Any], Region, Effort, int]] = []
    for number in range(num_regions):
        assignment = assignment_on_table(opened, {item["id"] for item, *_ in done})
        region = region_of(client, assignment, asked.truth, way)
        hand.hand.scale = opened.scale
        hand.effort = Effort()
        num_looks = answer_region(hand, assignment, region, way)
        num_shown = opened.page.evaluate("bench.numShown")
        hand.press("Enter")
        done.append((assignment, region, hand.effort, num_looks))
        if number + 1 < num_regions:
            opened.page.wait_for_function("(before) => bench.numShown > before", arg=num_shown)
    opened.page.wait_for_timeout(500)
    opened.wait_until_saved()
    context.close()
    return [read_back(client, asked, *item) for item in done]


def assignment_on_table(opened: AnnotatePage, answered: set[str]) -> dict[str, Any]:
    """The assignment whose region is on the canvas."""
    bbox = list(opened.bbox)
    open_ones = [
        item for item in opened.taken if item["id"] not in answered and item["region"]["bbox"] == bbox
    ]
    if not open_ones:
        raise SystemExit(f"no assignment that was taken has the box {bbox}")
    return open_ones[0]


def region_of(client: Client, assignment: dict[str, Any], truth: Truth, way: Way) -> Region:
    """What the page sees of a region, and what is true of it."""
    bbox = assignment["region"]["bbox"]
    x, y, width, height = bbox
    box = (slice(y, y + height), slice(x, x + width))
    mask = decode_png(assignment["region"]["mask_png"]) == 255
    if way.starts_from_prediction:
        current = np.where(mask, decode_png(assignment["prediction_png"]), UNLABELLED).astype(np.uint8)
    else:
        current = np.full(mask.shape, UNLABELLED, dtype=np.uint8)
    segments = pixels_of(client, assignment["segments_url"]).astype(np.int32)
    crop = pixels_of(client, assignment["crop_url"])
    return Region(
        truth=truth(filename_of(client, assignment))[box],
        mask=mask,
        current=current,
        segments=segments if segments.shape == mask.shape else segments[box],
        rgb=picture_of(crop, assignment["crop_bbox"], bbox),
    )


def filename_of(client: Client, assignment: dict[str, Any]) -> str:
    """The name of the image a region lies in."""
    return str(client.json("GET", f"/images/{assignment['image']['id']}")["filename"])


def pixels_of(client: Client, url: str) -> NDArray[Any]:
    """A picture the server gives, as it is."""
    with Image.open(io.BytesIO(client.request("GET", url).content)) as image:
        return np.asarray(image)


def decode_png(text: str) -> LabelMap:
    """The bytes of an index PNG in base64."""
    return decode_index_png(base64.b64decode(text))


def answer_region(hand: PageHand, assignment: dict[str, Any], region: Region, way: Way) -> int:
    """Act until the answer is good, by what the page really holds -> how often that had to be looked at."""
    for num_looks in range(1, MOST_LOOKS + 1):
        while (action := way.next_action(region, hand.hand, TOLERANCE)) is not None:
            hand.act(action)
            region.apply(action)
        region.current = hand.look(assignment, region.current)
        if way.next_action(region, hand.hand, TOLERANCE) is None:
            return num_looks
    raise SystemExit(f"{way.name}: {region.agreement():.3f} after {MOST_LOOKS} looks at the page")


def read_back(
    client: Client, asked: Asked, assignment: dict[str, Any], region: Region, effort: Effort, num_looks: int
) -> Answered:
    """What the server has of an answer."""
    listed = client.pages(f"/projects/{asked.project_id}/annotations")
    kept = next(item for item in listed if item["assignment_id"] == assignment["id"])
    detail = client.json("GET", f"/annotations/{kept['id']}")
    agreement = region.agreement(decode_png(detail["label_map_png"]))
    if agreement < TOLERANCE:
        raise SystemExit(f"the server has an answer of {agreement:.3f} agreement")
    counted = {name: detail.get(f"num_{name}") for name in ("clicks", "strokes", "keys")}
    return Answered(
        {name: float(value) for name, value in counted.items() if value is not None},
        effort,
        agreement,
        num_looks,
    )


def row_of(asked: Asked, way: Way, answers: list[Answered]) -> dict[str, Any]:
    """Means over the regions."""

    def mean(values: list[float]) -> float:
        return sum(values) / len(values)

    return {
        "data": asked.data,
        "way": way.name,
        **{name: mean([item.counted[name] for item in answers]) for name in answers[0].counted},
        "pointer presses": mean([item.effort.presses for item in answers]),
        "key presses": mean([item.effort.keys for item in answers]),
        "stroke px": mean([item.effort.stroke_px for item in answers]),
        "estimated s": mean([item.effort.estimated_seconds for item in answers]),
        "agreement": mean([item.agreement for item in answers]),
    }


def with_ratios(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each way's clicks as a share of those from nothing, on the same data."""
    clicks = {(row["data"], row["way"]): row["clicks"] for row in rows}
    for row in rows:
        for way in ("brush", "polygon"):
            row[f"clicks / {way}"] = row["clicks"] / clicks[row["data"], f"from nothing: {way}"]
    return rows


if __name__ == "__main__":
    main()
