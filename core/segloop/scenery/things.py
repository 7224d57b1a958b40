"""What stands on the street: trees, cars, people, poles and signs. Each is drawn whole, far ones first."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from segloop.scenery.canvas import NEAR_M, Canvas, Floats, Window, noise_window
from segloop.scenery.classes import SceneClass
from segloop.scenery.weather import Weather

LEAVES = (
    (0.20, 0.34, 0.12),
    (0.28, 0.40, 0.14),
    (0.14, 0.27, 0.13),
    (0.44, 0.42, 0.14),
    (0.58, 0.34, 0.12),
    (0.62, 0.46, 0.48),
)
PAINTS = (
    (0.75, 0.76, 0.78), (0.10, 0.10, 0.12), (0.42, 0.43, 0.45), (0.62, 0.10, 0.10), (0.12, 0.22, 0.48),
    (0.86, 0.86, 0.84), (0.20, 0.34, 0.22), (0.78, 0.60, 0.12), (0.48, 0.40, 0.30), (0.30, 0.50, 0.62),
)  # fmt: skip
SKIN = ((0.78, 0.58, 0.46), (0.56, 0.38, 0.28), (0.36, 0.24, 0.18), (0.86, 0.68, 0.56))


def draw_tree(
    canvas: Canvas, weather: Weather, rng: np.random.Generator, *, x_m: float, z_m: float, height_m: float
) -> None:
    """A trunk and a ragged crown; both are vegetation."""
    trunk_m = height_m * rng.uniform(0.28, 0.42)
    half = height_m * 0.022 + 0.05
    bark = np.array([0.30, 0.23, 0.17]) * rng.uniform(0.7, 1.3) * weather.shade((0.0, 0.3, -0.7))
    corners = [
        (x_m - half, 0, z_m),
        (x_m + half, 0, z_m),
        (x_m + half * 0.6, trunk_m * 1.4, z_m),
        (x_m - half * 0.6, trunk_m * 1.4, z_m),
    ]
    canvas.fill(corners, bark, label=SceneClass.VEGETATION)
    radius = height_m * rng.uniform(0.24, 0.34)
    colour = np.array(LEAVES[int(rng.choice(6, p=[0.3, 0.26, 0.22, 0.1, 0.08, 0.04]))]) * rng.uniform(
        0.75, 1.25
    )
    _draw_leaves(
        canvas, weather, rng, colour, x=(x_m - radius, x_m + radius), y=(trunk_m * 0.8, height_m), z_m=z_m
    )


def draw_bush(canvas: Canvas, weather: Weather, rng: np.random.Generator, *, x_m: float, z_m: float) -> None:
    """A low round shrub."""
    half, height = rng.uniform(0.5, 1.4), rng.uniform(0.6, 1.7)
    colour = np.array(LEAVES[int(rng.integers(4))]) * rng.uniform(0.7, 1.2)
    _draw_leaves(canvas, weather, rng, colour, x=(x_m - half, x_m + half), y=(-0.15, height), z_m=z_m)


def _draw_leaves(
    canvas: Canvas,
    weather: Weather,
    rng: np.random.Generator,
    colour: NDArray[np.float64],
    *,
    x: tuple[float, float],
    y: tuple[float, float],
    z_m: float,
) -> None:
    """A union of soft balls whose edge is broken by noise, lighter on top and toward the sun."""
    box = canvas.window(
        canvas.camera.project([(x[0], y[0], z_m), (x[1], y[0], z_m), (x[1], y[1], z_m), (x[0], y[1], z_m)])
    )
    if box is None:
        return
    height, width = box.mask.shape
    corners = canvas.camera.project([(x[0], y[1], z_m), (x[1], y[0], z_m)])
    if len(corners) < 2:
        return
    (left, top), (right, bottom) = corners
    scale = 4
    image = Image.new("L", (max(2, width // scale), max(2, height // scale)))
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(9, 16))):
        u, v = rng.normal(0.5, 0.17), rng.normal(0.5, 0.17)
        ru, rv = rng.uniform(0.14, 0.26, size=2)
        centre_x = (left + u * (right - left) - box.columns.start) / scale
        centre_y = (top + v * (bottom - top) - box.rows.start) / scale
        half_x, half_y = ru * abs(right - left) / scale, rv * abs(bottom - top) / scale
        pen.ellipse((centre_x - half_x, centre_y - half_y, centre_x + half_x, centre_y + half_y), fill=255)
    soft = image.filter(ImageFilter.GaussianBlur(max(image.size) / 40)).resize(
        (width, height), Image.Resampling.BILINEAR
    )
    field = np.asarray(soft, dtype=np.float32) / 255
    fine = noise_window(height, width, rng, step=2 if height > 60 else 5)
    mask = field + 0.55 * fine > 0.5
    rise = np.linspace(1.25, 0.62, height, dtype=np.float32)[:, None]
    lean = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * np.float32(0.18 * weather.to_sun[0])
    tone = np.clip((rise + lean) * (0.95 + 0.75 * fine), 0.2, 1.9)
    light = weather.shade((0.0, 0.55, -0.5))
    picture = tone[..., None] * (colour * light).astype(np.float32)
    depth = float(canvas.camera.depth_of(np.array([[x[0], 1.0, z_m]]))[0])
    canvas.paint(
        Window(box.rows, box.columns, mask), picture, label=SceneClass.VEGETATION, depth_m=max(depth, NEAR_M)
    )


def _box(
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
    taper: tuple[float, float] = (0.0, 0.0),
) -> NDArray[np.float64]:
    """float64 (8, 3): corners of a box, the upper four drawn in by `taper` = (across, along) metres."""
    corners = []
    for level, (inset_x, inset_z) in ((y[0], (0.0, 0.0)), (y[1], taper)):
        corners += [
            (x[0] + inset_x, level, z[0] + inset_z),
            (x[1] - inset_x, level, z[0] + inset_z),
            (x[1] - inset_x, level, z[1] - inset_z),
            (x[0] + inset_x, level, z[1] - inset_z),
        ]
    return np.array(corners)


_FACES = (((0, 1, 5, 4), (0.0, 0.0, -1.0)), ((2, 3, 7, 6), (0.0, 0.0, 1.0)), ((3, 0, 4, 7), (-1.0, 0.0, 0.0)),
          ((1, 2, 6, 5), (1.0, 0.0, 0.0)), ((4, 5, 6, 7), (0.0, 1.0, 0.0)))  # fmt: skip


def _draw_box(
    canvas: Canvas,
    weather: Weather,
    corners: NDArray[np.float64],
    colour: Floats,
    *,
    glass: Floats | None = None,
) -> None:
    """The visible faces of a convex box; with `glass`, its upright faces carry a window each."""
    for indices, normal in _FACES:
        face = corners[list(indices)]
        if np.dot(normal, canvas.camera.position - face.mean(axis=0)) <= 0:
            continue
        light = weather.shade(normal)
        canvas.fill(face, colour * light, label=SceneClass.CAR)
        if glass is not None and normal[1] == 0:
            middle = face.mean(axis=0)
            canvas.fill(
                middle + (face - middle) * np.array([0.86, 0.72, 0.86]),
                glass * (0.5 + 0.5 * light),
                label=SceneClass.CAR,
            )


def draw_car(
    canvas: Canvas,
    weather: Weather,
    rng: np.random.Generator,
    *,
    x_m: float,
    z_m: float,
    is_across: bool = False,
) -> None:
    """A saloon, a hatchback, a van or a lorry, along the street or across it."""
    kind = rng.choice(4, p=[0.45, 0.3, 0.17, 0.08])
    length, width, height = ((4.4, 1.8, 1.42), (3.8, 1.72, 1.5), (5.0, 2.0, 2.3), (7.5, 2.4, 3.2))[kind]
    paint = (np.array(PAINTS[int(rng.integers(len(PAINTS)))]) * rng.uniform(0.8, 1.15)).astype(np.float32)
    glass = np.array([0.12, 0.15, 0.19], dtype=np.float32)
    belt = (0.86, 0.88, 1.15, 1.3)[kind]
    half_x, half_z = (length / 2, width / 2) if is_across else (width / 2, length / 2)
    x, z = (x_m - half_x, x_m + half_x), (z_m - half_z, z_m + half_z)
    _draw_underside(canvas, x, z)
    _draw_wheels(canvas, x, z, is_across=is_across)
    _draw_box(canvas, weather, _box(x, (0.28, belt), z), paint)
    if kind >= 2:
        _draw_box(
            canvas,
            weather,
            _box(x, (belt, height), z, (0.08, 0.12)),
            paint,
            glass=glass if kind == 2 else None,
        )
    else:
        front, back = rng.uniform(0.7, 1.1), (0.75 if kind == 0 else 0.1)
        inner_x = (x[0] + back, x[1] - front) if is_across else x
        inner_z = z if is_across else (z[0] + back, z[1] - front)
        taper = (0.4, 0.14) if is_across else (0.14, 0.4)
        _draw_box(canvas, weather, _box(inner_x, (belt, height), inner_z, taper), paint, glass=glass)
    if not is_across and z[0] > NEAR_M:
        _draw_lights(canvas, weather, rng, x, z[0], belt)


def _draw_underside(canvas: Canvas, x: tuple[float, float], z: tuple[float, float]) -> None:
    """The dark under a car, on the ground: it stays road."""
    corners = [(x[0], 0.0, z[0]), (x[1], 0.0, z[0]), (x[1], 0.0, z[1]), (x[0], 0.0, z[1])]
    window = canvas.window(canvas.camera.project(corners))
    if window is not None:
        canvas.paint(window, canvas.colour[window.rows, window.columns] * np.float32(0.35))


def _draw_wheels(canvas: Canvas, x: tuple[float, float], z: tuple[float, float], *, is_across: bool) -> None:
    turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    for share in (0.2, 0.8):
        if is_across:
            middle, plane = x[0] + share * (x[1] - x[0]), z[0]
            rim = np.stack(
                [middle + 0.33 * np.cos(turn), 0.33 + 0.33 * np.sin(turn), np.full(14, plane)], axis=1
            )
        else:
            plane = x[0] if canvas.camera.x_m < x[0] else x[1]
            middle = z[0] + share * (z[1] - z[0])
            rim = np.stack(
                [np.full(14, plane), 0.33 + 0.33 * np.sin(turn), middle + 0.33 * np.cos(turn)], axis=1
            )
        canvas.fill(rim, (0.05, 0.05, 0.055), label=SceneClass.CAR)
        hub = rim.mean(axis=0)
        canvas.fill(hub + (rim - hub) * 0.5, (0.36, 0.36, 0.38), label=SceneClass.CAR)


def _draw_lights(
    canvas: Canvas,
    weather: Weather,
    rng: np.random.Generator,
    x: tuple[float, float],
    z_m: float,
    belt: float,
) -> None:
    is_oncoming = rng.random() < 0.4
    bright = 1.0 if weather.is_dark else 0.6
    colour = np.array([0.95, 0.92, 0.8] if is_oncoming else [0.75, 0.08, 0.06]) * bright
    for left in (x[0] + 0.08, x[1] - 0.38):
        corners = [
            (left, belt - 0.22, z_m),
            (left + 0.3, belt - 0.22, z_m),
            (left + 0.3, belt - 0.06, z_m),
            (left, belt - 0.06, z_m),
        ]
        canvas.fill(corners, colour, label=SceneClass.CAR)
    plate = [
        (x[0] + 0.65, 0.42, z_m),
        (x[1] - 0.65, 0.42, z_m),
        (x[1] - 0.65, 0.54, z_m),
        (x[0] + 0.65, 0.54, z_m),
    ]
    canvas.fill(plate, np.array([0.8, 0.8, 0.74]) * bright, label=SceneClass.CAR)


def _flat(
    points: list[tuple[float, float]], x_m: float, z_m: float, scale: float = 1.0, mirror: float = 1.0
) -> NDArray[np.float64]:
    """A figure's outline [(x, y)] in metres, upright at (x_m, z_m)."""
    return np.array([(x_m + mirror * scale * u, scale * v, z_m) for u, v in points])


