"""Cursor paging: a cursor is the sort key of the last item, made opaque."""

import base64
import binascii
import json
from typing import Annotated

from fastapi import Query

from segloop_server.errors import InvalidFieldError

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
    if not is_ours or any(type(part) is not kind for part, kind in zip(key, kinds, strict=True)):
        raise InvalidFieldError("cursor", "this is no cursor of this list")
    return tuple(key)
