"""Which function does which kind of job: it loads and computes, then gives back how to save what came out."""

from collections.abc import Callable, Mapping

from segloop_store.states import JobKind
from segloop_worker.job_run import JobRun, Save
from segloop_worker.jobs.archive import archive
from segloop_worker.jobs.clean_up import clean_up
from segloop_worker.jobs.evaluate import evaluate
from segloop_worker.jobs.export import export
from segloop_worker.jobs.features import features
from segloop_worker.jobs.ingest import ingest
from segloop_worker.jobs.rank import rank
from segloop_worker.jobs.score import predict, score
from segloop_worker.jobs.select import select
from segloop_worker.jobs.train import train

Handler = Callable[[JobRun], Save]

HANDLERS: Mapping[JobKind, Handler] = {
    JobKind.ARCHIVE: archive,
    JobKind.INGEST: ingest,
    JobKind.FEATURES: features,
    JobKind.TRAIN: train,
    JobKind.EVALUATE: evaluate,
    JobKind.SCORE: score,
    JobKind.SELECT: select,
    JobKind.PREDICT: predict,
    JobKind.RANK: rank,
    JobKind.EXPORT: export,
    JobKind.CLEAN_UP: clean_up,
}
