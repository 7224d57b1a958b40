"""What an acquisition function is, and where to find one by its name. Higher = ask first, always.

B batch, C classes, H and W size, D embedding, R regions of an image, N regions of the pool. Each function is
a file of `segloop.acquisitions` named as it is called everywhere; adding one is adding a file. A score takes
three steps, pixels -> regions -> the pool, and a file says only what it does otherwise than the plain way.

This module and those files load without torch: the server lists them. Tensors' own methods are enough to
score pixels.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from segloop.errors import SettingsError, ShapeError
from segloop.settings import Acquisition, RoundSettings

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float32]

TINY = 1e-12
"""Keeps p log p finite where p underflows to 0."""

INDIFFERENT = 0.5
"""The score of every pixel where an acquisition tells none from another."""


@dataclass(frozen=True)
class PoolSummary:
    """What a pass over the pool found before scoring; None where nothing reads it.

    Attributes:
        class_prior: (C,) float32, mean predicted probability of each class.
        prototypes: (K, D) float32, mean embedding of each class that has answers.
    """

    class_prior: Floats | None = None
    prototypes: Floats | None = None

    def to_mapping(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "class_prior": None if self.class_prior is None else self.class_prior.tolist(),
            "prototypes": None if self.prototypes is None else self.prototypes.tolist(),
        }

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> Self:
        """What `to_mapping` gave, bit for bit."""
        return cls(
            **{
                name: None if value is None else np.array(value, dtype=np.float32)
                for name, value in values.items()
            }
        )


@dataclass(frozen=True)
class PixelView:
    """What a network says of a batch of images, at training size.

    Attributes:
        probs: (B, C, H, W) float32, summing to 1 over C.
        passes: gives `settings.dropout_passes` times probs (B, C, H, W), each under another dropout mask; the
            masks follow from seed and filename, so an image's do not depend on what it is batched with. There
            where `reads_passes`.
        embeddings: (B, D, h, w) float32 of the representation head at stride 4; there where
            `reads_embeddings`.
        prototypes: (K, D) float32, mean embedding of each class that has answers; there where
            `reads_embeddings`.
    """

    probs: "Tensor"
    passes: "Callable[[], Iterator[Tensor]] | None" = None
    embeddings: "Tensor | None" = None
    prototypes: "Tensor | None" = None


@dataclass(frozen=True)
class RegionView:
    """What is known of one image's regions; pixels that are answered count nowhere.

    Attributes:
        mean_scores: (R,) float32, mean score of the region's unanswered pixels, 0 where there is none.
        class_counts: (R, C) int64, unanswered pixels predicted as each class.
    """

    mean_scores: Floats
    class_counts: NDArray[np.int64]


@dataclass(frozen=True)
class PoolView:
    """The regions that may be asked, and all others where a function compares with them.

    Attributes:
        image_index: int32 (N,), of each candidate.
        region_index: int32 (N,), in its image's partition.
        scores: float32 (N,), of the step before.
        images: every image of the pool, in its order.
        asked: image index -> bool (R,), regions that were asked before.
        region_features: image index -> float32 (R, D); there where `reads_region_features`.
        num_wanted: about how many regions the budget buys.
        rng: the round's generator.
    """

    image_index: NDArray[np.int32]
    region_index: NDArray[np.int32]
    scores: Floats
    images: Sequence[int]
    asked: Callable[[int], NDArray[np.bool_]]
    region_features: Callable[[int], Floats]
    num_wanted: int
    rng: np.random.Generator


def _one(num_classes: int) -> float:  # noqa: ARG001 - every maximum is asked with the number of classes
    return 1.0


@dataclass(frozen=True, kw_only=True)
class AcquisitionFunction:
    """One way to say how much asking about a region would help.

    Attributes:
        help: one line for forms.
        pixel_scores: PixelView -> (B, h, w) float32 in 0..maximum at any size; None = every pixel alike.
        maximum: C -> the largest pixel score; heat maps are scaled by it.
        region_scores: RegionView -> (R,) float32; None = the mean over the region.
        pool_scores: PoolView -> (N,) float32; None = the regions' own.
        reads_passes: whether `pixel_scores` reads passes under dropout.
        reads_embeddings: whether `pixel_scores` reads embeddings and prototypes.
        reads_region_features: whether `pool_scores` reads region features.
    """

    help: str
    pixel_scores: "Callable[[PixelView], Tensor] | None" = None
    maximum: Callable[[int], float] = _one
    region_scores: Callable[[RegionView], Floats] | None = None
    pool_scores: Callable[[PoolView], Floats] | None = None
    reads_passes: bool = False
    reads_embeddings: bool = False
    reads_region_features: bool = False

    @property
    def reads_nothing(self) -> bool:
        """Whether it asks the same with any model: nothing needs to be scored for it."""
        return self.pixel_scores is None and not self.reads_region_features


@cache
def find_acquisition(name: Acquisition) -> AcquisitionFunction:
    """The function in the file of that name."""
    found = importlib.import_module(f"segloop.acquisitions.{name.value}").ACQUISITION
    assert isinstance(found, AcquisitionFunction), f"{name}: ACQUISITION must be an AcquisitionFunction"
    return found


def check_acquisition(settings: RoundSettings) -> None:
    """Refuse settings under which the acquisition would score noise.

    Raises:
        SettingsError: it reads embeddings that no loss trains.
    """
    if find_acquisition(settings.acquisition).reads_embeddings and not settings.reco_weight:
        raise SettingsError(
            f"acquisition {settings.acquisition.value} reads the representation head, which reco_weight = 0 "
            "leaves untrained: set reco_weight above 0, or ask by another acquisition"
        )


def class_weights(class_prior: "Tensor", *, balance: float) -> "Tensor":
    """Weight of a pixel by its predicted class: common classes are asked less.

    Args:
        class_prior: (C,) float32, mean predicted probability of each class over the pool.
        balance: nu; 0 gives 1 everywhere.

    Returns:
        (C,) float32: (nu p_c + 1)^-2.

    Source: MulActSeg (Hwang et al., NeurIPS 2023), PixBal, nu = 6.
    """
    return (balance * class_prior + 1).pow(-2)


def pixel_scores(view: PixelView, acquisition: Acquisition) -> "Tensor":
    """Scores of every pixel.

    Args:
        view: what the network says.
        acquisition: which function.

    Returns:
        (B, H, W) float32 in 0..`maximum_score`, or (B, h, w) at the embeddings' size.

    Raises:
        ShapeError: `probs` has other axes, or fewer than two classes.
    """
    probs = view.probs
    if probs.ndim != 4 or probs.shape[1] < 2:
        raise ShapeError(f"probs must be (B, C, H, W) with C of at least 2, not {tuple(probs.shape)}")
    score = find_acquisition(acquisition).pixel_scores
    return probs.new_full(probs[:, 0].shape, INDIFFERENT) if score is None else score(view)


def maximum_score(acquisition: Acquisition, num_classes: int) -> float:
    """The largest score a pixel can get."""
    return find_acquisition(acquisition).maximum(num_classes)


def entropy_bits(probs: "Tensor") -> "Tensor":
    """-sum p log2 p over classes: (B, C, H, W) -> (B, H, W)."""
    return -(probs * probs.clamp(min=TINY).log2()).sum(dim=1)


def top_two(probs: "Tensor") -> "tuple[Tensor, Tensor]":
    """Largest and second largest over classes; four times faster than `topk` on a CPU."""
    first, index = probs.max(dim=1, keepdim=True)
    second = probs.scatter(1, index, -1.0).amax(dim=1)
    return first.squeeze(1), second
