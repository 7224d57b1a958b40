"""The app as a whole: health, metrics, the page, the docs, errors that tell nothing, and a light start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from segloop_server import openapi
from segloop_store import workers
from segloop_store.states import Queue
from tests.support.site import Site, open_site, site_settings


def test_alive_is_not_ready_without_workers(any_site: Site) -> None:
    site = any_site
    assert site.client.get("/healthz").status_code == 200
    unready = site.client.get("/readyz")
    assert unready.status_code == 503
    assert "light" in unready.json()["detail"]
    workers.beat(site.context.database, "one", queues=[Queue.LIGHT])
    ready = site.client.get("/readyz")
    assert (ready.status_code, ready.json()["missing"]) == (200, ["no worker is alive for the torch queue"])
    workers.beat(site.context.database, "two", queues=[Queue.TORCH])
    ready = site.client.get("/readyz")
    assert (ready.status_code, ready.json()["missing"]) == (200, [])


def test_database_that_is_away_leaves_the_server_alive_and_says_so(tmp_path: Path) -> None:
    settings = site_settings(tmp_path, database_url="postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    site = open_site(settings)
    with site.client:
        assert site.client.get("/healthz").status_code == 200
        unready = site.client.get("/readyz")
        assert (unready.status_code, "database" in unready.json()["detail"]) == (503, True)
        assert site.admin.get("/me").status_code == 503
        assert site.client.get("/metrics").status_code == 200


def test_metrics_count_requests_by_route(site: Site) -> None:
    project_id = site.project()
    site.admin.get(f"/projects/{project_id}")
    text = site.client.get("/metrics").text
    assert project_id not in text
    assert 'method="GET",route="/projects/{project_id}",status="200"} 1.0' in text
    assert 'segloop_workers{queue="torch"} 0.0' in text


def test_unknown_errors_tell_nothing_but_the_request_id(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: str) -> bytes:
        raise RuntimeError("the secret is zebra")

    site.context.metrics.text = fail.__get__("")  # type: ignore[method-assign]
    answer = site.client.get("/metrics")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "zebra" not in answer.text
    assert answer.headers["x-request-id"] in answer.json()["detail"]
    assert answer.headers["x-request-id"] in capsys.readouterr().out


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1", "/api/v2/projects", "/api/v1/projects/x/y/z"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_unknown_api_paths_are_problems_and_no_page(site: Site, path: str, method: str) -> None:
    answer = site.client.request(method, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_wrong_method_is_a_problem(site: Site) -> None:
    answer = site.client.put("/api/v1/me")
    assert (answer.status_code, answer.json()["status"], answer.headers["allow"]) == (405, 405, "GET")
    answer = site.client.get("/api/v1/auth/login")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.fixture
def built_site(sqlite_url: str, tmp_path: Path) -> Site:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<html>the page</html>")
    (static / "favicon.svg").write_text("<svg/>")
    (static / "assets" / "index-abc.js").write_text("1")
    (tmp_path / "outside.txt").write_text("a secret")
    return open_site(site_settings(tmp_path, database_url=sqlite_url, static_dir=static))


def test_page_is_served_for_every_route_of_its_own(built_site: Site) -> None:
    for path in ("/", "/login?token=x", "/projects/1/annotate", "/projects"):
        answer = built_site.client.get(path)
        assert (answer.status_code, "the page" in answer.text) == (200, True)
        assert answer.headers["cache-control"] == "no-cache"
        assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_assets_are_kept_for_good_and_missing_ones_are_missing(built_site: Site) -> None:
    asset = built_site.client.get("/assets/index-abc.js")
    assert "immutable" in asset.headers["cache-control"]
    assert asset.headers["content-type"].startswith("text/javascript")
    assert built_site.client.get("/favicon.svg").headers["cache-control"] == "no-cache"
    assert built_site.client.get("/assets/index-old.js").status_code == 404
    assert built_site.client.get("/robots.txt").status_code == 404


@pytest.mark.parametrize(
    "path", ["/../outside.txt", "/%2e%2e/outside.txt", "/assets/..%2f..%2foutside.txt", "/%00"]
)
def test_nothing_outside_the_page_is_served(built_site: Site, path: str) -> None:
    answer = built_site.client.get(path)
    assert "a secret" not in answer.text
    assert answer.status_code in {200, 404}


def test_page_that_is_not_built_says_so(sqlite_url: str, tmp_path: Path) -> None:
    site = open_site(site_settings(tmp_path, database_url=sqlite_url, static_dir=tmp_path / "none"))
    assert "not built" in site.client.get("/").text


def test_docs_need_nothing_from_another_host(site: Site) -> None:
    page = site.client.get("/docs").text
    assert "/api/v1/projects/{project_id}/images" in page
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page


def test_description_is_complete_and_always_the_same(tmp_path: Path) -> None:
    text = openapi.description()
    assert text == openapi.description()
    operations = [
        operation["operationId"]
        for methods in json.loads(text)["paths"].values()
        for operation in methods.values()
    ]
    assert len(operations) == len(set(operations))
    assert "HTTPValidationError" not in text
    assert "application/problem+json" in text
    path = tmp_path / "openapi.json"
    assert openapi.main(["--check", str(path)]) == 1
    assert openapi.main([str(path)]) == 0
    assert openapi.main(["--check", str(path)]) == 0
    assert openapi.main([]) == 2


def test_server_starts_without_the_heavy_libraries() -> None:
    code = (
        "import sys; import segloop_server.app; "
        "print([n for n in ('torch', 'skimage', 'scipy', 'matplotlib', 'pycocotools') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_quick_start_collects_garbage_once_it_serves(tmp_path: Path) -> None:
    code = (
        "import gc; from segloop_server.quick_start import create_app; before = gc.isenabled(); "
        "app = create_app(); print(before, gc.isenabled(), gc.get_freeze_count() > 0, app.title)"
    )
    environment = {**os.environ, "SEGLOOP_DATA_DIR": str(tmp_path)}
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "False True True segloop\n"
