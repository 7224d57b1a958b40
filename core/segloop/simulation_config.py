"""What a simulation compares, read from TOML: data, arms, seeds and the reference. It knows no pixel.

Two modes: `active` replays rounds of questions; `semi_supervised` labels a share of whole images at random
and asks nothing, every arm once for each share.
"""

import dataclasses
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from segloop.acquisition import check_acquisition
from segloop.errors import SettingsError
from segloop.rounds import ColdStart, QueryUnit
from segloop.settings import AnnotationKind, Method, PartitionKind, RoundSettings


class Mode(StrEnum):
    """What is replayed."""

    ACTIVE = "active"
    SEMI_SUPERVISED = "semi_supervised"


class BudgetAxis(StrEnum):
    """What a curve's horizontal axis counts."""

    PIXELS = "pixels"
    REGIONS = "regions"
    CLICKS = "clicks"


class DataKind(StrEnum):
    """Where images come from."""

    FOLDER = "folder"
    SCENES = "scenes"


@dataclass(frozen=True, slots=True)
class DataConfig:
    """`[data]`: a folder (its path may come from `--data`), or scenes drawn on the spot.

    Attributes:
        hold_out: a pattern (`0006R0*`); training images whose file name fits leave the pool, and the
            networks are measured on them instead of on the test split. Settings are chosen so.
        hold_out_every: measure on every so many-th of them: neighbouring frames of a clip say the same.
    """

    kind: DataKind = DataKind.SCENES
    path: str | None = None
    hold_out: str | None = None
    hold_out_every: int = 1
    num_pool: int = 60
    num_test: int = 30
    seed: int = 0
    height_px: int = 240
    width_px: int = 320


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
        cold_start: how round 0 chooses.
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
    cold_start: ColdStart
    unit: QueryUnit
    answers: AnnotationKind
    partition: PartitionKind
    size_px: int | None

    @property
    def num_rounds(self) -> int:
        """Rounds that train: 1 .. num_rounds."""
        return len(self.budget_fractions)

    @property
    def image_steps(self) -> int:
        """Image-steps of all its rounds together."""
        return sum(self.image_steps_per_round)

    def identity(self) -> dict[str, Any]:
        """JSON-ready, what a run of it is known by: settings only where they are not the defaults."""
        return {**self.to_mapping(), "settings": self.settings.changes()}

    def to_mapping(self) -> dict[str, Any]:
        """JSON-ready."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {
            **values,
            "settings": self.settings.to_mapping(),
            "image_steps_per_round": list(self.image_steps_per_round),
            "budget_fractions": list(self.budget_fractions),
        }


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


Choice = TypeVar("Choice", bound=StrEnum)

_ARM_DEFAULTS: dict[str, Any] = {
    "rounds": 1,
    "budget_fraction": 0.005,
    "budget_fractions": None,
    "image_steps_per_round": None,
    "cold_start": ColdStart.COVERAGE,
    "unit": QueryUnit.REGIONS,
    "answers": AnnotationKind.EXACT,
    "partition": PartitionKind.GRID,
    "size_px": None,
}
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


def load_config(path: Path, *, data: Path | None = None, weights: Path | None = None) -> SimulationConfig:
    """Read a TOML file; `data` replaces `[data]` by a folder, `weights` every arm's encoder weights.

    Tables: `name`, `seeds = [0, 1]`, `axis` (`BudgetAxis`), `tail_classes` (names), `[data]` (`DataConfig`),
    `[defaults]` (`RoundSettings` and what an arm may say, for all arms), `[[arms]]` (`name`, `rounds`,
    `budget_fraction` of every round or a list `budget_fractions`, `image_steps` of every round or a list
    `image_steps_per_round`, `cold_start`, `unit`, `answers`, `partition`, `size_px`, and any of
    `RoundSettings`), `[reference]` (`enabled`, and any of `RoundSettings`; its image-steps default to the
    longest arm's). With `mode = "semi_supervised"` an arm has no rounds or budgets: it is trained once for
    each of `fractions` (default 1/16, 1/8, 1/4, 1/2), on that share of the pool's images, the same ones in
    every arm.

    Raises:
        SettingsError: the file is missing or no TOML, or a name or value is unknown.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        raise SettingsError(f"{path} does not exist") from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise SettingsError(f"{path} is no TOML: {cause}") from cause
    return parse_config(values, default_name=path.stem, data=data, weights=weights)


def parse_config(
    values: dict[str, Any],
    *,
    default_name: str = "simulation",
    data: Path | None = None,
    weights: Path | None = None,
) -> SimulationConfig:
    """A simulation from decoded TOML; see `load_config`.

    Raises:
        SettingsError: a name or value is unknown.
    """
    _refuse_unknown(values, _TABLES, "the file")
    over = {} if weights is None else {"encoder_weights": str(weights)}
    defaults = dict(values.get("defaults", {}))
    mode = _choice(Mode, values.get("mode", Mode.ACTIVE), "mode")
    if "fractions" in values and mode is Mode.ACTIVE:
        raise SettingsError('fractions belong to mode = "semi_supervised"; an arm has budget_fractions')
    arms = tuple(_parse_arm({**defaults, **arm, **over}) for arm in values.get("arms", []))
    names = [arm.name for arm in arms]
    if len(set(names)) != len(names) or not arms:
        raise SettingsError(f"a simulation needs [[arms]] of different names, got {names}")
    if mode is Mode.SEMI_SUPERVISED:
        fractions = values.get("fractions", _SEMI_SUPERVISED_FRACTIONS)
        arms = tuple(part for arm in arms for part in _parts_of(arm, fractions))
    seeds = tuple(values.get("seeds", [0]))
    if not seeds or len(set(seeds)) != len(seeds) or not all(isinstance(seed, int) for seed in seeds):
        raise SettingsError(f"seeds = {list(seeds)} must be different whole numbers")
    only_settings = {name: value for name, value in defaults.items() if name not in _ARM_DEFAULTS}
    return SimulationConfig(
        name=str(values.get("name", default_name)),
        mode=mode,
        axis=_choice(BudgetAxis, values.get("axis", BudgetAxis.PIXELS), "axis"),
        tail_classes=tuple(str(name) for name in values.get("tail_classes", [])),
        seeds=seeds,
        data=_parse_data(dict(values.get("data", {})), data),
        arms=arms,
        reference=_parse_reference(dict(values.get("reference", {})), only_settings | over, arms),
    )


def _refuse_unknown(values: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(values) - known)
    if unknown:
        raise SettingsError(
            f"{where} has an unknown name {', '.join(unknown)}: known are {', '.join(sorted(known))}"
        )


def _parse_data(values: dict[str, Any], folder: Path | None) -> DataConfig:
    _refuse_unknown(values, {field.name for field in dataclasses.fields(DataConfig)}, "[data]")
    kind = _choice(DataKind, values.pop("kind", DataKind.SCENES), "data.kind")
    for name, value in values.items():
        wanted = str if name in {"path", "hold_out"} else int
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise SettingsError(f"[data] {name} = {value!r} must be of type {wanted.__name__}")
    config = DataConfig(kind=kind, **values)
    if folder is not None:
        config = DataConfig(
            kind=DataKind.FOLDER,
            path=str(folder),
            hold_out=config.hold_out,
            hold_out_every=config.hold_out_every,
        )
    if config.hold_out is not None and config.kind is not DataKind.FOLDER:
        raise SettingsError('[data] hold_out names images of a folder: set kind = "folder"')
    if config.hold_out_every < 1:
        raise SettingsError(f"[data] hold_out_every = {config.hold_out_every} must be at least 1")
    if kind is DataKind.FOLDER and config.path is None:
        raise SettingsError('[data] kind = "folder" needs a path, in the file or as --data DIR')
    return config


def _parse_arm(values: dict[str, Any]) -> Arm:
    own = {name: values.pop(name, default) for name, default in _ARM_DEFAULTS.items()}
    name = values.pop("name", None)
    if (
        not isinstance(name, str)
        or not name
        or not all(letter.isalnum() or letter in "_-." for letter in name)
    ):
        raise SettingsError(f"[[arms]] name = {name!r} must be letters, digits, '_', '-' and '.'")
    fractions = own["budget_fractions"] or [own["budget_fraction"]] * own["rounds"]
    if not _are_fractions(fractions):
        raise SettingsError(
            f"arm {name}: budget_fractions = {fractions} must be numbers in 0 .. 1, one a round"
        )
    settings = RoundSettings.from_mapping(values)
    check_acquisition(settings)
    steps = own["image_steps_per_round"] or [settings.image_steps] * len(fractions)
    if len(steps) != len(fractions) or not all(isinstance(number, int) and number > 0 for number in steps):
        raise SettingsError(
            f"arm {name}: image_steps_per_round = {steps} must be {len(fractions)} whole numbers above 0"
        )
    return Arm(
        name=name,
        method=name,
        first_number=1,
        settings=settings,
        image_steps_per_round=tuple(steps),
        budget_fractions=tuple(float(part) for part in fractions),
        cold_start=_choice(ColdStart, own["cold_start"], "cold_start"),
        unit=_choice(QueryUnit, own["unit"], "unit"),
        answers=_choice(AnnotationKind, own["answers"], "answers"),
        partition=_choice(PartitionKind, own["partition"], "partition"),
        size_px=own["size_px"],
    )


def _are_fractions(values: Any) -> bool:
    return bool(values) and all(isinstance(part, int | float) and 0 <= part <= 1 for part in values)


def _parts_of(arm: Arm, fractions: Any) -> list[Arm]:
    """An arm of the semi-supervised mode once for each share of the images, each a round of its own."""
    if arm.num_rounds != 1:
        raise SettingsError(f"arm {arm.name}: the semi-supervised mode has fractions instead of rounds")
    if not _are_fractions(fractions) or len(set(fractions)) != len(fractions):
        raise SettingsError(f"fractions = {list(fractions)} must be different numbers in 0 .. 1")
    return [
        dataclasses.replace(
            arm,
            name=f"{arm.name}-{fraction:.4g}",
            first_number=number,
            budget_fractions=(float(fraction),),
            cold_start=ColdStart.RANDOM_IMAGES,
        )
        for number, fraction in enumerate(fractions, start=1)
    ]


def _parse_reference(
    values: dict[str, Any], defaults: dict[str, Any], arms: tuple[Arm, ...]
) -> RoundSettings | None:
    if not values.pop("enabled", True):
        return None
    # defaults may describe self-training; the reference keeps what is about network and augmentation
    steps = {"image_steps": max(arm.image_steps for arm in arms)}
    return RoundSettings.from_mapping(
        {
            **defaults,
            "generation_0_share": 1.0,
            "num_generations": 0,
            "reco_weight": 0.0,
            **steps,
            **values,
            "method": Method.SUPERVISED,
        }
    )


def _choice(kind: type[Choice], value: Any, name: str) -> Choice:
    choices = [choice.value for choice in kind]
    if value not in choices:
        raise SettingsError(f"{name} = {value!r} is unknown: use one of {', '.join(choices)}")
    return kind(value)
