"""A simulated annotator: leases regions over HTTP like a person's page, answers from known label maps."""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segloop.folders import FolderDataset
from segloop.label_maps import decode_index_png, encode_index_png
from segloop.oracle import answer_region
from segloop.scenes import render_scene
from segloop_client.api import Client
from segloop_client.errors import ApiError, ClientError

SECONDS_PER_CLICK = 1.2
"""What a simulated click costs: a COCO mask took 79 s at some 65 clicks (Lin et al., 2014)."""

Truth = Callable[[str], NDArray[np.uint8]]
"""Filename -> label map of that image, uint8 (H, W)."""

SCENE_NAME = "scene_{seed}_{index:04d}.png"


@dataclass
class SimulatedAnnotator:
    """Answers the queue of one project.

    Attributes:
        client: signed in as whoever shall have said it.
        project_id: whose queue.
        truth: where the answers come from.
        pause_seconds: slept before each answer, so that a person can watch.
    """

    client: Client
    project_id: str
    truth: Truth
    pause_seconds: float = 0.0
    _filenames: dict[str, str] = field(default_factory=dict)

    def answer_queue(
        self,
        *,
        limit: int | None = None,
        on_answer: Callable[[], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> int:
        """Answer until nothing is left now, `limit` is reached or `should_stop` says so -> how many."""
        num_answered = 0
        while limit is None or num_answered < limit:
            if should_stop is not None and should_stop():
                break
            assignment = self.client.next_assignment(self.project_id)
            if assignment is None:
                break
            time.sleep(self.pause_seconds)
            if self._answer(assignment):
                num_answered += 1
            if on_answer is not None:
                on_answer()
        return num_answered

    def _answer(self, assignment: dict[str, Any]) -> bool:
        region = assignment["region"]
        mask = decode_index_png(base64.b64decode(region["mask_png"])) == 255
        truth = self.truth(self._filename(assignment["image"]["id"]))
        bbox = tuple(int(number) for number in region["bbox"])
        answer = answer_region(truth, mask, (bbox[0], bbox[1], bbox[2], bbox[3]))
        try:
            saved = self.client.submit(
                assignment["id"],
                label_map_png=base64.b64encode(encode_index_png(answer.label_map)).decode(),
                seconds_spent=round(answer.num_clicks * SECONDS_PER_CLICK, 2),
                num_clicks=answer.num_clicks,
                kind=answer.kind,
            )
        except ApiError as error:
            if error.status == 409:  # the lease went to somebody else meanwhile: theirs counts
                return False
            raise
        self.on_saved(assignment, saved)
        return True

    def on_saved(self, assignment: dict[str, Any], saved: dict[str, Any]) -> None:
        """Called with each assignment and what the server said of its answer; for whoever keeps count."""

    def _filename(self, image_id: str) -> str:
        if image_id not in self._filenames:
            self._filenames = {item["id"]: item["filename"] for item in self.client.images(self.project_id)}
        return self._filenames[image_id]


def folder_truth(dataset: FolderDataset) -> Truth:
    """Answers from a data-set folder's label maps, by the images' names in it.

    Raises:
        ClientError: (when called) the folder has no label map of that name.
    """
    by_name = {item.filename: item for item in dataset.images if item.label_path is not None}

    def truth(filename: str) -> NDArray[np.uint8]:
        if filename not in by_name:
            raise ClientError(f"{dataset.root} has no label map for {filename}")
        return dataset.load_label_map(by_name[filename])

    return truth


def scene_truth(*, height: int, width: int) -> Truth:
    """Answers for the demo's own scenes, drawn again from the seed and index in their names."""

    def truth(filename: str) -> NDArray[np.uint8]:
        try:
            _, seed, index = filename.removesuffix(".png").split("_")
            return render_scene(int(seed), int(index), height=height, width=width)[1]
        except ValueError:
            raise ClientError(f"{filename} is no scene of the demo") from None

    return truth
