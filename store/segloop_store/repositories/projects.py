"""Projects, their classes and their members."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from segloop.settings import PartitionKind, Split
from segloop_store.clock import now
from segloop_store.errors import ConflictError, NotFoundError
from segloop_store.models import Image, Job, LabelClass, Membership, Partition, Project, User
from segloop_store.problem_codes import ProblemCode
from segloop_store.states import JobKind, JobState, Role

MAX_CLASSES = 254
"""A label map's byte has room for 0..253; 254 is void, 255 unlabelled."""


@dataclass(frozen=True, slots=True)
class NewClass:
    """What a class is made of, without its index."""

    name: str
    color: str
    description: str = ""
    example: str = ""


def add_project(
    session: Session,
    *,
    name: str,
    classes: Sequence[NewClass],
    partition_kind: PartitionKind,
    partition_size_px: int | None,
    guide_markdown: str,
    owner_id: uuid.UUID,
) -> Project:
    """A new project with its classes numbered from 0, owned by its maker."""
    project = Project(
        name=name,
        guide_markdown=guide_markdown,
        partition_kind=partition_kind,
        partition_size_px=partition_size_px,
        created_by=owner_id,
    )
    session.add(project)
    session.flush()
    session.add(Membership(project_id=project.id, user_id=owner_id, role=Role.OWNER))
    append_classes(session, project.id, classes)
    return project


def with_role(
    session: Session, project_id: uuid.UUID, user_id: uuid.UUID
) -> tuple[Project, Role | None] | None:
    """A project, deleted or not, and what the user is in it; None when there is no such project."""
    statement = (
        select(Project, Membership.role)
        .outerjoin(Membership, (Membership.project_id == Project.id) & (Membership.user_id == user_id))
        .where(Project.id == project_id)
    )
    found = session.execute(statement).one_or_none()
    return None if found is None else (found[0], found[1])


def list_projects(
    session: Session,
    *,
    user_id: uuid.UUID,
    sees_all: bool,
    is_deleted: bool,
    before: uuid.UUID | None,
    limit: int,
) -> Sequence[tuple[Project, Role | None]]:
    """Projects the user may see with their role, newest first."""
    statement = (
        select(Project, Membership.role)
        .outerjoin(Membership, (Membership.project_id == Project.id) & (Membership.user_id == user_id))
        .where(Project.deleted_at.is_not(None) if is_deleted else Project.deleted_at.is_(None))
        .order_by(Project.id.desc())
        .limit(limit)
    )
    if not sees_all:
        statement = statement.where(Membership.role.is_not(None))
    if before is not None:
        statement = statement.where(Project.id < before)
    return [(project, role) for project, role in session.execute(statement)]


def set_deleted(project: Project, *, is_deleted: bool) -> None:
    """Take a project out of sight, or bring it back; nothing in it is touched."""
    project.deleted_at = (project.deleted_at or now()) if is_deleted else None


def num_images(session: Session, project_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, Mapping[Split, int]]:
    """How many images each project shows in each split."""
    statement = (
        select(Image.project_id, Image.split, func.count())
        .where(Image.project_id.in_(list(project_ids)), Image.hidden_at.is_(None))
        .group_by(Image.project_id, Image.split)
    )
    counts: dict[uuid.UUID, dict[Split, int]] = {}
    for project_id, split, count in session.execute(statement):
        counts.setdefault(project_id, {})[split] = count
    return counts


def classes_of(
    session: Session, project_ids: Iterable[uuid.UUID]
) -> Mapping[uuid.UUID, Sequence[LabelClass]]:
    """The classes of each project, by index."""
    statement = (
        select(LabelClass)
        .where(LabelClass.project_id.in_(list(project_ids)))
        .order_by(LabelClass.project_id, LabelClass.index)
    )
    found: dict[uuid.UUID, list[LabelClass]] = {}
    for label_class in session.scalars(statement):
        found.setdefault(label_class.project_id, []).append(label_class)
    return found


def num_classes(session: Session, project_id: uuid.UUID) -> int:
    """How many indexes are in use: the largest one + 1."""
    statement = select(func.max(LabelClass.index)).where(LabelClass.project_id == project_id)
    largest = session.scalar(statement)
    return 0 if largest is None else largest + 1


