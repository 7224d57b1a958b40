"""Pasting parts of one unlabelled image into the next one of its batch: CutMix and ClassMix.

B unlabelled images of a batch, C classes, H and W training size. Random numbers are drawn beforehand, from
the generator passed in, so they depend neither on the labels nor on the device. Image i gets its part from
image i - 1; a batch of one stays as it is.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segloop.settings import Mixing

_CUTMIX_PROBABILITY = 0.5
_CUTMIX_AREA = (0.02, 0.4)
_CUTMIX_ASPECT = 0.3
"""UniMatch's box: p = 0.5, 2 to 40 % of the image, sides up to 0.3 : 1."""
_NUM_HEAD, _NUM_TAIL = 3, 2
"""Classes S4AL pastes of either group on CamVid."""
_HEAD_SHARE = 0.9
"""The head: the commonest classes that together hold this share. Cityscapes' frequencies give S4AL's six
(road, sidewalk, building, vegetation, sky, car) by it."""


@dataclass(frozen=True)
class MixDraw:
    """One step's random numbers.

    Attributes:
        boxes: (B, 4) int64 top, left, bottom, right of what is pasted; empty where nothing is.
        priorities: (B, C) float32; a donor's classes of highest priority are pasted.
    """

    boxes: Tensor
    priorities: Tensor


def draw_mix(
    rng: np.random.Generator, num_images: int, *, num_classes: int, height: int, width: int
) -> MixDraw:
    """The numbers of one step, for every kind of mixing."""
    boxes = np.stack([_draw_box(rng, height, width) for _ in range(num_images)])
    priorities = rng.random((num_images, num_classes), dtype=np.float32)
    return MixDraw(torch.from_numpy(boxes), torch.from_numpy(priorities))


def head_classes(num_pixels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Bool (C,): the commonest classes, as few as hold 90 % of the pixels counted in `num_pixels` (C,)."""
    order = np.argsort(-num_pixels, kind="stable")
    before = num_pixels[order].cumsum() - num_pixels[order]
    is_head = np.zeros(len(num_pixels), dtype=np.bool_)
    is_head[order] = before < _HEAD_SHARE * num_pixels.sum()
    return is_head


def paste_masks(mixing: Mixing, draw: MixDraw, label_map: Tensor, head: Tensor) -> Tensor:
    """Where each image is covered by its donor.

    Args:
        mixing: not `none`.
        draw: the step's numbers.
        label_map: (B, H, W) uint8 before mixing; values from C on are no class.
        head: (C,) bool, the common classes; read by `balanced_classmix`.

    Returns:
        (B, H, W) bool.
    """
    if mixing is Mixing.CUTMIX:
        return box_masks(draw.boxes, label_map.shape[1], label_map.shape[2]).to(label_map.device)
    donors = label_map.roll(1, 0)
    num_classes = len(head)
    present = _present(donors, num_classes)
    priorities = draw.priorities.to(label_map.device)
    if mixing is Mixing.CLASSMIX:
        chosen = _highest(priorities, present, present.sum(dim=1) // 2)
    else:
        chosen = _highest(
            priorities, present & head, torch.full_like(present[:, 0], _NUM_HEAD, dtype=torch.long)
        )
        tail = torch.full_like(present[:, 0], _NUM_TAIL, dtype=torch.long)
        chosen |= _highest(priorities, present & ~head, tail)
    # one more column for pixels of no class: they are never pasted
    chosen = torch.cat([chosen, torch.zeros_like(chosen[:, :1])], dim=1)
    index = donors.clamp(max=num_classes).long()
    return chosen.gather(1, index.flatten(1)).view_as(donors)


def box_masks(boxes: Tensor, height: int, width: int) -> Tensor:
    """(B, height, width) bool of `boxes` (B, 4)."""
    rows, columns = torch.arange(height).view(1, -1, 1), torch.arange(width).view(1, 1, -1)
    top, left, bottom, right = (boxes[:, side].view(-1, 1, 1) for side in range(4))
    return (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)


def paste(values: Tensor, masks: Tensor) -> Tensor:
    """`values` (B, H, W) or (B, H, W, 3) with each image covered by the one before where `masks` says so."""
    where = masks if values.ndim == 3 else masks.unsqueeze(3)
    return torch.where(where, values.roll(1, 0), values)


def _draw_box(rng: np.random.Generator, height: int, width: int) -> NDArray[np.int64]:
    is_mixed = rng.random() < _CUTMIX_PROBABILITY
    area = rng.uniform(*_CUTMIX_AREA) * height * width
    aspect = np.exp(rng.uniform(np.log(_CUTMIX_ASPECT), -np.log(_CUTMIX_ASPECT)))
    box_height = min(height, max(1, round(np.sqrt(area * aspect))))
    box_width = min(width, max(1, round(np.sqrt(area / aspect))))
    top = int(rng.integers(height - box_height + 1))
    left = int(rng.integers(width - box_width + 1))
    size = (box_height, box_width) if is_mixed else (0, 0)
    return np.array([top, left, top + size[0], left + size[1]], dtype=np.int64)


def _present(label_map: Tensor, num_classes: int) -> Tensor:
    """(B, C) bool: classes with a pixel."""
    found = torch.zeros(len(label_map), num_classes + 1, dtype=torch.bool, device=label_map.device)
    index = label_map.clamp(max=num_classes).long().flatten(1)
    return found.scatter(1, index, True)[:, :num_classes]


def _highest(priorities: Tensor, candidates: Tensor, num_wanted: Tensor) -> Tensor:
    """(B, C) bool: in each row, as many of the candidates of highest priority as are wanted."""
    ranks = (
        priorities.masked_fill(~candidates, -1.0).argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    )
    return candidates & (ranks < num_wanted.unsqueeze(1))
