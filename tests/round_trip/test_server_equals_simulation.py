"""The same project asks the same regions in the service and in a simulation: one thread, deterministic.

By the two acquisitions that need most to travel: prototypes of a pass over the pool, region features of each
image; by `segloop`'s own on superpixels, up to the round that goes on from another's weights; and with an
audit, which measures the same on both sides and is trained on on neither.
"""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from segloop.folders import open_folder, write_folder
from segloop.scenes import SCENE_CLASSES, render_scene
from segloop.settings import Method, PartitionKind, QueryPurpose, RoundSettings, Split
from segloop.simulation import Simulation
from segloop.simulation_config import parse_config
from segloop_store.models import Image, RegionQuery, TrainingSnapshot
from segloop_store.states import JobState
from segloop_worker.runtime import Runtime
from tests.support.worker_project import (
    TINY,
    Inbox,
    add_image,
    add_project,
    answer_all,
    ingest_all,
    jobs_of,
    open_worker,
    queries_of,
    round_of,
    run_all,
    start_round,
)

NUM_POOL, NUM_TEST = 5, 1
SIZE_PX = 15
BUDGET_FRACTION = 0.12
SETTINGS: dict[str, Any] = {**TINY, "method": Method.SEGLOOP.value, "seed": 11, "audit_fraction": 0.1}

Asked = list[tuple[str, int]]


@dataclass(frozen=True)
class Case:
    """What both sides are told.

    Attributes:
        acquisition: by which regions are chosen.
        kind: what a region is.
        num_rounds: times that something is asked, the cold start included.
    """

    acquisition: str
    kind: PartitionKind
    num_rounds: int

    def __str__(self) -> str:
        return f"{self.acquisition}-{self.kind.value}-{self.num_rounds}"

    @property
    def settings(self) -> dict[str, Any]:
        return {**SETTINGS, "acquisition": self.acquisition}


CASES = [
    Case("prototype_distance", PartitionKind.GRID, 2),
    Case("coreset", PartitionKind.GRID, 2),
    Case("bvsb", PartitionKind.SUPERPIXEL, 3),
]


def make_folder(root: Path) -> Path:
    def items() -> Any:
        for number in range(NUM_POOL + NUM_TEST):
            split = Split.POOL if number < NUM_POOL else Split.TEST
            image, label_map = render_scene(3, number, height=90, width=120)
            yield f"{number:03d}.png", split, image, label_map

    names, colors = zip(*SCENE_CLASSES, strict=True)
    write_folder(root, items(), class_names=names, colors=colors)
    return root


def asked_in_simulation(folder: Path, out: Path, case: Case) -> tuple[list[Asked], dict[str, Any]]:
    values = {name: value for name, value in case.settings.items() if name != "seed"}
    arm = {
        "name": "arm",
        "budget_fractions": [BUDGET_FRACTION] * case.num_rounds,
        "size_px": SIZE_PX,
        "partition": case.kind.value,
    }
    config = parse_config(
        {"seeds": [SETTINGS["seed"]], "arms": [{**values, **arm}], "reference": {"enabled": False}},
        data=folder,
        fit=None,  # the rounds below get their settings by hand too
    )
    rows = Simulation(config, out).run_arm(config.arms[0], SETTINGS["seed"])
    (state,) = out.glob("arms/*/state.json")
    names = [item.filename for item in open_folder(folder).images_of(Split.POOL)]
    asked_by_round = [
        [(names[image], region) for image, region in asked]
        for asked in json.loads(state.read_text())["queries"]
    ]
    return asked_by_round, rows[case.num_rounds - 2]["audit"]


def asked_in_service(
    folder: Path, runtime: Runtime, inbox: Inbox, case: Case
) -> tuple[list[Asked], dict[str, Any]]:
    project_id = add_project(runtime, num_pool=0, num_validation=0, kind=case.kind, size_px=SIZE_PX)
    dataset = open_folder(folder)
    # uploaded in another order than the pool's
    for item in reversed(dataset.images):
        add_image(
            runtime,
            project_id,
            item.filename,
            dataset.load_image(item),
            split=item.split,
            truth=dataset.load_label_map(item) if item.split is Split.TEST else None,
        )
    ingest_all(runtime, project_id)
    rounds = []
    for number in range(case.num_rounds):
        round_id = start_round(
            runtime,
            project_id,
            budget_regions=None,
            budget_fraction=BUDGET_FRACTION,
            settings=RoundSettings.from_mapping(case.settings),
        )
        run_all(runtime, inbox)
        assert [job.error for job in jobs_of(runtime) if job.state is not JobState.DONE] == []
        rounds.append(asked_by(runtime, round_id))
        if number < case.num_rounds - 1:
            answer_all(runtime, round_id)
    metrics = round_of(runtime, round_id).metrics
    assert metrics is not None
    return rounds, metrics["audit"]


def asked_by(runtime: Runtime, round_id: uuid.UUID) -> Asked:
    with runtime.database.reading() as session:
        names = {image.id: image.filename for image in session.scalars(select(Image))}
    return [(names[query.image_id], query.region_index) for query in queries_of(runtime, round_id)]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_server_asks_what_the_simulation_asks(tmp_path: Path, case: Case) -> None:
    folder = make_folder(tmp_path / "data")
    simulated, simulated_audit = asked_in_simulation(folder, tmp_path / "out", case)
    runtime, inbox = open_worker(tmp_path / "service")
    served, served_audit = asked_in_service(folder, runtime, inbox, case)
    assert len(served) == case.num_rounds
    assert [len(asked) for asked in served] == [len(asked) for asked in simulated]
    assert all(len(asked) > 3 for asked in served)
    # the order too, which is stronger than the set
    assert served == simulated
    assert served_audit == simulated_audit
    with runtime.database.reading() as session:
        snapshots = session.scalars(select(TrainingSnapshot).order_by(TrainingSnapshot.created_at)).all()
        audited = [query.round_id for query in session.scalars(select(RegionQuery)) if is_audit(query)]
    # what measures is never trained on
    measured = [audited.count(round_id) for round_id in dict.fromkeys(audited)]
    assert len(measured) == case.num_rounds
    assert served_audit["num_regions"] == sum(measured[:-1])
    trained = sum(len(asked) for asked in served[:-1]) - sum(measured[:-1])
    assert [one.num_annotations for one in snapshots][-1] == trained


def is_audit(query: RegionQuery) -> bool:
    return query.purpose is QueryPurpose.AUDIT
