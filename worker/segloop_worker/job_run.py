"""One run of one job: its lease, its progress, whether it should stop, and the fence before each write."""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import structlog
from sqlalchemy.orm import Session

from segloop_store import jobs
from segloop_store.blobs import BlobStore
from segloop_store.database import Database
from segloop_store.errors import StoreError
from segloop_store.models import Job
from segloop_worker.errors import CancelRequested, JobLostError, WorkerStopping
from segloop_worker.runtime import Runtime

log = structlog.get_logger(__name__)

Save = Callable[[Session], dict[str, Any] | None]
"""What a handler gives back: called in the transaction in which the job finishes, it gives its results."""

_TICK_SECONDS = 0.5
"""At most two writes a second for progress."""
_QUIET_SECONDS = 2.0
"""How soon a cancel is seen while there is nothing to report."""


class JobRun:
    """A claimed job in this worker's hands; as a context manager it keeps the lease alive."""

    def __init__(self, runtime: Runtime, job: Job, *, owner: str, device: str | None = None) -> None:
        self.runtime = runtime
        self.job = job
        self.owner = owner
        self.device = device
        self._progress: tuple[float, dict[str, Any]] | None = None
        self._is_cancel_requested = False
        self._is_lost = False
        self._is_over = threading.Event()
        self._watch = threading.Thread(target=self._keep_alive, name=f"lease-{job.id}", daemon=True)

    @property
    def id(self) -> uuid.UUID:
        """The job's id."""
        return self.job.id

    @property
    def project_id(self) -> uuid.UUID:
        """The project the job works for."""
        assert self.job.project_id is not None, f"job {self.job.id} has no project"
        return self.job.project_id

    @property
    def round_id(self) -> uuid.UUID:
        """The round the job works for."""
        assert self.job.round_id is not None, f"job {self.job.id} has no round"
        return self.job.round_id

    @property
    def payload(self) -> dict[str, Any]:
        """The job's message: ids and small numbers."""
        return self.job.payload

    @property
    def database(self) -> Database:
        """Where rows are."""
        return self.runtime.database

    @property
    def blobs(self) -> BlobStore:
        """Where arrays are."""
        return self.runtime.blobs

    def __enter__(self) -> Self:
        """Start to renew the lease."""
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop renewing it."""
        self._is_over.set()
        self._watch.join()

    def report(self, fraction: float, **progress: Any) -> None:
        """Say how far the job is; written with the next heartbeat. Raises as `check`."""
        self._progress = (fraction, progress)
        self.check()

    def check(self) -> None:
        """Return while the job should go on.

        Raises:
            Interruption: it was cancelled, lost to another run, or this process stops.
        """
        if self._is_lost:
            raise JobLostError(f"job {self.id} is no longer held by {self.owner}")
        if self._is_cancel_requested:
            raise CancelRequested(f"job {self.id} was cancelled")
        if self.runtime.stopping.is_set():
            raise WorkerStopping("the worker stops")

    def wait(self, seconds: float) -> None:
        """Wait, but not once the job should stop. Raises as `check`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            self.runtime.stopping.wait(0.1)
        self.check()

    @contextlib.contextmanager
    def saving(self) -> Iterator[Session]:
        """The one way a job writes: a transaction that starts by making sure that the job is still ours.

        Raises:
            Interruption: it is not, or it was cancelled meanwhile.
        """
        self.check()
        self.blobs.settle()  # what the job has put, before a row names it
        with self.database.transaction() as session:
            try:
                job = jobs.fence(session, self.id, self.owner)
            except StoreError as error:
                raise JobLostError(str(error)) from error
            if job.is_cancel_requested:
                raise CancelRequested(f"job {self.id} was cancelled")
            self.job = job
            yield session

    def _keep_alive(self) -> None:
        lease_seconds = self.runtime.settings.job_lease_seconds
        beaten_at = time.monotonic()
        written: tuple[float, dict[str, Any]] | None = None
        quiet_seconds = min(_QUIET_SECONDS, lease_seconds / 4)
        while not self._is_over.wait(min(_TICK_SECONDS, quiet_seconds)):
            progress = self._progress
            if progress == written and time.monotonic() - beaten_at < quiet_seconds:
                continue
            try:
                self._beat(progress, lease_seconds)
            except Exception as error:  # noqa: BLE001 - a database that is away for a while must not end the watch
                log.warning("job_heartbeat_failed", job_id=str(self.id), error=str(error))
            else:
                written = progress
            beaten_at = time.monotonic()

    def _beat(self, progress: tuple[float, dict[str, Any]] | None, lease_seconds: float) -> None:
        fraction, values = progress if progress is not None else (None, None)
        result = jobs.heartbeat(
            self.database,
            self.id,
            self.owner,
            progress=values,
            fraction=fraction,
            lease_seconds=lease_seconds,
        )
        if self._is_over.is_set():
            return
        self._is_cancel_requested |= result.is_cancel_requested
        self._is_lost |= result.is_lost


def text_for_people(error: BaseException) -> str:
    """What a failed job says about itself: our own errors speak for themselves, others are named."""
    if isinstance(error, StoreError) or type(error).__module__.startswith("segloop"):
        return str(error) or type(error).__name__
    return f"an unexpected error stopped the job ({type(error).__name__}: {error}); the worker's log has more"
