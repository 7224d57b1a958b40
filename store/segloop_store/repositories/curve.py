"""The learning curve: a row a round, what its model had cost, and how good it is."""

import uuid
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, aliased

from segloop.settings import QueryPurpose
from segloop_store.models import Annotation, RegionQuery, Round, TrainingSnapshot


@dataclass(frozen=True, slots=True)
class Cost:
    """What answers cost people."""

    clicks: int = 0
    strokes: int = 0
    keys: int = 0
    annotation_seconds: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        """Both together."""
        return Cost(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(Cost)))


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One round. The costs are cumulative: everything people had said when the round's model was trained.

    Attributes:
        round: the round.
        annotated_regions: regions answered by then, each once however often it was asked or changed.
        cost: of all answers by then, whatever they were asked for, and of each change to them.
        mean_score: mean score of the regions it asked by score; None where it asked none.
    """

    round: Round
    annotated_regions: int
    cost: Cost
    mean_score: float | None = None


def learning_curve(session: Session, project_id: uuid.UUID) -> list[CurvePoint]:
    """Every round of a project by number, in three statements whatever their number."""
    rows = session.execute(
        select(Round, func.coalesce(TrainingSnapshot.created_at, Round.created_at))
        .outerjoin(TrainingSnapshot, TrainingSnapshot.round_id == Round.id)
        .where(Round.project_id == project_id)
        .order_by(Round.number)
    ).all()
    if not rows:
        return []
    rounds = [row[0] for row in rows]
    costs = _costs_between(session, project_id, _rising([row[1] for row in rows]))
    scores = _mean_scores(session, project_id)
    points, regions, cost = [], 0, Cost()
    for number, round_ in enumerate(rounds):
        more_regions, more_cost = costs.get(number, (0, Cost()))
        regions, cost = regions + more_regions, cost + more_cost
        points.append(CurvePoint(round_, regions, cost, scores.get(round_.id)))
    return points


def _mean_scores(session: Session, project_id: uuid.UUID) -> dict[uuid.UUID, float]:
    """Round -> mean score of what it asked; a cold start's regions and an audit's have none."""
    rows = session.execute(
        select(RegionQuery.round_id, func.avg(RegionQuery.score))
        .where(RegionQuery.project_id == project_id, RegionQuery.purpose == QueryPurpose.SELECTED)
        .where(RegionQuery.model_version_id.is_not(None), RegionQuery.score.is_not(None))
        .group_by(RegionQuery.round_id)
    )
    return {round_id: float(score) for round_id, score in rows}


def _rising(moments: list[datetime]) -> list[datetime]:
    """A retried round's snapshot may be younger than the next round: costs must not fall again after it."""
    rising: list[datetime] = []
    for moment in moments:
        rising.append(max(moment, rising[-1]) if rising else moment)
    return rising


def _costs_between(
    session: Session, project_id: uuid.UUID, until: list[datetime]
) -> dict[int, tuple[int, Cost]]:
    """Position in `until` -> regions and cost of the answers since the moment before it."""
    earlier, earlier_query = aliased(Annotation), aliased(RegionQuery)
    is_first_of_region = and_(
        RegionQuery.purpose != QueryPurpose.AGREEMENT,
        Annotation.version == 1,
        ~select(earlier.id)
        .join(earlier_query, earlier_query.id == earlier.region_query_id)
        .where(
            earlier.image_id == Annotation.image_id,
            earlier.region_index == Annotation.region_index,
            earlier_query.purpose != QueryPurpose.AGREEMENT,
            earlier.id < Annotation.id,
        )
        .exists(),
    )
    position = case(*((Annotation.created_at <= moment, index) for index, moment in enumerate(until)))
    per_answer = (
        select(
            position.label("position"),
            case((is_first_of_region, 1), else_=0).label("regions"),
            Annotation.num_clicks.label("clicks"),
            Annotation.num_strokes.label("strokes"),
            Annotation.num_keys.label("key_presses"),
            Annotation.annotation_seconds.label("seconds"),
        )
        .join(RegionQuery, RegionQuery.id == Annotation.region_query_id)
        .where(Annotation.project_id == project_id, Annotation.created_at <= until[-1])
        .subquery()
    )
    rows = session.execute(
        select(
            per_answer.c.position,
            func.sum(per_answer.c.regions),
            func.sum(per_answer.c.clicks),
            func.sum(per_answer.c.strokes),
            func.sum(per_answer.c.key_presses),
            func.sum(per_answer.c.seconds),
        ).group_by(per_answer.c.position)
    )
    return {
        int(position): (int(regions), Cost(int(clicks), int(strokes), int(keys), float(seconds)))
        for position, regions, clicks, strokes, keys, seconds in rows
    }
