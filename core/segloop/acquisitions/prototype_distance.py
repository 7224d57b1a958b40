"""How far a pixel's embedding lies from every class: what looks like nothing that was answered.

The embeddings are those the contrastive loss pulls towards their class; the prototypes are their mean over
the answered pixels, taken by the model that scores, in a pass of its own before scoring. They are not kept
with the weights: a prototype is only as good as the answers of its day.
"""

from typing import TYPE_CHECKING

from segloop.acquisition import TINY, AcquisitionFunction, PixelView

if TYPE_CHECKING:
    from torch import Tensor


def pixel_scores(view: PixelView) -> "Tensor":
    """(1 - largest cosine similarity to a prototype) / 2, at the embeddings' size."""
    assert view.embeddings is not None
    assert view.prototypes is not None
    directions = view.embeddings / view.embeddings.norm(dim=1, keepdim=True).clamp(min=TINY)
    classes = view.prototypes / view.prototypes.norm(dim=1, keepdim=True).clamp(min=TINY)
    batch, dim, height, width = directions.shape
    similarities = classes @ directions.reshape(batch, dim, height * width)
    distances: Tensor = ((1 - similarities.amax(dim=1)) / 2).clamp(min=0)
    return distances.reshape(batch, height, width)


ACQUISITION = AcquisitionFunction(
    help="how little a region looks like any class answered so far (needs reco_weight above 0)",
    pixel_scores=pixel_scores,
    reads_embeddings=True,
)
