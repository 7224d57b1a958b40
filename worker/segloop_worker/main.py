"""Starts one worker process: `python -m segloop_worker.main --queue light --concurrency 3`."""

import argparse
import warnings

from segloop_store.states import Queue
from segloop_worker.config import WorkerSettings, find_devices

_LIGHT_CONCURRENCY = 3


def main() -> None:
    """Become a Celery worker for one queue, until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="segloop_worker", description=__doc__)
    parser.add_argument("--queue", choices=[queue.value for queue in Queue], required=True)
    parser.add_argument("--concurrency", type=int, help="jobs at once; torch: one a device")
    arguments = parser.parse_args()
    queue = Queue(arguments.queue)
    # Celery warns about root, which is who one is in most containers; jobs run no code of other people
    warnings.filterwarnings("ignore", category=UserWarning, module="celery.platforms")
    # Celery takes a second to import: refuse bad arguments before
    from segloop_worker.app import app  # noqa: PLC0415

    app.worker_main(
        [
            "--quiet",
            "worker",
            f"--queues={queue.value}",
            "--pool=threads",
            f"--concurrency={arguments.concurrency or default_concurrency(queue)}",
            f"--hostname=segloop-{queue.value}@%h",
            "--loglevel=WARNING",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )


def default_concurrency(queue: Queue) -> int:
    """Three light jobs at once; a torch job a device, and a place to find out that all devices are taken.

    That last one claims nothing: it leaves the reason why its job waits, for people to see.
    """
    if queue is Queue.LIGHT:
        return _LIGHT_CONCURRENCY
    return len(find_devices(WorkerSettings().devices)) + 1


if __name__ == "__main__":
    main()
