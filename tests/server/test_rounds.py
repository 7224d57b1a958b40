"""Starting and steering rounds over HTTP, the curve and the audit log."""

import uuid
from typing import Any

import pytest

from segloop_store import workers
from segloop_store.models import Round
from segloop_store.states import Queue, RoundState
from tests.support.annotating import Annotating, annotating, submit
from tests.support.seeding import HEIGHT, WIDTH, count_rows, in_threads, seed_model, seed_round
from tests.support.site import Site, png


@pytest.fixture
def project(any_site: Site) -> Annotating:
    return annotating(any_site, num_queries=0)


@pytest.fixture
def lite(site: Site) -> Annotating:
    return annotating(site, num_queries=0)


def start(project: Annotating, body: dict[str, Any] | None = None, status: int = 202) -> dict[str, Any]:
    answer = project.owner.post(f"{project.path}/rounds", body or {})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def set_state(project: Annotating, round_id: str, state: RoundState, **values: Any) -> None:
    with project.site.context.database.transaction() as session:
        round_ = session.get(Round, uuid.UUID(round_id))
        assert round_ is not None
        round_.state = state
        for name, value in values.items():
            setattr(round_, name, value)


def test_started_round_says_what_it_will_do(project: Annotating) -> None:
    body = {
        "budget_regions": 6,
        "method": "segloop",
        "acquisition": "margin",
        "settings": {"image_steps": 40, "encoder_weights": "random", "method": "supervised"},
    }
    got = start(project, body)
    assert set(got) >= {
        "id",
        "number",
        "state",
        "method",
        "budget_regions",
        "annotated_regions",
        "labelled_fraction",
        "model_version_id",
        "metrics",
        "jobs",
        "error",
    }
    assert (got["number"], got["state"], got["method"]) == (0, "queued", "segloop")
    assert (got["acquisition"], got["budget_regions"], got["annotated_regions"]) == ("margin", 6, 0)
    assert got["settings"]["image_steps"] == 40
    assert got["settings"]["quota"] == "global", "the method's own defaults"
    assert [(job["kind"], job["state"]) for job in got["jobs"]] == [("features", "queued")]
    assert project.people[0].get(f"/rounds/{got['id']}").json() == got
    assert project.owner.get(f"{project.path}/rounds").json() == {"items": [got], "next_cursor": None}


def test_what_nobody_names_fits_the_pool_and_the_devices(project: Annotating) -> None:
    listed = project.owner.get("/methods", params={"project_id": str(project.seeded.project_id)}).json()
    (method,) = [item for item in listed["methods"] if item["name"] == "segloop"]
    fitted = {"image_height_px": HEIGHT, "image_width_px": WIDTH, "image_steps": 1500}
    assert {name: method["defaults"][name] for name in fitted} == fitted, "images this small stay as they are"
    (released,) = [item for item in listed["methods"] if item["name"] == "s4al"]
    assert (method["defaults"]["cutout_px"] > 0, released["defaults"]["cutout_px"]) == (True, 0)
    got = start(project, {"settings": {"image_width_px": 64}})
    assert got["method"] == listed["default_method"] == "segloop"
    shaped = {"image_width_px": 64, "image_height_px": round(64 * HEIGHT / WIDTH)}
    cutout = {"cutout_px": round(50 / 360 * shaped["image_height_px"])}
    assert got["settings"] == {**method["defaults"], **shaped, **cutout}, "the other side goes with it"
    workers.beat(project.site.context.database, "gpu-1", queues=[Queue.TORCH], devices=["cuda:0"])
    listed = project.owner.get("/methods", params={"project_id": str(project.seeded.project_id)}).json()
    assert all(item["defaults"]["image_steps"] == 40_000 for item in listed["methods"])
    set_state(project, got["id"], RoundState.CANCELLED)
    on_cpu = start(project, {"settings": {"device": "cpu"}})
    assert on_cpu["settings"]["image_steps"] == 1_500, "a worker's GPU is not asked for"


