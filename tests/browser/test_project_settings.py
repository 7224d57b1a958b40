"""A project after it was made: renamed, recoloured, extended, deleted and brought back, on the page."""

import re

import pytest
from playwright.sync_api import Page, expect

from segloop_client.errors import ApiError
from tests.browser.conftest import Site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_owner_changes_a_project_deletes_it_and_undoes_that(page: Page, site: Site) -> None:
    classes = [{"name": "road", "color": "#ff0000"}, {"name": "sky", "color": "#0000ff"}]
    project = site.client.create_project("before", classes, {"kind": "grid"})
    sign_in(page, site, f"/projects/{project['id']}")

    page.get_by_test_id("project-settings").click()
    page.get_by_test_id("project-name").fill("after")
    page.get_by_test_id("new-class-0").fill("street")
    page.get_by_label("Colour of class 2").fill("#00ff00")
    page.get_by_role("button", name="Add a class").click()
    page.get_by_test_id("new-class-2").fill("pole")
    page.get_by_test_id("project-guide").fill("Poles are **thin**.")
    page.get_by_test_id("save-project").click()
    expect(page.get_by_test_id("project-form")).to_be_hidden()
    expect(page.get_by_role("heading", name="after")).to_be_visible()

    changed = site.client.find_project(project["id"])
    assert (changed["name"], changed["guide_markdown"]) == ("after", "Poles are **thin**.")
    found = [(item["index"], item["name"], item["color"]) for item in changed["label_classes"]]
    assert found[:2] == [(0, "street", "#ff0000"), (1, "sky", "#00ff00")]
    assert found[2][:2] == (2, "pole")

    page.get_by_test_id("project-settings").click()
    page.get_by_test_id("delete-project").click()
    expect(page).to_have_url(re.compile("/$"))
    with pytest.raises(ApiError, match="404"):
        site.client.json("GET", f"/projects/{project['id']}")
    page.get_by_test_id("toast-action").click()
    expect(page.locator(f"a[href='/projects/{project['id']}']")).to_be_visible()
    assert site.client.find_project(project["id"])["name"] == "after"

    site.client.request("DELETE", f"/projects/{project['id']}")
    page.reload()
    page.get_by_test_id("deleted-projects").locator("summary").click()
    page.get_by_test_id("deleted-projects").get_by_role("listitem").filter(has_text="after").get_by_role(
        "button"
    ).click()
    expect(page.locator(f"a[href='/projects/{project['id']}']")).to_be_visible()


def test_only_who_may_export_is_offered_an_export(page: Page, site: Site, project_id: str) -> None:
    sign_in(page, site, f"/projects/{project_id}")
    expect(page.get_by_test_id("export")).to_be_visible()

    user = site.client.json("POST", "/users", json={"username": "anno", "password": "a long enough one"})
    site.client.json("PUT", f"/projects/{project_id}/members/{user['id']}", json={"role": "annotator"})
    page.context.clear_cookies()
    page.goto(f"{site.url}/projects/{project_id}")
    page.get_by_label("Username").fill("anno")
    page.get_by_label("Password").fill("a long enough one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Learning curve")).to_be_visible()
    expect(page.get_by_test_id("export")).to_have_count(0)
    expect(page.get_by_test_id("project-settings")).to_have_count(0)
