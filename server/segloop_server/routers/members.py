"""Who may do what in a project."""

import uuid

from fastapi import APIRouter, Response

from segloop_server.dependencies import CallerDep, ContextDep, require_role
from segloop_server.paging import DEFAULT_LIMIT, Cursor, Limit, decode_id_cursor, page_by_id
from segloop_server.schemas.common import Page
from segloop_server.schemas.people import MemberOut, NewRole
from segloop_store import events
from segloop_store.repositories import people, projects
from segloop_store.states import Role

router = APIRouter(tags=["members"])


@router.get("/projects/{project_id}/members")
def list_members(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[MemberOut]:
    """A project's members."""
    after = decode_id_cursor(cursor)
    with context.database.reading() as session:
        require_role(session, caller, project_id)
        found = projects.members(session, project_id, after=after, limit=limit + 1)
        return page_by_id(found, limit, lambda pair: MemberOut.of(*pair), lambda pair: pair[1].id)


@router.put("/projects/{project_id}/members/{user_id}")
def set_member(
    project_id: uuid.UUID, user_id: uuid.UUID, body: NewRole, context: ContextDep, caller: CallerDep
) -> MemberOut:
    """Make a user a member, or change what they are; owners only."""
    with context.database.transaction() as session:
        require_role(session, caller, project_id, Role.OWNER)
        membership = projects.set_member(session, project_id, user_id, body.role)
        events.record(
            session,
            "member.set",
            project_id=project_id,
            user_id=caller.user_id,
            payload={"member_id": str(user_id), "role": body.role.value},
        )
        return MemberOut.of(membership, people.user_by_id(session, user_id))


@router.delete("/projects/{project_id}/members/{user_id}", status_code=204)
def remove_member(
    project_id: uuid.UUID, user_id: uuid.UUID, context: ContextDep, caller: CallerDep
) -> Response:
    """Take a member out; what they annotated stays. Owners only."""
    with context.database.transaction() as session:
        require_role(session, caller, project_id, Role.OWNER)
        projects.remove_member(session, project_id, user_id)
        events.record(
            session,
            "member.removed",
            project_id=project_id,
            user_id=caller.user_id,
            payload={"member_id": str(user_id)},
        )
    return Response(status_code=204)
