"""Who somebody is: passwords, tokens, cookies and the CSRF rule. Knows no route and no table."""

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from segloop_server.config import ServerSettings
from segloop_server.errors import TooManyRequestsError

SESSION_COOKIE = "segloop_session"
CSRF_COOKIE = "segloop_csrf"
CSRF_HEADER = "X-CSRF-Token"
API_TOKEN_PREFIX = "slp_"  # noqa: S105 - what tokens start with, so that leaked ones can be searched for
ADMIN_USERNAME = "admin"

_MAX_HASHES_AT_ONCE = 2
"""An argon2 hash takes 64 MiB: a crowd of log-ins must not take the machine's memory."""
_FAILURE_WINDOW_SECONDS = 60.0
_MAX_NAMES_WATCHED = 10_000


class Passwords:
    """Argon2 with the settings' cost. A check costs the same whether or not the user exists."""

    def __init__(self, settings: ServerSettings) -> None:
        self._hasher = Argon2Hasher(
            time_cost=settings.password_time_cost, memory_cost=settings.password_memory_kib, parallelism=1
        )
        self._slots = threading.BoundedSemaphore(_MAX_HASHES_AT_ONCE)

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        with self._slots:
            return self._hasher.hash(password)

    def check(self, password: str, password_hash: str | None) -> bool:
        """Whether the password fits; without a hash the same work is done and the answer is no."""
        reference = password_hash or self._nobodys_hash
        with self._slots:
            try:
                fits = self._hasher.verify(password, reference)
            except UnknownHashError:
                fits = False
        return fits and password_hash is not None

    @cached_property
    def _nobodys_hash(self) -> str:
        return self.hash(secrets.token_urlsafe(16))


class LoginLimiter:
    """Counts wrong passwords a username within the last minute. In memory: a restart forgives."""

    def __init__(self, max_failures: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_failures = max_failures
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, username: str) -> None:
        """Raise TooManyRequestsError while the username has failed too often."""
        with self._lock:
            recent = self._recent(username)
            if len(recent) >= self._max_failures:
                wait = max(1, round(_FAILURE_WINDOW_SECONDS - (self._clock() - recent[0])))
                raise TooManyRequestsError(
                    f"too many wrong passwords for this name: try again in {wait} s", retry_after_seconds=wait
                )

    def failed(self, username: str) -> None:
        """Remember one wrong password."""
        with self._lock:
            recent = self._recent(username)
            recent.append(self._clock())
            self._failures[username] = recent
            self._failures.move_to_end(username)
            if len(self._failures) > _MAX_NAMES_WATCHED:
                self._failures.popitem(last=False)

    def succeeded(self, username: str) -> None:
        """Forget this username's failures."""
        with self._lock:
            self._failures.pop(username, None)

    def _recent(self, username: str) -> deque[float]:
        recent = self._failures.get(username, deque())
        while recent and self._clock() - recent[0] > _FAILURE_WINDOW_SECONDS:
            recent.popleft()
        return recent


@dataclass(frozen=True, slots=True)
class NewToken:
    """A secret to hand out once, and the hash to keep."""

    secret: str
    sha256: str


def new_token(prefix: str = "") -> NewToken:
    """A fresh random token."""
    secret = prefix + secrets.token_urlsafe(32)
    return NewToken(secret=secret, sha256=token_sha256(secret))


def token_sha256(secret: str) -> str:
    """What is kept of a token. It has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def csrf_token_of(session_secret: str) -> str:
    """The CSRF token that belongs to a session: nobody can make it without the session's cookie."""
    return hashlib.sha256(b"segloop csrf " + session_secret.encode("utf-8", "surrogateescape")).hexdigest()[
        :43
    ]


def is_same_secret(given: str, expected: str | None) -> bool:
    """Compare in constant time; nothing equals an absent secret."""
    if not expected:
        return False
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())
