"""What every job of this process shares: settings, database, blobs, devices, and the word that it is over."""

import os
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

from segloop_store.blobs import BlobStore, open_blobs
from segloop_store.broker import CeleryWaker
from segloop_store.clock import new_id
from segloop_store.database import Database
from segloop_store.database import Waker as WakerProtocol
from segloop_store.states import Queue
from segloop_worker.config import WorkerSettings, find_devices


@dataclass(frozen=True, slots=True)
class Runtime:
    """One worker process.

    Attributes:
        settings: what it was told.
        database: with the waker, so that jobs it adds are sent.
        waker: sends wake-ups.
        blobs: the blob store.
        name: names this process and no other.
        queues: what it works on.
        devices: this machine's compute devices; empty when it runs no torch jobs.
        stopping: set once the process goes down: running jobs go back into the queue.
    """

    settings: WorkerSettings
    database: Database
    waker: WakerProtocol
    blobs: BlobStore
    name: str
    queues: tuple[Queue, ...]
    devices: tuple[str, ...]
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def machine(self) -> str:
        """Device slots are named after it."""
        return self.settings.machine

    def slot(self, device: str) -> str:
        """The name under which a device is taken."""
        return f"{self.machine}:{device}"

    def work_dir(self, job_id: object) -> Path:
        """Where a job keeps its files until it ends."""
        return self.settings.data_dir / "work" / str(job_id)


def open_runtime(
    settings: WorkerSettings | None = None,
    *,
    queues: tuple[Queue, ...] = (Queue.LIGHT, Queue.TORCH),
    waker: WakerProtocol | None = None,
) -> Runtime:
    """Open what the settings name. Nothing is started and no job is touched."""
    settings = settings or WorkerSettings()
    waker = waker or CeleryWaker(settings)
    devices = tuple(find_devices(settings.devices)) if Queue.TORCH in queues else ()
    return Runtime(
        settings=settings,
        database=Database(settings.database_url, waker=waker),
        waker=waker,
        blobs=open_blobs(settings),
        name=f"{socket.gethostname()}:{os.getpid()}:{new_id().hex[-8:]}",
        queues=queues,
        devices=devices,
    )
