"""Best versus second best: the ratio of the two likeliest classes."""

from typing import TYPE_CHECKING

from segloop.acquisition import TINY, AcquisitionFunction, PixelView, top_two

if TYPE_CHECKING:
    from torch import Tensor


def pixel_scores(view: PixelView) -> "Tensor":
    """p2 / p1, with the largest two probabilities p1 and p2."""
    first, second = top_two(view.probs)
    return second / first.clamp(min=TINY)


ACQUISITION = AcquisitionFunction(
    help="how close the two most likely classes are: their ratio", pixel_scores=pixel_scores
)
