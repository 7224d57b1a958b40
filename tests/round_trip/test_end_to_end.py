"""The whole loop on both rows of the architecture: one machine's defaults, and PostgreSQL, Redis and S3.

Real processes throughout: server, workers and their torch children; a simulated annotator answers
over HTTP; exports are read back and compared with what was answered.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from segloop.formats.coco_rle import read_coco_rle
from segloop.formats.index_png import read_index_png
from segloop.images import encode_png
from segloop.label_maps import UNLABELLED, encode_index_png
from segloop.scenes import SCENE_CLASSES, render_scene
from segloop_client.api import Client, Json
from segloop_client.simulated import SCENE_NAME, SimulatedAnnotator, scene_truth
from segloop_client.waiting import wait_for_export, wait_for_jobs, wait_for_round
from tests.support.served import served

HEIGHT_PX, WIDTH_PX = 90, 120
NUM_POOL, NUM_VALIDATION = 6, 2
BUDGET = 10
SETTINGS = {
    "image_height_px": HEIGHT_PX,
    "image_width_px": WIDTH_PX,
    "image_steps": 60,
    "encoder_weights": "random",
    "cutout_px": 12,
    "score_scales": [1.0],
    "num_threads": 1,
}
TRUTH = scene_truth(height=HEIGHT_PX, width=WIDTH_PX)


@pytest.fixture(params=["one machine", pytest.param("many", marks=pytest.mark.postgres)], name="environment")
def row_of_the_architecture(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """Settings of each row; the second's servers are real and start here."""
    if request.param == "one machine":
        return {}
    return {
        "SEGLOOP_DATABASE_URL": request.getfixturevalue("postgres_url"),
        "SEGLOOP_BROKER_URL": request.getfixturevalue("redis_url"),
        **request.getfixturevalue("s3").environment(),
    }


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_loop_runs_from_upload_to_export(environment: Mapping[str, str], tmp_path: Path) -> None:
    num_torch_workers = 2 if environment else 1
    with served(tmp_path / "data", environment=environment, num_torch_workers=num_torch_workers) as (
        _,
        client,
    ):
        project_id = make_project(client)
        annotator = SimulatedAnnotator(client, project_id, TRUTH)

        cold = finish_round(client, project_id)
        assert (cold["number"], cold["metrics"], cold["model_version_id"]) == (0, None, None)
        assert annotator.answer_queue() == BUDGET

        trained = finish_round(client, project_id)
        assert trained["state"] == "annotating"
        assert trained["metrics"]["on"] == "validation"
        assert trained["metrics"]["validation"]["num_images"] == NUM_VALIDATION
        assert 0 < trained["labelled_fraction"] < 0.5
        assert annotator.answer_queue() == BUDGET

        assert_questions_are_distinct(client, project_id)
        assert_curve_follows_the_rounds(client, project_id, trained)
        assert_exports_hold_exactly_the_answers(client, project_id, tmp_path)
        assert_weights_download(client, project_id, tmp_path)


def make_project(client: Client) -> str:
    classes = [{"name": name, "color": color} for name, color in SCENE_CLASSES]
    project = client.create_project("loop", classes, {"kind": "superpixel", "size_px": 16})
    scenes = {
        SCENE_NAME.format(seed=5, index=index): render_scene(5, index, height=HEIGHT_PX, width=WIDTH_PX)
        for index in range(NUM_POOL + NUM_VALIDATION)
    }
    files = [(name, encode_png(image)) for name, (image, _) in scenes.items()]
    assert len(client.upload_images(project["id"], files[:NUM_POOL], "pool")["created"]) == NUM_POOL
    for image in client.upload_images(project["id"], files[NUM_POOL:], "validation")["created"]:
        client.put_label_map(image["id"], encode_index_png(scenes[image["filename"]][1]))
    wait_for_jobs(client, project["id"])
    return str(project["id"])


def finish_round(client: Client, project_id: str) -> Json:
    started = client.start_round(project_id, budget_regions=BUDGET, method="segloop", settings=SETTINGS)
    return wait_for_round(client, started["id"])


def assert_questions_are_distinct(client: Client, project_id: str) -> None:
    answers = list(client.pages(f"/projects/{project_id}/annotations"))
    assert len(answers) == 2 * BUDGET
    assert len({(answer["image_id"], answer["region_index"]) for answer in answers}) == 2 * BUDGET


def assert_curve_follows_the_rounds(client: Client, project_id: str, trained: Json) -> None:
    curve = client.learning_curve(project_id)
    assert [row["round"] for row in curve] == [0, 1]
    assert curve[0]["mean_iou"] is None
    assert curve[1]["mean_iou"] == trained["metrics"]["mean_iou"]
    assert curve[1]["labelled_fraction"] == trained["labelled_fraction"]


def assert_exports_hold_exactly_the_answers(client: Client, project_id: str, folder: Path) -> None:
    for file_format, read in (("index_png", read_index_png), ("coco_rle", read_coco_rle)):
        done = wait_for_export(client, client.start_export(project_id, file_format, "annotations")["id"])
        path = folder / f"{file_format}.zip"
        client.download(f"/exports/{done['id']}/file", path)
        images = {image.filename: image for image in read(path)}
        pool = [name for name in images if int(name.removesuffix(".png").split("_")[-1]) < NUM_POOL]
        num_answered = 0
        for name in pool:
            known = images[name].label_map
            is_answered = known != UNLABELLED
            num_answered += len(images[name].regions)
            np.testing.assert_array_equal(known[is_answered], TRUTH(name)[is_answered])
        assert num_answered == 2 * BUDGET


def assert_weights_download(client: Client, project_id: str, folder: Path) -> None:
    (model,) = client.model_versions(project_id)
    assert model["is_active"]
    client.download(f"/model_versions/{model['id']}/weights", folder / "weights.safetensors")
    assert (folder / "weights.safetensors").stat().st_size > 1_000_000
