"""Street-like pictures with exact label maps, drawn from a seed: data for the demo, tests and simulations.

Colours overlap between classes and shift from scene to scene with weather and time of day, so that a network
must learn shapes, textures and places. `python -m segloop.scenes OUT --num 80 --seed 0` writes a data-set
folder. Only numpy's generators are random here: the same (seed, index) gives the same scene on every machine.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segloop.images import encode_png
from segloop.label_maps import encode_index_png
from segloop.scenery.canvas import SUPERSAMPLING, Camera, Canvas
from segloop.scenery.classes import COLORS, SceneClass
from segloop.scenery.surfaces import Street, draw_ground, draw_shadows, draw_wetness
from segloop.scenery.town import Town
from segloop.scenery.weather import Weather, develop, draw_air, draw_sky
from segloop.seeds import Purpose, generator

SCENE_CLASSES: tuple[tuple[str, str], ...] = tuple((kind.name.lower(), COLORS[kind]) for kind in SceneClass)
"""(name, "#rrggbb") by class index."""


def render_scene(
    seed: int, index: int, *, height: int = 240, width: int = 320
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Scene number `index` of `seed`: image uint8 (H, W, 3), label map uint8 (H, W), each pixel labelled."""
    rng = generator(seed, index, Purpose.SCENE)
    street, weather = Street.random(rng), Weather.random(rng)
    camera = Camera.random(
        rng, height_px=height * SUPERSAMPLING, width_px=width * SUPERSAMPLING, road_half_m=street.road_half_m
    )
    canvas = Canvas(camera)
    draw_sky(canvas, weather, rng, label=SceneClass.SKY)
    draw_ground(canvas, street, weather, rng)
    town = Town(canvas, street, weather, rng)
    town.plan()
    if weather.has_shadows:
        draw_shadows(canvas, weather, town.casters)
    town.draw()
    draw_air(canvas, weather)
    draw_wetness(canvas, weather, rng)
    return develop(canvas.averaged(), weather, rng), canvas.label[1::SUPERSAMPLING, 1::SUPERSAMPLING].copy()


SPLIT_SHARES = {"train": 0.6, "val": 0.15, "test": 0.25}
"""How a written folder is divided, scene by scene in this order."""


def write_scenes(
    out: Path,
    *,
    num: int,
    seed: int,
    height: int = 240,
    width: int = 320,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Scenes 0 .. num-1 as a data-set folder: images/ and labels/ by split, and classes.json.

    Args:
        out: the folder, made if missing; files of the same names are replaced.
        num: at least 3, so that each split has one.
        seed: which scenes.
        height: of each image, pixels.
        width: of each image, pixels.
        on_progress: told the number of scenes written so far.
    """
    bounds = np.rint(np.cumsum(list(SPLIT_SHARES.values())) * num)
    for index in range(num):
        split = list(SPLIT_SHARES)[int(np.searchsorted(bounds, index, side="right"))]
        image, label_map = render_scene(seed, index, height=height, width=width)
        for kind, data in (("images", encode_png(image)), ("labels", encode_index_png(label_map))):
            path = out / kind / split / f"scene_{index:05d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if on_progress is not None:
            on_progress(index + 1)
    classes = [
        {"id": index, "name": name, "color": color, "ignore": False}
        for index, (name, color) in enumerate(SCENE_CLASSES)
    ]
    (out / "classes.json").write_text(json.dumps({"classes": classes}, indent=1) + "\n")


def main(arguments: list[str] | None = None) -> None:
    """Write a folder of scenes."""
    parser = argparse.ArgumentParser(prog="python -m segloop.scenes", description=main.__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--num", type=int, default=80)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--height", type=int, default=240)
    parser.add_argument("--width", type=int, default=320)
    asked = parser.parse_args(arguments)
    if asked.num < 3:
        parser.error(f"--num {asked.num}: at least 3, one for each of train, val and test")

    def show(done: int) -> None:
        end = "\n" if done == asked.num else "\r"
        print(f"scene {done} of {asked.num}", end=end, file=sys.stderr, flush=True)  # noqa: T201 - a command's output

    write_scenes(
        asked.out, num=asked.num, seed=asked.seed, height=asked.height, width=asked.width, on_progress=show
    )


if __name__ == "__main__":
    main()
