"""Background runs: see them, stop them."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from segloop_server.dependencies import Caller, CallerDep, ContextDep, require_admin, require_role
from segloop_server.errors import InvalidFieldError
from segloop_server.paging import DEFAULT_LIMIT, Cursor, Limit, decode_id_cursor, page_by_id
from segloop_server.schemas.common import Page
from segloop_server.schemas.jobs import JobOut
from segloop_store import events, jobs
from segloop_store.errors import NotFoundError
from segloop_store.models import Job
from segloop_store.repositories import job_lists
from segloop_store.states import JobState, Role

router = APIRouter(tags=["jobs"])

_ACTIVE = "active"
StateFilter = Annotated[
    list[str], Query(description="`active` (queued or running) or any of the states; may be repeated")
]


@router.get("/jobs/{job_id}")
def get_job(job_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> JobOut:
    """One job."""
    with context.database.reading() as session:
        return JobOut.of(_require_job(session, caller, job_id, Role.VIEWER))


@router.get("/projects/{project_id}/jobs")
def list_jobs(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    state: StateFilter = [],  # noqa: B006 - FastAPI copies it
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[JobOut]:
    """A project's jobs, newest first."""
    states = _states(state)
    before = decode_id_cursor(cursor)
    with context.database.reading() as session:
        require_role(session, caller, project_id)
        found = job_lists.list_jobs(session, project_id, states=states, before=before, limit=limit + 1)
        return page_by_id(found, limit, JobOut.of, lambda job: job.id)


@router.post("/jobs/{job_id}/cancel")
def cancel_job(job_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> JobOut:
    """Stop a job: a waiting one at once, a running one within seconds. 409 when it has ended."""
    with context.database.transaction() as session:
        job = jobs.request_cancel(session, _require_job(session, caller, job_id, Role.OWNER))
        events.record(
            session,
            "job.cancel_requested",
            project_id=job.project_id,
            round_id=job.round_id,
            user_id=caller.user_id,
            payload={"job_id": str(job_id), "kind": job.kind.value},
        )
        return JobOut.of(job)


def _require_job(session: Session, caller: Caller, job_id: uuid.UUID, at_least: Role) -> Job:
    job = job_lists.job_by_id(session, job_id)
    try:
        if job.project_id is None:
            require_admin(caller)
        else:
            require_role(session, caller, job.project_id, at_least)
    except NotFoundError as error:
        raise NotFoundError("there is no such job") from error
    return job


def _states(names: list[str]) -> list[JobState]:
    states: list[JobState] = []
    for name in names:
        if name == _ACTIVE:
            states += [JobState.QUEUED, JobState.RUNNING]
        elif name in set(JobState):
            states.append(JobState(name))
        else:
            known = ", ".join([_ACTIVE, *JobState])
            raise InvalidFieldError("state", f"{name!r} is unknown: use one of {known}")
    return states
