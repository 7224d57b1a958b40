"""What a worker does besides jobs, in threads of its own: say that it is alive, tidy up after dead ones."""

import threading
from collections.abc import Callable

import structlog

from segloop_store import workers
from segloop_store.clock import now
from segloop_store.database import Database
from segloop_store.reconciler import reconcile
from segloop_store.repositories import work
from segloop_store.states import Queue
from segloop_worker import pipeline
from segloop_worker.runtime import Runtime

log = structlog.get_logger(__name__)

_WOKEN_AT_START = 200


class Caretaker:
    """The heartbeat; for the light queue the reconciler; for the torch queue a look for what waits.

    None of them ever waits behind a job: `take_waiting` must start what it finds in a thread of its own.
    """

    def __init__(self, runtime: Runtime, *, take_waiting: Callable[[], None]) -> None:
        self._runtime = runtime
        self._has_woken = False
        self._threads = [self._thread("heartbeat", self._beat)]
        if Queue.LIGHT in runtime.queues:
            self._threads.append(self._thread("reconciler", self._reconcile))
        if Queue.TORCH in runtime.queues:
            self._threads.append(self._thread("waiting", take_waiting))

    def start(self) -> None:
        """Start; the first heartbeat and the first reconciliation happen at once."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Sign off. The threads end with `runtime.stopping`."""
        for thread in self._threads:
            thread.join(timeout=1.0)
        try:
            workers.sign_off(self._runtime.database, self._runtime.name)
        except Exception as error:  # noqa: BLE001 - a row that stays is forgotten by the reconciler
            log.warning("sign_off_failed", error=str(error))

    def _thread(self, name: str, step: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=self._repeat, args=(name, step), name=name, daemon=True)

    def _repeat(self, name: str, step: Callable[[], None]) -> None:
        while not self._runtime.stopping.is_set():
            try:
                step()
            except Exception as error:  # noqa: BLE001 - a database that is away now may be back in a moment
                log.warning("caretaker_step_failed", step=name, error=str(error))
            self._runtime.stopping.wait(self._runtime.settings.heartbeat_seconds)

    def _beat(self) -> None:
        runtime = self._runtime
        workers.beat(
            runtime.database,
            runtime.name,
            queues=runtime.queues,
            devices=runtime.devices,
            machine=runtime.machine,
        )

    def _reconcile(self) -> None:
        runtime = self._runtime
        if not self._has_woken:
            self._wake_waiting()
            self._has_woken = True
        reconcile(runtime.database, runtime.waker, now(), on_ended=pipeline.ended_badly)
        tell_stranded(runtime.database)

    def _wake_waiting(self) -> None:
        """Send what waits again: wake-ups that a killed worker had taken are lost, and overdue only later."""
        with self._runtime.database.reading() as session:
            waiting = work.queued_jobs(session, limit=_WOKEN_AT_START)
        for job in waiting:
            self._runtime.waker.wake(job.id, job.queue)


def tell_stranded(database: Database) -> None:
    """End the rounds and exports whose job was cancelled before any worker took it."""
    with database.reading() as session:
        found = [job.id for job in work.stranded(session)]  # none is the usual case, and costs no write
    for job_id in found:
        # a transaction each: none may hold one round's locks while it waits for another's
        with database.transaction() as session:
            for job in work.stranded(session):
                if job.id == job_id:
                    pipeline.ended_badly(session, job)
