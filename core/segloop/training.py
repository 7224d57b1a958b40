"""A round's whole training: generation 0 on the answers, pseudo labels, then self-training generations.

`train` may be killed at any moment and called again with the same folder: it goes on from the last
checkpoint. With `deterministic` on, the weights are then those of an uninterrupted run, bit for bit.

Several processes that call it together, as `torchrun` starts them, share each batch, one device each, and
leave with the same network.

Source: S4AL+ (Rangnekar, Kanan and Hoffman, BMVC 2022); sparse answers: docs/method.md.
"""

import logging
import math
import time
import zlib
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from segloop.batches import BatchMaker, SampleReader
from segloop.checkpoints import load_checkpoint, save_checkpoint
from segloop.devices import (
    num_feed_threads,
    resolve_dtype,
    seeded,
    torch_runtime,
)
from segloop.errors import NonFiniteError, SettingsError, WeightsError
from segloop.generations import learning_rate_factor
from segloop.losses import class_loss_weights
from segloop.mixing import head_classes
from segloop.network import SegmentationNetwork
from segloop.online_labels import sample_to_label
from segloop.processes import Processes, joined_processes
from segloop.progress import Progress, ProgressMeter
from segloop.record_files import RecordFile
from segloop.self_training import (
    PseudoLabelFiles,
    PseudoLabels,
    class_thresholds,
    count_confidences,
    label_pool,
)
from segloop.settings import RoundSettings, Teacher
from segloop.sources import ImageSource
from segloop.training_data import TrainingData
from segloop.training_plan import PlannedGeneration, plan_training
from segloop.training_state import NetworkRecipe, TrainingState
from segloop.training_step import Stepper

__all__ = ["ImageSource", "Progress", "TrainedModel", "train"]

_logger = logging.getLogger(__name__)

_CHECKPOINT_NAME = "training.checkpoint"
_CURVE_POINTS = 200
_REPORT_EVERY_CUDA = 10
"""Reading the loss waits for the GPU, so there it is done every tenth step."""
_REPORT_EVERY_READ = 16


@dataclass
class TrainedModel:
    """What a round's training leaves.

    Attributes:
        network: the last generation's, in evaluation mode, on the device it was trained on.
        image_steps: images that went through training steps, both streams, all generations.
        teacher_passes: images that went through forward passes to get pseudo labels, each scale counted.
        compute_seconds: wall time, earlier attempts up to their last checkpoint included.
        loss_curve: (image_steps, smoothed loss) pairs, about 200 at most.
        notes: what somebody should know, e.g. why a checkpoint was not used.
    """

    network: SegmentationNetwork
    image_steps: int
    teacher_passes: int
    compute_seconds: float
    loss_curve: list[tuple[int, float]]
    notes: tuple[str, ...] = ()


