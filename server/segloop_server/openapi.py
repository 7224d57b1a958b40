"""Writes the API's description: `python -m segloop_server.openapi [--check] PATH`; `-` is standard output."""

import json
import sys
import tempfile
from pathlib import Path

from segloop_server.app import create_app
from segloop_server.config import ServerSettings


def description() -> str:
    """The OpenAPI description as JSON text, the same bytes for the same code."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(ServerSettings(data_dir=Path(folder), broker_url="memory://"))
        return json.dumps(app.openapi(), indent=2, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Write it to a file, or with --check say whether the file is up to date."""
    is_check = "--check" in arguments
    paths = [argument for argument in arguments if argument != "--check"]
    if len(paths) != 1:
        sys.stderr.write("usage: python -m segloop_server.openapi [--check] PATH\n")
        return 2
    text = description()
    if paths[0] == "-":
        sys.stdout.write(text)
        return 0
    path = Path(paths[0])
    if is_check:
        is_current = path.is_file() and path.read_text() == text
        if not is_current:
            sys.stderr.write(f"{path} is stale: run ./run client\n")
        return 0 if is_current else 1
    path.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
