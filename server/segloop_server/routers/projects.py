"""Projects and their classes."""

import uuid
from collections.abc import Sequence

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from segloop_server.dependencies import Access, CallerDep, ContextDep, require_role
from segloop_server.errors import InvalidFieldError
from segloop_server.paging import DEFAULT_LIMIT, Cursor, Limit, decode_id_cursor, encode_cursor
from segloop_server.schemas.common import Page
from segloop_server.schemas.projects import (
    LabelClassChange,
    NewProject,
    PartitionIn,
    ProjectChange,
    ProjectOut,
)
from segloop_store import events
from segloop_store.errors import ConflictError
from segloop_store.models import LabelClass, Project
from segloop_store.problem_codes import ProblemCode
from segloop_store.repositories import images, projects
from segloop_store.repositories.projects import NewClass
from segloop_store.states import Role

router = APIRouter(tags=["projects"])


@router.post("/projects", status_code=201)
def create_project(body: NewProject, context: ContextDep, caller: CallerDep) -> ProjectOut:
    """Make a project; its maker becomes its owner."""
    _require_distinct([item.name for item in body.label_classes])
    classes = [
        NewClass(name=item.name, color=item.color, description=item.description, example=item.example)
        for item in body.label_classes
    ]
    with context.database.transaction() as session:
        project = projects.add_project(
            session,
            name=body.name,
            classes=classes,
            partition_kind=body.partition.kind,
            partition_size_px=body.partition.size_px,
            guide_markdown=body.guide_markdown,
            owner_id=caller.user_id,
        )
        project.simulated_annotator = body.simulated_annotator
        events.record(session, "project.created", project_id=project.id, user_id=caller.user_id)
        return _shown(session, [Access(project=project, role=Role.OWNER)])[0]


@router.get("/projects")
def list_projects(
    context: ContextDep,
    caller: CallerDep,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
    *,
    deleted: bool = False,
) -> Page[ProjectOut]:
    """The caller's projects, newest first; an admin sees all. `deleted=true` lists the deleted ones."""
    before = decode_id_cursor(cursor)
    with context.database.reading() as session:
        found = projects.list_projects(
            session,
            user_id=caller.user_id,
            sees_all=caller.is_admin,
            is_deleted=deleted,
            before=before,
            limit=limit + 1,
        )
        accesses = [
            Access(project=project, role=Role.OWNER if caller.is_admin or role is None else role)
            for project, role in found[:limit]
        ]
        next_cursor = encode_cursor(str(accesses[-1].project.id)) if len(found) > limit else None
        return Page(items=_shown(session, accesses), next_cursor=next_cursor)


