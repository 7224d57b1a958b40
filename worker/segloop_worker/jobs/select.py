"""Job select: which regions the round asks, by scores or by the cold start's plan; then they are asked."""

import dataclasses
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from segloop.agreement import plan_agreement
from segloop.budgets import Budget
from segloop.errors import EmptyPoolError
from segloop.regions import Partition
from segloop.rounds import PlannedQuery, plan_queries
from segloop.settings import QueryPurpose, RoundSettings, Split
from segloop_store.clock import now
from segloop_store.models import PredictionSet, Round
from segloop_store.repositories import known_labels, models, queries, work
from segloop_store.repositories.queries import NewQuery
from segloop_store.states import JobKind, Process, RoundState
from segloop_store.transitions import move_round
from segloop_worker.job_run import JobRun, Save
from segloop_worker.prediction_blobs import RegionScores, read_region_scores
from segloop_worker.project_images import image_ref, is_askable
from segloop_worker.sources import BlobImageSource, ImageRef

_PARTITIONS_KEPT = 512


def select(run: JobRun) -> Save:
    """Choose the round's regions and publish them, which closes the round that was annotating."""
    with run.database.reading() as session:
        round_ = work.round_by_id(session, run.round_id)
    if round_.budget_regions == 0 or round_.budget_pixels == 0:
        return lambda session: _close(session, round_)
    num_late = 0
    if round_.model_version_id is None:
        rows = _cold_start(run)
    else:
        rows, num_late = _by_scores(run, round_, round_.model_version_id)
    if not rows:
        raise EmptyPoolError("no region that is left fits into the budget: ask for more")

    twice = _asked_twice(rows, round_)

    def save(session: Session) -> dict[str, Any]:
        queries.publish(session, round_.id, [*rows, *twice])
        return {
            "num_queries": len(rows),
            "num_asked_twice": len(twice),
            "num_images_left_for_next_round": num_late,
        }

    return save


def _asked_twice(rows: Sequence[NewQuery], round_: Round) -> list[NewQuery]:
    """The share of the selected regions that somebody else is asked as well, each right after its first."""
    settings = RoundSettings.from_mapping(round_.settings)
    selected = [row for row in rows if row.purpose is QueryPurpose.SELECTED]
    places = plan_agreement(
        len(selected), settings.agreement_fraction, seed=settings.seed, round_number=round_.number
    )
    return [dataclasses.replace(selected[place], purpose=QueryPurpose.AGREEMENT) for place in places]


def _close(session: Session, round_: Round) -> dict[str, Any]:
    """A round without a budget asks nothing and is over."""
    move_round(session, round_.id, RoundState.CLOSED, by=Process.WORKER, closed_at=now())
    return {"num_queries": 0}


def _cold_start(run: JobRun) -> list[NewQuery]:
    with run.database.reading() as session:
        planned = work.finished_results(session, round_id=run.round_id, kind=JobKind.FEATURES)
        images = {image.image_id: image for image in _pool(session, run.project_id)}
    plan = json.loads(run.blobs.get(planned["plan_key"]))
    # an image hidden since the plan was made is not asked about
    chosen = [
        (images[image_id], region, QueryPurpose(purpose))
        for image_id, region, purpose in plan
        if image_id in images
    ]
    source = BlobImageSource([image for image, _, _ in chosen], run.blobs)
    partition = lru_cache(maxsize=_PARTITIONS_KEPT)(source.partition)
    return [
        _new_query(image, partition(place), region, rank=place, purpose=purpose)
        for place, (image, region, purpose) in enumerate(chosen)
    ]


