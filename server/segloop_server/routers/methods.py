"""What a round may be told: methods, acquisitions, encoders, settings."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, JsonValue

from segloop.acquisition import find_acquisition
from segloop.settings import (
    DEFAULT_METHOD,
    ENCODERS,
    Acquisition,
    Method,
    RoundSettings,
    describe_settings,
)
from segloop_server.dependencies import CallerDep, ContextDep, require_role
from segloop_server.round_settings import ProjectFit

router = APIRouter(tags=["rounds"])

_METHOD_HELP = {
    Method.S4AL_PLUS: "answers and pseudo labels together, with a contrastive loss (S4AL+)",
    Method.SEGLOOP: "S4AL+ for sparse answers: rounds go on from the last, images most in doubt are asked",
    Method.S4AL: "an average of the student's weights as teacher, images mixed by classes (S4AL)",
    Method.SUPERVISED: "answers only",
}


SETTING_NAMES: list[JsonValue] = [row["name"] for row in describe_settings()]
"""In the description too: pages that say the help texts in another language know whether they have all."""


class MethodOut(BaseModel):
    """A method: what it changes in the settings' defaults."""

    name: Method
    help: str
    defaults: dict[str, Any]


class AcquisitionOut(BaseModel):
    """An acquisition function."""

    name: Acquisition
    help: str


class SettingOut(BaseModel):
    """One setting of a round."""

    name: Annotated[str, Field(json_schema_extra={"enum": SETTING_NAMES})]
    type: str
    default: Any
    low: float | None
    high: float | None
    choices: list[str] | None
    help: str


class MethodsOut(BaseModel):
    """Everything a form or a script needs to start a round."""

    methods: list[MethodOut]
    default_method: Method
    acquisitions: list[AcquisitionOut]
    encoders: list[str]
    settings: list[SettingOut]


@router.get("/methods")
def get_methods(context: ContextDep, caller: CallerDep, project_id: uuid.UUID | None = None) -> MethodsOut:
    """Methods, acquisitions, encoders and settings, with defaults, bounds and help.

    With a project, each method's defaults are those its next round would have: fitted to its pool and to the
    devices of the workers.
    """
    fit = ProjectFit({}, on_gpu=False)
    if project_id is not None:
        with context.database.reading() as session:
            require_role(session, caller, project_id)
            fit = ProjectFit.of(session, project_id, seen_within_seconds=context.settings.worker_seen_seconds)
    return MethodsOut(
        methods=[
            MethodOut(name=method, help=_METHOD_HELP[method], defaults=_defaults(method, fit))
            for method in Method
        ],
        default_method=DEFAULT_METHOD,
        acquisitions=[AcquisitionOut(name=name, help=find_acquisition(name).help) for name in Acquisition],
        encoders=list(ENCODERS),
        settings=[SettingOut(**row) for row in describe_settings()],
    )


def _defaults(method: Method, fit: ProjectFit) -> dict[str, Any]:
    """Every setting's default under a method."""
    named = {"method": method.value}
    return RoundSettings.from_mapping({**named, **fit.settings(named)}).to_mapping()
