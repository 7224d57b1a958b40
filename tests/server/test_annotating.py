"""Taking regions and answering them over HTTP."""

import base64
import io
import uuid
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segloop.settings import QueryPurpose
from segloop_store import blob_keys
from segloop_store.models import Annotation, Project, RegionQuery
from segloop_store.states import RoundState
from tests.support.annotating import (
    Annotating,
    annotating,
    answer_body,
    decode,
    encode,
    painted,
    submit,
)
from tests.support.seeding import count_rows, in_threads, run_out, seed_model, seed_round
from tests.support.site import Caller, Site

L_SHAPE = np.array([[0, 0, 1, 1], [0, 2, 2, 1], [0, 2, 2, 1]], np.int32).repeat(6, 0).repeat(5, 1)
"""Three regions, two of which do not fill their box."""


@pytest.fixture
def project(any_site: Site) -> Annotating:
    return annotating(any_site)


@pytest.fixture
def lite(site: Site) -> Annotating:
    """The same on SQLite alone, for what does not touch SQL."""
    return annotating(site)


def test_assignment_has_everything_a_page_needs(site: Site) -> None:
    project = annotating(site, region_map=L_SHAPE)
    got = project.claim()
    assert set(got) >= {
        "id",
        "lease_expires_at",
        "region_query",
        "image",
        "region",
        "prediction_png",
        "model_version_id",
        "crop_url",
        "segments_url",
    }
    assert got["region_query"]["rank"] == 0
    assert got["region_query"]["purpose"] == "selected"
    assert (got["image"]["width"], got["image"]["height"]) == (20, 18)
    assert got["region"]["bbox"] == [0, 0, 10, 18]
    mask = decode(got["region"]["mask_png"])
    assert np.array_equal(mask == 255, L_SHAPE[0:18, 0:10] == 0)
    assert set(np.unique(mask)) == {0, 255}
    assert (got["prediction_png"], got["model_version_id"]) == (None, None)
    image_id = project.seeded.image_ids[0]
    assert got["image"]["url"] == f"/api/v1/images/{image_id}/file"
    assert got["crop_url"].startswith(f"/api/v1/images/{image_id}/crop?x=0&y=0&w=20&h=18")
    assert got["segments_url"] == f"/api/v1/images/{image_id}/segments"


def test_prediction_and_reason_come_with_a_model(site: Site) -> None:
    project = annotating(site, num_queries=0)
    trained = seed_round(
        site.context.database, project.seeded, num_queries=0, number=0, state=RoundState.CLOSED
    )
    version = seed_model(site.context.database, site.context.blobs, project.seeded, trained)
    seed_round(site.context.database, project.seeded, num_queries=4, number=1, model_version_id=version)
    got = project.claim()
    image_id = uuid.UUID(got["image"]["id"])
    whole = site.admin.get(f"/images/{image_id}/prediction")
    assert whole.status_code == 200
    x, y, width, height = got["region"]["bbox"]
    everything = decode_png(whole.content)
    assert np.array_equal(decode(got["prediction_png"]), everything[y : y + height, x : x + width])
    assert got["model_version_id"] == str(version)
    assert got["region_query"]["reason"] == {"top_classes": [0, 1], "probs": [0.5, 0.4]}
    site.context.blobs.delete(blob_keys.prediction(version, project.seeded.image_ids[1]))
    assert project.claim()["prediction_png"] is None


def decode_png(data: bytes) -> Any:
    return decode(base64.b64encode(data).decode())


def test_nothing_to_give_is_204_and_the_queue_says_why(project: Annotating) -> None:
    for _ in range(4):
        project.claim()
    answer = project.people[0].post(f"{project.path}/assignments")
    assert (answer.status_code, answer.content) == (204, b"")
    queue = project.people[0].get(f"{project.path}/queue").json()
    assert queue == {
        "remaining": 4,
        "leased": 4,
        "mine": 4,
        "annotated": 0,
        "budget_regions": 4,
        "round_number": 0,
        "state": "empty",
        "eta_seconds": None,
    }


