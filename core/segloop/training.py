"""A round's whole training: generation 0 on the answers, pseudo labels, then self-training generations.

`train` may be killed at any moment and called again with the same folder: it goes on from the last
checkpoint. With `deterministic` on, the weights are then those of an uninterrupted run, bit for bit.

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

import numpy as np
import torch

from segloop.batches import BatchMaker, SampleReader, Schedule, draw_schedule
from segloop.checkpoints import load_checkpoint, save_checkpoint
from segloop.devices import (
    num_feed_threads,
    resolve_device,
    resolve_dtype,
    seeded,
    torch_runtime,
)
from segloop.errors import NonFiniteError, SettingsError, WeightsError
from segloop.generations import Generation, learning_rate_factor, plan_generations, pseudo_label_cost
from segloop.losses import class_loss_weights
from segloop.mixing import head_classes
from segloop.network import SegmentationNetwork
from segloop.online_labels import sample_to_label
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
    on_progress: Callable[[Progress], None],
    initial_weights: Path | None = None,
    checkpoint_seconds: float = 20.0,
) -> TrainedModel:
    """Train one round.

    Args:
        source: the pool; its label maps are what is known.
        settings: everything else there is to say.
        num_classes: C, at least 2.
        work_dir: this job's own folder, made if need be; called again with the same one, training resumes.
        on_progress: called after every step; what it raises ends the training.
        initial_weights: a file of the last round's weights: to go on from with `warm_start`, to make the
            first pseudo labels with where `generation_0_share` is 0.
        checkpoint_seconds: time between checkpoints.

    Raises:
        EmptyPoolError: nothing is labelled.
        LabelMapError: a label map holds a value that is no class.
        NonFiniteError: the loss is no longer a number.
        SettingsError: settings contradict each other or this machine.
        WeightsError: encoder or initial weights are missing or do not fit.
    """
    device = resolve_device(settings.device)
    dtype = resolve_dtype(settings.precision, device)
    if initial_weights is not None and not settings.uses_last_weights:
        raise SettingsError("initial_weights serve nothing: set warm_start, or generation_0_share = 0")
    recipe = NetworkRecipe(settings, num_classes, initial_weights, device, uses_fp16=dtype == torch.float16)
    work_dir.mkdir(parents=True, exist_ok=True)

    def on_read(num_read: int) -> None:
        if num_read % _REPORT_EVERY_READ == 0 or num_read == len(source):
            on_progress(Progress("answers", num_read, len(source), fraction=0.0))

    with ExitStack() as stack:
        stack.enter_context(torch_runtime(settings, device))
        stack.enter_context(seeded(settings.seed, device))
        data = TrainingData(
            source,
            work_dir,
            height=settings.image_height_px,
            width=settings.image_width_px,
            num_classes=num_classes,
            on_read=on_read,
        )
        stack.enter_context(closing(data))
        return _Training(recipe, data, work_dir, dtype, checkpoint_seconds).run(on_progress)


@dataclass(frozen=True)
class _PlannedGeneration:
    """A generation, which images its steps draw, and which of them need pseudo labels."""

    generation: Generation
    schedule: Schedule
    to_label: list[int]

    def label_cost(self, settings: RoundSettings) -> float:
        """Of the labels made beforehand."""
        return pseudo_label_cost(len(self.to_label), settings.score_scales)

    def step_cost(self, settings: RoundSettings) -> float:
        """Of all steps, a teacher's looks at their images included."""
        is_taught = settings.teacher is Teacher.EMA
        return self.generation.num_images + is_taught * pseudo_label_cost(
            self.schedule.unlabelled.size, (1.0,)
        )


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

    def run(self, on_progress: Callable[[Progress], None]) -> TrainedModel:
        """All generations, from the last checkpoint if there is one."""
        plan = self._plan()
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

    def _plan(self) -> list[_PlannedGeneration]:
        generations = plan_generations(
            self.settings,
            has_unlabelled=len(self.data.streams.unlabelled) > 0,
            has_weights=self.recipe.initial_weights is not None,
        )
        plan = []
        for generation in generations:
            schedule = draw_schedule(
                self.data.streams,
                num_steps=generation.num_steps,
                num_labelled=generation.num_labelled,
                num_unlabelled=generation.num_unlabelled,
                seed=self.settings.seed,
                generation=generation.index,
            )
            # a pool far larger than the schedule is not labelled in vain; an EMA teacher labels as it goes
            is_offline = self.settings.teacher is Teacher.OFFLINE
            to_label = [int(index) for index in np.unique(schedule.unlabelled)] if is_offline else []
            plan.append(_PlannedGeneration(generation, schedule, to_label))
        return plan

    def _run_generation(
        self, planned: _PlannedGeneration, state: TrainingState | None, meter: ProgressMeter
    ) -> TrainingState:
        """Pseudo labels where the generation wants them, then its steps; `state` may be in the middle."""
        index = planned.generation.index
        with ExitStack() as stack:
            reader: SampleReader = partial(sample_to_label, self.data)
            if planned.to_label:
                files = self._pseudo_label_files(index)
                if not files.num_done():  # nothing, or a note whose records are gone
                    files.discard()
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
                is_sparse=self.data.streams.is_sparse,
            )
            self._run_steps(planned, maker, state, meter)
        meter.finish_phase(planned.step_cost(self.settings))
        return state

    def _label(
        self,
        planned: _PlannedGeneration,
        network: SegmentationNetwork,
        records: RecordFile,
        confidences: RecordFile | None,
        meter: ProgressMeter,
    ) -> None:
        num_images, cost = len(planned.to_label), planned.label_cost(self.settings)
        label_pool(
            network.eval(),
            self.data,
            planned.to_label,
            records,
            self._pseudo_label_files(planned.generation.index),
            self.settings,
            self.dtype,
            lambda done: meter.report("pseudo labels", done, num_images, phase_cost=cost),
            confidences,
        )

    def _pseudo_labels(
        self, planned: _PlannedGeneration, records: RecordFile, confidences: RecordFile | None
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
        self, planned: _PlannedGeneration, maker: BatchMaker, state: TrainingState, meter: ProgressMeter
    ) -> None:
        """The generation's steps from `state.step` on, with reports and checkpoints."""
        generation, step_cost = planned.generation, planned.step_cost(self.settings)
        num_steps = generation.num_steps
        stepper = self._stepper()
        report_every = _REPORT_EVERY_CUDA if self.recipe.device.type == "cuda" else 1
        curve_every = max(1, num_steps // _CURVE_POINTS)
        last_saved = time.monotonic()
        threads = num_feed_threads(self.recipe.device)
        with closing(maker.batches(state.step, num_threads=threads)) as batches:
            for batch in batches:
                self._set_learning_rates(state, num_steps)
                state.note_loss(stepper.step(state, batch))
                state.step += 1
                state.image_steps += len(batch.images)
                is_last = state.step == num_steps
                if state.step % curve_every == 0 or is_last:
                    state.loss_curve.append((state.image_steps, self._checked_loss(state)))
                if is_last or time.monotonic() - last_saved >= self.checkpoint_seconds:
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
        return Stepper(self.settings, self.recipe.device, self.dtype, head, class_weights)

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
        saved = state.to_checkpoint(self.recipe.device)
        save_checkpoint(self.folder / _CHECKPOINT_NAME, saved, fingerprint=self.fingerprint)

    def _restore(self, plan: list[_PlannedGeneration]) -> tuple[TrainingState | None, tuple[str, ...]]:
        """The last checkpoint's state, or why there is none to go on from."""
        loaded = load_checkpoint(self.folder / _CHECKPOINT_NAME, fingerprint=self.fingerprint)
        reason = loaded.ignored_because
        if loaded.state is not None:
            index = loaded.state["generation"]
            planned = next(planned for planned in plan if planned.generation.index == index)
            if self._pseudo_label_files(index).num_done() >= len(planned.to_label):
                state = self.recipe.restore(loaded.state)
                self.seconds_before = state.compute_seconds
                return state, ()
            reason = f"the pseudo labels of generation {index} are gone"
        for planned in plan:
            self._pseudo_label_files(planned.generation.index).discard()
        if reason is None:
            return None, ()
        _logger.warning("training starts over: %s", reason)
        return None, (f"training started over: {reason}",)

    def _pseudo_label_files(self, generation: int) -> PseudoLabelFiles:
        return PseudoLabelFiles(self.folder, generation, self.fingerprint)

    def _fingerprint(self) -> str:
        """Names settings, answers and starting weights: a checkpoint of others is not gone on from."""
        initial = self.recipe.initial_weights
        if initial is not None and not initial.is_file():
            raise WeightsError(f"{initial}: no such weight file")
        weights = zlib.crc32(b"" if initial is None else initial.read_bytes())
        settings = zlib.crc32(repr(sorted(self.settings.to_mapping().items())).encode())
        return f"{self.data.digest}-{settings:08x}-{weights:08x}-{self.recipe.device.type}"
