"""A small loop over HTTP during which server and workers are killed with SIGKILL at seeded random moments.

Everything that was acknowledged must be there afterwards, once. The supervisor starts what was killed again,
as it would on a user's machine.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from segloop.images import encode_png
from segloop.label_maps import encode_index_png
from segloop.scenes import SCENE_CLASSES, render_scene
from segloop_client.api import Client, Json
from segloop_client.errors import ApiError, ClientError, UnreachableError
from segloop_client.serving import Served
from segloop_client.simulated import SCENE_NAME, SimulatedAnnotator, scene_truth
from segloop_client.waiting import wait_for_jobs, wait_for_round
from tests.support.served import served

SETTINGS = {
    "image_height_px": 48,
    "image_width_px": 64,
    "image_steps": 40,
    "encoder_weights": "random",
    "score_scales": [1.0],
    "cutout_px": 8,
    "num_threads": 1,
}
HEIGHT_PX, WIDTH_PX = 96, 128
PATIENCE_SECONDS = 90.0
"""The supervisor waits up to 10 s before it starts what keeps dying: longer than a client tries alone."""

T = TypeVar("T")


@dataclass
class Acknowledging(SimulatedAnnotator):
    """A simulated annotator that remembers every answer the server said it has.

    Attributes:
        acknowledged: annotation id of each answered assignment.
    """

    acknowledged: dict[str, str] = field(default_factory=dict)

    def on_saved(self, assignment: Json, saved: Json) -> None:
        """Remember it."""
        self.acknowledged[assignment["id"]] = saved["annotation_id"]


@dataclass(frozen=True)
class KillReport:
    """What a loop under kills left.

    Attributes:
        killed: how often each process was killed.
        num_acknowledged: answers the server acknowledged.
        num_lost: acknowledged answers that are not there.
        num_doubled: regions of one image answered more than once by the one annotator.
        num_rounds: rounds that ended with their regions asked.
        seconds: for the whole loop.
    """

    killed: dict[str, int]
    num_acknowledged: int
    num_lost: int
    num_doubled: int
    num_rounds: int
    seconds: float


def run_kill_loop(
    *,
    seed: int,
    num_kills: int,
    num_images: int = 8,
    num_rounds: int = 2,
    data_dir: Path | None = None,
) -> KillReport:
    """Upload, cold start, then `num_rounds` trained rounds, with `num_kills` kills on the way."""
    start = time.monotonic()
    with served(data_dir) as (running, client):
        killer = Killer(running, random.Random(seed), num_kills)
        project_id = _make_project(client, num_images)
        annotator = Acknowledging(client, project_id, scene_truth(height=HEIGHT_PX, width=WIDTH_PX))
        killer.start()
        for number in range(num_rounds + 1):
            _patiently(lambda number=number: _finish_round(client, project_id, number))  # type: ignore[misc]
            _patiently(annotator.answer_queue)
        killer.finish()
        stored = list(client.pages(f"/projects/{project_id}/annotations"))
        finished = [item for item in client.rounds(project_id) if item["state"] in {"annotating", "closed"}]
    ids = {item["id"] for item in stored}
    answered = Counter((item["image_id"], item["region_index"], item["version"]) for item in stored)
    return KillReport(
        killed=dict(killer.killed),
        num_acknowledged=len(annotator.acknowledged),
        num_lost=sum(annotation_id not in ids for annotation_id in annotator.acknowledged.values()),
        num_doubled=sum(number > 1 for number in answered.values()),
        num_rounds=len(finished),
        seconds=time.monotonic() - start,
    )


def _patiently(act: Callable[[], T]) -> T:
    """`act`, again and again while nobody answers; it goes on where it was, as a person would."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except UnreachableError:
            if time.monotonic() > deadline:
                raise


class Killer:
    """Kills a random process of a served system a given number of times, at random moments."""

    def __init__(self, running: Served, rng: random.Random, num_kills: int) -> None:
        self.killed: Counter[str] = Counter()
        self._running = running
        self._rng = rng
        self._num_kills = num_kills
        self._is_done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def finish(self) -> None:
        """Wait until every kill has been made and what was killed is up again."""
        self._thread.join()
        self._running.wait_until_ready()

    def _run(self) -> None:
        while self.killed.total() < self._num_kills:
            time.sleep(self._rng.uniform(1.0, 8.0))
            victim = self._rng.choice(self._running.supervisor.processes)
            if victim.process is not None and victim.process.poll() is None:
                os.kill(victim.process.pid, signal.SIGKILL)
                self.killed[victim.name] += 1


def _make_project(client: Client, num_images: int) -> str:
    classes = [{"name": name, "color": color} for name, color in SCENE_CLASSES]
    project = client.create_project("kill loop", classes, {"kind": "grid", "size_px": 16})
    for split, first in (("pool", 0), ("validation", 100)):
        number = num_images if split == "pool" else 2
        scenes = {
            SCENE_NAME.format(seed=3, index=index): render_scene(3, index, height=HEIGHT_PX, width=WIDTH_PX)
            for index in range(first, first + number)
        }
        files = [(name, encode_png(image)) for name, (image, _) in scenes.items()]
        for image in client.upload_images(project["id"], files, split)["created"]:
            if split == "validation":
                client.put_label_map(image["id"], encode_index_png(scenes[image["filename"]][1]))
    wait_for_jobs(client, project["id"])
    return str(project["id"])


def _finish_round(client: Client, project_id: str, number: int) -> None:
    """Start round `number` unless a request that was cut off has started it, and see it through."""
    while True:
        rounds = client.rounds(project_id)
        if len(rounds) > number:
            break
        try:
            client.start_round(project_id, budget_regions=12, method="segloop", settings=SETTINGS)
        except ApiError as error:
            if error.status != 409:
                raise
        except ClientError:
            time.sleep(0.5)  # the server was killed; whether it had started the round is seen above
    wait_for_round(client, rounds[number]["id"])
