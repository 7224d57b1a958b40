"""The broker carries wake-ups only: lose all of them and the reconciler sends them again.

This module alone imports Celery. Nothing here says what a job is or does.
"""

import threading
import time
import uuid
from typing import Any

import celery
import structlog

from segloop_store import folder_transport
from segloop_store.config import StoreSettings
from segloop_store.states import Queue

log = structlog.get_logger(__name__)

RUN_JOB = "segloop.run_job"
"""The one message: `(job_id)`, to the queue of the job."""

SILENT_SECONDS = 5.0
"""After a failure no message is tried for so long, lest every request waits for a broker that is down."""


def make_celery(settings: StoreSettings, name: str = "segloop") -> celery.Celery:
    """A Celery app for the broker the settings name: no results, no late acks, nothing prefetched.

    The job row is the truth: claims, leases and cancelling live in `segloop_store.jobs`.
    """
    folder_transport.register()
    app = celery.Celery(name, broker=_address(settings), set_as_current=False)
    app.conf.update(
        task_acks_late=False,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        task_default_queue=Queue.LIGHT.value,
        task_publish_retry=False,
        task_serializer="json",
        accept_content=["json"],
        timezone="UTC",
        enable_utc=True,
        broker_connection_timeout=2,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_transport_options(settings),
    )
    return app


class CeleryWaker:
    """Sends wake-ups; a broker that is down costs a log line, not the request."""

    def __init__(self, settings: StoreSettings) -> None:
        self._app = make_celery(settings)
        self._lock = threading.Lock()
        self._silent_until = 0.0

    def wake(self, job_id: uuid.UUID, queue: Queue) -> None:
        """Send one wake-up for one job to its queue. Never raises."""
        if time.monotonic() < self._silent_until:
            return
        try:
            with self._lock:
                self._app.send_task(
                    RUN_JOB, args=[str(job_id)], queue=queue.value, ignore_result=True, retry=False
                )
        except Exception as error:  # noqa: BLE001 - whatever the transport raises, the row is safe and is sent again
            self._silent_until = time.monotonic() + SILENT_SECONDS
            log.warning("wake_up_not_sent", job_id=str(job_id), queue=queue.value, error=str(error))

    def check(self) -> None:
        """Connect to the broker; raises what the transport raises."""
        with self._app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=2)


Waker = CeleryWaker
"""The name callers use; the Protocol it follows is `segloop_store.database.Waker`."""


def _address(settings: StoreSettings) -> str:
    is_embedded = settings.broker_url.startswith("filesystem")
    return f"{folder_transport.SCHEME}://" if is_embedded else settings.broker_url


def _transport_options(settings: StoreSettings) -> dict[str, Any]:
    if settings.broker_url.startswith("filesystem"):
        messages = settings.broker_dir / "messages"
        messages.mkdir(parents=True, exist_ok=True)
        return {
            # one folder in and out: what the server writes, the worker reads. 60 ms latency, 0.3 % CPU idle
            "data_folder_in": str(messages),
            "data_folder_out": str(messages),
            "polling_interval": 0.1,
        }
    if settings.broker_url.startswith("redis"):
        return {
            "socket_connect_timeout": 2,
            "socket_timeout": 10,
            "socket_keepalive": True,
            "health_check_interval": 30,
        }
    return {}
