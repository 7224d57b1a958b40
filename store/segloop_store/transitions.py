"""The one door for changes of state: a conditional UPDATE against the entity's table of moves."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from segloop_store.errors import IllegalTransitionError, NotFoundError
from segloop_store.events import record
from segloop_store.models import Assignment, Export, Job, RegionQuery, Round
from segloop_store.states import (
    ASSIGNMENT_MOVES,
    EXPORT_MOVES,
    JOB_MOVES,
    QUERY_MOVES,
    ROUND_MOVES,
    AssignmentState,
    JobState,
    Process,
    QueryState,
    RoundState,
)

E = TypeVar("E", Round, Job, RegionQuery, Assignment, Export)

Conditions = Sequence[ColumnElement[bool]]

_FRESH = {"populate_existing": True, "synchronize_session": False}
"""What RETURNING says replaces what the session had loaded."""

_IDS_A_STATEMENT = 1000


def move_round(session: Session, round_id: uuid.UUID, to: RoundState, *, by: Process, **values: Any) -> Round:
    """Move a round and set `values` with it; logs `round.<state>`.

    Raises:
        IllegalTransitionError: it is in a state that cannot become `to`, or not by this process.
        NotFoundError: there is no such round.
    """
    moved = _move_or_raise(session, Round, round_id, to, by=by, moves=ROUND_MOVES, values=values)
    record(
        session,
        f"round.{to}",
        project_id=moved.project_id,
        round_id=moved.id,
        payload={"number": moved.number, "error": moved.error},
    )
    return moved


def move_job(
    session: Session,
    job_id: uuid.UUID,
    to: JobState,
    *,
    by: Process,
    where: Conditions = (),
    **values: Any,
) -> Job:
    """Move a job; `segloop_store.jobs` has a function for every use. Raises as `move_round`."""
    return _move_or_raise(session, Job, job_id, to, by=by, moves=JOB_MOVES, where=where, values=values)


def try_move_job(
    session: Session,
    job_id: uuid.UUID,
    to: JobState,
    *,
    by: Process,
    where: Conditions = (),
    **values: Any,
) -> Job | None:
    """Like `move_job`, but None when the job may not make the move or `where` does not hold."""
    return _try_move(session, Job, job_id, to, by=by, moves=JOB_MOVES, where=where, values=values)


def move_query(
    session: Session, query_id: uuid.UUID, to: QueryState, *, by: Process, **values: Any
) -> RegionQuery:
    """Move a region query. Raises as `move_round`."""
    return _move_or_raise(session, RegionQuery, query_id, to, by=by, moves=QUERY_MOVES, values=values)


def move_assignment(
    session: Session, assignment_id: uuid.UUID, to: AssignmentState, *, by: Process, **values: Any
) -> Assignment:
    """Move an assignment. Raises as `move_round`."""
    return _move_or_raise(
        session, Assignment, assignment_id, to, by=by, moves=ASSIGNMENT_MOVES, values=values
    )


def move_queries(
    session: Session, to: QueryState, *, by: Process, where: Conditions
) -> Sequence[RegionQuery]:
    """Move every region query that `where` holds for and that may make the move; those that did."""
    return _move_all(session, RegionQuery, to, by=by, moves=QUERY_MOVES, where=where)


def move_assignments(
    session: Session, to: AssignmentState, *, by: Process, where: Conditions
) -> Sequence[Assignment]:
    """Move every assignment that `where` holds for and that may make the move; those that did."""
    return _move_all(session, Assignment, to, by=by, moves=ASSIGNMENT_MOVES, where=where)


def move_export(
    session: Session, export_id: uuid.UUID, to: JobState, *, by: Process, **values: Any
) -> Export:
    """Move an export; logs `export.<state>`. Raises as `move_round`."""
    moved = _move_or_raise(session, Export, export_id, to, by=by, moves=EXPORT_MOVES, values=values)
    record(session, f"export.{to}", project_id=moved.project_id, payload={"export_id": str(moved.id)})
    return moved


def _try_move(
    session: Session,
    entity: type[E],
    entity_id: uuid.UUID,
    to: Any,
    *,
    by: Process,
    moves: Mapping[tuple[Any, Any], frozenset[Process]],
    where: Conditions = (),
    values: Mapping[str, Any],
) -> E | None:
    statement = (
        update(entity)
        .where(entity.id == entity_id, entity.state.in_(_sources(to, by, moves)), *where)
        .values(state=to, **values)
        .returning(entity)
    )
    return session.scalars(statement, execution_options=_FRESH).one_or_none()


def _move_all(
    session: Session,
    entity: type[E],
    to: Any,
    *,
    by: Process,
    moves: Mapping[tuple[Any, Any], frozenset[Process]],
    where: Conditions,
) -> Sequence[E]:
    """Rows somebody works on at this moment are left to them: they are skipped, not waited for."""
    conditions = [entity.state.in_(_sources(to, by, moves)), *where]
    found = session.scalars(
        select(entity.id).where(*conditions).order_by(entity.id).with_for_update(skip_locked=True)
    ).all()
    moved: list[E] = []
    for start in range(0, len(found), _IDS_A_STATEMENT):
        ids = found[start : start + _IDS_A_STATEMENT]
        # asked again: on PostgreSQL this statement sees what was committed while the first one chose
        statement = update(entity).where(entity.id.in_(ids), *conditions).values(state=to).returning(entity)
        moved += session.scalars(statement, execution_options=_FRESH).all()
    return moved


def _sources(to: Any, by: Process, moves: Mapping[tuple[Any, Any], frozenset[Process]]) -> list[Any]:
    return [source for (source, target), processes in moves.items() if target == to and by in processes]


def _move_or_raise(
    session: Session,
    entity: type[E],
    entity_id: uuid.UUID,
    to: Any,
    *,
    by: Process,
    moves: Mapping[tuple[Any, Any], frozenset[Process]],
    where: Conditions = (),
    values: Mapping[str, Any],
) -> E:
    moved = _try_move(session, entity, entity_id, to, by=by, moves=moves, where=where, values=values)
    if moved is not None:
        return moved
    found = session.get(entity, entity_id, populate_existing=True)
    name = entity.__tablename__.replace("_", " ")
    if found is None:
        raise NotFoundError(f"there is no {name} {entity_id}")
    raise IllegalTransitionError(f"{name} {entity_id} is {found.state}: the {by} cannot make it {to}")
