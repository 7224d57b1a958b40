"""Light, air and lens of one scene: what the same street looks like at noon, at dusk or in the rain."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segloop.scenery.canvas import Canvas, Floats, noise_window


class Sky(StrEnum):
    """The kinds of day."""

    CLEAR = "clear"
    HAZE = "haze"
    OVERCAST = "overcast"
    RAIN = "rain"
    DUSK = "dusk"


@dataclass(frozen=True)
class Weather:
    """One scene's light, drawn at random; colours are linear RGB in 0 .. 1."""

    kind: Sky
    to_sun: NDArray[np.float64]
    sun: Floats
    ambient: Floats
    zenith: Floats
    horizon: Floats
    haze_per_m: float
    clouds: float
    tint: Floats

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Weather":
        """A day; about half of them with a sun that throws shadows."""
        kind = Sky(rng.choice([sky.value for sky in Sky], p=[0.38, 0.14, 0.18, 0.14, 0.16]))
        elevation = np.radians(rng.uniform(8, 22) if kind is Sky.DUSK else rng.uniform(24, 65))
        azimuth = rng.uniform(0, 2 * np.pi)
        to_sun = np.array(
            [np.cos(elevation) * np.sin(azimuth), np.sin(elevation), np.cos(elevation) * np.cos(azimuth)]
        )
        sun, ambient, zenith, horizon, haze, clouds = _LOOKS[kind]
        wobble = rng.uniform(0.85, 1.15, size=(2, 1)) * rng.uniform(0.94, 1.06, size=(2, 3))
        return cls(
            kind,
            to_sun,
            np.array(sun, np.float32) * np.float32(rng.uniform(0.8, 1.15)),
            np.array(ambient, np.float32) * np.float32(rng.uniform(0.85, 1.15)),
            (np.array(zenith) * wobble[0]).astype(np.float32),
            (np.array(horizon) * wobble[1]).astype(np.float32),
            haze * rng.uniform(0.6, 1.6),
            clouds * rng.uniform(0.5, 1.3),
            rng.normal(1.0, 0.05, size=3).astype(np.float32),
        )

    @property
    def has_shadows(self) -> bool:
        """Whether the sun is out."""
        return self.kind in {Sky.CLEAR, Sky.HAZE, Sky.DUSK}

    @property
    def is_dark(self) -> bool:
        """Whether lamps are lit."""
        return self.kind in {Sky.DUSK, Sky.RAIN}

    def shade(self, normal: tuple[float, float, float]) -> Floats:
        """float32 (3,): what light a surface with this normal gets."""
        facing = max(0.0, float(np.dot(normal, self.to_sun)))
        from_above = 0.75 + 0.25 * normal[1]
        return (self.ambient * np.float32(from_above) + self.sun * np.float32(facing)).astype(np.float32)


_LOOKS = {
    # sun, ambient, zenith, horizon, haze per metre, clouds
    Sky.CLEAR: ((0.85, 0.78, 0.66), (0.42, 0.46, 0.54), (0.22, 0.42, 0.75), (0.68, 0.80, 0.93), 0.002, 0.5),
    Sky.HAZE: ((0.45, 0.42, 0.36), (0.55, 0.56, 0.58), (0.55, 0.65, 0.78), (0.85, 0.87, 0.88), 0.010, 0.3),
    Sky.OVERCAST: (
        (0.10, 0.10, 0.10),
        (0.68, 0.70, 0.74),
        (0.62, 0.66, 0.70),
        (0.82, 0.84, 0.86),
        0.005,
        0.8,
    ),
    Sky.RAIN: ((0.02, 0.02, 0.02), (0.54, 0.57, 0.62), (0.36, 0.40, 0.45), (0.58, 0.62, 0.66), 0.012, 0.7),
    Sky.DUSK: ((0.70, 0.40, 0.20), (0.34, 0.33, 0.43), (0.18, 0.22, 0.42), (0.90, 0.55, 0.35), 0.005, 0.9),
}


