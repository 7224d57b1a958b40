"""Class prototypes: the mean embedding of each class, and how alike the classes are.

N pixels, D embedding, C classes present. Nothing here carries a gradient.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def class_prototypes(embeddings: Tensor, classes: Tensor, *, num_classes: int) -> Tensor:
    """Mean embedding of each class.

    Args:
        embeddings: (N, D) float, one row a pixel.
        classes: (N,) int64, 0..num_classes-1.
        num_classes: rows of the result.

    Returns:
        (num_classes, D) float32, detached; zeros for a class without pixels.
    """
    values = embeddings.detach().float()
    sums = values.new_zeros(num_classes, values.shape[1]).index_add_(0, classes, values)
    counts = torch.bincount(classes, minlength=num_classes).to(values.dtype)
    return sums / counts.clamp(min=1).unsqueeze(1)


def negative_distribution(prototypes: Tensor, *, temperature: float) -> Tensor:
    """For an anchor of each class, how likely a negative is drawn from each other class.

    Args:
        prototypes: (C, D) float32 of the classes present, C at least 2.
        temperature: divides the cosine similarities.

    Returns:
        (C, C) float32: softmax over the row's cosine similarities with the diagonal left out; rows sum to 1.
    """
    directions = F.normalize(prototypes, dim=1)
    similarities = directions @ directions.T / temperature
    similarities.fill_diagonal_(-torch.inf)
    return similarities.softmax(dim=1)
