"""The Celery side: a wake-up comes in, a job is run.

Started as `celery -A segloop_worker.app worker -Q light -P threads`, or by `segloop_worker.main` with
fewer words. Nothing is opened on import.
"""

import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import celery
import structlog
from celery.signals import worker_init, worker_ready, worker_shutting_down

from segloop_store.broker import RUN_JOB, make_celery
from segloop_store.states import Queue
from segloop_worker.config import WorkerSettings
from segloop_worker.heartbeat import Caretaker
from segloop_worker.logs import configure_logs
from segloop_worker.runtime import Runtime, open_runtime
from segloop_worker.tasks import run_job, run_waiting

log = structlog.get_logger(__name__)

_STOP_SECONDS = 2.3
"""How long running jobs get to give themselves back; what does not manage, the reconciler takes."""

_settings = WorkerSettings()
app: celery.Celery = make_celery(_settings, "segloop_worker")
app.conf.update(worker_pool="threads", worker_redirect_stdouts=False)


class _Process:
    """What this process holds once the worker has started."""

    def __init__(self) -> None:
        self.runtime: Runtime | None = None
        self.caretaker: Caretaker | None = None
        self._num_running = 0
        self._taker: threading.Thread | None = None
        self._changed = threading.Condition()

    def run(self, job_id: uuid.UUID) -> None:
        """Run a job, unless the process is going down; then what has waited for its device."""
        with self._running() as runtime:
            if runtime is not None:
                run_job(runtime, job_id)
                _run_all_waiting(runtime)

    def take_waiting(self) -> None:
        """Run what waits for a device, if one is free, in a thread of its own; one looks at a time."""
        if self._taker is None or not self._taker.is_alive():
            self._taker = threading.Thread(target=self._take_waiting, name="take-waiting", daemon=True)
            self._taker.start()

    def _take_waiting(self) -> None:
        with self._running() as runtime:
            if runtime is not None:
                _run_all_waiting(runtime)

    @contextmanager
    def _running(self) -> Iterator[Runtime | None]:
        """Count a thread that runs jobs; None when the process is going down."""
        assert self.runtime is not None, "a message came before the worker was up"
        with self._changed:
            if self.runtime.stopping.is_set():
                yield None
                return
            self._num_running += 1
        try:
            yield self.runtime
        finally:
            with self._changed:
                self._num_running -= 1
                self._changed.notify_all()

    def stop(self) -> None:
        """Let running jobs go back into the queue, sign off, and end.

        Celery's own way out waits for its threads and its polling; a wake-up it may drop is worth nothing.
        """
        if self.runtime is not None:
            self.runtime.stopping.set()
        with self._changed:
            self._changed.wait_for(lambda: self._num_running == 0, timeout=_STOP_SECONDS)
        if self.caretaker is not None:
            self.caretaker.stop()
        log.info("worker_stopped", num_jobs_left=self._num_running)
        os._exit(0)


def _run_all_waiting(runtime: Runtime) -> None:
    while run_waiting(runtime):
        pass


_process = _Process()


@app.task(name=RUN_JOB)  # type: ignore[untyped-decorator]  # celery ships no types
def run_job_task(job_id: str) -> None:
    """Run one job by id; a message for a job that is not there to be run does nothing."""
    _process.run(uuid.UUID(job_id))


def _open(sender: Any, **_: Any) -> None:
    configure_logs()
    queues = tuple(Queue(name) for name in sender.app.amqp.queues.consume_from)
    _process.runtime = open_runtime(_settings, queues=queues)


def _start(**_: Any) -> None:
    runtime = _process.runtime
    assert runtime is not None
    _process.caretaker = Caretaker(runtime, take_waiting=_process.take_waiting)
    _process.caretaker.start()
    log.info("worker_ready", worker=runtime.name, queues=",".join(runtime.queues), devices=runtime.devices)


def _stop(**_: Any) -> None:
    """Comes in the signal handler, where the interrupted code may hold any lock: a thread does the work."""
    threading.Thread(target=_process.stop, name="stop", daemon=True).start()


worker_init.connect(_open)
worker_ready.connect(_start)
worker_shutting_down.connect(_stop)
