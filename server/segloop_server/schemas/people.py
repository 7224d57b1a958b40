"""Users, tokens and members as JSON."""

import uuid
from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints

from segloop_server.schemas.common import Name, Payload, Storable, Timestamp
from segloop_store.models import ApiToken, Membership, User
from segloop_store.states import Role

Username = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=150, pattern=r"^[^\s/:]+$"),
    Storable,
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024), Storable]


class Login(Payload):
    """Who signs in."""

    username: Annotated[str, StringConstraints(max_length=150), Storable]
    password: Password


class NewUser(Payload):
    """A user to be made."""

    username: Username
    password: Password
    is_admin: bool = False


class UserChange(Payload):
    """What an admin may change of a user; absent = stays."""

    password: Password | None = None
    is_admin: bool | None = None
    is_disabled: bool | None = None


class PasswordChange(Payload):
    """One's own password."""

    current_password: Password
    password: Password


class Me(BaseModel):
    """The caller."""

    id: uuid.UUID
    username: str
    is_admin: bool


class UserOut(BaseModel):
    """A user; what is not the name is for admins, null for others."""

    id: uuid.UUID
    username: str
    is_admin: bool | None = None
    created_at: Timestamp | None = None
    is_disabled: bool | None = None

    @classmethod
    def of(cls, user: User) -> Self:
        """From its row, for an admin."""
        return cls(
            id=user.id,
            username=user.username,
            is_admin=user.is_admin,
            created_at=user.created_at,
            is_disabled=user.disabled_at is not None,
        )

    @classmethod
    def name_of(cls, user: User) -> Self:
        """From its row, for somebody who chooses members."""
        return cls(id=user.id, username=user.username)


class NewToken(Payload):
    """A token to be made; without a time it is good until it is revoked."""

    name: Name
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None


class TokenOut(BaseModel):
    """A token without its secret."""

    id: uuid.UUID
    name: str
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None

    @classmethod
    def of(cls, token: ApiToken) -> Self:
        """From its row."""
        return cls(
            id=token.id,
            name=token.name,
            created_at=token.created_at,
            expires_at=token.expires_at,
            last_used_at=token.last_used_at,
        )


class CreatedToken(TokenOut):
    """A new token: the only time its secret is shown."""

    token: str


class NewRole(Payload):
    """What a member shall be."""

    role: Role


class MemberOut(BaseModel):
    """A member of a project."""

    user_id: uuid.UUID
    username: str
    role: Role
    created_at: Timestamp

    @classmethod
    def of(cls, membership: Membership, user: User) -> Self:
        """From its rows."""
        return cls(
            user_id=user.id, username=user.username, role=membership.role, created_at=membership.created_at
        )
