"""Projects, their classes and members: shapes, roles, limits, and what can be undone."""

import json
import uuid
from pathlib import Path

import pytest

from segloop import acquisitions
from segloop.settings import Method, PartitionKind
from segloop_server.paging import encode_cursor
from segloop_store.models import Partition
from tests.support.site import CLASSES, Site, png

ROLES = ("viewer", "annotator", "reviewer", "owner")


def test_project_is_shown_as_it_was_made(any_site: Site) -> None:
    made = any_site.admin.post(
        "/projects",
        {
            "name": "streets",
            "label_classes": [{"name": "road", "color": "#A0B0C0", "description": "drivable"}],
            "partition": {"kind": "superpixel", "size_px": 20},
            "guide_markdown": "# Guide",
        },
    )
    assert made.status_code == 201
    project = made.json()
    assert project["label_classes"] == [
        {
            "index": 0,
            "name": "road",
            "color": "#a0b0c0",
            "description": "drivable",
            "example": "",
            "merged_into": None,
        }
    ]
    assert project["partition"] == {"kind": "superpixel", "size_px": 20}
    assert project["role"] == "owner"
    assert project["num_images"] == {"pool": 0, "validation": 0, "test": 0}
    assert project["created_at"].endswith("Z")
    assert project["deleted_at"] is None
    assert any_site.admin.get(f"/projects/{project['id']}").json() == project
    assert any_site.admin.get("/projects").json()["items"] == [project]


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"name": "a\x00b"},
        {"label_classes": []},
        {"label_classes": [{"name": "a", "color": "red"}]},
        {"label_classes": [{"name": "a", "color": "#112233"}, {"name": "a", "color": "#112233"}]},
        {"label_classes": [{"name": str(n), "color": "#112233"} for n in range(255)]},
        {"partition": {"kind": "hexagon"}},
        {"partition": {"kind": "grid", "size_px": 0}},
        {"partition": {"kind": "grid", "size_px": -3}},
        {"partition": {"kind": "grid", "size_px": 1.5}},
        {"colour": "red"},
    ],
)
def test_impossible_projects_are_refused(site: Site, change: dict[str, object]) -> None:
    body = {"name": "streets", "label_classes": CLASSES, "partition": {"kind": "grid"}, **change}
    answer = site.admin.post("/projects", body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]
    assert site.admin.get("/projects").json()["items"] == []


def test_text_no_database_can_keep_is_refused(site: Site) -> None:
    body = json.dumps(
        {"name": "\ud800", "label_classes": CLASSES, "partition": {"kind": "grid"}}, ensure_ascii=True
    )
    headers = {"Content-Type": "application/json"}
    assert site.admin.call("POST", "/projects", content=body, headers=headers).status_code == 422


def test_projects_are_hidden_from_strangers_and_listed_to_members(site: Site) -> None:
    anna, bert = site.user(), site.user()
    project_id = site.project(anna)
    for method, path in (
        ("GET", f"/projects/{project_id}"),
        ("PATCH", f"/projects/{project_id}"),
        ("DELETE", f"/projects/{project_id}"),
        ("GET", f"/projects/{project_id}/images"),
        ("GET", f"/projects/{project_id}/members"),
        ("GET", f"/projects/{project_id}/jobs"),
        ("GET", f"/projects/{project_id}/exports"),
    ):
        body: dict[str, str] | None = {} if method == "PATCH" else None
        assert bert.call(method, path, json=body).status_code == 404
        assert site.client.request(method, f"/api/v1{path}", json=body).status_code == 401
    assert bert.get("/projects").json()["items"] == []
    assert [item["id"] for item in anna.get("/projects").json()["items"]] == [project_id]
    assert [item["id"] for item in site.admin.get("/projects").json()["items"]] == [project_id]


@pytest.mark.parametrize("path", ["nonsense", str(uuid.UUID(int=7)), "%00"])
def test_unknown_ids_are_not_found(site: Site, path: str) -> None:
    for kind in ("projects", "images", "jobs", "exports"):
        answer = site.admin.get(f"/{kind}/{path}")
        assert answer.status_code == 404
        assert answer.json()["status"] == 404


def test_only_owners_change_a_project(site: Site) -> None:
    project_id = site.project()
    for role in ROLES:
        member = site.member(project_id, role)
        expected = 200 if role == "owner" else 403
        assert member.get(f"/projects/{project_id}").json()["role"] == role
        assert member.patch(f"/projects/{project_id}", {"name": role}).status_code == expected
        assert member.upload(project_id, {}).status_code == (422 if role == "owner" else 403)
        assert member.get(f"/projects/{project_id}/images").status_code == 200
    assert site.admin.get(f"/projects/{project_id}").json()["name"] == "owner"


