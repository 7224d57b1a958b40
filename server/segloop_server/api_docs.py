"""What `/openapi.json` says of errors, and `/docs`: the description as one plain page.

The page has no script and needs nothing from another host.
"""

from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse

from segloop_server.schemas.common import Problem

PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "a problem, as RFC 9457 says it"}
}
"""Of every path of the API."""

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code { font-size: 14px } summary { cursor: pointer; padding: .25rem 0 }
details { border-bottom: 1px solid #8884 } pre { overflow: auto; background: #8881; padding: .5rem }
b.method { display: inline-block; width: 4.5rem } table { border-collapse: collapse }
td { padding: .1rem 1rem .1rem 0; vertical-align: top }
"""


def describe_problems(app: FastAPI) -> None:
    """Let the description name problems' own media type: the framework writes application/json."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        description = describe()
        for methods in description["paths"].values():
            for operation in methods.values():
                content = operation["responses"].get("4XX", {}).get("content", {})
                if "application/json" in content:
                    content["application/problem+json"] = content.pop("application/json")
        return description

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI documents this as the way


def docs_router(app: FastAPI) -> APIRouter:
    """The route of the page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs", response_class=HTMLResponse)
    def docs() -> str:
        return _page(app.openapi())

    return router


def _page(description: dict[str, Any]) -> str:
    info = description["info"]
    groups: dict[str, list[str]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or ["other"])[0]
            groups.setdefault(tag, []).append(_operation(method, path, operation))
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(items)}" for tag, items in groups.items())
    schemas = "".join(
        f"<details id='{escape(name)}'><summary><code>{escape(name)}</code></summary>"
        f"{_schema(schema)}</details>"
        for name, schema in sorted(description.get("components", {}).get("schemas", {}).items())
    )
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(info['title'])} API</title>"
        f"<style>{_STYLE}</style><h1>{escape(info['title'])} API</h1>"
        f"<p>{escape(info.get('description', ''))}</p>"
        f"<p>Machine-readable: <a href='/openapi.json'>/openapi.json</a></p>"
        f"{sections}<h2>Schemas</h2>{schemas}</html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = [
        (f"{parameter['name']} ({parameter['in']})", _type(parameter.get("schema", {})), parameter)
        for parameter in operation.get("parameters", [])
    ]
    table = "".join(
        f"<tr><td><code>{escape(name)}</code><td>{kind}<td>{escape(parameter.get('description', ''))}"
        for name, kind, parameter in rows
    )
    body = "".join(
        f"<p>Body: <code>{escape(media)}</code> {_type(content.get('schema', {}))}</p>"
        for media, content in operation.get("requestBody", {}).get("content", {}).items()
    )
    answers = "".join(_answer(status, answer) for status, answer in operation["responses"].items())
    return (
        f"<details><summary><b class='method'>{method.upper()}</b> <code>{escape(path)}</code> "
        f"{escape(operation.get('summary', ''))}</summary>"
        f"<pre>{escape(operation.get('description', ''))}</pre>"
        f"<table>{table}</table>{body}{answers}</details>"
    )


def _answer(status: str, answer: dict[str, Any]) -> str:
    kinds = " ".join(_type(content.get("schema", {})) for content in answer.get("content", {}).values())
    return f"<p>{escape(status)} {escape(answer.get('description', ''))} {kinds}</p>"


def _schema(schema: dict[str, Any]) -> str:
    required = set(schema.get("required", []))
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code>{'' if name in required else ' (optional)'}<td>{_type(field)}"
        f"<td>{escape(field.get('description', ''))}"
        for name, field in schema.get("properties", {}).items()
    )
    values = escape(", ".join(str(value) for value in schema.get("enum", [])))
    return f"<p>{escape(schema.get('description', ''))} {values}</p><table>{rows}</table>"


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words, with links to named ones."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"<a href='#{escape(name)}'>{escape(name)}</a>"
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    bounds = [
        f"{key} {schema[key]}" for key in ("minimum", "maximum", "maxLength", "pattern") if key in schema
    ]
    words = [str(schema.get("format") or schema.get("type", "any")), *bounds]
    if "enum" in schema:
        words = [" | ".join(str(value) for value in schema["enum"])]
    return escape(", ".join(words))
