"""What jobs need to know of one another: who waits for whom, and whose turn it is to decide what follows."""

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from segloop_store.database import wake_after_commit
from segloop_store.errors import NotFoundError
from segloop_store.models import Job, Round
from segloop_store.states import JobKind, JobState, Queue
from segloop_store.workers import living

_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


def job(session: Session, job_id: uuid.UUID) -> Job | None:
    """One job, or None."""
    return session.get(Job, job_id)


def locked_round(session: Session, round_id: uuid.UUID) -> Round:
    """A round nobody else can move before this transaction ends.

    Two shards that end at once take their turn here, so that exactly one of them sees itself as the last.

    Raises:
        NotFoundError: there is no such round.
    """
    statement = select(Round).where(Round.id == round_id).with_for_update()
    found = session.scalars(statement, execution_options={"populate_existing": True}).one_or_none()
    if found is None:
        raise NotFoundError(f"there is no round {round_id}")
    return found


def unfinished_jobs(
    session: Session,
    *,
    kinds: Sequence[JobKind],
    project_id: uuid.UUID | None = None,
    round_id: uuid.UUID | None = None,
    but: uuid.UUID | None = None,
) -> Sequence[Job]:
    """Jobs of these kinds that wait or run, oldest first."""
    statement = select(Job).where(Job.kind.in_(kinds), Job.state.in_(_UNFINISHED)).order_by(Job.created_at)
    if project_id is not None:
        statement = statement.where(Job.project_id == project_id)
    if round_id is not None:
        statement = statement.where(Job.round_id == round_id)
    if but is not None:
        statement = statement.where(Job.id != but)
    return session.scalars(statement).all()


def say_why_it_waits(session: Session, job_id: uuid.UUID, reason: str) -> None:
    """Note why a queued job does not start yet."""
    session.execute(
        update(Job).where(Job.id == job_id, Job.state == JobState.QUEUED).values(waiting_reason=reason[:255]),
        execution_options={"synchronize_session": False},
    )


def wake_queued(session: Session, project_id: uuid.UUID) -> None:
    """Send the wake-ups of a project's queued jobs again: what they waited for may be there now."""
    statement = select(Job.id, Job.queue).where(Job.project_id == project_id, Job.state == JobState.QUEUED)
    for job_id, queue in session.execute(statement.order_by(Job.created_at)):
        wake_after_commit(session, job_id, queue)


def num_torch_devices(session: Session, *, seen_within_seconds: float) -> int:
    """Compute devices of all living workers that take torch jobs."""
    devices = {
        (worker.host, device)
        for worker in living(session, within_seconds=seen_within_seconds)
        if Queue.TORCH.value in worker.queues.split(",")
        for device in worker.devices
    }
    return len(devices)


def num_jobs(session: Session, *, round_id: uuid.UUID, kind: JobKind) -> int:
    """Jobs of one kind a round has had."""
    statement = select(func.count()).where(Job.round_id == round_id, Job.kind == kind)
    return session.scalar(statement) or 0
