import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from segloop.batches import Batch
from segloop.devices import seeded
from segloop.losses import ContrastSettings, draw_contrast, gather_pixels
from segloop.prototypes import class_prototypes
from segloop.settings import LossMeans, Mixing, Negatives, Optimiser, RoundSettings, Teacher
from segloop.training_state import NetworkRecipe, TrainingState, _build_optimiser
from segloop.training_step import Stepper
from tests.support.plain_contrast import plain_contrast

CPU = torch.device("cpu")
HEIGHT, WIDTH, NUM_CLASSES = 32, 48, 3
PAPER = RoundSettings(
    encoder="timm:mobilenetv3_small_050",
    encoder_weights="random",
    embedding_dim=16,
    loss_means=LossMeans.ALL_PIXELS,
    reco_negatives=Negatives.PER_ANCHOR,
    reco_num_anchors=6,
    reco_num_negatives=8,
    device="cpu",
)
"""S4AL+ as released, with few enough anchors and negatives for a loop."""


def _batch() -> Batch:
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(256, (4, HEIGHT, WIDTH, 3), generator=generator, dtype=torch.uint8)
    label_map = torch.randint(NUM_CLASSES, (4, HEIGHT, WIDTH), generator=generator).to(torch.uint8)
    label_map[:3] = 255  # most is unknown, and counts as zero all the same
    return Batch(images, label_map)


def _begin(settings: RoundSettings, generation: int = 0) -> tuple[TrainingState, Stepper]:
    recipe = NetworkRecipe(settings, NUM_CLASSES, None, CPU, uses_fp16=False)
    head = torch.ones(NUM_CLASSES, dtype=torch.bool)
    return recipe.begin(generation, None), Stepper(settings, CPU, torch.float32, head)


def _pixels(batch: Batch) -> Tensor:
    """(B, 3, H, W) as ImageNet's encoders expect them."""
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return ((batch.images / 255 - mean) / std).permute(0, 3, 1, 2)


def _upsampled(logits: Tensor) -> Tensor:
    return F.interpolate(logits, size=(HEIGHT, WIDTH), mode="bilinear", align_corners=False)


def _sum_of_cross_entropies(logits: Tensor, label_map: Tensor) -> Tensor:
    """One pixel at a time, those with a class alone."""
    total = torch.zeros(())
    for b, y, x in (label_map < NUM_CLASSES).nonzero().tolist():
        scores = logits[b, :, y, x]
        total = total + scores.exp().sum().log() - scores[int(label_map[b, y, x])]
    return total


def test_a_step_of_s4al_plus_is_the_papers_worked_out_by_hand() -> None:
    with seeded(3):
        state, stepper = _begin(PAPER)
    before = copy.deepcopy(state.network)
    contrast_generator = torch.Generator().set_state(state.contrast_generator.get_state())
    batch = _batch()
    with seeded(5):
        loss = stepper.step(state, batch)

    with seeded(5):
        outputs = before(_pixels(batch))
    assert outputs.embeddings is not None
    cross_entropy = _sum_of_cross_entropies(_upsampled(outputs.logits), batch.label_map)
    numbers = ContrastSettings(6, 8, 0.5, 0.95, Negatives.PER_ANCHOR)
    pixels = gather_pixels(outputs.embeddings, outputs.logits, batch.label_map)
    prototypes = class_prototypes(pixels.embeddings, pixels.classes, num_classes=NUM_CLASSES)
    draws = draw_contrast(pixels, prototypes, numbers, contrast_generator)
    assert [draw.negatives.shape for draw in draws] == [(6, 8)] * NUM_CLASSES
    contrast = plain_contrast(outputs.embeddings, outputs.logits, batch.label_map, draws, temperature=0.5)
    expected = cross_entropy / (4 * HEIGHT * WIDTH) + contrast.float()
    expected.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
    torch.testing.assert_close(loss, expected.detach())
    after = dict(state.network.named_parameters())
    for name, parameter in before.named_parameters():
        assert parameter.grad is not None
        gradient = parameter.grad + 1e-4 * parameter.detach()
        rate = 0.01 if name.startswith("encoder.") else 0.1
        # Nesterov's first step: the momentum buffer is the gradient itself
        wanted = parameter.detach() - rate * (gradient + 0.9 * gradient)
        torch.testing.assert_close(after[name].detach(), wanted, msg=name)


