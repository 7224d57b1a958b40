"""The two losses of a training step: cross-entropy over what is known, and regional contrast (ReCo).

B batch, C classes, D embedding, H and W image size, h and w a quarter of it, N pixels at stride 4. Both
return a scalar that keeps graph and device even where no pixel takes part. This module knows no network and
no schedule.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from segloop.encoders import LOW_STRIDE
from segloop.processes import ALONE, Processes
from segloop.prototypes import class_prototypes, negative_distribution
from segloop.settings import Negatives, RoundSettings

_SPARSE_BELOW = 0.5
"""Share of valid pixels below which the mean runs over them alone (docs/method.md): at 0.5 %
labelled, a mean over all pixels would make the gradient 200 times too small beside ReCo."""

_RAREST = 0.001
"""A class never weighs as if it were rarer than this."""


def cross_entropy(
    logits: Tensor,
    label_map: Tensor,
    weights: Tensor | None = None,
    *,
    sparse_below: float = _SPARSE_BELOW,
    processes: Processes = ALONE,
) -> Tensor:
    """Cross-entropy of known pixels.

    Args:
        logits: (B, C, H, W) float.
        label_map: (B, H, W) uint8; every value from C on (void, unlabelled) is ignored.
        weights: (B, H, W) float, the loss weight of each pixel; None = 1 everywhere.
        sparse_below: share of known pixels below which ignored ones do not count; 0 = they always do.
        processes: those that share the batch.

    Returns:
        Scalar float32: the sum over known pixels divided by the number of *all* pixels, ignored ones counting
        as zero; by the number of known pixels where a smaller share than `sparse_below` is known. Both are
        counted over the whole batch, so that the processes' losses add up to its loss.

    Source: the mean over all pixels is S4AL+ as released; the second rule is ours, for sparse answers.
    """
    num_classes = logits.shape[1]
    known = label_map < num_classes
    target = torch.where(known, label_map, 0).long()
    per_pixel = F.cross_entropy(logits.float(), target, reduction="none")
    factors = known.to(per_pixel.dtype) if weights is None else known * weights
    num_known = known.sum()
    num_known, num_pixels = processes.totals(num_known, torch.full_like(num_known, known.numel()))
    is_sparse = num_known < sparse_below * num_pixels
    divisor = torch.where(is_sparse, num_known, num_pixels).clamp(min=1)
    return (per_pixel * factors).sum() / divisor


def separate_cross_entropy(
    logits: Tensor,
    label_map: Tensor,
    pseudo_mask: Tensor | None,
    weights: Tensor | None = None,
    *,
    pseudo_label_weight: float = 1.0,
    processes: Processes = ALONE,
) -> Tensor:
    """Cross-entropy with a mean over answers and one over pseudo labels, so that neither drowns the other.

    Args:
        logits: (B, C, H, W) float.
        label_map: (B, H, W) uint8; every value from C on (void, unlabelled, not sure) is ignored.
        pseudo_mask: (B, H, W) bool, pixels nobody answered; None = none.
        weights: (B, H, W) float, the loss weight of each pixel; None = 1 everywhere.
        pseudo_label_weight: of the second mean.
        processes: those that share the batch.

    Returns:
        Scalar float32: the sum over answers divided by their number, plus the weight times the sum over
        pseudo labels divided by the number of pixels of `pseudo_mask`: their mean times the share that is
        sure. Both numbers are of the whole batch.

    Source: UniMatch, U2PL and others normalise the two terms apart; S4AL+ does not.
    """
    num_classes = logits.shape[1]
    known = label_map < num_classes
    target = torch.where(known, label_map, 0).long()
    per_pixel = F.cross_entropy(logits.float(), target, reduction="none")
    weighted = per_pixel if weights is None else per_pixel * weights
    answered = known if pseudo_mask is None else known & ~pseudo_mask
    num_answered = answered.sum()
    num_free = torch.zeros_like(num_answered) if pseudo_mask is None else pseudo_mask.sum()
    num_answered, num_free = processes.totals(num_answered, num_free)
    loss = (weighted * answered).sum() / num_answered.clamp(min=1)
    if pseudo_mask is None:
        return loss
    sure = (weighted * (known & pseudo_mask)).sum() / num_free.clamp(min=1)
    return loss + pseudo_label_weight * sure


def class_loss_weights(class_pixels: NDArray[np.int64], *, power: float) -> Tensor:
    """How much a pixel of each class weighs in the cross-entropy.

    Args:
        class_pixels: (C,) answered pixels of each class, not all zero.
        power: 0 gives 1 everywhere, 1 gives every class the same share of the loss.

    Returns:
        (C,) float32: frequency to the minus `power`, scaled so that the mean over answered pixels is 1. A
        class that is rarer than one pixel in a thousand, or never answered, counts as one in a thousand.
    """
    frequency = class_pixels / class_pixels.sum()
    weights = np.maximum(frequency, _RAREST) ** -power
    return torch.from_numpy((weights / (weights * frequency).sum()).astype(np.float32))


@dataclass(frozen=True)
class ContrastSettings:
    """The regional contrast's numbers; the defaults are S4AL+'s.

    Attributes:
        num_anchors: hard anchors a class.
        num_negatives: negatives an anchor, or a class when shared.
        temperature: of the loss, and of the distribution negatives are drawn from.
        hard_threshold: an anchor's probability of its own class lies below it.
        negatives: afresh for each anchor, or one pool a class.
    """

    num_anchors: int = 128
    num_negatives: int = 256
    temperature: float = 0.5
    hard_threshold: float = 0.95
    negatives: Negatives = Negatives.PER_ANCHOR

    @classmethod
    def of(cls, settings: RoundSettings) -> "ContrastSettings":
        """What a round's settings say."""
        return cls(
            num_anchors=settings.reco_num_anchors,
            num_negatives=settings.reco_num_negatives,
            temperature=settings.reco_temperature,
            hard_threshold=settings.reco_hard_threshold,
            negatives=settings.reco_negatives,
        )


