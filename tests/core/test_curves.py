from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segloop.curves import draw_curve, learning_curve
from segloop.simulation_config import BudgetAxis


def row(method: str, seed: int, number: int, mean_iou: float | None) -> dict[str, Any]:
    return {
        "method": method,
        "seed": seed,
        "round": number,
        "labelled_fraction": 0.01 * number,
        "num_regions": 20 * number,
        "num_clicks": 30 * number + seed,
        "mean_iou": mean_iou,
    }


def test_the_curve_is_drawn_on_a_light_ground_with_its_labels(tmp_path: Path) -> None:
    rows = [
        row("segloop", seed, number, 0.3 + 0.05 * number + 0.01 * seed)
        for seed in (0, 1)
        for number in (1, 2, 3)
    ]
    rows += [row("once", seed, 3, 0.35) for seed in (0, 1)] + [row("failed", 0, 1, None)]
    draw_curve(rows, [row("all_labels", 0, 1, 0.6)], tmp_path, title="a title")
    pixels = np.asarray(Image.open(tmp_path / "curve.png").convert("RGB"))
    assert pixels.shape[1] > 900
    assert (pixels[0, 0] == 255).all()
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20
    assert (tmp_path / "curve.svg").read_text().count("<path") > 10


@pytest.mark.parametrize(
    ("axis", "label", "right_end"),
    [
        (BudgetAxis.PIXELS, "labelled pixels", 2),
        (BudgetAxis.REGIONS, "regions", 40),
        (BudgetAxis.CLICKS, "clicks", 61),
    ],
)
def test_the_axis_counts_what_it_is_asked_to(axis: BudgetAxis, label: str, right_end: float) -> None:
    figure = learning_curve([row("a", 1, number, 0.1) for number in (1, 2)], [], title="t", axis=axis)
    (axes,) = figure.axes
    assert label in axes.get_xlabel()
    assert np.asarray(axes.lines[0].get_xdata())[-1] == pytest.approx(right_end)


def test_nothing_to_draw_is_still_a_picture(tmp_path: Path) -> None:
    draw_curve([], [], tmp_path, title="empty")
    assert (tmp_path / "curve.png").stat().st_size > 0


def test_however_many_arms_no_two_look_the_same_and_every_name_is_readable() -> None:
    rows = [row(f"arm {arm}", 0, number, 0.01 * arm) for arm in range(24) for number in (1, 2)]
    figure = learning_curve(rows, [], title="t", axis=BudgetAxis.PIXELS)
    (axes,) = figure.axes
    looks = {(line.get_color(), line.get_marker()) for line in axes.lines}
    assert len(axes.lines) == len(looks) == 24
    figure.canvas.draw()
    legend = axes.get_legend()
    assert legend is not None
    box, whole = legend.get_window_extent(), figure.bbox
    assert box.x0 > axes.get_window_extent().x1, "beside the curves"
    assert whole.x0 <= box.x0 < box.x1 <= whole.x1
    assert whole.y0 <= box.y0 < box.y1 <= whole.y1
