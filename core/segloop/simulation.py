"""The whole loop without a server; `python -m segloop.simulate CONFIG.toml` is its command.

Replays the service's order of steps against known truth: a cold start, answers by the oracle, then rounds
that train, evaluate, score and ask. Every arm and seed keeps its state in a file of its own, replaced after
each round, so a run that was killed goes on where it was. Writes result.json, curve.png and curve.svg.

Processes that torchrun started go through it together: they train as one, and whatever else is to be done
(measuring, scoring, asking, writing) process 0 does for all.
"""

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segloop.acquisition import find_acquisition
from segloop.budgets import Budget
from segloop.curves import draw_curve
from segloop.durable import write_atomically
from segloop.errors import BudgetError, EmptyPoolError, SettingsError
from segloop.evaluation import metrics_of
from segloop.network import SegmentationNetwork, save_weights
from segloop.pool_features import encode_pool
from segloop.processes import ALONE, Processes
from segloop.rounds import PlannedQuery, plan_cold_start, plan_queries, settings_of_round
from segloop.scoring import evaluate, evaluate_audit, score_images, summarise_pool
from segloop.settings import AnnotationKind, PartitionKind, RoundSettings
from segloop.simulated_pool import SimulatedPool, identify_data, open_data, pool_sizes
from segloop.simulation_checks import check_budgets, check_images, check_networks
from segloop.simulation_config import Arm, SimulationConfig
from segloop.simulation_report import (
    ConfidenceCheck,
    describe_machine,
    find_commit,
    mean_of_classes,
)
from segloop.simulation_state import ArmState, RunIdentity
from segloop.sources import ImageSource
from segloop.training import Progress, TrainedModel, train

OnProgress = Callable[[str, int], None]
"""(what is going on, image-steps of this round done so far)."""


_CUMULATIVE = ("image_steps", "teacher_passes", "compute_seconds")
"""Sums over all rounds that led to a row's weights."""


