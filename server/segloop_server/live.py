"""What happens, told to open pages as it happens: one poller a process reads the events for all who follow.

A follower costs a queue, never a database connection. The poller runs while somebody follows, in the event
loop, and reads in a worker thread. It ends every stream when the server is told to stop, so that stopping
takes no grace time.
"""

import asyncio
import contextlib
import signal
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
import uvicorn
from anyio import to_thread
from fastapi.sse import ServerSentEvent
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from segloop_server.schemas.rounds import RoundOut
from segloop_store import events
from segloop_store.database import Database
from segloop_store.errors import StoreError
from segloop_store.models import Event, Job
from segloop_store.repositories import rounds
from segloop_store.states import RoundState

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.25
MAX_EVENTS_A_POLL = 1000
MAX_WAITING = 200
"""Batches a slow client may lag behind; then its stream ends, and it comes back with Last-Event-ID."""

_ROUND_STATES = frozenset(state.value for state in RoundState)


@dataclass(frozen=True, slots=True)
class Topic:
    """What somebody follows: one round, or everything of one project.

    Attributes:
        sees_details: of a project: who did what, as its audit log says it to owners.
    """

    project_id: uuid.UUID
    round_id: uuid.UUID | None = None
    sees_details: bool = False

    def covers(self, item: Event | Job) -> bool:
        """True if the event or job is part of it."""
        if self.round_id is not None:
            return item.round_id == self.round_id
        return item.project_id == self.project_id


@dataclass(frozen=True, slots=True)
class Message:
    """One server-sent event; progress has no id, because it is not worth repeating after a reconnect."""

    event: str
    data: Mapping[str, Any]
    id: int | None = None

    def encoded(self) -> ServerSentEvent:
        """As FastAPI sends it."""
        return ServerSentEvent(event=self.event, data=self.data, id=None if self.id is None else str(self.id))


@dataclass(frozen=True, slots=True)
class _News:
    """What one look at the database found."""

    last_id: int
    events: Sequence[Event]
    rounds: Mapping[uuid.UUID, Mapping[str, Any]]
    running: Sequence[Job]


@dataclass(eq=False, slots=True)
class _Follower:
    topic: Topic
    batches: asyncio.Queue[list[Message] | None] = field(
        default_factory=lambda: asyncio.Queue(maxsize=MAX_WAITING)
    )

    def end(self) -> None:
        """End the stream even when its queue is full."""
        with contextlib.suppress(asyncio.QueueEmpty):
            if self.batches.full():
                self.batches.get_nowait()
        self.batches.put_nowait(None)


class LiveFeed:
    """The poller of one event loop and its followers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._followers: set[_Follower] = set()
        self._task: asyncio.Task[None] | None = None
        self._last_id = 0
        self._starting = asyncio.Lock()
        self._progress: dict[uuid.UUID, tuple[float, Mapping[str, Any]]] = {}

    async def follow(self, topic: Topic, *, after_id: int | None) -> AsyncIterator[ServerSentEvent]:
        """A topic's messages: first what was missed since `after_id`, or how it stands, then the news."""
        follower = _Follower(topic)
        async with self._starting:
            if self._task is None or self._task.done():
                self._last_id = await to_thread.run_sync(self._read_last_id)
                self._task = asyncio.create_task(self._poll())
            self._followers.add(follower)
        try:
            first, seen_id = await to_thread.run_sync(self._catch_up, topic, after_id)
            # tells the browser where it stands even before anything happens
            yield ServerSentEvent(comment="following", id=str(seen_id))
            for message in first:
                yield message.encoded()
            while (batch := await follower.batches.get()) is not None:
                for message in batch:
                    if message.id is None or message.id > seen_id:
                        yield message.encoded()
        finally:
            self._followers.discard(follower)

    async def close(self) -> None:
        """End every stream, and wait for a look that is under way: the database may go away after this."""
        for follower in list(self._followers):
            follower.end()
        self._followers.clear()
        if self._task is not None:
            await self._task

    async def _poll(self) -> None:
        try:
            while self._followers and not is_stopping():
                await asyncio.sleep(POLL_SECONDS)
                try:
                    project_ids = {follower.topic.project_id for follower in self._followers}
                    self._tell(await to_thread.run_sync(self._read_news, self._last_id, project_ids))
                except StoreError as error:  # the database is away for a moment; streams stay open
                    log.warning("live_feed_cannot_read", reason=str(error))
                except Exception:  # one bad look must not end the streams of everybody
                    log.exception("live_feed_failed")
        finally:
            for follower in list(self._followers):
                follower.end()

    def _tell(self, news: _News) -> None:
        self._last_id = news.last_id
        changed = [job for job in news.running if self._has_moved(job)]
        self._progress = {job.id: (job.progress_fraction, job.progress) for job in news.running}
        for follower in list(self._followers):
            batch = _messages(follower.topic, news.events, news.rounds, changed)
            if not batch:
                continue
            try:
                follower.batches.put_nowait(batch)
            except asyncio.QueueFull:
                follower.end()

    def _has_moved(self, job: Job) -> bool:
        return self._progress.get(job.id) != (job.progress_fraction, job.progress)

    def _read_last_id(self) -> int:
        with self._database.reading() as session:
            return events.last_event_id(session)

    def _read_news(self, after_id: int, project_ids: Iterable[uuid.UUID]) -> _News:
        """What happened since `after_id`, with every round it happened to: it may be followed by now."""
        with self._database.reading() as session:
            found = events.events_after(session, after_id=after_id, limit=MAX_EVENTS_A_POLL)
            running = rounds.running_jobs(session, project_ids)
            return _News(
                last_id=found[-1].id if found else after_id,
                events=found,
                rounds=_rounds_json(session, {event.round_id for event in found}),
                running=running,
            )

    def _catch_up(self, topic: Topic, after_id: int | None) -> tuple[list[Message], int]:
        """What to tell first, and the id up to which the news are old."""
        with self._database.reading() as session:
            seen_id = events.last_event_id(session)
            running = [job for job in rounds.running_jobs(session, {topic.project_id}) if topic.covers(job)]
            json_of = _rounds_json(session, {topic.round_id})
            if after_id is None:
                return [*_present(topic, json_of, seen_id), *_progress(topic, running)], seen_id
            missed = events.events_after(
                session,
                after_id=after_id,
                project_id=topic.project_id,
                round_id=topic.round_id,
                limit=MAX_EVENTS_A_POLL,
            )
            if len(missed) == MAX_EVENTS_A_POLL:  # away for long: how it stands now says more
                return [*_present(topic, json_of, seen_id), *_progress(topic, running)], seen_id
            told = _messages(topic, missed, json_of, running)
            if topic.round_id is None and not topic.sees_details:  # the log is the owners': say what is stale
                told = [
                    Message(name, {"what": name}, seen_id) for name in sorted({one.event for one in told})
                ]
            return told, seen_id