@dataclass(frozen=True)
class ContrastPixels:
    """The known pixels of a batch, sorted by class. C here is the number of classes present.

    Attributes:
        index: (N,) int64 position in the flattened (B, h, w) grid.
        embeddings: (N, D) float32, detached.
        confidences: (N,) float32, the current probability of the pixel's own class, detached.
        classes: (N,) int64, 0..C-1, ascending.
        counts: (C,) int64 pixels of each class present.
    """

    index: Tensor
    embeddings: Tensor
    confidences: Tensor
    classes: Tensor
    counts: Tensor


@dataclass(frozen=True)
class ContrastDraw:
    """Which pixels one class contrasts, as rows of `ContrastPixels`.

    Attributes:
        class_index: 0..C-1 among the classes present.
        anchors: (A,) int64.
        negatives: (A, K) int64, or (1, K) where every anchor shares one pool.
    """

    class_index: int
    anchors: Tensor
    negatives: Tensor


def regional_contrast(
    embeddings: Tensor,
    logits: Tensor,
    label_map: Tensor,
    settings: ContrastSettings,
    generator: torch.Generator,
) -> Tensor:
    """Pull pixels the network is unsure of to their class's mean, away from pixels of similar classes.

    Args:
        embeddings: (B, D, h, w) float of the representation head.
        logits: (B, C, h, w) float at the same stride; only read.
        label_map: (B, H, W) uint8 at full size; values from C on take no part.
        settings: numbers of anchors and negatives, temperature, threshold.
        generator: draws anchors and negatives, on the tensors' device.

    Returns:
        Scalar float32, the mean over classes present (those without a hard anchor count as zero); zero with a
        graph where fewer than two classes are present.

    Source: ReCo (Liu et al., ICLR 2022), as S4AL+ uses it: prototypes from the batch alone, gradient through
    the anchors only.
    """
    pixels = gather_pixels(embeddings, logits, label_map)
    if len(pixels.counts) < 2:
        return embeddings[:0].float().sum()
    prototypes = class_prototypes(pixels.embeddings, pixels.classes, num_classes=len(pixels.counts))
    draws = draw_contrast(pixels, prototypes, settings, generator)
    if not draws:
        return embeddings[:0].float().sum()
    # one gather for all classes: its backward fills one gradient map instead of one a class
    chosen = pixels.index[torch.cat([draw.anchors for draw in draws])]
    anchors = embeddings.permute(0, 2, 3, 1).reshape(-1, embeddings.shape[1])[chosen].float()
    return contrast(anchors, pixels.embeddings, prototypes, draws, temperature=settings.temperature)


