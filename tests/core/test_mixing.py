import numpy as np
import pytest
import torch
from torch import Tensor

from segloop.mixing import MixDraw, box_masks, draw_mix, head_classes, paste, paste_masks
from segloop.settings import Mixing

NUM_CLASSES, HEIGHT, WIDTH = 7, 10, 12
HEAD = torch.tensor([True, True, True, True, False, False, False])


def _draw(seed: int, num_images: int = 3, num_classes: int = NUM_CLASSES) -> MixDraw:
    rng = np.random.default_rng(seed)
    return draw_mix(rng, num_images, num_classes=num_classes, height=HEIGHT, width=WIDTH)


def _label_maps(seed: int, num_images: int = 3) -> Tensor:
    """Classes 0..6, and pixels of no class."""
    values = np.random.default_rng(seed).choice([0, 1, 2, 3, 4, 5, 6, 254, 255], (num_images, 3, 4))
    return torch.from_numpy(values.astype(np.uint8)).repeat_interleave(3, 1).repeat_interleave(3, 2)


def _wanted_classes(mixing: Mixing, present: list[int], priorities: list[float]) -> set[int]:
    def best(classes: list[int], number: int) -> list[int]:
        return sorted(classes, key=lambda index: -priorities[index])[:number]

    if mixing is Mixing.CLASSMIX:
        return set(best(present, len(present) // 2))
    head, tail = [c for c in present if HEAD[c]], [c for c in present if not HEAD[c]]
    return {*best(head, 3), *best(tail, 2)}


@pytest.mark.parametrize("mixing", [Mixing.CLASSMIX, Mixing.BALANCED_CLASSMIX])
def test_classmix_pastes_the_classes_a_plain_loop_would(mixing: Mixing) -> None:
    num_pasted = 0
    for seed in range(20):
        draw, label_maps = _draw(seed), _label_maps(seed)
        masks = paste_masks(mixing, draw, label_maps, HEAD)
        for image in range(3):
            donor = label_maps[(image - 1) % 3]
            present = [index for index in range(NUM_CLASSES) if (donor == index).any()]
            wanted = _wanted_classes(mixing, present, draw.priorities[image].tolist())
            for y in range(donor.shape[0]):
                for x in range(donor.shape[1]):
                    assert bool(masks[image, y, x]) == (int(donor[y, x]) in wanted)
        num_pasted += int(masks.sum())
    assert num_pasted > 0


def test_one_class_alone_is_not_pasted_by_classmix() -> None:
    label_maps = torch.full((2, 4, 4), 3, dtype=torch.uint8)
    assert not paste_masks(Mixing.CLASSMIX, _draw(0, 2), label_maps, HEAD).any()


@pytest.mark.parametrize("num_classes", [2, 254])
def test_any_number_of_classes_mixes(num_classes: int) -> None:
    label_maps = torch.arange(2 * 16 * 16).reshape(2, 16, 16).remainder(256).to(torch.uint8)
    masks = paste_masks(
        Mixing.CLASSMIX, _draw(0, 2, num_classes), label_maps, torch.ones(num_classes, dtype=torch.bool)
    )
    assert masks.float().mean() == pytest.approx(num_classes // 2 / 256)


def test_cutmix_covers_boxes_of_the_published_sizes_half_of_the_time() -> None:
    draws = [draw_mix(np.random.default_rng(s), 4, num_classes=2, height=90, width=120) for s in range(100)]
    label_maps = torch.zeros(4, 90, 120, dtype=torch.uint8)
    shares = []
    for draw in draws:
        masks = paste_masks(Mixing.CUTMIX, draw, label_maps, HEAD[:2])
        for mask, box in zip(masks, draw.boxes.tolist(), strict=True):
            expected = torch.zeros(90, 120, dtype=torch.bool)
            expected[box[0] : box[2], box[1] : box[3]] = True
            assert torch.equal(mask, expected)
            shares.append(float(mask.float().mean()))
    mixed = [share for share in shares if share]
    assert 160 < len(mixed) < 240
    assert 0.015 < min(mixed) < 0.05
    assert 0.35 < max(mixed) < 0.41


def test_pasting_moves_every_kind_of_map_alike() -> None:
    label_maps = _label_maps(1)
    masks = box_masks(torch.tensor([[0, 0, 4, 5], [2, 2, 2, 2], [1, 3, 9, 12]]), 9, 12)
    mixed, colours = paste(label_maps, masks), paste(label_maps.unsqueeze(3).expand(-1, -1, -1, 3), masks)
    for image in range(3):
        for y in range(9):
            for x in range(12):
                donor = (image - 1) % 3 if masks[image, y, x] else image
                assert mixed[image, y, x] == label_maps[donor, y, x]
    assert torch.equal(colours, mixed.unsqueeze(3).expand(-1, -1, -1, 3))


def test_draws_repeat_and_a_batch_of_one_stays_itself() -> None:
    assert torch.equal(_draw(5).boxes, _draw(5).boxes)
    assert torch.equal(_draw(5).priorities, _draw(5).priorities)
    image = torch.rand(1, 4, 4)
    assert torch.equal(paste(image, torch.ones(1, 4, 4, dtype=torch.bool)), image)


def test_the_head_is_the_fewest_classes_that_hold_nine_tenths() -> None:
    # Cityscapes' shares in per mille: road, sidewalk, building, wall, fence, pole, light, sign, vegetation,
    # terrain, sky, person, rider, car, truck, bus, train, motorcycle, bicycle
    shares = [369, 61, 228, 7, 9, 12, 2, 6, 159, 12, 40, 12, 1, 70, 3, 2, 2, 1, 4]
    assert np.flatnonzero(head_classes(np.array(shares))).tolist() == [0, 1, 2, 8, 10, 13]
    assert head_classes(np.array([5, 0])).tolist() == [True, False]