def test_a_taught_step_learns_the_teachers_labels_and_moves_the_teacher() -> None:
    settings = RoundSettings.from_mapping(
        {
            **PAPER.to_mapping(),
            "teacher": Teacher.EMA.value,
            "mixing": Mixing.NONE.value,
            "pseudo_label_threshold": 0.0,
            "reco_weight": 0.0,
        }
    )
    with seeded(3):
        state, stepper = _begin(settings)
        state.average = copy.deepcopy(state.network).eval()
    assert state.average is not None
    teacher = copy.deepcopy(state.average)
    plain = _batch()
    pseudo_mask = plain.label_map == 255
    batch = Batch(plain.images, plain.label_map, None, pseudo_mask, weak_images=plain.images[1:])
    pseudo_mask[0] = False
    with seeded(5):
        loss = stepper.step(state, batch)
    with torch.no_grad():
        weak = teacher(_pixels(plain)[1:]).logits
    labels = plain.label_map.clone()
    taught = _upsampled(weak).argmax(dim=1).to(torch.uint8)
    labels[1:] = torch.where(pseudo_mask[1:], taught, labels[1:])
    with seeded(3):
        again, _ = _begin(settings)
    with seeded(5):
        logits = _upsampled(again.network(_pixels(plain), embed=False).logits)
    expected = _sum_of_cross_entropies(logits, labels) / (4 * HEIGHT * WIDTH)
    torch.testing.assert_close(loss, expected.detach())
    for own, other in zip(state.average.parameters(), state.network.parameters(), strict=True):
        assert torch.equal(own, other)  # the first average is the student itself


def _begin_as_on_a_gpu(optimiser: Optimiser, *, uses_fp16: bool) -> tuple[TrainingState, Stepper]:
    """A GPU's optimiser, and the scaled gradients of its fp16; all else in float32: a CPU has no fp16."""
    settings = replace(PAPER, optimiser=optimiser, lr_encoder=0.001, lr_heads=0.01)
    recipe = NetworkRecipe(settings, NUM_CLASSES, None, CPU, uses_fp16)
    head = torch.ones(NUM_CLASSES, dtype=torch.bool)
    with seeded(3):
        state = recipe.begin(0, None)
    # not the CPU's fused one: torch's fused SGD goes on from rubbish where its first step overflowed
    state.optimiser = _build_optimiser(state.network, settings, torch.device("cuda"))
    return state, Stepper(settings, CPU, torch.float32, head)


def _step(stepper: Stepper, state: TrainingState) -> Tensor:
    """A step that draws what every other call of this draws."""
    state.contrast_generator.manual_seed(7)
    with seeded(5):
        return stepper.step(state, _batch())


def _weights(state: TrainingState) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in state.network.parameters()]


@pytest.mark.parametrize("optimiser", Optimiser)
def test_scaled_gradients_make_the_same_steps(optimiser: Optimiser) -> None:
    plain, plain_stepper = _begin_as_on_a_gpu(optimiser, uses_fp16=False)
    scaled, scaled_stepper = _begin_as_on_a_gpu(optimiser, uses_fp16=True)
    start = _weights(scaled)
    for _ in range(2):
        torch.testing.assert_close(_step(scaled_stepper, scaled), _step(plain_stepper, plain))
    assert scaled.scaler.get_scale() == 2.0**16
    for own, other, old in zip(_weights(scaled), _weights(plain), start, strict=True):
        torch.testing.assert_close(own, other)
        assert not torch.equal(own, old)


@pytest.mark.parametrize("optimiser", Optimiser)
def test_a_gradient_that_overflows_is_passed_over_and_the_scale_halves(optimiser: Optimiser) -> None:
    plain, plain_stepper = _begin_as_on_a_gpu(optimiser, uses_fp16=False)
    scaled, scaled_stepper = _begin_as_on_a_gpu(optimiser, uses_fp16=True)
    start = _weights(scaled)
    weight = next(scaled.network.parameters())
    overflow = weight.register_hook(lambda gradient: gradient * torch.inf)  # type: ignore[no-untyped-call]
    _step(scaled_stepper, scaled)
    overflow.remove()
    assert all(torch.equal(own, old) for own, old in zip(_weights(scaled), start, strict=True))
    assert scaled.scaler.get_scale() == 2.0**15

    _step(scaled_stepper, scaled)  # the first step that counts, as if nothing had been before it
    _step(plain_stepper, plain)
    for own, other in zip(_weights(scaled), _weights(plain), strict=True):
        torch.testing.assert_close(own, other)
