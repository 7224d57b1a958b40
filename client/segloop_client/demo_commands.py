"""`segloop demo`."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from segloop_client.api import Client
from segloop_client.demo import Demo
from segloop_client.errors import ClientError
from segloop_client.serving import Served, ServeOptions, has_display
from segloop_client.voice import say

app = typer.Typer()


@app.command()
def demo(
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = 8000,
    data_dir: Annotated[Path, typer.Option(help="the demo's own data")] = Path("segloop-data-demo"),
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="open the page when it is ready")
    ] = True,
) -> None:
    """Serve a ready project of drawn street scenes with a simulated annotator on a switch."""
    served = Served(ServeOptions(host, port, data_dir, opens_browser=False), say)
    served.stop_on_signals()
    served.start()
    worker = threading.Thread(target=_work_demo, args=(served, browser and has_display()), daemon=True)
    worker.start()
    served.run()


def _work_demo(served: Served, opens_browser: bool) -> None:
    try:
        served.wait_until_ready()
        with Client(served.options.url, served.admin_token) as client:
            demo_of_client = Demo(client, say)
            project = demo_of_client.set_up()
            page = f"{served.options.url}/projects/{project['id']}/annotate"
            say(f"sign in: {served.sign_in_link}")
            say(f"then correct regions at {page}")
            if opens_browser:
                typer.launch(served.sign_in_link)
            demo_of_client.follow(project["id"], lambda: served.is_stopping)
    except ClientError as error:
        if not served.is_stopping:
            say(f"the demo could not be set up: {error}. The server goes on; Ctrl+C stops it")
