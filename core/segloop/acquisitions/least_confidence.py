"""How much probability the likeliest class leaves to the others."""

from typing import TYPE_CHECKING

from segloop.acquisition import AcquisitionFunction, PixelView

if TYPE_CHECKING:
    from torch import Tensor


def pixel_scores(view: PixelView) -> "Tensor":
    """(1 - p1) / (1 - 1/C): 0 where the network is sure, 1 where all C classes are equally likely."""
    num_classes = view.probs.shape[1]
    return (1 - view.probs.amax(dim=1)).clamp(min=0) / (1 - 1 / num_classes)


ACQUISITION = AcquisitionFunction(help="how unlikely the likeliest class is", pixel_scores=pixel_scores)
