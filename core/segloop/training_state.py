"""What changes while a generation trains, and how it becomes a checkpoint and back.

Knows no images: a step's tensors are made in `segloop.batches` and used in `segloop.training_step`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from segloop.averages import start_average
from segloop.devices import get_rng_state, reseed, set_rng_state
from segloop.network import SegmentationNetwork, build_network, load_weights
from segloop.processes import ALONE, Processes
from segloop.settings import Optimiser, RoundSettings, Teacher

_WEIGHTS_STREAM, _STEP_STREAM = 3, 4
"""Keep the seeds drawn from one round's seed apart (`segloop.batches` uses 1, 2 and 5)."""
_SMOOTHING = 0.95


@dataclass(frozen=True)
class NetworkRecipe:
    """How a generation's network, optimiser and generators start.

    Attributes:
        settings: the round's.
        num_classes: C.
        initial_weights: a file to start warm from, or to label with; None = there is none.
        device: where it trains.
        uses_fp16: gradients are scaled.
        processes: those that train it together; each drops and contrasts by random numbers of its own.
    """

    settings: RoundSettings
    num_classes: int
    initial_weights: Path | None
    device: torch.device
    uses_fp16: bool
    processes: Processes = ALONE

    def is_warm(self, generation: int) -> bool:
        """Whether a generation goes on from trained weights: a file's, or the generation's before it.

        An average of weights that know nothing yet would teach nothing, so its student goes on too.
        """
        if generation == 0:
            return self.settings.warm_start and self.initial_weights is not None
        return self.settings.warm_start or self.settings.teacher is Teacher.EMA

    def keeps_average(self, generation: int) -> bool:
        """Whether a generation averages its weights: as its teacher, or to leave them."""
        has_teacher = self.settings.teacher is Teacher.EMA and generation > 0
        return has_teacher or self.settings.keep_ema_weights

    def fresh_network(self, generation: int) -> SegmentationNetwork:
        """A network with the encoder's weights, on the device."""
        generator = torch.Generator().manual_seed(self._seed(_WEIGHTS_STREAM, generation))
        return self._placed(build_network(self.settings, self.num_classes, generator))

    def given_network(self) -> SegmentationNetwork:
        """The network of `initial_weights`, on the device."""
        assert self.initial_weights is not None, "only a round that was given weights asks for them"
        return self._placed(load_weights(self.initial_weights, self.settings, self.num_classes))

    def begin(self, generation: int, previous: "TrainingState | None") -> "TrainingState":
        """The state before a generation's first step; torch's global random state starts over too."""
        if not self.is_warm(generation):
            network = self.fresh_network(generation)
        else:
            network = self.given_network() if previous is None else previous.result
        step_seed = self._seed(_STEP_STREAM, generation, rank=self.processes.rank)
        reseed(step_seed, self.device)
        state = self._assemble(network, generation)
        state.contrast_generator.manual_seed(step_seed + 1)
        if previous is not None:
            state.image_steps, state.loss_curve = previous.image_steps, previous.loss_curve
            state.compute_seconds = previous.compute_seconds
            state.teacher_passes = previous.teacher_passes
        return state

    def restore(self, saved: dict[str, Any]) -> "TrainingState":
        """The state that `TrainingState.to_checkpoint` described; torch's global random state as well."""
        settings = RoundSettings.from_mapping({**self.settings.to_mapping(), "encoder_weights": "random"})
        network = self._placed(build_network(settings, self.num_classes, torch.Generator().manual_seed(0)))
        network.load_state_dict(saved["network"])
        state = self._assemble(network, saved["generation"])
        if state.average is not None:
            state.average.load_state_dict(saved["average"])
            state.confidence_counts = saved["confidence_counts"]
        state.optimiser.load_state_dict(saved["optimiser"])
        state.scaler.load_state_dict(saved["scaler"])
        own = [saved, *saved.get("other_processes", [])][self.processes.rank]
        state.contrast_generator.set_state(own["contrast_rng"])
        set_rng_state(own["rng"], self.device)
        state.loss_sum = saved["loss_sum"].to(self.device)
        state.loss_curve = [(int(at), float(loss)) for at, loss in saved["loss_curve"]]
        for name in ("step", "image_steps", "compute_seconds", "loss_weight", "teacher_passes"):
            setattr(state, name, saved[name])
        return state

    def _placed(self, network: SegmentationNetwork) -> SegmentationNetwork:
        return network.to(memory_format=torch.channels_last).to(self.device)

    def _assemble(self, network: SegmentationNetwork, generation: int) -> "TrainingState":
        settings = self.settings
        network.requires_grad_(True).train()  # an average that is gone on from was neither
        return TrainingState(
            settings=settings,
            network=network,
            average=start_average(network) if self.keeps_average(generation) else None,
            confidence_counts=torch.zeros(self.num_classes, 256, dtype=torch.float64),
            optimiser=_build_optimiser(network, settings, self.device),
            scaler=torch.amp.GradScaler(self.device.type, enabled=self.uses_fp16),
            contrast_generator=torch.Generator(self.device),
            generation=generation,
            loss_sum=torch.zeros((), device=self.device),
        )

    def _seed(self, stream: int, generation: int, *, rank: int = 0) -> int:
        own = [rank] if rank else []
        rng = np.random.default_rng([self.settings.seed, stream, generation, *own])
        return int(rng.integers(2**62))


