"""The `segloop` command: each subcommand parses, calls one function of this package, and prints.

`--server` (or SEGLOOP_SERVER) and SEGLOOP_TOKEN say where and as whom; `serve` and `demo` need neither.
"""

import json
import os
import threading
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from segloop.errors import SegloopError
from segloop.folders import open_folder
from segloop.settings import PartitionKind, Split
from segloop_client.api import Client
from segloop_client.demo import Demo
from segloop_client.errors import ClientError
from segloop_client.importing import ImportReport, Labels, import_folder, num_steps
from segloop_client.serving import DEFAULT_DATA_DIR, Served, ServeOptions
from segloop_client.simulated import SimulatedAnnotator, folder_truth
from segloop_client.uploading import UploadReport, find_images
from segloop_client.uploading import upload as upload_files
from segloop_client.waiting import wait_for_export, wait_for_job, wait_for_round

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)
rounds_app = typer.Typer(no_args_is_help=True, help="Start rounds, watch them, look back.")
models_app = typer.Typer(no_args_is_help=True, help="Model versions: list, activate, download.")
app.add_typer(rounds_app, name="rounds")
app.add_typer(models_app, name="models")
console = Console()

Server = Annotated[str, typer.Option("--server", envvar="SEGLOOP_SERVER", help="address of the server")]
Project = Annotated[str, typer.Argument(help="a project's name or id")]
SERVER_DEFAULT = "http://127.0.0.1:8000"


def main() -> None:
    """Run the command; an expected error is one line and exit status 1."""
    try:
        app()
    except (ClientError, SegloopError) as error:
        Console(stderr=True).print(f"[red]segloop:[/red] {error}", highlight=False, soft_wrap=True)
        raise SystemExit(1) from None


def connect(server: str) -> Client:
    """A client for the token in the environment.

    Raises:
        ClientError: there is none.
    """
    token = os.environ.get("SEGLOOP_TOKEN")
    if not token:
        raise ClientError("set SEGLOOP_TOKEN to a token (make one on the page under People, or POST /tokens)")
    return Client(server, token)


def say(text: str) -> None:
    """One line of progress."""
    console.print(f"segloop: {text}", highlight=False, soft_wrap=True, markup=False)


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
        ServeOptions(host, port, data_dir, browser and _has_display(), torch_workers, verbose), say
    )
    served.stop_on_signals()
    served.start()
    if served.has_workers:
        served.wait_until_ready()
        say("ready; Ctrl+C stops it")
    served.run()


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
    worker = threading.Thread(target=_work_demo, args=(served, browser and _has_display()), daemon=True)
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


@app.command()
def upload(
    project: Project,
    paths: Annotated[list[Path], typer.Argument(help="images, folders, or one zip or tar")],
    split: Annotated[Split, typer.Option(help="what the images are for")] = Split.POOL,
    server: Server = SERVER_DEFAULT,
) -> None:
    """Upload images, folders or an archive; what is already there is not sent twice into the project."""
    with connect(server) as client:
        project_id = client.find_project(project)["id"]
        if len(paths) == 1 and paths[0].suffix.lower() in {".zip", ".tar", ".gz", ".tgz"}:
            job = wait_for_job(client, client.upload_archive(project_id, paths[0], split)["id"])
            console.print_json(json.dumps(job.get("results")))
            return
        files = find_images(paths)
        with _bar() as bar:
            task = bar.add_task("uploading", total=len(files))
            report = upload_files(
                client, project_id, files, split, on_batch=lambda number: bar.advance(task, number)
            )
    _print_upload(report)


@app.command(name="import")
def import_(
    folder: Annotated[
        Path, typer.Argument(help="images/{train,val,test}, labels/{train,val,test}, classes.json")
    ],
    name: Annotated[str, typer.Option(help="the project's name; the folder's by default")] = "",
    labels: Annotated[Labels, typer.Option(help="which label maps become ground truth")] = Labels.EVALUATION,
    partition: Annotated[PartitionKind, typer.Option(help="what a region is")] = PartitionKind.GRID,
    size_px: Annotated[int | None, typer.Option(help="side of a region")] = None,
    server: Server = SERVER_DEFAULT,
) -> None:
    """Make a project from a data-set folder; run it again to go on where it stopped."""
    dataset = open_folder(folder)
    kind: dict[str, Any] = {"kind": partition} | ({"size_px": size_px} if size_px else {})
    with connect(server) as client, _bar() as bar:
        task = bar.add_task("importing", total=num_steps(dataset, labels))
        report = import_folder(
            client,
            dataset,
            name=name or folder.resolve().name,
            labels=labels,
            partition=kind,
            on_file=lambda number: bar.advance(task, number),
        )
    _print_import(report)


