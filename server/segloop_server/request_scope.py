"""Around every request: an id, a log line, a metric, security headers, a size limit, and no leaking 500.

Pure ASGI, so that streams stay streams.
"""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segloop_server.config import ServerSettings
from segloop_server.errors import problem
from segloop_server.metrics import Metrics

log = structlog.get_logger("segloop_server")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
        "script-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
}


class RequestScope:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, *, settings: ServerSettings, metrics: Metrics) -> None:
        self._app = app
        self._limit_of = _body_limits(settings)
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        response = _Response(send, request_id)
        start = time.perf_counter()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._serve(scope, receive, response)
        finally:
            seconds = time.perf_counter() - start
            self._note(scope, response.status, seconds)
            structlog.contextvars.unbind_contextvars("request_id")

    async def _serve(self, scope: Scope, receive: Receive, response: "_Response") -> None:
        limit = self._limit_of(scope["path"])
        too_large = f"the request is larger than the {limit} bytes this server takes here"
        if _content_length(scope) > limit:
            await problem(413, too_large)(scope, receive, response.send)
            return
        try:
            await self._app(scope, _counted(receive, limit, too_large), response.send)
        except ClientDisconnect:
            log.info("client_left", path=scope["path"])
        except Exception:
            log.exception("request_failed", method=scope["method"], path=scope["path"])
            if response.status:
                raise  # half an answer is out: only a broken connection tells the client
            detail = (
                f"something went wrong on the server; its log has it under request id {response.request_id}"
            )
            await problem(500, detail)(scope, receive, response.send)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self._metrics.request_seconds.labels(scope["method"], route, str(status)).observe(seconds)
        log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


class _Response:
    """Watches what is sent and adds the headers every answer has."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        """Pass one message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


def _request_id(scope: Scope) -> str:
    """The proxy's id, if it looks like one, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value.decode("latin-1")):
            return str(value.decode("latin-1"))
    return uuid.uuid4().hex


def _content_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _counted(receive: Receive, limit: int, too_large: str) -> Receive:
    """`receive` that stops at the limit: a chunked body says no length beforehand."""
    total = 0

    async def receive_counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise HTTPException(413, too_large)
        return message

    return receive_counted


def _body_limits(settings: ServerSettings) -> Callable[[str], int]:
    """The largest body of each path."""
    limits = (
        (re.compile(r"/api/v1/projects/[^/]+/images"), settings.max_upload_bytes),
        (re.compile(r"/api/v1/projects/[^/]+/archives"), settings.max_archive_bytes),
        (re.compile(r"/api/v1/images/[^/]+/label_map"), settings.max_file_bytes),
    )

    def limit_of(path: str) -> int:
        return next((limit for pattern, limit in limits if pattern.fullmatch(path)), settings.max_body_bytes)

    return limit_of
