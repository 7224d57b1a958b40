"""Users, their sessions and tokens. Secrets never come here: only their hashes do."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session as DatabaseSession

from segloop_store.clock import now
from segloop_store.database import unique_or_conflict
from segloop_store.errors import ConflictError, NotFoundError
from segloop_store.models import ApiToken, Membership, Session, User
from segloop_store.problem_codes import ProblemCode
from segloop_store.states import Role

_NOTE_USE_EVERY = timedelta(minutes=10)


def user_by_id(session: DatabaseSession, user_id: uuid.UUID) -> User:
    """A user, disabled or not.

    Raises:
        NotFoundError: there is none.
    """
    user = session.get(User, user_id)
    if user is None:
        raise NotFoundError("there is no such user")
    return user


def user_by_name(session: DatabaseSession, username: str) -> User | None:
    """The user of this name who may sign in."""
    return session.scalar(select(User).where(User.username == username, User.disabled_at.is_(None)))


def add_user(session: DatabaseSession, username: str, *, password_hash: str | None, is_admin: bool) -> User:
    """A new user.

    Raises:
        ConflictError: the name is taken.
    """
    user = User(username=username, password_hash=password_hash, is_admin=is_admin)
    with unique_or_conflict(
        session, f"the username {username!r} is taken", code=ProblemCode.USERNAME_TAKEN, username=username
    ):
        session.add(user)
    return user


def ensure_user(session: DatabaseSession, username: str, *, is_admin: bool) -> User:
    """The user of this name, made without a password if there is none yet.

    Raises:
        ConflictError: there is one, and it is disabled.
    """
    user = session.scalar(select(User).where(User.username == username))
    if user is None:
        return add_user(session, username, password_hash=None, is_admin=is_admin)
    if user.disabled_at is not None:
        raise ConflictError(
            f"the user {username!r} is disabled", code=ProblemCode.USER_DISABLED, username=username
        )
    return user


def list_users(session: DatabaseSession, *, after: uuid.UUID | None, limit: int) -> Sequence[User]:
    """Users, oldest first."""
    statement = select(User).order_by(User.id).limit(limit)
    if after is not None:
        statement = statement.where(User.id > after)
    return session.scalars(statement).all()


def owns_any_project(session: DatabaseSession, user_id: uuid.UUID) -> bool:
    """Whether the user is owner somewhere."""
    owned = select(Membership.user_id).where(Membership.user_id == user_id, Membership.role == Role.OWNER)
    return session.scalar(owned.limit(1)) is not None


def change_user(
    session: DatabaseSession,
    user_id: uuid.UUID,
    *,
    password_hash: str | None = None,
    is_admin: bool | None = None,
    is_disabled: bool | None = None,
) -> User:
    """Change what is given. A new password or a disabled account ends the user's sessions and tokens.

    Raises:
        NotFoundError: there is no such user.
        ConflictError: no admin who may sign in would be left.
    """
    user = user_by_id(session, user_id)
    if user.is_admin and user.disabled_at is None and (is_admin is False or is_disabled):
        _require_another_admin(session, user_id)
    if password_hash is not None:
        user.password_hash = password_hash
    if is_admin is not None:
        user.is_admin = is_admin
    if is_disabled is not None:
        user.disabled_at = now() if is_disabled else None
    if password_hash is not None or is_disabled:
        session.execute(delete(Session).where(Session.user_id == user_id))
        # who knew the old password may have made tokens with it
        session.execute(
            update(ApiToken)
            .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
            .values(revoked_at=now())
        )
    session.flush()
    return user


def _require_another_admin(session: DatabaseSession, user_id: uuid.UUID) -> None:
    others = select(func.count()).where(User.is_admin, User.disabled_at.is_(None), User.id != user_id)
    if not session.scalar(others):
        raise ConflictError("this is the last admin: make another one first", code=ProblemCode.LAST_ADMIN)


def add_session(
    session: DatabaseSession, user_id: uuid.UUID, *, token_sha256: str, expires_at: datetime
) -> None:
    """Keep a browser's session; the user's ended ones are forgotten."""
    session.execute(delete(Session).where(Session.user_id == user_id, Session.expires_at < now()))
    session.add(Session(user_id=user_id, token_sha256=token_sha256, expires_at=expires_at))


def end_session(session: DatabaseSession, token_sha256: str) -> None:
    """Forget a session; an unknown one is forgotten already."""
    session.execute(delete(Session).where(Session.token_sha256 == token_sha256))


def user_by_session(session: DatabaseSession, token_sha256: str) -> User | None:
    """Who is signed in with this session, if it is still good."""
    statement = (
        select(User)
        .join(Session, Session.user_id == User.id)
        .where(Session.token_sha256 == token_sha256, Session.expires_at > now(), User.disabled_at.is_(None))
    )
    return session.scalar(statement)


def user_by_api_token(session: DatabaseSession, token_sha256: str) -> User | None:
    """Whose token this is, if it is neither revoked nor expired."""
    statement = (
        select(User)
        .join(ApiToken, ApiToken.user_id == User.id)
        .where(
            ApiToken.token_sha256 == token_sha256,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at.is_(None) | (ApiToken.expires_at > now()),
            User.disabled_at.is_(None),
        )
    )
    return session.scalar(statement)


def is_token_use_worth_noting(session: DatabaseSession, token_sha256: str) -> bool:
    """Whether the last noted use is ten minutes old: a write for every request would queue for the lock."""
    statement = select(ApiToken.id).where(
        ApiToken.token_sha256 == token_sha256,
        ApiToken.last_used_at.is_(None) | (ApiToken.last_used_at < now() - _NOTE_USE_EVERY),
    )
    return session.scalar(statement) is not None


def note_token_use(session: DatabaseSession, token_sha256: str) -> None:
    """Keep that the token was used now."""
    session.execute(update(ApiToken).where(ApiToken.token_sha256 == token_sha256).values(last_used_at=now()))


def add_api_token(
    session: DatabaseSession, user_id: uuid.UUID, *, name: str, token_sha256: str, expires_at: datetime | None
) -> ApiToken:
    """Keep a new token of a user."""
    token = ApiToken(user_id=user_id, name=name, token_sha256=token_sha256, expires_at=expires_at)
    session.add(token)
    session.flush()
    return token


def list_api_tokens(
    session: DatabaseSession, user_id: uuid.UUID, *, after: uuid.UUID | None, limit: int
) -> Sequence[ApiToken]:
    """A user's tokens that were not revoked, oldest first."""
    statement = (
        select(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(ApiToken.id > after)
    return session.scalars(statement).all()


def revoke_api_token(session: DatabaseSession, user_id: uuid.UUID, token_id: uuid.UUID) -> None:
    """Make a user's token useless.

    Raises:
        NotFoundError: the user has no such token.
    """
    statement = (
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now())
        .returning(ApiToken.id)
    )
    if session.scalar(statement) is None:
        raise NotFoundError("you have no such token")
