"""Ground, facades and fences: everything large and flat, textured by its own world coordinates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from segloop.scenery.canvas import Canvas, Floats, Window, noise_at
from segloop.scenery.classes import SceneClass
from segloop.scenery.weather import Sky, Weather

WALLS = (
    (0.62, 0.30, 0.24), (0.50, 0.26, 0.20), (0.78, 0.70, 0.56), (0.84, 0.80, 0.72), (0.62, 0.60, 0.58),
    (0.46, 0.46, 0.48), (0.80, 0.62, 0.44), (0.66, 0.70, 0.66), (0.72, 0.54, 0.50), (0.40, 0.44, 0.50),
    (0.86, 0.84, 0.82), (0.58, 0.50, 0.40), (0.34, 0.36, 0.38), (0.48, 0.56, 0.46), (0.52, 0.62, 0.70),
)  # fmt: skip
"""Wall colours; greens, greys and blues among them overlap with trees, roads and sky."""


@dataclass(frozen=True)
class Street:
    """The plan of a street along +Z, in metres; it bends by `bend * z**2`.

    Attributes:
        grass: whether the ground beyond the sidewalk is grass, left and right.
        crossing_m: z range of a cross street, or None.
        zebra_m: z range of a zebra crossing, or None.
    """

    road_half_m: float
    sidewalk_m: float
    bend: float
    grass: tuple[bool, bool]
    crossing_m: tuple[float, float] | None
    zebra_m: tuple[float, float] | None
    num_lanes: int
    asphalt: float
    paving: tuple[float, float, float]

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Street":
        """A plan: two to four lanes, narrow or wide sidewalks, straight or bent."""
        num_lanes = int(rng.choice([1, 2, 2, 2, 3, 4]))
        crossing = zebra = None
        if rng.random() < 0.35:
            near = rng.uniform(14, 40)
            crossing = (near, near + rng.uniform(6, 10))
        if rng.random() < 0.35:
            near = crossing[0] - 4.5 if crossing else rng.uniform(6, 22)
            zebra = (near, near + 3.0)
        grey = rng.uniform(0.26, 0.48)
        paving = np.array([0.56, 0.53, 0.50]) * rng.uniform(0.72, 1.2) * rng.uniform(0.92, 1.08, size=3)
        return cls(
            num_lanes * rng.uniform(1.6, 1.9) + rng.uniform(0, 1.2),
            rng.uniform(1.4, 3.8),
            rng.normal(0, 0.0022),
            (bool(rng.random() < 0.35), bool(rng.random() < 0.35)),
            crossing,
            zebra,
            num_lanes,
            grey,
            (float(paving[0]), float(paving[1]), float(paving[2])),
        )

    def offset_m(self, z: float) -> float:
        """How far the road's middle has moved sideways at distance z."""
        return self.bend * z * z

    def is_crossing(self, z: float, margin_m: float = 0.0) -> bool:
        """Whether z lies in the cross street."""
        return (
            self.crossing_m is not None and self.crossing_m[0] - margin_m < z < self.crossing_m[1] + margin_m
        )


def draw_ground(canvas: Canvas, street: Street, weather: Weather, rng: np.random.Generator) -> None:
    """Road, markings, kerb, sidewalk and grass for every pixel whose ray meets the ground."""
    down = -canvas.rays[..., 1]
    is_ground = down > 1e-3
    top = int(np.argmax(is_ground.any(axis=1))) if is_ground.any() else len(down)
    rays, is_ground = canvas.rays[top:], is_ground[top:]
    far = np.float32(canvas.camera.height_m) / np.maximum(down[top:], np.float32(1e-3))
    x = np.float32(canvas.camera.x_m) + rays[..., 0] * far
    z = np.clip(rays[..., 2] * far, -200, 4000)
    across = x - np.float32(street.bend) * np.minimum(z, 160) ** 2
    grain = noise_at(x * 40 + 9000, z * 40 + 9000)
    patches = noise_at(x * 6 + 9000, z * 3 + 9000)
    label, colour = _ground_colour(street, across, z, grain, patches, rng)
    light = weather.shade((0, 1, 0))
    canvas.colour[top:][is_ground] = (colour * light)[is_ground]
    canvas.label[top:][is_ground] = label[is_ground]
    canvas.depth[top:][is_ground] = far[is_ground]


