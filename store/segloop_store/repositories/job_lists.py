"""Jobs as people see them. What moves a job is in `segloop_store.jobs`."""

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from segloop_store.errors import NotFoundError
from segloop_store.models import Job
from segloop_store.states import JobKind, JobState


def job_by_id(session: Session, job_id: uuid.UUID) -> Job:
    """A job.

    Raises:
        NotFoundError: there is none.
    """
    job = session.get(Job, job_id)
    if job is None:
        raise NotFoundError("there is no such job")
    return job


def list_jobs(
    session: Session,
    project_id: uuid.UUID,
    *,
    states: Sequence[JobState],
    before: uuid.UUID | None,
    limit: int,
) -> Sequence[Job]:
    """A project's jobs in any of these states (none given: in all), newest first."""
    statement = select(Job).where(Job.project_id == project_id).order_by(Job.id.desc()).limit(limit)
    if states:
        statement = statement.where(Job.state.in_(states))
    if before is not None:
        statement = statement.where(Job.id < before)
    return session.scalars(statement).all()


def num_jobs(session: Session) -> Sequence[tuple[JobKind, JobState, int]]:
    """How many jobs of each kind are in each state, over all projects."""
    statement = select(Job.kind, Job.state, func.count()).group_by(Job.kind, Job.state)
    return [(kind, state, count) for kind, state, count in session.execute(statement)]
