"""One minus the margin between the two likeliest classes."""

from typing import TYPE_CHECKING

from segloop.acquisition import AcquisitionFunction, PixelView, top_two

if TYPE_CHECKING:
    from torch import Tensor


def pixel_scores(view: PixelView) -> "Tensor":
    """1 - (p1 - p2), with the largest two probabilities p1 and p2."""
    first, second = top_two(view.probs)
    return 1 - (first - second)


ACQUISITION = AcquisitionFunction(
    help="how close the two most likely classes are: one minus their difference", pixel_scores=pixel_scores
)
