"""Where a scene is drawn: a camera, a picture with labels and depth, and noise. It knows no street."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Floats = NDArray[np.floating[Any]]

SUPERSAMPLING = 2
"""Pictures are drawn this much larger and averaged down: smooth edges in colour, exact ones in labels."""

NEAR_M = 0.4
_TILE_PX = 1024


@lru_cache(maxsize=1)
def noise_tile() -> Floats:
    """float32 (1024, 1024) in -1 .. 1: five octaves of smooth noise that tile. The same in every process."""
    rng = np.random.default_rng(20_240_601)
    tile = np.zeros((_TILE_PX, _TILE_PX), dtype=np.float32)
    for octave in range(5):
        cells = 16 * 2**octave
        grid = rng.random((cells, cells), dtype=np.float32) * 2 - 1
        at = np.arange(_TILE_PX, dtype=np.float32) * cells / _TILE_PX
        low, part = at.astype(np.int64), at % 1
        part = part * part * (3 - 2 * part)
        high = (low + 1) % cells
        rows = grid[low] * (1 - part[:, None]) + grid[high] * part[:, None]
        tile += (rows[:, low] * (1 - part) + rows[:, high] * part) * np.float32(0.62**octave)
    return np.asarray(tile / np.abs(tile).max(), dtype=np.float32)


def noise_at(u: Floats, v: Floats) -> Floats:
    """Noise at world coordinates; one unit is one texel, the tile repeats."""
    rows, columns = v.astype(np.int32) & (_TILE_PX - 1), u.astype(np.int32) & (_TILE_PX - 1)
    return np.asarray(noise_tile()[rows, columns])


def noise_window(height: int, width: int, rng: np.random.Generator, *, step: int = 1) -> Floats:
    """float32 (height, width) cut out of the tile at a random place, every `step`-th texel."""
    y, x = rng.integers(0, _TILE_PX, size=2)
    rows = (y + np.arange(height) * step) & (_TILE_PX - 1)
    columns = (x + np.arange(width) * step) & (_TILE_PX - 1)
    return np.asarray(noise_tile()[rows[:, None], columns])


@dataclass(frozen=True)
class Camera:
    """A pinhole at (x, height_m, 0) that looks along +Z; X points right, Y up, in metres.

    Attributes:
        rotation: float64 (3, 3), world to camera.
        focal_px: in drawn pixels.
    """

    x_m: float
    height_m: float
    rotation: NDArray[np.float64]
    focal_px: float
    height_px: int
    width_px: int

    @classmethod
    def random(
        cls, rng: np.random.Generator, *, height_px: int, width_px: int, road_half_m: float
    ) -> "Camera":
        """A viewpoint: mostly a car's, sometimes a walker's on the pavement or one from above."""
        kind = rng.random()
        if kind < 0.62:
            x, height, spread = rng.uniform(-0.55, 0.55) * road_half_m, rng.uniform(1.2, 1.9), 9.0
        elif kind < 0.86:
            side = 1 if rng.random() < 0.5 else -1
            x, height, spread = side * (road_half_m + rng.uniform(0.4, 1.6)), rng.uniform(1.4, 1.8), 16.0
        else:
            x, height, spread = rng.uniform(-1, 1) * road_half_m, rng.uniform(3.0, 5.5), 14.0
        yaw, roll = rng.normal(0, spread), rng.normal(0, 1.1)
        pitch = rng.normal(1.5, 2.2) - (6.0 if height > 2.5 else 0.0)
        if kind >= 0.62 and abs(x) > road_half_m:
            yaw = -np.sign(x) * abs(yaw)  # from the pavement one looks across the road
        rotation = _turn(2, roll) @ _turn(0, pitch) @ _turn(1, yaw)
        return cls(x, height, rotation, rng.uniform(0.75, 1.15) * width_px, height_px, width_px)

    @property
    def position(self) -> NDArray[np.float64]:
        """float64 (3,), metres."""
        return np.array([self.x_m, self.height_m, 0.0])

    def rays(self) -> Floats:
        """float32 (H, W, 3): direction of each pixel's ray in the world, not normalised."""
        v, u = np.mgrid[0 : self.height_px, 0 : self.width_px].astype(np.float32)
        u = (u + 0.5 - self.width_px / 2) / self.focal_px
        v = (self.height_px / 2 - v - 0.5) / self.focal_px
        rotation = self.rotation.astype(np.float32)
        return np.stack(
            [u * rotation[0, axis] + v * rotation[1, axis] + rotation[2, axis] for axis in range(3)], -1
        )

    def depth_of(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64 (N,): distance along the view axis."""
        return np.asarray((points - self.position) @ self.rotation[2])

    def project(self, points: Sequence[Sequence[float]] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels float64 (M, 2) of a polygon (N, 3), cut at the near plane; M = 0 when all is behind."""
        seen = (np.asarray(points, dtype=np.float64) - self.position) @ self.rotation.T
        if (seen[:, 2] < NEAR_M).any():
            seen = _clip_near(seen)
        if len(seen) == 0:
            return np.empty((0, 2))
        return np.stack(
            [
                self.width_px / 2 + self.focal_px * seen[:, 0] / seen[:, 2],
                self.height_px / 2 - self.focal_px * seen[:, 1] / seen[:, 2],
            ],
            axis=-1,
        )


def _turn(axis: int, degrees: float) -> NDArray[np.float64]:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    first, second = [other for other in range(3) if other != axis]
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cos
    matrix[first, second], matrix[second, first] = -sin, sin
    return matrix


def _clip_near(points: NDArray[np.float64]) -> NDArray[np.float64]:
    kept: list[NDArray[np.float64]] = []
    for a, b in zip(points, np.roll(points, -1, axis=0), strict=True):
        if a[2] >= NEAR_M:
            kept.append(a)
        if (a[2] >= NEAR_M) != (b[2] >= NEAR_M):
            kept.append(a + (b - a) * (NEAR_M - a[2]) / (b[2] - a[2]))
    return np.array(kept).reshape(-1, 3)


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a canvas that a shape touches: its rows, its columns and the shape's mask in them."""

    rows: slice
    columns: slice
    mask: NDArray[np.bool_]


class Canvas:
    """Colour float32 (H, W, 3) in 0 .. 1, label uint8 (H, W), depth float32 (H, W) in metres."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self.rays = camera.rays()
        shape = (camera.height_px, camera.width_px)
        self.colour = np.zeros((*shape, 3), dtype=np.float32)
        self.label = np.zeros(shape, dtype=np.uint8)
        self.depth = np.full(shape, 1e4, dtype=np.float32)

    def averaged(self) -> Floats:
        """float32 (H / 2, W / 2, 3): the colours at the picture's size."""
        colour = self.colour
        total = colour[::2, ::2] + colour[1::2, ::2] + colour[::2, 1::2] + colour[1::2, 1::2]
        return np.asarray(total / SUPERSAMPLING**2, dtype=np.float32)

    def window(self, polygon: NDArray[np.float64]) -> Window | None:
        """The pixels of a polygon (N, 2), or None when it is off the canvas."""
        if len(polygon) < 3:
            return None
        # whole pixels: the same corners on every machine
        corners = np.clip(np.rint(polygon), -20_000, 20_000).astype(np.int64)
        low = np.maximum(corners.min(axis=0), 0)
        high = np.minimum(corners.max(axis=0) + 1, [self.camera.width_px, self.camera.height_px])
        if (high <= low).any():
            return None
        image = Image.new("1", (int(high[0] - low[0]), int(high[1] - low[1])))
        ImageDraw.Draw(image).polygon([(int(x - low[0]), int(y - low[1])) for x, y in corners], fill=1)
        return Window(slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])), np.array(image))

    def paint(
        self,
        window: Window | None,
        colour: Sequence[float] | Floats,
        *,
        label: int | None = None,
        depth_m: float | Floats | None = None,
    ) -> None:
        """Fill a window's mask with one colour (3,) or with its own picture (h, w, 3)."""
        if window is None:
            return
        at = (window.rows, window.columns)
        values = np.asarray(colour, dtype=np.float32)
        self.colour[at][window.mask] = values if values.ndim == 1 else values[window.mask]
        if label is not None:
            self.label[at][window.mask] = label
        if depth_m is not None:
            depth = np.asarray(depth_m, dtype=np.float32)
            self.depth[at][window.mask] = depth if depth.ndim == 0 else depth[window.mask]

    def fill(
        self,
        points: Sequence[Sequence[float]] | NDArray[np.float64],
        colour: Sequence[float] | Floats,
        *,
        label: int | None,
    ) -> None:
        """Fill a flat polygon (N, 3) of the world with one colour."""
        world = np.asarray(points, dtype=np.float64)
        depth = max(float(self.camera.depth_of(world).mean()), NEAR_M)
        self.paint(self.window(self.camera.project(world)), colour, label=label, depth_m=depth)
