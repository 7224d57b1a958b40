"""Rounds: start, list, cancel, close, retry."""

import uuid

from fastapi import APIRouter

from segloop_server.dependencies import CallerDep, Context, ContextDep, require_role
from segloop_server.errors import InvalidFieldError
from segloop_server.paging import DEFAULT_LIMIT, Cursor, Limit, decode_cursor, encode_cursor
from segloop_server.round_access import require_round
from segloop_server.round_settings import ProjectFit, settings_from_request
from segloop_server.schemas.common import Page
from segloop_server.schemas.rounds import NewRound, RoundOut
from segloop_store.repositories import rounds
from segloop_store.states import Role

router = APIRouter(tags=["rounds"])


@router.post("/projects/{project_id}/rounds", status_code=202)
def start_round(project_id: uuid.UUID, body: NewRound, context: ContextDep, caller: CallerDep) -> RoundOut:
    """Start the next round.

    Settings that are not given are the method's; training size and steps are those that fit the pool and the
    workers' devices (`GET /methods?project_id=` lists them). 409 while another one is queued, training,
    scoring or selecting. Images that are still being prepared are waited for: the round is queued with them.
    """
    with context.database.reading() as session:
        require_role(session, caller, project_id, Role.OWNER)
        fit = ProjectFit.of(session, project_id, seen_within_seconds=context.settings.worker_seen_seconds)
    if body.budget_regions is not None and body.budget_fraction is not None:
        raise InvalidFieldError("budget_fraction", "give budget_regions or budget_fraction, not both")
    named = {**body.settings, **({"method": body.method.value} if body.method else {})}
    settings = settings_from_request(
        {**fit.settings(named), **body.settings},
        method=body.method,
        acquisition=body.acquisition,
        weights_dir=context.settings.data_dir / "weights",
    )
    with context.database.transaction() as session:
        require_role(session, caller, project_id, Role.OWNER)
        round_ = rounds.start(
            session,
            project_id=project_id,
            user_id=caller.user_id,
            settings=settings,
            budget_regions=body.budget_regions,
            budget_fraction=body.budget_fraction,
        )
        return RoundOut.of(rounds.views_of(session, [round_])[0])


@router.get("/projects/{project_id}/rounds")
def list_rounds(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[RoundOut]:
    """A project's rounds by number."""
    key = decode_cursor(cursor, int)
    with context.database.reading() as session:
        require_role(session, caller, project_id)
        views = rounds.list_views(
            session, project_id, after_number=int(key[0]) if key else None, limit=limit + 1
        )
        items = [RoundOut.of(view) for view in views[:limit]]
    more = encode_cursor(items[-1].number) if len(views) > limit else None
    return Page(items=items, next_cursor=more)


@router.get("/rounds/{round_id}")
def get_round(round_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> RoundOut:
    """One round with its jobs."""
    with context.database.reading() as session:
        require_round(session, caller, round_id)
        return RoundOut.of(rounds.view(session, round_id))


@router.post("/rounds/{round_id}/cancel")
def cancel_round(round_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> RoundOut:
    """Stop a round that is queued, training, scoring or selecting; cancelling twice is fine."""
    with context.database.transaction() as session:
        require_round(session, caller, round_id, Role.OWNER)
        rounds.cancel(session, round_id, user_id=caller.user_id)
    return _reread(context, round_id)


@router.post("/rounds/{round_id}/close")
def close_round(round_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> RoundOut:
    """End an annotating or failed round and take back what nobody holds; closing a closed one is fine."""
    with context.database.transaction() as session:
        require_round(session, caller, round_id, Role.OWNER)
        rounds.close(session, round_id, user_id=caller.user_id)
    return _reread(context, round_id)


@router.post("/rounds/{round_id}/retry", status_code=202)
def retry_round(round_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> RoundOut:
    """Queue a failed round again; training goes on from its last checkpoint."""
    with context.database.transaction() as session:
        require_round(session, caller, round_id, Role.OWNER)
        rounds.retry(session, round_id, user_id=caller.user_id)
    return _reread(context, round_id)


def _reread(context: Context, round_id: uuid.UUID) -> RoundOut:
    with context.database.reading() as session:
        return RoundOut.of(rounds.view(session, round_id))
