"""The learning curve of a simulation as a picture: mean IoU over what was asked, with the seeds' range."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from segloop.simulation_config import BudgetAxis

# Okabe and Ito's colours, dark ones first; with markers they stay apart in grey as well
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#444444")
_MARKERS = "osD^vPX"
_LINES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))
_MOST_INSIDE = 8
"""Names that still fit into the picture; more stand beside it."""

Rows = Sequence[Mapping[str, Any]]

_AXES: dict[BudgetAxis, tuple[str, float, str]] = {
    BudgetAxis.PIXELS: ("labelled_fraction", 100.0, "labelled pixels of the pool (%)"),
    BudgetAxis.REGIONS: ("num_regions", 1.0, "regions asked"),
    BudgetAxis.CLICKS: ("num_clicks", 1.0, "clicks of the oracle"),
}
"""Field of a row, factor and label."""


def draw_curve(
    rows: Rows,
    reference: Rows,
    out: Path,
    *,
    title: str,
    axis: BudgetAxis = BudgetAxis.PIXELS,
    measured_on: str = "test split",
) -> None:
    """Write curve.png and curve.svg into `out`.

    Args:
        rows: `method`, `round`, the axis's field and `mean_iou` of every arm, seed and round.
        reference: the same of the runs on all labels; drawn as a level line.
        out: an existing folder.
        title: over the picture.
        axis: what was asked is counted in.
        measured_on: the images whose mean IoU it is.
    """
    figure = learning_curve(rows, reference, title=title, axis=axis, measured_on=measured_on)
    for suffix in ("png", "svg"):
        metadata = {"Date": None} if suffix == "svg" else None
        figure.savefig(out / f"curve.{suffix}", dpi=150, metadata=metadata)


def learning_curve(
    rows: Rows, reference: Rows, *, title: str, axis: BudgetAxis, measured_on: str = "test split"
) -> Figure:
    """The picture itself; see `draw_curve`."""
    methods = list(dict.fromkeys(row["method"] for row in rows))
    fit_inside = len(methods) <= _MOST_INSIDE
    figure = Figure(
        figsize=(7.2 if fit_inside else 9.6, 4.6 if len(methods) <= 18 else 0.26 * len(methods)),
        facecolor="white",
        layout="constrained",
    )
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for number, method in enumerate(methods):
        own = [row for row in rows if row["method"] == method and row["mean_iou"] is not None]
        _draw_arm(axes, own, str(method), _look_of(number), axis)
    _draw_reference(axes, [row["mean_iou"] for row in reference if row["mean_iou"] is not None])
    num_seeds = len({row["seed"] for row in rows})
    axes.set_xlabel(_AXES[axis][2])
    axes.set_ylabel(f"mean IoU, {measured_on}")
    axes.set_title(f"{title} ({num_seeds} seed{'s' * (num_seeds != 1)}, band = range)", fontsize=10)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlim(left=0)
    if axes.get_legend_handles_labels()[0]:
        beside: dict[str, Any] = {} if fit_inside else {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
        axes.legend(frameon=False, fontsize=9, **beside)
    return figure


def _look_of(number: int) -> dict[str, Any]:
    """Colour, marker and line of the so many-th arm: no two of the first 49 have colour and marker alike."""
    turn, place = divmod(number, len(_COLORS))
    return {
        "color": _COLORS[place],
        "marker": _MARKERS[(place + turn) % len(_MARKERS)],
        "linestyle": _LINES[turn % len(_LINES)],
    }


def _draw_arm(axes: Axes, rows: Rows, name: str, look: dict[str, Any], axis: BudgetAxis) -> None:
    field, factor, _ = _AXES[axis]
    by_round = [
        [row for row in rows if row["round"] == number] for number in sorted({row["round"] for row in rows})
    ]
    x = [factor * sum(row[field] for row in group) / len(group) for group in by_round]
    values = [[row["mean_iou"] for row in group] for group in by_round]
    means = [sum(group) / len(group) for group in values]
    low, high = [min(group) for group in values], [max(group) for group in values]
    axes.plot(x, means, **look, markersize=5, linewidth=1.8, label=name)
    if len(x) > 1:
        axes.fill_between(x, low, high, color=look["color"], alpha=0.18, linewidth=0)
    else:
        axes.vlines(x, low, high, color=look["color"], linewidth=1.2)


def _draw_reference(axes: Axes, values: Sequence[float]) -> None:
    if not values:
        return
    mean = sum(values) / len(values)
    axes.axhline(mean, color="#666666", linestyle="--", linewidth=1.2, label="all labels")
    axes.axhspan(min(values), max(values), color="#666666", alpha=0.10, linewidth=0)