def test_classes_are_renamed_recoloured_and_appended_but_keep_their_index(any_site: Site) -> None:
    project_id = any_site.project()
    answer = any_site.admin.patch(
        f"/projects/{project_id}",
        {
            "label_classes": [
                {"index": 1, "name": "vehicle"},
                {"name": "road", "color": "#ffffff"},
                {"name": "sky", "color": "#0000ff"},
            ]
        },
    )
    classes = [(item["index"], item["name"], item["color"]) for item in answer.json()["label_classes"]]
    assert classes == [(0, "road", "#ffffff"), (1, "vehicle", "#445566"), (2, "sky", "#0000ff")]
    again = any_site.admin.patch(f"/projects/{project_id}", {"label_classes": answer.json()["label_classes"]})
    assert again.json() == answer.json()


@pytest.mark.parametrize(
    "classes",
    [
        [{"index": 7, "name": "x"}],
        [{"name": "x"}],
        [{"index": 0, "name": "car"}],
        [{"name": "x", "color": "#112233"}, {"name": "x", "color": "#112233"}],
        [{"index": 0, "color": "blue"}],
    ],
)
def test_impossible_class_changes_change_nothing(site: Site, classes: list[dict[str, object]]) -> None:
    project_id = site.project()
    before = site.admin.get(f"/projects/{project_id}").json()
    answer = site.admin.patch(f"/projects/{project_id}", {"name": "new", "label_classes": classes})
    assert answer.status_code == 422
    assert site.admin.get(f"/projects/{project_id}").json() == before


def test_project_has_at_most_254_classes(site: Site) -> None:
    classes = [{"name": str(n), "color": "#112233"} for n in range(254)]
    project_id = site.project(label_classes=classes)
    more = {"label_classes": [{"name": "one too many", "color": "#112233"}]}
    assert site.admin.patch(f"/projects/{project_id}", more).status_code == 409
    assert len(site.admin.get(f"/projects/{project_id}").json()["label_classes"]) == 254


def test_deleted_project_is_gone_and_comes_back_whole(site: Site) -> None:
    anna = site.user()
    project_id = site.project(anna)
    anna.upload(project_id, {"a.png": png()})
    before = anna.get(f"/projects/{project_id}").json()
    assert anna.call("DELETE", f"/projects/{project_id}").status_code == 204
    assert anna.call("DELETE", f"/projects/{project_id}").status_code == 204
    assert anna.get(f"/projects/{project_id}").status_code == 404
    assert anna.get("/projects").json()["items"] == []
    assert anna.patch(f"/projects/{project_id}", {"name": "x"}).status_code == 404
    deleted = anna.get("/projects?deleted=true").json()["items"]
    assert [(item["id"], item["deleted_at"] is not None) for item in deleted] == [(project_id, True)]
    assert anna.patch(f"/projects/{project_id}", {"deleted": False}).json() == before
    anna.call("DELETE", f"/projects/{project_id}")
    assert anna.post(f"/projects/{project_id}/restore").json() == before


def test_partition_is_fixed_once_an_image_is_cut(site: Site) -> None:
    project_id = site.project()
    kind = {"partition": {"kind": "superpixel"}}
    assert site.admin.patch(f"/projects/{project_id}", kind).json()["partition"] == {
        "kind": "superpixel",
        "size_px": None,
    }
    other = {"partition": {"kind": "grid"}}
    uploaded = site.admin.upload(project_id, {"a.png": png()}).json()
    refused = site.admin.patch(f"/projects/{project_id}", other)
    assert (refused.status_code, "being cut" in refused.json()["detail"]) == (409, True)
    assert site.admin.post(f"/jobs/{uploaded['job_id']}/cancel").status_code == 200
    renamed = site.admin.patch(f"/projects/{project_id}", {**other, "name": "b"}).json()
    assert (renamed["name"], renamed["partition"]["kind"]) == ("b", "grid")
    assert site.admin.patch(f"/projects/{project_id}", kind).status_code == 200
    with site.context.database.transaction() as session:
        session.add(
            Partition(
                image_id=uuid.UUID(uploaded["created"][0]["id"]),
                kind=PartitionKind.SUPERPIXEL,
                size_px=2,
                num_regions=1,
                region_map_key="a",
                segments_key="b",
            )
        )
    assert site.admin.patch(f"/projects/{project_id}", kind).status_code == 200
    assert site.admin.patch(f"/projects/{project_id}", other).status_code == 409
    assert site.admin.get(f"/projects/{project_id}").json()["partition"]["kind"] == "superpixel"


