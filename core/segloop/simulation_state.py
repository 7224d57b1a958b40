"""What one arm and seed of a simulation has done, kept in a file of its own, and by what a run is known.

Knows no network and no image.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from segloop.durable import write_atomically
from segloop.errors import SettingsError, SimulationError, WeightsError
from segloop.rounds import PlannedQuery
from segloop.settings import EncoderWeights, QueryPurpose, RoundSettings, missing_weights
from segloop.simulation_config import SimulationConfig


@dataclass(frozen=True)
class RunIdentity:
    """What all runs of a simulation share: data and weight files, by their content instead of their paths.

    Attributes:
        data: of `segloop.simulated_pool.identify_data`.
        weights: SHA-256 of each file of encoder weights, by the path that settings name.
    """

    data: dict[str, Any]
    weights: dict[str, str]

    @classmethod
    def of(cls, config: SimulationConfig, data: dict[str, Any]) -> Self:
        """That of a simulation.

        Raises:
            WeightsError: an arm's or the reference's weights are not here.
        """
        settings = [arm.settings for arm in config.arms]
        return cls(data, _digests([*settings, config.reference] if config.reference else settings))

    def fingerprint(self, what: dict[str, Any], seed: int) -> str:
        """Names one run: `what` is done with a seed, as `Arm.identity` or `RoundSettings.changes` says it."""
        said = json.dumps([self._by_content(what), self.data, seed], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def _by_content(self, what: dict[str, Any]) -> dict[str, Any]:
        said = {
            name: self._by_content(value) if isinstance(value, dict) else value
            for name, value in what.items()
        }
        weights = what.get("encoder_weights")
        return {**said, "encoder_weights": self.weights[weights]} if weights in self.weights else said


@dataclass
class ArmState:
    """What one arm and seed has done; all of it is JSON.

    Attributes:
        fingerprint: what is done here, to which data.
        queries: per round, (image index, region index) in the order they were asked.
        audits: those of them, of all rounds, that only measure.
        rows: one per trained round, as in result.json.
        weights: file of the last round's weights beside the state, or None.
        is_amid_round: the last row is measured, but its round has not asked yet, nor left its weights.
    """

    fingerprint: str
    queries: list[list[tuple[int, int]]] = field(default_factory=list)
    audits: list[tuple[int, int]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    weights: str | None = None
    is_amid_round: bool = False

    @classmethod
    def load(cls, path: Path, identity: RunIdentity, what: dict[str, Any], seed: int) -> Self:
        """The state in `path`, or a new one.

        Raises:
            SettingsError: the file belongs to other settings or data.
            SimulationError: the file cannot be read.
        """
        fingerprint = identity.fingerprint(what, seed)
        if not path.exists():
            return cls(fingerprint)
        state = cls._read(path)
        if state.fingerprint != fingerprint:
            raise SettingsError(
                f"{path.parent} holds a run with other settings, data or weights: choose another --out"
            )
        return state

    @classmethod
    def _read(cls, path: Path) -> Self:
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as cause:
            raise SimulationError(
                f"{path} cannot be read ({cause}): put a copy back, or remove {path.parent} to run this arm "
                "and seed again from its start"
            ) from cause

    @property
    def ended(self) -> str | None:
        """Why no more rounds come, though the arm has more; None = they do."""
        return self.rows[-1].get("ended") if self.rows else None

    def planned(self, asked: Iterable[tuple[int, int]]) -> list[PlannedQuery]:
        """A round's queries with their purpose again."""
        audits = {tuple(pair) for pair in self.audits}
        return [
            PlannedQuery(
                image, region, 0.0, QueryPurpose.AUDIT if (image, region) in audits else QueryPurpose.SELECTED
            )
            for image, region in asked
        ]

    def note_asked(self, planned: Iterable[PlannedQuery]) -> None:
        """Add a round's queries."""
        queries = list(planned)
        self.queries.append([(query.image_index, query.region_index) for query in queries])
        self.audits += [
            (query.image_index, query.region_index)
            for query in queries
            if query.purpose is QueryPurpose.AUDIT
        ]

    def save(self, path: Path) -> None:
        """Replace the file at once, so that a kill leaves the old state or the new one.

        Raises:
            DiskError: there is no room, or no permission; the old state is whole.
        """
        write_atomically(path, json.dumps(dataclasses.asdict(self)).encode())


def _digests(settings: Iterable[RoundSettings]) -> dict[str, str]:
    """SHA-256 of every weight file, read once; no run after hours is the first to miss its own."""
    found: dict[str, str] = {}
    for one in settings:
        weights = one.encoder_weights
        missing = missing_weights(one.encoder, weights)
        if missing is not None:
            raise WeightsError(missing)
        if weights in found or weights in {EncoderWeights.IMAGENET, EncoderWeights.RANDOM}:
            continue
        if not Path(weights).is_file():
            raise WeightsError(f"encoder_weights {weights!r}: no such file (or imagenet, or random)")
        with Path(weights).open("rb") as file:
            found[weights] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
