"""What a round's training will do: its generations, the images each step draws, and what all that costs."""

from dataclasses import dataclass

import numpy as np

from segloop.batches import Schedule, Share, draw_schedule, share_of
from segloop.errors import SettingsError
from segloop.generations import Generation, plan_generations, pseudo_label_cost
from segloop.processes import Processes
from segloop.settings import RoundSettings, Teacher
from segloop.training_data import Streams


@dataclass(frozen=True)
class PlannedGeneration:
    """A generation, which images its steps draw, and which of them need pseudo labels beforehand.

    Attributes:
        is_sparse: labelled images are only partly answered, crops are to hold an answer.
    """

    generation: Generation
    schedule: Schedule
    to_label: list[int]
    is_sparse: bool

    def label_cost(self, settings: RoundSettings) -> float:
        """Of the labels made beforehand."""
        return pseudo_label_cost(len(self.to_label), settings.score_scales)

    def step_cost(self, settings: RoundSettings) -> float:
        """Of all steps, a teacher's looks at their images included."""
        is_taught = settings.teacher is Teacher.EMA
        return self.generation.num_images + is_taught * pseudo_label_cost(
            self.schedule.unlabelled.size, (1.0,)
        )

    def share(self, processes: Processes) -> Share:
        """This process's places in each batch.

        Raises:
            SettingsError: there is no image for each process.
        """
        if processes.size > self.schedule.batch_size:
            raise SettingsError(
                f"{processes.size} processes share the {self.schedule.batch_size} images a step of "
                f"{self.generation.phase}: start fewer processes, or raise batch_supervised, "
                "batch_labelled and batch_unlabelled"
            )
        return share_of(processes, self.generation.num_labelled, self.generation.num_unlabelled)


def plan_training(settings: RoundSettings, streams: Streams, *, has_weights: bool) -> list[PlannedGeneration]:
    """Every generation of a round; the same for the same settings and streams."""
    plan = []
    generations = plan_generations(
        settings, has_unlabelled=len(streams.unlabelled) > 0, has_weights=has_weights
    )
    if not any(generation.num_unlabelled for generation in generations):
        streams = streams.without_unlabelled()
    for generation in generations:
        schedule = draw_schedule(
            streams,
            num_steps=generation.num_steps,
            num_labelled=generation.num_labelled,
            num_unlabelled=generation.num_unlabelled,
            seed=settings.seed,
            generation=generation.index,
        )
        # a pool far larger than the schedule is not labelled in vain; an EMA teacher labels as it goes
        is_offline = settings.teacher is Teacher.OFFLINE
        to_label = [int(index) for index in np.unique(schedule.unlabelled)] if is_offline else []
        plan.append(PlannedGeneration(generation, schedule, to_label, streams.is_sparse))
    return plan
