"""The pictures of docs/method.md, from real runs on drawn scenes, which may be published.

./run bench method_figures [--out docs/images] [--work DIR] [--image-steps 600] [--quick]

Two pictures: what three rounds asked of some scenes beside what the network was sure and unsure of, and test
scenes as a teacher with ClassMix and as self-training with contrast label them from an eighth of the images.
Killed, the command goes on where it was when `--work` names the same folder.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from segloop.budgets import Budget
from segloop.evaluation import metrics_of
from segloop.label_maps import UNLABELLED
from segloop.network import SegmentationNetwork, load_weights, save_weights
from segloop.regions import grid_partition
from segloop.rounds import PlannedQuery, plan_cold_start
from segloop.scenes import SCENE_CLASSES
from segloop.scoring import ImageScores, evaluate, score_images, summarise_pool
from segloop.settings import METHOD_PRESETS, AnnotationKind, ColdStart, Method, PartitionKind, RoundSettings
from segloop.simulated_pool import SimulatedPool, open_data
from segloop.simulation import Simulation
from segloop.simulation_config import SimulationConfig, parse_config
from segloop.sources import ImageSource
from segloop.training import train

ROUND_COLORS = ("#ffffff", "#f0e442", "#ee6677")
"""Of the cells asked in round 0, 1 and 2."""
NUM_SHOWN = 3
PALETTE = np.array(
    [tuple(int(color[at : at + 2], 16) for at in (1, 3, 5)) for _, color in SCENE_CLASSES], dtype=np.uint8
)
GREY = (150, 150, 150)


def main() -> None:
    """Train, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--work", type=Path, help="keep runs here, or go on with them")
    parser.add_argument("--image-steps", type=int, default=600, help="of each round and training")
    parser.add_argument("--quick", action="store_true", help="few steps on few scenes: does it run?")
    options = parser.parse_args()
    steps, num_pool = (24, 8) if options.quick else (options.image_steps, 80)
    config = asked_config(steps, num_pool)
    options.out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        draw_asked(config, work / "asked", options.out / "method-asked.png")
        draw_semi_supervised(config, steps, work / "semi", options.out / "method-semi-supervised.png")


