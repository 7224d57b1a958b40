"""`segloop rounds ...` and `segloop models ...`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from segloop.settings import Acquisition
from segloop_client.api import Client
from segloop_client.errors import ClientError
from segloop_client.terminal import SERVER_DEFAULT, Project, Server, connect, console, id_table, progress_bar
from segloop_client.voice import say
from segloop_client.waiting import wait_for_round

app = typer.Typer()
rounds_app = typer.Typer(no_args_is_help=True, help="Start rounds, watch them, look back.")
models_app = typer.Typer(no_args_is_help=True, help="Model versions: list, activate, download.")
app.add_typer(rounds_app, name="rounds")
app.add_typer(models_app, name="models")


@rounds_app.command("start")
def start_round(
    project: Project,
    budget_regions: Annotated[int | None, typer.Option(help="regions to ask")] = None,
    budget_fraction: Annotated[float | None, typer.Option(help="share of the pool's pixels to ask")] = None,
    method: Annotated[str | None, typer.Option(help="s4al_plus, segloop, s4al, supervised")] = None,
    acquisition: Annotated[str | None, typer.Option(help=f"one of {', '.join(Acquisition)}")] = None,
    settings: Annotated[
        str, typer.Option(help="more settings as JSON, e.g. '{\"image_steps\": 600}'")
    ] = "{}",
    wait: Annotated[bool, typer.Option(help="watch until its regions are asked")] = True,
    server: Server = SERVER_DEFAULT,
) -> None:
    """Start a round and watch it."""
    fields = {
        "budget_regions": budget_regions,
        "budget_fraction": budget_fraction,
        "method": method,
        "acquisition": acquisition,
    }
    try:
        decoded = json.loads(settings)
    except ValueError as error:
        raise ClientError(f"--settings is no JSON: {error}") from None
    with connect(server) as client:
        project_id = client.find_project(project)["id"]
        given = {name: value for name, value in fields.items() if value is not None}
        current = client.start_round(project_id, settings=decoded, **given)
        if wait:
            current = _watch(client, current["id"])
    _print_rounds([current])


@rounds_app.command("list")
def list_rounds(project: Project, server: Server = SERVER_DEFAULT) -> None:
    """List rounds with what they cost and brought."""
    with connect(server) as client:
        _print_rounds(client.rounds(client.find_project(project)["id"]))


@rounds_app.command("watch")
def watch_round(round_id: str, server: Server = SERVER_DEFAULT) -> None:
    """Watch a round until its regions are asked."""
    with connect(server) as client:
        _print_rounds([_watch(client, round_id)])


@rounds_app.command("cancel")
def cancel_round(round_id: str, server: Server = SERVER_DEFAULT) -> None:
    """Cancel a round that trains, scores or selects."""
    with connect(server) as client:
        client.json("POST", f"/rounds/{round_id}/cancel")
    say("cancelled")


@models_app.command("list")
def list_models(project: Project, server: Server = SERVER_DEFAULT) -> None:
    """List model versions."""
    table = id_table("number", "id", "round", "mean IoU", "labelled", "active")
    with connect(server) as client:
        for model in client.model_versions(client.find_project(project)["id"]):
            mean_iou = (model["metrics"] or {}).get("mean_iou")
            table.add_row(
                str(model["number"]),
                model["id"],
                str(model["round"]),
                "" if mean_iou is None else f"{mean_iou:.3f}",
                f"{(model['labelled_fraction'] or 0) * 100:.2f} %",
                "yes" if model["is_active"] else "",
            )
    console.print(table)


@models_app.command("activate")
def activate_model(model_version_id: str, server: Server = SERVER_DEFAULT) -> None:
    """Make a model version the one that predicts and ranks."""
    with connect(server) as client:
        client.json("POST", f"/model_versions/{model_version_id}/activate")
    say("activated")


@models_app.command("download")
def download_model(
    model_version_id: str,
    out: Annotated[Path, typer.Option(help="the safetensors file to write")] = Path("weights.safetensors"),
    server: Server = SERVER_DEFAULT,
) -> None:
    """Download weights."""
    with connect(server) as client:
        client.download(f"/model_versions/{model_version_id}/weights", out)
    say(f"{out} ({out.stat().st_size / 1e6:.1f} MB)")


def _watch(client: Client, round_id: str) -> dict[str, Any]:
    with progress_bar() as bar:
        task = bar.add_task("queued", total=1.0)
        return wait_for_round(
            client,
            round_id,
            report=lambda text, fraction: bar.update(task, description=text, completed=fraction),
        )


def _print_rounds(rounds: list[dict[str, Any]]) -> None:
    table = id_table("round", "state", "method", "labelled", "answered", "mean IoU", "on", "id")
    for item in rounds:
        metrics = item["metrics"] or {}
        mean_iou = metrics.get("mean_iou")
        table.add_row(
            str(item["number"]),
            item["state"],
            item["method"],
            "" if item["labelled_fraction"] is None else f"{item['labelled_fraction'] * 100:.2f} %",
            str(item["annotated_regions"]),
            "" if mean_iou is None else f"{mean_iou:.3f}",
            metrics.get("on") or "",
            item["id"],
        )
    console.print(table)