@dataclass
class TrainingState:
    """One generation in the middle of its steps.

    Attributes:
        settings: the round's.
        network, optimiser, scaler: what is trained, and with what.
        average: of the network's weights over its steps; None = nobody wants it.
        confidence_counts: (C, 256) float64 on the CPU: how sure the teacher was of each class lately.
        contrast_generator: draws anchors and negatives, on the network's device.
        generation: 0, 1, ...
        step: steps done in this generation.
        image_steps: images through steps, earlier generations included.
        teacher_passes: images through forward passes that made pseudo labels, each scale counted.
        compute_seconds: wall time so far, earlier attempts included.
        loss_sum, loss_weight: the exponential mean of this generation's losses, as a fraction.
        loss_curve: (image_steps, smoothed loss) pairs, earlier generations included.
    """

    settings: RoundSettings
    network: SegmentationNetwork
    average: SegmentationNetwork | None
    confidence_counts: Tensor
    optimiser: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    contrast_generator: torch.Generator
    generation: int
    loss_sum: Tensor
    step: int = 0
    image_steps: int = 0
    teacher_passes: int = 0
    compute_seconds: float = 0.0
    loss_weight: float = 0.0
    loss_curve: list[tuple[int, float]] = field(default_factory=list)

    @property
    def result(self) -> SegmentationNetwork:
        """What the generation leaves to the next one, or as the round's model."""
        if self.settings.keep_ema_weights and self.average is not None:
            return self.average
        return self.network

    def note_loss(self, loss: Tensor) -> None:
        """Count one step's loss, without waiting for the device."""
        self.loss_sum = _SMOOTHING * self.loss_sum + (1 - _SMOOTHING) * loss.detach()
        self.loss_weight = _SMOOTHING * self.loss_weight + (1 - _SMOOTHING)

    def smoothed_loss(self) -> float | None:
        """The exponential mean of the losses; waits for the device."""
        return float(self.loss_sum) / self.loss_weight if self.loss_weight else None

    def random_state(self, device: torch.device) -> dict[str, Any]:
        """What this process draws its next random numbers from."""
        return {"contrast_rng": self.contrast_generator.get_state(), "rng": get_rng_state(device)}

    def to_checkpoint(self, random_states: list[dict[str, Any]]) -> dict[str, Any]:
        """Tensors, numbers and lists from which `NetworkRecipe.restore` makes the same state.

        `random_states` are those of all processes, by rank; everything else is the same in all.
        """
        first, *others = random_states
        return {
            **first,
            "other_processes": others,
            "network": self.network.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "confidence_counts": self.confidence_counts,
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "generation": self.generation,
            "step": self.step,
            "image_steps": self.image_steps,
            "teacher_passes": self.teacher_passes,
            "compute_seconds": self.compute_seconds,
            "loss_sum": self.loss_sum,
            "loss_weight": self.loss_weight,
            "loss_curve": [list(point) for point in self.loss_curve],
        }


def _build_optimiser(
    network: SegmentationNetwork, settings: RoundSettings, device: torch.device
) -> torch.optim.Optimizer:
    groups = network.parameter_groups(settings.lr_encoder, settings.lr_heads)
    decay = settings.weight_decay
    # one kernel a tensor: a third of the time on a CPU; a GPU is left to torch's own choice
    fused = True if device.type == "cpu" else None
    if settings.optimiser is Optimiser.ADAMW:
        return torch.optim.AdamW(groups, weight_decay=decay, fused=fused)
    return torch.optim.SGD(groups, momentum=0.9, nesterov=True, weight_decay=decay, fused=fused)
