"""The HTTP client: one method a path of the API, JSON in and out, errors as exceptions.

It knows no file layout, no oracle and no terminal; those build on it.
"""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from segloop_client.errors import ApiError, UnreachableError

Json = dict[str, Any]
_RETRIED_STATUSES = frozenset({502, 503, 504})
_MAX_TRIES = 6


class Client:
    """A connection to one segloop server.

    Args:
        server: its address, e.g. "http://127.0.0.1:8000".
        token: a bearer token (`POST /tokens`, or the server's `SEGLOOP_ADMIN_TOKEN`).
        timeout_seconds: for each request.
    """

    def __init__(self, server: str, token: str, *, timeout_seconds: float = 120.0) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.server = server.rstrip("/")
        self._http = httpx.Client(base_url=self.server, headers=headers, timeout=timeout_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request to `/api/v1<path>`, repeated while the server restarts.

        Reads, uploads (deduplicated) and answers (the same answer again makes nothing new) may be asked twice
        without harm. What makes something new each time passes `is_repeatable=False` and is asked once.

        Raises:
            ApiError: the server refused.
            UnreachableError: nobody answered.
        """
        url = path if path.startswith(("http", "/api", "/healthz", "/readyz")) else f"/api/v1{path}"
        is_repeatable = options.pop("is_repeatable", True)
        for attempt in range(_MAX_TRIES if is_repeatable else 1):
            try:
                response = self._http.request(method, url, **options)
            except httpx.TransportError as error:
                failure: Exception = UnreachableError(f"{self._http.base_url} did not answer: {error}")
            else:
                if response.status_code < 400:
                    return response
                failure = ApiError(response.status_code, _problem(response), url)
                if response.status_code not in _RETRIED_STATUSES:
                    break
            if attempt + 1 < _MAX_TRIES and is_repeatable:
                time.sleep(min(0.25 * 2**attempt, 4.0))
        raise failure

    def json(self, method: str, path: str, **options: Any) -> Any:
        """`request`, with the decoded answer."""
        response = self.request(method, path, **options)
        return response.json() if response.content else None

    def pages(self, path: str, **params: Any) -> Iterator[Json]:
        """Every item of a cursor-paged list."""
        cursor: str | None = None
        while True:
            page = self.json(
                "GET", path, params={**params, "limit": 200, **({"cursor": cursor} if cursor else {})}
            )
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def is_ready(self) -> bool:
        """Whether database, blobs and workers answer."""
        try:
            return self._http.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def me(self) -> Json:
        """The user this token acts for."""
        return dict(self.json("GET", "/me"))

    def projects(self) -> list[Json]:
        """Every project the token may see."""
        return list(self.pages("/projects"))

    def find_project(self, name_or_id: str) -> Json:
        """A project by id, or by name where only one has it.

        Raises:
            ApiError: none, or several.
        """
        found = [project for project in self.projects() if name_or_id in (project["id"], project["name"])]
        if len(found) == 1:
            return found[0]
        detail = f"{len(found)} projects are called {name_or_id!r}" + ("; use an id" if found else "")
        raise ApiError(404, {"detail": detail}, "/projects")

    def create_project(self, name: str, label_classes: list[Json], partition: Json, **fields: Any) -> Json:
        """A new project."""
        body = {"name": name, "label_classes": label_classes, "partition": partition, **fields}
        return dict(self.json("POST", "/projects", json=body, is_repeatable=False))

    def update_project(self, project_id: str, **fields: Any) -> Json:
        """Change fields of a project."""
        return dict(self.json("PATCH", f"/projects/{project_id}", json=fields))

    def upload_images(self, project_id: str, files: Iterable[tuple[str, bytes]], split: str) -> Json:
        """Upload (filename, bytes) pairs in one request -> {"created", "existing", "rejected"}."""
        parts = [("files", (name, data, "application/octet-stream")) for name, data in files]
        return dict(self.json("POST", f"/projects/{project_id}/images", files=parts, data={"split": split}))

    def upload_archive(self, project_id: str, path: Path, split: str | None) -> Json:
        """Stream one zip or tar -> its job."""

        def chunks() -> Iterator[bytes]:
            with path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    yield chunk

        params = {"split": split} if split else {}
        answer = self.json(
            "POST",
            f"/projects/{project_id}/archives",
            content=chunks(),
            params=params,
            headers={"Content-Type": "application/octet-stream"},
            is_repeatable=False,
        )
        return dict(answer["job"])

    def images(self, project_id: str, **params: Any) -> list[Json]:
        """Images of a project, optionally of one `split`."""
        return list(self.pages(f"/projects/{project_id}/images", **params))

    def put_label_map(self, image_id: str, png: bytes) -> None:
        """Upload full ground truth of one image."""
        self.request(
            "PUT", f"/images/{image_id}/label_map", content=png, headers={"Content-Type": "image/png"}
        )

    def start_round(self, project_id: str, **fields: Any) -> Json:
        """Start a round; `fields` as in the API (budget_regions, method, settings, ...)."""
        return dict(self.json("POST", f"/projects/{project_id}/rounds", json=fields, is_repeatable=False))

    def rounds(self, project_id: str) -> list[Json]:
        """Rounds of a project by number."""
        return sorted(self.pages(f"/projects/{project_id}/rounds"), key=lambda item: int(item["number"]))

    def round(self, round_id: str) -> Json:
        """One round."""
        return dict(self.json("GET", f"/rounds/{round_id}"))

    def next_assignment(self, project_id: str) -> Json | None:
        """Lease the next region, or None when there is nothing now."""
        response = self.request("POST", f"/projects/{project_id}/assignments", is_repeatable=False)
        return None if response.status_code == 204 else dict(response.json())

    def submit(self, assignment_id: str, **fields: Any) -> Json:
        """Answer a region: label_map_png (base64), seconds_spent, num_clicks, kind."""
        return dict(self.json("PUT", f"/assignments/{assignment_id}/annotation", json=fields))

    def queue(self, project_id: str) -> Json:
        """How much is left to annotate, and why nothing is."""
        return dict(self.json("GET", f"/projects/{project_id}/queue"))

    def learning_curve(self, project_id: str) -> list[Json]:
        """One row a round."""
        return list(self.json("GET", f"/projects/{project_id}/learning_curve")["items"])

    def jobs(self, project_id: str, **params: Any) -> list[Json]:
        """Background runs of a project."""
        return list(self.pages(f"/projects/{project_id}/jobs", **params))

    def job(self, job_id: str) -> Json:
        """One background run."""
        return dict(self.json("GET", f"/jobs/{job_id}"))

    def model_versions(self, project_id: str) -> list[Json]:
        """Model versions, oldest first."""
        return sorted(
            self.pages(f"/projects/{project_id}/model_versions"), key=lambda item: int(item["number"])
        )

    def start_export(self, project_id: str, file_format: str, content: str) -> Json:
        """Ask for an export."""
        body = {"format": file_format, "content": content}
        return dict(self.json("POST", f"/projects/{project_id}/exports", json=body, is_repeatable=False))

    def export(self, export_id: str) -> Json:
        """An export's state."""
        return dict(self.json("GET", f"/exports/{export_id}"))

    def download(self, path: str, target: Path) -> None:
        """Stream a file to `target`, whole or not at all."""
        part = target.with_name(target.name + ".part")
        url = path if path.startswith("/api") else f"/api/v1{path}"
        with self._http.stream("GET", url) as response, part.open("wb") as file:
            if response.status_code >= 400:
                response.read()
                raise ApiError(response.status_code, _problem(response), path)
            for chunk in response.iter_bytes():
                file.write(chunk)
        part.replace(target)


def _problem(response: httpx.Response) -> dict[str, object]:
    try:
        body = response.json()
    except ValueError:
        return {"title": response.reason_phrase}
    return body if isinstance(body, dict) else {"title": response.reason_phrase}
