"""Job select: which questions a second person is asked."""

import json
from pathlib import Path

from segloop.agreement import plan_agreement
from segloop.settings import QueryPurpose, Split
from segloop_store import jobs
from segloop_store.models import Round
from segloop_store.repositories import known_labels
from segloop_store.states import JobKind, JobState, RoundState
from tests.support.worker_project import (
    add_project,
    jobs_of,
    open_worker,
    queries_of,
    round_of,
    run_all,
    tiny_settings,
)

NUM_REGIONS = 8


def test_share_of_the_questions_is_asked_twice_right_after_their_first(tmp_path: Path) -> None:
    runtime, inbox = open_worker(tmp_path)
    project_id = add_project(runtime, num_pool=2, num_validation=0)
    run_all(runtime, inbox)
    settings = tiny_settings(agreement_fraction=0.25)
    with runtime.database.transaction() as session:
        images = list(known_labels.known_images(session, project_id, splits=[Split.POOL]))
        plan = [[str(images[place % 2].image_id), 3 * place, "selected"] for place in range(NUM_REGIONS)]
        round_ = Round(
            project_id=project_id,
            number=0,
            state=RoundState.SELECTING,
            method=settings.method,
            acquisition=settings.acquisition,
            settings=settings.to_mapping(),
            budget_regions=NUM_REGIONS,
        )
        session.add(round_)
        session.flush()
        payload = {"round_id": str(round_.id)}
        planned = jobs.add_job(
            session, JobKind.FEATURES, project_id=project_id, round_id=round_.id, payload=payload
        )
        planned.state, planned.results = JobState.DONE, {"plan_key": "plan.json"}
        jobs.add_job(session, JobKind.SELECT, project_id=project_id, round_id=round_.id, payload=payload)
    runtime.blobs.put("plan.json", json.dumps(plan).encode())

    run_all(runtime, inbox)

    (done,) = jobs_of(runtime, JobKind.SELECT)
    assert done.error is None
    assert done.results is not None
    assert (done.results["num_queries"], done.results["num_asked_twice"]) == (NUM_REGIONS, 2)
    assert round_of(runtime, round_.id).state is RoundState.ANNOTATING
    asked = queries_of(runtime, round_.id)
    first = [query for query in asked if query.purpose is QueryPurpose.SELECTED]
    assert [query.rank for query in first] == list(range(NUM_REGIONS))
    twice = [query for query in asked if query.purpose is QueryPurpose.AGREEMENT]
    expected = plan_agreement(NUM_REGIONS, 0.25, seed=settings.seed, round_number=0)
    assert [query.rank for query in twice] == expected
    assert [(query.image_id, query.region_index) for query in twice] == [
        (first[place].image_id, first[place].region_index) for place in expected
    ]
