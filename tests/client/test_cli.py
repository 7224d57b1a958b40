"""The `segloop` command against a real server: import, rounds, a simulated annotator, export, models."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segloop.scenes import main as write_scenes
from segloop_client.api import Client
from segloop_client.cli import build_app
from segloop_client.errors import ClientError
from tests.support.served import served

pytestmark = pytest.mark.slow

SETTINGS = {
    "image_height_px": 48,
    "image_width_px": 64,
    "image_steps": 40,
    "encoder_weights": "random",
    "score_scales": [1.0],
    "cutout_px": 8,
    "num_threads": 1,
}


@pytest.fixture(name="folder")
def make_folder(tmp_path: Path) -> Path:
    """A small data set in the layout `import` reads."""
    folder = tmp_path / "streets"
    write_scenes([str(folder), "--num", "10", "--seed", "4", "--height", "96", "--width", "128"])
    return folder


def test_the_loop_runs_from_the_command_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served() as (running, client):
        monkeypatch.setenv("SEGLOOP_SERVER", running.options.url)
        monkeypatch.setenv("SEGLOOP_TOKEN", running.admin_token)

        segloop("import", str(folder), "--name", "streets", "--size-px", "16")
        project = client.find_project("streets")
        assert sum(project["num_images"].values()) == 10
        again = segloop("import", str(folder), "--name", "streets")
        assert "0 created" in again

        for _ in range(2):
            settings = ("--settings", json.dumps(SETTINGS), "--method", "segloop")
            segloop("rounds", "start", "streets", "--budget-regions", "9", *settings)
            assert "9 regions answered" in segloop("annotate", "streets", "--oracle", str(folder))

        assert "annotating" in segloop("rounds", "list", "streets")
        segloop("export", "streets", "--format", "coco_rle", "--out", str(tmp_path / "out.zip"))
        with zipfile.ZipFile(tmp_path / "out.zip") as archive:
            assert {"annotations.json", "regions.json"} <= set(archive.namelist())
        assert_model_can_be_downloaded(client, project["id"], tmp_path / "weights.safetensors")


def assert_model_can_be_downloaded(client: Client, project_id: str, path: Path) -> None:
    (model,) = client.model_versions(project_id)
    assert "yes" in segloop("models", "list", project_id)
    segloop("models", "download", model["id"], "--out", str(path))
    assert path.stat().st_size > 1_000_000


def test_without_a_token_the_way_to_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGLOOP_TOKEN", raising=False)

    done = CliRunner().invoke(build_app(["projects"]), ["projects"])

    assert isinstance(done.exception, ClientError)
    assert "SEGLOOP_TOKEN" in str(done.exception)


def test_help_lists_every_command_and_each_loads_its_own() -> None:
    listed = CliRunner().invoke(build_app([]), ["--help"]).output
    for name in ("serve", "demo", "upload", "import", "projects", "rounds", "annotate", "export", "models"):
        assert f" {name} " in listed
        done = CliRunner().invoke(build_app([name]), [name, "--help"])
        assert done.exit_code == 0
        assert f" {name} " in done.output


def test_serving_loads_neither_an_http_client_nor_arrays() -> None:
    code = (
        "import sys; from segloop_client.cli import build_app; build_app(['serve']); "
        "print({'httpx', 'numpy', 'PIL', 'sqlalchemy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def segloop(*arguments: str) -> str:
    """Run the command; gives what it printed."""
    done = CliRunner(env={"COLUMNS": "200"}).invoke(
        build_app(arguments), list(arguments), catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.output
