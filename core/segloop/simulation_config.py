"""What a simulation compares, read from TOML: data, arms, seeds and the reference. It knows no pixel.

Two modes: `active` replays rounds of questions; `semi_supervised` labels a share of whole images at random
and asks nothing, every arm once for each share.
"""

import dataclasses
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from segloop import config_values
from segloop.acquisition import check_acquisition
from segloop.budgets import Budget
from segloop.errors import SettingsError
from segloop.idle_settings import idle_settings
from segloop.rounds import QueryUnit
from segloop.settings import AnnotationKind, ColdStart, Method, PartitionKind, RoundSettings
from segloop.simulation_data import DataConfig, DataKind
from segloop.simulation_fit import Fitted, fit_to_data


class Mode(StrEnum):
    """What is replayed."""

    ACTIVE = "active"
    SEMI_SUPERVISED = "semi_supervised"


class BudgetAxis(StrEnum):
    """What a curve's horizontal axis counts."""

    PIXELS = "pixels"
    REGIONS = "regions"
    CLICKS = "clicks"


@dataclass(frozen=True, slots=True)
class Arm:
    """One `[[arms]]`: a way to run the loop, repeated for every seed.

    Attributes:
        name: its folder's name, different from every other arm's.
        method: what its rows are called.
        first_number: number of its first trained round in its rows.
        settings: of every round; seed and image_steps are put in per run and round.
        image_steps_per_round: for each trained round.
        budget_fractions: share of the pool's pixels asked in round 0, 1, ...; as many rounds are trained.
        budget_regions: or how many regions, in place of the shares.
        unit: single regions or whole images from round 1 on.
        answers: how the oracle answers.
        partition: what a region is.
        size_px: its side, None = the default for the image's size.
    """

    name: str
    method: str
    first_number: int
    settings: RoundSettings
    image_steps_per_round: tuple[int, ...]
    budget_fractions: tuple[float, ...]
    unit: QueryUnit
    answers: AnnotationKind
    partition: PartitionKind
    size_px: int | None
    budget_regions: tuple[int, ...] | None = None

    @property
    def num_rounds(self) -> int:
        """Rounds that train: 1 .. num_rounds."""
        return len(self.budget_regions or self.budget_fractions)

    def budget(self, number: int, *, pool_pixels: int) -> Budget:
        """What round `number`, from 0 on, asks."""
        if self.budget_regions is not None:
            return Budget(regions=self.budget_regions[number])
        return Budget.of_fraction(self.budget_fractions[number], pool_pixels=pool_pixels)

    @property
    def image_steps(self) -> int:
        """Image-steps of all its rounds together."""
        return sum(self.image_steps_per_round)

    def identity(self) -> dict[str, Any]:
        """JSON-ready, what a run of it is known by: settings only where they are not the defaults."""
        return {**self.to_mapping(), "settings": self.settings.changes()}

    def to_mapping(self) -> dict[str, Any]:
        """JSON-ready; of the two budgets the one that is there."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        del values["budget_fractions" if self.budget_regions else "budget_regions"]
        lists = {name: list(value) for name, value in values.items() if isinstance(value, tuple)}
        return {**values, **lists, "settings": self.settings.to_mapping()}


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """A whole simulation.

    Attributes:
        axis: what the curve is drawn over.
        tail_classes: names whose mean IoU stands in each row too.
        reference: settings of the supervised run on all labels, None = no reference.
    """

    name: str
    mode: Mode
    axis: BudgetAxis
    tail_classes: tuple[str, ...]
    seeds: tuple[int, ...]
    data: DataConfig
    arms: tuple[Arm, ...]
    reference: RoundSettings | None

    def to_mapping(self) -> dict[str, Any]:
        """JSON-ready, every default written out."""
        return {
            "name": self.name,
            "mode": self.mode,
            "axis": self.axis,
            "tail_classes": list(self.tail_classes),
            "seeds": list(self.seeds),
            "data": dataclasses.asdict(self.data),
            "arms": [arm.to_mapping() for arm in self.arms],
            "reference": None if self.reference is None else self.reference.to_mapping(),
        }


LARGEST_SEED = 2**31 - 1
"""Of `RoundSettings.seed`."""

_ROUNDING = 1e-9
"""Ten times a tenth may be a little more than one."""

_REFERENCE_NAMES = {"reference", "all_labels"}
"""What the reference's folder and rows are called."""