def append_classes(session: Session, project_id: uuid.UUID, classes: Sequence[NewClass]) -> None:
    """Add classes behind the ones there are; an index is never reused.

    Raises:
        ConflictError: there would be more than 254.
    """
    first = num_classes(session, project_id)
    if first + len(classes) > MAX_CLASSES:
        raise ConflictError(
            f"a project has at most {MAX_CLASSES} classes: {first} are there, {len(classes)} would be added",
            code=ProblemCode.TOO_MANY_CLASSES,
            most=MAX_CLASSES,
        )
    for index, new in enumerate(classes, start=first):
        session.add(
            LabelClass(
                project_id=project_id,
                index=index,
                name=new.name,
                color=new.color,
                description=new.description,
                example=new.example,
            )
        )
    session.flush()


def is_partitioned(session: Session, project_id: uuid.UUID) -> bool:
    """Whether any image of the project has been cut into regions."""
    statement = (
        select(Partition.id).join(Image, Image.id == Partition.image_id).where(Image.project_id == project_id)
    )
    return session.scalar(statement.limit(1)) is not None


def set_partition(session: Session, project: Project, kind: PartitionKind, size_px: int | None) -> None:
    """Choose how images are cut.

    Raises:
        ConflictError: an image has been cut already, another way, or a worker may be cutting one.
    """
    # An upload that adds an ingest at this moment refers to the project: it waits, or we wait for it.
    session.flush()  # what was changed with the partition stays changed
    session.refresh(project, with_for_update=True)
    if (kind, size_px) == (project.partition_kind, project.partition_size_px):
        return
    if _is_being_partitioned(session, project.id):
        raise ConflictError(
            "images of this project are being cut into regions: change the partition before uploading",
            code=ProblemCode.PARTITION_BUSY,
        )
    if is_partitioned(session, project.id):
        raise ConflictError(
            "the partition is fixed: images of this project have been cut into regions already",
            code=ProblemCode.PARTITION_FIXED,
        )
    project.partition_kind = kind
    project.partition_size_px = size_px


def _is_being_partitioned(session: Session, project_id: uuid.UUID) -> bool:
    """Whether an ingest may have read the project's partition already."""
    statement = select(Job.id).where(
        Job.project_id == project_id,
        Job.kind == JobKind.INGEST,
        Job.state.in_((JobState.QUEUED, JobState.RUNNING)),
    )
    return session.scalar(statement.limit(1)) is not None


def members(
    session: Session, project_id: uuid.UUID, *, after: uuid.UUID | None, limit: int
) -> Sequence[tuple[Membership, User]]:
    """Who belongs to a project."""
    statement = (
        select(Membership, User)
        .join(User, User.id == Membership.user_id)
        .where(Membership.project_id == project_id)
        .order_by(Membership.user_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Membership.user_id > after)
    return [(membership, user) for membership, user in session.execute(statement)]


def set_member(session: Session, project_id: uuid.UUID, user_id: uuid.UUID, role: Role) -> Membership:
    """Give a user a role in a project.

    Raises:
        NotFoundError: there is no such user.
        ConflictError: the project would be left without an owner.
    """
    if session.get(User, user_id) is None:
        raise NotFoundError("there is no such user")
    membership = session.get(Membership, (project_id, user_id))
    if membership is None:
        membership = Membership(project_id=project_id, user_id=user_id, role=role)
        session.add(membership)
    else:
        if membership.role is Role.OWNER and role is not Role.OWNER:
            _require_another_owner(session, project_id, user_id)
        membership.role = role
    session.flush()
    return membership


def remove_member(session: Session, project_id: uuid.UUID, user_id: uuid.UUID) -> None:
    """Take a user out of a project; what they annotated stays.

    Raises:
        NotFoundError: the user is no member.
        ConflictError: the project would be left without an owner.
    """
    membership = session.get(Membership, (project_id, user_id))
    if membership is None:
        raise NotFoundError("this user is no member of the project")
    if membership.role is Role.OWNER:
        _require_another_owner(session, project_id, user_id)
    session.execute(
        delete(Membership).where(Membership.project_id == project_id, Membership.user_id == user_id)
    )


def _require_another_owner(session: Session, project_id: uuid.UUID, user_id: uuid.UUID) -> None:
    statement = select(func.count()).where(
        Membership.project_id == project_id, Membership.role == Role.OWNER, Membership.user_id != user_id
    )
    if not session.scalar(statement):
        raise ConflictError(
            "a project needs an owner: make somebody else owner first", code=ProblemCode.LAST_OWNER
        )