@router.get("/projects/{project_id}")
def get_project(project_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> ProjectOut:
    """One project."""
    with context.database.reading() as session:
        return _shown(session, [require_role(session, caller, project_id)])[0]


@router.patch("/projects/{project_id}")
def change_project(
    project_id: uuid.UUID, body: ProjectChange, context: ContextDep, caller: CallerDep
) -> ProjectOut:
    """Change what is given.

    `label_classes` renames and recolours by index (or by name, without one) and appends what is new;
    classes not mentioned stay. `partition` may change until images are uploaded and cut into regions.
    `{"deleted": false}` brings a deleted project back.
    """
    with context.database.transaction() as session:
        is_restored = body.deleted is not None
        access = require_role(session, caller, project_id, Role.OWNER, include_deleted=is_restored)
        project = access.project
        if is_restored:
            projects.set_deleted(project, is_deleted=False)
        if body.name is not None:
            project.name = body.name
        if body.guide_markdown is not None:
            project.guide_markdown = body.guide_markdown
        if body.simulated_annotator is not None:
            _switch_simulated_annotator(project, body.simulated_annotator)
        if body.label_classes is not None:
            _change_classes(session, project_id, body.label_classes)
        if body.partition is not None:
            _change_partition(session, project, body.partition)
        events.record(
            session,
            "project.changed",
            project_id=project_id,
            user_id=caller.user_id,
            payload={"fields": sorted(body.model_fields_set)},
        )
        session.flush()
        return _shown(session, [access])[0]


@router.delete("/projects/{project_id}", status_code=204)
def delete_project(project_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> Response:
    """Take a project out of sight. Nothing is lost: `restore` or PATCH `{"deleted": false}` undoes it."""
    with context.database.transaction() as session:
        access = require_role(session, caller, project_id, Role.OWNER, include_deleted=True)
        projects.set_deleted(access.project, is_deleted=True)
        events.record(session, "project.deleted", project_id=project_id, user_id=caller.user_id)
    return Response(status_code=204)


@router.post("/projects/{project_id}/restore")
def restore_project(project_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> ProjectOut:
    """Bring a deleted project back."""
    with context.database.transaction() as session:
        access = require_role(session, caller, project_id, Role.OWNER, include_deleted=True)
        projects.set_deleted(access.project, is_deleted=False)
        events.record(session, "project.restored", project_id=project_id, user_id=caller.user_id)
        session.flush()
        return _shown(session, [access])[0]


def _shown(session: Session, accesses: Sequence[Access]) -> list[ProjectOut]:
    """Projects as JSON, with two queries for all of them."""
    ids = [access.project.id for access in accesses]
    classes = projects.classes_of(session, ids)
    counts = projects.num_images(session, ids)
    return [
        ProjectOut.of(
            access.project,
            access.role,
            classes.get(access.project.id, []),
            counts.get(access.project.id, {}),
        )
        for access in accesses
    ]


def _switch_simulated_annotator(project: Project, to: str) -> None:
    if project.simulated_annotator is None:
        raise ConflictError("no simulated annotator watches this project: only the demo has one")
    project.simulated_annotator = to


def _change_classes(session: Session, project_id: uuid.UUID, changes: Sequence[LabelClassChange]) -> None:
    classes = {item.index: item for item in projects.classes_of(session, [project_id]).get(project_id, [])}
    by_name = {item.name: item for item in classes.values()}
    new: list[NewClass] = []
    for position, change in enumerate(changes):
        if change.index is None:
            found = by_name.get(change.name) if change.name is not None else None
        else:
            found = classes.get(change.index)
            if found is None:
                raise InvalidFieldError(
                    f"label_classes.{position}.index", f"there is no class {change.index}"
                )
        if found is None:
            new.append(_new_class(position, change))
        else:
            _change_class(found, change)
    _require_distinct([item.name for item in classes.values()] + [item.name for item in new])
    projects.append_classes(session, project_id, new)


def _new_class(position: int, change: LabelClassChange) -> NewClass:
    if change.name is None or change.color is None:
        raise InvalidFieldError(f"label_classes.{position}", "a new class needs a name and a color")
    return NewClass(
        name=change.name,
        color=change.color,
        description=change.description or "",
        example=change.example or "",
    )


def _change_class(label_class: LabelClass, change: LabelClassChange) -> None:
    for field in ("name", "color", "description", "example"):
        value = getattr(change, field)
        if value is not None:
            setattr(label_class, field, value)


def _require_distinct(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidFieldError(
            "label_classes",
            f"two classes would be called {twice[0]!r}",
            code=ProblemCode.CLASS_NAME_TWICE,
            name=twice[0],
        )


def _change_partition(session: Session, project: Project, partition: PartitionIn) -> None:
    if partition.size_px is not None:
        image = images.too_large_for(session, project.id, partition.size_px)
        if image is not None:
            raise InvalidFieldError(
                "partition.size_px",
                f"{image.filename!r} ({image.width} x {image.height}) would have more than 65,535 regions",
                code=ProblemCode.TOO_MANY_REGIONS,
                filename=image.filename,
                width=image.width,
                height=image.height,
            )
    projects.set_partition(session, project, partition.kind, partition.size_px)