def gather_pixels(embeddings: Tensor, logits: Tensor, label_map: Tensor) -> ContrastPixels:
    """The batch's known pixels at stride 4; see `regional_contrast` for the arguments."""
    num_classes = logits.shape[1]
    coarse = downsample_label_map(label_map, *logits.shape[-2:])
    index = (coarse.reshape(-1) < num_classes).nonzero().squeeze(1)
    labels = coarse.reshape(-1)[index].long()
    _, classes, counts = torch.unique(labels, return_inverse=True, return_counts=True)
    order = classes.argsort(stable=True)
    index, labels, classes = index[order], labels[order], classes[order]
    rows = embeddings.detach().permute(0, 2, 3, 1).reshape(-1, embeddings.shape[1])[index]
    probs = logits.detach().permute(0, 2, 3, 1).reshape(-1, num_classes)[index].float().softmax(dim=1)
    confidences = probs.gather(1, labels.unsqueeze(1)).squeeze(1)
    return ContrastPixels(index, rows.float(), confidences, classes, counts)


def downsample_label_map(label_map: Tensor, height: int, width: int) -> Tensor:
    """(B, height, width) of (B, H, W): the pixel nearest to the middle of each 4 x 4 block."""
    rows = (torch.arange(height, device=label_map.device) * LOW_STRIDE + LOW_STRIDE // 2).clamp(
        max=label_map.shape[1] - 1
    )
    columns = (torch.arange(width, device=label_map.device) * LOW_STRIDE + LOW_STRIDE // 2).clamp(
        max=label_map.shape[2] - 1
    )
    return label_map[:, rows][:, :, columns]


def draw_contrast(
    pixels: ContrastPixels, prototypes: Tensor, settings: ContrastSettings, generator: torch.Generator
) -> list[ContrastDraw]:
    """Anchors and negatives of each class present that has a hard anchor.

    Anchors are drawn with replacement from the class's pixels below the threshold; a negative's class from
    `negative_distribution`, then a pixel of that class uniformly.
    """
    distribution = negative_distribution(prototypes, temperature=settings.temperature)
    offsets = pixels.counts.cumsum(0) - pixels.counts
    is_hard = pixels.confidences < settings.hard_threshold
    num_pools = settings.num_anchors if settings.negatives is Negatives.PER_ANCHOR else 1
    draws = []
    for class_index in range(len(pixels.counts)):
        candidates = (is_hard & (pixels.classes == class_index)).nonzero().squeeze(1)
        if not len(candidates):
            continue
        anchors = candidates[_uniform(len(candidates), (settings.num_anchors,), generator)]
        shape = (num_pools, settings.num_negatives)
        negative_class = distribution[class_index].multinomial(
            num_pools * settings.num_negatives, replacement=True, generator=generator
        )
        fractions = torch.rand(len(negative_class), generator=generator, device=generator.device)
        counts = pixels.counts[negative_class]
        # rand * count may round up to count itself in float32
        within = (fractions * counts).long().minimum(counts - 1)
        draws.append(ContrastDraw(class_index, anchors, (offsets[negative_class] + within).view(shape)))
    return draws


def contrast(
    anchors: Tensor, embeddings: Tensor, prototypes: Tensor, draws: list[ContrastDraw], *, temperature: float
) -> Tensor:
    """InfoNCE of the drawn anchors: mean over a class's anchors, mean over the classes present.

    Args:
        anchors: (sum of A, D) float32, with gradient: the anchors of every draw, one draw after the other.
        embeddings: (N, D) float32, detached; where the draws' negatives are.
        prototypes: (C, D) float32 of the classes present, the positives.
        draws: at most one a class, at least one.
        temperature: divides the cosine similarities.
    """
    directions = F.normalize(embeddings, dim=1)
    positives = F.normalize(prototypes, dim=1)
    groups = torch.split(F.normalize(anchors, dim=1), [len(draw.anchors) for draw in draws])
    losses = []
    for draw, group in zip(draws, groups, strict=True):
        positive = group @ positives[draw.class_index]
        if len(draw.negatives) == 1:
            negative = group @ directions[draw.negatives[0]].T
        else:
            # similarity to every pixel, then a pick: a gather of A x K x D embeddings costs far more memory
            negative = (group @ directions.T).gather(1, draw.negatives)
        scores = torch.cat([positive.unsqueeze(1), negative], dim=1) / temperature
        losses.append((scores.logsumexp(dim=1) - scores[:, 0]).mean())
    return torch.stack(losses).sum() / len(prototypes)


def _uniform(high: int, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randint(high, shape, generator=generator, device=generator.device)
