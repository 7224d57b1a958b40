"""What a simulation's result says about itself: code, machine and a table for the terminal."""

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segloop.label_maps import UNLABELLED
from segloop.scoring import ImageScores
from segloop.self_training import class_thresholds
from segloop.settings import RoundSettings


def find_commit() -> str | None:
    """The commit of the code that runs, "+changes" when files differ from it; None outside a checkout."""
    here = Path(__file__).parent
    git = shutil.which("git")
    if git is None:
        return None

    def ask(*arguments: str) -> str | None:
        done = subprocess.run([git, "-C", str(here), *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments
        return done.stdout.strip() if done.returncode == 0 else None

    commit = ask("rev-parse", "HEAD")
    return commit and commit + ("+changes" if ask("status", "--porcelain", "--", str(here)) else "")


def describe_machine(device: torch.device | None = None, num_threads: int = 0) -> dict[str, Any]:
    """This machine, and the device and CPU threads a row took; without them what torch takes by itself."""
    on_cuda = torch.cuda.is_available() if device is None else device.type == "cuda"
    return {
        "platform": platform.platform(),
        "num_cpus": os.cpu_count(),
        "num_threads": num_threads or torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if on_cuda else "cpu",
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


class ConfidenceCheck:
    """How right a network is where its labels would be learned from: pixels of the pool nobody answered.

    Self-training goes wrong where it is confidently mistaken, and learns nothing of a class never sure. A
    label would be learned from at its class's threshold, by the rule of the settings: `class_thresholds` over
    the pool's unanswered pixels, or one threshold for all. The network is the round's last one, at native
    size; what the round itself learned from were labels of the network before it (an EMA teacher's change
    with every step).

    Arms whose acquisition reads nothing have none: they never look at the pool, and a pass over it for this
    alone would cost them as much as scoring costs the others.
    """

    def __init__(self, num_classes: int, settings: RoundSettings) -> None:
        """Nothing yet; of the settings, threshold and quantile of pseudo labels are read."""
        self._settings = settings
        self._open = np.zeros((num_classes, 256), dtype=np.int64)
        self._judged, self._right = self._open.copy(), self._open.copy()

    @property
    def num_pixels(self) -> int:
        """Pixels nobody answered, void ones too."""
        return int(self._open.sum())

    def add(self, truth: NDArray[np.uint8], known: NDArray[np.uint8], scores: ImageScores) -> None:
        """Count an image: its truth and what was answered of it, both (h, w) uint8."""
        is_open = known == UNLABELLED
        classes, levels, true = (values[is_open] for values in (scores.prediction, scores.max_prob, truth))
        cells = classes.astype(np.int64) * 256 + levels
        shape = self._open.shape
        self._open += _count(cells, shape)
        self._judged += _count(cells[true < len(self._open)], shape)
        self._right += _count(cells[true == classes], shape)

    def to_mapping(self) -> dict[str, Any]:
        """JSON-ready, per predicted class: sure pixels of all unanswered ones, and the share that is right.

        A class that is sure nowhere has a share of 0 and no accuracy. `threshold_per_class` are the
        probabilities that made sure.
        """
        thresholds = self._thresholds()
        is_sure = np.arange(256) >= thresholds[:, None]
        sure, right = (np.where(is_sure, counts, 0).sum(axis=1) for counts in (self._judged, self._right))
        return {
            "threshold_per_class": [round(float(level) / 255, 6) for level in thresholds],
            "share_per_class": [round(float(number), 6) for number in sure / self.num_pixels],
            "accuracy_per_class": [
                round(float(hits / number), 6) if number else None
                for hits, number in zip(right, sure, strict=True)
            ],
            "accuracy": round(float(right.sum() / sure.sum()), 6) if sure.sum() else None,
        }

    def _thresholds(self) -> NDArray[np.uint8]:
        """(C,) levels of 0..255."""
        threshold, quantile = self._settings.pseudo_label_threshold, self._settings.pseudo_label_quantile
        if quantile < 1:
            return class_thresholds(self._open, threshold=threshold, quantile=quantile)
        return np.full(len(self._open), np.ceil(threshold * 255), dtype=np.uint8)


def _count(cells: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.int64]:
    return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)


def mean_of_classes(
    iou_per_class: Sequence[float | None], class_names: Sequence[str], wanted: Sequence[str]
) -> float | None:
    """Mean IoU of the wanted classes that occur in the split; None where none does."""
    values = [
        iou
        for name, iou in zip(class_names, iou_per_class, strict=True)
        if name in wanted and iou is not None
    ]
    return sum(values) / len(values) if values else None


def summarise(result: dict[str, Any]) -> str:
    """A table for the terminal: mean over seeds, and the range."""
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in [*result["rows"], *result["reference"]]:
        groups.setdefault((row["method"], row["round"]), []).append(row)
    lines = [f"{'method':24} round  labelled %  image-steps  mean IoU (range over seeds)"]
    for (method, number), rows in groups.items():
        lines.append(
            f"{method:24} {number:5d} {100 * rows[0]['labelled_fraction']:11.2f} {rows[0]['image_steps']:12d}"
            f"  {_spread(rows, 'mean_iou')}"
        )
        if "tail_mean_iou" in rows[0]:
            lines[-1] += f"  tail {_spread(rows, 'tail_mean_iou')}"
    lines += [
        f"{row['method']}, seed {row['seed']}, ended with round {row['round']}: {row['ended']}"
        for row in result["rows"]
        if "ended" in row
    ]
    return "\n".join(lines)


def _spread(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    values = [row[name] for row in rows if row[name] is not None] or [float("nan")]
    return f"{np.mean(values):.4f} ({min(values):.4f} - {max(values):.4f}, n = {len(values)})"
