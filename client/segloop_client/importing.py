"""Import of a data-set folder: classes, images of every split, and the label maps somebody already has."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from segloop.folders import FolderDataset
from segloop.label_maps import encode_index_png
from segloop.settings import Split
from segloop_client.api import Client
from segloop_client.uploading import UploadReport, upload


class Labels(StrEnum):
    """Which label maps of a folder are uploaded as ground truth."""

    NONE = "none"
    EVALUATION = "evaluation"
    ALL = "all"


@dataclass(frozen=True)
class ImportReport:
    """What an import did."""

    project: dict[str, Any]
    uploads: dict[Split, UploadReport]
    num_label_maps: int


def import_folder(
    client: Client,
    dataset: FolderDataset,
    *,
    name: str,
    labels: Labels,
    partition: dict[str, Any],
    on_file: Callable[[int], None] | None = None,
) -> ImportReport:
    """Make a project from a folder, or go on with the one of that name.

    Args:
        client: signed in as somebody who may create projects.
        dataset: the folder.
        name: the project's name.
        labels: which label maps go with the images.
        partition: {"kind", "size_px"?} of a new project.
        on_file: called with the number of files each request finished.
    """
    project = _project(client, dataset, name, partition)
    uploads: dict[Split, UploadReport] = {}
    num_label_maps = 0
    for split in Split:
        items = dataset.images_of(split)
        if not items:
            continue
        files = [(item.filename, Path(item.image_path)) for item in items]
        uploads[split] = upload(client, project["id"], files, split, on_batch=on_file)
        if labels is Labels.ALL or (labels is Labels.EVALUATION and split is not Split.POOL):
            ids = {image["filename"]: image["id"] for image in client.images(project["id"], split=split)}
            for item in items:
                if item.label_path is not None and item.filename in ids:
                    client.put_label_map(ids[item.filename], encode_index_png(dataset.load_label_map(item)))
                    num_label_maps += 1
                if on_file is not None:
                    on_file(1)
    return ImportReport(project, uploads, num_label_maps)


def num_steps(dataset: FolderDataset, labels: Labels) -> int:
    """How often `on_file` counts in all."""
    num_pool = len(dataset.images_of(Split.POOL))
    num_rest = len(dataset.images) - num_pool
    counted = {Labels.NONE: 0, Labels.EVALUATION: num_rest, Labels.ALL: num_pool + num_rest}
    return len(dataset.images) + counted[labels]


def _project(client: Client, dataset: FolderDataset, name: str, partition: dict[str, Any]) -> dict[str, Any]:
    found = [project for project in client.projects() if project["name"] == name]
    if found:
        return found[0]
    classes = [
        {"name": class_name, "color": color}
        for class_name, color in zip(dataset.class_names, dataset.colors, strict=True)
    ]
    return client.create_project(name, classes, partition)
