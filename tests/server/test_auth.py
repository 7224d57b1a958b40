"""Signing in, cookies and CSRF, tokens, users, and who may see what."""

from datetime import timedelta

import pytest

from segloop_server.auth import LoginLimiter
from segloop_server.errors import TooManyRequestsError
from segloop_store.clock import now
from segloop_store.models import ApiToken
from segloop_store.models import Session as BrowserSession
from tests.support.site import ADMIN_TOKEN, LINK_TOKEN, Caller, Site


def test_password_signs_in_with_a_session_cookie_no_script_can_read(site: Site) -> None:
    site.user("anna")
    answer = site.client.post("/api/v1/auth/login", json={"username": "anna", "password": "secret"})
    assert answer.status_code == 204
    cookies = {line.split("=")[0]: line.lower() for line in answer.headers.get_list("set-cookie")}
    assert "httponly" in cookies["segloop_session"]
    assert "samesite=lax" in cookies["segloop_session"]
    assert "httponly" not in cookies["segloop_csrf"]
    assert site.client.get("/api/v1/me").json()["username"] == "anna"


@pytest.mark.parametrize("body", [("anna", "wrong"), ("nobody", "secret"), ("admin", "x")])
def test_wrong_password_and_unknown_user_get_the_same_answer(site: Site, body: tuple[str, str]) -> None:
    site.user("anna")
    answer = site.client.post("/api/v1/auth/login", json={"username": body[0], "password": body[1]})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "the username or the password is wrong"
    assert "set-cookie" not in answer.headers


def test_many_wrong_passwords_have_to_wait(site: Site) -> None:
    site.user("anna")
    statuses = [
        site.client.post("/api/v1/auth/login", json={"username": "anna", "password": f"no {n}"}).status_code
        for n in range(11)
    ]
    assert statuses == [401] * 10 + [429]
    right = site.client.post("/api/v1/auth/login", json={"username": "anna", "password": "secret"})
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) > 0


def test_limiter_forgives_after_a_minute() -> None:
    moment = [0.0]
    limiter = LoginLimiter(2, clock=lambda: moment[0])
    limiter.failed("anna")
    limiter.failed("anna")
    with pytest.raises(TooManyRequestsError):
        limiter.check("anna")
    limiter.check("bert")
    moment[0] = 61.0
    limiter.check("anna")


def test_write_with_a_cookie_needs_the_csrf_header(site: Site) -> None:
    site.client.get(f"/api/v1/auth/link?token={LINK_TOKEN}")
    body = {"name": "ci"}
    assert site.client.post("/api/v1/tokens", json=body).status_code == 403
    forged = site.client.post("/api/v1/tokens", json=body, headers={"X-CSRF-Token": "x" * 43})
    assert forged.status_code == 403
    csrf = {"X-CSRF-Token": site.client.cookies["segloop_csrf"]}
    from_elsewhere = site.client.post(
        "/api/v1/tokens", json=body, headers={**csrf, "Sec-Fetch-Site": "cross-site"}
    )
    assert from_elsewhere.status_code == 403
    assert site.client.get("/api/v1/tokens").json()["items"] == []
    assert site.client.post("/api/v1/tokens", json=body, headers=csrf).status_code == 201


def test_sign_in_link_leads_to_the_page_and_acts_as_admin(site: Site) -> None:
    answer = site.client.get(f"/api/v1/auth/link?token={LINK_TOKEN}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert site.client.get("/api/v1/me").json() | {"id": ""} == {
        "id": "",
        "username": "admin",
        "is_admin": True,
    }


@pytest.mark.parametrize("token", ["", "nope", ADMIN_TOKEN])
def test_any_other_link_signs_nobody_in(site: Site, token: str) -> None:
    assert site.client.get(f"/api/v1/auth/link?token={token}", follow_redirects=False).status_code == 401
    assert site.client.get("/api/v1/me").status_code == 401


def test_logout_ends_the_session_on_the_server(site: Site) -> None:
    site.client.get(f"/api/v1/auth/link?token={LINK_TOKEN}")
    session = site.client.cookies["segloop_session"]
    assert site.client.post("/api/v1/auth/logout").status_code == 403
    csrf = {"X-CSRF-Token": site.client.cookies["segloop_csrf"]}
    assert site.client.post("/api/v1/auth/logout", headers=csrf).status_code == 204
    site.client.cookies.set("segloop_session", session)
    assert site.client.get("/api/v1/me").status_code == 401


def test_session_that_is_over_signs_nobody_in(site: Site) -> None:
    site.client.get(f"/api/v1/auth/link?token={LINK_TOKEN}")
    with site.context.database.transaction() as session:
        row = session.query(BrowserSession).one()
        row.expires_at = now() - timedelta(seconds=1)
    assert site.client.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize("header", ["Bearer nope", "Bearer", "Basic YTpi", "nope", f"Bearer {ADMIN_TOKEN}x"])
