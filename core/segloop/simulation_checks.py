"""What would stop a simulation after hours, looked for before its first training. Knows no run or state."""

import math
from collections.abc import Callable, Collection, Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from segloop.budgets import Budget
from segloop.devices import resolve_device, resolve_dtype
from segloop.errors import BudgetError
from segloop.network import build_network
from segloop.regions import partition
from segloop.rounds import QueryUnit
from segloop.settings import ColdStart, PartitionKind, RoundSettings
from segloop.simulation_config import Arm
from segloop.sources import ImageSource


def check_networks(settings: Collection[RoundSettings], num_classes: int) -> None:
    """Build each of the networks once, and see whether this machine computes as it is asked to.

    Raises:
        SettingsError: an unknown encoder, a device that is not here or cannot do the precision, or fewer than
            two classes.
        WeightsError: encoder weights that are not here or do not fit.
    """
    for one in settings:
        resolve_dtype(one.precision, resolve_device(one.device))
    for one in {(one.encoder, one.encoder_weights): one for one in settings}.values():
        build_network(one, num_classes, torch.Generator())


def check_images(source: ImageSource, on_checked: Callable[[int], None]) -> None:
    """Read every image and its label map once; `on_checked` gets the number read so far.

    Raises:
        DatasetError: one cannot be read, or the two do not fit each other.
    """
    for index in range(len(source)):
        source.image(index)
        source.label_map(index)
        on_checked(index + 1)


def check_budgets(arm: Arm, sizes: Mapping[tuple[int, int], int]) -> None:
    """Refuse a budget that cannot pay for anything, as far as the sizes of the pool's images tell.

    Superpixels differ in size, and rest pieces of half answered images are cheap: of these nothing is said.

    Args:
        arm: whose budgets.
        sizes: (height, width) in pixels -> number of images of the pool.

    Raises:
        BudgetError: the message has what the cheapest takes.
    """
    total = sum(height * width * num for (height, width), num in sizes.items())
    areas = [_areas(arm, height, width) for height, width in sizes]
    for at in range(arm.num_rounds if sizes else 0):
        if arm.budget_regions is None and not arm.budget_fractions[at]:
            continue  # nothing is meant to be asked
        is_of_images = _is_of_whole_images(arm, at)
        budget = arm.budget(at, pool_pixels=total)
        if arm.partition is not PartitionKind.GRID and not (is_of_images and budget.regions is None):
            continue
        cheapest = min(_least(budget, of_image, is_of_images=is_of_images) for of_image in areas)
        if budget.amount < cheapest:
            what = "a whole image" if is_of_images else "a region"
            share = f", {math.ceil(1e6 * cheapest / total) / 1e6:g} of all" if budget.regions is None else ""
            raise BudgetError(
                f"arm {arm.name}: budget {at + 1} of {arm.num_rounds}, {budget.amount:,} {budget.unit}, does "
                f"not pay for {what}: the smallest takes {cheapest:,}{share}"
            )


def _is_of_whole_images(arm: Arm, at: int) -> bool:
    """Whether a budget can buy nothing but images none of whose regions is answered."""
    starts_with_images = arm.settings.cold_start is ColdStart.RANDOM_IMAGES
    return starts_with_images and (at == 0 or arm.unit is QueryUnit.IMAGES)


def _areas(arm: Arm, height: int, width: int) -> NDArray[np.int64]:
    """Pixels of each cell of an image, (R,); there are about as many superpixels."""
    blank = np.zeros((height, width, 3), dtype=np.uint8)
    return partition(PartitionKind.GRID, blank, arm.size_px).areas


def _least(budget: Budget, areas: NDArray[np.int64], *, is_of_images: bool) -> int:
    costs = budget.costs(areas)
    return int(costs.sum() if is_of_images else costs.min())
