"""A served project in which people annotate: seeded rows, callers with tokens, answers as clients do."""

import base64
import io
import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
from httpx2 import Response
from numpy.typing import NDArray
from PIL import Image

from segloop.label_maps import UNLABELLED, encode_index_png
from segloop_server.auth import token_sha256
from segloop_store.clock import new_id
from segloop_store.models import ApiToken
from tests.support.seeding import Seeded, seed_project, seed_round
from tests.support.site import Caller, Site


@dataclass
class Annotating:
    """A site with a seeded project; `people` are its annotators, `owner` owns it."""

    site: Site
    seeded: Seeded
    owner: Caller
    people: list[Caller]

    @property
    def path(self) -> str:
        return f"/projects/{self.seeded.project_id}"

    def claim(self, caller: Caller | None = None) -> dict[str, Any]:
        """The next region, which must be there."""
        answer = (caller or self.people[0]).post(f"{self.path}/assignments")
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


def annotating(
    site: Site, *, num_queries: int = 4, region_map: NDArray[np.int32] | None = None, num_annotators: int = 2
) -> Annotating:
    """A project with an annotating round; no queries = no round."""
    seeded = seed_project(
        site.context.database, site.context.blobs, region_map=region_map, num_annotators=num_annotators
    )
    if num_queries:
        seed_round(site.context.database, seeded, num_queries=num_queries)
    return Annotating(
        site,
        seeded,
        caller_for(site, seeded.owner_id),
        [caller_for(site, user_id) for user_id in seeded.user_ids],
    )


def caller_for(site: Site, user_id: uuid.UUID) -> Caller:
    """Somebody who is in the database, with a fresh token."""
    token = f"token-{new_id().hex}"
    with site.context.database.transaction() as session:
        session.add(ApiToken(user_id=user_id, name="test", token_sha256=token_sha256(token)))
    return Caller(site.client, token, str(user_id))


def decode(text: str) -> NDArray[np.uint8]:
    """The pixels of a base64 PNG, which must be 8-bit."""
    with Image.open(io.BytesIO(base64.b64decode(text))) as image:
        assert image.mode in {"L", "P"}
        return np.asarray(image)


def encode(label_map: NDArray[np.uint8]) -> str:
    """A base64 index PNG."""
    return base64.b64encode(encode_index_png(label_map)).decode()


def painted(assignment: dict[str, Any], value: int = 1) -> NDArray[np.uint8]:
    """An answer: `value` all over the region, 255 outside."""
    mask = decode(assignment["region"]["mask_png"]) == 255
    return np.where(mask, value, UNLABELLED).astype(np.uint8)


def answer_body(label_map: NDArray[np.uint8], **fields: Any) -> dict[str, Any]:
    return {"label_map_png": encode(label_map), "seconds_spent": 4.5, "num_clicks": 3, **fields}


def submit(
    caller: Caller, assignment: dict[str, Any], label_map: NDArray[np.uint8] | None = None, **fields: Any
) -> Response:
    """Answer a region; without pixels, with class 1."""
    body = answer_body(painted(assignment) if label_map is None else label_map, **fields)
    return caller.call("PUT", f"/assignments/{assignment['id']}/annotation", json=body)
