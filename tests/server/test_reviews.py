"""Reviews over HTTP: who may, what an author gets back, what a fix does, how well people agree."""

from typing import Any

import numpy as np
import pytest
from httpx2 import Response

from segloop.label_maps import decode_index_png
from segloop.settings import QueryPurpose
from segloop_store.states import RoundState
from tests.core.test_agreement import iou_by_loop, kappa_by_loop
from tests.support.annotating import Annotating, annotating, answer_body, decode, painted, submit
from tests.support.seeding import count_rows, seed_model, seed_round
from tests.support.site import Caller, Site


@pytest.fixture
def project(any_site: Site) -> Annotating:
    """Two annotators, an owner, four regions; on both databases."""
    return annotating(any_site)


@pytest.fixture
def lite(site: Site) -> Annotating:
    return annotating(site)


def reviewer(project: Annotating) -> Caller:
    found = project.site.user()
    answer = project.owner.call("PUT", f"{project.path}/members/{found.id}", json={"role": "reviewer"})
    assert answer.status_code == 200
    return found


def answered(project: Annotating, caller: Caller | None = None) -> tuple[dict[str, Any], str]:
    """An assignment and the annotation it was answered by."""
    caller = caller or project.people[0]
    got = project.claim(caller)
    taken = submit(caller, got)
    assert taken.status_code == 200, taken.text
    return got, taken.json()["annotation_id"]


def review(caller: Caller, annotation_id: str, verdict: str, comment: str = "") -> Response:
    return caller.post(f"/annotations/{annotation_id}/review", {"verdict": verdict, "comment": comment})


def test_returned_answer_goes_back_with_comment_and_pixels_and_is_answered_again(project: Annotating) -> None:
    author = project.people[0]
    got, first = answered(project)
    told = review(project.owner, first, "returned", "  the kerb is road  ")
    assert told.status_code == 200
    assert (told.json()["state"], told.json()["reviews"][-1]["comment"]) == ("returned", "the kerb is road")
    seen = author.get(f"/annotations/{first}").json()
    assert [item["comment"] for item in seen["reviews"]] == ["the kerb is road"]

    back = project.claim()
    assert back["region_query"]["id"] == got["region_query"]["id"]
    assert back["id"] != got["id"]
    assert back["returned"]["annotation_id"] == first
    assert back["returned"]["comment"] == "the kerb is road"
    assert np.array_equal(decode(back["returned"]["label_map_png"]), painted(got))
    held = author.get(f"{project.path}/assignments").json()["items"]
    assert [item["returned"] is not None for item in held] == [True]
    assert author.get(f"/assignments/{back['id']}").json()["returned"] == back["returned"]

    again = submit(author, back, painted(back, 2)).json()
    assert again["version"] == 2
    assert submit(author, back, painted(back, 2)).json() == again
    assert review(project.owner, first, "accepted").status_code == 409
    assert review(project.owner, again["annotation_id"], "accepted").json()["state"] == "accepted"
    late = submit(author, back, painted(back, 0))
    assert late.status_code == 409
    assert "reviewed" in late.json()["detail"]
    counts = project.owner.get(f"{project.path}/annotation_counts").json()
    assert {state: count for state, count in counts.items() if count} == {"superseded": 1, "accepted": 1}


def test_fix_is_checked_and_wins_until_it_is_undone(project: Annotating) -> None:
    got, first = answered(project)
    image = f"/images/{got['image']['id']}/label_map"
    x, y, width, height = got["region"]["bbox"]
    before = count_rows(project.site.context.database)
    outside = np.full((height, width), 7, np.uint8)
    path = f"/annotations/{first}/fix"
    assert project.owner.post(path, answer_body(outside)).status_code == 422
    assert count_rows(project.site.context.database) == before

    fixed = project.owner.post(path, answer_body(painted(got, 2)))
    assert fixed.status_code == 201
    assert project.owner.post(path, answer_body(painted(got, 2))).json() == fixed.json()
    assert project.owner.post(path, answer_body(painted(got, 0))).status_code == 409
    known = decode_index_png(project.owner.get(image).content)[y : y + height, x : x + width]
    assert set(np.unique(known)) == {2}
    shown = project.owner.get(f"/annotations/{fixed.json()['annotation_id']}").json()
    assert (shown["fixes_annotation_id"], shown["state"]) == (first, "accepted")
    seen_by_author = project.people[0].get(f"/annotations/{first}").json()
    assert (seen_by_author["state"], len(seen_by_author["history"])) == ("fixed", 2)

    undone = project.owner.call("DELETE", f"/annotations/{shown['id']}/review")
    assert (undone.status_code, undone.json()["state"]) == (200, "undone")
    known = decode_index_png(project.owner.get(image).content)[y : y + height, x : x + width]
    assert set(np.unique(known)) == {1}


def test_reviewer_sees_what_the_author_saw_and_what_the_model_says_now(site: Site) -> None:
    project = annotating(site, num_queries=0)
    seeded, database, blobs = project.seeded, site.context.database, site.context.blobs
    first_round = seed_round(database, seeded, num_queries=0, state=RoundState.CLOSED)
    then = seed_model(database, blobs, seeded, first_round)
    second_round = seed_round(database, seeded, num_queries=2, number=1, model_version_id=then)
    now = seed_model(database, blobs, seeded, second_round, number=1, seed=1)
    got, annotation_id = answered(project)
    shown = project.owner.get(f"/annotations/{annotation_id}").json()
    assert shown["prediction_png"] == got["prediction_png"]
    assert (shown["model_version_id"], shown["model_version_now_id"]) == (str(then), str(now))
    assert shown["prediction_now_png"] is not None
    assert shown["region"] == got["region"]
    assert (shown["crop_url"], shown["image"]) == (got["crop_url"], got["image"])
    assert [item["id"] for item in shown["history"]] == [annotation_id]
    assert np.array_equal(decode(shown["history"][0]["label_map_png"]), painted(got))


