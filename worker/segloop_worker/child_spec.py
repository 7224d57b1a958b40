"""What a child is told: one JSON file beside the images' files. Ids, keys, numbers; no rows, no secrets."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from segloop.settings import RoundSettings
from segloop_store.states import JobKind

SPEC_NAME = "spec.json"
WEIGHTS_NAME = "weights.safetensors"
"""What a training leaves in its folder."""
INITIAL_WEIGHTS_NAME = "initial.safetensors"
AUDIT_FOLDER = "audit"
"""Where the images of an audit lie, with no answers but its own."""
TRAINING_FOLDER = "training"
"""Where a training keeps its checkpoints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """One child's work.

    Attributes:
        kind: which.
        settings: `RoundSettings.to_mapping()`.
        num_classes: C, of the network.
        num_truth_classes: what an evaluation's truths may hold, where that is more.
        round_number: seeds follow from it.
        weights_key: the model to score or evaluate with.
        model_version_id: whose predictions are kept.
        initial_weights_key: what a warm start goes on from.
        checkpoint_seconds: time between a training's checkpoints.
        summary: `PoolSummary.to_mapping()`, of the pass over the pool before scoring.
        audit_inclusion: audited regions over all regions of the pool, where there are any.
        budget_regions: what a cold start may ask, or
        budget_pixels: the same in pixels.
    """

    kind: JobKind
    settings: dict[str, Any]
    num_classes: int
    round_number: int
    num_truth_classes: int | None = None
    weights_key: str | None = None
    model_version_id: str | None = None
    initial_weights_key: str | None = None
    checkpoint_seconds: float = 20.0
    summary: dict[str, Any] | None = None
    audit_inclusion: float | None = None
    budget_regions: int | None = None
    budget_pixels: int | None = None

    @property
    def round_settings(self) -> RoundSettings:
        """The settings as the method takes them."""
        return RoundSettings.from_mapping(self.settings)

    def write(self, folder: Path) -> Path:
        """Write the file; its path."""
        path = folder / SPEC_NAME
        path.write_text(json.dumps(asdict(self)))
        return path

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `write` wrote."""
        values = json.loads(path.read_text())
        return cls(**{**values, "kind": JobKind(values["kind"])})
