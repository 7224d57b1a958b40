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

from segloop.evaluation import ConfusionMatrix
from segloop.label_maps import UNLABELLED
from segloop.scoring import ImageScores


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


def describe_machine() -> dict[str, Any]:
    """What the run ran on."""
    return {
        "platform": platform.platform(),
        "num_cpus": os.cpu_count(),
        "num_threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


class ConfidenceCheck:
    """How right a network is where it is sure enough to be learned from: pixels of the pool nobody answered.

    Self-training goes wrong where it is confidently mistaken, and learns nothing of a class never sure.
    """

    def __init__(self, num_classes: int, threshold: float) -> None:
        """Nothing yet; `threshold` is the least probability, 0..1."""
        self.num_pixels = 0
        self._level = threshold * 255
        self._confusion = ConfusionMatrix(num_classes)

    def add(self, truth: NDArray[np.uint8], known: NDArray[np.uint8], scores: ImageScores) -> None:
        """Count an image: its truth and what was answered of it, both (h, w) uint8."""
        is_open = known == UNLABELLED
        is_sure = is_open & (scores.max_prob >= self._level)
        self.num_pixels += int(is_open.sum())
        self._confusion.add(np.where(is_sure, truth, np.uint8(UNLABELLED)), scores.prediction)

    def to_mapping(self) -> dict[str, Any]:
        """JSON-ready, per predicted class: sure pixels of all unanswered ones, and the share that is right.

        A class that is sure nowhere has a share of 0 and no accuracy.
        """
        sure = self._confusion.counts.sum(axis=0)
        right = self._confusion.counts.diagonal()
        return {
            "share_per_class": [round(float(number), 6) for number in sure / self.num_pixels],
            "accuracy_per_class": [
                round(float(hits / number), 6) if number else None
                for hits, number in zip(right, sure, strict=True)
            ],
            "accuracy": round(float(right.sum() / sure.sum()), 6) if sure.sum() else None,
        }


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
    return "\n".join(lines)


def _spread(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    values = [row[name] for row in rows if row[name] is not None] or [float("nan")]
    return f"{np.mean(values):.4f} ({min(values):.4f} - {max(values):.4f}, n = {len(values)})"
