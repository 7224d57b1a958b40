"""Settings that fit a pool and a machine, for whoever names none: training size, steps, size of the cutout.

docs/method.md has the evidence. Pure arithmetic; rounds and simulations are filled in with it.
"""

import math
from collections.abc import Mapping
from typing import Any

from segloop.errors import EmptyPoolError
from segloop.settings import DEFAULT_METHOD, METHOD_PRESETS, Negatives

CPU_PIXELS, GPU_PIXELS = 180 * 240, 360 * 480
"""Most pixels of an image in training: what two cores train in 0.2 s, and the size of S4AL+ on CamVid."""

CPU_STEPS = (1_500, 6_000)
"""Fewest and most image-steps of a round on a CPU: some 6 and 22 minutes on two cores at CPU_PIXELS."""

GPU_STEPS = (40_000, 120_000)
"""Fewest and most on a GPU: as many as S4AL+'s first and second training have, for a whole round."""

_STEPS_PER_IMAGE = 4
_SHARE_OF_CUTOUT = 50 / 360
"""Of the height: S4AL+'s 50 pixels at 360."""
_SMALLEST_PX, _LARGEST_PX = 16, 4096


def fitted_settings(
    sizes: Mapping[tuple[int, int], int], *, on_gpu: bool, named: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Values of `RoundSettings` for a pool.

    Args:
        sizes: (height, width) in pixels -> number of images of the pool.
        on_gpu: rounds are trained on one.
        named: what is chosen already; a method and sides of images are heeded. Wrong values are left for
            `RoundSettings` to refuse.

    Returns:
        Of these, what is not named: image_height_px and image_width_px, the pool's median shape (aspect
        ratio) made as small as the machine needs and never larger than the median image, or the side that
        goes with the named one; image_steps; cutout_px, unless the method cuts nothing out; on a CPU, where
        fresh negatives for each anchor make a step an eighth longer, reco_negatives.

    Raises:
        EmptyPoolError: there is no image.
    """
    num_images = sum(sizes.values())
    if not num_images:
        raise EmptyPoolError("the pool holds no image to fit settings to")
    chosen = named or {}
    height, width = _sides(sizes, chosen, most=GPU_PIXELS if on_gpu else CPU_PIXELS)
    fewest, most = GPU_STEPS if on_gpu else CPU_STEPS
    fitted: dict[str, Any] = {
        "image_height_px": height,
        "image_width_px": width,
        "image_steps": min(most, max(fewest, _STEPS_PER_IMAGE * num_images)),
    }
    if "cutout_px" not in _preset(str(chosen.get("method", DEFAULT_METHOD))):
        fitted["cutout_px"] = round(_SHARE_OF_CUTOUT * height)
    if not on_gpu:
        fitted["reco_negatives"] = Negatives.SHARED.value
    return {name: value for name, value in fitted.items() if name not in chosen}


def _sides(sizes: Mapping[tuple[int, int], int], chosen: Mapping[str, Any], *, most: int) -> tuple[int, int]:
    """Height and width: those chosen, one that goes with the other, or both fitted."""
    aspect = _median({size: size[1] / size[0] for size in sizes}, sizes)
    native = _median({size: float(size[0] * size[1]) for size in sizes}, sizes)
    pixels = min(native, most)
    height, width = _chosen_side(chosen, "image_height_px"), _chosen_side(chosen, "image_width_px")
    if height is None:
        height = _within_bounds(math.sqrt(pixels / aspect) if width is None else width / aspect)
        return height, _within_bounds(math.sqrt(pixels * aspect)) if width is None else width
    return height, _within_bounds(height * aspect) if width is None else width


def _chosen_side(chosen: Mapping[str, Any], name: str) -> int | None:
    """A side in pixels; None = nobody chose one, or what they chose is none."""
    value = chosen.get(name)
    is_side = isinstance(value, int) and not isinstance(value, bool) and _SMALLEST_PX <= value <= _LARGEST_PX
    return value if is_side else None


def _preset(method: str) -> Mapping[str, Any]:
    return next((preset for name, preset in METHOD_PRESETS.items() if name == method), {})


def _within_bounds(side: float) -> int:
    return max(_SMALLEST_PX, min(_LARGEST_PX, round(side)))


def _median(values: Mapping[tuple[int, int], float], counts: Mapping[tuple[int, int], int]) -> float:
    """The lower weighted median of a value each size has."""
    half = sum(counts.values()) / 2
    seen = 0
    for size in sorted(values, key=values.__getitem__):
        seen += counts[size]
        if seen >= half:
            return values[size]
    raise AssertionError("half of the images were passed")
