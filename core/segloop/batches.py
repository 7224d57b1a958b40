"""Batches of a generation: which image goes where, and augmented tensors ready a step ahead.

B batch, H and W training size. Each sample's augmentation has its own generator, seeded by (seed, generation,
step, place in the batch): a resumed training sees the same batches, whatever threads make them, and processes
that share a batch make the same images as one that makes it whole.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segloop.augmentation import Sample, strong_augmentation, weak_augmentation
from segloop.mixing import MixDraw, draw_mix
from segloop.prefetch import map_ahead
from segloop.processes import Processes
from segloop.settings import Mixing, RoundSettings, Teacher
from segloop.training_data import Streams

_SCHEDULE_STREAM, _AUGMENTATION_STREAM, _MIXING_STREAM = 1, 2, 5
"""Keep the generators of one seed apart (`segloop.training_state` uses 3 and 4)."""


@dataclass(frozen=True)
class Schedule:
    """Which image stands where in each step of a generation.

    Attributes:
        labelled: (steps, batch) int64 image indices.
        unlabelled: (steps, batch) int64; no columns in generation 0.
    """

    labelled: NDArray[np.int64]
    unlabelled: NDArray[np.int64]

    @property
    def num_steps(self) -> int:
        """Steps of the generation."""
        return len(self.labelled)

    @property
    def batch_size(self) -> int:
        """Images a step, both streams."""
        return int(self.labelled.shape[1] + self.unlabelled.shape[1])


@dataclass(frozen=True)
class Batch:
    """One step's tensors: the labelled images, then U unlabelled ones.

    Attributes:
        images: (B, H, W, 3) uint8.
        label_map: (B, H, W) uint8.
        weights: (B, H, W) float32 loss weights; None = 1 everywhere.
        pseudo_mask: (B, H, W) bool, pixels nobody answered in the unlabelled stream; None = no such stream.
        weak_images: (U, H, W, 3) uint8, what a teacher sees of the unlabelled ones; None = no teacher looks.
        mix: the numbers by which the unlabelled ones are mixed; None = they are not.
        num_donors: of the unlabelled ones, the first 0 or 1 is another process's: it is only pasted from.
    """

    images: Tensor
    label_map: Tensor
    weights: Tensor | None = None
    pseudo_mask: Tensor | None = None
    weak_images: Tensor | None = None
    mix: MixDraw | None = None
    num_donors: int = 0

    def to(self, device: torch.device) -> "Batch":
        """The same batch with its tensors on `device`; the mixing's few numbers stay where they are."""

        def moved(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(device)

        return Batch(
            self.images.to(device),
            self.label_map.to(device),
            moved(self.weights),
            moved(self.pseudo_mask),
            moved(self.weak_images),
            self.mix,
            self.num_donors,
        )


class Share(NamedTuple):
    """One process's places in each step's batch.

    Attributes:
        labelled, unlabelled: columns of `Schedule.labelled` and `Schedule.unlabelled`.
    """

    labelled: range
    unlabelled: range


def share_of(processes: Processes, num_labelled: int, num_unlabelled: int) -> Share:
    """As many images for each process as for the others, at most one more, of both streams.

    Who gets one labelled image more is the last to get one more of the unlabelled: with as many processes as
    images, each has one.
    """
    mirrored = Processes(processes.size - 1 - processes.rank, processes.size).part(num_unlabelled)
    unlabelled = range(num_unlabelled - mirrored.stop, num_unlabelled - mirrored.start)
    return Share(processes.part(num_labelled), unlabelled)


class SampleReader(Protocol):
    """Where a batch's samples come from."""

    def __call__(self, index: int) -> Sample:
        """The sample of one image at training size."""
        ...


def draw_schedule(
    streams: Streams, *, num_steps: int, num_labelled: int, num_unlabelled: int, seed: int, generation: int
) -> Schedule:
    """Images drawn uniformly with replacement, as S4AL+ does; the same for the same seed and generation."""
    rng = np.random.default_rng([seed, _SCHEDULE_STREAM, generation])
    labelled = rng.choice(streams.labelled, size=(num_steps, num_labelled))
    if not num_unlabelled:
        return Schedule(labelled, np.empty((num_steps, 0), dtype=np.int64))
    return Schedule(labelled, rng.choice(streams.unlabelled, size=(num_steps, num_unlabelled)))


@dataclass(frozen=True)
class BatchMaker:
    """Makes the batch of any step of a generation.

    Attributes:
        schedule: which images.
        read_labelled: samples of the labelled stream: what is known.
        read_unlabelled: samples of the unlabelled stream: pseudo labels, overridden by what is known.
        settings: augmentation, dominant_weight and seed are read.
        generation: 0, 1, ...
        num_classes: C.
        is_sparse: labelled crops are moved so that an answer is inside.
        share: the places of this process; None = all.
    """

    schedule: Schedule
    read_labelled: SampleReader
    read_unlabelled: SampleReader
    settings: RoundSettings
    generation: int
    num_classes: int
    is_sparse: bool
    share: Share | None = None

    def batch(self, step: int) -> Batch:
        """The batch of `step`: labelled images first, weakly augmented; then unlabelled ones, strongly."""
        labelled, unlabelled = self.schedule.labelled[step], self.schedule.unlabelled[step]
        share = self.share or Share(range(len(labelled)), range(len(unlabelled)))
        samples = [self._labelled(int(labelled[place]), step, place) for place in share.labelled]
        places = [*self._donor(share, len(unlabelled)), *share.unlabelled]
        views = [self._unlabelled(int(unlabelled[place]), step, len(labelled) + place) for place in places]
        samples += [strong for _, strong in views]
        batch = collate(samples, dominant_weight=self.settings.dominant_weight)
        if not len(unlabelled):
            return batch
        if self.settings.teacher is Teacher.EMA:
            batch = _with_weak(batch, [weak for weak, _ in views])
        if not places or self.settings.mixing is Mixing.NONE:
            return batch
        num_donors = len(places) - len(share.unlabelled)
        return replace(batch, mix=self._mix(batch, step, places), num_donors=num_donors)

    def batches(self, first_step: int, *, num_threads: int) -> Generator[Batch, None, None]:
        """Batches from `first_step` to the end, made ahead of their use; close it when leaving early."""
        steps = range(first_step, self.schedule.num_steps)
        return map_ahead(self.batch, steps, num_threads=num_threads, num_ahead=2 * num_threads)

    def _donor(self, share: Share, num_unlabelled: int) -> list[int]:
        """The place of another process's image that the first of the share is mixed with, if there is one."""
        if self.settings.mixing is Mixing.NONE or len(share.unlabelled) in {0, num_unlabelled}:
            return []
        return [(share.unlabelled.start - 1) % num_unlabelled]

    def _labelled(self, index: int, step: int, place: int) -> Sample:
        return weak_augmentation(
            self.read_labelled(index),
            self.settings,
            self._rng(step, place),
            num_classes=self.num_classes,
            must_hold_answer=self.is_sparse,
        )

    def _unlabelled(self, index: int, step: int, place: int) -> tuple[Sample, Sample]:
        """The weak view of an image and the strong one made of it."""
        rng = self._rng(step, place)
        sample = self.read_unlabelled(index)
        weak = weak_augmentation(sample, self.settings, rng, num_classes=self.num_classes)
        return weak, strong_augmentation(weak, self.settings, rng)

    def _mix(self, batch: Batch, step: int, places: list[int]) -> MixDraw:
        rng = np.random.default_rng([self.settings.seed, _MIXING_STREAM, self.generation, step])
        height, width = batch.label_map.shape[1:]
        num_images = int(self.schedule.unlabelled.shape[1])
        whole = draw_mix(rng, num_images, num_classes=self.num_classes, height=height, width=width)
        return MixDraw(whole.boxes[places], whole.priorities[places])

    def _rng(self, step: int, place: int) -> np.random.Generator:
        return np.random.default_rng([self.settings.seed, _AUGMENTATION_STREAM, self.generation, step, place])


def collate(samples: list[Sample], *, dominant_weight: float) -> Batch:
    """Samples of one size as tensors; dominant answers get `dominant_weight`, all else 1."""
    images = _stack_images(samples)
    label_map = torch.from_numpy(np.stack([sample.label_map for sample in samples]))
    dominant = _stack_masks([sample.dominant_mask for sample in samples], label_map)
    weights = None if dominant is None else torch.where(dominant, dominant_weight, 1.0)
    pseudo = _stack_masks([sample.pseudo_mask for sample in samples], label_map)
    return Batch(images, label_map, weights, pseudo)


def _with_weak(batch: Batch, views: list[Sample]) -> Batch:
    """The batch with a teacher's views: none, and nothing to label, where a share has no such image."""
    if views:
        return replace(batch, weak_images=_stack_images(views))
    nothing = torch.zeros(batch.label_map.shape, dtype=torch.bool)
    return replace(batch, weak_images=batch.images[:0], pseudo_mask=nothing)


def _stack_images(samples: list[Sample]) -> Tensor:
    return torch.from_numpy(np.stack([sample.image for sample in samples]))


def _stack_masks(masks: list[NDArray[np.bool_] | None], like: Tensor) -> Tensor | None:
    """(B, H, W) bool, False where a sample has no mask; None where none has one."""
    if all(mask is None for mask in masks):
        return None
    stacked = torch.zeros(like.shape, dtype=torch.bool)
    for row, mask in zip(stacked, masks, strict=True):
        if mask is not None:
            row.copy_(torch.from_numpy(np.ascontiguousarray(mask)))
    return stacked
