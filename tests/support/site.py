"""A real app over a real database, in this process: callers, projects and uploads in one line each."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient
from httpx2 import Response
from PIL import Image

from segloop_server.app import create_app
from segloop_server.config import ServerSettings
from segloop_server.dependencies import Context

ADMIN_TOKEN = "admin-token"
LINK_TOKEN = "link-token"
CLASSES = [{"name": "road", "color": "#112233"}, {"name": "car", "color": "#445566"}]


@dataclass
class Caller:
    """Somebody who calls with a bearer token."""

    client: TestClient
    token: str
    id: str = ""

    def call(self, method: str, path: str, **options: Any) -> Response:
        """One request below /api/v1."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.client.request(method, f"/api/v1{path}", headers=headers, **options)

    def get(self, path: str, **options: Any) -> Response:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Response:
        return (
            self.call("POST", path, json=json, **options)
            if json is not None
            else self.call("POST", path, **options)
        )

    def patch(self, path: str, json: Any) -> Response:
        return self.call("PATCH", path, json=json)

    def upload(
        self, project_id: str, files: Sequence[tuple[str, bytes]] | Mapping[str, bytes], split: str = "pool"
    ) -> Response:
        """Upload files under their names."""
        pairs = list(files.items()) if isinstance(files, Mapping) else list(files)
        parts = [("files", (name, data, "application/octet-stream")) for name, data in pairs]
        return self.call("POST", f"/projects/{project_id}/images", files=parts, data={"split": split})


@dataclass
class Site:
    """An app and who may use it."""

    client: TestClient
    context: Context
    admin: Caller
    _names: list[str] = field(default_factory=list)

    def user(self, username: str = "") -> Caller:
        """A fresh user with a token."""
        name = username or f"user-{len(self._names)}"
        self._names.append(name)
        created = self.admin.post("/users", {"username": name, "password": "secret"})
        assert created.status_code == 201, created.text
        token = self.anonymous_login(name, "secret")
        return Caller(self.client, token, created.json()["id"])

    def anonymous_login(self, username: str, password: str) -> str:
        """Sign in with a password, make a token, forget the cookies."""
        login = self.client.post("/api/v1/auth/login", json={"username": username, "password": password})
        assert login.status_code == 204, login.text
        csrf = {"X-CSRF-Token": self.client.cookies["segloop_csrf"]}
        token = self.client.post("/api/v1/tokens", json={"name": "test"}, headers=csrf)
        self.client.cookies.clear()
        return str(token.json()["token"])

    def project(self, caller: Caller | None = None, **fields: Any) -> str:
        """A fresh project of the caller (else of the admin): its id."""
        body = {"name": "streets", "label_classes": CLASSES, "partition": {"kind": "grid"}, **fields}
        created = (caller or self.admin).post("/projects", body)
        assert created.status_code == 201, created.text
        return str(created.json()["id"])

    def member(self, project_id: str, role: str) -> Caller:
        """A fresh user with this role in the project."""
        caller = self.user()
        answer = self.admin.call("PUT", f"/projects/{project_id}/members/{caller.id}", json={"role": role})
        assert answer.status_code == 200, answer.text
        return caller


def site_settings(data_dir: Path, **options: Any) -> ServerSettings:
    """Settings of a small server inside one folder."""
    return ServerSettings(
        **{
            "data_dir": data_dir,
            "broker_url": "memory://",
            "blob_url": "memory://",
            "admin_token": ADMIN_TOKEN,
            "sign_in_token": LINK_TOKEN,
            "password_time_cost": 1,
            "password_memory_kib": 64,
            "decoding_processes": 1,
            **options,
        }
    )


def open_site(settings: ServerSettings) -> Site:
    """An app over these settings; enter its client for start and end."""
    app = create_app(settings)
    client = TestClient(app, raise_server_exceptions=False)
    return Site(client, app.state.context, Caller(client, ADMIN_TOKEN))


def png(seed: int = 0, *, height: int = 12, width: int = 16, mode: str = "RGB") -> bytes:
    """A small noise image as PNG."""
    return encoded(seed, "PNG", height=height, width=width, mode=mode)


def encoded(
    seed: int, file_format: str, *, height: int = 12, width: int = 16, mode: str = "RGB", **options: Any
) -> bytes:
    """A small noise image in any format and mode."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, file_format, **options)
    return buffer.getvalue()


def pixels_of(data: bytes) -> "np.typing.NDArray[np.uint8]":
    """What any viewer shows of image bytes."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))
