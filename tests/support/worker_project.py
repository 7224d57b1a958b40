"""A worker without Celery over a fresh database and folder, and a small project made row by row."""

import hashlib
import io
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from sqlalchemy import func, select, update

from segloop.images import encode_png
from segloop.label_maps import UNLABELLED, encode_index_png
from segloop.oracle import Answer, answer_region
from segloop.regions import decode_region_map, partition_from_region_map
from segloop.scenes import SCENE_CLASSES, render_scene
from segloop.settings import PartitionKind, RoundSettings, Split
from segloop_store import blob_keys, jobs
from segloop_store.clock import new_id
from segloop_store.models import (
    Annotation,
    Base,
    GroundTruth,
    Image,
    Job,
    LabelClass,
    Partition,
    PredictionSet,
    Project,
    RegionQuery,
    Round,
    User,
)
from segloop_store.repositories import known_labels, models, queries, rounds, snapshots, work
from segloop_store.states import JobKind, QueryState, Queue, RoundState
from segloop_worker.config import WorkerSettings
from segloop_worker.runtime import Runtime, open_runtime
from segloop_worker.tasks import run_job

TINY: dict[str, Any] = {
    "encoder_weights": "random",
    "image_height_px": 90,
    "image_width_px": 120,
    "image_steps": 16,
    "batch_labelled": 1,
    "batch_unlabelled": 1,
    "batch_supervised": 2,
    "score_scales": [1.0],
    "embedding_dim": 16,
    "reco_num_anchors": 8,
    "reco_num_negatives": 8,
    "num_threads": 1,
    "device": "cpu",
    "precision": "fp32",
    "deterministic": True,
    "seed": 7,
}
"""Settings under which a round takes seconds."""


@dataclass
class Inbox:
    """A waker that keeps what it is told, in order."""

    messages: deque[tuple[uuid.UUID, Queue]] = field(default_factory=deque)

    def wake(self, job_id: uuid.UUID, queue: Queue) -> None:
        self.messages.append((job_id, queue))


def tiny_settings(**changes: Any) -> RoundSettings:
    return RoundSettings.from_mapping({**TINY, **changes})


def open_worker(data_dir: Path, **settings: Any) -> tuple[Runtime, Inbox]:
    """A runtime on SQLite and a folder, with every table."""
    inbox = Inbox()
    values = {"devices": "cpu", "job_lease_seconds": 5.0, "broker_url": "memory://", **settings}
    runtime = open_runtime(WorkerSettings(data_dir=data_dir, **values), waker=inbox)
    with runtime.database.migrating() as connection:
        Base.metadata.create_all(connection)
    return runtime, inbox


def run_all(runtime: Runtime, inbox: Inbox, *, until: Callable[[], bool] = lambda: False) -> None:
    """Run what was sent, and what that sends, one job after the other."""
    while inbox.messages and not until():
        run_job(runtime, inbox.messages.popleft()[0])


def add_project(
    runtime: Runtime,
    *,
    num_pool: int = 6,
    num_validation: int = 2,
    kind: PartitionKind = PartitionKind.GRID,
    size_px: int | None = 15,
    height: int = 90,
    width: int = 120,
) -> uuid.UUID:
    """A project of procedural scenes: a pool nothing is known of, and validation images with truth."""
    with runtime.database.transaction() as session:
        project = Project(name="scenes", partition_kind=kind, partition_size_px=size_px)
        session.add(project)
        session.flush()
        for index, (name, color) in enumerate(SCENE_CLASSES):
            session.add(LabelClass(project_id=project.id, index=index, name=name, color=color))
        session.add(User(username=f"user-{uuid.uuid4().hex[:8]}", password_hash="-", is_admin=False))
    for number in range(num_pool + num_validation):
        split = Split.POOL if number < num_pool else Split.VALIDATION
        pixels, label_map = render_scene(3, number, height=height, width=width)
        add_image(
            runtime,
            project.id,
            f"{split.value}/{number:03d}.png",
            pixels,
            split=split,
            truth=label_map if split is Split.VALIDATION else None,
        )
    ingest_all(runtime, project.id)
    return project.id


