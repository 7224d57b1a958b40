"""Is the process alive, can it work, and numbers for Prometheus. Outside /api/v1, for anybody."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from segloop_server.dependencies import Context, ContextDep
from segloop_server.errors import problem
from segloop_store import workers
from segloop_store.errors import StoreError
from segloop_store.repositories import job_lists
from segloop_store.states import Queue

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """All is well; or well enough, with what is missing."""

    status: str = "ok"
    missing: list[str] = []


@router.get("/healthz")
def healthz() -> Health:
    """200 when the process is alive."""
    return Health()


@router.get("/readyz", responses={503: {"description": "not ready, with the reasons"}}, response_model=Health)
def readyz(context: ContextDep) -> Health | Response:
    """200 when the database, the blobs and a worker answer; else 503 with the reasons.

    A queue that no worker serves is `missing`: its jobs wait, everything else works.
    """
    blobs = _blobs_reason(context)
    reasons = [blobs] if blobs else []
    missing: list[Queue] = []
    try:
        missing = sorted(set(Queue) - _served_queues(context))
    except StoreError as error:
        reasons.append(f"database: {error}")
    said = [f"no worker is alive for the {queue} queue" for queue in missing]
    if len(missing) == len(Queue):
        reasons += said
    if not reasons:
        return Health(missing=said)
    return problem(503, "; ".join(reasons), errors=[{"detail": reason} for reason in reasons])


@router.get("/metrics", response_class=Response)
def metrics(context: ContextDep) -> Response:
    """Prometheus text."""
    try:
        _measure(context)
    except StoreError:
        context.metrics.jobs.clear()
        context.metrics.workers.clear()
    return Response(context.metrics.text(), media_type="text/plain; version=0.0.4")


def _blobs_reason(context: Context) -> str | None:
    try:
        context.blobs.check()
    except StoreError as error:
        return f"blobs: {error}"
    return None


def _served_queues(context: Context) -> set[Queue]:
    with context.database.reading() as session:
        alive = workers.living(session, within_seconds=context.settings.worker_seen_seconds)
        return {queue for worker in alive for queue in Queue if queue.value in worker.queues.split(",")}


def _measure(context: Context) -> None:
    served = _served_queues(context)
    with context.database.reading() as session:
        counts = job_lists.num_jobs(session)
    context.metrics.jobs.clear()
    for kind, state, count in counts:
        context.metrics.jobs.labels(kind.value, state.value).set(count)
    for queue in Queue:
        context.metrics.workers.labels(queue.value).set(int(queue in served))
