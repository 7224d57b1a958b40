"""`segloop demo`: a project of drawn street scenes, one trained round, an annotator who works on a switch.

Everything goes through the HTTP API, as a stranger's script would; nothing trained is shipped. A demo that
was stopped half-way goes on where it was.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from segloop.images import encode_png
from segloop.label_maps import encode_index_png
from segloop.scenes import SCENE_CLASSES, render_scene
from segloop_client.api import Client
from segloop_client.demo_user import sign_in_simulated
from segloop_client.errors import ApiError, ClientError
from segloop_client.simulated import SCENE_NAME, SimulatedAnnotator, scene_truth
from segloop_client.waiting import wait_for_jobs, wait_for_round

Say = Callable[[str], None]
NAME = "Street scenes (demo)"
HEIGHT_PX, WIDTH_PX = 240, 320
REGION_PX = 28
SEED = 7
NUM_IMAGES = {"pool": 80, "validation": 20}
FIRST_INDEX = {"pool": 0, "validation": 1000}
BUDGET_REGIONS = 100
GUIDE = """\
Give every pixel of the outlined region its class. The model has already filled it in: correct what is wrong,
then press **Enter**. **A** accepts the prediction as it is, **S** gives a whole superpixel the chosen class
with one click, **F** fills what is left, **V** marks what nobody can tell.
"""
ROUND = {
    "method": "segloop",
    "settings": {
        "image_height_px": 120,
        "image_width_px": 160,
        "image_steps": 420,
        "generation_0_share": 0.75,
        "score_scales": [1.0],
        "cutout_px": 16,
        "scale_min": 0.75,
        "scale_max": 1.5,
    },
}


_TRUTH = scene_truth(height=HEIGHT_PX, width=WIDTH_PX)


@dataclass
class Demo:
    """The demo project and who works on it.

    Attributes:
        client: signed in as an owner.
        say: where progress lines go.
    """

    client: Client
    say: Say

    def set_up(self) -> dict[str, Any]:
        """Make the project, its cold start, its first answers and its first trained round -> the project."""
        start = time.monotonic()
        project = self._project()
        self._upload(project["id"])
        rounds = self.client.rounds(project["id"])
        if not rounds:
            self.say("choosing the first regions (cold start)")
            rounds = [self.client.start_round(project["id"], budget_regions=BUDGET_REGIONS, **ROUND)]
        self._finish_round(rounds[-1])
        if len(rounds) == 1:
            self._answer_first_regions(project["id"])
            self.say("training the first model on the answers; a minute or two")
            self._finish_round(self.client.start_round(project["id"], budget_regions=BUDGET_REGIONS, **ROUND))
        self.say(f"the demo project is ready after {time.monotonic() - start:.0f} s")
        return project

    def follow(self, project_id: str, should_stop: Callable[[], bool]) -> None:
        """Work while the project's switch is on: answer the queue, start the next round, again and again."""
        with sign_in_simulated(self.client, project_id) as client:
            self._work(SimulatedAnnotator(client, project_id, _TRUTH, pause_seconds=0.05), should_stop)

    def _work(self, annotator: SimulatedAnnotator, should_stop: Callable[[], bool]) -> None:
        project_id = annotator.project_id

        def is_off() -> bool:
            return should_stop() or not self._is_switched_on(project_id)

        while not should_stop():
            try:
                if not is_off():
                    annotator.answer_queue(should_stop=is_off)
                    self._start_next_round(project_id, is_off)
            except ClientError as error:
                self.say(f"the simulated annotator waits: {error}")
            time.sleep(1.0)

    def _is_switched_on(self, project_id: str) -> bool:
        return bool(self.client.json("GET", f"/projects/{project_id}")["simulated_annotator"] == "on")

    def _start_next_round(self, project_id: str, is_off: Callable[[], bool]) -> None:
        if is_off() or self.client.queue(project_id)["state"] == "training":
            return  # what is left in the queue is held or was skipped: people go on with it beside the round
        last = self.client.rounds(project_id)[-1]
        if last["state"] == "failed":
            self.client.update_project(project_id, simulated_annotator="off")
            raise ClientError(f"round {last['number']} failed, so it stops: {last['error']}")
        try:
            self.client.start_round(project_id, budget_regions=BUDGET_REGIONS, **ROUND)
        except ApiError as error:
            if error.status != 409:  # somebody started it by hand a moment ago
                raise

    def _project(self) -> dict[str, Any]:
        found = [project for project in self.client.projects() if project["name"] == NAME]
        if found:
            return found[0]
        self.say("making the demo project")
        classes = [{"name": name, "color": color} for name, color in SCENE_CLASSES]
        partition = {"kind": "superpixel", "size_px": REGION_PX}
        return self.client.create_project(
            NAME, classes, partition, guide_markdown=GUIDE, simulated_annotator="off"
        )

    def _upload(self, project_id: str) -> None:
        known = {image["filename"] for image in self.client.images(project_id)}
        for split, number in NUM_IMAGES.items():
            indices = range(FIRST_INDEX[split], FIRST_INDEX[split] + number)
            names = {SCENE_NAME.format(seed=SEED, index=index): index for index in indices}
            missing = [name for name in names if name not in known]
            for batch in (missing[start : start + 20] for start in range(0, len(missing), 20)):
                self.say(f"drawing and uploading {split} scenes: {len(batch)} more")
                self._upload_batch(project_id, {name: names[name] for name in batch}, split)
        wait_for_jobs(self.client, project_id)

    def _upload_batch(self, project_id: str, names: dict[str, int], split: str) -> None:
        scenes = {
            name: render_scene(SEED, index, height=HEIGHT_PX, width=WIDTH_PX) for name, index in names.items()
        }
        files = [(name, encode_png(image)) for name, (image, _) in scenes.items()]
        answer = self.client.upload_images(project_id, files, split)
        if answer["rejected"]:
            raise ClientError(f"the server refused the demo's own images: {answer['rejected'][0]}")
        if split != "pool":
            for image in [*answer["created"], *answer["existing"]]:
                self.client.put_label_map(image["id"], encode_index_png(scenes[image["filename"]][1]))

    def _answer_first_regions(self, project_id: str) -> None:
        self.say(f"the simulated annotator answers the first {BUDGET_REGIONS} regions")
        with sign_in_simulated(self.client, project_id) as client:
            SimulatedAnnotator(client, project_id, _TRUTH).answer_queue()

    def _finish_round(self, current: dict[str, Any]) -> None:
        if current["state"] == "failed":
            self.client.json("POST", f"/rounds/{current['id']}/retry")
        if current["state"] in {"annotating", "closed"}:
            return
        said: set[tuple[str, int]] = set()

        def report(text: str, fraction: float) -> None:
            key = text.split(", loss", maxsplit=1)[0], int(fraction * 5) * 20
            if key not in said:
                said.add(key)
                self.say(f"{text} {key[1]} %")

        wait_for_round(self.client, current["id"], report=report)