@pytest.mark.parametrize(
    ("rounds", "state"),
    [
        ([], "empty"),
        ([RoundState.QUEUED], "training"),
        ([RoundState.CLOSED], "closed"),
        ([RoundState.CLOSED, RoundState.FAILED], "closed"),
        ([RoundState.ANNOTATING, RoundState.TRAINING], "training"),
        ([RoundState.ANNOTATING], "empty"),
    ],
)
def test_queue_says_why_nothing_comes(site: Site, rounds: list[RoundState], state: str) -> None:
    project = annotating(site, num_queries=0)
    for number, round_state in enumerate(rounds):
        seed_round(site.context.database, project.seeded, num_queries=0, number=number, state=round_state)
    assert project.people[0].get(f"{project.path}/queue").json()["state"] == state


def test_annotators_go_on_while_the_next_round_trains(lite: Annotating) -> None:
    seeded, database = lite.seeded, lite.site.context.database
    seed_round(database, seeded, num_queries=0, number=1, state=RoundState.TRAINING)
    assert lite.people[0].get(f"{lite.path}/queue").json()["state"] == "ready"
    assert lite.claim()["region_query"]["round_number"] == 0


def test_answer_is_kept_pixel_by_pixel(site: Site) -> None:
    project = annotating(site, region_map=L_SHAPE)
    got = project.claim()
    label_map = painted(got)
    mask = label_map != 255
    label_map[mask] = np.random.default_rng(0).choice([0, 1, 2, 254], int(mask.sum()))
    answer = submit(project.people[0], got, label_map, num_strokes=5, num_keys=7)
    assert answer.status_code == 200
    assert answer.json()["version"] == 1
    kept = project.owner.get(f"/annotations/{answer.json()['annotation_id']}").json()
    assert np.array_equal(decode(kept["label_map_png"]), label_map)
    assert kept["num_void_px"] == int((label_map == 254).sum())
    assert (kept["annotation_seconds"], kept["num_clicks"]) == (4.5, 3)
    assert (kept["num_strokes"], kept["num_keys"]) == (5, 7)
    assert (kept["round"], kept["purpose"], kept["state"]) == (0, "selected", "submitted")


def test_same_answer_again_changes_nothing_and_another_is_the_next_version(project: Annotating) -> None:
    got, caller = project.claim(), project.people[0]
    first = submit(caller, got)
    before = count_rows(project.site.context.database)
    assert submit(caller, got).json() == first.json()
    assert count_rows(project.site.context.database) == before
    assert submit(caller, got, painted(got, 2)).json()["version"] == 2


def test_simultaneous_submits_of_one_answer_make_one_annotation(project: Annotating) -> None:
    got = project.claim()
    answers = in_threads(6, lambda _: submit(project.people[0], got).json())
    assert all(answer == answers[0] for answer in answers)
    assert count_rows(project.site.context.database)["annotation"] == 1


def test_people_racing_over_http_never_get_the_same_region(any_site: Site) -> None:
    project = annotating(any_site, num_queries=20, num_annotators=6)

    def work(number: int) -> list[str]:
        taken = []
        while (answer := project.people[number].post(f"{project.path}/assignments")).status_code == 201:
            taken.append(answer.json()["region_query"]["id"])
        assert answer.status_code == 204, answer.text
        return taken

    results = in_threads(6, work)
    taken = [query for result in results if isinstance(result, list) for query in result]
    assert [result for result in results if isinstance(result, Exception)] == []
    assert len(taken) == len(set(taken)) == 20


