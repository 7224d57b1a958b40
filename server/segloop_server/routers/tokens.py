"""Bearer tokens for scripts: one's own, shown once."""

import uuid
from datetime import timedelta

from fastapi import APIRouter, Response

from segloop_server.auth import API_TOKEN_PREFIX, new_token
from segloop_server.dependencies import CallerDep, ContextDep
from segloop_server.paging import DEFAULT_LIMIT, Cursor, Limit, decode_id_cursor, page_by_id
from segloop_server.schemas.common import Page
from segloop_server.schemas.people import CreatedToken, NewToken, TokenOut
from segloop_store.clock import now
from segloop_store.repositories import people

router = APIRouter(tags=["tokens"])


@router.post("/tokens", status_code=201)
def create_token(body: NewToken, context: ContextDep, caller: CallerDep, response: Response) -> CreatedToken:
    """Make a token that acts as the caller."""
    secret = new_token(API_TOKEN_PREFIX)
    days = body.expires_in_days
    with context.database.transaction() as session:
        token = people.add_api_token(
            session,
            caller.user_id,
            name=body.name,
            token_sha256=secret.sha256,
            expires_at=None if days is None else now() + timedelta(days=days),
        )
        created = CreatedToken(**TokenOut.of(token).model_dump(), token=secret.secret)
    response.headers["Cache-Control"] = "no-store"
    return created


@router.get("/tokens")
def list_tokens(
    context: ContextDep, caller: CallerDep, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[TokenOut]:
    """The caller's tokens that were not revoked, without their secrets."""
    after = decode_id_cursor(cursor)
    with context.database.reading() as session:
        tokens = people.list_api_tokens(session, caller.user_id, after=after, limit=limit + 1)
        return page_by_id(tokens, limit, TokenOut.of, lambda token: token.id)


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(token_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> Response:
    """Make a token useless, at once."""
    with context.database.transaction() as session:
        people.revoke_api_token(session, caller.user_id, token_id)
    return Response(status_code=204)
