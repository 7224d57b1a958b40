"""The plan of a round's training: which generations, how many steps each, and what the steps cost.

Plain numbers: knows no torch and no image.
"""

from dataclasses import dataclass

from segloop.settings import RoundSettings

_FORWARD_SHARE = 1 / 3
"""A forward pass costs about a third of a training step on the same image (measured on a CPU and a GPU)."""

_WARM_UP_STEPS = 100


@dataclass(frozen=True)
class Generation:
    """One training from fresh (or warm) weights to the end of its learning-rate decay.

    Attributes:
        index: 0 trains on answers alone; later ones on pseudo labels too.
        num_steps: optimiser steps.
        num_labelled, num_unlabelled: images a step from each stream.
    """

    index: int
    num_steps: int
    num_labelled: int
    num_unlabelled: int

    @property
    def num_images(self) -> int:
        """Images that go through its steps."""
        return self.num_steps * (self.num_labelled + self.num_unlabelled)

    @property
    def phase(self) -> str:
        """Its name in progress reports."""
        return f"generation {self.index}"


def plan_generations(
    settings: RoundSettings, *, has_unlabelled: bool, has_weights: bool
) -> tuple[Generation, ...]:
    """Split `image_steps` over the generations.

    Generation 0 gets its share, the later ones equal parts of the rest; everything goes to generation 0 where
    there is no later one, or no image left to label. Parts are rounded down to whole batches and a generation
    without a step is left out, but there is always one step. Without a share for generation 0 the pseudo
    labels come from the weights the round was given; where there are none, everything is generation 0.
    """
    can_label = settings.generation_0_share > 0 or has_weights
    is_supervised = not settings.num_generations or not has_unlabelled or not can_label
    share = 1.0 if is_supervised else settings.generation_0_share
    planned = [_supervised(settings, share)] if share else []
    if not is_supervised:
        done = sum(generation.num_images for generation in planned)
        rest = (settings.image_steps - done) / settings.num_generations
        batch = settings.batch_labelled + settings.batch_unlabelled
        planned += [
            Generation(index, int(rest // batch), settings.batch_labelled, settings.batch_unlabelled)
            for index in range(1, settings.num_generations + 1)
            if rest >= batch
        ]
    return tuple(planned) or (_supervised(settings, 1.0),)


def _supervised(settings: RoundSettings, share: float) -> Generation:
    num_steps = max(1, int(settings.image_steps * share // settings.batch_supervised))
    return Generation(0, num_steps, settings.batch_supervised, 0)


def learning_rate_factor(
    step: int, num_steps: int, *, power: float, is_warm: bool, warm_factor: float, stairs: int = 0
) -> float:
    """What the base rates are multiplied with at `step` (0-based): poly decay, lower and eased in when warm.

    Source: poly as in S4AL+. How we differ: it falls at every step; S4AL+ has 100 epochs, so 100 `stairs`.
    """
    done = step / num_steps if not stairs else step * stairs // num_steps / stairs
    decay = float((1 - done) ** power)
    if not is_warm:
        return decay
    # the paper-length schedules ease in over 100 steps; short ones over a tenth of theirs
    warm_up = max(1, min(_WARM_UP_STEPS, num_steps // 10))
    return warm_factor * decay * min(1.0, (step + 1) / warm_up)


def pseudo_label_cost(num_images: int, scales: tuple[float, ...]) -> float:
    """Cost of labelling `num_images` at `scales`, in image-steps."""
    return num_images * sum(scale**2 for scale in scales) * _FORWARD_SHARE