_ARM_DEFAULTS: dict[str, Any] = {
    "rounds": 1,
    "budget_fraction": 0.005,
    "budget_fractions": None,
    "budget_regions": None,
    "image_steps_per_round": None,
    "unit": QueryUnit.REGIONS,
    "answers": AnnotationKind.EXACT,
    "partition": PartitionKind.GRID,
    "size_px": None,
}
_RIVALS = (
    ({"rounds", "budget_fraction"}, {"budget_fractions"}, {"budget_regions"}),
    ({"image_steps"}, {"image_steps_per_round"}),
)
"""Ways to say the same: an arm's replaces the defaults', and two in one table contradict each other."""

_TABLES = {
    "name",
    "mode",
    "axis",
    "tail_classes",
    "fractions",
    "seeds",
    "data",
    "defaults",
    "arms",
    "reference",
}
_SEMI_SUPERVISED_FRACTIONS = (1 / 16, 1 / 8, 1 / 4, 1 / 2)


def load_config(
    path: Path,
    *,
    data: Path | None = None,
    weights: Path | None = None,
    hold_out: str | None = None,
    fit: Callable[[DataConfig], Fitted] | None = fit_to_data,
) -> SimulationConfig:
    """Read a TOML file; what is given replaces what it says.

    Tables: `name`, `seeds = [0, 1]`, `axis` (`BudgetAxis`), `tail_classes` (names), `[data]` (`DataConfig`),
    `[defaults]` (`RoundSettings` and what an arm may say, for all arms), `[[arms]]` (`name`, `rounds`,
    `budget_fraction` of every round, a list `budget_fractions`, or a list `budget_regions` of whole numbers;
    `image_steps` of every round or a list `image_steps_per_round`; `unit`, `answers`, `partition`, `size_px`,
    and any of `RoundSettings` but `seed`), `[reference]` (`enabled`, and any of `RoundSettings`; its
    image-steps default to the longest arm's). With `mode = "semi_supervised"` an arm has no rounds or
    budgets: it is trained once for each of `fractions` (default 1/16, 1/8, 1/4, 1/2), on that share of the
    pool's images, the same ones in every arm.

    Args:
        path: the file.
        data: a folder in place of `[data]`.
        weights: every arm's encoder weights.
        hold_out: in place of `[data] hold_out`.
        fit: gives what neither `[defaults]` nor an arm names; None = `RoundSettings`' defaults.

    Raises:
        DatasetError: the folder, which is looked at to fit settings to it, is no data set.
        SettingsError: the file is missing or no TOML, a name or value is unknown, or an arm's own setting
            would have no effect.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        raise SettingsError(f"{path} does not exist") from cause
    except OSError as cause:
        raise SettingsError(f"{path} cannot be read: {cause.strerror}") from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise SettingsError(f"{path} is no TOML: {cause}") from cause
    return parse_config(
        values, default_name=path.stem, data=data, weights=weights, hold_out=hold_out, fit=fit
    )


def parse_config(
    values: dict[str, Any],
    *,
    default_name: str = "simulation",
    data: Path | None = None,
    weights: Path | None = None,
    hold_out: str | None = None,
    fit: Callable[[DataConfig], Fitted] | None = fit_to_data,
) -> SimulationConfig:
    """A simulation from decoded TOML; see `load_config`.

    Raises:
        DatasetError: the folder, which is looked at to fit settings to it, is no data set.
        SettingsError: a name or value is unknown.
    """
    config_values.refuse_unknown(values, _TABLES, "the file")
    over = {} if weights is None else {"encoder_weights": str(weights)}
    defaults = config_values.table(values.get("defaults", {}), "defaults")
    mode = config_values.choice(Mode, values.get("mode", Mode.ACTIVE), "mode")
    if "fractions" in values and mode is Mode.ACTIVE:
        raise SettingsError('fractions belong to mode = "semi_supervised"; an arm has budget_fractions')
    parts = config_values.tables(values.get("arms", []), "arms")
    _refuse_rivals(defaults, "[defaults]")
    where = _parse_data(config_values.table(values.get("data", {}), "data"), data, hold_out)
    fitted = fit(where) if fit is not None else _nothing
    arms = tuple(_parse_arm(defaults, arm, over, fitted) for arm in parts)
    if mode is Mode.SEMI_SUPERVISED:
        shares = config_values.fractions(values.get("fractions", _SEMI_SUPERVISED_FRACTIONS), "fractions")
        arms = tuple(part for arm in arms for part in _parts_of(arm, shares))
    names = [arm.name for arm in arms]
    if len(set(names)) != len(names) or not arms:
        raise SettingsError(f"a simulation needs [[arms]] of different names, got {names}")
    seeds = config_values.wholes(values.get("seeds", [0]), "seeds", low=0, high=LARGEST_SEED)
    if len(set(seeds)) != len(seeds):
        raise SettingsError(f"seeds = {list(seeds)} must be different")
    only_settings = {name: value for name, value in defaults.items() if name not in _ARM_DEFAULTS}
    reference = config_values.table(values.get("reference", {}), "reference")
    return SimulationConfig(
        name=config_values.text(values.get("name", default_name), "name"),
        mode=mode,
        axis=config_values.choice(BudgetAxis, values.get("axis", BudgetAxis.PIXELS), "axis"),
        tail_classes=config_values.texts(values.get("tail_classes", []), "tail_classes"),
        seeds=seeds,
        data=where,
        arms=arms,
        reference=_parse_reference(reference, only_settings | over, arms, fitted),
    )


def _parse_data(values: dict[str, Any], folder: Path | None, hold_out: str | None) -> DataConfig:
    names = {field.name for field in dataclasses.fields(DataConfig)}
    config_values.refuse_unknown(values, names, "[data]")
    kind = config_values.choice(DataKind, values.pop("kind", DataKind.SCENES), "data.kind")
    for name, value in values.items():
        if name in {"path", "hold_out"}:
            config_values.text(value, f"[data] {name}")
        else:
            config_values.whole(value, f"[data] {name}", low=0 if name == "seed" else 1)
    if hold_out is not None:
        values["hold_out"] = hold_out
    if folder is not None:
        kept = {name: values[name] for name in ("hold_out", "hold_out_every") if name in values}
        return DataConfig(kind=DataKind.FOLDER, path=str(folder), **kept)
    config = DataConfig(kind=kind, **values)
    if kind is DataKind.FOLDER and config.path is None:
        raise SettingsError('[data] kind = "folder" needs a path, in the file or as --data DIR')
    return config


def _parse_arm(
    defaults: dict[str, Any],
    arm: dict[str, Any],
    over: dict[str, Any],
    fitted: Fitted,
) -> Arm:
    name = _arm_name(arm.pop("name", None))
    _refuse_rivals(arm, f"arm {name}")
    values = {**_without_rivals_of(arm, defaults), **arm, **over}
    own = {name: values.pop(name, default) for name, default in _ARM_DEFAULTS.items()}
    if "seed" in values:
        raise SettingsError(f"arm {name}: seed = {values['seed']!r}: every arm runs with each of seeds")
    budgets = _budgets(own, f"arm {name}")
    regions = _budget_regions(own, f"arm {name}")
    settings = RoundSettings.from_mapping({**_unnamed(fitted(values), own), **values})
    check_acquisition(settings)
    for setting, reason in idle_settings(settings, arm).items():
        raise SettingsError(f"arm {name}: {setting} = {arm[setting]!r} would have no effect: {reason}")
    num_rounds = len(regions or budgets)
    steps = (settings.image_steps,) * num_rounds
    if own["image_steps_per_round"] is not None:
        said = f"arm {name}: image_steps_per_round"
        steps = config_values.wholes(own["image_steps_per_round"], said, low=1)
        if len(steps) != num_rounds:
            raise SettingsError(f"{said} = {list(steps)}: its rounds are {num_rounds}")
    unit = config_values.choice(QueryUnit, own["unit"], "unit")
    if unit is QueryUnit.IMAGES and settings.audit_fraction:
        raise SettingsError(
            f"arm {name}: audit_fraction asks single regions: it cannot go with unit = images"
        )
    size_px = own["size_px"]
    return Arm(
        name=name,
        method=name,
        first_number=1,
        settings=settings,
        image_steps_per_round=steps,
        budget_fractions=() if regions else budgets,
        budget_regions=regions,
        unit=unit,
        answers=config_values.choice(AnnotationKind, own["answers"], "answers"),
        partition=config_values.choice(PartitionKind, own["partition"], "partition"),
        size_px=None if size_px is None else config_values.whole(size_px, f"arm {name}: size_px", low=1),
    )


def _nothing(_named: Mapping[str, Any]) -> Mapping[str, Any]:
    return {}


def _unnamed(fitted: Mapping[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """What is fitted to an arm, without what it says in another way."""
    has_steps = own["image_steps_per_round"] is not None
    return {name: value for name, value in fitted.items() if not (has_steps and name == "image_steps")}


def _refuse_rivals(values: dict[str, Any], where: str) -> None:
    """Refuse a table that says one thing in two ways: one of them would do nothing."""
    for ways in _RIVALS:
        said = [sorted(way & set(values)) for way in ways if way & set(values)]
        if len(said) > 1:
            raise SettingsError(f"{where} has {said[0][0]} and {said[1][0]}: give one of them")


def _without_rivals_of(arm: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """The defaults but for what an arm says in another way."""
    left = dict(defaults)
    for ways in _RIVALS:
        for way in ways:
            if way & set(arm):
                for name in set().union(*ways) - way:
                    left.pop(name, None)
    return left


def _arm_name(name: Any) -> str:
    """What its folder may be called."""
    if (
        not isinstance(name, str)
        or not name
        or not all(letter.isalnum() or letter in "_-." for letter in name)
    ):
        raise SettingsError(f"[[arms]] name = {name!r} must be letters, digits, '_', '-' and '.'")
    if name in _REFERENCE_NAMES:
        raise SettingsError(f"[[arms]] name = {name!r} is what the reference is called: choose another")
    return name


def _budgets(own: dict[str, Any], arm: str) -> tuple[float, ...]:
    """The share of the pool's pixels that each round asks."""
    num_rounds = config_values.whole(own["rounds"], f"{arm}: rounds", low=1)
    each = config_values.fraction(own["budget_fraction"], f"{arm}: budget_fraction")
    if own["budget_fractions"] is not None:
        budgets = config_values.fractions(own["budget_fractions"], f"{arm}: budget_fractions")
    else:
        budgets = (each,) * num_rounds
    if not budgets[0]:
        raise SettingsError(f"{arm}: its first round asks nothing, so there would be nothing to train on")
    total = math.fsum(budgets)
    if total > 1 + _ROUNDING:
        raise SettingsError(
            f"{arm}: its {len(budgets)} rounds ask {total:.4g} times the pool's pixels: budget_fractions (or "
            "rounds times budget_fraction) may add up to 1"
        )
    return budgets


