"""`segloop serve`. Loads nothing that it does not need: a second start must answer within seconds."""

from pathlib import Path
from typing import Annotated

import typer

from segloop_client.serving import DEFAULT_DATA_DIR, Served, ServeOptions, has_display
from segloop_client.voice import say

app = typer.Typer()


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = 8000,
    data_dir: Annotated[Path, typer.Option(help="database, images, weights")] = DEFAULT_DATA_DIR,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="open the page")] = True,
    torch_workers: Annotated[int, typer.Option(min=0, help="0 = no workers here, only the server")] = 1,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="print logs instead of writing them to files")
    ] = False,
) -> None:
    """Serve page, API and workers on this machine."""
    served = Served(
        ServeOptions(host, port, data_dir, browser and has_display(), torch_workers, verbose), say
    )
    served.stop_on_signals()
    served.start()
    if served.has_workers:
        served.wait_until_ready()
        say("ready; Ctrl+C stops it")
    served.run()
