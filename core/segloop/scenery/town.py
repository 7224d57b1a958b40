"""What stands where in a scene: houses and gardens beside the street, people and poles on it, cars in it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segloop.scenery.canvas import Canvas
from segloop.scenery.surfaces import Facade, Street, draw_building, draw_fence
from segloop.scenery.things import (
    draw_bush,
    draw_car,
    draw_cyclist,
    draw_lamp,
    draw_person,
    draw_sign,
    draw_tree,
)
from segloop.scenery.weather import Weather

FAR_M = 95.0
"""Nothing that stands is drawn farther away; the last row of houses closes the view."""


class Town:
    """What stands along the street: planned first, because shadows fall before anything is drawn."""

    def __init__(self, canvas: Canvas, street: Street, weather: Weather, rng: np.random.Generator) -> None:
        self.canvas = canvas
        self.street = street
        self.weather = weather
        self.rng = rng
        self.casters: list[NDArray[np.float64]] = []
        self._drawings: list[tuple[float, Callable[[], None]]] = []
        self._on_road: list[tuple[float, float]] = []

    def plan(self) -> None:
        """Choose and place everything."""
        self._close_the_view()
        for side in (-1, 1):
            self._line_side(side)
            self._plant_kerb(side)
        self._fill_road()

    def draw(self) -> None:
        """Far to near."""
        for _, drawing in sorted(self._drawings, key=lambda entry: -entry[0]):
            drawing()

    def _stand(self, distance_m: float, drawing: Callable[..., None], **places: object) -> None:
        own = np.random.default_rng(self.rng.integers(0, 2**32, size=2))
        self._drawings.append((distance_m, lambda: drawing(self.canvas, self.weather, own, **places)))

    def _cast(self, x: float, z: float, half_m: float, low_m: float, high_m: float) -> None:
        """A shadow of an upright rectangle that faces the sun."""
        away = np.array([self.weather.to_sun[2], 0.0, -self.weather.to_sun[0]])
        away *= half_m / max(float(np.hypot(away[0], away[2])), 1e-6)
        foot = np.array([x, 0.0, z])
        up = np.array([0.0, 1.0, 0.0])
        self.casters.append(
            np.array(
                [
                    foot - away + up * low_m,
                    foot + away + up * low_m,
                    foot + away + up * high_m,
                    foot - away + up * high_m,
                ]
            )
        )

    def _edge(self, side: int, z: float, beyond_m: float = 0.0) -> float:
        """X of the sidewalk's outer edge."""
        return self.street.offset_m(z) + side * (self.street.road_half_m + self.street.sidewalk_m + beyond_m)

    def _close_the_view(self) -> None:
        x = -70.0
        while x < 70:
            width, height = self.rng.uniform(8, 22), self.rng.uniform(5, 24)
            if self.rng.random() < 0.35:
                self._stand(
                    FAR_M + 12, draw_tree, x_m=x + width / 2, z_m=FAR_M + 8, height_m=self.rng.uniform(8, 15)
                )
                width = min(width, 9.0)
            else:
                self._house(x, width, (FAR_M + 10, FAR_M + 20), height)
            x += width * self.rng.uniform(0.85, 1.05)

    def _house(self, x: float, outward: float, z: tuple[float, float], height: float) -> None:
        facade = Facade.random(self.rng, is_dark=self.weather.is_dark)

        def drawing() -> None:
            draw_building(self.canvas, self.weather, facade, x_m=x, outward_m=outward, z_m=z, height_m=height)

        self._drawings.append((z[1] if z[0] < FAR_M else z[0], drawing))
        corners = [(x, z[0]), (x, z[1]), (x + outward, z[1]), (x + outward, z[0])]
        if z[0] < 60:
            for (x0, z0), (x1, z1) in zip(corners, corners[1:] + corners[:1], strict=True):
                self.casters.append(
                    np.array([(x0, 0, z0), (x1, 0, z1), (x1, height, z1), (x0, height, z0)], dtype=np.float64)
                )

    def _line_side(self, side: int) -> None:
        """Lots along one side: houses, gardens behind fences, or a park."""
        z = -8.0
        tall = self.rng.uniform(6, 22)
        built = 0.35 if self.street.grass[side > 0] else 0.86
        while z < FAR_M:
            length = self.rng.uniform(7, 19)
            if self.street.is_crossing(z + length / 2, length / 2 + 1):
                z += length / 2
                continue
            setback = (
                self.rng.uniform(0.1, 1.2) if not self.street.grass[side > 0] else self.rng.uniform(2, 7)
            )
            if self.rng.random() < built:
                edge = (
                    max(
                        self._edge(side, max(z, 0), setback) * side,
                        self._edge(side, max(z + length, 0), setback) * side,
                    )
                    * side
                )
                self._house(
                    edge, side * self.rng.uniform(8, 14), (z, z + length), max(4.5, self.rng.normal(tall, 4))
                )
            else:
                self._garden(side, z, length)
            if self.rng.random() < (0.45 if self.street.grass[side > 0] else 0.10):
                self._fence(side, z, length)
            z += length + (self.rng.uniform(1, 5) if self.rng.random() < 0.3 else 0.0)

    def _garden(self, side: int, z: float, length: float) -> None:
        for _ in range(int(self.rng.integers(2, 6))):
            at, beyond = z + self.rng.uniform(0, length), self.rng.uniform(1.5, 9)
            self._tree(self._edge(side, max(at, 0), beyond), at, self.rng.uniform(4.5, 12))
        for _ in range(int(self.rng.integers(1, 5))):
            at = z + self.rng.uniform(0, length)
            self._stand(at, draw_bush, x_m=self._edge(side, max(at, 0), self.rng.uniform(1.0, 3.5)), z_m=at)

    def _tree(self, x: float, z: float, height: float) -> None:
        if z < 1.5:
            return
        self._stand(z, draw_tree, x_m=x, z_m=z, height_m=height)
        self._cast(x, z, 0.15, 0, height * 0.5)
        for low, high, half in ((0.4, 0.6, 0.22), (0.5, 0.95, 0.16), (0.6, 0.8, 0.27)):
            self._cast(x, z, height * half, height * low, height * high)

    def _fence(self, side: int, z: float, length: float) -> None:
        x, height = self._edge(side, max(z, 0), 0.05), self.rng.uniform(0.9, 1.9)
        self._stand(z + length, draw_fence, x_m=x, z_m=(z, z + length), height_m=height)
        self.casters.append(
            np.array([(x, 0, z), (x, 0, z + length), (x, height, z + length), (x, height, z)])
        )

    def _plant_kerb(self, side: int) -> None:
        """Lamps, signs, street trees, walkers: what stands on the sidewalk."""
        walk = self.street.sidewalk_m

        def kerb(z: float, share: float) -> float:
            return self.street.offset_m(z) + side * (self.street.road_half_m + 0.3 + share * (walk - 0.5))

        spacing, start = self.rng.uniform(14, 30), self.rng.uniform(3, 18)
        has_trees = self.rng.random() < 0.35 and walk > 2.0
        for z in np.arange(start, FAR_M * 0.7, spacing):
            self._stand(z, draw_lamp, x_m=kerb(z, 0.1), z_m=z)
            self._cast(kerb(z, 0.1), z, 0.08, 0, 6.5)
            if has_trees:
                at = z + spacing / 2
                self._tree(kerb(at, 0.35), at, self.rng.uniform(4, 8))
        for z in self.rng.uniform(4, 45, size=self.rng.poisson(1.3)):
            self._stand(z, draw_sign, x_m=kerb(z, 0.12), z_m=z)
            self._cast(kerb(z, 0.12), z, 0.05, 0, 2.8)
        for z in self.rng.uniform(4, 40, size=self.rng.poisson(1.5)):
            self._person(draw_person, kerb(z, self.rng.uniform(0.15, 0.95)), z)

    def _is_free(self, x: float, z: float, along_m: float) -> bool:
        """Whether no car stands there, nor the camera."""
        near_camera = abs(x - self.canvas.camera.x_m) < 1.3 and z < 4
        return not near_camera and all(abs(x - cx) > 2.2 or abs(z - cz) > along_m for cx, cz in self._on_road)

    def _person(self, drawing: Callable[..., None], x: float, z: float) -> None:
        if not self._is_free(x, z, 3.0):
            return
        self._stand(z, drawing, x_m=x, z_m=z)
        self._cast(x, z, 0.22, 0, 1.7)

    def _fill_road(self) -> None:
        """Parked cars at the kerb, traffic in the lanes, cyclists, and those who cross."""
        half = self.street.road_half_m
        for side in (-1, 1):
            if half > 3.2 and self.rng.random() < 0.6:
                z = self.rng.uniform(3, 16)
                while z < 70:
                    if self.rng.random() < 0.6 and not self.street.is_crossing(z, 3):
                        self._car(self.street.offset_m(z) + side * (half - 1.05), z)
                    z += self.rng.uniform(5.6, 8)
        for z in self.rng.uniform(9, 80, size=self.rng.poisson(1.6)):
            self._car(self.street.offset_m(z) + self.rng.choice([-0.4, 0.4]) * (half - 1.0), z)
        if self.street.crossing_m and self.rng.random() < 0.4:
            self._car(self.rng.uniform(-8, 8), sum(self.street.crossing_m) / 2, is_across=True)
        for z in self.rng.uniform(5, 35, size=self.rng.poisson(0.35)):
            side = 1 if self.rng.random() < 0.5 else -1
            self._person(
                draw_cyclist, self.street.offset_m(z) + side * (half - self.rng.uniform(0.6, 2.4)), z
            )
        if self.street.zebra_m and self.rng.random() < 0.5:
            for x in self.rng.uniform(-half, half, size=self.rng.integers(1, 4)):
                self._person(
                    draw_person,
                    x + self.street.offset_m(self.street.zebra_m[0]),
                    self.street.zebra_m[0] + 1.5,
                )

    def _car(self, x: float, z: float, *, is_across: bool = False) -> None:
        if not self._is_free(x, z, 6.0):
            return
        self._on_road.append((x, z))
        self._stand(z, draw_car, x_m=x, z_m=z, is_across=is_across)
        if z > 3:
            self._cast(x, z, 1.6, 0.2, 1.4)
