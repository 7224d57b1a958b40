"""Started by torchrun: trains the cases below, then simulates, and leaves what this process got of each.

torchrun --nproc-per-node 2 -m tests.support.train_together OUT CONFIG.toml
torchrun --nproc-per-node 2 -m tests.support.train_together OUT CONFIG.toml --kill
"""

import json
import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

import segloop.network
from segloop.errors import SettingsError
from segloop.processes import joined_processes
from segloop.progress import Progress
from segloop.rounds import PlannedQuery
from segloop.scenes import render_scene
from segloop.settings import LossMeans, Mixing, RoundSettings, Teacher
from segloop.simulate import main
from segloop.simulated_pool import SimulatedPool
from segloop.simulation import Simulation
from segloop.simulation_config import load_config
from segloop.sources import ArraySource
from segloop.training import TrainedModel, train
from tests.support.bands import SMALL

SUPERVISED = replace(
    SMALL,
    image_steps=16,
    lr_encoder=1e-4,
    lr_heads=1e-3,
    batch_supervised=4,
    num_generations=0,
    reco_weight=0.0,
    deterministic=True,
)
_TAUGHT = replace(
    SUPERVISED,
    num_generations=1,
    image_steps=20,
    batch_labelled=1,
    batch_unlabelled=3,
    teacher=Teacher.EMA,
    confidence_weighting=True,
    pseudo_label_threshold=0.3,
    pseudo_label_quantile=0.5,
    loss_means=LossMeans.SEPARATE,
)
SAME_AS_ALONE = {
    "even": SUPERVISED,
    "uneven": replace(SUPERVISED, batch_supervised=3, rare_class_power=0.5),
    "classmix": replace(_TAUGHT, mixing=Mixing.CLASSMIX),
    "cutmix": replace(_TAUGHT, mixing=Mixing.CUTMIX, loss_means=LossMeans.JOINT, pseudo_label_quantile=1.0),
    "apart": replace(_TAUGHT, image_steps=12, batch_unlabelled=1),  # one process has no image to be taught of
}
"""Trained without dropout and contrast, whose random numbers are each process's own. At higher learning rates
the last bits of a batch norm over three or four values grow to other weights within a few steps."""
OFFLINE = replace(
    SUPERVISED,
    num_generations=1,
    image_steps=22,
    reco_weight=1.0,
    reco_num_anchors=8,
    reco_num_negatives=8,
    pseudo_label_threshold=0.3,
    pseudo_label_quantile=0.5,
    keep_ema_weights=True,
    score_scales=(0.5, 1.0),
)
CASES = {**SAME_AS_ALONE, "offline": OFFLINE}


@cache
def source() -> ArraySource:
    """Eight scenes of which a few cells are answered."""
    scenes = [render_scene(1, index, height=48, width=64) for index in range(8)]
    label_maps = []
    for index, (_, label_map) in enumerate(scenes):
        known = np.full_like(label_map, 255)
        for row in range(index % 3 + 1):
            known[16 * row : 16 * row + 8, 8:40] = label_map[16 * row : 16 * row + 8, 8:40]
        label_maps.append(known)
    return ArraySource([image for image, _ in scenes], label_maps)


def train_case(name: str, folder: Path, settings: RoundSettings | None = None) -> TrainedModel:
    """One case, with dropout where its settings leave random numbers to each process."""
    with pytest.MonkeyPatch.context() as patch:
        if name in SAME_AS_ALONE:
            patch.setattr(segloop.network, "DROPOUT", 0.0)
        return train(
            source(), settings or CASES[name], num_classes=11, work_dir=folder, on_progress=lambda _: None
        )


def save_case(model: TrainedModel, path: Path) -> None:
    said = {
        "weights": model.network.state_dict(),
        "loss_curve": [list(point) for point in model.loss_curve],
        "image_steps": model.image_steps,
        "teacher_passes": model.teacher_passes,
    }
    torch.save(said, path)


def _train_all(out: Path, rank: int) -> None:
    for name in CASES:
        save_case(train_case(name, out / name), out / f"{name}-{rank}.pt")
    try:
        train_case("even", out / "unlike", replace(SUPERVISED, seed=rank))
    except SettingsError as error:
        (out / f"unlike-{rank}.txt").write_text(str(error))


def _train_until_refused(out: Path, rank: int) -> None:
    """What `on_progress` raises in process 0 ends the others too, whatever they do with it."""

    def refuse(progress: Progress) -> None:
        if progress.phase == "generation 0" and progress.step == 2:
            raise KeyError("enough")

    try:
        train(source(), SUPERVISED, num_classes=11, work_dir=out / "refused", on_progress=refuse)
    except Exception as error:  # noqa: BLE001 - its kind is what the test asks
        (out / f"refused-{rank}.txt").write_text(type(error).__name__)


def _record_answers(out: Path, rank: int, patch: pytest.MonkeyPatch) -> None:
    """Write down what this process's pools are asked."""
    asked: list[list[int]] = []
    answer = SimulatedPool.answer

    def recorded(pool: SimulatedPool, planned: Iterable[PlannedQuery]) -> None:
        queries = list(planned)
        asked.extend([query.image_index, query.region_index] for query in queries)
        (out / f"asked-{rank}.json").write_text(json.dumps(asked))
        answer(pool, queries)

    patch.setattr(SimulatedPool, "answer", recorded)


def _simulate_until_killed(config: Path, out: Path, rank: int) -> None:
    """Process 1 is killed by process 0 after the first of the two steps of round 2's last generation."""
    with joined_processes() as processes, pytest.MonkeyPatch.context() as patch:
        _record_answers(out, rank, patch)
        (other,) = [pid for pid in processes.gather(os.getpid()) if pid != os.getpid()]

        def kill(what: str, _steps: int) -> None:
            if "round 2: generation 1" in what:
                os.kill(other, signal.SIGKILL)

        Simulation(
            load_config(config), out, on_progress=kill, checkpoint_seconds=0.0, processes=processes
        ).run()


if __name__ == "__main__":
    folder, toml = Path(sys.argv[1]), Path(sys.argv[2])
    own_rank = int(os.environ["RANK"])
    if "--kill" in sys.argv:
        _simulate_until_killed(toml, folder, own_rank)
    else:
        _train_all(folder, own_rank)
        assert main([str(toml), "--out", str(folder / "whole")]) == 0
        _train_until_refused(folder, own_rank)
