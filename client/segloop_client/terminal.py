"""What commands share: where they print, whom they connect to and as whom."""

import os
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from segloop_client.api import Client
from segloop_client.errors import ClientError

console = Console()

Server = Annotated[str, typer.Option("--server", envvar="SEGLOOP_SERVER", help="address of the server")]
Project = Annotated[str, typer.Argument(help="a project's name or id")]
SERVER_DEFAULT = "http://127.0.0.1:8000"


def connect(server: str) -> Client:
    """A client for the token in the environment.

    Raises:
        ClientError: there is none.
    """
    token = os.environ.get("SEGLOOP_TOKEN")
    if not token:
        raise ClientError("set SEGLOOP_TOKEN to a token (make one on the page under People, or POST /tokens)")
    return Client(server, token)


def progress_bar() -> Progress:
    """What is being done, how far it is, and how long it still takes."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)


def id_table(*names: str) -> Table:
    """A table that gives way in its ids, folded so that they can still be copied, and in nothing else."""
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    for name in names:
        table.add_column(name, no_wrap=name != "id", overflow="fold")
    return table
