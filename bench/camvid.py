"""The whole loop over HTTP on CamVid against a supervised run on as many randomly chosen regions.

./run bench camvid --data DIR [--seeds 0,1] [--height 120 --width 160] [--steps 1500] [--out out/camvid]

The loop: upload, cold start, oracle answers, three trained rounds. The baseline: `segloop.simulation`, one
training on the same number of regions drawn at random, with the same encoder, size and number of image-steps
as all rounds of the loop together. DIR holds images/{train,val,test}, labels/..., classes.json. A run that
was stopped goes on where it was. Only numbers are kept: the images' licence does not allow more.
"""

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench._report import publish
from segloop.curves import draw_curve
from segloop.folders import FolderDataset, open_folder
from segloop.simulation import Simulation
from segloop.simulation_config import parse_config
from segloop_client.api import Client
from segloop_client.importing import Labels, import_folder
from segloop_client.simulated import SimulatedAnnotator, folder_truth
from segloop_client.waiting import wait_for_jobs, wait_for_round
from tests.support.served import served

NAME = "camvid"
NUM_TRAINED_ROUNDS = 3
REGION_PX = 30


@dataclass(frozen=True)
class Plan:
    """What is compared, for one seed.

    Attributes:
        seed: of both runs.
        method: of the loop.
        fraction_per_round: of the pool's pixels, asked in each round.
        steps_per_round: image-steps of each of the loop's trained rounds.
        shared: settings of both runs.
        baseline: further settings of the supervised run alone.
    """

    seed: int
    method: str
    fraction_per_round: float
    steps_per_round: int
    shared: dict[str, Any]
    baseline: dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--height", type=int, default=120)
    parser.add_argument("--width", type=int, default=160)
    parser.add_argument("--steps", type=int, default=1500, help="image-steps a round")
    parser.add_argument("--method", default="segloop")
    parser.add_argument("--settings", type=json.loads, default={}, help="more settings of both, as JSON")
    parser.add_argument("--baseline", type=json.loads, default={}, help="more of the supervised run's alone")
    parser.add_argument("--fraction", type=float, default=0.01, help="of the pool's pixels asked a round")
    parser.add_argument("--out", type=Path, default=Path("out/camvid"))
    options = parser.parse_args()
    dataset = open_folder(options.data)
    shared = {"image_height_px": options.height, "image_width_px": options.width, **options.settings}
    rows: list[dict[str, Any]] = []
    for seed in (int(text) for text in options.seeds.split(",")):
        plan = Plan(seed, options.method, options.fraction, options.steps, shared, options.baseline)
        rows += run_loop(dataset, plan, options.out / f"seed-{seed}")
        rows += run_baseline(options.data, plan, options.out / f"baseline-{seed}")
    draw_curve(rows, [], options.out, title="CamVid over HTTP")
    plan_facts = {name: value for name, value in asdict(plan).items() if name != "seed"}
    publish("camvid-loop", [_cells(row) for row in rows], **plan_facts)


def run_baseline(data: Path, plan: Plan, out: Path) -> list[dict[str, Any]]:
    """One seed's supervised run on random regions -> its one row, as in result.json."""
    arm = {
        "name": "supervised_random_regions",
        "method": "supervised",
        "cold_start": "random_regions",
        "rounds": 1,
        "budget_fraction": NUM_TRAINED_ROUNDS * plan.fraction_per_round,
        "size_px": REGION_PX,
        **plan.shared,
        **plan.baseline,
        "image_steps": NUM_TRAINED_ROUNDS * plan.steps_per_round,
    }
    values = {"seeds": [plan.seed], "arms": [arm], "reference": {"enabled": False}}
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = Simulation(parse_config(values, data=data), out).run()["rows"]
    print(f"baseline, seed {plan.seed}: {rows[-1]['mean_iou']:.3f}", flush=True)
    return rows


def run_loop(dataset: FolderDataset, plan: Plan, data_dir: Path) -> list[dict[str, Any]]:
    """One seed's loop -> a row for each trained round."""
    data_dir.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with served(data_dir) as (_, client):
        report = import_folder(
            client,
            dataset,
            name=NAME,
            labels=Labels.EVALUATION,
            partition={"kind": "grid", "size_px": REGION_PX},
        )
        project_id = report.project["id"]
        wait_for_jobs(client, project_id)
        print(f"seed {plan.seed}: uploaded and ingested after {time.monotonic() - start:.0f} s", flush=True)
        annotator = SimulatedAnnotator(client, project_id, folder_truth(dataset))
        for number in range(NUM_TRAINED_ROUNDS + 1):
            is_last = number == NUM_TRAINED_ROUNDS
            _finish_round(client, project_id, number, plan, 0.0 if is_last else plan.fraction_per_round)
            num_answered = annotator.answer_queue()
            print(f"round {number}: {num_answered} answers, {time.monotonic() - start:.0f} s", flush=True)
        return _rows(client, project_id, plan)


def _finish_round(client: Client, project_id: str, number: int, plan: Plan, fraction: float) -> None:
    rounds = client.rounds(project_id)
    if len(rounds) <= number:
        budget = {"budget_fraction": fraction} if fraction else {"budget_regions": 0}
        settings = {**plan.shared, "image_steps": plan.steps_per_round, "seed": plan.seed}
        rounds.append(client.start_round(project_id, method=plan.method, settings=settings, **budget))
    wait_for_round(client, rounds[number]["id"], poll_seconds=2.0)


def _rows(client: Client, project_id: str, plan: Plan) -> list[dict[str, Any]]:
    """A row for each trained round, in the fields of result.json."""
    curve = {item["round"]: item for item in client.learning_curve(project_id)}
    trained = [item for item in client.rounds(project_id) if item["metrics"] is not None]
    rows = []
    for item in trained:
        point = curve[item["number"]]
        rows.append(
            {
                "method": f"{plan.method}_over_http",
                "seed": plan.seed,
                "round": item["number"],
                "labelled_fraction": item["labelled_fraction"],
                "num_regions": point["annotated_regions"],
                "num_clicks": point["clicks"],
                "mean_iou": item["metrics"]["test"]["mean_iou"],
                "image_steps": item["number"] * plan.steps_per_round,
            }
        )
    return rows


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "run": row["method"],
        "seed": row["seed"],
        "round": row["round"],
        "labelled %": 100 * row["labelled_fraction"],
        "regions": row["num_regions"],
        "clicks": row["num_clicks"],
        "image-steps": row["image_steps"],
        "test mean IoU": row["mean_iou"],
    }


if __name__ == "__main__":
    main()
