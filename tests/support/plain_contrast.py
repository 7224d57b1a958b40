"""The regional contrast by the book, in plain loops; of the package it knows only what a draw looks like."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from segloop.losses import ContrastDraw


class Pixel(NamedTuple):
    """One known pixel at stride 4.

    Attributes:
        place: of its class among those present.
        image, y, x: where it lies.
        confidence: its probability of its own class.
    """

    place: int
    image: int
    y: int
    x: int
    confidence: float


def known_pixels(logits: Tensor, label_map: Tensor) -> list[Pixel]:
    """The pixels of logits (B, C, h, w) with a class in label_map (B, H, W), by class and then in order."""
    batch, num_classes, height, width = logits.shape
    last_row, last_column = label_map.shape[1] - 1, label_map.shape[2] - 1
    found = []
    for b in range(batch):
        for y in range(height):
            for x in range(width):
                label = int(label_map[b, min(4 * y + 2, last_row), min(4 * x + 2, last_column)])
                if label < num_classes:
                    scores = logits.detach()[b, :, y, x].double().exp()
                    found.append(Pixel(label, b, y, x, float(scores[label] / scores.sum())))
    present = sorted({pixel.place for pixel in found})
    return [
        pixel._replace(place=place)
        for place, label in enumerate(present)
        for pixel in found
        if pixel.place == label
    ]


def plain_prototypes(embeddings: Tensor, pixels: Sequence[Pixel]) -> list[Tensor]:
    """The mean (D,) float64 of each class's embeddings, of (B, D, h, w), without gradient."""
    sums: dict[int, Tensor] = {}
    counts: dict[int, int] = {}
    for pixel in pixels:
        row = embeddings.detach()[pixel.image, :, pixel.y, pixel.x].double()
        sums[pixel.place] = sums[pixel.place] + row if pixel.place in sums else row
        counts[pixel.place] = counts.get(pixel.place, 0) + 1
    return [sums[place] / counts[place] for place in sorted(sums)]


def plain_contrast(
    embeddings: Tensor,
    logits: Tensor,
    label_map: Tensor,
    draws: Sequence[ContrastDraw],
    *,
    temperature: float,
) -> Tensor:
    """The loss, one anchor and one negative at a time; its gradient goes through the anchors alone."""
    pixels = known_pixels(logits, label_map)
    prototypes = plain_prototypes(embeddings, pixels)
    rows = [embeddings[pixel.image, :, pixel.y, pixel.x].double() for pixel in pixels]
    total = torch.zeros((), dtype=torch.float64)
    for draw in draws:
        losses = []
        for a, anchor in enumerate(draw.anchors.tolist()):
            shared_or_own = draw.negatives[a if len(draw.negatives) > 1 else 0]
            positive = _likeness(rows[anchor], prototypes[draw.class_index], temperature)
            negatives = [
                _likeness(rows[anchor], rows[k].detach(), temperature) for k in shared_or_own.tolist()
            ]
            losses.append(-(positive / (positive + torch.stack(negatives).sum())).log())
        total = total + torch.stack(losses).mean()
    return total / len(prototypes)


def _likeness(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    cosine = (one * other).sum() / (one.square().sum().sqrt() * other.square().sum().sqrt())
    return (cosine / temperature).exp()
