"""`segloop projects, upload, import, annotate, export`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from segloop.folders import open_folder
from segloop.settings import PartitionKind, Split
from segloop_client.importing import ImportReport, Labels, import_folder, num_steps
from segloop_client.simulated import SimulatedAnnotator, folder_truth
from segloop_client.terminal import SERVER_DEFAULT, Project, Server, connect, console, id_table, progress_bar
from segloop_client.uploading import UploadReport, find_images
from segloop_client.uploading import upload as upload_files
from segloop_client.voice import say
from segloop_client.waiting import wait_for_export, wait_for_job

app = typer.Typer()


@app.command()
def projects(server: Server = SERVER_DEFAULT) -> None:
    """List projects."""
    table = id_table("name", "id", "pool", "validation", "test", "role")
    with connect(server) as client:
        for project in client.projects():
            counts = [str(project["num_images"][split.value]) for split in Split]
            table.add_row(project["name"], project["id"], *counts, project["role"])
    console.print(table)


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
        with progress_bar() as bar:
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
    with connect(server) as client, progress_bar() as bar:
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
        with progress_bar() as bar:
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