def test_broken_or_unknown_tokens_are_refused(site: Site, header: str) -> None:
    answer = site.client.get("/api/v1/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_token_is_shown_once_and_kept_as_a_hash(site: Site) -> None:
    anna = site.user("anna")
    created = anna.post("/tokens", {"name": "ci", "expires_in_days": 1})
    assert created.status_code == 201
    secret = created.json()["token"]
    assert Caller(site.client, secret).get("/me").json()["username"] == "anna"
    assert secret not in anna.get("/tokens").text
    with site.context.database.reading() as session:
        assert all(token.token_sha256 != secret for token in session.query(ApiToken))


def test_revoked_expired_and_disabled_tokens_stop_at_once(site: Site) -> None:
    anna = site.user("anna")
    revoked = anna.post("/tokens", {"name": "a"}).json()
    expired = anna.post("/tokens", {"name": "b", "expires_in_days": 1}).json()
    assert anna.call("DELETE", f"/tokens/{revoked['id']}").status_code == 204
    assert anna.call("DELETE", f"/tokens/{revoked['id']}").status_code == 404
    with site.context.database.transaction() as session:
        session.query(ApiToken).filter(ApiToken.name == "b").one().expires_at = now() - timedelta(seconds=1)
    assert Caller(site.client, revoked["token"]).get("/me").status_code == 401
    assert Caller(site.client, expired["token"]).get("/me").status_code == 401
    assert site.admin.patch(f"/users/{anna.id}", {"is_disabled": True}).status_code == 200
    assert anna.get("/me").status_code == 401


def test_nobody_revokes_somebody_elses_token(site: Site) -> None:
    anna, bert = site.user("anna"), site.user("bert")
    token_id = anna.post("/tokens", {"name": "ci"}).json()["id"]
    assert bert.call("DELETE", f"/tokens/{token_id}").status_code == 404
    assert site.admin.call("DELETE", f"/tokens/{token_id}").status_code == 404


def test_only_admins_make_users_and_names_are_unique(site: Site) -> None:
    anna = site.user("anna")
    body = {"username": "bert", "password": "secret"}
    assert anna.post("/users", body).status_code == 403
    assert site.admin.post("/users", {**body, "username": "anna"}).status_code == 409
    assert site.admin.post("/users", {**body, "username": "a b"}).status_code == 422
    assert site.admin.post("/users", {**body, "nickname": "x"}).status_code == 422
    assert site.admin.post("/users", {**body, "password": "\x00"}).status_code == 422
    assert [user["username"] for user in site.admin.get("/users").json()["items"]] == ["admin", "anna"]


def test_users_are_listed_page_by_page_for_owners_only(site: Site) -> None:
    anna = site.user("anna")
    site.user("bert")
    assert anna.get("/users").status_code == 403
    site.project(anna)
    first = anna.get("/users?limit=2").json()
    assert [user["username"] for user in first["items"]] == ["admin", "anna"]
    assert {user[name] for user in first["items"] for name in ("is_admin", "created_at", "is_disabled")} == {
        None
    }
    assert [user["is_admin"] for user in site.admin.get("/users").json()["items"]] == [True, False, False]
    second = anna.get(f"/users?limit=2&cursor={first['next_cursor']}").json()
    assert ([user["username"] for user in second["items"]], second["next_cursor"]) == (["bert"], None)


def test_last_admin_stays_admin(site: Site) -> None:
    admin_id = site.admin.get("/me").json()["id"]
    assert site.admin.patch(f"/users/{admin_id}", {"is_admin": False}).status_code == 409
    assert site.admin.patch(f"/users/{admin_id}", {"is_disabled": True}).status_code == 409
    assert site.admin.get("/me").json()["is_admin"] is True


def test_own_password_changes_with_the_old_one(site: Site) -> None:
    anna = site.user("anna")
    wrong = {"current_password": "nope", "password": "new"}
    assert anna.call("PUT", "/me/password", json=wrong).status_code == 403
    assert anna.get("/me").status_code == 200
    right = {"current_password": "secret", "password": "new"}
    assert anna.call("PUT", "/me/password", json=right).status_code == 204
    assert anna.get("/me").status_code == 401, "a token made with the old password is still good"
    anna.token = site.anonymous_login("anna", "new")
    assert site.admin.patch(f"/users/{anna.id}", {"password": "newer"}).status_code == 200
    assert anna.get("/me").status_code == 401


def test_refused_values_are_not_repeated_in_the_answer(site: Site) -> None:
    answer = site.client.post("/api/v1/auth/login", json={"username": "anna", "password": ["hunter2"]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "password"
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"", b"[1]", b'{"username": NaN}', b"\xff"])
def test_broken_json_is_an_invalid_request(site: Site, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = site.client.post("/api/v1/auth/login", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
