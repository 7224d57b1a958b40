"""The `segloop` command: each subcommand parses, calls one function of this package, and prints.

Only the module of the command that was asked for is loaded: a start has no time for HTTP, images and scenes.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

import typer

from segloop.errors import SegloopError
from segloop_client.errors import ClientError

_HELP = """Ask people only for the image regions a segmentation model learns most from.

`--server` (or SEGLOOP_SERVER) and SEGLOOP_TOKEN say where and as whom; `serve` and `demo` need neither.
"""
_MODULES = {
    "serve": "serve_commands",
    "demo": "demo_commands",
    "projects": "data_commands",
    "upload": "data_commands",
    "import": "data_commands",
    "annotate": "data_commands",
    "export": "data_commands",
    "rounds": "round_commands",
    "models": "round_commands",
}


def main() -> None:
    """Run the command; an expected error is one line and exit status 1."""
    try:
        build_app(sys.argv[1:])()
    except (ClientError, SegloopError) as error:
        sys.stdout.flush()
        typer.secho("segloop: ", fg="red", nl=False, err=True)
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None


def build_app(arguments: Sequence[str]) -> typer.Typer:
    """The command line, with all commands or only those that come with the one asked for."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=_HELP)
    app.callback()(lambda: None)  # one command alone would else be the whole program, without its name
    asked = _MODULES.get(arguments[0]) if arguments else None
    for name in [asked] if asked else dict.fromkeys(_MODULES.values()):
        app.add_typer(import_module(f"segloop_client.{name}").app)
    return app
