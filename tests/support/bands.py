"""Images that a small network learns in twenty steps, and settings for such a training."""

import numpy as np
from numpy.typing import NDArray

from segloop.settings import RoundSettings

HEIGHT, WIDTH, NUM_CLASSES = 48, 64, 3

SMALL = RoundSettings(
    encoder="timm:mobilenetv3_small_050",
    encoder_weights="random",
    embedding_dim=16,
    separable_aspp=True,
    image_height_px=HEIGHT,
    image_width_px=WIDTH,
    num_threads=1,
    device="cpu",
)
"""The smallest encoder: its checkpoints are cheap."""


def band_scene(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Image and label map of three bands of clear colours, at heights that vary."""
    rng = np.random.default_rng(seed)
    first, second = np.sort(rng.integers(8, HEIGHT - 8, 2))
    label_map = np.zeros((HEIGHT, WIDTH), np.uint8)
    label_map[first:], label_map[second:] = 1, 2
    colours = np.array([[40, 90, 220], [60, 180, 60], [200, 60, 50]])
    image = colours[label_map] + rng.integers(-30, 31, (HEIGHT, WIDTH, 3))
    return np.clip(image, 0, 255).astype(np.uint8), label_map
