"""Model versions and what they say of images, over HTTP."""

import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from segloop.label_maps import decode_index_png
from segloop_store import blob_keys
from segloop_store.models import Job, Partition, RegionQuery
from segloop_store.states import JobState, RoundState
from tests.support.annotating import Annotating, annotating
from tests.support.seeding import count_rows, seed_model, seed_round
from tests.support.site import Site

LAYERS = (
    ("prediction", blob_keys.prediction),
    ("scores", blob_keys.heat),
    ("max_prob", blob_keys.max_prob),
)


@dataclass
class Trained:
    """A project with two trained models and a queue ranked by the newer one."""

    project: Annotating
    older: uuid.UUID
    newer: uuid.UUID


@pytest.fixture
def trained(any_site: Site) -> Trained:
    project = annotating(any_site, num_queries=0)
    database, blobs = any_site.context.database, any_site.context.blobs
    versions = []
    for number in range(2):
        round_id = seed_round(database, project.seeded, num_queries=0, number=number, state=RoundState.CLOSED)
        versions.append(seed_model(database, blobs, project.seeded, round_id, number=number, seed=number))
    seed_round(database, project.seeded, num_queries=12, number=2, model_version_id=versions[1])
    return Trained(project, versions[0], versions[1])


def test_versions_are_listed_newest_first(trained: Trained) -> None:
    project = trained.project
    items = project.people[0].get(f"{project.path}/model_versions").json()["items"]
    assert [item["id"] for item in items] == [str(trained.newer), str(trained.older)]
    assert [item["is_active"] for item in items] == [True, False]
    assert items[0] == {
        "id": str(trained.newer),
        "number": 1,
        "round": 1,
        "round_id": items[0]["round_id"],
        "method": "s4al_plus",
        "encoder": "efficientnet_lite0",
        "created_at": items[0]["created_at"],
        "is_active": True,
        "metrics": None,
        "labelled_fraction": 0.25,
        "image_steps": 20,
        "compute_seconds": 1.5,
        "weights_url": f"/api/v1/model_versions/{trained.newer}/weights",
    }
    first = project.owner.get(f"{project.path}/model_versions?limit=1").json()
    second = project.owner.get(f"{project.path}/model_versions?limit=1&cursor={first['next_cursor']}").json()
    assert [item["id"] for item in second["items"]] == [str(trained.older)]
    one = project.owner.get(f"/model_versions/{trained.older}").json()
    assert (one["number"], one["code_version"], one["loss_curve"]) == (0, "test", [])
    assert project.owner.get(f"/model_versions/{uuid.uuid4()}").status_code == 404
    assert project.site.user().get(f"/model_versions/{trained.older}").status_code == 404


def test_weights_are_streamed(trained: Trained) -> None:
    answer = trained.project.people[0].get(f"/model_versions/{trained.older}/weights")
    assert answer.status_code == 200
    assert answer.content == b"safetensors of 0"
    assert "model-0.safetensors" in answer.headers["content-disposition"]


def test_activating_ranks_what_nobody_holds_again(trained: Trained) -> None:
    project, database = trained.project, trained.project.site.context.database
    held = project.claim()
    before = count_rows(database)
    refused = project.people[0].post(f"/model_versions/{trained.older}/activate")
    assert refused.status_code == 403
    assert count_rows(database) == before
    answer = project.owner.post(f"/model_versions/{trained.older}/activate")
    assert answer.status_code == 202
    assert (answer.json()["is_active"], answer.json()["num_ranked_again"]) == (True, 11)
    assert answer.json()["job"] is None, "every score is there"
    with database.reading() as session:
        queries = session.query(RegionQuery).order_by(RegionQuery.rank).all()
    waiting = [query for query in queries if str(query.id) != held["region_query"]["id"]]
    assert sorted(query.rank for query in waiting) == list(range(1, 12))
    assert {query.model_version_id for query in waiting} == {trained.older}
    scores = [query.score for query in waiting]
    assert scores == sorted(scores, key=lambda score: -(score or 0))
    key = blob_keys.region_scores(trained.older, waiting[0].image_id)
    with np.load(io.BytesIO(project.site.context.blobs.get(key))) as arrays:
        assert waiting[0].score == pytest.approx(float(arrays["score"][waiting[0].region_index]))
    best = project.claim(project.people[1])
    assert best["region_query"]["id"] == str(waiting[0].id)
    assert best["model_version_id"] == str(trained.older)
    kept = next(query for query in queries if str(query.id) == held["region_query"]["id"])
    assert (kept.rank, kept.model_version_id) == (0, trained.newer)


