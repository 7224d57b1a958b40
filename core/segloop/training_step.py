"""One optimiser step: the teacher's labels, mixing, both losses, the update, and the average that follows it.

Where several processes share the batch, each steps with its images, and the sum of their gradients is the
whole batch's. The contrast alone looks at one process's images, and the processes' mean is what is trained.
Knows no schedule and no file.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from segloop.averages import update_average_
from segloop.batch_norms import joint_batch_norms
from segloop.batches import Batch
from segloop.devices import autocast
from segloop.label_maps import UNLABELLED
from segloop.losses import ContrastSettings, cross_entropy, regional_contrast, separate_cross_entropy
from segloop.network import upsample_logits
from segloop.online_labels import fill_in, follow_confidences_, mix, online_thresholds, teacher_probs
from segloop.processes import ALONE, Processes
from segloop.settings import LossMeans, RoundSettings
from segloop.training_state import TrainingState


@dataclass(frozen=True)
class Stepper:
    """What every step of a generation has in common.

    Attributes:
        settings: the round's.
        device: the network's.
        dtype: of forward passes.
        head: (C,) bool on the device, the common classes.
        class_weights: (C,) float32 on the device, of the loss; None = all alike.
        processes: those that share each batch.
    """

    settings: RoundSettings
    device: torch.device
    dtype: torch.dtype
    head: Tensor
    class_weights: Tensor | None = None
    processes: Processes = ALONE

    def step(self, state: TrainingState, made: Batch) -> Tensor:
        """Change `state`'s network by one batch, or by this process's images of it.

        Gives the loss of the whole batch, on the device.
        """
        settings = self.settings
        batch = mix(self._label(state, made.to(self.device)), settings, self.head)
        images = state.network.normalise(batch.images)
        size = (images.shape[2], images.shape[3])
        with autocast(self.device, self.dtype), joint_batch_norms(self.processes):
            outputs = state.network(images, embed=settings.reco_weight > 0)
        loss = self._cross_entropy(upsample_logits(outputs.logits.float(), size, size), batch)
        if outputs.embeddings is not None:
            contrast = regional_contrast(
                outputs.embeddings,
                outputs.logits,
                _counted(batch),
                ContrastSettings.of(settings),
                state.contrast_generator,
            )
            loss = loss + settings.reco_weight / self.processes.size * contrast
        state.optimiser.zero_grad(set_to_none=True)
        state.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
        loss = loss.detach()
        gradients = [weight.grad for weight in state.network.parameters() if weight.grad is not None]
        self.processes.add_up_([loss, *gradients])
        state.scaler.step(state.optimiser)
        state.scaler.update()
        if state.average is not None:
            update_average_(state.average, state.network, step=state.step, decay=settings.ema_decay)
        return loss

    def _label(self, state: TrainingState, batch: Batch) -> Batch:
        """The batch with labels of the average, where it is the teacher."""
        if batch.weak_images is None:
            return batch
        assert state.average is not None, "a teacher was made with the state"
        assert batch.pseudo_mask is not None, "unlabelled samples come with their mask"
        probs = teacher_probs(state.average, batch.weak_images, self.dtype)
        levels = None
        if self.settings.pseudo_label_quantile < 1:
            counted = slice(len(batch.images) - len(probs) + batch.num_donors, None)
            follow_confidences_(
                state.confidence_counts,
                probs[batch.num_donors :],
                batch.pseudo_mask[counted],
                decay=self.settings.ema_decay,
                processes=self.processes,
            )
            levels = online_thresholds(state.confidence_counts, self.settings)
        return fill_in(batch, probs, self.settings, levels)

    def _cross_entropy(self, logits: Tensor, batch: Batch) -> Tensor:
        weights = self._weights(batch)
        processes = self.processes
        if self.settings.loss_means is LossMeans.ALL_PIXELS:
            return cross_entropy(logits, batch.label_map, weights, sparse_below=0.0, processes=processes)
        if self.settings.loss_means is LossMeans.JOINT:
            return cross_entropy(logits, batch.label_map, weights, processes=processes)
        return separate_cross_entropy(
            logits,
            batch.label_map,
            batch.pseudo_mask,
            weights,
            pseudo_label_weight=self.settings.pseudo_label_weight,
            processes=processes,
        )

    def _weights(self, batch: Batch) -> Tensor | None:
        """(B, H, W) of the batch, times those of the classes."""
        if self.class_weights is None:
            return batch.weights
        num_classes = len(self.class_weights)
        by_class = self.class_weights[batch.label_map.long().clamp(max=num_classes - 1)]
        return by_class if batch.weights is None else by_class * batch.weights


def _counted(batch: Batch) -> Tensor:
    """(B, H, W) labels but those that weigh nothing: the contrast knows no weights and would learn them."""
    if batch.weights is None:
        return batch.label_map
    return batch.label_map.masked_fill(batch.weights == 0, UNLABELLED)