def _ground_colour(
    street: Street, across: Floats, z: Floats, grain: Floats, patches: Floats, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Floats]:
    out = np.abs(across)
    crossing = np.zeros(out.shape, np.bool_)
    if street.crossing_m is not None:
        crossing = (z > street.crossing_m[0]) & (z < street.crossing_m[1])
    is_road = (out < street.road_half_m) | crossing
    is_kerb = ~is_road & (out < street.road_half_m + 0.22)
    is_side = ~is_road & (out < street.road_half_m + street.sidewalk_m)
    grassy = np.where(across < 0, street.grass[0], street.grass[1]) & ~is_road & ~is_side
    label = np.where(is_road, SceneClass.ROAD, SceneClass.SIDEWALK).astype(np.uint8)
    label[grassy] = SceneClass.VEGETATION
    asphalt = street.asphalt * (1 + 0.10 * grain + 0.16 * patches)
    asphalt *= 1 - 0.10 * np.exp(-((out / street.road_half_m * street.num_lanes % 1.0 - 0.5) ** 2) * 14)
    marks = _markings(street, across, z, crossing) & is_road
    asphalt = np.where(marks & (patches < 0.55), 0.80 + 0.10 * grain, asphalt)
    near = np.clip(1 - z / 45, 0, 1)
    joints = ((across % 0.8 < 0.05) | (z % 0.8 < 0.05)) & is_side & ~is_kerb
    paved = 1 + 0.10 * grain + 0.12 * patches - 0.22 * joints * near + 0.16 * is_kerb
    green = np.array([0.30, 0.42, 0.17]) * rng.uniform(0.7, 1.25) + np.array([0.16, 0.06, 0.0]) * rng.random()
    colour = np.empty((*out.shape, 3), dtype=np.float32)
    for channel in range(3):
        bluish = asphalt * (0.97, 0.99, 1.04)[channel]
        plain = np.where(is_road, bluish, paved * np.float32(street.paving[channel]))
        colour[..., channel] = np.where(grassy, (1 + 0.34 * grain + 0.3 * patches) * green[channel], plain)
    return label, colour


