"""The whole loop over HTTP on CamVid: upload, cold start, oracle answers, trained rounds, learning curve.

./run bench camvid --data DIR [--seeds 0,1] [--height 120 --width 160] [--steps 1500] [--out out/camvid]

DIR holds images/{train,val,test}, labels/..., classes.json. A run that was stopped goes on where it was. Only
numbers are kept: the images' licence does not allow more.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench._report import publish
from segloop.folders import FolderDataset, open_folder
from segloop_client.api import Client
from segloop_client.importing import Labels, import_folder
from segloop_client.simulated import SimulatedAnnotator, folder_truth
from segloop_client.waiting import wait_for_jobs, wait_for_round
from tests.support.served import served

NAME = "camvid"


@dataclass(frozen=True)
class Plan:
    """One run of the loop."""

    seed: int
    method: str
    fraction_per_round: float
    num_trained_rounds: int
    settings: dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--height", type=int, default=120)
    parser.add_argument("--width", type=int, default=160)
    parser.add_argument("--steps", type=int, default=1500, help="image-steps a round")
    parser.add_argument("--method", default="segloop")
    parser.add_argument("--settings", type=json.loads, default={}, help="more settings as JSON")
    parser.add_argument("--fraction", type=float, default=0.01, help="of the pool's pixels asked a round")
    parser.add_argument("--out", type=Path, default=Path("out/camvid"))
    options = parser.parse_args()
    dataset = open_folder(options.data)
    rows: list[dict[str, Any]] = []
    for seed in (int(text) for text in options.seeds.split(",")):
        settings = {
            "image_height_px": options.height,
            "image_width_px": options.width,
            "image_steps": options.steps,
            "seed": seed,
            **options.settings,
        }
        plan = Plan(seed, options.method, options.fraction, 3, settings)
        rows += run_loop(dataset, plan, options.out / f"seed-{seed}")
    publish("camvid-loop", rows, settings=asdict(plan)["settings"], encoder="efficientnet_lite0, ImageNet")


def run_loop(dataset: FolderDataset, plan: Plan, data_dir: Path) -> list[dict[str, Any]]:
    """One seed's loop -> a row for each trained round."""
    data_dir.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with served(data_dir) as (_, client):
        report = import_folder(
            client, dataset, name=NAME, labels=Labels.EVALUATION, partition={"kind": "grid", "size_px": 30}
        )
        project_id = report.project["id"]
        wait_for_jobs(client, project_id)
        print(f"seed {plan.seed}: uploaded and ingested after {time.monotonic() - start:.0f} s", flush=True)
        annotator = SimulatedAnnotator(client, project_id, folder_truth(dataset))
        for number in range(plan.num_trained_rounds + 1):
            is_last = number == plan.num_trained_rounds
            _finish_round(client, project_id, number, plan, 0.0 if is_last else plan.fraction_per_round)
            num_answered = annotator.answer_queue()
            print(f"round {number}: {num_answered} answers, {time.monotonic() - start:.0f} s", flush=True)
        return _rows(client, project_id, plan.seed)


def _finish_round(client: Client, project_id: str, number: int, plan: Plan, fraction: float) -> None:
    rounds = client.rounds(project_id)
    if len(rounds) <= number:
        budget = {"budget_fraction": fraction} if fraction else {"budget_regions": 0}
        rounds.append(client.start_round(project_id, method=plan.method, settings=plan.settings, **budget))
    wait_for_round(client, rounds[number]["id"], poll_seconds=2.0)


def _rows(client: Client, project_id: str, seed: int) -> list[dict[str, Any]]:
    curve = {item["round"]: item for item in client.learning_curve(project_id)}
    rows = []
    for item in client.rounds(project_id):
        if item["metrics"] is None:
            continue
        point = curve[item["number"]]
        rows.append(
            {
                "seed": seed,
                "round": item["number"],
                "labelled %": 100 * item["labelled_fraction"],
                "regions": point["annotated_regions"],
                "clicks": point["clicks"],
                "validation mean IoU": item["metrics"]["validation"]["mean_iou"],
                "test mean IoU": item["metrics"]["test"]["mean_iou"],
            }
        )
    return rows


if __name__ == "__main__":
    main()
