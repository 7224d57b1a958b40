"""The wheel alone, in an empty environment: it migrates a database and serves the page."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
UV = Path(sys.executable).parent / "uv"


@pytest.fixture(scope="module", name="python")
def install_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the server's locked packages and the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    run(UV, "build", "--wheel", "--out-dir", folder, ROOT)
    (wheel,) = folder.glob("segloop-*.whl")
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv")
    python = folder / "venv" / "bin" / "python"
    install = [UV, "pip", "install", "--quiet", "--python", python]
    run(*install, "--require-hashes", "-r", ROOT / "requirements" / "server.txt")
    run(*install, "--no-deps", wheel)
    return python


@pytest.mark.slow
def test_the_wheel_migrates_and_serves_the_page(python: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "SEGLOOP_DATA_DIR": str(tmp_path / "data")}
    environment.pop("PYTHONPATH", None)
    run(python, "-m", "segloop_store.migrate", cwd=tmp_path, env=environment)

    with serving(python, tmp_path, environment) as url:
        with urllib.request.urlopen(f"{url}/", timeout=10) as response:
            page = response.read().decode()
        with urllib.request.urlopen(f"{url}/openapi.json", timeout=10) as response:
            api = response.read().decode()

    assert "<div id=" in page
    assert "/api/v1/projects" in api


@pytest.mark.slow
def test_the_server_environment_holds_no_torch(python: Path) -> None:
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is not None)"

    assert subprocess.run([python, "-c", code], check=False).returncode == 0


@contextmanager
def serving(python: Path, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command: list[str | Path] = [
        python,
        "-m",
        "uvicorn",
        "--factory",
        "segloop_server.app:create_app",
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, cwd=folder, env=environment) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    pytest.fail(f"{url} did not answer")


def run(*command: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
