"""By chance: every region is as likely as any other, whatever its size. What every other one must beat."""

import numpy as np

from segloop.acquisition import AcquisitionFunction, Floats, PoolView


def pool_scores(view: PoolView) -> Floats:
    """One draw a region."""
    return view.rng.random(len(view.scores), dtype=np.float32)


ACQUISITION = AcquisitionFunction(
    help="by chance: what every other one is compared with", pool_scores=pool_scores
)
