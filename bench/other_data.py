"""The defaults on data of another kind, untouched: cells under a microscope instead of streets.

./run bench other_data [--work DIR] [--processes 2] [--quick]

`segloop` with nothing set but its budget, beside random regions with the same training, answers alone, and a
network trained on all labels; training size, steps and cutout are fitted to the images. They are drawn from a
seed.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from bench._report import publish
from segloop.folders import write_folder
from segloop.settings import RoundSettings, Split
from segloop.simulation import Simulation
from segloop.simulation_config import SimulationConfig, parse_config
from segloop.simulation_processes import run_in_processes

SIZES = ((240, 320), (320, 240), (256, 256), (160, 480))
"""Heights and widths; every fourth image has each."""
CLASSES = {"background": "#332288", "cytoplasm": "#ddcc77", "nucleus": "#aa4499", "rod": "#44aa99"}
BACKGROUND, CYTOPLASM, NUCLEUS, ROD = range(4)
NUM_POOL, NUM_TEST = 80, 24
ROUNDS, FRACTION = 3, 0.01
FITTED = ("image_height_px", "image_width_px", "image_steps", "cutout_px", "reco_negatives")
LIKE_THE_PRESET = ("optimiser", "lr_encoder", "lr_heads", "weight_decay", "rare_class_power")


def main() -> None:
    """Draw, run and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="keep runs here, or go on with them")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="few steps on few images: does it run?")
    options = parser.parse_args()
    num_pool, num_test = (8, 4) if options.quick else (NUM_POOL, NUM_TEST)
    with TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        data = work / "data"
        if not (data / "classes.json").exists():
            write_cells(data, num_pool, num_test)
        config = config_of(data, is_quick=options.quick)
        simulation = Simulation(config, work)
        simulation.check()
        if options.processes > 1:
            run_in_processes(config, work, options.processes, on_progress=lambda _what, _steps: None)
        result = simulation.run()
    publish(
        "other-data-quick" if options.quick else "other-data",
        [table_row(row) for row in [*result["rows"], *result["reference"]]],
        images=f"{num_pool} to ask about, {num_test} to measure on",
        sizes=", ".join(f"{width} x {height}" for height, width in SIZES),
        fitted={name: getattr(config.arms[0].settings, name) for name in FITTED},
    )


def config_of(data: Path, *, is_quick: bool) -> SimulationConfig:
    """Three arms with the methods' own settings, all labels with `segloop`'s optimiser and loss weights."""
    preset = RoundSettings.from_mapping({"method": "segloop"}).to_mapping()
    few = {"image_steps": 24, "image_height_px": 96, "image_width_px": 96} if is_quick else {}
    return parse_config(
        {
            "name": "cells of four kinds and four sizes",
            "data": {"kind": "folder", "path": str(data)},
            "defaults": {**few, "rounds": ROUNDS, "budget_fraction": FRACTION},
            "arms": [
                {"name": "segloop", "method": "segloop"},
                {
                    "name": "random_regions",
                    "method": "segloop",
                    "acquisition": "random",
                    "cold_start": "random_regions",
                    "image_share": 0.0,
                },
                {"name": "answers_alone", "method": "segloop", "num_generations": 0},
            ],
            "reference": {name: preset[name] for name in LIKE_THE_PRESET},
        },
    )


def table_row(row: dict[str, Any]) -> dict[str, Any]:
    """One line of the table."""
    return {
        "arm": row["method"],
        "round": row["round"],
        "labelled %": 100 * row["labelled_fraction"],
        "clicks": row["num_clicks"],
        "mean IoU": row["mean_iou"],
        **dict(zip(CLASSES, row["iou_per_class"], strict=True)),
    }


def write_cells(out: Path, num_pool: int, num_test: int) -> None:
    """A data-set folder of drawn cells."""

    def items() -> Iterator[tuple[str, Split, NDArray[np.uint8], NDArray[np.uint8]]]:
        for index in range(num_pool + num_test):
            height, width = SIZES[index % len(SIZES)]
            split = Split.POOL if index < num_pool else Split.TEST
            image, label_map = draw_cells(index, height, width)
            yield f"cells_{index:04d}.png", split, image, label_map

    write_folder(out, items(), class_names=list(CLASSES), colors=list(CLASSES.values()))


def draw_cells(seed: int, height: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """An image (H, W, 3) and its label map (H, W): large cells with a nucleus, and a few thin rods."""
    rng = np.random.default_rng([11, seed])
    label_map = Image.new("L", (width, height), BACKGROUND)
    picture = Image.new("RGB", (width, height), _tone(rng, (214, 208, 222), 12))
    pens = ImageDraw.Draw(picture), ImageDraw.Draw(label_map)
    for _ in range(int(rng.integers(3, 9))):
        _draw_cell(rng, pens, width, height)
    for _ in range(int(rng.integers(0, 4))):
        _draw_rod(rng, pens, width, height)
    blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(1.2)), dtype=np.float64)
    light = 1 + 0.2 * (np.linspace(-1, 1, width)[None, :, None] * rng.uniform(-1, 1))
    noisy = blurred * light + rng.normal(0, 6, blurred.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), np.asarray(label_map, dtype=np.uint8)


Pens = tuple[ImageDraw.ImageDraw, ImageDraw.ImageDraw]


def _draw_cell(rng: np.random.Generator, pens: Pens, width: int, height: int) -> None:
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    across, down = rng.uniform(18, 48, 2)
    paint, label = pens
    body = (x - across, y - down, x + across, y + down)
    paint.ellipse(body, fill=_tone(rng, (188, 150, 190), 16), outline=_tone(rng, (150, 110, 160), 10))
    label.ellipse(body, fill=CYTOPLASM)
    share = rng.uniform(0.25, 0.5)
    x, y = x + across * rng.uniform(-0.3, 0.3), y + down * rng.uniform(-0.3, 0.3)
    core = (x - share * across, y - share * down, x + share * across, y + share * down)
    paint.ellipse(core, fill=_tone(rng, (96, 60, 130), 16))
    label.ellipse(core, fill=NUCLEUS)


def _draw_rod(rng: np.random.Generator, pens: Pens, width: int, height: int) -> None:
    x, y, angle = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0, np.pi)
    length, thickness = rng.uniform(14, 40), int(rng.integers(3, 7))
    line = (x, y, x + length * np.cos(angle), y + length * np.sin(angle))
    paint, label = pens
    paint.line(line, fill=_tone(rng, (120, 150, 110), 14), width=thickness)
    label.line(line, fill=ROD, width=thickness)


def _tone(rng: np.random.Generator, color: tuple[int, int, int], spread: int) -> tuple[int, int, int]:
    red, green, blue = (int(np.clip(part + rng.integers(-spread, spread + 1), 0, 255)) for part in color)
    return red, green, blue


if __name__ == "__main__":
    main()
