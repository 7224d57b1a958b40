"""Who the demo's simulated annotator is: a user of its own, who may annotate and no more.

So what it said is told apart from what a person said, on every page, in exports and in the audit log.
"""

import secrets

import httpx

from segloop_client.api import Client
from segloop_client.errors import ClientError

USERNAME = "simulated-annotator"


def sign_in_simulated(admin: Client, project_id: str) -> Client:
    """A client that acts as the simulated annotator of a project.

    Its password is made anew each time and kept nowhere, which ends the token of the start before.
    """
    password = secrets.token_urlsafe(24)
    found = [user for user in admin.pages("/users") if user["username"] == USERNAME]
    if found:
        user = admin.json("PATCH", f"/users/{found[0]['id']}", json={"password": password})
    else:
        body = {"username": USERNAME, "password": password, "is_admin": False}
        user = admin.json("POST", "/users", json=body, is_repeatable=False)
    admin.json("PUT", f"/projects/{project_id}/members/{user['id']}", json={"role": "annotator"})
    return Client(admin.server, _token(admin.server, password))


def _token(server: str, password: str) -> str:
    with httpx.Client(base_url=f"{server}/api/v1", timeout=60.0) as browser:
        login = browser.post("/auth/login", json={"username": USERNAME, "password": password})
        csrf = {"X-CSRF-Token": browser.cookies.get("segloop_csrf") or ""}
        made = browser.post("/tokens", json={"name": "demo"}, headers=csrf)
    if made.status_code != 201:  # an admin may have disabled the account
        raise ClientError(f"the simulated annotator cannot sign in ({login.status_code}, {made.status_code})")
    return str(made.json()["token"])
