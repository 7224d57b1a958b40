"""Archives, exports and jobs over HTTP: the rows, the file, and who may."""

import io
import tarfile
import uuid
import zipfile

import pytest

from segloop_store import blob_keys
from segloop_store.models import Export, Job
from segloop_store.states import JobKind, JobState
from tests.support.site import Site, png


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo("a.png")
        member.size = len(png())
        archive.addfile(member, io.BytesIO(png()))
    return buffer.getvalue()


@pytest.mark.parametrize("body", [zipped(a=png()), tarred("w"), tarred("w:gz")], ids=["zip", "tar", "tgz"])
def test_archive_is_kept_as_it_came_and_queued(site: Site, body: bytes) -> None:
    project_id = site.project()
    path = f"/projects/{project_id}/archives?split=pool"
    answer = site.admin.call("POST", path, content=iter([body[:100], body[100:]]))
    assert answer.status_code == 202
    job = answer.json()["job"]
    assert (job["kind"], job["state"]) == ("archive", "queued")
    with site.context.database.reading() as session:
        row = session.get(Job, uuid.UUID(job["id"]))
        assert row is not None
        assert row.payload["split"] == "pool"
        assert site.context.blobs.get(row.payload["archive_key"]) == body
    assert list(site.context.temporary_dir.iterdir()) == []


@pytest.mark.parametrize("body", [b"", b"nonsense", zipped(a=png())[:-30], png()])
def test_what_is_no_archive_is_refused(site: Site, body: bytes) -> None:
    project_id = site.project()
    assert site.admin.call("POST", f"/projects/{project_id}/archives", content=body).status_code == 422
    assert site.admin.get(f"/projects/{project_id}/jobs").json()["items"] == []


def test_archive_of_an_unknown_split_or_by_an_annotator_is_refused(site: Site) -> None:
    project_id = site.project()
    body = zipped(a=png())
    path = f"/projects/{project_id}/archives"
    assert site.admin.call("POST", f"{path}?split=train", content=body).status_code == 422
    assert site.member(project_id, "annotator").call("POST", path, content=body).status_code == 403


def test_export_is_queued_and_its_file_served_once_done(any_site: Site) -> None:
    site = any_site
    project_id = site.project()
    body = {"format": "index_png", "content": "annotations"}
    answer = site.admin.post(f"/projects/{project_id}/exports", body)
    assert answer.status_code == 202
    export = answer.json()
    assert (export["state"], export["file_url"]) == ("queued", None)
    assert site.admin.get(f"/exports/{export['id']}/file").status_code == 409
    jobs = site.admin.get(f"/projects/{project_id}/jobs?state=active").json()["items"]
    assert [job["kind"] for job in jobs] == ["export"]
    data = zipped(a=b"x" * 1000)
    key = blob_keys.export(uuid.UUID(export["id"]))
    site.context.blobs.put(key, data)
    with site.context.database.transaction() as session:
        row = session.get(Export, uuid.UUID(export["id"]))
        assert row is not None
        row.state, row.file_key, row.num_bytes = JobState.DONE, key, len(data)
    done = site.admin.get(f"/exports/{export['id']}").json()
    assert (done["state"], done["size_bytes"]) == ("done", len(data))
    file = site.admin.get(done["file_url"].removeprefix("/api/v1"))
    assert (file.content, file.headers["content-type"]) == (data, "application/zip")
    part = site.admin.get(done["file_url"].removeprefix("/api/v1"), headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, data[100:200])
    assert [item["id"] for item in site.admin.get(f"/projects/{project_id}/exports").json()["items"]] == [
        export["id"]
    ]


def test_unknown_formats_are_refused_and_viewers_may_not_export(site: Site) -> None:
    project_id = site.project()
    path = f"/projects/{project_id}/exports"
    assert site.admin.post(path, {"format": "docx"}).status_code == 422
    assert site.admin.post(path, {"format": "index_png", "content": "all"}).status_code == 422
    body = {"format": "index_png"}
    assert site.member(project_id, "annotator").post(path, body).status_code == 403
    assert site.member(project_id, "reviewer").post(path, body).status_code == 202
    export_id = site.admin.get(path).json()["items"][0]["id"]
    for role, status in (("viewer", 403), ("annotator", 403), ("reviewer", 409)):  # 409: it is not done
        member = site.member(project_id, role)
        assert member.get(f"/exports/{export_id}").status_code == 200
        assert member.get(f"/exports/{export_id}/file").status_code == status
    assert site.user().get(f"/exports/{export_id}").status_code == 404
    assert site.user().get(f"/exports/{export_id}/file").status_code == 404


def add_job(site: Site, project_id: str | None, state: JobState = JobState.QUEUED) -> str:
    from segloop_store.jobs import add_job as add  # noqa: PLC0415 - the name is taken here

    with site.context.database.transaction() as session:
        job = add(session, JobKind.EXPORT, project_id=None if project_id is None else uuid.UUID(project_id))
        job.state = state
        return str(job.id)


def test_jobs_are_listed_newest_first_and_by_state(site: Site) -> None:
    project_id = site.project()
    queued = add_job(site, project_id)
    done = add_job(site, project_id, JobState.DONE)
    path = f"/projects/{project_id}/jobs"
    assert [job["id"] for job in site.admin.get(path).json()["items"]] == [done, queued]
    assert [job["id"] for job in site.admin.get(f"{path}?state=active").json()["items"]] == [queued]
    assert [job["id"] for job in site.admin.get(f"{path}?state=done&state=failed").json()["items"]] == [done]
    assert site.admin.get(f"{path}?state=sleeping").status_code == 422


def test_job_is_cancelled_by_owners_until_it_has_ended(site: Site) -> None:
    project_id = site.project()
    job_id = add_job(site, project_id)
    member = site.member(project_id, "reviewer")
    assert member.get(f"/jobs/{job_id}").json()["state"] == "queued"
    assert member.post(f"/jobs/{job_id}/cancel").status_code == 403
    assert site.user().get(f"/jobs/{job_id}").status_code == 404
    assert site.admin.post(f"/jobs/{job_id}/cancel").json()["state"] == "cancelled"
    assert site.admin.post(f"/jobs/{add_job(site, project_id, JobState.DONE)}/cancel").status_code == 409


def test_job_of_no_project_is_for_admins(site: Site) -> None:
    job_id = add_job(site, None)
    assert site.admin.get(f"/jobs/{job_id}").status_code == 200
    assert site.user().get(f"/jobs/{job_id}").status_code == 403
