"""A project with images, partitions, a round and queries, written row by row: no worker needed."""

import hashlib
import io
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from segloop.images import encode_png
from segloop.label_maps import UNLABELLED, encode_index_png
from segloop.regions import Partition as Regions
from segloop.regions import encode_region_map, grid_partition, partition_from_region_map
from segloop.settings import PartitionKind, QueryPurpose, RoundSettings, Split
from segloop_store import blob_keys
from segloop_store.blobs import BlobStore
from segloop_store.clock import new_id, now
from segloop_store.database import Database
from segloop_store.models import (
    Assignment,
    Base,
    Image,
    LabelClass,
    Membership,
    ModelVersion,
    Partition,
    PredictionSet,
    Project,
    RegionQuery,
    Round,
    TrainingSnapshot,
    User,
)
from segloop_store.states import Role, RoundState

T = TypeVar("T")

NUM_CLASSES = 3
HEIGHT, WIDTH = 60, 80
SIZE_PX = 20
"""A grid of 3 x 4 regions an image."""


@dataclass
class Seeded:
    """What was written: ids to ask for, and the regions to check against."""

    project_id: uuid.UUID
    owner_id: uuid.UUID
    user_ids: list[uuid.UUID]
    image_ids: list[uuid.UUID]
    regions: dict[uuid.UUID, Regions]
    round_id: uuid.UUID | None = None
    query_ids: list[uuid.UUID] = field(default_factory=list)


def seed_project(
    database: Database,
    blobs: BlobStore | None = None,
    *,
    num_images: int = 2,
    num_annotators: int = 2,
    is_prepared: bool = True,
    region_map: NDArray[np.int32] | None = None,
) -> Seeded:
    """A project of an owner and annotators; every image has the same 12 regions, or those of `region_map`."""
    regions = grid_partition(HEIGHT, WIDTH, SIZE_PX)
    if region_map is not None:
        regions = partition_from_region_map(region_map)
    height, width = regions.region_map.shape
    with database.transaction() as session:
        users = [User(username=f"{name}-{new_id().hex[-8:]}") for name in _names(num_annotators)]
        session.add_all(users)
        project = Project(name="seeded", partition_kind=PartitionKind.GRID, partition_size_px=SIZE_PX)
        session.add(project)
        session.flush()
        for index in range(NUM_CLASSES):
            session.add(
                LabelClass(project_id=project.id, index=index, name=f"class {index}", color="#112233")
            )
        for user, role in zip(users, [Role.OWNER] + [Role.ANNOTATOR] * num_annotators, strict=True):
            session.add(Membership(project_id=project.id, user_id=user.id, role=role))
        image_ids = [
            _add_image(session, project.id, number, regions, width, height, is_prepared=is_prepared)
            for number in range(num_images)
        ]
    if blobs is not None:
        for number, image_id in enumerate(image_ids):
            blobs.put(f"pixels/{image_id}", encode_png(_pixels(number, height, width)))
            blobs.put(blob_keys.region_map(image_id), encode_region_map(regions.region_map))
    return Seeded(
        project_id=project.id,
        owner_id=users[0].id,
        user_ids=[user.id for user in users[1:]],
        image_ids=image_ids,
        regions=dict.fromkeys(image_ids, regions),
    )


def _names(num_annotators: int) -> list[str]:
    return ["owner", *(f"annotator-{number}" for number in range(num_annotators))]


