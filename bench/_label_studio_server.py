"""A Label Studio of its own environment on this machine, for a comparison side by side. Never a dependency.

    python -m venv DIR && DIR/bin/pip install label-studio

It keeps everything in a throw-away folder (its default SQLite); its analytics, error reports and version
check are switched off by its own settings, and its way out is a proxy that does not exist: nothing leaves
the machine.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from bench._strokes import Mask
from tests.support.processes import free_ports

NO_WAY_OUT = "http://127.0.0.1:9"
SETTINGS = {
    "COLLECT_ANALYTICS": "False",
    "LATEST_VERSION_CHECK": "False",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "HTTP_PROXY": NO_WAY_OUT,
    "HTTPS_PROXY": NO_WAY_OUT,
    "NO_PROXY": "127.0.0.1,localhost",
}
START_SECONDS = 900


@dataclass(frozen=True)
class LabelStudio:
    """A running one.

    Attributes:
        url: of it.
        version: of it.
        username: who may sign in.
        password: of them.
        http: signed in.
    """

    url: str
    version: str
    username: str
    password: str
    http: httpx.Client

    def call(self, method: str, path: str, **options: Any) -> Any:
        """One request -> the decoded answer."""
        answer = self.http.request(method, path, **options)
        if answer.status_code >= 400:
            raise SystemExit(
                f"Label Studio refused {method} {path}: {answer.status_code} {answer.text[:300]}"
            )
        return answer.json()

    def make_project(self, title: str, label_classes: list[dict[str, str]]) -> int:
        """A project for brush labels of an image; predictions are where a person begins."""
        labels = "".join(
            f'<Label value="{item["name"]}" background="{item["color"]}"/>' for item in label_classes
        )
        config = (
            '<View><Image name="image" value="$image" zoom="true" zoomControl="true"/>'
            f'<BrushLabels name="tag" toName="image">{labels}</BrushLabels></View>'
        )
        fields = {"title": title, "label_config": config, "show_collab_predictions": True}
        return int(self.call("POST", "/api/projects/", json=fields)["id"])

    def add_task(self, project_id: int, filename: str, image: bytes, results: list[dict[str, Any]]) -> int:
        """A task of one image, with brush regions a person begins with."""
        before = self._task_ids(project_id)
        self.call(
            "POST", f"/api/projects/{project_id}/import", files={"file": (filename, image, "image/jpeg")}
        )
        (task_id,) = self._task_ids(project_id) - before
        if results:
            self.call("POST", "/api/predictions/", json={"task": task_id, "result": results, "score": 0.5})
        return task_id

    def _task_ids(self, project_id: int) -> set[int]:
        found = self.call(
            "GET", "/api/tasks/", params={"project": project_id, "page_size": 1000, "fields": "all"}
        )
        return {int(task["id"]) for task in (found["tasks"] if isinstance(found, dict) else found)}


def brush_regions(masks: list[Mask], label: str) -> list[dict[str, Any]]:
    """Brush regions as Label Studio keeps them, one for each mask, bool (H, W)."""
    return [
        {
            "id": f"r{number}",
            "type": "brushlabels",
            "from_name": "tag",
            "to_name": "image",
            "original_width": mask.shape[1],
            "original_height": mask.shape[0],
            "image_rotation": 0,
            "value": {"format": "rle", "rle": pack(mask), "brushlabels": [label]},
        }
        for number, mask in enumerate(masks)
    ]


def pack(mask: Mask) -> list[int]:
    """A mask as the bytes of its brush labels: run lengths of an RGBA picture.

    32 bits tell how many values there are, 5 the bits of a value less one, four times 4 the bits of a length
    less one. Then each run: 1 and the number of the size of its length, which is always the largest here, the
    length less one, the value.
    """
    flat = mask.ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=~flat[:1]))
    lengths = np.diff(np.append(starts, flat.size))
    bits = [f"{4 * flat.size:032b}", f"{7:05b}", "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))]
    for start, length in zip(starts.tolist(), (4 * lengths).tolist(), strict=True):
        value = f"{255 * int(flat[start]):08b}"
        pieces = (min(length - done, 1 << 16) for done in range(0, length, 1 << 16))
        bits += [f"111{piece - 1:016b}{value}" for piece in pieces]
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return [int(text[at : at + 8], 2) for at in range(0, len(text), 8)]


@contextmanager
def label_studio(environment: Path) -> Iterator[LabelStudio]:
    """Start it, wait until it answers, stop it.

    Args:
        environment: a virtual environment with label-studio in it.
    """
    program = environment / "bin" / "label-studio"
    if not program.exists():
        raise SystemExit(
            f"{program} is missing: python -m venv {environment}, then pip install label-studio there"
        )
    folder = Path(tempfile.mkdtemp(prefix="label-studio-"))
    (port,) = free_ports(1)
    username, password, token = "bench@example.com", secrets.token_urlsafe(12), secrets.token_hex(20)
    command = [
        str(program),
        "start",
        "--no-browser",
        "--data-dir",
        str(folder),
        "--internal-host",
        "127.0.0.1",
    ]
    command += ["--port", str(port), "--username", username, "--password", password]
    command += ["--user-token", token, "--enable-legacy-api-token", "--log-level", "ERROR"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env={**os.environ, **SETTINGS}, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Token {token}"}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=120.0) as http:
            version = _wait(http, process)
            yield LabelStudio(url, version, username, password, http)
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(http: httpx.Client, process: "subprocess.Popen[bytes]") -> str:
    """Wait until it answers -> its version."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            answer = http.get("/api/version/")
        except httpx.TransportError:
            time.sleep(1.0)
            continue
        if answer.status_code == 200:
            return str(answer.json()["release"])
        time.sleep(1.0)
    raise SystemExit("Label Studio did not start")