def test_images_without_scores_stay_behind_the_others(trained: Trained) -> None:
    project = trained.project
    lost = project.seeded.image_ids[0]
    project.site.context.blobs.delete(blob_keys.region_scores(trained.older, lost))
    answers = [project.owner.post(f"/model_versions/{trained.older}/activate") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    first, second = (answer.json()["job"] for answer in answers)
    assert (first["kind"], first["state"], first["id"]) == ("rank", "queued", second["id"])
    with project.site.context.database.reading() as session:
        ranked = session.query(RegionQuery).order_by(RegionQuery.rank).all()
    assert [query.image_id for query in ranked[6:]] == [lost] * 6
    assert [query.region_index for query in ranked[6:]] == sorted(q.region_index for q in ranked[6:])


def test_prediction_and_scores_are_the_models_own(trained: Trained) -> None:
    project = trained.project
    image_id = project.seeded.image_ids[0]
    for layer, key_of in LAYERS:
        path = f"/images/{image_id}/{layer}"
        for version, address in (
            (trained.newer, path),
            (trained.older, f"{path}?model_version_id={trained.older}"),
        ):
            answer = project.people[0].get(address)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
            assert answer.content == project.site.context.blobs.get(key_of(version, image_id))
            assert decode_index_png(answer.content).shape == (60, 80)
        assert project.people[0].get(f"{path}?model_version_id={uuid.uuid4()}").status_code == 404
        assert project.site.user().get(path).status_code == 404


def test_scores_are_made_smaller_on_demand(trained: Trained) -> None:
    project = trained.project
    path = f"/images/{project.seeded.image_ids[0]}/scores"
    whole = decode_index_png(project.people[0].get(path).content)
    small = decode_index_png(project.people[0].get(f"{path}?max_px=40").content)
    means = whole.reshape(30, 2, 40, 2).mean(axis=(1, 3))
    assert np.abs(small - means).max() <= 1
    assert np.array_equal(decode_index_png(project.people[0].get(f"{path}?max_px=4096").content), whole)


@pytest.mark.parametrize(("layer", "key_of"), LAYERS)
def test_layers_can_be_had_box_by_box(
    trained: Trained, layer: str, key_of: Callable[[uuid.UUID, uuid.UUID], str]
) -> None:
    caller, image_id = trained.project.people[0], trained.project.seeded.image_ids[0]
    whole = decode_index_png(
        trained.project.site.context.blobs.get(key_of(trained.older, image_id)),
    )
    path = f"/images/{image_id}/{layer}?model_version_id={trained.older}"
    answer = caller.get(f"{path}&x=7&y=3&w=20&h=11")
    np.testing.assert_array_equal(decode_index_png(answer.content), whole[3:14, 7:27])
    again = caller.get(f"{path}&x=7&y=3&w=20&h=11", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    other = caller.get(f"{path}&x=8&y=3&w=20&h=11", headers={"If-None-Match": answer.headers["etag"]})
    np.testing.assert_array_equal(decode_index_png(other.content), whole[3:14, 8:28])
    for bad in ("x=61&y=0&w=20&h=5", "x=0&y=0&w=5", "x=-1&y=0&w=5&h=5", "x=0&y=0&w=0&h=5"):
        assert caller.get(f"{path}&{bad}").status_code == 422


def test_prediction_that_was_cleaned_up_is_made_again_once(trained: Trained) -> None:
    project, database = trained.project, trained.project.site.context.database
    image_id = project.seeded.image_ids[0]
    project.site.context.blobs.delete(blob_keys.prediction(trained.older, image_id))
    path = f"/images/{image_id}/prediction?model_version_id={trained.older}"
    answers = [project.people[0].get(path) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    jobs = [answer.json()["job"] for answer in answers]
    assert jobs[0]["id"] == jobs[1]["id"]
    assert (jobs[0]["kind"], jobs[0]["state"]) == ("predict", "queued")
    with database.transaction() as session:
        job = session.get(Job, uuid.UUID(jobs[0]["id"]))
        assert job is not None
        assert job.payload == {"model_version_id": str(trained.older), "image_id": str(image_id)}
        job.state = JobState.FAILED
    assert project.people[0].get(path).json()["job"]["id"] != jobs[0]["id"], "a failed one is not the end"


def test_image_without_regions_gets_no_job_that_could_only_fail(trained: Trained) -> None:
    project, database = trained.project, trained.project.site.context.database
    image_id = project.seeded.image_ids[0]
    project.site.context.blobs.delete(blob_keys.prediction(trained.older, image_id))
    with database.transaction() as session:
        session.query(Partition).filter(Partition.image_id == image_id).delete()
    before = count_rows(database)
    answer = project.people[0].get(f"/images/{image_id}/prediction?model_version_id={trained.older}")
    assert (answer.status_code, "not made yet" in answer.json()["detail"]) == (404, True)
    assert count_rows(database) == before


def test_without_a_model_there_is_no_prediction(site: Site) -> None:
    project = annotating(site)
    before = count_rows(site.context.database)
    answer = project.people[0].get(f"/images/{project.seeded.image_ids[0]}/prediction")
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no model yet")
    assert count_rows(site.context.database) == before
