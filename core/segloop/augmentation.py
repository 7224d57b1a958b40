"""What happens to one training sample between the cache and the batch.

H height, W width. Samples are uint8 arrays; every random number comes from the generator passed in, so a
sample depends on its place in the schedule alone, not on which thread made it or in which order.

Source: S4AL+ as released. How we differ: the hole of a cutout is ignored in the label map (`cutout_label`
brings back the released code's class 0), and blur and cutout shrink with the training size.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from segloop.label_maps import UNLABELLED
from segloop.settings import CutoutLabel, RoundSettings

_BLUR_RADIUS = (0.25, 1.25)
_BLUR_HEIGHT_PX = 360
"""Height the released radii are meant for (CamVid); smaller images are blurred proportionally less."""
_JITTER, _JITTER_HUE, _GRAYSCALE = 0.8, 0.2, 0.75


@dataclass(frozen=True)
class Sample:
    """One image with what is known or assumed of it.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        label_map: (H, W) uint8.
        dominant_mask: (H, W) bool, pixels answered as `dominant`; None = none.
        pseudo_mask: (H, W) bool, pixels nobody answered, whose labels are the network's own (255 where it is
            not sure); None = none.
    """

    image: NDArray[np.uint8]
    label_map: NDArray[np.uint8]
    dominant_mask: NDArray[np.bool_] | None = None
    pseudo_mask: NDArray[np.bool_] | None = None

    def with_masks(self, change: Callable[[NDArray[np.bool_]], NDArray[np.bool_]]) -> "Sample":
        """The same image and label map, `change` made to each mask there is."""
        dominant, pseudo = self.dominant_mask, self.pseudo_mask
        return replace(
            self,
            dominant_mask=None if dominant is None else change(dominant),
            pseudo_mask=None if pseudo is None else change(pseudo),
        )


def weak_augmentation(
    sample: Sample,
    settings: RoundSettings,
    rng: np.random.Generator,
    *,
    num_classes: int,
    must_hold_answer: bool = False,
) -> Sample:
    """Random scale, padding, random crop to the sample's own size, horizontal flip.

    Args:
        sample: at training size.
        settings: scale_min and scale_max are read.
        rng: decides scale, crop and flip.
        num_classes: C; label values below it are answers.
        must_hold_answer: move the crop, and if need be do not shrink, so that at least one answered pixel is
            inside. The sample must have one.

    Returns:
        A sample of the same size. Padding is black in the image and 255 in the label map.
    """
    scale = rng.uniform(settings.scale_min, settings.scale_max)
    cropped = _scale_and_crop(sample, scale, rng.random(2))
    if must_hold_answer and not _holds_answer(cropped, num_classes):
        cropped = _crop_with_answer(sample, max(scale, 1.0), rng, num_classes)
    if rng.random() < 0.5:
        return _flip(cropped)
    return cropped


def strong_augmentation(sample: Sample, settings: RoundSettings, rng: np.random.Generator) -> Sample:
    """Blur (p = 0.5), else colour jitter (p = 0.5) with gray inside (p = 0.75); then cutout (p = 0.5)."""
    image = sample.image
    if rng.random() < 0.5:
        image = _blur(image, rng)
    elif rng.random() < 0.5:
        image = _jitter(image, rng)
    changed = replace(sample, image=image)
    if settings.cutout_px and rng.random() < 0.5:
        changed = _cutout(changed, settings, rng)
    return changed


def _scale_and_crop(sample: Sample, scale: float, position: NDArray[np.float64]) -> Sample:
    """The sample scaled, then cropped or padded to its own size; `position` in 0..1 says where."""
    height, width = sample.label_map.shape
    scaled_height, scaled_width = max(1, round(height * scale)), max(1, round(width * scale))
    top = round((scaled_height - height) * float(position[0])) if scaled_height > height else 0
    left = round((scaled_width - width) * float(position[1])) if scaled_width > width else 0
    inner_height, inner_width = min(height, scaled_height), min(width, scaled_width)
    # only the part that is kept is resampled: `box` names it in source pixels
    box = (
        left * width / scaled_width,
        top * height / scaled_height,
        (left + inner_width) * width / scaled_width,
        (top + inner_height) * height / scaled_height,
    )
    size = (inner_width, inner_height)
    image = np.asarray(Image.fromarray(sample.image).resize(size, Image.Resampling.BILINEAR, box))
    label_map = np.asarray(Image.fromarray(sample.label_map).resize(size, Image.Resampling.NEAREST, box))

    def resample(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        scaled_mask = Image.fromarray(mask.view(np.uint8)).resize(size, Image.Resampling.NEAREST, box)
        return np.asarray(scaled_mask).astype(bool)

    scaled = replace(sample.with_masks(resample), image=image, label_map=label_map)
    return _pad(scaled, height, width)


def _pad(sample: Sample, height: int, width: int) -> Sample:
    """Pad on both sides to (height, width)."""
    missing_rows, missing_columns = height - sample.label_map.shape[0], width - sample.label_map.shape[1]
    if not missing_rows and not missing_columns:
        return sample
    rows = (missing_rows // 2, missing_rows - missing_rows // 2)
    columns = (missing_columns // 2, missing_columns - missing_columns // 2)
    return replace(
        sample.with_masks(lambda mask: np.pad(mask, (rows, columns))),
        image=np.pad(sample.image, (rows, columns, (0, 0))),
        label_map=np.pad(sample.label_map, (rows, columns), constant_values=UNLABELLED),
    )


def _crop_with_answer(sample: Sample, scale: float, rng: np.random.Generator, num_classes: int) -> Sample:
    """A crop at `scale` >= 1 that contains one answered pixel, drawn uniformly from them."""
    rows, columns = np.nonzero(sample.label_map < num_classes)
    chosen = rng.integers(len(rows))
    height, width = sample.label_map.shape
    position = np.array(
        [
            _position_with(rows[chosen], height, scale, rng.random()),
            _position_with(columns[chosen], width, scale, rng.random()),
        ]
    )
    cropped = _scale_and_crop(sample, scale, position)
    if _holds_answer(cropped, num_classes):
        return cropped
    return _scale_and_crop(sample, 1.0, position)  # nearest can step over a single pixel at the crop's edge


def _position_with(coordinate: int, length: int, scale: float, fraction: float) -> float:
    """Where (0..1) to crop `length` out of `length * scale` so that source pixel `coordinate` is inside."""
    slack = round(length * scale) - length
    if slack <= 0:
        return 0.0
    scaled = (coordinate + 0.5) * round(length * scale) / length
    first, last = max(0.0, scaled - length + 1), min(float(slack), scaled - 1)
    return float(np.clip((first + (last - first) * fraction) / slack, 0.0, 1.0))


def _holds_answer(sample: Sample, num_classes: int) -> bool:
    return bool((sample.label_map < num_classes).any())


def _flip(sample: Sample) -> Sample:
    return replace(
        sample.with_masks(lambda mask: mask[:, ::-1]),
        image=sample.image[:, ::-1],
        label_map=sample.label_map[:, ::-1],
    )


def _blur(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    radius = rng.uniform(*_BLUR_RADIUS) * min(1.0, image.shape[0] / _BLUR_HEIGHT_PX)
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


def _jitter(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Brightness, contrast, saturation and hue in random order, then perhaps gray."""
    picture = Image.fromarray(image)
    for step in rng.permutation(4):
        if step == 3:
            picture = _shift_hue(picture, rng.uniform(-_JITTER_HUE, _JITTER_HUE))
        else:
            enhance = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)[step]
            picture = enhance(picture).enhance(rng.uniform(1 - _JITTER, 1 + _JITTER))
    if rng.random() < _GRAYSCALE:
        picture = picture.convert("L").convert("RGB")
    return np.asarray(picture)


def _shift_hue(picture: Image.Image, turns: float) -> Image.Image:
    hsv = np.array(picture.convert("HSV"))
    hsv[..., 0] += np.uint8(round(turns * 256) % 256)  # wraps around, as hue does
    return Image.fromarray(hsv, "HSV").convert("RGB")


def _cutout(sample: Sample, settings: RoundSettings, rng: np.random.Generator) -> Sample:
    """A black square around a uniform centre, clipped, ignored (or class 0) in the label map."""
    height, width = sample.label_map.shape
    half = settings.cutout_px // 2
    top, left = int(rng.integers(height)) - half, int(rng.integers(width)) - half
    hole = np.s_[max(0, top) : top + settings.cutout_px, max(0, left) : left + settings.cutout_px]
    image, label_map = sample.image.copy(), sample.label_map.copy()
    image[hole] = 0
    label_map[hole] = 0 if settings.cutout_label is CutoutLabel.CLASS_0 else UNLABELLED

    def without_hole(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        left_over = mask.copy()
        left_over[hole] = False
        return left_over

    return replace(sample.with_masks(without_hole), image=image, label_map=label_map)
