"""Somebody before a queue that a model has ranked, over seeded rows: no worker, no training."""

import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from fastapi import FastAPI
from numpy.typing import NDArray

from segloop_client.api import Client
from segloop_server.app import create_app
from segloop_store.states import RoundState
from tests.support.annotate_page import Person
from tests.support.seeding import seed_model, seed_project, seed_round
from tests.support.serving import serving
from tests.support.site import ADMIN_TOKEN, site_settings


def app_over(template: Path, folder: Path) -> FastAPI:
    """The server over a copy of an empty database."""
    shutil.copy(template, folder / "segloop.db")
    return create_app(site_settings(folder, database_url=f"sqlite:///{folder / 'segloop.db'}"))


@contextmanager
def asked_by_a_model(
    template: Path,
    folder: Path,
    *,
    region_map: NDArray[np.int32],
    blobs_of: Callable[[uuid.UUID, uuid.UUID], Mapping[str, bytes]],
    num_queries: int,
    password: str,
) -> Iterator[Person]:
    """A served project of one image, and an annotator.

    Args:
        template: an empty, migrated SQLite database.
        folder: where its copy and the blobs are kept.
        region_map: the image's regions.
        blobs_of: (image, model version) -> what is kept of them, by key.
        num_queries: regions that are asked.
        password: the annotator's.
    """
    app = app_over(template, folder)
    database, blobs = app.state.context.database, app.state.context.blobs
    seeded = seed_project(database, blobs, num_images=1, region_map=region_map)
    (image_id,) = seeded.image_ids
    cold = seed_round(database, seeded, num_queries=0, state=RoundState.CLOSED)
    model = seed_model(database, blobs, seeded, cold)
    for key, data in blobs_of(image_id, model).items():
        blobs.put(key, data, overwrite=True)
    seed_round(database, seeded, num_queries=num_queries, number=1, model_version_id=model)
    with serving(app) as url, Client(url, ADMIN_TOKEN) as client:
        body = {"username": "mira", "password": password, "is_admin": True}
        user = client.json("POST", "/users", json=body)
        yield Person(client, url, str(seeded.project_id), user["id"], "mira", password)
