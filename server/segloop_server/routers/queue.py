"""The queue: how much waits, why nothing comes, and what nobody wanted to answer."""

import uuid
from collections.abc import Sequence

from fastapi import APIRouter
from sqlalchemy.orm import Session

from segloop_server.dependencies import CallerDep, ContextDep, require_role
from segloop_server.paging import DEFAULT_LIMIT, Cursor, Limit, decode_id_cursor, page_by_id
from segloop_server.round_access import require_query
from segloop_server.schemas.assignments import QueueOut, QueueState, SkippedBy, SkippedQuery
from segloop_server.schemas.common import Page
from segloop_store.clock import now
from segloop_store.models import Job
from segloop_store.repositories import rounds, waiting
from segloop_store.repositories.waiting import QueueCounts, SkippedRow
from segloop_store.states import ACTIVE_ROUND_STATES, JobState, Role

router = APIRouter(tags=["annotating"])


@router.get("/projects/{project_id}/queue")
def get_queue(project_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> QueueOut:
    """What waits for answers, and why the caller would or would not get something now."""
    with context.database.reading() as session:
        require_role(session, caller, project_id)
        counts = waiting.count_queue(session, project_id, caller.user_id, now())
        return _queue_json(session, project_id, counts)


def _queue_json(session: Session, project_id: uuid.UUID, counts: QueueCounts) -> QueueOut:
    current = rounds.current(session, project_id)
    serving = current.annotating or current.newest
    view = rounds.views_of(session, [serving])[0] if serving else None
    return QueueOut(
        remaining=counts.remaining,
        leased=counts.leased,
        mine=counts.mine,
        annotated=view.annotated_regions if view else 0,
        budget_regions=view.budget_regions if view else None,
        round_number=serving.number if serving else None,
        state=_state(counts, current),
        eta_seconds=_eta_seconds(current.active_jobs),
    )


def _state(counts: QueueCounts, current: rounds.CurrentRounds) -> QueueState:
    if counts.is_ready:
        return QueueState.READY
    if current.newest is not None and current.newest.state in ACTIVE_ROUND_STATES:
        return QueueState.TRAINING
    if current.newest is not None and current.annotating is None:
        return QueueState.CLOSED
    return QueueState.EMPTY


def _eta_seconds(jobs: Sequence[Job]) -> float | None:
    """The longest time left any running job of the round speaks of; what comes after it is not known yet."""
    known = [job.progress.get("eta_seconds") for job in jobs if job.state is JobState.RUNNING]
    return max((float(eta) for eta in known if eta is not None), default=None)


@router.get("/projects/{project_id}/skipped_queries")
def list_skipped_queries(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[SkippedQuery]:
    """The owner's list: regions skipped too often to be offered any more, with the reasons."""
    with context.database.reading() as session:
        require_role(session, caller, project_id, Role.OWNER)
        rows = waiting.list_skipped(session, project_id, after_id=decode_id_cursor(cursor), limit=limit + 1)
    return page_by_id(rows, limit, _skipped_query, lambda row: row.query.id)


def _skipped_query(row: SkippedRow) -> SkippedQuery:
    query = row.query
    return SkippedQuery(
        id=query.id,
        image_id=row.image.id,
        filename=row.image.filename,
        region_index=query.region_index,
        bbox=(query.bbox_x, query.bbox_y, query.bbox_width, query.bbox_height),
        skips=[SkippedBy(user_id=skip.user_id, reason=skip.skip_reason or "") for skip in row.skips],
    )


@router.post("/region_queries/{query_id}/offer_again", status_code=204)
def offer_query_again(query_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> None:
    """Put a skipped region back into the queue, for whoever has not skipped it."""
    with context.database.transaction() as session:
        require_query(session, caller, query_id, Role.OWNER)
        waiting.offer_again(session, query_id)
