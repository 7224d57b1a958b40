"""Servers with regions asked, prepared once and used as copies: for measurements of the page."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from segloop.scenes import SCENE_CLASSES
from segloop_client.api import Client
from segloop_client.serving import Served
from segloop_client.waiting import wait_for_jobs, wait_for_round
from tests.support.served import served

QUICK_ROUND = {"encoder_weights": "random", "image_height_px": 48, "image_width_px": 64}
"""A cold start whose choice does not matter: which regions are asked is not what is measured."""

SCENE_LABELS = [{"name": name, "color": color} for name, color in SCENE_CLASSES]


@contextmanager
def prepared(folder: Path | None, prepare: Callable[[Client], None]) -> Iterator[Path]:
    """A data folder of a stopped server that `prepare` has worked on, to be copied.

    Args:
        folder: kept, and gone on with where it exists; None = a throw-away one.
        prepare: goes on with what it made before.
    """
    kept = folder or Path(tempfile.mkdtemp(prefix="segloop-bench-"))
    kept.mkdir(parents=True, exist_ok=True)
    is_prepared = kept / "prepared"
    try:
        if not is_prepared.exists():
            with served(kept) as (_, client):
                prepare(client)
            is_prepared.touch()
        yield kept
    finally:
        if folder is None:
            shutil.rmtree(kept, ignore_errors=True)


@contextmanager
def served_copy(folder: Path) -> Iterator[tuple[Served, Client]]:
    """A server on a copy of a data folder; the copy is thrown away."""
    copy = Path(tempfile.mkdtemp(prefix="segloop-bench-"))
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    try:
        with served(copy) as running:
            yield running
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def project_id_of(client: Client, name: str) -> str:
    """The id of a project that was prepared."""
    return str(next(project["id"] for project in client.projects() if project["name"] == name))


def ask_regions(
    client: Client, name: str, files: Callable[[], list[tuple[str, bytes]]], *, size_px: int, num_regions: int
) -> None:
    """A project of these images with the regions of a cold start asked, unless there is one of that name.

    Args:
        client: an admin's.
        name: of the project.
        files: gives (filename, bytes) of each image.
        size_px: side of the square regions.
        num_regions: how many are asked.
    """
    found = [project for project in client.projects() if project["name"] == name]
    partition = {"kind": "grid", "size_px": size_px}
    project_id = (found[0] if found else client.create_project(name, SCENE_LABELS, partition))["id"]
    if not client.rounds(project_id):
        images = files()
        for first in range(0, len(images), 25):
            answer = client.upload_images(project_id, images[first : first + 25], "pool")
            if answer["rejected"]:
                raise SystemExit(f"the server refused {answer['rejected'][0]}")
        wait_for_jobs(client, project_id)
        client.start_round(project_id, budget_regions=num_regions, settings=QUICK_ROUND)
    wait_for_round(client, client.rounds(project_id)[-1]["id"])