def ingest_all(runtime: Runtime, project_id: uuid.UUID) -> None:
    """The job that follows an upload, for every image of a project; nothing where there is none."""
    with runtime.database.transaction() as session:
        image_ids = session.scalars(select(Image.id).where(Image.project_id == project_id)).all()
        payload = {"image_ids": [str(image_id) for image_id in image_ids]}
        if image_ids:
            jobs.add_job(session, JobKind.INGEST, project_id=project_id, payload=payload)


def add_image(
    runtime: Runtime,
    project_id: uuid.UUID,
    filename: str,
    pixels: NDArray[np.uint8],
    *,
    split: Split = Split.POOL,
    truth: NDArray[np.uint8] | None = None,
) -> uuid.UUID:
    data = encode_png(pixels)
    sha256 = hashlib.sha256(data).hexdigest()
    key = blob_keys.original(project_id, sha256, "png")
    runtime.blobs.put(key, data)
    height, width = pixels.shape[:2]
    with runtime.database.transaction() as session:
        image = Image(
            project_id=project_id,
            filename=filename,
            sha256=sha256,
            split=split,
            width=width,
            height=height,
            num_bytes=len(data),
            format="PNG",
            original_key=key,
            pixels_key=key,
        )
        session.add(image)
        session.flush()
        if truth is not None:
            truth_key = blob_keys.ground_truth(image.id, 1)
            runtime.blobs.put(truth_key, encode_index_png(truth))
            session.add(
                GroundTruth(
                    image_id=image.id,
                    version=1,
                    label_map_key=truth_key,
                    num_labelled_px=int(np.count_nonzero(truth != UNLABELLED)),
                )
            )
        return image.id


def jobs_of(runtime: Runtime, kind: JobKind | None = None) -> list[Job]:
    with runtime.database.reading() as session:
        statement = select(Job).order_by(Job.created_at, Job.id)
        if kind is not None:
            statement = statement.where(Job.kind == kind)
        return list(session.scalars(statement))


def round_of(runtime: Runtime, round_id: uuid.UUID) -> Round:
    with runtime.database.reading() as session:
        found = session.get(Round, round_id)
        assert found is not None
        return found


def queries_of(runtime: Runtime, round_id: uuid.UUID) -> list[RegionQuery]:
    with runtime.database.reading() as session:
        statement = select(RegionQuery).where(RegionQuery.round_id == round_id).order_by(RegionQuery.rank)
        return list(session.scalars(statement))


def decode_png(data: bytes) -> NDArray[Any]:
    return np.asarray(PillowImage.open(io.BytesIO(data)))


def start_round(
    runtime: Runtime,
    project_id: uuid.UUID,
    *,
    budget_regions: int | None = 12,
    budget_fraction: float | None = None,
    settings: RoundSettings | None = None,
) -> uuid.UUID:
    with runtime.database.transaction() as session:
        user_id = session.scalars(select(User.id).limit(1)).one()
        return rounds.start(
            session,
            project_id=project_id,
            user_id=user_id,
            settings=settings or tiny_settings(),
            budget_regions=budget_regions,
            budget_fraction=budget_fraction,
        ).id


