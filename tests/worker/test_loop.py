import json
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, select, update

from segloop.label_maps import decode_index_png
from segloop.settings import Split
from segloop_store import jobs, workers
from segloop_store.models import Image, ModelVersion, PredictionSet, RegionQuery, TrainingSnapshot
from segloop_store.repositories import model_lists, models
from segloop_store.states import JobKind, JobState, Queue, RoundState
from segloop_worker.prediction_blobs import read_region_scores
from tests.support.worker_project import (
    add_project,
    answer_all,
    decode_png,
    jobs_of,
    open_worker,
    queries_of,
    round_of,
    run_all,
    start_round,
    tiny_settings,
)


@pytest.mark.slow
def test_a_first_round_asks_whole_images_where_it_is_told_to_and_can_pay(tmp_path: Path) -> None:
    runtime, inbox = open_worker(tmp_path)
    project_id = add_project(runtime, num_pool=3, num_validation=0)
    settings = tiny_settings(cold_start="random_images")
    poor = start_round(runtime, project_id, budget_regions=47, settings=settings)
    run_all(runtime, inbox)
    assert round_of(runtime, poor).state is RoundState.FAILED
    assert "47 regions does not pay for a whole image" in (round_of(runtime, poor).error or "")

    able = start_round(runtime, project_id, budget_regions=100, settings=settings)
    run_all(runtime, inbox)
    assert round_of(runtime, able).state is RoundState.ANNOTATING
    asked = [(query.image_id, query.region_index) for query in queries_of(runtime, able)]
    assert len(set(asked)) == len(asked) == 96
    assert len({image for image, _ in asked}) == 2


@pytest.mark.slow
def test_loop_from_upload_to_the_second_rounds_queries(tmp_path: Path) -> None:
    """Ingest, a cold start, answers, then a round that trains, evaluates, scores and asks. Really trains."""
    runtime, inbox = open_worker(tmp_path, images_a_shard=4, worker_seen_seconds=600.0)
    project_id = add_project(runtime)
    first = start_round(runtime, project_id, budget_regions=12)
    run_all(runtime, inbox)

    # round 0: no model, so no metrics; every query lies in the pool, spread over images
    assert round_of(runtime, first).state is RoundState.ANNOTATING
    assert round_of(runtime, first).metrics is None
    asked = queries_of(runtime, first)
    assert [query.rank for query in asked] == list(range(12))
    assert len({query.image_id for query in asked}) == 6
    assert [job.kind for job in jobs_of(runtime)][:4] == [
        JobKind.INGEST,
        JobKind.FEATURES,
        JobKind.SELECT,
        JobKind.CLEAN_UP,
    ]

    assert answer_all(runtime, first) == 12
    # two devices: the pool is scored in two shards, and selected once
    workers.beat(runtime.database, "other", queues=[Queue.TORCH], devices=["cpu", "cuda:0"])
    second = start_round(runtime, project_id, budget_regions=10)
    run_all(runtime, inbox)
    assert [job.error for job in jobs_of(runtime) if job.state is not JobState.DONE] == []

    round_ = round_of(runtime, second)
    assert round_.state is RoundState.ANNOTATING
    assert round_of(runtime, first).state is RoundState.CLOSED
    area = sum(query.area_px for query in asked)
    assert round_.labelled_fraction == pytest.approx(area / (6 * 90 * 120))
    assert round_.metrics is not None
    assert round_.metrics["on"] == "validation"
    assert round_.metrics["validation"]["num_images"] == 2
    assert round_.metrics["mean_iou"] == round_.metrics["validation"]["mean_iou"]
    assert round_.metrics["test"] is None
    assert round_.metrics["audit"] is None

    new = queries_of(runtime, second)
    assert len(new) == 10
    before = {(query.image_id, query.region_index) for query in asked}
    assert not before & {(query.image_id, query.region_index) for query in new}
    assert all(len(query.reason["top_classes"]) == 2 for query in new)
    assert all(query.model_version_id == round_.model_version_id for query in new)

    with runtime.database.reading() as session:
        version = session.scalars(select(ModelVersion)).one()
        snapshot = session.scalars(select(TrainingSnapshot)).one()
        active = models.find_active(session, project_id)
        predicted = session.execute(
            select(Image, PredictionSet).join(PredictionSet, PredictionSet.image_id == Image.id)
        ).all()
    assert active is not None
    assert active.id == version.id == round_.model_version_id
    assert version.image_steps > 0
    assert runtime.blobs.size(version.weights_key) > 100_000
    contents = json.loads(runtime.blobs.get(snapshot.contents_key))["images"]
    assert sum(len(item["annotation_ids"]) for item in contents) == snapshot.num_annotations == 12
    assert len(predicted) == 8
    for image, found in predicted:
        prediction = decode_index_png(runtime.blobs.get(found.prediction_key))
        assert prediction.shape == (image.height, image.width)
        assert decode_png(runtime.blobs.get(found.heat_key)).shape == (image.height, image.width)
        assert (found.region_scores_key is not None) == (image.split is Split.POOL)
        if found.region_scores_key is not None:
            scores = read_region_scores(runtime.blobs.get(found.region_scores_key))
            assert np.isfinite(scores.score).all()
            assert scores.top_classes.shape == (len(scores.score), 2)
    assert len(jobs_of(runtime, JobKind.SCORE)) == 2
    assert len(jobs_of(runtime, JobKind.SELECT)) == 2

    # what is cleaned up is made again on demand, to the byte
    image, found = next(pair for pair in predicted if pair[0].split is Split.VALIDATION)
    before_clean_up = runtime.blobs.get(found.prediction_key)
    with runtime.database.transaction() as session:
        session.execute(delete(PredictionSet).where(PredictionSet.id == found.id))
        runtime.blobs.delete(found.prediction_key)
        payload = {"model_version_id": str(version.id), "image_id": str(image.id)}
        jobs.add_job(session, JobKind.PREDICT, project_id=project_id, payload=payload)
    run_all(runtime, inbox)
    with runtime.database.reading() as session:
        made_again = models.find_prediction(session, version.id, image.id)
    assert made_again is not None
    assert runtime.blobs.get(made_again.prediction_key) == before_clean_up

    # so are the scores of what is asked, and then the queue is ranked by them
    lost = new[0].image_id
    with runtime.database.transaction() as session:
        gone = models.find_prediction(session, version.id, lost)
        assert gone is not None
        assert gone.region_scores_key is not None
        session.delete(gone)
        runtime.blobs.delete(gone.region_scores_key)
        session.execute(update(RegionQuery).values(rank=99 - RegionQuery.rank, score=None))
        model_lists.ask_for_ranking(session, project_id=project_id, model_version_id=version.id)
    run_all(runtime, inbox)
    (ranked,) = jobs_of(runtime, JobKind.RANK)
    assert (ranked.error, ranked.results) == (None, {"num_scored": 1, "num_ranked": 10})
    again = queries_of(runtime, second)
    # one image by itself is another batch than four: the last bit may differ
    assert {query.id: query.score for query in again} == pytest.approx(
        {query.id: query.score for query in new}, rel=1e-5
    )
    assert [query.score for query in again] == sorted([query.score or 0 for query in again], reverse=True)
    # work folders are gone with their jobs
    assert not list((tmp_path / "work").iterdir())
