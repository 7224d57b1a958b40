"""What every list and every field rule shares."""

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

from segloop_store.problem_codes import ProblemCode

ItemT = TypeVar("ItemT")


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _storable(text: str) -> str:
    """Refuse what a database cannot keep: NUL (PostgreSQL) and halves of surrogate pairs (both)."""
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must not hold NUL characters or lone surrogates")
    return text


Timestamp = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]
"""RFC 3339, UTC, to the millisecond."""

RoundNumber = Annotated[int, Field(ge=0, lt=2**31)]
"""As databases keep it: a larger one would be their error, not an answer."""
Storable = AfterValidator(_storable)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]
Text = Annotated[str, StringConstraints(max_length=200_000), Storable]


class Payload(BaseModel):
    """A request's body: unknown fields are refused, because they are misspelt ones."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[ItemT]):
    """One page of a list."""

    items: list[ItemT]
    next_cursor: str | None = None


class Problem(BaseModel):
    """RFC 9457: what went wrong."""

    type: str
    title: str
    status: int
    detail: str
    code: ProblemCode
    values: dict[str, str | int] | None = None
    errors: list[dict[str, str]] | None = None