def ask(runtime: Runtime, project_id: uuid.UUID, num_regions: int) -> uuid.UUID:
    """A round that asks regions spread over the prepared pool, without any job."""
    settings = tiny_settings()
    with runtime.database.transaction() as session:
        number = session.scalar(select(func.count(Round.id)).where(Round.project_id == project_id))
        round_ = Round(
            project_id=project_id,
            number=number,
            state=RoundState.SELECTING,
            method=settings.method,
            acquisition=settings.acquisition,
            settings=settings.to_mapping(),
            budget_regions=num_regions,
        )
        session.add(round_)
        session.flush()
        images = list(known_labels.known_images(session, project_id, splits=[Split.POOL]))
        rows = []
        for rank in range(num_regions):
            image = images[rank % len(images)]
            assert image.region_map_key is not None
            partition = partition_from_region_map(decode_region_map(runtime.blobs.get(image.region_map_key)))
            region = 3 * (rank // len(images))
            x, y, width, height = (int(value) for value in partition.bboxes[region])
            rows.append(
                queries.NewQuery(
                    image_id=image.image_id,
                    region_index=region,
                    bbox_x=x,
                    bbox_y=y,
                    bbox_width=width,
                    bbox_height=height,
                    area_px=int(partition.areas[region]),
                    rank=rank,
                )
            )
        queries.publish(session, round_.id, rows)
        return round_.id


def add_model(runtime: Runtime, round_id: uuid.UUID) -> uuid.UUID:
    """A model version without weights, as if a round had trained it."""
    with runtime.database.transaction() as session:
        round_ = work.round_by_id(session, round_id)
        snapshot = snapshots.add_snapshot(
            session,
            round_,
            contents_key="-",
            num_classes=2,
            num_annotations=0,
            num_truths=0,
            labelled_fraction=0.0,
            settings=round_.settings,
            seed=0,
            code_version="test",
        )
        version = models.add_model_version(
            session,
            snapshot,
            model_version_id=new_id(),
            weights_key="-",
            image_steps=1,
            compute_seconds=1.0,
        )
        return version.id


def say_scored(runtime: Runtime, model_version_id: uuid.UUID, image_ids: Iterable[uuid.UUID]) -> None:
    """Rows that say a model has scored these images, without what it said."""
    keys = {"prediction_key": "-", "heat_key": "-", "max_prob_key": "-", "region_scores_key": "-"}
    rows = [
        PredictionSet(model_version_id=model_version_id, image_id=image_id, **keys) for image_id in image_ids
    ]
    with runtime.database.transaction() as session:
        models.save_predictions(session, rows)


def scene_truth(runtime: Runtime, image_id: uuid.UUID) -> NDArray[np.uint8]:
    """The label map of a scene `add_project` made, found again by its filename."""
    with runtime.database.reading() as session:
        image = session.get(Image, image_id)
        assert image is not None
        number = int(Path(image.filename).stem)
        return render_scene(3, number, height=image.height, width=image.width)[1]


def answer_all(runtime: Runtime, round_id: uuid.UUID) -> int:
    """Everything a round asks, answered exactly by the oracle; how many."""
    asked = queries_of(runtime, round_id)
    source = {query.image_id: scene_truth(runtime, query.image_id) for query in asked}
    with runtime.database.reading() as session:
        user_id = session.scalars(select(User.id).limit(1)).one()
        region_maps = {
            partition.image_id: decode_region_map(runtime.blobs.get(partition.region_map_key))
            for partition in session.scalars(select(Partition).where(Partition.image_id.in_(source)))
        }
    with runtime.database.transaction() as session:
        for query in asked:
            x, y, w, h = query.bbox_x, query.bbox_y, query.bbox_width, query.bbox_height
            inside = region_maps[query.image_id][y : y + h, x : x + w] == query.region_index
            answer = answer_region(source[query.image_id], inside, (x, y, w, h))
            session.add(_annotation(query, user_id, answer))
            session.execute(
                update(RegionQuery)
                .where(RegionQuery.id == query.id)
                .values(state=QueryState.ANSWERED, num_answered=1)
            )
    return len(asked)


def _annotation(query: RegionQuery, user_id: uuid.UUID, answer: Answer) -> Annotation:
    return Annotation(
        project_id=query.project_id,
        region_query_id=query.id,
        image_id=query.image_id,
        region_index=query.region_index,
        user_id=user_id,
        version=1,
        kind=answer.kind,
        label_map_png=encode_index_png(answer.label_map),
        label_map_sha256=hashlib.sha256(answer.label_map.tobytes()).hexdigest(),
        num_void_px=0,
        annotation_seconds=1.0,
        num_clicks=answer.num_clicks,
    )