def asked_config(steps: int, num_pool: int) -> SimulationConfig:
    """Three rounds of the method on drawn scenes."""
    return parse_config(
        {
            "name": "drawn scenes",
            "data": {"kind": "scenes", "num_pool": num_pool, "num_test": max(2, num_pool // 4)},
            "defaults": {
                "image_height_px": 120,
                "image_width_px": 160,
                "image_steps": steps,
                "cutout_px": 17,
                "precision": "bf16",
                "size_px": 20,
                "rounds": 3,
                "budget_fraction": 0.01,
            },
            "arms": [{"name": "segloop", "method": "segloop"}],
            "reference": {"enabled": False},
        }
    )


def draw_asked(config: SimulationConfig, work: Path, path: Path) -> None:
    """What was asked, and what the second round's network says of it."""
    (arm,) = config.arms
    simulation = Simulation(config, work)
    rows = simulation.run_arm(arm, seed=0)
    folder = work / "arms" / f"{arm.name}-seed0"
    state = json.loads((folder / "state.json").read_text())
    pool = SimulatedPool(simulation.pool_truth, kind=arm.partition, size_px=arm.size_px, answers=arm.answers)
    for asked in state["queries"]:
        pool.answer(_planned(asked))
    network = load_weights(folder / state["weights"], arm.settings, len(simulation.class_names))
    shown = most_asked(state["queries"][:NUM_SHOWN])
    scores = scored(network, pool, arm.settings, shown)
    figure = _figure(NUM_SHOWN, 5)
    titles = (
        "asked in rounds 0, 1 and 2",
        "score of what is not answered",
        "sure enough to learn from",
        "prediction",
        "truth",
    )
    for row, image in enumerate(shown):
        axes = [figure.add_subplot(NUM_SHOWN, 5, row * 5 + column + 1) for column in range(5)]
        if row == 0:
            for axis, title in zip(axes, titles, strict=True):
                axis.set_title(title, fontsize=8)
        picture = pool.image(image)
        _show(axes[0], picture)
        outline(axes[0], pool, image, state["queries"])
        _show(axes[1], scores[image].heat, cmap="magma")
        sure = scores[image].max_prob >= arm.settings.pseudo_label_threshold * 255
        _show(axes[2], colored(np.where(sure, scores[image].prediction, UNLABELLED)))
        _show(axes[3], colored(scores[image].prediction))
        _show(axes[4], colored(simulation.pool_truth.label_map(image)))
    _legend(figure)
    figure.savefig(path, dpi=110)
    print(f"{path}: mean IoU {[round(row['mean_iou'], 3) for row in rows]}")


def scored(
    network: SegmentationNetwork, pool: SimulatedPool, settings: RoundSettings, images: Sequence[int]
) -> dict[int, ImageScores]:
    """Scores of some images of the pool."""
    summary = summarise_pool(network, pool, settings)
    return dict(score_images(network, pool, pool.partition, settings, summary=summary, indices=images))


def most_asked(queries: list[list[tuple[int, int]]]) -> list[int]:
    """Of each round the image it asked most of, none twice."""
    shown: list[int] = []
    for asked in queries:
        counts = Counter(image for image, _ in asked if image not in shown)
        shown.append(min(counts, key=lambda image: (-counts[image], image)))
    return shown


def outline(axes: Axes, pool: SimulatedPool, image: int, queries: list[list[tuple[int, int]]]) -> None:
    """Boxes of an image's asked cells, a colour a round."""
    for asked, color in zip(queries, ROUND_COLORS, strict=False):
        for region in (region for at, region in asked if at == image):
            x, y, width, height = pool.partition(image).bboxes[region]
            xs = [x, x + width, x + width, x, x]
            ys = [y, y, y + height, y + height, y]
            axes.plot(xs, ys, color="#000000", linewidth=2.2)
            axes.plot(xs, ys, color=color, linewidth=1.2)
    height, width = pool.image(image).shape[:2]
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)


_AS_SEGLOOP = ("optimiser", "lr_encoder", "lr_heads", "weight_decay", "rare_class_power")


@dataclass(frozen=True)
class Trained:
    """A way to learn from an eighth of the images, and what it reached.

    Attributes:
        title: over its picture.
        network: in evaluation mode.
        settings: it was trained with.
        mean_iou: on the test scenes.
    """

    title: str
    network: SegmentationNetwork
    settings: RoundSettings
    mean_iou: float


def draw_semi_supervised(config: SimulationConfig, steps: int, work: Path, path: Path) -> None:
    """Image, truth, teacher-student and `segloop`'s training, all with its optimiser, on test scenes."""
    common = {
        "image_height_px": 120,
        "image_width_px": 160,
        "image_steps": 3 * steps,
        "cutout_px": 17,
        "precision": "bf16",
        **{name: METHOD_PRESETS[Method.SEGLOOP][name] for name in _AS_SEGLOOP},
    }
    ways: dict[str, dict[str, Any]] = {
        "labelled images alone": {"method": "supervised"},
        "EMA teacher and ClassMix": {
            "method": "supervised",
            "num_generations": 1,
            "generation_0_share": 0.25,
            "teacher": "ema",
            "loss_means": "separate",
            "mixing": "classmix",
            "warm_lr_factor": 1.0,
        },
        "segloop: self-training and contrast": {"method": "segloop"},
    }
    _, truth, test = open_data(config.data)
    pool = SimulatedPool(truth, kind=PartitionKind.GRID, size_px=None, answers=AnnotationKind.EXACT)
    settings = RoundSettings.from_mapping({**common, "cold_start": ColdStart.RANDOM_IMAGES.value})
    pool.answer(
        plan_cold_start(
            pool.partition,
            pool.asked,
            num_images=len(pool),
            encode=None,
            budget=_eighth(pool),
            settings=settings,
            round_number=0,
            names=pool.filename,
        )
    )
    trained = [
        _train(title, RoundSettings.from_mapping(common | changes), pool, test, work / f"{number}")
        for number, (title, changes) in enumerate(ways.items())
    ]
    figure = _figure(NUM_SHOWN, 2 + len(trained))
    for row in range(min(NUM_SHOWN, len(test))):
        columns = 2 + len(trained)
        axes = [figure.add_subplot(NUM_SHOWN, columns, row * columns + at + 1) for at in range(columns)]
        _show(axes[0], test.image(row))
        _show(axes[1], colored(test.label_map(row)))
        for axis, way in zip(axes[2:], trained, strict=True):
            _show(axis, colored(_predicted(way, test, row)))
        if row == 0:
            titles = ["image", "truth", *(f"{way.title}, {way.mean_iou:.3f}" for way in trained)]
            for axis, title in zip(axes, titles, strict=True):
                axis.set_title(title, fontsize=8)
    _legend(figure)
    figure.savefig(path, dpi=110)
    print(f"{path}: {[(way.title, round(way.mean_iou, 3)) for way in trained]}")


def colored(label_map: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A label map (H, W) in its classes' colours, (H, W, 3); what has no class is grey."""
    picture = np.full((*label_map.shape, 3), GREY, dtype=np.uint8)
    is_known = label_map < len(PALETTE)
    picture[is_known] = PALETTE[label_map[is_known]]
    return picture


def _train(
    title: str, settings: RoundSettings, pool: SimulatedPool, test: ImageSource, work: Path
) -> Trained:
    """One training, and its metrics; an earlier one in `work` is not repeated."""
    num_classes = len(PALETTE)
    weights = work / "weights.safetensors"
    if not weights.is_file():
        print(f"{title} ...", flush=True)
        model = train(
            pool, settings, num_classes=num_classes, work_dir=work, on_progress=lambda _progress: None
        )
        save_weights(model.network, weights, {})
    network = load_weights(weights, settings, num_classes)
    confusion = evaluate(network, test, settings, num_classes=num_classes)
    return Trained(title, network, settings, metrics_of(confusion).mean_iou or 0.0)


def _predicted(way: Trained, test: ImageSource, index: int) -> NDArray[np.uint8]:
    height, width = test.label_map(index).shape
    cells = grid_partition(height, width, 20)
    ((_, scores),) = score_images(way.network, test, lambda _index: cells, way.settings, indices=[index])
    return scores.prediction


def _eighth(pool: SimulatedPool) -> Budget:
    """Of the pool's pixels; random images come whole."""
    return Budget.of_fraction(1 / 8, pool_pixels=pool.num_pixels())


def _planned(asked: list[tuple[int, int]]) -> list[PlannedQuery]:
    return [PlannedQuery(image, region, 0.0) for image, region in asked]


def _figure(rows: int, columns: int) -> Figure:
    figure = Figure(figsize=(2.4 * columns, 1.85 * rows + 0.5), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _show(axes: Axes, picture: NDArray[np.uint8], cmap: str | None = None) -> None:
    axes.imshow(picture, interpolation="nearest", cmap=cmap)
    axes.set_xticks([])
    axes.set_yticks([])


def _legend(figure: Figure) -> None:
    names = [name for name, _ in SCENE_CLASSES]
    patches = [
        Patch(facecolor="#" + bytes(color).hex(), edgecolor="#000000", label=name)
        for name, color in zip([*names, "not sure"], [*PALETTE.tolist(), GREY], strict=True)
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=12, fontsize=7, frameon=False)


if __name__ == "__main__":
    main()