def test_strangers_learn_nothing_of_a_pool_by_its_defaults(project: Annotating) -> None:
    stranger = project.site.user("stranger")
    answer = stranger.get("/methods", params={"project_id": str(project.seeded.project_id)})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"budget_regions": 5, "budget_fraction": 0.1}, "not both"),
        ({"budget_regions": -1}, "budget_regions"),
        ({"budget_fraction": 1.5}, "budget_fraction"),
        ({"method": "magic"}, "method"),
        ({"acquisition": "magic"}, "acquisition"),
        ({"settings": {"image_steps": 0}}, "image_steps"),
        ({"settings": {"image_steps": "many"}}, "image_steps"),
        ({"settings": {"unknown": 1}}, "unknown"),
        ({"settings": {"encoder": "magic"}}, "encoder"),
        ({"settings": {"encoder": "mobilenet_v2"}}, "no package carries ImageNet weights for mobilenet_v2"),
        ({"settings": {"encoder": "timm:resnet18"}}, "encoder_weights"),
        ({"settings": {"encoder_weights": "/etc/passwd"}}, "encoder_weights"),
        ({"settings": {"encoder_weights": "../weights/known.safetensors"}}, "known.safetensors"),
        ({"settings": {"encoder_weights": "sub/known.safetensors"}}, "encoder_weights"),
        ({"settings": []}, "settings"),
        ({"epochs": 3}, "epochs"),
    ],
)
def test_bad_settings_are_refused(site: Site, body: dict[str, Any], found: str) -> None:
    project = annotating(site, num_queries=0)
    weights = site.context.settings.data_dir / "weights"
    weights.mkdir()
    (weights / "known.safetensors").write_bytes(b"")
    before = count_rows(site.context.database)
    assert found in start(project, body, status=422)["detail"]
    assert count_rows(site.context.database) == before


def test_weights_may_be_a_file_the_server_offers(site: Site) -> None:
    project = annotating(site, num_queries=0)
    weights = site.context.settings.data_dir / "weights"
    weights.mkdir()
    (weights / "known.safetensors").write_bytes(b"")
    got = start(project, {"settings": {"encoder_weights": "known.safetensors"}})
    assert got["settings"]["encoder_weights"] == "known.safetensors"


def test_an_encoder_without_packaged_weights_starts_once_they_are_named(site: Site) -> None:
    project = annotating(site, num_queries=0)
    got = start(project, {"settings": {"encoder": "mobilenet_v2", "encoder_weights": "random"}})
    assert got["settings"]["encoder"] == "mobilenet_v2"


def test_only_owners_and_admins_start_rounds(lite: Annotating) -> None:
    before = count_rows(lite.site.context.database)
    stranger = lite.site.user()
    after_user = count_rows(lite.site.context.database)
    assert after_user["round"] == before["round"]
    assert lite.people[0].post(f"{lite.path}/rounds", {}).status_code == 403
    assert stranger.post(f"{lite.path}/rounds", {}).status_code == 404
    assert count_rows(lite.site.context.database) == after_user
    assert lite.site.admin.post(f"{lite.path}/rounds", {}).status_code == 202


def test_empty_pool_is_a_clear_422(site: Site) -> None:
    project_id = site.project()
    assert site.admin.upload(project_id, [("a.png", png())], split="test").status_code == 201
    before = count_rows(site.context.database)
    answer = site.admin.post(f"/projects/{project_id}/rounds", {})
    assert answer.status_code == 422
    assert "upload images" in answer.json()["detail"]
    assert count_rows(site.context.database) == before


def test_images_just_uploaded_do_not_hold_up_the_start(site: Site) -> None:
    project_id = site.project()
    assert site.admin.upload(project_id, [("a.png", png())]).status_code == 201
    answer = site.admin.post(f"/projects/{project_id}/rounds", {"budget_fraction": 0.5})
    assert answer.status_code == 202
    assert answer.json()["budget_regions"] == 96


def test_two_simultaneous_starts_make_one_202_and_one_409(project: Annotating) -> None:
    results = in_threads(2, lambda _: project.owner.post(f"{project.path}/rounds", {}).status_code)
    assert sorted(results, key=str) == [202, 409]
    assert count_rows(project.site.context.database)["round"] == 1


def test_second_round_may_start_once_the_first_annotates(lite: Annotating) -> None:
    first = start(lite)
    start(lite, status=409)
    set_state(lite, first["id"], RoundState.ANNOTATING)
    assert start(lite)["number"] == 1


