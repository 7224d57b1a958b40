"""Which function does which kind of job: it loads and computes, then gives back how to save what came out."""

from collections.abc import Callable, Mapping

from segloop_store.states import JobKind
from segloop_worker.job_run import JobRun, Save
from segloop_worker.jobs.ingest import ingest

Handler = Callable[[JobRun], Save]

HANDLERS: Mapping[JobKind, Handler] = {
    JobKind.INGEST: ingest,
}
