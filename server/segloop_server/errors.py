"""Every error's HTTP status, in one table, and the problem+json each becomes."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from segloop.errors import SegloopError
from segloop_store.errors import (
    BusyError,
    ConflictError,
    InvalidError,
    NotFoundError,
    QuotaError,
    StorageError,
    StoreError,
)
from segloop_store.problem_codes import ProblemCode


class UnauthenticatedError(SegloopError):
    """Nobody is signed in, or the credentials are wrong."""


class ForbiddenError(SegloopError):
    """The caller may see it but not do this."""


class TooLargeError(SegloopError):
    """The request is larger than this server takes."""


class TooManyRequestsError(SegloopError):
    """The caller has to wait."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message, code=ProblemCode.TOO_MANY_SIGN_INS, seconds=retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class RangeError(SegloopError):
    """A Range header asks for bytes that are not there."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the requested range is outside the {size} bytes there are")
        self.size = size


class InvalidFieldError(SegloopError):
    """A field is well formed but its value cannot be taken."""

    def __init__(self, field: str, message: str, *, code: str = "", **values: str | int) -> None:
        super().__init__(f"{field}: {message}", code=code, **values)
        self.field = field
        self.message = message


STATUSES: dict[type[Exception], int] = {
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    # so are its kinds: illegal transitions and lost leases
    ConflictError: 409,
    QuotaError: 409,
    TooLargeError: 413,
    RangeError: 416,
    TooManyRequestsError: 429,
    InvalidFieldError: 422,
    InvalidError: 422,
    BusyError: 503,
    StorageError: 503,
    StoreError: 500,
    # What the method refuses is a payload it cannot take: sizes, classes, settings, formats.
    SegloopError: 422,
}
"""The most specific class of an error decides; whatever is not here is a 500 that tells nothing."""

CODES = {
    401: ProblemCode.NOT_SIGNED_IN,
    403: ProblemCode.NOT_ALLOWED,
    404: ProblemCode.NOT_FOUND,
    405: ProblemCode.METHOD_NOT_ALLOWED,
    409: ProblemCode.CONFLICT,
    413: ProblemCode.TOO_LARGE,
    416: ProblemCode.RANGE_NOT_SATISFIABLE,
    422: ProblemCode.INVALID,
    429: ProblemCode.TOO_MANY_REQUESTS,
    503: ProblemCode.NOT_READY,
}
"""Of refusals without a code of their own."""

TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict with the present state",
    413: "Too large",
    416: "Range not satisfiable",
    422: "Invalid request",
    429: "Too many requests",
    500: "Internal error",
    503: "Not ready",
}


def problem(
    status: int,
    detail: str,
    *,
    code: str = "",
    values: Mapping[str, str | int] | None = None,
    errors: Sequence[dict[str, Any]] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """One RFC 9457 answer; `code` and `values` let a page say it in its own words."""
    title = TITLES.get(status, "Error")
    slug = title.lower().replace(" ", "-")
    body: dict[str, Any] = {
        "type": f"urn:segloop:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code or CODES.get(status, ProblemCode.INTERNAL),
    }
    if values:
        body["values"] = dict(values)
    if errors:
        body["errors"] = list(errors)
    return JSONResponse(body, status_code=status, media_type="application/problem+json", headers=headers)


def status_of(error: Exception) -> int:
    """The status of an error by its nearest class in the table."""
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def _answer_known(_: Request, error: Exception) -> JSONResponse:
    status = status_of(error)
    if status == 500:
        raise error
    headers: dict[str, str] = {"Retry-After": "1"} if status == 503 else {}
    errors: list[dict[str, Any]] = []
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = 'Bearer realm="segloop"'
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, RangeError):
        headers["Content-Range"] = f"bytes */{error.size}"
    if isinstance(error, InvalidFieldError):
        errors.append({"field": error.field, "detail": error.message})
    assert isinstance(error, SegloopError)
    return problem(status, str(error), code=error.code, values=error.values, errors=errors, headers=headers)


def _answer_validation(_: Request, error: Exception) -> JSONResponse:
    """422 with each field; an id that cannot be one is simply unknown (404). Values are not echoed."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["loc"] and item["loc"][0] == "path" for item in found):
        return problem(404, "there is nothing under this id")
    errors = [
        {
            "field": ".".join(str(part) for part in item["loc"][1:]) or str(item["loc"][0]),
            "detail": item["msg"],
        }
        for item in found
    ]
    detail = "; ".join(f"{item['field']}: {item['detail']}" for item in errors[:5])
    return problem(422, detail, errors=errors)


def _answer_http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    # the framework's 400 is a body that cannot be read at all: for us an invalid request like any other
    status = 422 if error.status_code == 400 else error.status_code
    return problem(status, str(error.detail), headers=headers)


def add_error_handlers(app: FastAPI) -> None:
    """Make every error of this app a problem+json."""
    for kind in STATUSES:
        app.add_exception_handler(kind, _answer_known)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
