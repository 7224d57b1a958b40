"""`kill -9` of a real worker while it trains: its child dies with it, and the training goes on elsewhere."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from segloop_store.models import ModelVersion, RegionQuery
from segloop_store.states import JobKind, JobState, RoundState
from segloop_worker.runtime import Runtime
from tests.support.process_watch import is_gone, torch_children, wait_until
from tests.support.worker_project import (
    add_project,
    answer_all,
    ask,
    jobs_of,
    open_worker,
    queries_of,
    round_of,
    run_all,
    start_round,
    tiny_settings,
)

SEED = 20261122


class Workers:
    """Both worker processes of one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._environment = {
            **os.environ,
            "SEGLOOP_DATA_DIR": str(data_dir),
            "SEGLOOP_DEVICES": "cpu",
            "SEGLOOP_JOB_LEASE_SECONDS": "3",
            "SEGLOOP_HEARTBEAT_SECONDS": "1",
            "SEGLOOP_CHECKPOINT_SECONDS": "0.2",
            "OMP_NUM_THREADS": "1",
        }
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, queue: str) -> None:
        command = [sys.executable, "-m", "segloop_worker.main", "--queue", queue]
        self.processes[queue] = subprocess.Popen(command, env=self._environment)

    def kill(self, queue: str) -> None:
        process = self.processes.pop(queue)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> dict[str, float]:
        """SIGTERM to each; the seconds each took."""
        seconds = {}
        for queue, process in self.processes.items():
            started = time.monotonic()
            process.terminate()
            process.wait(timeout=30)
            seconds[queue] = time.monotonic() - started
        self.processes = {}
        return seconds


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    found = Workers(tmp_path)
    yield found
    for queue in list(found.processes):
        found.kill(queue)


@pytest.mark.slow
def test_killed_worker_takes_its_child_along_and_the_round_still_finishes_once(
    tmp_path: Path, workers: Workers
) -> None:
    runtime, inbox = open_worker(tmp_path)
    project_id = add_project(runtime, num_pool=4, num_validation=1)
    run_all(runtime, inbox)
    answer_all(runtime, ask(runtime, project_id, 6))
    round_id = start_round(runtime, project_id, budget_regions=5, settings=tiny_settings(image_steps=60))
    for queue in ("light", "torch"):
        workers.start(queue)

    wait_until(lambda: step_of(runtime) >= 1, 120, "training")
    time.sleep(random.Random(SEED).uniform(0, 1.5))
    children = torch_children(tmp_path / "work")
    workers.kill("torch")
    wait_until(lambda: all(is_gone(pid) for pid in children), 10, "the end of the child")
    workers.kill("light")

    for queue in ("light", "torch"):
        workers.start(queue)
    wait_until(
        lambda: round_of(runtime, round_id).state in {RoundState.ANNOTATING, RoundState.FAILED},
        180,
        "the round",
    )
    assert round_of(runtime, round_id).error is None
    (train,) = jobs_of(runtime, JobKind.TRAIN)
    assert train.state is JobState.DONE
    asked = queries_of(runtime, round_id)
    assert len(asked) == len({(query.image_id, query.region_index) for query in asked}) == 5
    with runtime.database.reading() as session:
        assert session.scalar(select(func.count(ModelVersion.id))) == 1
        assert session.scalar(select(func.count(RegionQuery.id))) == 11
    assert all(seconds < 3 for seconds in workers.stop().values())
    assert torch_children(tmp_path / "work") == []


def step_of(runtime: Runtime) -> int:
    return int(jobs_of(runtime, JobKind.TRAIN)[0].progress.get("step") or 0)
