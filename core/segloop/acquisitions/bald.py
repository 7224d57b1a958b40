"""BALD: how much of the uncertainty is the model's own, by the disagreement of dropout passes.

Source: Houlsby et al., 2011, with dropout as the posterior (Gal, Islam and Ghahramani, ICML 2017). Only what
lies behind the dropout is computed again a pass: the encoder and the ASPP run once.
"""

import math
from typing import TYPE_CHECKING

from segloop.acquisition import AcquisitionFunction, PixelView, entropy_bits

if TYPE_CHECKING:
    from torch import Tensor


def pixel_scores(view: PixelView) -> "Tensor":
    """Mutual information of class and dropout mask in bits: entropy of the mean - mean of the entropies."""
    assert view.passes is not None
    mean_probs = view.probs.new_zeros(view.probs.shape)
    mean_entropy = view.probs.new_zeros(view.probs[:, 0].shape)
    num_passes = 0
    for probs in view.passes():
        mean_probs += probs
        mean_entropy += entropy_bits(probs)
        num_passes += 1
    # rounding may leave a hair below 0 where all passes agree
    return (entropy_bits(mean_probs / num_passes) - mean_entropy / num_passes).clamp(min=0)


ACQUISITION = AcquisitionFunction(
    help="how much the model disagrees with itself under dropout (BALD; setting dropout_passes)",
    pixel_scores=pixel_scores,
    maximum=math.log2,
    reads_passes=True,
)
