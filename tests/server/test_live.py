"""Live streams from a real uvicorn: what pages are told as it happens."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from segloop_server import live
from segloop_store import events, jobs
from segloop_store.database import Database
from segloop_store.models import Job
from segloop_store.repositories import rounds
from segloop_store.states import Process, RoundState
from segloop_store.transitions import move_round
from tests.support.annotating import Annotating, annotating, submit
from tests.support.processes import free_ports, is_listening
from tests.support.seeding import seed_project, seed_round
from tests.support.site import ADMIN_TOKEN, open_site, site_settings


@dataclass
class Served:
    """A uvicorn in a thread over a seeded project."""

    project: Annotating
    url: str

    @property
    def database(self) -> Database:
        return self.project.site.context.database


@pytest.fixture
def served(database_url: str, tmp_path: Path) -> Iterator[Served]:
    site = open_site(site_settings(tmp_path, database_url=database_url))
    port = free_ports(1)[0]
    server = uvicorn.Server(
        uvicorn.Config(
            site.client.app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=3
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield Served(annotating(site), f"http://127.0.0.1:{port}/api/v1")
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Message:
    """One server-sent event as a browser would see it."""

    event: str
    data: Any
    id: int | None


class Stream:
    """An open stream, read message by message."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()

    def next(self) -> Message:
        """The next message; keep-alives and comments are passed over."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if line == "" and "data" in fields:
                number = fields.get("id")
                return Message(
                    fields["event"], json.loads(fields["data"]), None if number is None else int(number)
                )
            if line == "":
                fields = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
        raise AssertionError("the stream ended")

    def until(self, event: str, **values: Any) -> Message:
        """The next message of this name with these values in its data."""
        while True:
            message = self.next()
            if message.event == event and values.items() <= dict(message.data).items():
                return message

    def ends(self) -> bool:
        """Read to the end."""
        return all(True for _ in self._lines)


@contextmanager
def following(
    served: Served, path: str, *, last_event_id: int | None = None, token: str = ADMIN_TOKEN
) -> Iterator[Stream]:
    headers = {"Authorization": f"Bearer {token}"}
    if last_event_id is not None:
        headers["Last-Event-ID"] = str(last_event_id)
    with httpx.stream("GET", served.url + path, headers=headers, timeout=10) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Stream(response)


def move(served: Served, round_id: uuid.UUID, to: RoundState) -> None:
    with served.database.transaction() as session:
        move_round(session, round_id, to, by=Process.WORKER)


def start(served: Served) -> uuid.UUID:
    answer = served.project.owner.post(f"{served.project.path}/rounds", {})
    assert answer.status_code == 202, answer.text
    return uuid.UUID(answer.json()["id"])


def test_round_is_told_state_by_state(served: Served) -> None:
    round_id = start(served)
    with following(served, f"/rounds/{round_id}/events") as stream:
        first = stream.next()
        assert (first.event, first.data["id"], first.data["state"]) == ("state", str(round_id), "queued")
        for state in (RoundState.TRAINING, RoundState.SCORING, RoundState.SELECTING):
            move(served, round_id, state)
        states = [stream.until("state") for _ in range(3)]
        assert [message.data["state"] for message in states] == ["training", "scoring", "selecting"]
        ids = [message.id for message in (first, *states)]
        assert None not in ids
        assert ids == sorted(ids, key=lambda number: number or 0)


def test_broken_stream_goes_on_where_it_broke(served: Served) -> None:
    round_id = start(served)
    with following(served, f"/rounds/{round_id}/events") as stream:
        move(served, round_id, RoundState.TRAINING)
        seen = stream.until("state", state="training")
    move(served, round_id, RoundState.SCORING)
    move(served, round_id, RoundState.SELECTING)
    with following(served, f"/rounds/{round_id}/events", last_event_id=seen.id) as stream:
        assert [stream.next().data["state"] for _ in range(2)] == ["scoring", "selecting"]
        move(served, round_id, RoundState.CLOSED)
        assert stream.next().data["state"] == "closed"


def test_progress_and_metrics_come_as_they_are_written(served: Served) -> None:
    round_id = start(served)
    with served.database.reading() as session:
        job = session.query(Job).filter(Job.round_id == round_id).one()
    progress = {"phase": "generation 0", "step": 5, "num_steps": 20, "loss": 1.5, "eta_seconds": 30.0}
    with following(served, f"/rounds/{round_id}/events") as stream:
        assert jobs.claim(served.database, job.id, owner="worker:1", device="test:cpu") is not None
        jobs.heartbeat(served.database, job.id, "worker:1", progress=progress, fraction=0.25)
        told = stream.until("progress", step=5)
        assert told.data == {"job_id": str(job.id), "kind": "features", "fraction": 0.25, **progress}
        assert told.id is None
        with served.database.transaction() as session:
            round_ = rounds.get(session, round_id)
            round_.metrics = {"mean_iou": 0.5, "on": "validation"}
            events.record(
                session, "metrics.ready", project_id=served.project.seeded.project_id, round_id=round_id
            )
        assert stream.until("metrics").data["mean_iou"] == 0.5
    with following(served, f"/rounds/{round_id}/events") as stream:
        assert [stream.next().event for _ in range(3)] == ["state", "metrics", "progress"]


def test_project_is_told_of_rounds_answers_and_jobs(served: Served) -> None:
    project = served.project
    got = project.claim()
    with following(served, f"{project.path}/events/stream", token=project.owner.token) as stream:
        assert submit(project.people[1], project.claim(project.people[1])).status_code == 200
        assert submit(project.people[0], got).status_code == 200
        told = stream.until("annotation", user_id=project.people[0].id)
        assert told.data["what"] == "annotation.submitted"
        round_id = start(served)
        assert stream.until("job").data["kind"] == "train"
        assert stream.until("round", round_id=str(round_id)).data["what"] == "round.queued"
    with following(served, f"{project.path}/events/stream", last_event_id=told.id) as stream:
        assert stream.until("round", round_id=str(round_id)).id is not None


def test_who_did_what_is_told_to_owners_only(served: Served) -> None:
    project = served.project
    path, token = f"{project.path}/events/stream", project.people[0].token
    got = project.claim()
    with following(served, path, token=token) as stream:
        assert submit(project.people[0], got).status_code == 200
        told = stream.until("annotation")
        assert told.data == {"what": "annotation.submitted", "round_id": str(project.seeded.round_id)}
    with following(served, path, token=token, last_event_id=0) as stream:
        told = stream.next()
        assert (told.event, told.data) == ("annotation", {"what": "annotation"})
        assert stream.next().data == {"what": "queue"}


def test_other_projects_are_not_told(served: Served) -> None:
    other = annotating(served.project.site)
    with following(served, f"{served.project.path}/events/stream") as stream:
        assert submit(other.people[0], other.claim()).status_code == 200
        mine = served.project.claim()
        assert submit(served.project.people[0], mine).status_code == 200
        told = stream.until("annotation")
        assert told.data["image_id"] == mine["image"]["id"]


def test_many_followers_share_one_poller_and_hold_no_connection(served: Served) -> None:
    round_id = start(served)
    path = f"/rounds/{round_id}/events"
    heard: list[str] = []
    ready = threading.Barrier(31)

    def follow() -> None:
        with following(served, path) as stream:
            assert stream.next().event == "state"
            ready.wait()
            heard.append(stream.until("state", state="training").event)

    threads = [threading.Thread(target=follow) for _ in range(30)]
    for thread in threads:
        thread.start()
    ready.wait()
    assert served.project.people[0].get(f"{served.project.path}/queue").status_code == 200
    move(served, round_id, RoundState.TRAINING)
    for thread in threads:
        thread.join()
    assert len(heard) == 30


def test_follower_that_comes_while_the_poller_reads_is_told_too(database: Database) -> None:
    seeded = seed_project(database)
    round_id = seed_round(database, seeded, state=RoundState.QUEUED)
    with database.transaction() as session:
        move_round(session, round_id, RoundState.TRAINING, by=Process.WORKER)
    feed = live.LiveFeed(database)
    news = feed._read_news(0, [])
    follower = live._Follower(live.Topic(seeded.project_id, round_id))
    feed._followers.add(follower)
    feed._tell(news)
    (told,) = follower.batches.get_nowait() or []
    assert (told.event, told.data["state"]) == ("state", "training")


def test_streams_outlive_a_look_that_failed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    round_id = start(served)
    has_failed = threading.Event()

    def fail_once(*_: Any) -> None:
        monkeypatch.undo()
        has_failed.set()
        raise KeyError(round_id)

    monkeypatch.setattr(live.LiveFeed, "_tell", fail_once)
    with following(served, f"/rounds/{round_id}/events") as stream:
        assert has_failed.wait(10)
        move(served, round_id, RoundState.TRAINING)
        stream.until("state", state="training")


def test_slow_follower_is_let_go_instead_of_filling_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MAX_WAITING", 2)
    follower = live._Follower(live.Topic(uuid.uuid4()))
    for _ in range(2):
        follower.batches.put_nowait([])
    follower.end()
    assert [follower.batches.get_nowait() for _ in range(2)] == [[], None]


def test_stopping_the_server_ends_streams_at_once(sqlite_url: str, tmp_path: Path) -> None:
    settings = site_settings(tmp_path, database_url=sqlite_url)
    database = Database(settings.database_url)
    port = free_ports(1)[0]
    command = [sys.executable, "-m", "uvicorn", "--factory", "segloop_server.app:create_app"]
    environment = {
        **os.environ,
        "SEGLOOP_DATA_DIR": str(tmp_path),
        "SEGLOOP_DATABASE_URL": settings.database_url,
        "SEGLOOP_ADMIN_TOKEN": ADMIN_TOKEN,
    }
    options = ["--port", str(port), "--timeout-graceful-shutdown", "3"]
    log = tmp_path / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *options], env=environment, stdout=output, stderr=output)
    try:
        while not is_listening(port):
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        url = f"http://127.0.0.1:{port}/api/v1"
        body = {
            "name": "x",
            "label_classes": [{"name": "a", "color": "#112233"}],
            "partition": {"kind": "grid"},
        }
        created = httpx.post(f"{url}/projects", json=body, headers=headers)
        path = f"{url}/projects/{created.json()['id']}/events/stream"
        with httpx.stream("GET", path, headers=headers, timeout=20) as response:
            lines = response.iter_lines()
            assert next(lines).startswith(":")
            process.send_signal(signal.SIGTERM)
            assert list(lines) is not None
            process.wait(30)
        assert "graceful shutdown exceeded" not in log.read_text()
        assert "Traceback" not in log.read_text()
    finally:
        process.kill()
        process.wait()
        database.dispose()


def test_closing_ends_streams_and_waits_for_a_look_that_is_under_way(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the database is disposed of while a thread still holds one of its connections."""
    looks: list[str] = []
    has_begun = threading.Event()
    read = live.LiveFeed._read_news

    def read_slowly(feed: live.LiveFeed, *what: Any) -> Any:
        looks.append("begun")
        has_begun.set()
        found = read(feed, *what)
        time.sleep(0.4)
        looks.append("done")
        return found

    monkeypatch.setattr(live.LiveFeed, "_read_news", read_slowly)

    async def follow_and_close() -> list[Any]:
        feed = live.LiveFeed(served.database)
        topic = live.Topic(served.project.seeded.project_id)
        told: list[Any] = []

        async def follow() -> None:
            told.extend([message async for message in feed.follow(topic, after_id=None)])

        following_task = asyncio.create_task(follow())
        assert await asyncio.to_thread(has_begun.wait, 10)
        await feed.close()
        assert looks.count("begun") == looks.count("done")
        await asyncio.wait_for(following_task, timeout=5)
        return told

    assert len(asyncio.run(follow_and_close())) >= 1
    assert looks.count("begun") == looks.count("done")
