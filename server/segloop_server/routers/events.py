"""What happened: the audit log, and live streams of a round and of a project."""

import uuid
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from segloop_server.dependencies import CallerDep, ContextDep, require_role
from segloop_server.live import Topic, live_feed
from segloop_server.paging import DEFAULT_LIMIT, Cursor, Limit, decode_cursor, encode_cursor
from segloop_server.round_access import require_round
from segloop_server.schemas.common import Page, Timestamp
from segloop_store.repositories import audit
from segloop_store.states import Role

router = APIRouter(tags=["events"])


class EventOut(BaseModel):
    """One line of the audit log."""

    id: int
    kind: str
    created_at: Timestamp
    round_id: uuid.UUID | None
    user_id: uuid.UUID | None
    username: str | None
    payload: dict[str, Any]


@router.get("/projects/{project_id}/events")
def list_events(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[EventOut]:
    """The audit log of a project, newest first; owners only."""
    key = decode_cursor(cursor, int)
    with context.database.reading() as session:
        require_role(session, caller, project_id, Role.OWNER)
        rows = audit.newest_events(
            session, project_id, before_id=int(key[0]) if key else None, limit=limit + 1
        )
    items = [
        EventOut(
            id=event.id,
            kind=event.kind,
            created_at=event.created_at,
            round_id=event.round_id,
            user_id=event.user_id,
            username=username,
            payload=event.payload,
        )
        for event, username in rows[:limit]
    ]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(rows) > limit else None)


def _last_event_id(
    last_event_id: Annotated[str | None, Header(description="the id the stream broke off at")] = None,
    after: Annotated[int | None, Query(ge=0, lt=2**63, description="the same, without a header")] = None,
) -> int | None:
    """The last event the client has seen; what no stream of ours ever sent counts as nothing seen."""
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit():
        return int(last_event_id[:18])
    return after


LastEventId = Annotated[int | None, Depends(_last_event_id)]


def _round_topic(round_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> Topic:
    """Checked before the stream starts, and without a connection held while it runs."""
    with context.database.reading() as session:
        return Topic(require_round(session, caller, round_id).project_id, round_id)


def _project_topic(project_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> Topic:
    with context.database.reading() as session:
        role = require_role(session, caller, project_id).role
    return Topic(project_id, sees_details=role is Role.OWNER)


@router.get("/rounds/{round_id}/events", response_class=EventSourceResponse)
async def follow_round(
    request: Request,
    context: ContextDep,
    topic: Annotated[Topic, Depends(_round_topic)],
    last_event_id: LastEventId,
) -> AsyncIterator[ServerSentEvent]:
    """A round as it goes: `state` (the round), `progress` of its running jobs, `metrics`.

    Starts with how it stands, or after `Last-Event-ID` with what was missed.
    """
    async for message in live_feed(request.app, context.database).follow(topic, after_id=last_event_id):
        yield message


@router.get("/projects/{project_id}/events/stream", response_class=EventSourceResponse)
async def follow_project(
    request: Request,
    context: ContextDep,
    topic: Annotated[Topic, Depends(_project_topic)],
    last_event_id: LastEventId,
) -> AsyncIterator[ServerSentEvent]:
    """Notices of a project: `round`, `queue`, `annotation`, `job` and others, each with `what` happened.

    Owners are told who did it and the details, and after `Last-Event-ID` everything they missed; others only
    which kinds of notices they missed.
    """
    async for message in live_feed(request.app, context.database).follow(topic, after_id=last_event_id):
        yield message
