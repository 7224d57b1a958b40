"""Pseudo labels: what the last network is sure of, and the answers over it, for every image to be drawn.

B batch, C classes, H and W training size. They are made once a generation and kept in a file, so that a
resumed training goes on with the same ones.
"""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segloop.augmentation import Sample
from segloop.durable import write_atomically
from segloop.label_maps import UNLABELLED
from segloop.network import SegmentationNetwork
from segloop.prediction import batch_size_for, mean_logits
from segloop.prefetch import map_ahead
from segloop.processes import ALONE, Processes
from segloop.record_files import RecordFile
from segloop.settings import RoundSettings
from segloop.training_data import TrainingData

_SYNC_SECONDS = 10.0
_TOP_LEVEL = 255
"""Confidences are kept in a byte a pixel."""


def pseudo_label(logits: Tensor, *, threshold: float) -> Tensor:
    """Class indices where the network is sure enough.

    Args:
        logits: (B, C, H, W) float.
        threshold: largest probability from which a pixel is used.

    Returns:
        (B, H, W) uint8: the likeliest class, 255 where its probability is below `threshold`.
    """
    probs, classes = logits.softmax(dim=1).max(dim=1)
    return torch.where(probs >= threshold, classes, UNLABELLED).to(torch.uint8)


def override(pseudo: NDArray[np.uint8], known: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`pseudo` (H, W) with every answer, void too, laid over it."""
    return np.where(known == UNLABELLED, pseudo, known)


def confidence_levels(confidences: Tensor) -> Tensor:
    """Largest probabilities (B, H, W) as uint8, in steps of 1/255, rounded down."""
    return (confidences * _TOP_LEVEL).floor().to(torch.uint8)


def class_thresholds(counts: NDArray[np.int64], *, threshold: float, quantile: float) -> NDArray[np.uint8]:
    """The confidence from which each class's pseudo labels are used.

    Args:
        counts: (C, 256) pixels of each predicted class at each confidence level (0..255 for 0..1).
        threshold: the most that is ever asked, 0..1.
        quantile: 0..1; a class whose confidences have a lower quantile than `threshold` is held to that.

    Returns:
        (C,) uint8 levels; a class nobody predicted keeps `threshold`.

    Source: U2PL and AEL adapt thresholds so that rare classes keep pseudo labels; the rule is ours.
    """
    most = int(np.ceil(threshold * _TOP_LEVEL))
    at_or_below = counts.cumsum(axis=1)
    totals = at_or_below[:, -1:]
    levels = (at_or_below >= np.maximum(1, np.ceil(quantile * totals))).argmax(axis=1)
    return np.where(totals[:, 0] > 0, np.minimum(levels, most), most).astype(np.uint8)


@dataclass
class PseudoLabels:
    """The pseudo labels of one generation, in a file of one record an image.

    Attributes:
        data: the images and answers they belong to.
        records: (H, W) uint8 each, answers already laid over.
        confidences: (H, W) uint8 levels each, where every class has a threshold of its own; None = the
            records hold only what is sure enough.
        thresholds: (C,) uint8 levels that go with the confidences.
    """

    data: TrainingData
    records: RecordFile
    confidences: RecordFile | None = None
    thresholds: NDArray[np.uint8] | None = None

    def sample(self, index: int) -> Sample:
        """The image with its pseudo label map at training size."""
        known = self.data.sample(index)
        label_map, pseudo_mask = self.records.read(index), known.label_map == UNLABELLED
        if self.confidences is not None and self.thresholds is not None:
            needed = np.full(256, 255, dtype=np.uint8)
            needed[: len(self.thresholds)] = self.thresholds
            is_unsure = pseudo_mask & (self.confidences.read(index) < needed[label_map])
            label_map = np.where(is_unsure, np.uint8(UNLABELLED), label_map)
        return Sample(known.image, label_map, known.dominant_mask, pseudo_mask)


def count_confidences(
    data: TrainingData,
    records: RecordFile,
    confidences: RecordFile,
    indices: Sequence[int],
    *,
    num_classes: int,
) -> NDArray[np.int64]:
    """(C, 256) of `class_thresholds` over the pixels of `indices` that nobody answered."""
    counts = np.zeros(num_classes * 256, dtype=np.int64)
    for index in indices:
        is_free = data.label_map(index) == UNLABELLED
        cells = records.read(index)[is_free].astype(np.int64) * 256 + confidences.read(index)[is_free]
        counts += np.bincount(cells, minlength=len(counts))
    return counts.reshape(num_classes, 256)


@dataclass(frozen=True)
class PseudoLabelFiles:
    """Where a generation's pseudo labels lie, and how far they are.

    Attributes:
        folder: the job's work folder.
        generation: they are made for this generation, by the network of the one before.
        fingerprint: names the job.
        processes: those that share the images; they write into one file, and each notes how far it is itself.
    """

    folder: Path
    generation: int
    fingerprint: str
    processes: Processes = ALONE

    @property
    def records_path(self) -> Path:
        """The pseudo labels themselves."""
        return self.folder / f"pseudo_labels_{self.generation}.bin"

    @property
    def confidences_path(self) -> Path:
        """How sure the network was of each."""
        return self.folder / f"pseudo_confidences_{self.generation}.bin"

    def num_done(self) -> int:
        """Images of this process that are safely in the file, counted in the order they are made in."""
        try:
            progress = json.loads(self._progress_path.read_text())
        except (FileNotFoundError, ValueError):
            return 0
        is_ours = isinstance(progress, dict) and progress.get("fingerprint") == self._noted_fingerprint
        return int(progress["num_done"]) if is_ours and self.records_path.exists() else 0

    def discard(self) -> None:
        """Forget what was made: its network is about to be another one."""
        self._progress_path.unlink(missing_ok=True)
        if self.processes.size > 1:
            return  # others may have written into the files already
        self.records_path.unlink(missing_ok=True)
        self.confidences_path.unlink(missing_ok=True)

    def mark_done(self, num_done: int) -> None:
        """Note that so many images are in the file; only after its `sync`."""
        note = json.dumps({"fingerprint": self._noted_fingerprint, "num_done": num_done})
        write_atomically(self._progress_path, note.encode())

    @property
    def _progress_path(self) -> Path:
        rank = self.processes.rank
        return self.folder / f"pseudo_labels_{self.generation}{f'-process-{rank}' if rank else ''}.json"

    @property
    def _noted_fingerprint(self) -> str:
        """Another number of processes shares the images differently."""
        size = self.processes.size
        return self.fingerprint if size == 1 else f"{self.fingerprint}-{size} processes"


def label_pool(
    network: SegmentationNetwork,
    data: TrainingData,
    indices: Sequence[int],
    records: RecordFile,
    files: PseudoLabelFiles,
    settings: RoundSettings,
    dtype: torch.dtype,
    on_labelled: Callable[[int], None],
    confidences: RecordFile | None = None,
) -> None:
    """Fill `records` with the pseudo labels of `indices`, from where an earlier attempt stopped.

    Args:
        network: in evaluation mode.
        data: images and answers at training size.
        indices: images in the order they are labelled in; the same in every attempt.
        records: the pseudo-label file.
        files: where progress is noted.
        settings: score_scales, pseudo_label_threshold and the training size are read.
        dtype: of the forward pass.
        on_labelled: gets the number of images done so far.
        confidences: gets the level of every pixel, and `records` every label however unsure; None = labels
            below pseudo_label_threshold are left out.
    """
    device = next(network.parameters()).device
    step = batch_size_for(
        device,
        num_classes=network.num_classes,
        height=settings.image_height_px,
        width=settings.image_width_px,
    )
    # whole batches only: a batch of another size may round differently in its last bit
    first = files.num_done() if files.num_done() == len(indices) else files.num_done() // step * step
    batches = [list(indices[start : start + step]) for start in range(first, len(indices), step)]
    num_done, last_sync = first, time.monotonic()

    def read(batch: list[int]) -> NDArray[np.uint8]:
        return np.stack([data.image(index) for index in batch])

    with closing(map_ahead(read, batches, num_threads=1, num_ahead=2)) as reads, torch.inference_mode():
        for batch, images in zip(batches, reads, strict=True):
            pixels = torch.from_numpy(images).to(device)
            logits = mean_logits(network, pixels, settings.score_scales, dtype)
            threshold = settings.pseudo_label_threshold if confidences is None else 0.0
            pseudo = pseudo_label(logits, threshold=threshold).cpu().numpy()
            for index, labels in zip(batch, pseudo, strict=True):
                records.write(index, override(labels, data.label_map(index)))
            if confidences is not None:
                for index, levels in zip(batch, _levels_of(logits), strict=True):
                    confidences.write(index, levels)
            num_done += len(batch)
            if time.monotonic() - last_sync > _SYNC_SECONDS:
                _sync(records, confidences)
                files.mark_done(num_done)
                last_sync = time.monotonic()
            on_labelled(num_done)
    _sync(records, confidences)
    files.mark_done(num_done)


def _levels_of(logits: Tensor) -> NDArray[np.uint8]:
    return confidence_levels(logits.softmax(dim=1).amax(dim=1)).cpu().numpy()


def _sync(records: RecordFile, confidences: RecordFile | None) -> None:
    records.sync()
    if confidences is not None:
        confidences.sync()
