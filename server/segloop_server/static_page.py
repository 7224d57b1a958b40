"""The built web page: files as they are, and the page itself for every path it routes on its own."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

_IMMUTABLE = "public, max-age=31536000, immutable"
"""For /assets: their names carry the hash of their content."""
_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
_NOT_OURS = ("api/", "docs/", "assets/")

_NOT_BUILT = """<!doctype html><meta charset="utf-8"><title>segloop</title>
<h1>segloop</h1><p>The page is not built here. The API works: see <a href="/docs">/docs</a>.
<code>./run</code> builds the page before it starts the server.</p>"""


def page_router(static_dir: Path) -> APIRouter:
    """Routes for the page; include it last, because it answers every path that is left."""
    router = APIRouter(include_in_schema=False)
    root = static_dir.resolve()

    @router.api_route("/api/{path:path}", methods=_METHODS)
    def refuse(request: Request) -> Response:
        """Without this the page, which answers GET everywhere, would make any other method 405."""
        allowed = [method for method in _METHODS if _is_served(request, method)]
        if allowed:
            raise HTTPException(405, "Method Not Allowed", headers={"Allow": ", ".join(allowed)})
        raise HTTPException(404, f"there is nothing at {request.url.path}")

    @router.get("/{path:path}")
    @router.head("/{path:path}")
    def get_page(path: str, request: Request) -> Response:
        found = _file(root, path)
        if found is not None and found.name != "index.html":
            is_asset = path.startswith("assets/")
            return FileResponse(found, headers={"Cache-Control": _IMMUTABLE if is_asset else "no-cache"})
        if path.startswith(_NOT_OURS) or path in {"api", "assets"} or "." in path.rsplit("/", 1)[-1]:
            raise HTTPException(404, f"there is nothing at {request.url.path}")
        index = root / "index.html"
        if not index.is_file():
            return HTMLResponse(_NOT_BUILT)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    return router


def _is_served(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    routes_of_others = request.app.routes[:-1]  # the last ones are the page's
    return any(route.matches(scope)[0] is Match.FULL for route in routes_of_others)


def _file(root: Path, path: str) -> Path | None:
    """The file under the root, or None; a path that leads out of it is nothing."""
    if not path or "\x00" in path:
        return None
    found = (root / path).resolve()
    return found if found.is_relative_to(root) and found.is_file() else None
