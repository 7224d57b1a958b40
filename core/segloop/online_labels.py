"""What happens to a batch between its making and its step: the teacher's labels, then mixing.

B images of a batch, the last U of them unlabelled; C classes, H and W training size. The teacher sees the
weak view, its labels belong to the strong one; answers are never overruled. Knows neither loss nor optimiser.

Source: S4AL and UniMatch V2 teach so. How we differ from S4AL: an image's share of very sure pixels is
worked out before mixing and travels with each pasted pixel, answers keep their full weight, and what balanced
ClassMix pastes comes from the batch's next image instead of a replay buffer.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from segloop.augmentation import Sample
from segloop.batches import Batch
from segloop.devices import autocast
from segloop.label_maps import UNLABELLED
from segloop.mixing import paste, paste_masks
from segloop.network import SegmentationNetwork, upsample_logits
from segloop.processes import ALONE, Processes
from segloop.self_training import class_thresholds, confidence_levels
from segloop.settings import RoundSettings
from segloop.training_data import TrainingData

_VERY_SURE = 0.97
"""S4AL's bound for an image's share of pixels worth trusting."""


def sample_to_label(data: TrainingData, index: int) -> Sample:
    """The image with what is known of it, every pixel nobody answered marked for the teacher."""
    known = data.sample(index)
    return replace(known, pseudo_mask=known.label_map == UNLABELLED)


def teacher_probs(teacher: SegmentationNetwork, weak_images: Tensor, dtype: torch.dtype) -> Tensor:
    """(U, C, H, W) float32 probabilities of `weak_images` (U, H, W, 3) uint8, at one scale."""
    size = (weak_images.shape[1], weak_images.shape[2])
    if not len(weak_images):  # a process whose share is labelled images alone
        return torch.zeros(0, teacher.num_classes, *size, device=weak_images.device)
    with torch.no_grad(), autocast(weak_images.device, dtype):
        logits = teacher(teacher.normalise(weak_images)).logits
    return upsample_logits(logits.float(), size, size).softmax(dim=1)


def fill_in(batch: Batch, probs: Tensor, settings: RoundSettings, class_levels: Tensor | None) -> Batch:
    """The batch with the teacher's labels where nobody answered.

    Args:
        batch: with unlabelled images; their label maps hold answers, and 255.
        probs: (U, C, H, W) float32, the teacher's.
        settings: pseudo_label_threshold and confidence_weighting are read.
        class_levels: (C,) uint8, each class's own threshold in steps of 1/255; None = one for all.

    Returns:
        A batch whose label map is 255 where the teacher is not sure, in holes and outside the image.
    """
    assert batch.pseudo_mask is not None, "unlabelled samples come with their mask"
    first = len(batch.images) - len(probs)
    free = batch.pseudo_mask[first:]
    confidences, classes = probs.max(dim=1)
    if class_levels is None:
        is_sure = confidences >= settings.pseudo_label_threshold
    else:
        is_sure = confidence_levels(confidences) >= class_levels.to(probs.device)[classes]
    label_map = batch.label_map.clone()
    labels = torch.where(is_sure, classes, UNLABELLED).to(torch.uint8)
    label_map[first:] = torch.where(free, labels, label_map[first:])
    filled = replace(batch, label_map=label_map, weak_images=None)
    if not settings.confidence_weighting:
        return filled
    weights = (
        torch.ones_like(label_map, dtype=torch.float32) if batch.weights is None else batch.weights.clone()
    )
    trust = confidence_weights(confidences, free, label_map[first:] < probs.shape[1])
    weights[first:] = torch.where(free, trust, weights[first:])
    return replace(filled, weights=weights)


def confidence_weights(confidences: Tensor, free: Tensor, known: Tensor) -> Tensor:
    """Loss weights of pseudo labels: how sure the pixel is, times how much of its image is very sure.

    Args:
        confidences: (U, H, W) float, the teacher's largest probability.
        free: (U, H, W) bool, pixels nobody answered; answered ones count as very sure.
        known: (U, H, W) bool, pixels with a label.

    Returns:
        (U, H, W) float.
    """
    very_sure = known & (~free | (confidences >= _VERY_SURE))
    shares = very_sure.sum(dim=(1, 2)) / known.sum(dim=(1, 2)).clamp(min=1)
    return confidences * shares.view(-1, 1, 1)


def follow_confidences_(
    counts: Tensor, probs: Tensor, free: Tensor, *, decay: float, processes: Processes = ALONE
) -> None:
    """Let `counts` (C, 256) on the CPU fade and add the teacher's pixels of one step, of all `processes`."""
    confidences, classes = probs.max(dim=1)
    cells = classes[free] * 256 + confidence_levels(confidences)[free]
    (fresh,) = processes.totals(torch.bincount(cells, minlength=counts.numel()).view_as(counts))
    counts.mul_(decay).add_(fresh.to(counts))


def online_thresholds(counts: Tensor, settings: RoundSettings) -> Tensor:
    """(C,) uint8 levels out of the faded `counts` (C, 256)."""
    levels = class_thresholds(
        np.rint(counts.numpy()).astype(np.int64),
        threshold=settings.pseudo_label_threshold,
        quantile=settings.pseudo_label_quantile,
    )
    return torch.from_numpy(levels)


def mix(batch: Batch, settings: RoundSettings, head: Tensor) -> Batch:
    """The batch with its unlabelled images mixed, images, labels, weights and masks alike, without donors.

    Args:
        batch: labels filled in; `mix` says by which numbers.
        settings: mixing is read.
        head: (C,) bool on the batch's device, the common classes.
    """
    if batch.mix is None:
        return batch
    first = len(batch.images) - len(batch.mix.boxes)
    masks = paste_masks(settings.mixing, batch.mix, batch.label_map[first:], head)

    def mixed(values: Tensor) -> Tensor:
        return torch.cat([values[:first], paste(values[first:], masks)[batch.num_donors :]])

    return replace(
        batch,
        images=mixed(batch.images),
        label_map=mixed(batch.label_map),
        weights=None if batch.weights is None else mixed(batch.weights),
        pseudo_mask=None if batch.pseudo_mask is None else mixed(batch.pseudo_mask),
        mix=None,
        num_donors=0,
    )
