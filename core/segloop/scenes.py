"""Street-like pictures with exact label maps, drawn from a seed: data for the demo, tests and simulations.

Colours overlap between classes and shift from scene to scene with weather and time of day, so that a network
must learn shapes, textures and places. `python -m segloop.scenes OUT --num 80 --seed 0` writes a data-set
folder. Only numpy's generators are random here: the same (seed, index) gives the same scene on every machine.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segloop.folders import write_folder
from segloop.scenery.canvas import SUPERSAMPLING, Camera, Canvas
from segloop.scenery.classes import COLORS, SceneClass
from segloop.scenery.surfaces import Street, draw_ground, draw_shadows, draw_wetness
from segloop.scenery.town import Town
from segloop.scenery.weather import Weather, develop, draw_air, draw_sky
from segloop.seeds import Purpose, generator
from segloop.settings import Split

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


SPLIT_SHARES = {Split.POOL: 0.6, Split.VALIDATION: 0.15, Split.TEST: 0.25}
"""How scenes are divided: the first go to the pool, the last to the test split."""


def split_of(index: int, num: int) -> Split:
    """The split of scene `index` of `num`."""
    bounds = np.rint(np.cumsum(list(SPLIT_SHARES.values())) * num)
    return list(SPLIT_SHARES)[int(np.searchsorted(bounds, index, side="right"))]


def write_scenes(
    out: Path,
    *,
    num: int,
    seed: int,
    height: int = 240,
    width: int = 320,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Scenes 0 .. num-1 as a data-set folder that `segloop.folders.open_folder` reads.

    Args:
        out: the folder, made if missing; files of the same names are replaced.
        num: at least 3, so that each split has one.
        seed: which scenes.
        height: of each image, pixels.
        width: of each image, pixels.
        on_progress: told the number of scenes written so far.
    """

    def items() -> Iterator[tuple[str, Split, NDArray[np.uint8], NDArray[np.uint8]]]:
        for index in range(num):
            image, label_map = render_scene(seed, index, height=height, width=width)
            yield f"scene_{index:05d}.png", split_of(index, num), image, label_map
            if on_progress is not None:
                on_progress(index + 1)

    names, colors = zip(*SCENE_CLASSES, strict=True)
    write_folder(out, items(), class_names=names, colors=colors)


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