def train(
    source: ImageSource,
    settings: RoundSettings,
    *,
    num_classes: int,
    work_dir: Path,
    on_progress: Callable[[Progress], None] | None = None,
    initial_weights: Path | None = None,
    checkpoint_seconds: float = 20.0,
) -> TrainedModel:
    """Train one round.

    Args:
        source: the pool; its label maps are what is known.
        settings: everything else there is to say.
        num_classes: C, at least 2.
        work_dir: this job's own folder, made if need be; called again with the same one, training resumes.
        on_progress: called after every step, on CUDA after every tenth, in process 0 alone; what it raises
            ends the training.
        initial_weights: a file of the last round's weights: to go on from with `warm_start`, to make the
            first pseudo labels with where `generation_0_share` is 0.
        checkpoint_seconds: time between checkpoints.

    Raises:
        EmptyPoolError: nothing is labelled.
        LabelMapError: a label map holds a value that is no class.
        NonFiniteError: the loss is no longer a number.
        SettingsError: settings contradict each other or this machine, or processes were given other ones.
        WeightsError: encoder or initial weights are missing or do not fit.
    """
    if initial_weights is not None and not settings.uses_last_weights:
        raise SettingsError("initial_weights serve nothing: set warm_start, or generation_0_share = 0")
    with ExitStack() as stack:
        processes = stack.enter_context(joined_processes())
        device = processes.device(settings.device)
        dtype = resolve_dtype(settings.precision, device)
        stack.enter_context(processes.on(device))
        stack.enter_context(torch_runtime(settings, device))
        stack.enter_context(seeded(settings.seed, device))
        report = on_progress if on_progress and processes.is_first else lambda _: None

        def on_read(num_read: int) -> None:
            if num_read % _REPORT_EVERY_READ == 0 or num_read == len(source):
                report(Progress("answers", num_read, len(source), fraction=0.0))

        data_dir = work_dir if processes.is_first else work_dir / f"process-{processes.rank}"
        data_dir.mkdir(parents=True, exist_ok=True)
        data = TrainingData(
            source,
            data_dir,
            height=settings.image_height_px,
            width=settings.image_width_px,
            num_classes=num_classes,
            on_read=on_read,
        )
        stack.enter_context(closing(data))
        uses_fp16 = dtype == torch.float16
        recipe = NetworkRecipe(settings, num_classes, initial_weights, device, uses_fp16, processes)
        return _Training(recipe, data, work_dir, dtype, checkpoint_seconds).run(report)