def test_who_may_review_and_a_refusal_changes_nothing(lite: Annotating) -> None:
    judge, second = reviewer(lite), reviewer(lite)
    viewer, stranger = lite.site.user(), lite.site.user()
    lite.owner.call("PUT", f"{lite.path}/members/{viewer.id}", json={"role": "viewer"})
    _, theirs = answered(lite)
    got, own = answered(lite, judge)
    fix_body = answer_body(painted(got, 2))
    before = count_rows(lite.site.context.database)
    for caller, annotation_id, expected in (
        (lite.people[0], theirs, 403),
        (lite.people[1], theirs, 404),
        (viewer, theirs, 403),
        (stranger, theirs, 404),
        (judge, own, 403),
    ):
        assert review(caller, annotation_id, "accepted").status_code == expected
        assert caller.post(f"/annotations/{annotation_id}/fix", fix_body).status_code == expected
    for caller, expected in ((lite.people[0], 403), (viewer, 403), (stranger, 404)):
        assert caller.call("DELETE", f"/annotations/{theirs}/review").status_code == expected
        assert caller.get(f"{lite.path}/agreement").status_code == expected
    assert review(judge, theirs, "undone").status_code == 422
    assert (
        judge.post(f"/annotations/{theirs}/review", {"verdict": "accepted", "mood": "good"}).status_code
        == 422
    )
    assert count_rows(lite.site.context.database) == before

    assert review(judge, theirs, "accepted").status_code == 200
    assert review(judge, theirs, "accepted").status_code == 200
    assert review(second, theirs, "accepted").status_code == 409
    assert second.call("DELETE", f"/annotations/{theirs}/review").status_code == 403
    assert lite.owner.call("DELETE", f"/annotations/{theirs}/review").json()["state"] == "submitted"
    assert viewer.get(f"/annotations/{theirs}").status_code == 200
    assert lite.people[1].get(f"/annotations/{theirs}").status_code == 404


def test_only_reviewer_there_is_may_review_their_own(lite: Annotating) -> None:
    _, own = answered(lite, lite.owner)
    assert review(lite.owner, own, "accepted").status_code == 200
    lite.owner.call("DELETE", f"/annotations/{own}/review")
    reviewer(lite)
    refused = review(lite.owner, own, "accepted")
    assert refused.status_code == 403
    assert "own answer" in refused.json()["detail"]


def test_agreement_is_that_of_a_plain_loop_over_the_pixels(project: Annotating) -> None:
    seeded, database = project.seeded, project.site.context.database
    both = (QueryPurpose.SELECTED, QueryPurpose.AGREEMENT)
    seed_round(database, seeded, num_queries=3, number=1, purposes=both)
    project.owner.post(f"/rounds/{_first_round(project)}/close")
    rng = np.random.default_rng(4)
    said: dict[str, dict[str, list[int]]] = {}
    for caller in project.people:
        for _ in range(3):
            got = project.claim(caller)
            mask = painted(got) != 255
            answer = painted(got)
            answer[mask] = rng.choice([0, 1, 254], int(mask.sum()))
            assert submit(caller, got, answer).status_code == 200
            key = f"{got['image']['id']} {got['region']['index']}"
            said.setdefault(key, {})[caller.id] = answer[mask].tolist()
    ann, ben = (caller.id for caller in project.people)
    pairs = [pair for answers in said.values() for pair in zip(answers[ann], answers[ben], strict=True)]

    found = project.owner.get(f"{project.path}/agreement").json()

    assert (found["num_regions"], found["num_pixels"], found["num_waiting"]) == (3, len(pairs), 0)
    assert found["kappa"] == pytest.approx(kappa_by_loop(pairs))
    assert found["iou_per_class"] == pytest.approx([iou_by_loop(pairs, label) for label in range(3)])
    assert found["void_iou"] == pytest.approx(iou_by_loop(pairs, 254))
    assert {item["user_id"] for item in found["annotators"]} == {ann, ben}
    assert [item["kappa"] for item in found["annotators"]] == pytest.approx([found["kappa"]] * 2)
    shares = [item["pixel_agreement"] for item in found["regions"]]
    assert shares == sorted(shares)
    assert project.owner.get(f"{project.path}/agreement?round=0").json()["num_regions"] == 0

    paged, cursor = [], ""
    for rest in (2, 1, 0):
        page = project.owner.get(f"{project.path}/agreement?limit=1{cursor}").json()
        assert (page["num_regions"], page["kappa"]) == (3, found["kappa"])
        assert (page["next_cursor"] is None) == (rest == 0)
        paged += page["regions"]
        cursor = f"&cursor={page['next_cursor']}"
    assert paged == found["regions"]
    assert project.owner.get(f"{project.path}/agreement?cursor=abc").status_code == 422

    round_ = project.owner.get(f"{project.path}/rounds").json()["items"][1]
    assert (round_["num_queries"], round_["annotated_regions"]) == (3, 3), "regions, not askings"
    listed = project.owner.get(f"{project.path}/annotations?purpose=agreement").json()["items"]
    assert len(listed) == 3
    known = project.owner.get(f"{project.path}/learning_curve").json()["items"]
    assert known[-1]["annotated_regions"] == 0, "nothing was trained on yet"


def _first_round(project: Annotating) -> str:
    return str(project.owner.get(f"{project.path}/rounds").json()["items"][0]["id"])
