"""Rounds, their jobs and metrics, the learning curve and model versions as JSON."""

import uuid
from dataclasses import asdict
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from segloop.settings import Acquisition, Method
from segloop.stopping import CurveStep, StopRule, suggest
from segloop_server.schemas.common import Payload, Timestamp
from segloop_server.schemas.jobs import JobOut
from segloop_store.repositories.costs import RoundCost
from segloop_store.repositories.curve import CurvePoint
from segloop_store.repositories.rounds import RoundView
from segloop_store.states import RoundState


class NewRound(Payload):
    """What a round is started with; everything may be left out."""

    budget_regions: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    budget_fraction: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    method: Method | None = None
    acquisition: Acquisition | None = None
    settings: dict[str, Any] = Field(default_factory=dict)


class SplitMetrics(BaseModel):
    """How good a model is on one split."""

    model_config = ConfigDict(extra="allow")

    mean_iou: float | None = None
    iou_per_class: list[float | None] = Field(default_factory=list)
    pixel_accuracy: float | None = None
    num_images: int = 0


class AuditMetrics(BaseModel):
    """Mean IoU estimated from regions asked at random, with its interval."""

    model_config = ConfigDict(extra="allow")

    mean_iou: float | None = None
    low: float | None = None
    high: float | None = None


class RoundMetrics(BaseModel):
    """`mean_iou` is that of `on`, the first that exists of validation, test, audit."""

    model_config = ConfigDict(extra="allow")

    mean_iou: float | None = None
    on: str | None = None
    validation: SplitMetrics | None = None
    test: SplitMetrics | None = None
    audit: AuditMetrics | None = None

    @classmethod
    def of(cls, metrics: dict[str, Any] | None) -> Self | None:
        """Metrics as the worker stored them."""
        return None if metrics is None else cls.model_validate(metrics)


class RoundOut(BaseModel):
    """A round.

    `budget_regions` is what was asked for; with a budget in pixels an estimate until the queries are
    published, then their number. `labelled_fraction`, `metrics` and `model_version_id` are those of the
    model trained at its start.
    """

    id: uuid.UUID
    project_id: uuid.UUID
    number: int
    state: RoundState
    method: Method
    acquisition: Acquisition
    settings: dict[str, Any]
    budget_regions: int
    budget_pixels: int | None
    budget_fraction: float | None
    num_queries: int
    annotated_regions: int
    labelled_fraction: float | None
    model_version_id: uuid.UUID | None
    metrics: RoundMetrics | None
    jobs: list[JobOut]
    error: str | None
    created_at: Timestamp
    published_at: Timestamp | None
    closed_at: Timestamp | None

    @classmethod
    def of(cls, view: RoundView) -> Self:
        """A round with its counts and jobs."""
        round_ = view.round
        return cls(
            id=round_.id,
            project_id=round_.project_id,
            number=round_.number,
            state=round_.state,
            method=round_.method,
            acquisition=round_.acquisition,
            settings=round_.settings,
            budget_regions=view.budget_regions,
            budget_pixels=round_.budget_pixels,
            budget_fraction=round_.budget_fraction,
            num_queries=view.num_queries,
            annotated_regions=view.annotated_regions,
            labelled_fraction=round_.labelled_fraction,
            model_version_id=round_.model_version_id,
            metrics=RoundMetrics.of(round_.metrics),
            jobs=[JobOut.of(job) for job in view.jobs],
            error=round_.error,
            created_at=round_.created_at,
            published_at=round_.published_at,
            closed_at=round_.closed_at,
        )


class CurveItem(BaseModel):
    """One round of the learning curve.

    `annotated_regions`, `clicks`, `strokes`, `keys` and `annotation_seconds` are cumulative: everything
    people had said when the round's model was trained (when the round was started, if it trained none). Each
    change to an answer adds what it cost; a region counts once. The costs are null for anybody but owners.
    `low` and `high` are the interval of an audit.
    """

    round: int
    labelled_fraction: float | None
    annotated_regions: int
    clicks: int | None
    strokes: int | None
    keys: int | None
    annotation_seconds: float | None
    mean_iou: float | None
    low: float | None
    high: float | None
    iou_per_class: list[float | None] | None
    on: str | None
    model_version_id: uuid.UUID | None

    @classmethod
    def of(cls, point: CurvePoint, *, on: str | None, sees_cost: bool) -> Self:
        """One point; `on` names the split, None = each round's own."""
        metrics = point.round.metrics or {}
        split = on or metrics.get("on")
        measured = metrics.get(split) if split else None
        return cls(
            round=point.round.number,
            labelled_fraction=point.round.labelled_fraction,
            annotated_regions=point.annotated_regions,
            clicks=point.cost.clicks if sees_cost else None,
            strokes=point.cost.strokes if sees_cost else None,
            keys=point.cost.keys if sees_cost else None,
            annotation_seconds=point.cost.annotation_seconds if sees_cost else None,
            mean_iou=measured.get("mean_iou") if measured else None,
            low=measured.get("low") if measured else None,
            high=measured.get("high") if measured else None,
            iou_per_class=measured.get("iou_per_class") if measured else None,
            on=split if measured else None,
            model_version_id=point.round.model_version_id,
        )


class CostItem(BaseModel):
    """What the answers of one round cost people.

    The sums are of all answers, changes and fixes; a median is of what was spent on each region in all.
    """

    round: int
    num_regions: int
    clicks: int
    strokes: int
    keys: int
    annotation_seconds: float
    median_clicks: float
    median_strokes: float
    median_keys: float
    median_seconds: float

    @classmethod
    def of(cls, item: RoundCost) -> Self:
        """From what was summed."""
        return cls(
            round=item.round_number,
            num_regions=item.num_regions,
            clicks=item.total.clicks,
            strokes=item.total.strokes,
            keys=item.total.keys,
            annotation_seconds=item.total.annotation_seconds,
            median_clicks=item.median_clicks,
            median_strokes=item.median_strokes,
            median_keys=item.median_keys,
            median_seconds=item.median_seconds,
        )


class Costs(BaseModel):
    """Every round that has answers, by number."""

    items: list[CostItem]


class SuggestionOut(BaseModel):
    """Whether asking on is expected to pay, by which rule and why.

    `value` is what the rule looked at (the labelled fraction, the gain in mean IoU, or the last regions'
    share of the highest mean score), `limit` what it was compared with.
    """

    should_stop: bool
    rule: StopRule | None
    reason: str
    value: float | None
    limit: float | None


class Curve(BaseModel):
    """A row a round, also where there is no metric, and what the curve suggests."""

    items: list[CurveItem]
    suggestion: SuggestionOut

    @classmethod
    def of(cls, points: list[CurvePoint], *, on: str | None, sees_cost: bool, budget_fraction: float) -> Self:
        """The curve measured on one split; `on` = None: each round's own."""
        steps = [_curve_step(point) for point in points if point.round.model_version_id is not None]
        found = suggest(steps, budget_fraction=budget_fraction)
        return cls(
            items=[CurveItem.of(point, on=on, sees_cost=sees_cost) for point in points],
            suggestion=SuggestionOut(**asdict(found)),
        )


def _curve_step(point: CurvePoint) -> CurveStep:
    """A round as the stop rule sees it: measured on validation, else the audit; never on test."""
    metrics = point.round.metrics or {}
    on = next((name for name in ("validation", "audit") if metrics.get(name)), None)
    return CurveStep(
        labelled_fraction=point.round.labelled_fraction,
        mean_iou=metrics[on]["mean_iou"] if on else None,
        on=on,
        mean_score=point.mean_score,
        acquisition=point.round.acquisition.value,
    )