def _disc(x_m: float, y_m: float, z_m: float, radius: float, corners: int = 12) -> NDArray[np.float64]:
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False) + np.pi / corners
    return np.stack([x_m + radius * np.cos(turn), y_m + radius * np.sin(turn), np.full(corners, z_m)], axis=1)


def draw_person(
    canvas: Canvas,
    weather: Weather,
    rng: np.random.Generator,
    *,
    x_m: float,
    z_m: float,
    label: SceneClass = SceneClass.PEDESTRIAN,
    lift_m: float = 0.0,
) -> None:
    """Someone who walks, at times under an umbrella; `lift_m` raises a rider onto the saddle."""
    size = rng.uniform(0.55, 0.7) if rng.random() < 0.12 else rng.uniform(0.9, 1.06)
    stride, mirror = rng.uniform(0.0, 0.17), float(rng.choice([-1.0, 1.0]))
    light = weather.shade((0.0, 0.25, -0.8))
    clothes = [
        np.array(PAINTS[int(rng.integers(len(PAINTS)))]) * rng.uniform(0.5, 1.1) * light for _ in range(2)
    ]
    skin = np.array(SKIN[int(rng.integers(4))]) * light

    def part(points: list[tuple[float, float]], colour: NDArray[np.float64]) -> None:
        outline = _flat(points, x_m, z_m, size, mirror)
        outline[:, 1] += lift_m
        canvas.fill(outline, colour, label=label)

    part([(-0.12, 0.9), (0.05, 0.9), (-stride + 0.06, 0.0), (-stride - 0.1, 0.0)], clothes[0] * 0.8)
    part([(-0.05, 0.9), (0.13, 0.9), (stride + 0.12, 0.0), (stride - 0.03, 0.0)], clothes[0])
    part([(-0.17, 0.82), (0.17, 0.82), (0.23, 1.40), (0.10, 1.50), (-0.10, 1.50), (-0.23, 1.40)], clothes[1])
    part(
        [(0.18, 1.42), (0.27, 1.36), (0.24 + stride / 2, 0.85), (0.15 + stride / 2, 0.86)], clothes[1] * 0.85
    )
    part(
        [(-0.18, 1.42), (-0.27, 1.36), (-0.26 - stride / 2, 0.86), (-0.16 - stride / 2, 0.85)],
        clothes[1] * 0.9,
    )
    head = _disc(x_m, lift_m + size * 1.63, z_m, size * 0.125)
    canvas.fill(head, skin, label=label)
    hair = head[head[:, 1] >= lift_m + size * 1.62]
    canvas.fill(hair, np.array([0.14, 0.10, 0.08]) * light * rng.uniform(0.6, 3.0), label=label)
    if weather.kind == "rain" and lift_m == 0 and rng.random() < 0.6:
        dome = [(-0.55, 1.75), (-0.4, 2.0), (0.0, 2.12), (0.4, 2.0), (0.55, 1.75)]
        part(dome, np.array(PAINTS[int(rng.integers(len(PAINTS)))]) * light)


