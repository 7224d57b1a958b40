"""What a model leaves of an image, as blobs: the child writes them, selection reads them. Torch-free."""

import io
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from segloop.label_maps import encode_index_png
from segloop.settings import Split
from segloop_store import blob_keys
from segloop_store.blobs import BlobStore
from segloop_worker.sources import ImageRef

_THREADS = 2
_AHEAD = 16


class Scores(Protocol):
    """What `segloop.scoring` says of one image; R regions."""

    @property
    def prediction(self) -> NDArray[np.uint8]:
        """(H, W) class indices."""

    @property
    def max_prob(self) -> NDArray[np.uint8]:
        """(H, W) largest probability, 0..255."""

    @property
    def heat(self) -> NDArray[np.uint8]:
        """(H, W), higher = asked first."""

    @property
    def region_scores(self) -> NDArray[np.float32]:
        """(R,), higher = ask first."""

    @property
    def top_classes(self) -> NDArray[np.int16]:
        """(R, 2)."""

    @property
    def top_probs(self) -> NDArray[np.float32]:
        """(R, 2)."""

    @property
    def region_features(self) -> NDArray[np.float16] | None:
        """(R, D), where the acquisition reads them."""


@dataclass(frozen=True, slots=True)
class PredictionKeys:
    """The keys of an image's blobs, named as the columns of its row."""

    prediction_key: str
    heat_key: str
    max_prob_key: str
    region_scores_key: str | None


@dataclass(frozen=True, slots=True)
class RegionScores:
    """What a model says of an image's R regions.

    Attributes:
        score: (R,) float32, higher = ask first.
        top_classes: (R, 2) int16, the two likeliest classes.
        top_probs: (R, 2) float32, their mean probabilities.
        features: (R, D) float16, where the acquisition reads them.
    """

    score: NDArray[np.float32]
    top_classes: NDArray[np.int16]
    top_probs: NDArray[np.float32]
    features: NDArray[np.float16] | None = None

    def reason(self, region_index: int) -> dict[str, list[float]]:
        """Why a region is asked, for its query's row."""
        return {
            "top_classes": [int(value) for value in self.top_classes[region_index]],
            "probs": [round(float(value), 4) for value in self.top_probs[region_index]],
        }


def write_all(
    blobs: BlobStore, model_version_id: str, scored: Iterable[tuple[ImageRef, Scores]]
) -> Iterator[int]:
    """Write each image's blobs while the next is scored; gives the number that are safely there, in order."""
    waiting: deque[Future[None]] = deque()
    num_written = 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="blobs") as pool:
        for image, scores in scored:
            waiting.append(pool.submit(write, blobs, uuid.UUID(model_version_id), image, scores))
            if len(waiting) > _AHEAD:
                waiting.popleft().result()
                num_written += 1
                yield num_written
        while waiting:
            waiting.popleft().result()
            num_written += 1
            yield num_written


def write(blobs: BlobStore, model_version_id: uuid.UUID, image: ImageRef, scores: Scores) -> None:
    """Write one image's blobs; those of an earlier attempt are replaced."""
    keys = keys_of(model_version_id, image)
    blobs.put(keys.prediction_key, encode_index_png(scores.prediction), overwrite=True)
    blobs.put(keys.heat_key, _encode_gray_png(scores.heat), overwrite=True)
    blobs.put(keys.max_prob_key, _encode_gray_png(scores.max_prob), overwrite=True)
    if keys.region_scores_key is not None:
        file = io.BytesIO()
        features: dict[str, Any] = {}
        if scores.region_features is not None:
            features["features"] = scores.region_features
        np.savez(
            file,
            score=scores.region_scores.astype(np.float32),
            top_classes=scores.top_classes,
            top_probs=scores.top_probs,
            **features,
        )
        blobs.put(keys.region_scores_key, file.getvalue(), overwrite=True)


def keys_of(model_version_id: uuid.UUID, image: ImageRef) -> PredictionKeys:
    """Where an image's blobs are; only pool images have region scores."""
    image_id = uuid.UUID(image.image_id)
    is_pool = image.split is Split.POOL
    return PredictionKeys(
        prediction_key=blob_keys.prediction(model_version_id, image_id),
        heat_key=blob_keys.heat(model_version_id, image_id),
        max_prob_key=blob_keys.max_prob(model_version_id, image_id),
        region_scores_key=blob_keys.region_scores(model_version_id, image_id) if is_pool else None,
    )


def read_region_scores(data: bytes) -> RegionScores:
    """What `write` wrote of an image's regions."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return RegionScores(**arrays)


def _encode_gray_png(values: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    PillowImage.fromarray(values).save(file, "PNG")
    return file.getvalue()
