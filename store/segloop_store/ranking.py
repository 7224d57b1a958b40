"""A waiting queue ranked again by another model's scores. Reads blobs: called outside transactions.

The server does it when a model is activated, the worker once more when it has scored what was missing.
"""

import io
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segloop_store.blobs import BlobStore
from segloop_store.errors import BlobNotFoundError
from segloop_store.models import PredictionSet, RegionQuery
from segloop_store.repositories.queries import Ranking


@dataclass(frozen=True, slots=True)
class Ranked:
    """New places for all of a queue, and the images whose queries only kept their order."""

    rankings: list[Ranking]
    unscored_image_ids: frozenset[uuid.UUID]


def rank_by(
    waiting: Sequence[RegionQuery],
    predictions: Mapping[uuid.UUID, PredictionSet],
    blobs: BlobStore,
) -> Ranked:
    """New places for queries: first those whose image the model has scored, best first, then the rest.

    Args:
        waiting: open queries of one queue, by rank.
        predictions: image id -> what the model left for it; more images than are asked about do no harm.
        blobs: where the scores are.
    """
    wanted = {query.image_id for query in waiting}
    scored: list[tuple[float, int, RegionQuery, dict[str, list[float]]]] = []
    unscored: list[RegionQuery] = []
    scores_of = {image_id: _read(blobs, predictions[image_id]) for image_id in wanted & predictions.keys()}
    for position, query in enumerate(waiting):
        scores = scores_of.get(query.image_id)
        if scores is None or query.region_index >= len(scores["score"]):
            unscored.append(query)
            continue
        reason = {
            "top_classes": scores["top_classes"][query.region_index].tolist(),
            "probs": [float(value) for value in scores["top_probs"][query.region_index]],
        }
        scored.append((float(scores["score"][query.region_index]), position, query, reason))
    scored.sort(key=lambda item: (-item[0], item[1]))
    # the places in the queue stay the same set of numbers: only who stands where changes
    ranks = iter([query.rank for query in waiting])
    rankings = [
        Ranking(query.id, next(ranks), score, reason, predictions[query.image_id].model_version_id)
        for score, _, query, reason in scored
    ] + [
        Ranking(query.id, next(ranks), query.score, query.reason, query.model_version_id)
        for query in unscored
    ]
    return Ranked(rankings, frozenset(query.image_id for query in unscored))


def _read(blobs: BlobStore, item: PredictionSet) -> dict[str, np.ndarray] | None:
    """Region scores of one image; None when they were never kept or are gone."""
    if item.region_scores_key is None:
        return None
    try:
        with np.load(io.BytesIO(blobs.get(item.region_scores_key)), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in ("score", "top_classes", "top_probs")}
    except (BlobNotFoundError, KeyError, ValueError, zipfile.BadZipFile):
        return None