_BICYCLE = (
    [(-0.55, 0.30), (-0.1, 0.85), (-0.02, 0.85), (-0.45, 0.30)],
    [(-0.1, 0.85), (0.4, 0.9), (0.4, 0.8), (-0.1, 0.75)],
    [(0.4, 0.95), (0.48, 0.95), (0.6, 0.34), (0.52, 0.34)],
)


def draw_cyclist(
    canvas: Canvas, weather: Weather, rng: np.random.Generator, *, x_m: float, z_m: float
) -> None:
    """A rider seen from behind or from the side; bicycle and rider are one class."""
    is_aside = rng.random() < 0.4
    frame = np.array(PAINTS[int(rng.integers(len(PAINTS)))]) * weather.shade((0.0, 0.2, -0.8))
    tyre = (0.06, 0.06, 0.06)
    if is_aside:
        for middle in (-0.55, 0.55):
            for radius, colour in ((0.34, tyre), (0.27, (0.42, 0.42, 0.42))):
                canvas.fill(_disc(x_m + middle, 0.34, z_m, radius, 16), colour, label=SceneClass.CYCLIST)
        for points in _BICYCLE:
            canvas.fill(_flat(points, x_m, z_m), frame, label=SceneClass.CYCLIST)
    else:
        canvas.fill(
            _flat([(-0.05, 0.0), (0.05, 0.0), (0.05, 0.75), (-0.05, 0.75)], x_m, z_m),
            tyre,
            label=SceneClass.CYCLIST,
        )
        canvas.fill(
            _flat([(-0.3, 0.98), (0.3, 0.98), (0.3, 1.05), (-0.3, 1.05)], x_m, z_m),
            frame,
            label=SceneClass.CYCLIST,
        )
    draw_person(canvas, weather, rng, x_m=x_m, z_m=z_m, label=SceneClass.CYCLIST, lift_m=0.24)