@dataclass
class _Training:
    """One call of `train`, after its data was read."""

    recipe: NetworkRecipe
    data: TrainingData
    folder: Path
    dtype: torch.dtype
    checkpoint_seconds: float
    fingerprint: str = field(init=False)
    started: float = field(init=False)
    seconds_before: float = 0.0

    def __post_init__(self) -> None:
        self.fingerprint = self._fingerprint()
        self.started = time.monotonic()

    @property
    def settings(self) -> RoundSettings:
        return self.recipe.settings

    @property
    def processes(self) -> Processes:
        return self.recipe.processes

    def run(self, on_progress: Callable[[Progress], None]) -> TrainedModel:
        """All generations, from the last checkpoint if there is one."""
        plan = plan_training(
            self.settings, self.data.streams, has_weights=self.recipe.initial_weights is not None
        )
        self._check_processes(plan)
        state, notes = self._restore(plan)
        costs = [planned.label_cost(self.settings) + planned.step_cost(self.settings) for planned in plan]
        meter = ProgressMeter(on_progress, sum(costs))
        for planned, cost in zip(plan, costs, strict=True):
            if state is not None and planned.generation.index < state.generation:
                meter.finish_phase(cost)
                continue
            state = self._run_generation(planned, state, meter)
        assert state is not None, "there is at least one generation"
        return TrainedModel(
            network=state.result.eval(),
            image_steps=state.image_steps,
            teacher_passes=state.teacher_passes,
            compute_seconds=state.compute_seconds,
            loss_curve=state.loss_curve,
            notes=notes,
        )

    def _run_generation(
        self, planned: PlannedGeneration, state: TrainingState | None, meter: ProgressMeter
    ) -> TrainingState:
        """Pseudo labels where the generation wants them, then its steps; `state` may be in the middle."""
        index = planned.generation.index
        with ExitStack() as stack:
            reader: SampleReader = partial(sample_to_label, self.data)
            if planned.to_label:
                files = self._pseudo_label_files(index)
                if not files.num_done():  # nothing, or a note whose records are gone
                    files.discard()
                self.processes.wait()  # from now on the file is there, whoever opened it
                shape = (self.settings.image_height_px, self.settings.image_width_px)
                records = stack.enter_context(RecordFile(files.records_path, shape, self.data.num_images))
                confidences = None
                if self.settings.pseudo_label_quantile < 1:
                    confidences = stack.enter_context(
                        RecordFile(files.confidences_path, shape, self.data.num_images)
                    )
                if state is None or state.generation != index:
                    network = self.recipe.given_network() if state is None else state.result
                    self._label(planned, network, records, confidences, meter)
                    self.processes.wait()
                meter.finish_phase(planned.label_cost(self.settings))
                reader = self._pseudo_labels(planned, records, confidences).sample
            if state is None or state.generation != index:
                state = self.recipe.begin(index, state)
                state.teacher_passes += len(planned.to_label) * len(self.settings.score_scales)
            maker = BatchMaker(
                schedule=planned.schedule,
                read_labelled=self.data.sample,
                read_unlabelled=reader,
                settings=self.settings,
                generation=index,
                num_classes=self.recipe.num_classes,
                is_sparse=planned.is_sparse,
                share=planned.share(self.processes),
            )
            self._run_steps(planned, maker, state, meter)
        meter.finish_phase(planned.step_cost(self.settings))
        return state

    def _label(
        self,
        planned: PlannedGeneration,
        network: SegmentationNetwork,
        records: RecordFile,
        confidences: RecordFile | None,
        meter: ProgressMeter,
    ) -> None:
        own, cost = self._own_part(planned.to_label), planned.label_cost(self.settings)
        label_pool(
            network.eval(),
            self.data,
            own,
            records,
            self._pseudo_label_files(planned.generation.index),
            self.settings,
            self.dtype,
            lambda done: meter.report("pseudo labels", done, len(own), phase_cost=cost),
            confidences,
        )

    def _own_part(self, to_label: list[int]) -> list[int]:
        """The images that this process makes pseudo labels for."""
        part = self.processes.part(len(to_label))
        return to_label[part.start : part.stop]

    def _pseudo_labels(
        self, planned: PlannedGeneration, records: RecordFile, confidences: RecordFile | None
    ) -> PseudoLabels:
        """The generation's labels, each class held to its own threshold where that is asked for."""
        if confidences is None:
            return PseudoLabels(self.data, records)
        counts = count_confidences(
            self.data, records, confidences, planned.to_label, num_classes=self.recipe.num_classes
        )
        thresholds = class_thresholds(
            counts,
            threshold=self.settings.pseudo_label_threshold,
            quantile=self.settings.pseudo_label_quantile,
        )
        return PseudoLabels(self.data, records, confidences, thresholds)

    def _run_steps(
        self, planned: PlannedGeneration, maker: BatchMaker, state: TrainingState, meter: ProgressMeter
    ) -> None:
        """The generation's steps from `state.step` on, with reports and checkpoints."""
        generation, step_cost = planned.generation, planned.step_cost(self.settings)
        schedule, num_steps = planned.schedule, generation.num_steps
        is_taught = self.settings.teacher is Teacher.EMA
        stepper = self._stepper()
        report_every = _REPORT_EVERY_CUDA if self.recipe.device.type == "cuda" else 1
        curve_every = max(1, num_steps // _CURVE_POINTS)
        last_saved = time.monotonic()
        threads = num_feed_threads(self.recipe.device, self.processes.size)
        with closing(maker.batches(state.step, num_threads=threads)) as batches:
            for batch in batches:
                self._set_learning_rates(state, num_steps)
                state.note_loss(stepper.step(state, batch))
                state.step += 1
                state.image_steps += schedule.batch_size
                state.teacher_passes += is_taught * schedule.unlabelled.shape[1]
                is_last = state.step == num_steps
                if state.step % curve_every == 0 or is_last:
                    state.loss_curve.append((state.image_steps, self._checked_loss(state)))
                is_due = time.monotonic() - last_saved >= self.checkpoint_seconds
                if is_last or self.processes.decided(is_due):
                    self._save(state)
                    last_saved = time.monotonic()
                if state.step % report_every == 0 or is_last:
                    meter.report(
                        generation.phase,
                        state.step,
                        num_steps,
                        phase_cost=step_cost,
                        loss=self._checked_loss(state),
                    )

    def _stepper(self) -> Stepper:
        head = torch.from_numpy(head_classes(self.data.class_pixels)).to(self.recipe.device)
        class_weights = None
        if self.settings.rare_class_power:
            power = self.settings.rare_class_power
            class_weights = class_loss_weights(self.data.class_pixels, power=power).to(self.recipe.device)
        return Stepper(self.settings, self.recipe.device, self.dtype, head, class_weights, self.processes)

    def _set_learning_rates(self, state: TrainingState, num_steps: int) -> None:
        factor = learning_rate_factor(
            state.step,
            num_steps,
            power=self.settings.poly_power,
            is_warm=self.recipe.is_warm(state.generation),
            warm_factor=self.settings.warm_lr_factor,
            stairs=self.settings.poly_stairs,
        )
        bases = (self.settings.lr_encoder, self.settings.lr_heads)
        for group, base in zip(state.optimiser.param_groups, bases, strict=True):
            group["lr"] = base * factor

    def _checked_loss(self, state: TrainingState) -> float:
        loss = state.smoothed_loss()
        if loss is None or not math.isfinite(loss):
            raise NonFiniteError(
                f"the loss is {loss} at step {state.step} of generation {state.generation}: "
                "lower lr_encoder and lr_heads, or use precision fp32"
            )
        return loss

    def _save(self, state: TrainingState) -> None:
        state.compute_seconds = self.seconds_before + time.monotonic() - self.started
        random_states = self.processes.gather(state.random_state(self.recipe.device))
        if self.processes.is_first:
            saved = state.to_checkpoint(random_states)
            save_checkpoint(self.folder / _CHECKPOINT_NAME, saved, fingerprint=self.fingerprint)

    def _restore(self, plan: list[PlannedGeneration]) -> tuple[TrainingState | None, tuple[str, ...]]:
        """The last checkpoint's state, or why there is none to go on from."""
        loaded = load_checkpoint(self.folder / _CHECKPOINT_NAME, fingerprint=self.fingerprint)
        reason = loaded.ignored_because
        if loaded.state is not None:
            reason = self._objection(loaded.state, plan)
        everybodys = self.processes.gather((loaded.state is not None, reason))
        if loaded.state is not None and all(found == (True, None) for found in everybodys):
            state = self.recipe.restore(loaded.state)
            self.seconds_before = state.compute_seconds
            return state, ()
        for planned in plan:
            self._pseudo_label_files(planned.generation.index).discard()
        reason = next((why for _, why in everybodys if why is not None), None)
        if reason is None:
            return None, ()
        _logger.warning("training starts over: %s", reason)
        return None, (f"training started over: {reason}",)

    def _objection(self, saved: dict[str, Any], plan: list[PlannedGeneration]) -> str | None:
        """Why this process cannot go on from a checkpoint's state; None = it can."""
        num_processes = 1 + len(saved.get("other_processes", []))
        if num_processes != self.processes.size:
            return f"{_CHECKPOINT_NAME} is of {num_processes} processes, not of {self.processes.size}"
        index = saved["generation"]
        planned = next(planned for planned in plan if planned.generation.index == index)
        if self._pseudo_label_files(index).num_done() < len(self._own_part(planned.to_label)):
            return f"the pseudo labels of generation {index} are gone"
        return None

    def _check_processes(self, plan: list[PlannedGeneration]) -> None:
        """All must do the same work, and each have its part of it."""
        if len(set(self.processes.gather(self.fingerprint))) > 1:
            raise SettingsError("the processes were given different images, answers, weights or settings")
        for planned in plan:
            planned.share(self.processes)

    def _pseudo_label_files(self, generation: int) -> PseudoLabelFiles:
        return PseudoLabelFiles(self.folder, generation, self.fingerprint, self.processes)

    def _fingerprint(self) -> str:
        """Names settings, answers and starting weights: a checkpoint of others is not gone on from."""
        initial = self.recipe.initial_weights
        if initial is not None and not initial.is_file():
            raise WeightsError(f"{initial}: no such weight file")
        weights = zlib.crc32(b"" if initial is None else initial.read_bytes())
        settings = zlib.crc32(repr(sorted(self.settings.to_mapping().items())).encode())
        return f"{self.data.digest}-{settings:08x}-{weights:08x}-{self.recipe.device.type}"
