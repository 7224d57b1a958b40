"""What answers cost people, round by round: in all, and for the region in the middle of them."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from segloop_store.models import Annotation, RegionQuery, Round
from segloop_store.repositories.curve import Cost


@dataclass(frozen=True, slots=True)
class RoundCost:
    """What the regions of one round cost.

    Attributes:
        num_regions: regions answered, each once however often it was asked or changed.
        total: of all answers, changes and fixes.
        median_clicks: per region, all that was spent on it taken together; likewise the others.
    """

    round_number: int
    num_regions: int
    total: Cost
    median_clicks: float
    median_strokes: float
    median_keys: float
    median_seconds: float


def costs_of_rounds(session: Session, project_id: uuid.UUID) -> list[RoundCost]:
    """Every round with an answer, by number; one statement."""
    rows = session.execute(
        select(
            Round.number,
            func.sum(Annotation.num_clicks),
            func.sum(Annotation.num_strokes),
            func.sum(Annotation.num_keys),
            func.sum(Annotation.annotation_seconds),
        )
        .join(RegionQuery, RegionQuery.id == Annotation.region_query_id)
        .join(Round, Round.id == RegionQuery.round_id)
        .where(Annotation.project_id == project_id)
        .group_by(Round.number, Annotation.image_id, Annotation.region_index)
        .order_by(Round.number)
    )
    regions: dict[int, list[Cost]] = defaultdict(list)
    for number, clicks, strokes, keys, seconds in rows:
        regions[number].append(Cost(int(clicks), int(strokes), int(keys), float(seconds)))
    return [_round_cost(number, costs) for number, costs in regions.items()]


def _round_cost(number: int, costs: Sequence[Cost]) -> RoundCost:
    medians = [float(median(getattr(cost, item.name) for cost in costs)) for item in fields(Cost)]
    return RoundCost(number, len(costs), sum(costs, Cost()), *medians)