def _draw_rod(
    canvas: Canvas,
    weather: Weather,
    colour: NDArray[np.float64],
    bottom: tuple[float, float, float],
    top: tuple[float, float, float],
    half_m: float,
) -> None:
    """A thin pole between two points, at least two drawn pixels wide."""
    depth = max(float(canvas.camera.depth_of(np.array([bottom]))[0]), NEAR_M)
    ends = canvas.camera.project([bottom, top])
    if len(ends) != 2:
        return
    along = ends[1] - ends[0]
    length = max(float(np.hypot(*along)), 1e-6)
    half_px = max(half_m * canvas.camera.focal_px / depth, 1.0)
    normal = np.array([-along[1], along[0]]) / length * half_px
    window = canvas.window(np.array([ends[0] - normal, ends[0] + normal, ends[1] + normal, ends[1] - normal]))
    canvas.paint(window, colour * weather.shade((0.3, 0.2, -0.7)), label=SceneClass.POLE, depth_m=depth)


def draw_lamp(canvas: Canvas, weather: Weather, rng: np.random.Generator, *, x_m: float, z_m: float) -> None:
    """A street lamp or a bare mast."""
    height, inward = rng.uniform(5.0, 9.0), -float(np.sign(x_m)) * rng.uniform(0.6, 1.8)
    metal = np.array(
        ((0.30, 0.31, 0.33), (0.52, 0.53, 0.54), (0.16, 0.22, 0.18), (0.46, 0.36, 0.26))[rng.integers(4)]
    )
    _draw_rod(canvas, weather, metal, (x_m, 0, z_m), (x_m, height, z_m), rng.uniform(0.06, 0.11))
    if rng.random() < 0.7:
        _draw_rod(canvas, weather, metal, (x_m, height, z_m), (x_m + inward, height + 0.25, z_m), 0.045)
        bulb = (1.0, 0.9, 0.6) if weather.is_dark else (0.5, 0.5, 0.48)
        head = _disc(x_m + inward, height + 0.2, z_m, 0.22, 8)
        canvas.fill(head, bulb, label=SceneClass.POLE)


