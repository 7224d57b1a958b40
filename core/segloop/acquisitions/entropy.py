"""Shannon entropy of a pixel's probabilities, in bits."""

import math

from segloop.acquisition import AcquisitionFunction, entropy_bits

ACQUISITION = AcquisitionFunction(
    help="how spread the probabilities are",
    pixel_scores=lambda view: entropy_bits(view.probs),
    maximum=math.log2,
)