def draw_sky(canvas: Canvas, weather: Weather, rng: np.random.Generator, *, label: int) -> None:
    """Gradient by elevation, clouds and the glow around the sun, over the whole canvas.

    Computed on every second pixel: a sky is smooth, and it is the largest surface of most scenes.
    """
    rays = canvas.rays[::2, ::2]
    norm = np.sqrt((rays * rays).sum(axis=-1))
    up = np.clip(rays[..., 1] / norm, 0, 1)
    part = (np.sqrt(up) * np.float32(1.1)).clip(0, 1)[..., None]
    colour = weather.horizon * (1 - part) + weather.zenith * part
    height, width = up.shape
    cloud = noise_window(max(height, 2), max(width // 2, 2), rng)
    cloud_map = np.asarray(Image.fromarray(cloud).resize((width, height), Image.Resampling.BILINEAR))
    cover = np.clip((cloud_map + np.float32(weather.clouds) - 0.55) * 1.6, 0, 0.9)[..., None]
    cloud_colour = weather.horizon * np.float32(0.35) + np.float32(0.25 if weather.is_dark else 0.62)
    colour = colour * (1 - cover) + cloud_colour * cover
    if weather.has_shadows:
        toward = np.clip((rays @ weather.to_sun.astype(np.float32)) / norm, 0, 1)
        colour = colour + (toward**24 * np.float32(0.5))[..., None] * (weather.sun + np.float32(0.15))
    full_height, full_width = canvas.label.shape
    canvas.colour[:] = colour.repeat(2, axis=0).repeat(2, axis=1)[:full_height, :full_width]
    canvas.label[:] = label


def draw_air(canvas: Canvas, weather: Weather) -> None:
    """Distance takes on the colour of the horizon."""
    seen = np.exp(-np.clip(canvas.depth, 0, 400) * np.float32(weather.haze_per_m))
    seen[canvas.depth > 5000] = 1
    canvas.colour *= seen[..., None]
    canvas.colour += (1 - seen)[..., None] * weather.horizon * np.float32(0.92)


def develop(colour: Floats, weather: Weather, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The camera's part: exposure, tint, vignette, rain streaks, blur and grain; uint8 (H, W, 3)."""
    height, width = colour.shape[:2]
    v, u = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    vignette = 1 - np.float32(rng.uniform(0.02, 0.16)) * (u * u + v * v)
    exposure = rng.uniform(0.82, 1.18)
    picture = colour * (vignette[..., None] * weather.tint * np.float32(exposure))
    if weather.kind is Sky.RAIN:
        picture += _rain(height, width, rng)[..., None]
    picture = np.clip(picture, 0, 1) ** np.float32(rng.uniform(0.78, 0.95))
    picture = _blur(picture, rng.uniform(0.0, 0.55))
    grain = rng.standard_normal((height, width, 3), dtype=np.float32)
    grain[..., 1:] = 0.5 * grain[..., 1:] + 0.5 * grain[..., :1]
    sigma = rng.uniform(0.008, 0.024) * (1.4 if weather.is_dark else 1.0)
    picture = picture + grain * np.float32(sigma)
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), dtype=np.uint8)


def _rain(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Short bright streaks, a little slanted."""
    drops = (rng.random((height, width), dtype=np.float32) > 0.9965).astype(np.float32)
    streaks = np.zeros_like(drops)
    slant = int(rng.integers(-2, 3))
    for step in range(height // 26):
        streaks += np.roll(drops, (step, step * slant // 5), axis=(0, 1))
    return np.minimum(streaks, 1) * np.float32(rng.uniform(0.05, 0.13))


def _blur(picture: Floats, weight: float) -> Floats:
    """Mix with the mean of the four neighbours: a soft lens."""
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    return picture * np.float32(1 - weight) + around * np.float32(weight / 4)