def draw_sign(canvas: Canvas, weather: Weather, rng: np.random.Generator, *, x_m: float, z_m: float) -> None:
    """A traffic sign or light on its post."""
    y = rng.uniform(2.1, 2.9)
    light = weather.shade((0.0, 0.2, -0.9))
    _draw_rod(canvas, weather, np.array([0.55, 0.56, 0.57]), (x_m, 0, z_m), (x_m, y, z_m), 0.04)
    kind, radius, ahead = rng.integers(5), rng.uniform(0.32, 0.46), z_m - 0.05
    label = SceneClass.SIGN
    red, white, blue = (
        np.array([0.72, 0.08, 0.08]),
        np.array([0.88, 0.88, 0.86]),
        np.array([0.08, 0.22, 0.58]),
    )
    if kind == 0:
        canvas.fill(_disc(x_m, y, ahead, radius, 16), red * light, label=label)
        canvas.fill(_disc(x_m, y, ahead, radius * 0.68, 16), white * light, label=label)
    elif kind == 1:
        for size, colour in ((1.15, red), (0.7, white)):
            triangle = [
                (-radius * size, -0.6 * radius * size),
                (radius * size, -0.6 * radius * size),
                (0, radius * size),
            ]
            canvas.fill(_flat([(u, v + y) for u, v in triangle], x_m, ahead), colour * light, label=label)
    elif kind == 2:
        half = radius * 0.9
        canvas.fill(
            _flat([(-half, y - half), (half, y - half), (half, y + half), (-half, y + half)], x_m, ahead),
            blue * light,
            label=label,
        )
        canvas.fill(_disc(x_m, y, ahead, half * 0.5, 6), white * light, label=label)
    elif kind == 3:
        canvas.fill(_disc(x_m, y, ahead, radius, 8), red * light, label=label)
        bar = [
            (-radius * 0.7, y - 0.06),
            (radius * 0.7, y - 0.06),
            (radius * 0.7, y + 0.06),
            (-radius * 0.7, y + 0.06),
        ]
        canvas.fill(_flat(bar, x_m, ahead), white * light, label=label)
    else:
        canvas.fill(
            _flat([(-0.18, y - 0.5), (0.18, y - 0.5), (0.18, y + 0.5), (-0.18, y + 0.5)], x_m, ahead),
            (0.06, 0.06, 0.06),
            label=label,
        )
        on = int(rng.integers(3))
        for index, glow in enumerate(((0.95, 0.15, 0.1), (0.95, 0.7, 0.1), (0.15, 0.85, 0.4))):
            shown = np.array(glow) * (1.0 if index == on else 0.2)
            canvas.fill(_disc(x_m, y + 0.3 - 0.3 * index, ahead - 0.02, 0.11, 8), shown, label=label)
