"""The Celery side: a wake-up comes in, a job is run.

Started as `celery -A segloop_worker.app worker -Q light -P threads`, or by `segloop_worker.main` with
fewer words. Nothing is opened on import.
"""

import os
import threading
import uuid
from typing import Any

import celery
import structlog
from celery.signals import worker_init, worker_ready, worker_shutdown, worker_shutting_down

from segloop_store.broker import RUN_JOB, make_celery
from segloop_store.states import Queue
from segloop_worker.config import WorkerSettings
from segloop_worker.heartbeat import Caretaker
from segloop_worker.logs import configure_logs
from segloop_worker.runtime import Runtime, open_runtime
from segloop_worker.tasks import run_job

log = structlog.get_logger(__name__)

_STOP_SECONDS = 2.7
"""A process that was told to stop is gone by then; what it could not give back, the reconciler takes."""

_settings = WorkerSettings()
app: celery.Celery = make_celery(_settings, "segloop_worker")
app.conf.update(worker_pool="threads", worker_redirect_stdouts=False)

_process: dict[str, Any] = {}
"""`runtime` and `caretaker` of this process, once the worker has started."""


@app.task(name=RUN_JOB)  # type: ignore[untyped-decorator]  # celery ships no types
def run_job_task(job_id: str) -> None:
    """Run one job by id; a message for a job that is not there to be run does nothing."""
    runtime: Runtime = _process["runtime"]
    if runtime.stopping.is_set():
        return
    run_job(runtime, uuid.UUID(job_id))


@worker_init.connect
def _open(sender: Any, **_: Any) -> None:
    configure_logs()
    queues = tuple(Queue(name) for name in sender.app.amqp.queues.consume_from)
    _process["runtime"] = open_runtime(_settings, queues=queues)


@worker_ready.connect
def _start(**_: Any) -> None:
    runtime: Runtime = _process["runtime"]
    _process["caretaker"] = Caretaker(runtime)
    _process["caretaker"].start()
    log.info("worker_ready", worker=runtime.name, queues=",".join(runtime.queues), devices=runtime.devices)


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    """Comes in the signal handler: only set the flag, and make sure that this process ends."""
    runtime: Runtime | None = _process.get("runtime")
    if runtime is not None:
        runtime.stopping.set()
    timer = threading.Timer(_STOP_SECONDS, os._exit, args=(0,))
    timer.daemon = True
    timer.start()


@worker_shutdown.connect
def _sign_off(**_: Any) -> None:
    caretaker: Caretaker | None = _process.get("caretaker")
    if caretaker is not None:
        caretaker.stop()
