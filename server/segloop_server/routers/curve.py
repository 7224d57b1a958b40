"""The learning curve."""

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from segloop_server.dependencies import CallerDep, ContextDep, require_role
from segloop_server.schemas.rounds import Curve, CurveItem
from segloop_store.repositories.curve import learning_curve

router = APIRouter(tags=["rounds"])

MeasuredOn = Annotated[
    Literal["validation", "test", "audit"] | None,
    Query(description="the split the metrics are of; each round's own when left out"),
]


@router.get("/projects/{project_id}/learning_curve")
def get_learning_curve(
    project_id: uuid.UUID, context: ContextDep, caller: CallerDep, on: MeasuredOn = None
) -> Curve:
    """A row a round, also where there is no metric."""
    with context.database.reading() as session:
        require_role(session, caller, project_id)
        points = learning_curve(session, project_id)
    return Curve(items=[CurveItem.of(point, on=on) for point in points])