def bad_answers(got: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    good = painted(got)
    outside, left_out, unknown = good.copy(), good.copy(), good.copy()
    outside[good == 255] = 0
    left_out[np.unravel_index(np.flatnonzero(good != 255)[0], good.shape)] = 255
    unknown[np.unravel_index(np.flatnonzero(good != 255)[:2], good.shape)] = 3
    mixed = good.copy()
    mixed[np.unravel_index(np.flatnonzero(good != 255)[0], good.shape)] = 0
    return [
        (answer_body(outside), "outside the region are painted"),
        (answer_body(left_out), "1 of"),
        (answer_body(unknown), "[3] are no classes"),
        (answer_body(good[:-1]), "the region's box is"),
        (answer_body(np.zeros((300, 300), np.uint8)), "it is 300 x 300"),
        (answer_body(mixed, kind="dominant"), "this one has 2"),
        (answer_body(good, kind="guess"), "kind"),
        (answer_body(good, seconds_spent=-1), "seconds_spent"),
        (answer_body(good, seconds_spent=100_000), "seconds_spent"),
        (answer_body(good, num_clicks=-1), "num_clicks"),
        (answer_body(good, num_clicks=1.5), "num_clicks"),
        (answer_body(good, num_strokes=-1), "num_strokes"),
        (answer_body(good, num_keys=1_000_001), "num_keys"),
        (answer_body(good, extra=1), "extra"),
        ({**answer_body(good), "label_map_png": "not base64!"}, "base64"),
        ({**answer_body(good), "label_map_png": "aGVsbG8="}, "PNG"),
        ({"label_map_png": encode(good)}, "seconds_spent"),
    ]


def test_bad_answers_are_refused_with_what_was_found(site: Site) -> None:
    project = annotating(site, region_map=L_SHAPE)
    got = project.claim()
    before = count_rows(site.context.database)
    for body, found in bad_answers(got):
        answer = project.people[0].call("PUT", f"/assignments/{got['id']}/annotation", json=body)
        assert answer.status_code == 422, (found, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert found in answer.json()["detail"], answer.text
    assert count_rows(site.context.database) == before
    assert submit(project.people[0], got).status_code == 200


def test_palette_png_and_dominant_answers_are_taken(lite: Annotating) -> None:
    got = lite.claim()
    image = Image.fromarray(painted(got, 2), "P")
    image.putpalette([7, 8, 9] * 256)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    body = {
        **answer_body(painted(got)),
        "label_map_png": base64.b64encode(buffer.getvalue()).decode(),
        "kind": "dominant",
    }
    answer = lite.people[0].call("PUT", f"/assignments/{got['id']}/annotation", json=body)
    assert answer.status_code == 200
    kept = lite.people[0].get(f"/annotations/{answer.json()['annotation_id']}").json()
    assert np.array_equal(decode(kept["label_map_png"]), painted(got, 2))
    assert kept["kind"] == "dominant"


def test_an_audit_takes_exact_answers_alone(site: Site) -> None:
    project = annotating(site, num_queries=0)
    seed_round(site.context.database, project.seeded, num_queries=1, purposes=[QueryPurpose.AUDIT])
    got = project.claim()
    assert got["region_query"]["purpose"] == "audit"
    before = count_rows(site.context.database)
    body = {**answer_body(painted(got)), "kind": "dominant"}
    refused = project.people[0].call("PUT", f"/assignments/{got['id']}/annotation", json=body)
    assert refused.status_code == 422
    assert "its answers are exact" in refused.json()["detail"]
    assert count_rows(site.context.database) == before
    assert submit(project.people[0], got).status_code == 200


def test_lost_lease_is_409_and_the_work_is_kept(project: Annotating) -> None:
    got = project.claim()
    run_out(project.site.context.database, uuid.UUID(got["id"]))
    taken = project.claim(project.people[1])
    assert taken["region_query"]["id"] == got["region_query"]["id"]
    refused = submit(project.people[0], got, painted(got, 2))
    assert refused.status_code == 409
    draft = project.people[0].get(f"/assignments/{got['id']}/draft").json()
    assert draft["is_late_answer"] is True
    assert np.array_equal(decode(draft["label_map_png"]), painted(got, 2))
    assert project.people[0].post(f"/assignments/{got['id']}/renew").status_code == 409
    assert submit(project.people[1], taken).status_code == 200
    assert count_rows(project.site.context.database)["annotation"] == 1


def test_drafts_are_kept_and_checked(lite: Annotating) -> None:
    got, caller = lite.claim(), lite.people[0]
    path = f"/assignments/{got['id']}/draft"
    assert caller.get(path).status_code == 404
    unfinished = painted(got)
    unfinished[:5] = 255
    cost = {"num_clicks": 2, "num_strokes": 4, "num_keys": 6}
    saved = caller.call("PUT", path, json={"label_map_png": encode(unfinished), **cost})
    assert saved.status_code == 200
    assert cost.items() <= saved.json().items()
    assert cost.items() <= caller.get(path).json().items()
    assert np.array_equal(decode(caller.get(path).json()["label_map_png"]), unfinished)
    wrong_size = {"label_map_png": encode(unfinished[1:])}
    assert caller.call("PUT", path, json=wrong_size).status_code == 422
    assert submit(caller, got).status_code == 200
    assert caller.get(path).status_code == 404
    assert caller.call("PUT", path, json={"label_map_png": encode(unfinished)}).status_code == 409


def save_draft(caller: Caller, got: dict[str, Any], value: int = 1) -> None:
    body = {"label_map_png": encode(painted(got, value))}
    assert caller.call("PUT", f"/assignments/{got['id']}/draft", json=body).status_code == 200


def test_unfinished_work_is_listed_wherever_its_author_signs_in(any_site: Site) -> None:
    project = annotating(any_site, num_queries=6)
    caller, other = project.people
    untouched, painted_on, late, skipped, answered = (project.claim() for _ in range(5))
    for got in (painted_on, skipped, answered):
        save_draft(caller, got)
    run_out(project.site.context.database, uuid.UUID(late["id"]))
    project.claim(other)
    assert submit(caller, late).status_code == 409
    caller.post(f"/assignments/{skipped['id']}/skip")
    submit(caller, answered)

    listed = caller.get(f"{project.path}/drafts").json()["items"]

    assert [item["assignment_id"] for item in listed] == [late["id"], painted_on["id"]]
    assert [item["is_late_answer"] for item in listed] == [True, False]
    assert listed[1]["region_query_id"] == painted_on["region_query"]["id"]
    assert listed[1]["bbox"] == painted_on["region"]["bbox"]
    assert listed[1]["filename"] == painted_on["image"]["filename"]
    assert 0 <= listed[1]["age_seconds"] < 600
    assert other.get(f"{project.path}/drafts").json() == {"items": []}
    assert untouched["id"] not in str(listed)


def test_dropped_draft_is_gone_and_only_it(lite: Annotating) -> None:
    first, second, caller = lite.claim(), lite.claim(), lite.people[0]
    for got in (first, second):
        save_draft(caller, got)
    for _ in range(2):  # the second time there is nothing left to forget
        assert caller.call("DELETE", f"/assignments/{first['id']}/draft").status_code == 204
    listed = caller.get(f"{lite.path}/drafts").json()["items"]
    assert [item["assignment_id"] for item in listed] == [second["id"]]


def test_renew_skip_and_give_back(lite: Annotating) -> None:
    caller = lite.people[0]
    first, second = lite.claim(), lite.claim()
    renewed = caller.post(f"/assignments/{first['id']}/renew").json()
    assert renewed["lease_expires_at"] > first["lease_expires_at"]
    assert caller.post(f"/assignments/{first['id']}/skip", {"reason": "blurred"}).status_code == 204
    assert caller.call("DELETE", f"/assignments/{second['id']}").status_code == 204
    assert lite.claim()["region_query"]["id"] == second["region_query"]["id"]
    other = lite.claim(lite.people[1])
    assert other["region_query"]["id"] == first["region_query"]["id"]
    assert lite.people[1].post(f"/assignments/{other['id']}/skip").status_code == 204
    path = f"{lite.path}/skipped_queries"
    assert caller.get(path).status_code == 403
    (item,) = lite.owner.get(path).json()["items"]
    assert [skip["reason"] for skip in item["skips"]] == ["blurred", ""]
    assert lite.owner.get(f"{lite.path}/queue").json()["remaining"] == 3
    assert caller.post(f"/region_queries/{item['id']}/offer_again").status_code == 403
    assert lite.owner.post(f"/region_queries/{item['id']}/offer_again").status_code == 204
    assert lite.claim(lite.owner)["region_query"]["id"] == first["region_query"]["id"]


def test_reloaded_page_finds_what_it_holds(lite: Annotating) -> None:
    first, second = lite.claim(), lite.claim()
    lite.claim(lite.people[1])
    held = lite.people[0].get(f"{lite.path}/assignments").json()["items"]
    assert [item["id"] for item in held] == [first["id"], second["id"]]
    assert lite.people[0].get(f"/assignments/{first['id']}").json()["region"] == first["region"]


def test_somebody_elses_region_is_403_to_members_and_404_to_strangers(lite: Annotating) -> None:
    got = lite.claim()
    stranger = lite.site.user()
    before = count_rows(lite.site.context.database)
    calls = [
        ("PUT", "/annotation", answer_body(painted(got))),
        ("PUT", "/draft", {"label_map_png": encode(painted(got))}),
        ("GET", "/draft", None),
        ("DELETE", "/draft", None),
        ("GET", "", None),
        ("POST", "/renew", None),
        ("POST", "/skip", {"reason": ""}),
        ("DELETE", "", None),
    ]
    for method, path, body in calls:
        for caller, status in ((lite.people[1], 403), (lite.owner, 403), (stranger, 404)):
            answer = caller.call(method, f"/assignments/{got['id']}{path}", json=body)
            assert answer.status_code == status, (method, path, answer.text)
        unknown = stranger.call(method, f"/assignments/{uuid.uuid4()}{path}", json=body)
        assert unknown.status_code == 404
    assert count_rows(lite.site.context.database) == before


def test_viewers_and_strangers_get_no_region(lite: Annotating) -> None:
    viewer = lite.site.user()
    added = lite.owner.call("PUT", f"{lite.path}/members/{viewer.id}", json={"role": "viewer"})
    assert added.status_code == 200
    stranger = lite.site.user()
    before = count_rows(lite.site.context.database)
    assert viewer.post(f"{lite.path}/assignments").status_code == 403
    assert viewer.get(f"{lite.path}/queue").status_code == 200
    assert stranger.post(f"{lite.path}/assignments").status_code == 404
    assert stranger.get(f"{lite.path}/queue").status_code == 404
    assert count_rows(lite.site.context.database) == before


def test_annotations_are_listed_page_by_page_and_cost_is_for_owners(lite: Annotating) -> None:
    mine = submit(lite.people[0], lite.claim()).json()["annotation_id"]
    theirs = submit(lite.people[1], lite.claim(lite.people[1])).json()["annotation_id"]
    first = lite.owner.get(f"{lite.path}/annotations?limit=1").json()
    assert [item["id"] for item in first["items"]] == [mine]
    second = lite.owner.get(f"{lite.path}/annotations?limit=1&cursor={first['next_cursor']}").json()
    assert [item["id"] for item in second["items"]] == [theirs]
    assert second["next_cursor"] is None
    viewer = lite.site.user()
    lite.owner.call("PUT", f"{lite.path}/members/{viewer.id}", json={"role": "viewer"})
    nothing = (None, None, None)
    for caller, cost_of in (
        (lite.people[0], {mine: (3, 0, 0)}),
        (viewer, {mine: nothing, theirs: nothing}),
        (lite.owner, {mine: (3, 0, 0), theirs: (3, 0, 0)}),
    ):
        seen = {
            item["id"]: (item["num_clicks"], item["num_strokes"], item["num_keys"])
            for item in caller.get(f"{lite.path}/annotations").json()["items"]
        }
        assert seen == cost_of
    assert lite.people[0].get(f"/annotations/{theirs}").status_code == 404
    for query, expected in (
        (f"user={lite.people[1].id}", [theirs]),
        ("round=0", [mine, theirs]),
        (f"round={lite.seeded.round_id}", [mine, theirs]),
        ("round=7", []),
        ("state=accepted", []),
        ("state=submitted", [mine, theirs]),
    ):
        items = lite.owner.get(f"{lite.path}/annotations?{query}").json()["items"]
        assert [item["id"] for item in items] == expected, query
    for bad in ("state=nonsense", "round=x", "cursor=x", "limit=0", "limit=201"):
        assert lite.owner.get(f"{lite.path}/annotations?{bad}").status_code == 422
    assert lite.site.user().get(f"/annotations/{mine}").status_code == 404
    assert lite.owner.get(f"/annotations/{uuid.uuid4()}").status_code == 404


def test_deleted_project_gives_no_region_and_takes_no_answer(lite: Annotating) -> None:
    got = lite.claim()
    with lite.site.context.database.transaction() as session:
        project = session.get(Project, lite.seeded.project_id)
        query = session.get(RegionQuery, uuid.UUID(got["region_query"]["id"]))
        assert project is not None
        assert query is not None
        project.deleted_at = query.created_at
    assert lite.people[0].post(f"{lite.path}/assignments").status_code == 404
    assert submit(lite.people[0], got).status_code == 404
    with lite.site.context.database.reading() as session:
        assert session.query(Annotation).count() == 0
