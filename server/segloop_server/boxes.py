"""A box of an image as a query names it, for what can be had in pieces."""

from typing import Annotated

from fastapi import Depends, Query

from segloop_server.errors import InvalidFieldError
from segloop_server.region_pixels import Box

Pixel = Annotated[int, Query(ge=0, le=1_000_000)]
Length = Annotated[int, Query(ge=1, le=1_000_000)]


def _optional_box(
    x: Pixel | None = None, y: Pixel | None = None, w: Length | None = None, h: Length | None = None
) -> Box | None:
    """x, y, width, height; None when the query names none, which means all of it."""
    if x is None and y is None and w is None and h is None:
        return None
    if x is None or y is None or w is None or h is None:
        raise InvalidFieldError("x, y, w, h", "a box needs all four, or leave all out for the whole image")
    return x, y, w, h


OptionalBox = Annotated[Box | None, Depends(_optional_box)]


def require_inside(box: Box, width: int, height: int) -> None:
    """Refuse a box that leaves the image.

    Raises:
        InvalidFieldError: with both sizes.
    """
    x, y, w, h = box
    if x + w > width or y + h > height:
        raise InvalidFieldError(
            "x, y, w, h", f"the box {x},{y},{w},{h} leaves the image of {width} x {height}"
        )