def test_regions_may_not_outnumber_a_region_map(site: Site) -> None:
    project_id = site.project(partition={"kind": "grid", "size_px": 2})
    big = png(height=400, width=660)
    answer = site.admin.upload(project_id, {"big.png": big, "small.png": png()}).json()
    assert [item["filename"] for item in answer["created"]] == ["small.png"]
    assert "66000 regions" in answer["rejected"][0]["reason"]
    other = site.project()
    job_id = site.admin.upload(other, {"big.png": big}).json()["job_id"]
    site.admin.post(f"/jobs/{job_id}/cancel")
    size = {"partition": {"kind": "grid", "size_px": 2}}
    assert site.admin.patch(f"/projects/{other}", size).status_code == 422
    assert (
        site.admin.patch(f"/projects/{other}", {"partition": {"kind": "grid", "size_px": 3}}).status_code
        == 200
    )


def test_only_a_project_that_has_a_simulated_annotator_can_switch_it(site: Site) -> None:
    project_id, demo_id = site.project(), site.project(simulated_annotator="off")
    switch = {"simulated_annotator": "on"}
    assert site.admin.patch(f"/projects/{project_id}", switch).status_code == 409
    assert site.admin.patch(f"/projects/{demo_id}", switch).json()["simulated_annotator"] == "on"


def test_members_are_set_changed_and_removed_by_owners(any_site: Site) -> None:
    site = any_site
    anna, bert = site.user(), site.user()
    project_id = site.project(anna)
    path = f"/projects/{project_id}/members/{bert.id}"
    assert anna.call("PUT", path, json={"role": "king"}).status_code == 422
    assert anna.call("PUT", path, json={"role": "annotator"}).json()["role"] == "annotator"
    assert bert.call("PUT", path, json={"role": "owner"}).status_code == 403
    members = {
        item["user_id"]: item["role"] for item in anna.get(f"/projects/{project_id}/members").json()["items"]
    }
    assert members == {anna.id: "owner", bert.id: "annotator"}
    assert anna.call("DELETE", path).status_code == 204
    assert bert.get(f"/projects/{project_id}").status_code == 404
    assert anna.call("DELETE", path).status_code == 404
    nobody = f"/projects/{project_id}/members/{uuid.uuid4()}"
    assert anna.call("PUT", nobody, json={"role": "viewer"}).status_code == 404


def test_last_owner_stays_owner(site: Site) -> None:
    anna = site.user()
    project_id = site.project(anna)
    path = f"/projects/{project_id}/members/{anna.id}"
    assert anna.call("PUT", path, json={"role": "viewer"}).status_code == 409
    assert anna.call("DELETE", path).status_code == 409
    assert anna.get(f"/projects/{project_id}").json()["role"] == "owner"


def test_lists_page_through_everything_once(site: Site) -> None:
    ids = [site.project() for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = site.admin.get(
            "/projects", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
        ).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=nonsense", "cursor=WyJ4Il0"])
def test_impossible_pages_are_refused(site: Site, query: str) -> None:
    assert site.admin.get(f"/projects?{query}").status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        f"annotations?round={10**20}",
        "annotations?round=-1",
        f"rounds?cursor={encode_cursor(10**30)}",
        f"model_versions?cursor={encode_cursor(-(10**30))}",
        f"events?cursor={encode_cursor(2**63)}",
        f"events/stream?after={2**63}",
    ],
)
def test_numbers_no_database_can_compare_are_refused(site: Site, path: str) -> None:
    project_id = site.project()
    answer = site.admin.get(f"/projects/{project_id}/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_methods_describe_every_setting(site: Site) -> None:
    methods = site.admin.get("/methods").json()
    assert [item["name"] for item in methods["methods"]] == list(Method)
    assert all(item["help"] for item in [*methods["methods"], *methods["acquisitions"]])
    folder = Path(acquisitions.__path__[0])
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert {item["name"] for item in methods["acquisitions"]} == files
    defaults = {item["name"]: item["defaults"] for item in methods["methods"]}
    assert defaults["segloop"]["acquisition"] == "bvsb"
    assert defaults["s4al_plus"]["reco_negatives"] == "per_anchor"
    assert methods["default_method"] == "segloop"
    steps = next(item for item in methods["settings"] if item["name"] == "image_steps")
    assert (steps["default"], steps["low"]) == (1500, 1)
    assert site.client.get("/api/v1/methods").status_code == 401
