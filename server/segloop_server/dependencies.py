"""What endpoints ask for: the app's context, who is calling, and whether they may.

The rule for every route: unknown or not visible is 404, visible but not allowed is 403, nobody signed in
is 401.
"""

import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session as DatabaseSession

from segloop_server.auth import (
    ADMIN_USERNAME,
    CSRF_HEADER,
    SESSION_COOKIE,
    LoginLimiter,
    Passwords,
    csrf_token_of,
    is_same_secret,
    token_sha256,
)
from segloop_server.config import ServerSettings
from segloop_server.errors import ForbiddenError, InvalidFieldError, UnauthenticatedError
from segloop_server.metrics import Metrics
from segloop_store.blobs import BlobStore
from segloop_store.database import Database
from segloop_store.decoding import Decoder
from segloop_store.errors import BusyError, NotFoundError
from segloop_store.models import Image, Project, User
from segloop_store.problem_codes import ProblemCode
from segloop_store.repositories import images, people, projects
from segloop_store.states import Role

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_RANKS = {Role.VIEWER: 0, Role.ANNOTATOR: 1, Role.REVIEWER: 2, Role.OWNER: 3}


@dataclass(frozen=True, slots=True)
class Context:
    """Everything an endpoint may use, made once for each app."""

    settings: ServerSettings
    database: Database
    blobs: BlobStore
    decoder: Decoder
    passwords: Passwords
    login_limiter: LoginLimiter
    metrics: Metrics = field(default_factory=Metrics)

    @property
    def temporary_dir(self) -> Path:
        """Where uploads lie until they are blobs; emptied of what a crash left when the app starts."""
        return self.settings.data_dir / "incoming"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling."""

    user_id: uuid.UUID
    username: str
    is_admin: bool


@dataclass(frozen=True, slots=True)
class Access:
    """A project the caller may see, and their role in it."""

    project: Project
    role: Role


def get_context(request: Request) -> Context:
    """The app's context."""
    context: Context = request.app.state.context
    return context


ContextDep = Annotated[Context, Depends(get_context)]


def current_user(request: Request, context: ContextDep) -> Caller:
    """The caller by bearer token or session cookie.

    Raises:
        UnauthenticatedError: neither is there, or it is unknown, expired or revoked.
        ForbiddenError: a write by cookie without its CSRF header, or from another site.
    """
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise UnauthenticatedError("the Authorization header must read: Bearer <token>")
        return _caller_by_token(context, secret.strip())
    cookie = request.cookies.get(SESSION_COOKIE)
    if not cookie:
        raise UnauthenticatedError("sign in first, or send a bearer token")
    caller = _caller_by_session(context, cookie)
    if request.method not in _SAFE_METHODS:
        check_csrf(request, cookie)
    return caller


CallerDep = Annotated[Caller, Depends(current_user)]


def check_csrf(request: Request, session_secret: str) -> None:
    """Refuse a write that some other site made the browser send."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise ForbiddenError("this request comes from another site")
    if not is_same_secret(request.headers.get(CSRF_HEADER, ""), csrf_token_of(session_secret)):
        raise ForbiddenError(f"a write with a cookie needs the header {CSRF_HEADER}: the cookie segloop_csrf")


def _caller_by_token(context: Context, secret: str) -> Caller:
    admin_token = context.settings.admin_token
    if admin_token is not None and is_same_secret(secret, admin_token.get_secret_value()):
        return built_in_admin(context)
    with context.database.reading() as session:
        user = people.user_by_api_token(session, token_sha256(secret))
        caller = None if user is None else _caller_of(user)
    if caller is None:
        raise UnauthenticatedError("this token is unknown, expired or revoked")
    _note_use(context, secret)
    return caller


def _note_use(context: Context, secret: str) -> None:
    """Keep when the token was last used, at most one write in ten minutes a token."""
    sha256 = token_sha256(secret)
    with context.database.reading() as session:
        is_due = people.is_token_use_worth_noting(session, sha256)
    if is_due:
        # a busy database is no reason to refuse the request: the next one notes it
        with suppress(BusyError), context.database.transaction() as session:
            people.note_token_use(session, sha256)


def _caller_by_session(context: Context, secret: str) -> Caller:
    with context.database.reading() as session:
        user = people.user_by_session(session, token_sha256(secret))
        caller = None if user is None else _caller_of(user)
    if caller is None:
        raise UnauthenticatedError("this session has ended: sign in again")
    return caller


def _caller_of(user: User) -> Caller:
    return Caller(user_id=user.id, username=user.username, is_admin=user.is_admin)


def built_in_admin(context: Context) -> Caller:
    """The user behind the sign-in link and the admin token; made when first needed."""
    with context.database.reading() as session:
        user = people.user_by_name(session, ADMIN_USERNAME)
        if user is not None:
            return _caller_of(user)
    with context.database.transaction() as session:
        return _caller_of(people.ensure_user(session, ADMIN_USERNAME, is_admin=True))


def require_admin(caller: Caller) -> None:
    """Raise ForbiddenError unless the caller is an admin."""
    if not caller.is_admin:
        raise ForbiddenError("only an admin may do this", code=ProblemCode.ADMINS_ONLY)


def require_password_length(context: Context, password: str) -> None:
    """Raise InvalidFieldError unless a new password is as long as this server wants."""
    shortest = context.settings.min_password_length
    if len(password) < shortest:
        raise InvalidFieldError(
            "password",
            f"must have at least {shortest} characters",
            code=ProblemCode.TOO_SHORT,
            shortest=shortest,
        )


def require_role(
    session: DatabaseSession,
    caller: Caller,
    project_id: uuid.UUID,
    at_least: Role = Role.VIEWER,
    *,
    include_deleted: bool = False,
) -> Access:
    """The project, if the caller may see it and holds at least this role there. An admin acts as owner.

    Raises:
        NotFoundError: there is no such project, it is deleted, or the caller is no member.
        ForbiddenError: the caller is a member with too small a role.
    """
    found = projects.with_role(session, project_id, caller.user_id)
    if found is None:
        raise NotFoundError("there is no such project")
    project, role = found
    if caller.is_admin:
        role = Role.OWNER
    if role is None or (project.deleted_at is not None and not include_deleted):
        raise NotFoundError("there is no such project")
    if _RANKS[role] < _RANKS[at_least]:
        raise ForbiddenError(
            f"this needs the role {at_least} in the project; yours is {role}",
            code=ProblemCode.ROLE_NEEDED,
            needed=at_least.value,
            role=role.value,
        )
    return Access(project=project, role=role)


def require_image(
    session: DatabaseSession,
    caller: Caller,
    image_id: uuid.UUID,
    at_least: Role = Role.VIEWER,
    *,
    include_hidden: bool = False,
) -> Image:
    """The image, if the caller may see its project and holds at least this role there.

    Raises:
        NotFoundError: there is no such image, it is hidden, or the caller is no member.
        ForbiddenError: the caller is a member with too small a role.
    """
    image = images.by_id(session, image_id)
    if image is None:
        raise NotFoundError("there is no such image")
    try:
        require_role(session, caller, image.project_id, at_least)
    except NotFoundError as error:
        raise NotFoundError("there is no such image") from error
    if image.hidden_at is not None and not include_hidden:
        raise NotFoundError("this image is hidden; an owner can restore it")
    return image
