"""What a simulation compares, read from TOML: data, arms, seeds and the reference. It knows no pixel."""

import dataclasses
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from segloop.errors import SettingsError
from segloop.rounds import ColdStart, QueryUnit
from segloop.settings import AnnotationKind, Method, PartitionKind, RoundSettings


class DataKind(StrEnum):
    """Where images come from."""

    FOLDER = "folder"
    SCENES = "scenes"


@dataclass(frozen=True, slots=True)
class DataConfig:
    """`[data]`: a folder (its path may come from `--data`), or scenes drawn on the spot."""

    kind: DataKind = DataKind.SCENES
    path: str | None = None
    num_pool: int = 60
    num_test: int = 30
    seed: int = 0
    height_px: int = 240
    width_px: int = 320


@dataclass(frozen=True, slots=True)
class Arm:
    """One `[[arms]]`: a way to run the loop, repeated for every seed.

    Attributes:
        name: what its rows are called.
        settings: of every round; the seed is put in per run.
        budget_fractions: share of the pool's pixels asked in round 0, 1, ...; as many rounds are trained.
        cold_start: how round 0 chooses.
        unit: single regions or whole images from round 1 on.
        answers: how the oracle answers.
        partition: what a region is.
        size_px: its side, None = the default for the image's size.
    """

    name: str
    settings: RoundSettings
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
        return self.num_rounds * self.settings.image_steps

    def to_mapping(self) -> dict[str, Any]:
        """JSON-ready."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {
            **values,
            "settings": self.settings.to_mapping(),
            "budget_fractions": list(self.budget_fractions),
        }


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """A whole simulation.

    Attributes:
        reference: settings of the supervised run on all labels, None = no reference.
    """

    name: str
    seeds: tuple[int, ...]
    data: DataConfig
    arms: tuple[Arm, ...]
    reference: RoundSettings | None

    def to_mapping(self) -> dict[str, Any]:
        """JSON-ready, every default written out."""
        return {
            "name": self.name,
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
    "cold_start": ColdStart.COVERAGE,
    "unit": QueryUnit.REGIONS,
    "answers": AnnotationKind.EXACT,
    "partition": PartitionKind.GRID,
    "size_px": None,
}
_TABLES = {"name", "seeds", "data", "defaults", "arms", "reference"}


def load_config(path: Path, *, data: Path | None = None, weights: Path | None = None) -> SimulationConfig:
    """Read a TOML file; `data` replaces `[data]` by a folder, `weights` every arm's encoder weights.

    Tables: `name`, `seeds = [0, 1]`, `[data]` (`DataConfig`), `[defaults]` (`RoundSettings` and what an arm
    may say, for all arms), `[[arms]]` (`name`, `rounds`, `budget_fraction` of every round or a list
    `budget_fractions`, `cold_start`, `unit`, `answers`, `partition`, `size_px`, and any of `RoundSettings`),
    `[reference]` (`enabled`, and any of `RoundSettings`; its image-steps default to the longest arm's).

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
    arms = tuple(_parse_arm({**defaults, **arm, **over}) for arm in values.get("arms", []))
    names = [arm.name for arm in arms]
    if len(set(names)) != len(names) or not arms:
        raise SettingsError(f"a simulation needs [[arms]] of different names, got {names}")
    seeds = tuple(values.get("seeds", [0]))
    if not seeds or len(set(seeds)) != len(seeds) or not all(isinstance(seed, int) for seed in seeds):
        raise SettingsError(f"seeds = {list(seeds)} must be different whole numbers")
    only_settings = {name: value for name, value in defaults.items() if name not in _ARM_DEFAULTS}
    return SimulationConfig(
        name=str(values.get("name", default_name)),
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
    if folder is not None:
        return DataConfig(kind=DataKind.FOLDER, path=str(folder))
    _refuse_unknown(values, {field.name for field in dataclasses.fields(DataConfig)}, "[data]")
    kind = _choice(DataKind, values.pop("kind", DataKind.SCENES), "data.kind")
    config = DataConfig(kind=kind, **values)
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
    if not fractions or not all(isinstance(part, int | float) and 0 <= part <= 1 for part in fractions):
        raise SettingsError(
            f"arm {name}: budget_fractions = {fractions} must be numbers in 0 .. 1, one a round"
        )
    return Arm(
        name=name,
        settings=RoundSettings.from_mapping(values),
        budget_fractions=tuple(float(part) for part in fractions),
        cold_start=_choice(ColdStart, own["cold_start"], "cold_start"),
        unit=_choice(QueryUnit, own["unit"], "unit"),
        answers=_choice(AnnotationKind, own["answers"], "answers"),
        partition=_choice(PartitionKind, own["partition"], "partition"),
        size_px=own["size_px"],
    )


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
