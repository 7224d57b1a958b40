"""Who may see or steer what belongs to a round: the project's rule, by the thing's own id."""

import uuid

from sqlalchemy.orm import Session

from segloop_server.dependencies import Access, Caller, require_role
from segloop_server.errors import ForbiddenError
from segloop_store.errors import NotFoundError
from segloop_store.models import Assignment, ModelVersion, RegionQuery, Round
from segloop_store.problem_codes import ProblemCode
from segloop_store.repositories import annotation_views, assignments, models, rounds
from segloop_store.repositories.annotation_views import AnnotationView
from segloop_store.states import Role


def require_round(
    session: Session, caller: Caller, round_id: uuid.UUID, at_least: Role = Role.VIEWER
) -> Round:
    """The round, if the caller may see its project and holds at least this role there.

    Raises:
        NotFoundError: there is no such round, or the caller is no member of its project.
        ForbiddenError: the caller's role is too small.
    """
    round_ = rounds.get(session, round_id)
    _require(session, caller, round_.project_id, at_least, "round")
    return round_


def require_model_version(
    session: Session, caller: Caller, model_version_id: uuid.UUID, at_least: Role = Role.VIEWER
) -> ModelVersion:
    """The model version; raises as `require_round`."""
    version = models.get_model_version(session, model_version_id)
    _require(session, caller, version.project_id, at_least, "model version")
    return version


def require_own_assignment(session: Session, caller: Caller, assignment_id: uuid.UUID) -> Assignment:
    """The assignment, if it is the caller's own and they still are an annotator of its project.

    Raises:
        NotFoundError: there is no such assignment, or the caller is no member of its project.
        ForbiddenError: it is somebody else's, or the caller no longer annotates here.
    """
    assignment, project_id = assignments.with_project(session, assignment_id)
    _require(session, caller, project_id, Role.ANNOTATOR, "assignment")
    if assignment.user_id != caller.user_id:
        raise ForbiddenError("this region was given to somebody else", code=ProblemCode.REGION_OF_ANOTHER)
    return assignment


def require_query(
    session: Session, caller: Caller, query_id: uuid.UUID, at_least: Role = Role.VIEWER
) -> RegionQuery:
    """The region query; raises as `require_round`."""
    query = assignments.get_query(session, query_id)
    _require(session, caller, query.project_id, at_least, "region query")
    return query


def require_annotation(
    session: Session, caller: Caller, annotation_id: uuid.UUID, at_least: Role = Role.VIEWER
) -> tuple[AnnotationView, Access]:
    """The annotation and the caller's access; an annotator sees their own only. Raises as `require_round`."""
    view = annotation_views.get_view(session, annotation_id)
    access = _require(session, caller, view.annotation.project_id, Role.VIEWER, "annotation")
    if access.role is Role.ANNOTATOR and view.annotation.user_id != caller.user_id:
        raise NotFoundError("there is no such annotation")
    return view, _require(session, caller, view.annotation.project_id, at_least, "annotation")


def _require(session: Session, caller: Caller, project_id: uuid.UUID, at_least: Role, what: str) -> Access:
    try:
        return require_role(session, caller, project_id, at_least)
    except NotFoundError as error:
        raise NotFoundError(f"there is no such {what}") from error
