"""Wake-ups over both brokers, with a real consumer; a broker that is down costs a line in the log."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from segloop_store.broker import RUN_JOB, Waker, make_celery
from segloop_store.config import StoreSettings
from segloop_store.states import Queue
from tests.support.processes import free_ports


@pytest.fixture(params=["filesystem", "redis"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> StoreSettings:
    """Settings with each broker in turn."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else "filesystem://"
    return StoreSettings(data_dir=tmp_path, broker_url=url)


def _receive(settings: StoreSettings, queue: Queue, count: int) -> list[tuple[str, list[str]]]:
    """The next messages of a queue, as a worker gets them."""
    received: list[tuple[str, list[str]]] = []
    with make_celery(settings).connection_for_read() as connection:
        waiting = connection.SimpleQueue(queue.value, no_ack=True)
        for _ in range(count):
            message = waiting.get(timeout=10)
            received.append((message.headers["task"], message.payload[0]))
        waiting.close()
    return received


def test_wake_up_arrives_in_the_queue_of_its_job(settings: StoreSettings) -> None:
    light, torch = uuid.uuid4(), uuid.uuid4()
    waker = Waker(settings)
    waker.wake(torch, Queue.TORCH)
    waker.wake(light, Queue.LIGHT)

    assert _receive(settings, Queue.LIGHT, 1) == [(RUN_JOB, [str(light)])]
    assert _receive(settings, Queue.TORCH, 1) == [(RUN_JOB, [str(torch)])]


def test_messages_are_not_results_nor_acknowledged_late(settings: StoreSettings) -> None:
    conf = make_celery(settings).conf

    assert (conf.task_acks_late, conf.worker_prefetch_multiplier, conf.task_ignore_result) == (False, 1, True)
    assert conf.result_backend is None


def _seconds(action: Callable[[], None]) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started


def test_broker_that_is_down_costs_a_moment_once_and_raises_nothing() -> None:
    (port,) = free_ports(1)
    waker = Waker(StoreSettings(broker_url=f"redis://127.0.0.1:{port}/0"))

    assert _seconds(lambda: waker.wake(uuid.uuid4(), Queue.LIGHT)) < 10
    assert _seconds(lambda: waker.wake(uuid.uuid4(), Queue.LIGHT)) < 0.1