class Simulation:
    """One configuration, its data and its folder."""

    def __init__(
        self,
        config: SimulationConfig,
        out: Path,
        *,
        on_progress: OnProgress = lambda _what, _steps: None,
        checkpoint_seconds: float = 20.0,
        processes: Processes = ALONE,
    ) -> None:
        """Open the data.

        `on_progress` hears of training, in process 0; checkpoints lie `checkpoint_seconds` apart; the group
        of `processes` is open as long as the simulation runs.
        """
        self.processes = processes
        self._checkpoint_seconds = checkpoint_seconds
        self.config = config
        self.out = out
        self.class_names, self.pool_truth, self.test = open_data(config.data)
        unknown = sorted(set(config.tail_classes) - set(self.class_names))
        if unknown:
            raise SettingsError(f"tail_classes {', '.join(unknown)}: known are {', '.join(self.class_names)}")
        self._on_progress = on_progress if processes.is_first else lambda _what, _steps: None
        self._identity = processes.once(self._identify)
        self._commit = find_commit()  # now: the checkout may move on while this code runs
        self._is_checked = False

    def _identify(self) -> RunIdentity:
        return RunIdentity.of(self.config, identify_data(self.config.data, self.pool_truth, self.test))

    def check(self) -> None:
        """Read every image, build every network, look at every budget, so that no arm fails after hours.

        Raises:
            SegloopError: what the first of them would raise when its turn has come.
        """
        if not self._is_checked:
            self.processes.once(self._check)
            self._is_checked = True

    def _check(self) -> None:
        sizes = pool_sizes(self.config.data)
        for arm in self.config.arms:
            check_budgets(arm, sizes)
        settings = [arm.settings for arm in self.config.arms]
        reference = self.config.reference
        check_networks([*settings, reference] if reference else settings, len(self.class_names))
        for what, source in (("pool", self.pool_truth), ("test", self.test)):
            num = len(source)
            check_images(source, lambda at: self._on_progress(f"checking {what}: {at} of {num}", 0))  # noqa: B023

    def run(self) -> dict[str, Any]:
        """Every arm and the reference for every seed; the content of result.json, which is written too."""
        self.check()
        rows: dict[str, list[dict[str, Any]]] = {arm.name: [] for arm in self.config.arms}
        reference = []
        # seed after seed: whoever stops it early has every arm for the first ones
        for seed in self.config.seeds:
            for arm in self.config.arms:
                rows[arm.name] += self.run_arm(arm, seed)
            if self.config.reference:
                reference.append(self.run_reference(seed))
        result = {
            "rows": [row for name in rows for row in rows[name]],
            "reference": reference,
            "config": self.config.to_mapping(),
            "commit": self._commit,
            "machine": describe_machine(),
        }
        return self.processes.once(lambda: self._write(result))

    def _write(self, result: dict[str, Any]) -> dict[str, Any]:
        write_atomically(self.out / "result.json", (json.dumps(result, indent=1) + "\n").encode())
        held_out = self.config.data.hold_out
        draw_curve(
            result["rows"],
            result["reference"],
            self.out,
            title=self.config.name,
            axis=self.config.axis,
            measured_on="test split" if held_out is None else f"held out of train ({held_out})",
        )
        return result

    def run_arm(self, arm: Arm, seed: int) -> list[dict[str, Any]]:
        """The rows of one arm and seed, going on from its state."""
        settings = dataclasses.replace(arm.settings, seed=seed)
        folder = self.out / "arms" / f"{arm.name}-seed{seed}"
        state_path = folder / "state.json"
        state = self._load_state(state_path, arm.identity(), seed)
        pool = SimulatedPool(self.pool_truth, kind=arm.partition, size_px=arm.size_px, answers=arm.answers)
        name, num_done = f"{arm.name}, seed {seed}", len(state.rows) - state.is_amid_round
        self.processes.once(partial(_remove_left_over, folder, num_done + 1))
        if num_done < arm.num_rounds and state.ended is None:  # else nobody needs the answers any more
            for asked in state.queries:
                pool.answer(state.planned(asked))
        run = _ArmRun(self, arm, settings, pool, folder, state)
        if not state.queries:
            run.ask(self.processes.once(run.plan_first))
            self.save_state(state, state_path)
        for number, image_steps in enumerate(arm.image_steps_per_round, start=1):
            if number <= num_done:
                self._on_progress(f"{name}, round {number}: done", image_steps)
            elif state.ended is None:
                run.do_round(number)
            else:
                self._on_progress(f"{name}, round {number}: left out, {state.ended}", image_steps)
        return state.rows

    def run_reference(self, seed: int) -> dict[str, Any]:
        """The row of the supervised run that knows every label."""
        assert self.config.reference is not None
        settings = dataclasses.replace(self.config.reference, seed=seed)
        folder = self.out / "arms" / f"reference-seed{seed}"
        state = self._load_state(folder / "state.json", settings.changes(), seed)
        if state.rows:
            self.processes.once(partial(_remove_left_over, folder, 2))
            self._on_progress(f"all labels, seed {seed}: done", settings.image_steps)
            return state.rows[0]
        everything = SimulatedPool(
            self.pool_truth, kind=PartitionKind.GRID, size_px=None, answers=AnnotationKind.EXACT
        )
        everything.answer(
            PlannedQuery(image, region, 0.0)
            for image in range(len(everything))
            for region in range(everything.partition(image).num_regions)
        )
        model = self.train(self.pool_truth, settings, folder / "round-1", f"all labels, seed {seed}")
        state.rows.append(
            self.processes.once(lambda: self.row("all_labels", seed, 1, everything, model, settings))
        )
        self.save_state(state, folder / "state.json")
        self.processes.once(lambda: shutil.rmtree(folder / "round-1", ignore_errors=True))
        return state.rows[0]

    def train(
        self,
        source: ImageSource,
        settings: RoundSettings,
        work_dir: Path,
        what: str,
        initial: Path | None = None,
    ) -> TrainedModel:
        """One round's training, resumed when `work_dir` holds a checkpoint."""

        def report(progress: Progress) -> None:
            self._on_progress(f"{what}: {progress.phase}", int(progress.fraction * settings.image_steps))

        return train(
            source,
            settings,
            num_classes=len(self.class_names),
            work_dir=work_dir,
            on_progress=report,
            initial_weights=initial,
            checkpoint_seconds=self._checkpoint_seconds,
        )

    def row(
        self,
        method: str,
        seed: int,
        number: int,
        pool: SimulatedPool,
        model: TrainedModel,
        settings: RoundSettings,
    ) -> dict[str, Any]:
        """One row of result.json: the test split's metrics beside what the answers cost."""
        metrics = metrics_of(evaluate(model.network, self.test, settings, num_classes=len(self.class_names)))
        asked = pool.asked_per_class(len(self.class_names))
        tail = mean_of_classes(metrics.iou_per_class, self.class_names, self.config.tail_classes)
        return {
            "method": method,
            "seed": seed,
            "round": number,
            "labelled_fraction": pool.num_labelled_pixels / pool.num_pixels(),
            "num_regions": pool.num_regions,
            "num_clicks": pool.num_clicks,
            "asked_share_per_class": [round(float(share), 6) for share in asked / max(1, asked.sum())],
            "mean_iou": metrics.mean_iou,
            "iou_per_class": metrics.iou_per_class,
            "image_steps": model.image_steps,
            "compute_seconds": model.compute_seconds,
            "teacher_passes": model.teacher_passes,
            **({"tail_mean_iou": tail} if self.config.tail_classes else {}),
            **self._audit(number, pool, model, settings),
            "commit": self._commit,
            "machine": describe_machine(next(model.network.parameters()).device, settings.num_threads),
        }

    def _audit(
        self, number: int, pool: SimulatedPool, model: TrainedModel, settings: RoundSettings
    ) -> dict[str, Any]:
        """What the audit of an arm that has one says of the model."""
        audited = pool.audited()
        if not len(audited):
            return {}
        estimate = evaluate_audit(
            model.network,
            audited,
            settings,
            num_classes=len(self.class_names),
            inclusion=audited.num_regions / sum(pool.partition(at).num_regions for at in range(len(pool))),
            round_number=number,
        )
        return {"audit": {**estimate.to_mapping(), "num_regions": audited.num_regions}}

    def _load_state(self, path: Path, what: dict[str, Any], seed: int) -> ArmState:
        return self.processes.once(lambda: ArmState.load(path, self._identity, what, seed))

    def save_state(self, state: ArmState, path: Path) -> None:
        """From process 0."""
        self.processes.once(lambda: state.save(path))