def _rounds_json(session: Session, round_ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, dict[str, Any]]:
    """Those of the rounds that are there."""
    found = rounds.find(session, [round_id for round_id in round_ids if round_id is not None])
    return {
        view.round.id: RoundOut.of(view).model_dump(mode="json") for view in rounds.views_of(session, found)
    }


def _present(topic: Topic, json_of: Mapping[uuid.UUID, Mapping[str, Any]], seen_id: int) -> list[Message]:
    """How a round stands now; a project's page has just loaded everything itself."""
    if topic.round_id is None:
        return []
    round_json = json_of[topic.round_id]
    messages = [Message("state", round_json, seen_id)]
    if round_json["metrics"] is not None:
        messages.append(Message("metrics", round_json["metrics"], seen_id))
    return messages


def _messages(
    topic: Topic,
    happened: Sequence[Event],
    json_of: Mapping[uuid.UUID, Mapping[str, Any]],
    running: Sequence[Job],
) -> list[Message]:
    """A topic's share of the news."""
    own = [event for event in happened if topic.covers(event)]
    if topic.round_id is not None:
        round_json = json_of.get(topic.round_id)
        told = _of_round(own, round_json) if own and round_json is not None else []
    else:
        told = [message for event in own for message in _of_project(event, sees_details=topic.sees_details)]
    return [*told, *_progress(topic, [job for job in running if topic.covers(job)])]


def _of_round(happened: Sequence[Event], round_json: Mapping[str, Any]) -> list[Message]:
    """Each state the round went through, its metrics when they came, and one `state` for anything else."""
    messages: list[Message] = []
    untold: int | None = None
    for event in happened:
        notice, _, what = event.kind.partition(".")
        if notice == "round" and what in _ROUND_STATES:
            messages.append(Message("state", {**round_json, "state": what}, event.id))
            untold = None
        elif notice == "metrics":
            if untold is not None:
                messages.append(Message("state", round_json, untold))
                untold = None
            messages.append(Message("metrics", round_json["metrics"] or {}, event.id))
        else:
            untold = event.id
    if untold is not None:
        messages.append(Message("state", round_json, untold))
    return messages


def _of_project(event: Event, *, sees_details: bool) -> list[Message]:
    """A notice named after the first word of the event's kind, and `queue` where that changed with it."""
    notice = event.kind.partition(".")[0]
    data: dict[str, Any] = {
        "what": event.kind,
        "round_id": None if event.round_id is None else str(event.round_id),
    }
    if sees_details:
        data |= {"user_id": None if event.user_id is None else str(event.user_id), **event.payload}
    told = Message(notice, data, event.id)
    changes_queue = notice == "annotation" or event.kind in {"round.closed", "round.annotating"}
    return [Message("queue", {"what": event.kind}), told] if changes_queue else [told]


def _progress(topic: Topic, jobs: Sequence[Job]) -> list[Message]:
    if topic.round_id is None:
        return [
            Message(
                "job",
                {
                    "what": "job.progress",
                    "job_id": str(job.id),
                    "kind": job.kind.value,
                    "state": job.state.value,
                    "progress_fraction": job.progress_fraction,
                },
            )
            for job in jobs
        ]
    names = ("phase", "step", "num_steps", "loss", "eta_seconds")
    return [
        Message(
            "progress",
            {
                "job_id": str(job.id),
                "kind": job.kind.value,
                "fraction": job.progress_fraction,
                **{name: job.progress.get(name) for name in names},
            },
        )
        for job in jobs
    ]


def live_feed(app: Starlette, database: Database) -> LiveFeed:
    """The feed of the running event loop, made when it is first needed."""
    loop = asyncio.get_running_loop()
    kept: tuple[asyncio.AbstractEventLoop, LiveFeed] | None = getattr(app.state, "live_feed", None)
    if kept is None or kept[0] is not loop:
        kept = app.state.live_feed = (loop, LiveFeed(database))
    return kept[1]


async def close_live_feed(app: Starlette) -> None:
    """Close the running event loop's feed, if it was ever needed."""
    kept: tuple[asyncio.AbstractEventLoop, LiveFeed] | None = getattr(app.state, "live_feed", None)
    if kept is not None and kept[0] is asyncio.get_running_loop():
        await kept[1].close()


def is_stopping() -> bool:
    """True once uvicorn was told to stop.

    It waits for open responses before it tells the app, and a stream is an open response: so the streams
    have to look for themselves. While uvicorn serves, the signal's handler is a method of its server.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return isinstance(server, uvicorn.Server) and server.should_exit