def _by_scores(run: JobRun, round_: Round, model_version_id: uuid.UUID) -> tuple[list[NewQuery], int]:
    """The round's regions, and how many images came too late: after the last shard had read the pool."""
    with run.database.reading() as session:
        predicted = models.predictions_of(session, model_version_id, splits=[Split.POOL])
        known = _pool(session, run.project_id)
        asked = queries.asked_regions(session, run.project_id)
    images = [image for image in known if uuid.UUID(image.image_id) in predicted]
    pool = _Pool(run, images, predicted, asked)
    planned = plan_queries(
        pool.scored(),
        pool.partition,
        pool.asked,
        budget=Budget(regions=round_.budget_regions, pixels=round_.budget_pixels),
        settings=RoundSettings.from_mapping(round_.settings),
        round_number=round_.number,
        names=pool.name,
        region_features=pool.region_features,
    )
    rows = [pool.new_query(query, rank, model_version_id) for rank, query in enumerate(planned)]
    return rows, len(known) - len(images)


class _Pool:
    """The pool as `plan_queries` wants it: by index, read when needed."""

    def __init__(
        self,
        run: JobRun,
        images: Sequence[ImageRef],
        predicted: Mapping[uuid.UUID, PredictionSet],
        asked: Mapping[uuid.UUID, set[int]],
    ) -> None:
        self._run = run
        self._images = images
        self._predicted = predicted
        self._asked = asked
        self._source = BlobImageSource(images, run.blobs)
        self.partition: Callable[[int], Partition] = lru_cache(maxsize=_PARTITIONS_KEPT)(
            self._source.partition
        )
        self._scores = lru_cache(maxsize=_PARTITIONS_KEPT)(self._read_scores)

    def scored(self) -> list[tuple[int, NDArray[np.float32]]]:
        """Every image's region scores."""
        scored = []
        for index in range(len(self._images)):
            scored.append((index, self._scores(index).score))
            self._run.report(
                (index + 1) / len(self._images),
                phase="reading scores",
                step=index + 1,
                num_steps=len(self._images),
            )
        return scored

    def asked(self, index: int) -> NDArray[np.bool_]:
        """Which of an image's regions may not be asked again."""
        self._run.check()
        asked = self._asked.get(uuid.UUID(self._images[index].image_id), set())
        return self._source.settled_regions(index, self.partition(index), asked)

    def name(self, index: int) -> str:
        """An image's filename."""
        return self._images[index].filename

    def region_features(self, index: int) -> NDArray[np.float16]:
        """(R, D) of an image; only asked for by an acquisition that had them kept."""
        features = self._scores(index).features
        assert features is not None, "the model's scores hold region features"
        return features

    def new_query(self, planned: PlannedQuery, rank: int, model_version_id: uuid.UUID) -> NewQuery:
        """A chosen region as a row, with the reason for it; an audit's has none but chance."""
        index = planned.image_index
        is_selected = planned.purpose is QueryPurpose.SELECTED
        return _new_query(
            self._images[index],
            self.partition(index),
            planned.region_index,
            rank=rank,
            purpose=planned.purpose,
            score=planned.score if is_selected else None,
            reason=self._scores(index).reason(planned.region_index) if is_selected else {},
            model_version_id=model_version_id,
        )

    def _read_scores(self, index: int) -> RegionScores:
        key = self._predicted[uuid.UUID(self._images[index].image_id)].region_scores_key
        assert key is not None, "pool images have region scores"
        return read_region_scores(self._run.blobs.get(key))


def _pool(session: Session, project_id: uuid.UUID) -> list[ImageRef]:
    found = known_labels.known_images(session, project_id, splits=[Split.POOL])
    return [image_ref(image) for image in found if is_askable(image)]


def _new_query(
    image: ImageRef, partition: Partition, region_index: int, *, rank: int, **values: Any
) -> NewQuery:
    x, y, width, height = (int(value) for value in partition.bboxes[region_index])
    return NewQuery(
        image_id=uuid.UUID(image.image_id),
        region_index=region_index,
        bbox_x=x,
        bbox_y=y,
        bbox_width=width,
        bbox_height=height,
        area_px=int(partition.areas[region_index]),
        rank=rank,
        **values,
    )