def test_cancel_close_and_retry(lite: Annotating) -> None:
    first = start(lite)
    path = f"/rounds/{first['id']}"
    for verb in ("cancel", "close", "retry"):
        assert lite.people[0].post(f"{path}/{verb}").status_code == 403
        assert lite.owner.post(f"/rounds/{uuid.uuid4()}/{verb}").status_code == 404
    assert lite.owner.post(f"{path}/close").status_code == 409
    assert lite.owner.post(f"{path}/retry").status_code == 409
    cancelled = lite.owner.post(f"{path}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert lite.owner.post(f"{path}/cancel").status_code == 200
    assert [job["state"] for job in cancelled.json()["jobs"]] == ["cancelled"]
    second = start(lite)
    set_state(lite, second["id"], RoundState.ANNOTATING)
    assert lite.owner.post(f"/rounds/{second['id']}/cancel").status_code == 409
    for _ in range(2):
        closed = lite.owner.post(f"/rounds/{second['id']}/close")
        assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    third = start(lite)
    set_state(lite, third["id"], RoundState.FAILED, error="out of memory")
    retried = lite.owner.post(f"/rounds/{third['id']}/retry")
    assert (retried.status_code, retried.json()["state"], retried.json()["error"]) == (202, "queued", None)


def test_rounds_are_paged_by_number(lite: Annotating) -> None:
    for number in range(3):
        seed_round(
            lite.site.context.database, lite.seeded, num_queries=1, number=number, state=RoundState.CLOSED
        )
    first = lite.owner.get(f"{lite.path}/rounds?limit=2").json()
    assert [item["number"] for item in first["items"]] == [0, 1]
    second = lite.owner.get(f"{lite.path}/rounds?limit=2&cursor={first['next_cursor']}").json()
    assert [item["number"] for item in second["items"]] == [2]
    assert second["next_cursor"] is None


def test_strangers_see_nothing(lite: Annotating) -> None:
    got, stranger = start(lite), lite.site.user()
    for path in (
        f"{lite.path}/rounds",
        f"/rounds/{got['id']}",
        f"/rounds/{got['id']}/events",
        f"{lite.path}/learning_curve",
        f"{lite.path}/events",
        f"{lite.path}/events/stream",
        f"{lite.path}/model_versions",
        f"{lite.path}/annotations",
    ):
        assert stranger.get(path).status_code == 404, path
        assert lite.site.client.get(f"/api/v1{path}").status_code == 401, path


def test_curve_has_a_row_a_round_with_the_metrics_asked_for(lite: Annotating) -> None:
    database = lite.site.context.database
    seed_round(database, lite.seeded, num_queries=2)
    submit(lite.people[0], lite.claim())
    measured = {
        "mean_iou": 0.5,
        "on": "validation",
        "validation": {
            "mean_iou": 0.5,
            "iou_per_class": [0.5, None, 0.5],
            "pixel_accuracy": 0.9,
            "num_images": 2,
        },
        "test": {"mean_iou": 0.4, "iou_per_class": [0.4], "pixel_accuracy": 0.8, "num_images": 3},
        "audit": None,
    }
    seed_round(
        database,
        lite.seeded,
        num_queries=0,
        number=1,
        state=RoundState.TRAINING,
        metrics=measured,
        labelled_fraction=0.1,
    )
    path = f"{lite.path}/learning_curve"
    cold, trained = lite.people[0].get(path).json()["items"]
    assert (cold["round"], cold["annotated_regions"], cold["mean_iou"]) == (0, 0, None)
    assert (trained["round"], trained["labelled_fraction"]) == (1, 0.1)
    cost = ("clicks", "strokes", "keys", "annotation_seconds")
    assert (trained["annotated_regions"], *(trained[name] for name in cost)) == (1, *(None,) * 4)
    seen_by_owner = lite.owner.get(path).json()["items"][1]
    assert [seen_by_owner[name] for name in cost] == [3, 0, 0, 4.5]
    spent = lite.owner.get(f"{lite.path}/costs").json()["items"]
    assert [(item["round"], item["num_regions"], item["median_seconds"]) for item in spent] == [(0, 1, 4.5)]
    assert lite.people[0].get(f"{lite.path}/costs").status_code == 403
    assert (trained["mean_iou"], trained["iou_per_class"]) == (0.5, [0.5, None, 0.5])
    on_test = lite.people[0].get(f"{path}?on=test").json()["items"][1]
    assert (on_test["mean_iou"], on_test["on"]) == (0.4, "test")
    on_audit = lite.people[0].get(f"{path}?on=audit").json()["items"][1]
    assert (on_audit["mean_iou"], on_audit["iou_per_class"]) == (None, None)
    assert lite.people[0].get(f"{path}?on=train").status_code == 422
    shown = lite.owner.get(f"{lite.path}/rounds").json()["items"][1]["metrics"]
    assert shown == measured


def test_audit_log_says_who_did_what(lite: Annotating) -> None:
    got = start(lite)
    lite.owner.post(f"/rounds/{got['id']}/cancel")
    assert lite.people[0].get(f"{lite.path}/events").status_code == 403
    items = lite.owner.get(f"{lite.path}/events").json()["items"]
    kinds = [item["kind"] for item in items]
    assert kinds.index("round.cancelled") < kinds.index("round.queued"), "newest first"
    asked = items[kinds.index("round.cancel_asked")]
    assert asked["user_id"] == lite.owner.id
    assert asked["username"].startswith("owner")
    first = lite.owner.get(f"{lite.path}/events?limit=1").json()
    second = lite.owner.get(f"{lite.path}/events?limit=1&cursor={first['next_cursor']}").json()
    assert second["items"][0]["id"] < first["items"][0]["id"]


def test_the_curve_suggests_to_stop_by_validation_or_audit_and_never_by_test(lite: Annotating) -> None:
    """Flat on the audit, rising on test: three rounds suggest to stop, and say why."""
    database, blobs = lite.site.context.database, lite.site.context.blobs
    path = f"{lite.path}/learning_curve"
    for number in range(3):
        audit = {"mean_iou": 0.5 + 0.001 * number, "low": 0.4, "high": 0.6}
        measured = {
            "on": "test",
            "mean_iou": 0.1 * number,
            "test": {"mean_iou": 0.1 * number},
            "audit": audit,
        }
        assert lite.owner.get(path).json()["suggestion"]["should_stop"] is False
        round_id = seed_round(
            database,
            lite.seeded,
            num_queries=0,
            number=number,
            state=RoundState.CLOSED,
            metrics=measured,
            labelled_fraction=0.01,
        )
        version = seed_model(database, blobs, lite.seeded, round_id, number=number)
        set_state(lite, str(round_id), RoundState.CLOSED, model_version_id=version)
    found = lite.owner.get(path).json()
    assert found["suggestion"]["rule"] == "plateau"
    assert found["suggestion"]["reason"] == "The last 2 rounds together brought +0.2 points of mean IoU."
    spent = lite.owner.get(f"{path}?budget_fraction=0.01").json()["suggestion"]
    assert (spent["rule"], spent["value"], spent["limit"]) == ("budget", 0.01, 0.01)
    last = lite.owner.get(f"{path}?on=audit").json()["items"][2]
    assert (last["mean_iou"], last["low"], last["high"]) == (0.502, 0.4, 0.6)


def test_an_acquisition_that_reads_what_nothing_trains_is_refused(project: Annotating) -> None:
    body = {"acquisition": "prototype_distance", "settings": {"reco_weight": 0, "encoder_weights": "random"}}
    before = count_rows(project.site.context.database)
    refused = project.owner.post(f"{project.path}/rounds", body)
    assert refused.status_code == 422
    assert "reco_weight" in refused.json()["detail"]
    assert count_rows(project.site.context.database) == before


def test_refusal_says_its_code_and_what_it_names(lite: Annotating) -> None:
    start(lite)
    said = start(lite, status=409)
    assert said["code"] == "round_active"
    assert said["values"] == {"number": said["values"]["number"], "state": "queued"}
    assert f"round {said['values']['number']} is queued" in said["detail"]
    unknown = lite.owner.get(f"/rounds/{lite.seeded.project_id}").json()
    assert (unknown["code"], "values" in unknown) == ("not_found", False)