@app.command()
def annotate(
    project: Project,
    oracle: Annotated[Path, typer.Option(help="a data-set folder that knows the answers")],
    limit: Annotated[int | None, typer.Option(help="answer at most so many regions")] = None,
    pause: Annotated[float, typer.Option(help="seconds before each answer")] = 0.0,
    server: Server = SERVER_DEFAULT,
) -> None:
    """Answer the queue from known label maps, over HTTP like a person's page."""
    dataset = open_folder(oracle)
    with connect(server) as client:
        project_id = client.find_project(project)["id"]
        annotator = SimulatedAnnotator(client, project_id, folder_truth(dataset), pause_seconds=pause)
        with _bar() as bar:
            task = bar.add_task("answering", total=limit or client.queue(project_id)["remaining"])
            number = annotator.answer_queue(limit=limit, on_answer=lambda: bar.advance(task))
    say(f"{number} regions answered")


@app.command()
def export(
    project: Project,
    file_format: Annotated[str, typer.Option("--format", help="index_png, coco_rle, ...")] = "index_png",
    content: Annotated[str, typer.Option(help="annotations, predictions or both")] = "annotations",
    out: Annotated[Path, typer.Option(help="the zip to write")] = Path("export.zip"),
    server: Server = SERVER_DEFAULT,
) -> None:
    """Export label maps and download the zip."""
    with connect(server) as client:
        project_id = client.find_project(project)["id"]
        done = wait_for_export(client, client.start_export(project_id, file_format, content)["id"])
        client.download(f"/exports/{done['id']}/file", out)
    say(f"{out} ({out.stat().st_size / 1e6:.1f} MB)")


@app.command()
def projects(server: Server = SERVER_DEFAULT) -> None:
    """List projects."""
    table = _table("name", "id", "pool", "validation", "test", "role")
    with connect(server) as client:
        for project in client.projects():
            counts = [str(project["num_images"][split.value]) for split in Split]
            table.add_row(project["name"], project["id"], *counts, project["role"])
    console.print(table)


@rounds_app.command("start")
def start_round(
    project: Project,
    budget_regions: Annotated[int | None, typer.Option(help="regions to ask")] = None,
    budget_fraction: Annotated[float | None, typer.Option(help="share of the pool's pixels to ask")] = None,
    method: Annotated[str | None, typer.Option(help="s4al_plus, segloop, s4al, supervised")] = None,
    acquisition: Annotated[str | None, typer.Option(help="entropy, margin, bvsb, random")] = None,
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
    table = _table("number", "id", "round", "mean IoU", "labelled", "active")
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
    with _bar() as bar:
        task = bar.add_task("queued", total=1.0)
        return wait_for_round(
            client,
            round_id,
            report=lambda text, fraction: bar.update(task, description=text, completed=fraction),
        )


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console)


def _print_upload(report: UploadReport) -> None:
    counts = (
        f"{len(report.created)} created, {len(report.existing)} existing, {len(report.rejected)} rejected"
    )
    say(counts)
    for item in report.rejected:
        say(f"rejected {item['filename']}: {item['reason']}")


def _print_import(report: ImportReport) -> None:
    say(f"project {report.project['name']} ({report.project['id']})")
    for split, uploaded in report.uploads.items():
        say(split.value)
        _print_upload(uploaded)
    say(f"{report.num_label_maps} label maps uploaded as ground truth")


def _print_rounds(rounds: list[dict[str, Any]]) -> None:
    table = _table("round", "state", "method", "labelled", "answered", "mean IoU", "on", "id")
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


def _table(*names: str) -> Table:
    """A table that gives way in its ids, folded so that they can still be copied, and in nothing else."""
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    for name in names:
        table.add_column(name, no_wrap=name != "id", overflow="fold")
    return table


def _has_display() -> bool:
    return (
        bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) or os.uname().sysname == "Darwin"
    )
