"""The learning curve, and what its answers cost."""

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from segloop.stopping import PAPER_FRACTION
from segloop_server.dependencies import CallerDep, ContextDep, require_role
from segloop_server.schemas.rounds import CostItem, Costs, Curve
from segloop_store.repositories.costs import costs_of_rounds
from segloop_store.repositories.curve import learning_curve
from segloop_store.states import Role

router = APIRouter(tags=["rounds"])

MeasuredOn = Annotated[
    Literal["validation", "test", "audit"] | None,
    Query(description="the split the metrics are of; each round's own when left out"),
]

BudgetFraction = Annotated[
    float,
    Query(gt=0, le=1, description="share of the pool's pixels that may be asked before one should stop"),
]


@router.get("/projects/{project_id}/learning_curve")
def get_learning_curve(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    on: MeasuredOn = None,
    budget_fraction: BudgetFraction = PAPER_FRACTION,
) -> Curve:
    """A row a round, also where there is no metric, and whether asking on is expected to pay.

    What it cost is for owners. Nothing reads test to decide: the suggestion looks at validation or the audit.
    """
    with context.database.reading() as session:
        access = require_role(session, caller, project_id)
        points = learning_curve(session, project_id)
    sees_cost = access.role is Role.OWNER
    return Curve.of(points, on=on, sees_cost=sees_cost, budget_fraction=budget_fraction)


@router.get("/projects/{project_id}/costs")
def get_costs(project_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> Costs:
    """What the answers of each round cost people, in all and per region. For owners."""
    with context.database.reading() as session:
        require_role(session, caller, project_id, Role.OWNER)
        rounds = costs_of_rounds(session, project_id)
    return Costs(items=[CostItem.of(item) for item in rounds])
