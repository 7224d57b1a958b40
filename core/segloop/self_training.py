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
from segloop.checkpoints import write_atomically
from segloop.label_maps import UNLABELLED
from segloop.network import SegmentationNetwork
from segloop.prediction import batch_size_for, mean_logits
from segloop.prefetch import map_ahead
from segloop.record_files import RecordFile
from segloop.settings import RoundSettings
from segloop.training_data import TrainingData

_SYNC_SECONDS = 10.0


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


@dataclass
class PseudoLabels:
    """The pseudo labels of one generation, in a file of one record an image.

    Attributes:
        data: the images and answers they belong to.
        records: (H, W) uint8 each, answers already laid over.
    """

    data: TrainingData
    records: RecordFile

    def sample(self, index: int) -> Sample:
        """The image with its pseudo label map at training size."""
        known = self.data.sample(index)
        return Sample(known.image, self.records.read(index), known.dominant_mask)


@dataclass(frozen=True)
class PseudoLabelFiles:
    """Where a generation's pseudo labels lie, and how far they are.

    Attributes:
        folder: the job's work folder.
        generation: they are made for this generation, by the network of the one before.
        fingerprint: names the job.
    """

    folder: Path
    generation: int
    fingerprint: str

    @property
    def records_path(self) -> Path:
        """The pseudo labels themselves."""
        return self.folder / f"pseudo_labels_{self.generation}.bin"

    def num_done(self) -> int:
        """Images that are safely in the file, counted in the order they are made in."""
        try:
            progress = json.loads(self._progress_path.read_text())
        except (FileNotFoundError, ValueError):
            return 0
        is_ours = isinstance(progress, dict) and progress.get("fingerprint") == self.fingerprint
        return int(progress["num_done"]) if is_ours and self.records_path.exists() else 0

    def discard(self) -> None:
        """Forget what was made: its network is about to be another one."""
        self._progress_path.unlink(missing_ok=True)
        self.records_path.unlink(missing_ok=True)

    def mark_done(self, num_done: int) -> None:
        """Note that so many images are in the file; only after its `sync`."""
        note = json.dumps({"fingerprint": self.fingerprint, "num_done": num_done})
        write_atomically(self._progress_path, note.encode())

    @property
    def _progress_path(self) -> Path:
        return self.folder / f"pseudo_labels_{self.generation}.json"


def label_pool(
    network: SegmentationNetwork,
    data: TrainingData,
    indices: Sequence[int],
    records: RecordFile,
    files: PseudoLabelFiles,
    settings: RoundSettings,
    dtype: torch.dtype,
    on_labelled: Callable[[int], None],
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
            pseudo = pseudo_label(logits, threshold=settings.pseudo_label_threshold).cpu().numpy()
            for index, labels in zip(batch, pseudo, strict=True):
                records.write(index, override(labels, data.label_map(index)))
            num_done += len(batch)
            if time.monotonic() - last_sync > _SYNC_SECONDS:
                records.sync()
                files.mark_done(num_done)
                last_sync = time.monotonic()
            on_labelled(num_done)
    records.sync()
    files.mark_done(num_done)
