"""A full disk: 503 with what to do, nothing half-stored, and the same request works once there is room."""

import base64
import errno
import io
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import text

from segloop_server import uploads
from segloop_store.blobs import ObjectBlobStore
from segloop_store.errors import StorageError
from tests.support.annotating import annotating, answer_body, painted
from tests.support.seeding import count_rows
from tests.support.site import Site, png


def test_upload_the_disk_has_no_room_for_leaves_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    project_id = site.project()
    before = count_rows(site.context.database)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(uploads._FilePart, "write", refuse)
        answer = site.admin.upload(project_id, {"a.png": png(1)})
    assert (answer.status_code, "disk full" in answer.json()["detail"]) == (503, True)
    assert answer.headers["content-type"] == "application/problem+json"
    assert count_rows(site.context.database) == before
    assert list(site.context.temporary_dir.iterdir()) == []
    assert len(site.admin.upload(project_id, {"a.png": png(1)}).json()["created"]) == 1


def test_upload_whose_second_blob_finds_no_room_keeps_no_row(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    project_id = site.project()
    before = count_rows(site.context.database)
    put_file, num_put = ObjectBlobStore.put_file, 0

    def put_once(blobs: ObjectBlobStore, key: str, path: Path, *, overwrite: bool = False) -> None:
        nonlocal num_put
        num_put += 1
        if num_put > 1:
            raise StorageError(f"no room for {key} (No space left on device): free some disk space")
        put_file(blobs, key, path, overwrite=overwrite)

    files = {"a.png": png(1), "b.png": png(2)}
    with monkeypatch.context() as patched:
        patched.setattr(ObjectBlobStore, "put_file", put_once)
        answer = site.admin.upload(project_id, files)
    assert (answer.status_code, "no room" in answer.json()["detail"]) == (503, True)
    assert count_rows(site.context.database) == before
    assert list(site.context.temporary_dir.iterdir()) == []
    assert len(site.admin.upload(project_id, files).json()["created"]) == 2


def test_draft_the_database_has_no_room_for_is_refused_and_the_one_before_stays(site: Site) -> None:
    project = annotating(site)
    caller, got = project.people[0], project.claim()
    draft = f"/assignments/{got['id']}/draft"
    first = answer_body(painted(got, 0))
    assert caller.call("PUT", draft, json=first).status_code == 200
    kept, before = caller.get(draft).json(), count_rows(site.context.database)

    bulky = {**answer_body(painted(got, 1)), "label_map_png": bulky_png(painted(got, 1))}
    set_room(site, "(SELECT page_count FROM pragma_page_count())")
    answer = caller.call("PUT", draft, json=bulky)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "the disk that holds the database is full" in answer.json()["detail"]
    assert count_rows(site.context.database) == before
    assert caller.get(draft).json() == kept

    set_room(site, "1000000")
    assert caller.call("PUT", draft, json=bulky).status_code == 200


def bulky_png(label_map: NDArray[np.uint8]) -> str:
    """An index PNG that carries more than the pages that are there could take up."""
    noise = np.random.default_rng(1).bytes(200_000).hex()
    info = PngInfo()
    info.add_text("noise", noise)
    buffer = io.BytesIO()
    Image.fromarray(label_map).save(buffer, "PNG", pnginfo=info)
    return base64.b64encode(buffer.getvalue()).decode()


def set_room(site: Site, num_pages: str) -> None:
    """How many pages SQLite may use, on the one connection that writes."""
    with site.context.database.transaction() as session:
        number = session.scalar(text(f"SELECT {num_pages}"))
        session.execute(text(f"PRAGMA max_page_count = {number}"))