def _pixels(number: int, height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _add_image(
    session: Any,
    project_id: uuid.UUID,
    number: int,
    regions: Regions,
    width: int,
    height: int,
    *,
    is_prepared: bool,
) -> uuid.UUID:
    image_id = new_id()
    session.add(
        Image(
            id=image_id,
            project_id=project_id,
            filename=f"{number:04d}.png",
            sha256=hashlib.sha256(f"{project_id} {number}".encode()).hexdigest(),
            split=Split.POOL,
            width=width,
            height=height,
            num_bytes=1,
            format="PNG",
            original_key=f"pixels/{image_id}",
            pixels_key=f"pixels/{image_id}",
        )
    )
    session.flush()
    if is_prepared:
        session.add(
            Partition(
                image_id=image_id,
                kind=PartitionKind.GRID,
                size_px=SIZE_PX,
                num_regions=regions.num_regions,
                region_map_key=blob_keys.region_map(image_id),
                segments_key=blob_keys.segments(image_id),
            )
        )
    return image_id


def seed_round(
    database: Database,
    seeded: Seeded,
    *,
    num_queries: int = 8,
    number: int = 0,
    state: RoundState = RoundState.ANNOTATING,
    purposes: Sequence[QueryPurpose] = (QueryPurpose.SELECTED,),
    model_version_id: uuid.UUID | None = None,
    **values: Any,
) -> uuid.UUID:
    """A round whose queries take the images in turn, region by region; each region once per purpose."""
    settings = RoundSettings()
    with database.transaction() as session:
        round_ = Round(
            project_id=seeded.project_id,
            number=number,
            state=state,
            method=settings.method,
            acquisition=settings.acquisition,
            settings=settings.to_mapping(),
            budget_regions=num_queries,
            created_by=seeded.owner_id,
            **values,
        )
        session.add(round_)
        session.flush()
        queries = [
            _query(seeded, round_.id, position, purpose, model_version_id)
            for position in range(num_queries)
            for purpose in purposes
        ]
        session.add_all(queries)
    seeded.round_id = round_.id
    seeded.query_ids = [query.id for query in queries]
    return round_.id


def _query(
    seeded: Seeded,
    round_id: uuid.UUID,
    position: int,
    purpose: QueryPurpose,
    model_version_id: uuid.UUID | None,
) -> RegionQuery:
    image_id = seeded.image_ids[position % len(seeded.image_ids)]
    regions = seeded.regions[image_id]
    region_index = position // len(seeded.image_ids)
    x, y, width, height = (int(value) for value in regions.bboxes[region_index])
    return RegionQuery(
        id=new_id(),
        project_id=seeded.project_id,
        round_id=round_id,
        image_id=image_id,
        region_index=region_index,
        bbox_x=x,
        bbox_y=y,
        bbox_width=width,
        bbox_height=height,
        area_px=int(regions.areas[region_index]),
        rank=position,
        score=1.0 / (position + 1),
        purpose=purpose,
        reason={"top_classes": [0, 1], "probs": [0.5, 0.4]} if model_version_id else {},
        model_version_id=model_version_id,
    )


def seed_model(
    database: Database,
    blobs: BlobStore,
    seeded: Seeded,
    round_id: uuid.UUID,
    *,
    number: int = 0,
    seed: int = 0,
) -> uuid.UUID:
    """A model version of a round with weights, a prediction, a heat map and region scores of every image."""
    rng = np.random.default_rng(seed)
    version_id = new_id()
    with database.transaction() as session:
        snapshot = TrainingSnapshot(
            project_id=seeded.project_id,
            round_id=round_id,
            contents_key=f"snapshots/{round_id}",
            num_classes=NUM_CLASSES,
            num_annotations=3,
            num_truths=0,
            labelled_fraction=0.25,
            settings=RoundSettings().to_mapping(),
            seed=0,
            code_version="test",
        )
        session.add(snapshot)
        session.flush()
        session.add(
            ModelVersion(
                id=version_id,
                project_id=seeded.project_id,
                number=number,
                round_id=round_id,
                snapshot_id=snapshot.id,
                weights_key=blob_keys.weights(version_id),
                metrics=None,
                image_steps=20,
                compute_seconds=1.5,
            )
        )
        session.flush()
        for image_id in seeded.image_ids:
            session.add(
                PredictionSet(
                    model_version_id=version_id,
                    image_id=image_id,
                    prediction_key=blob_keys.prediction(version_id, image_id),
                    heat_key=blob_keys.heat(version_id, image_id),
                    max_prob_key=blob_keys.max_prob(version_id, image_id),
                    region_scores_key=blob_keys.region_scores(version_id, image_id),
                )
            )
        project = session.get(Project, seeded.project_id)
        assert project is not None
        project.active_model_version_id = version_id
    blobs.put(blob_keys.weights(version_id), b"safetensors of " + str(number).encode())
    for image_id in seeded.image_ids:
        regions = seeded.regions[image_id]
        shape = regions.region_map.shape
        prediction = rng.integers(0, NUM_CLASSES, shape).astype(np.uint8)
        blobs.put(blob_keys.prediction(version_id, image_id), encode_index_png(prediction))
        heat = rng.integers(0, 256, shape).astype(np.uint8)
        blobs.put(blob_keys.heat(version_id, image_id), encode_index_png(heat))
        max_prob = rng.integers(0, 256, shape).astype(np.uint8)
        blobs.put(blob_keys.max_prob(version_id, image_id), encode_index_png(max_prob))
        blobs.put(blob_keys.region_scores(version_id, image_id), region_scores_blob(rng, regions.num_regions))
    return version_id


def region_scores_blob(rng: np.random.Generator, num_regions: int) -> bytes:
    """Scores of every region as a scoring leaves them."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        score=rng.random(num_regions, dtype=np.float32),
        top_classes=np.tile(np.array([0, 1], np.int16), (num_regions, 1)),
        top_probs=np.tile(np.array([0.5, 0.25], np.float32), (num_regions, 1)),
    )
    return buffer.getvalue()


def answer_map(seeded: Seeded, query: RegionQuery, value: int | NDArray[np.uint8] = 1) -> NDArray[np.uint8]:
    """A label map of the query's box: `value` inside its region, 255 outside."""
    box = (
        slice(query.bbox_y, query.bbox_y + query.bbox_height),
        slice(query.bbox_x, query.bbox_x + query.bbox_width),
    )
    mask = seeded.regions[query.image_id].region_map[box] == query.region_index
    return np.where(mask, value, UNLABELLED).astype(np.uint8)


def run_out(database: Database, assignment_id: uuid.UUID) -> None:
    """Let a lease's time be up, as if its holder had gone to lunch."""
    with database.transaction() as session:
        assignment = session.get(Assignment, assignment_id)
        assert assignment is not None
        assignment.lease_expires_at = now() - timedelta(seconds=1)


def in_threads(count: int, work: Callable[[int], T]) -> list[T | Exception]:
    """Run `work(0..count-1)` at once, each in its own thread; what each gave or raised, in order."""
    barrier = threading.Barrier(count)

    def run(number: int) -> T | Exception:
        barrier.wait()
        try:
            return work(number)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def count_rows(database: Database) -> dict[str, int]:
    """Rows of every table: on a refusal, nothing may change."""
    with database.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }
