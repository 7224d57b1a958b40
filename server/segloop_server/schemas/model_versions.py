"""Model versions as JSON."""

import uuid
from typing import Any, Self

from pydantic import BaseModel, Field

from segloop.settings import Method
from segloop_server.schemas.common import Timestamp
from segloop_server.schemas.images import API
from segloop_server.schemas.jobs import JobOut
from segloop_server.schemas.rounds import RoundMetrics
from segloop_store.repositories.model_lists import ModelVersionView


class ModelVersionOut(BaseModel):
    """A model: the round that trained it, how good it is, and what it saw."""

    id: uuid.UUID
    number: int
    round: int
    round_id: uuid.UUID
    method: Method
    encoder: str
    created_at: Timestamp
    is_active: bool
    metrics: RoundMetrics | None
    labelled_fraction: float
    image_steps: int
    compute_seconds: float
    weights_url: str

    @classmethod
    def of(cls, view: ModelVersionView) -> Self:
        """One version with its round."""
        return cls(**_fields(view))


class ModelVersionDetail(ModelVersionOut):
    """A model version with its loss curve and the settings it was trained by."""

    loss_curve: list[Any]
    settings: dict[str, Any]
    seed: int
    code_version: str
    num_annotations: int
    num_truths: int

    @classmethod
    def of(cls, view: ModelVersionView) -> Self:
        """One version with its round and snapshot."""
        return cls(
            **_fields(view),
            loss_curve=view.version.loss_curve,
            settings=view.snapshot.settings,
            seed=view.snapshot.seed,
            code_version=view.snapshot.code_version,
            num_annotations=view.snapshot.num_annotations,
            num_truths=view.snapshot.num_truths,
        )


class Activated(ModelVersionOut):
    """The version a project uses from now on, how many queries have new places, and what still runs."""

    num_ranked_again: int
    job: JobOut | None = Field(description="scores what was cleaned up and ranks once more; null = done")


def _fields(view: ModelVersionView) -> dict[str, Any]:
    version = view.version
    return {
        "id": version.id,
        "number": version.number,
        "round": view.round.number,
        "round_id": view.round.id,
        "method": view.round.method,
        "encoder": view.round.settings.get("encoder", ""),
        "created_at": version.created_at,
        "is_active": view.is_active,
        "metrics": RoundMetrics.of(version.metrics),
        "labelled_fraction": view.snapshot.labelled_fraction,
        "image_steps": version.image_steps,
        "compute_seconds": version.compute_seconds,
        "weights_url": f"{API}/model_versions/{version.id}/weights",
    }