def _markings(street: Street, across: Floats, z: Floats, crossing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    lane = 2 * street.road_half_m / street.num_lanes
    from_line = np.abs((across + street.road_half_m) % lane - lane / 2)
    between = (from_line > lane / 2 - 0.07) & (np.abs(across) < street.road_half_m - 0.5)
    marks = between & (z % 6 < 3)
    marks |= np.abs(np.abs(across) - street.road_half_m + 0.35) < 0.06
    marks &= ~crossing
    if street.zebra_m is not None:
        zebra = (z > street.zebra_m[0]) & (z < street.zebra_m[1])
        marks = (marks & ~zebra) | (zebra & (across % 1.0 < 0.5))
    return np.asarray(marks)


def draw_shadows(canvas: Canvas, weather: Weather, casters: list[NDArray[np.float64]]) -> None:
    """Darken the ground where upright polygons (N, 3) block the sun; call it before anything stands."""
    is_ground = canvas.depth < 5000
    image = Image.new("L", (canvas.camera.width_px // 2, canvas.camera.height_px // 2))
    pen = ImageDraw.Draw(image)
    for caster in casters:
        fallen = caster - weather.to_sun * (caster[:, 1:2] / weather.to_sun[1])
        corners = np.rint(np.clip(canvas.camera.project(fallen) / 2, -9000, 9000))
        if len(corners) >= 3:
            pen.polygon([(int(u), int(v)) for u, v in corners], fill=255)
    soft = image.filter(ImageFilter.GaussianBlur(1.2)).resize(
        canvas.label.shape[::-1], Image.Resampling.BILINEAR
    )
    shadow = np.asarray(soft, dtype=np.float32) / 255 * is_ground
    lit = weather.shade((0, 1, 0))
    in_shadow = weather.ambient / lit
    canvas.colour *= 1 - shadow[..., None] * (1 - in_shadow)


@dataclass(frozen=True)
class Facade:
    """How one building's walls look."""

    wall: Floats
    glass: Floats
    window_m: tuple[float, float]
    window_share: tuple[float, float]
    brick: float
    shop: bool
    lit_share: float
    seed: int

    @classmethod
    def random(cls, rng: np.random.Generator, *, is_dark: bool) -> "Facade":
        """Brick, plaster, concrete or glass."""
        wall = np.array(WALLS[int(rng.integers(len(WALLS)))]) * rng.uniform(0.8, 1.15)
        share = (rng.uniform(0.35, 0.6), rng.uniform(0.42, 0.68))
        if rng.random() < 0.18:  # a curtain wall
            share = (0.88, rng.uniform(0.6, 0.85))
        glass = np.array([0.20, 0.25, 0.32]) * rng.uniform(0.6, 1.7)
        return cls(
            wall.astype(np.float32),
            glass.astype(np.float32),
            (rng.uniform(1.7, 3.4), rng.uniform(2.7, 3.4)),
            share,
            float(rng.choice([0.0, 0.0, 0.10, 0.16])),
            bool(rng.random() < 0.4),
            rng.uniform(0.1, 0.45) if is_dark else 0.0,
            int(rng.integers(0, 10_000)),
        )

    def colour_at(self, along: Floats, up: Floats, light: Floats, height_m: float) -> Floats:
        """float32 (h, w, 3) at wall coordinates in metres."""
        cell_s, cell_y = np.floor(along / self.window_m[0]), np.floor(up / self.window_m[1])
        part_s, part_y = along / self.window_m[0] - cell_s, up / self.window_m[1] - cell_y
        is_ground_floor = up < self.window_m[1]
        has_shop_here = is_ground_floor if self.shop else np.zeros_like(is_ground_floor)
        wide = np.where(has_shop_here, 0.86, self.window_share[0])
        high = np.where(has_shop_here, 0.72, self.window_share[1])
        beside, above = np.abs(part_s - 0.5), np.abs(part_y - 0.54)
        is_window = (beside < wide / 2) & (above < high / 2) & (up < height_m - 0.7)
        is_frame = ~is_window & (beside < wide / 2 + 0.05) & (above < high / 2 + 0.05) & (up < height_m - 0.7)
        cell = noise_at(cell_s * 37 + self.seed, cell_y * 53 + self.seed)
        grain = noise_at(along * 24 + self.seed, up * 24 + 9000)
        stain = noise_at(along * 3 + self.seed, up * 1.5 + 9000)
        tone = 1 + 0.07 * grain + 0.12 * stain
        if self.brick:
            row = np.floor(up / 0.16)
            joint = ((up / 0.16 - row) < 0.22) | (((along + row % 2 * 0.18) / 0.36 % 1) < 0.12)
            tone = tone + self.brick * (noise_at(along * 90, row * 31) - joint)
        tone = np.where(is_frame, tone * 1.25, tone) * np.where(up > height_m - 0.45, 0.72, 1.0)
        lit = is_window & (cell * 0.5 + 0.5 < self.lit_share)
        shine = 0.8 + 0.9 * cell + 0.5 * part_y
        colour = np.empty((*along.shape, 3), dtype=np.float32)
        for channel in range(3):
            wall = self.wall[channel] * tone * light[channel]
            glass = self.glass[channel] * shine * (0.4 + 0.6 * light[channel])
            colour[..., channel] = np.where(is_window, glass, wall)
            colour[..., channel][lit] = (0.95, 0.78, 0.46)[channel]
        return colour


def _plane_coordinates(
    canvas: Canvas, window: Window, axis: int, at_m: float
) -> tuple[Floats, Floats, Floats]:
    """(along, up, depth) where the window's rays meet the plane x = at_m (axis 0) or z = at_m (axis 2)."""
    rays = canvas.rays[window.rows, window.columns]
    toward = rays[..., axis]
    toward = np.where(np.abs(toward) < 1e-5, np.float32(1e-5), toward)
    far = np.float32(at_m - canvas.camera.position[axis]) / toward
    other = 2 - axis
    along = np.float32(canvas.camera.position[other]) + rays[..., other] * far
    return np.clip(along, -500, 500), np.float32(canvas.camera.height_m) + rays[..., 1] * far, far


def draw_building(
    canvas: Canvas,
    weather: Weather,
    facade: Facade,
    *,
    x_m: float,
    outward_m: float,
    z_m: tuple[float, float],
    height_m: float,
) -> None:
    """A block beside the street: the wall along it, the wall that faces the camera, a roof on low ones."""
    near, far = z_m
    side = float(np.sign(outward_m))
    faces = [
        (2, near, [(x_m, near), (x_m + outward_m, near)], (0.0, 0.0, -1.0)),
        (0, x_m, [(x_m, near), (x_m, far)], (-side, 0.0, 0.0)),
    ]
    for axis, at_m, ((x0, z0), (x1, z1)), normal in faces:
        if axis == 2 and near <= 0:
            continue
        if axis == 0 and side * (x_m - canvas.camera.x_m) <= 0:
            continue
        corners = [(x0, 0, z0), (x1, 0, z1), (x1, height_m, z1), (x0, height_m, z0)]
        window = canvas.window(canvas.camera.project(corners))
        if window is None:
            continue
        along, up, depth = _plane_coordinates(canvas, window, axis, at_m)
        colour = facade.colour_at(along, up, weather.shade(normal), height_m)
        canvas.paint(window, colour, label=SceneClass.BUILDING, depth_m=depth)
    if height_m < 8.5:
        _draw_roof(canvas, weather, facade, x_m, outward_m, z_m, height_m)


def _draw_roof(
    canvas: Canvas,
    weather: Weather,
    facade: Facade,
    x_m: float,
    outward_m: float,
    z_m: tuple[float, float],
    height_m: float,
) -> None:
    near, far = z_m
    ridge_x, ridge_y = x_m + outward_m / 2, height_m + abs(outward_m) * 0.32
    side = float(np.sign(outward_m))
    eave = x_m - side * 0.35
    tile = np.array([0.46, 0.24, 0.18] if facade.seed % 3 else [0.30, 0.30, 0.33], dtype=np.float32)
    slope = weather.shade((-side * 0.5, 0.86, 0.0)) * tile
    gable = weather.shade((0.0, 0.0, -1.0)) * facade.wall
    if near > 0:
        triangle = [(x_m, height_m, near), (x_m + outward_m, height_m, near), (ridge_x, ridge_y, near)]
        canvas.fill(triangle, gable, label=SceneClass.BUILDING)
    plane = [
        (eave, height_m - 0.1, near),
        (eave, height_m - 0.1, far),
        (ridge_x, ridge_y, far),
        (ridge_x, ridge_y, near),
    ]
    canvas.fill(plane, slope, label=SceneClass.BUILDING)


def draw_fence(
    canvas: Canvas,
    weather: Weather,
    rng: np.random.Generator,
    *,
    x_m: float,
    z_m: tuple[float, float],
    height_m: float,
) -> None:
    """Boards, rails or mesh along the street; the whole panel is fence, whatever shines through."""
    corners = [(x_m, 0, z_m[0]), (x_m, 0, z_m[1]), (x_m, height_m, z_m[1]), (x_m, height_m, z_m[0])]
    window = canvas.window(canvas.camera.project(corners))
    if window is None:
        return
    along, up, depth = _plane_coordinates(canvas, window, 0, x_m)
    base = np.array(
        ((0.48, 0.34, 0.22), (0.80, 0.80, 0.78), (0.28, 0.32, 0.30), (0.52, 0.54, 0.56))[rng.integers(4)]
    )
    light = weather.shade((float(-np.sign(x_m - canvas.camera.x_m)), 0.2, 0.0))
    kind = rng.integers(3)
    pitch = (0.18, 0.14, 0.30)[kind]
    gap = (along % pitch) / pitch
    bars = (
        (gap < (0.86, 0.45, 0.12)[kind]) | (np.abs(up - height_m * 0.88) < 0.05) | (np.abs(up - 0.25) < 0.05)
    )
    bars |= along % 2.4 < 0.12
    tone = (1 + 0.22 * noise_at(np.floor(along / pitch) * 41, up * 4 + 9000)) * np.where(bars, 1.0, 0.45)
    behind = canvas.colour[window.rows, window.columns]
    colour = tone[..., None] * (base * light).astype(np.float32)
    if kind:  # rails and mesh let what is behind through
        colour = np.where(bars[..., None], colour, 0.62 * behind + 0.30 * colour)
    canvas.paint(window, colour.astype(np.float32), label=SceneClass.FENCE, depth_m=depth)


def draw_wetness(canvas: Canvas, weather: Weather, rng: np.random.Generator) -> None:
    """A wet street mirrors what stands above it, blurred; call it last."""
    if weather.kind is not Sky.RAIN:
        return
    height, width = canvas.label.shape
    is_wet = (canvas.label == SceneClass.ROAD) | (canvas.label == SceneClass.SIDEWALK)
    horizon = height / 2 + canvas.camera.focal_px * canvas.camera.rotation[1, 2] / max(
        canvas.camera.rotation[2, 2], 0.1
    )
    rows = np.arange(height)
    mirror = np.clip(np.rint(2 * horizon - rows), 0, height - 1).astype(np.int64)
    ripple = (rng.standard_normal(width) * 3).astype(np.int64)
    source = np.clip(mirror[:, None] + ripple, 0, height - 1)
    reflection = canvas.colour[source, np.arange(width)]
    amount = np.float32(rng.uniform(0.25, 0.5)) * is_wet
    canvas.colour *= 1 - amount[..., None] * 0.9
    canvas.colour += amount[..., None] * reflection
