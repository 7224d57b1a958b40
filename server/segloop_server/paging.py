"""Cursor paging: a cursor is the sort key of the last item, made opaque."""

import base64
import binascii
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from segloop_server.errors import InvalidFieldError
from segloop_server.schemas.common import ItemT, Page

RowT = TypeVar("RowT")

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Cursor = Annotated[str | None, Query(max_length=4096, description="`next_cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="items a page")]


def encode_cursor(*key: str | int) -> str:
    """The cursor that continues after the item with this sort key."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: type) -> tuple[str | int, ...] | None:
    """The sort key inside a cursor, each part of the given kind; None for the first page.

    Raises:
        InvalidFieldError: this server never made such a cursor.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise InvalidFieldError("cursor", "this is no cursor of this list") from error
    is_ours = isinstance(key, list) and len(key) == len(kinds)
    if not is_ours or not all(_is_part(part, kind) for part, kind in zip(key, kinds, strict=True)):
        raise InvalidFieldError("cursor", "this is no cursor of this list")
    return tuple(key)


def _is_part(part: object, kind: type) -> bool:
    """Whether a cursor of ours may hold it: no database compares numbers of more than 64 bits."""
    return type(part) is kind and (not isinstance(part, int) or abs(part) < 2**63)


def decode_id_cursor(cursor: str | None) -> uuid.UUID | None:
    """The id of the last item before the page, for lists in the order of ids.

    Raises:
        InvalidFieldError: this server never made such a cursor.
    """
    key = decode_cursor(cursor, str)
    if key is None:
        return None
    try:
        return uuid.UUID(str(key[0]))
    except ValueError as error:
        raise InvalidFieldError("cursor", "this is no cursor of this list") from error


def page_by_id(
    rows: Sequence[RowT], limit: int, to_item: Callable[[RowT], ItemT], id_of: Callable[[RowT], uuid.UUID]
) -> Page[ItemT]:
    """A page out of up to `limit + 1` rows: the one too many says that there is a next page."""
    shown = rows[:limit]
    next_cursor = encode_cursor(str(id_of(shown[-1]))) if len(rows) > limit else None
    return Page(items=[to_item(row) for row in shown], next_cursor=next_cursor)