def _remove_left_over(folder: Path, number: int) -> None:
    """Working files of rounds before `number`, which a kill between the last row and them has left."""
    for path in folder.glob("round-*"):
        if path.name != f"round-{number}":
            shutil.rmtree(path, ignore_errors=True)


@dataclass
class _ArmRun:
    """One arm and seed while it runs."""

    simulation: Simulation
    arm: Arm
    settings: RoundSettings
    pool: SimulatedPool
    folder: Path
    state: ArmState

    def plan_first(self) -> list[PlannedQuery]:
        planned = plan_cold_start(
            self.pool.partition,
            self.pool.asked,
            num_images=len(self.pool),
            encode=lambda images: encode_pool(self.pool, self.pool.partition, self.settings, images),
            budget=self._budget(0),
            settings=self.settings,
            round_number=0,
            names=self.pool.filename,
        )
        if not planned:
            raise BudgetError(f"arm {self.arm.name}: its first budget does not pay for a region: give more")
        return planned

    def do_round(self, number: int) -> None:
        """Train on what is known, evaluate, and ask unless it was the last round.

        The row is on the disk before anything is asked. A run that was killed in between finds the checkpoint
        of the finished training: it neither trains nor measures again, and asks.
        """
        model = self._train(number)
        if not self.state.is_amid_round:
            self.state.rows.append(self.simulation.processes.once(lambda: self._row(number, model)))
            self.state.is_amid_round = True
            self._save()
        if number < self.arm.num_rounds:
            self._ask_next(number, model.network)
        if self.settings.uses_last_weights:
            self.state.weights = f"weights-{number}.safetensors"
            path = self.folder / self.state.weights
            self.simulation.processes.once(lambda: save_weights(model.network, path, {"round": str(number)}))
        self.state.is_amid_round = False
        self._save()
        self.simulation.processes.once(partial(self._clean_up, number))

    def _train(self, number: int) -> TrainedModel:
        what = f"{self.arm.name}, seed {self.settings.seed}, round {number}"
        initial = (
            self.folder / self.state.weights
            if self.settings.uses_last_weights and self.state.weights
            else None
        )
        steps = self.arm.image_steps_per_round[number - 1]
        settings = dataclasses.replace(settings_of_round(self.settings, number), image_steps=steps)
        return self.simulation.train(self.pool, settings, self._work_dir(number), what, initial)

    def _row(self, number: int, model: TrainedModel) -> dict[str, Any]:
        row = self.simulation.row(
            self.arm.method,
            self.settings.seed,
            self.arm.first_number + number - 1,
            self.pool,
            model,
            self.settings,
        )
        if self.state.rows:
            for name in _CUMULATIVE:
                row[name] += self.state.rows[-1][name]
        return row

    def _ask_next(self, number: int, network: SegmentationNetwork) -> None:
        """Ask for the next round; with nothing left to ask the arm ends, and its last row says why."""
        row = self.state.rows[-1]
        try:
            planned, confident = self.simulation.processes.once(lambda: self.plan_next(network, number))
        except (EmptyPoolError, BudgetError) as error:
            row["ended"] = str(error)
            return
        if not planned and self._budget(number).amount:
            row["ended"] = "no region that is left fits into the budget"
            return
        self.ask(planned)
        if confident is not None:
            row["confident"] = confident

    def plan_next(
        self, network: SegmentationNetwork, number: int
    ) -> tuple[list[PlannedQuery], dict[str, Any] | None]:
        """What to ask, and how right the network is where it is sure, if scoring saw that."""
        check = ConfidenceCheck(len(self.simulation.class_names), self.settings)
        features: dict[int, NDArray[np.float16]] = {}
        planned = plan_queries(
            self._scores(network, features, check),
            self.pool.partition,
            self.pool.asked,
            budget=self._budget(number),
            settings=self.settings,
            round_number=number,
            names=self.pool.filename,
            region_features=features.__getitem__,
            unit=self.arm.unit,
        )
        return planned, check.to_mapping() if check.num_pixels else None

    def ask(self, planned: list[PlannedQuery]) -> None:
        self.pool.answer(planned)
        self.state.note_asked(planned)

    def _save(self) -> None:
        self.simulation.save_state(self.state, self.folder / "state.json")

    def _clean_up(self, number: int) -> None:
        """Once the state is on disk: this round's checkpoints and all weights but the last."""
        shutil.rmtree(self._work_dir(number), ignore_errors=True)
        for path in self.folder.glob("weights-*.safetensors"):
            if path.name != self.state.weights:
                path.unlink()

    def _scores(
        self,
        network: SegmentationNetwork,
        features: dict[int, NDArray[np.float16]],
        check: ConfidenceCheck,
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Each image's region scores; on the way its features, if there are any, and what is sure of it."""
        if find_acquisition(self.settings.acquisition).reads_nothing:
            for index in range(len(self.pool)):
                yield index, np.zeros(self.pool.partition(index).num_regions, dtype=np.float32)
            return
        summary = summarise_pool(network, self.pool, self.settings)
        for index, scores in score_images(
            network, self.pool, self.pool.partition, self.settings, summary=summary
        ):
            if scores.region_features is not None:
                features[index] = scores.region_features
            check.add(self.simulation.pool_truth.label_map(index), self.pool.label_map(index), scores)
            yield index, scores.region_scores

    def _budget(self, number: int) -> Budget:
        return self.arm.budget(number, pool_pixels=self.pool.num_pixels())

    def _work_dir(self, number: int) -> Path:
        return self.folder / f"round-{number}"
