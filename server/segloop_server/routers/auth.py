"""Signing in and out, the sign-in link, and who one is."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from segloop_server.auth import (
    CSRF_COOKIE,
    SESSION_COOKIE,
    csrf_token_of,
    is_same_secret,
    new_token,
    token_sha256,
)
from segloop_server.dependencies import (
    Caller,
    CallerDep,
    Context,
    ContextDep,
    built_in_admin,
    check_csrf,
    require_password_length,
)
from segloop_server.errors import ForbiddenError, UnauthenticatedError
from segloop_server.schemas.people import Login, Me, PasswordChange
from segloop_store.clock import now
from segloop_store.problem_codes import ProblemCode
from segloop_store.repositories import people

router = APIRouter(tags=["sign in"])


@router.post("/auth/login", status_code=204)
def login(body: Login, request: Request, context: ContextDep) -> Response:
    """Sign in with a password: sets the session cookie and the readable CSRF cookie."""
    username = body.username.strip()
    context.login_limiter.check(username)
    with context.database.reading() as session:
        user = people.user_by_name(session, username)
    if not context.passwords.check(body.password, user.password_hash if user is not None else None):
        context.login_limiter.failed(username)
        raise UnauthenticatedError("the username or the password is wrong", code=ProblemCode.WRONG_SIGN_IN)
    assert user is not None
    context.login_limiter.succeeded(username)
    response = Response(status_code=204)
    caller = Caller(user_id=user.id, username=user.username, is_admin=user.is_admin)
    _start_session(context, caller, request, response)
    return response


@router.get("/auth/link", status_code=303, response_class=RedirectResponse)
def sign_in_by_link(token: str, request: Request, context: ContextDep) -> Response:
    """The printed link: signs in as the built-in admin and leads to the page."""
    expected = context.settings.sign_in_token
    if not is_same_secret(token, expected.get_secret_value() if expected is not None else None):
        raise UnauthenticatedError("this sign-in link is not valid: use the one the server printed last")
    response = RedirectResponse("/", status_code=303, headers={"Cache-Control": "no-store"})
    _start_session(context, built_in_admin(context), request, response)
    return response


@router.post("/auth/logout", status_code=204)
def logout(request: Request, context: ContextDep) -> Response:
    """End this browser's session; without one there is nothing to do."""
    secret = request.cookies.get(SESSION_COOKIE)
    if secret:
        check_csrf(request, secret)
        with context.database.transaction() as session:
            people.end_session(session, token_sha256(secret))
    response = Response(status_code=204)
    for name in (SESSION_COOKIE, CSRF_COOKIE):
        response.delete_cookie(name, path="/")
    return response


@router.get("/me")
def me(caller: CallerDep) -> Me:
    """The caller."""
    return Me(id=caller.user_id, username=caller.username, is_admin=caller.is_admin)


@router.put("/me/password", status_code=204)
def change_password(
    body: PasswordChange, request: Request, context: ContextDep, caller: CallerDep
) -> Response:
    """Change one's own password; this browser stays signed in, others do not; all tokens are revoked."""
    require_password_length(context, body.password)
    context.login_limiter.check(caller.username)
    with context.database.reading() as session:
        user = people.user_by_id(session, caller.user_id)
    if not context.passwords.check(body.current_password, user.password_hash):
        context.login_limiter.failed(caller.username)
        raise ForbiddenError("the current password is wrong", code=ProblemCode.WRONG_SIGN_IN)
    password_hash = context.passwords.hash(body.password)
    with context.database.transaction() as session:
        people.change_user(session, caller.user_id, password_hash=password_hash)
    response = Response(status_code=204)
    if request.cookies.get(SESSION_COOKIE):
        _start_session(context, caller, request, response)
    return response


def _start_session(context: Context, caller: Caller, request: Request, response: Response) -> None:
    lifetime = timedelta(days=context.settings.session_days)
    token = new_token()
    with context.database.transaction() as session:
        people.add_session(session, caller.user_id, token_sha256=token.sha256, expires_at=now() + lifetime)
    is_https = request.url.scheme == "https"
    for name, value, is_hidden in (
        (SESSION_COOKIE, token.secret, True),
        (CSRF_COOKIE, csrf_token_of(token.secret), False),
    ):
        response.set_cookie(
            name,
            value,
            max_age=int(lifetime.total_seconds()),
            path="/",
            httponly=is_hidden,
            samesite="lax",
            secure=is_https,
        )