def _budget_regions(own: dict[str, Any], arm: str) -> tuple[int, ...] | None:
    """The number of regions that each round asks, if that is how the budget is given."""
    if own["budget_regions"] is None:
        return None
    return config_values.wholes(own["budget_regions"], f"{arm}: budget_regions", low=1)


def _parts_of(arm: Arm, fractions: tuple[float, ...]) -> list[Arm]:
    """An arm of the semi-supervised mode once for each share of the images, each a round of its own."""
    if arm.num_rounds != 1:
        raise SettingsError(f"arm {arm.name}: the semi-supervised mode has fractions instead of rounds")
    if len(set(fractions)) != len(fractions) or not all(fractions):
        raise SettingsError(f"fractions = {list(fractions)} must be different numbers above 0")
    return [
        dataclasses.replace(
            arm,
            name=f"{arm.name}-{fraction:.4g}",
            first_number=number,
            budget_fractions=(fraction,),
            budget_regions=None,
            settings=dataclasses.replace(arm.settings, cold_start=ColdStart.RANDOM_IMAGES),
        )
        for number, fraction in enumerate(fractions, start=1)
    ]


def _parse_reference(
    values: dict[str, Any],
    defaults: dict[str, Any],
    arms: tuple[Arm, ...],
    fitted: Fitted,
) -> RoundSettings | None:
    if not config_values.switch(values.pop("enabled", True), "[reference] enabled"):
        return None
    # defaults may describe self-training; the reference keeps what is about network and augmentation
    steps = {"image_steps": max(arm.image_steps for arm in arms)}
    named = {
        **defaults,
        "generation_0_share": 1.0,
        "num_generations": 0,
        "reco_weight": 0.0,
        **steps,
        **values,
        "method": Method.SUPERVISED,
    }
    # it has no device of its own to say, and is as large as the arms it stands beside
    devices = {arm.settings.device for arm in arms}
    device = {"device": devices.pop()} if len(devices) == 1 else {}
    return RoundSettings.from_mapping({**fitted({**device, **named}), **named})
