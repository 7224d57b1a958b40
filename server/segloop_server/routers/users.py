"""Users: admins make and change them; owners see them to choose members."""

import uuid

from fastapi import APIRouter

from segloop_server.dependencies import CallerDep, ContextDep, require_admin, require_password_length
from segloop_server.errors import ForbiddenError
from segloop_server.paging import DEFAULT_LIMIT, Cursor, Limit, decode_id_cursor, page_by_id
from segloop_server.schemas.common import Page
from segloop_server.schemas.people import NewUser, UserChange, UserOut
from segloop_store import events
from segloop_store.repositories import people

router = APIRouter(tags=["users"])


@router.post("/users", status_code=201)
def create_user(body: NewUser, context: ContextDep, caller: CallerDep) -> UserOut:
    """Make a user; admins only."""
    require_admin(caller)
    require_password_length(context, body.password)
    password_hash = context.passwords.hash(body.password)
    with context.database.transaction() as session:
        user = people.add_user(session, body.username, password_hash=password_hash, is_admin=body.is_admin)
        events.record(session, "user.created", user_id=caller.user_id, payload={"username": user.username})
        return UserOut.of(user)


@router.get("/users")
def list_users(
    context: ContextDep, caller: CallerDep, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[UserOut]:
    """All users; for admins, and their names for owners, who choose members among them."""
    after = decode_id_cursor(cursor)
    with context.database.reading() as session:
        if not caller.is_admin and not people.owns_any_project(session, caller.user_id):
            raise ForbiddenError("only admins and owners of a project may list users")
        users = people.list_users(session, after=after, limit=limit + 1)
        return page_by_id(
            users, limit, UserOut.of if caller.is_admin else UserOut.name_of, lambda user: user.id
        )


@router.patch("/users/{user_id}")
def change_user(user_id: uuid.UUID, body: UserChange, context: ContextDep, caller: CallerDep) -> UserOut:
    """Set a password, make or unmake an admin, disable or enable; admins only."""
    require_admin(caller)
    password_hash = None
    if body.password is not None:
        require_password_length(context, body.password)
        password_hash = context.passwords.hash(body.password)
    with context.database.transaction() as session:
        user = people.change_user(
            session,
            user_id,
            password_hash=password_hash,
            is_admin=body.is_admin,
            is_disabled=body.is_disabled,
        )
        changed = sorted(body.model_fields_set)
        events.record(
            session,
            "user.changed",
            user_id=caller.user_id,
            payload={"username": user.username, "fields": changed},
        )
        return UserOut.of(user)
