"""The worker process itself: what it imports, how it starts and how it stops."""

import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from segloop_store import jobs, workers
from segloop_store.states import JobKind, JobState
from segloop_worker.config import find_devices
from tests.support.process_watch import wait_until
from tests.support.worker_project import add_project, jobs_of, open_worker


def test_worker_process_never_imports_torch() -> None:
    script = (
        "import sys, segloop_worker.app\n"
        "heavy = {'torch', 'torchvision', 'timm', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    environment = {**os.environ, "SEGLOOP_BROKER_URL": "memory://"}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)


def test_unknown_queue_is_refused_with_the_ones_there_are() -> None:
    command = [sys.executable, "-m", "segloop_worker.main", "--queue", "heavy"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "light" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_celery_command_line_runs_a_job_and_stops_within_seconds(tmp_path: Path) -> None:
    """The documented way to start one, and a job sent before any worker was there."""
    runtime, _ = open_worker(tmp_path, broker_url="filesystem://")
    project_id = add_project(runtime, num_pool=0, num_validation=0)
    with runtime.database.transaction() as session:
        job = jobs.add_job(session, JobKind.CLEAN_UP, project_id=project_id)
    environment = {**os.environ, "SEGLOOP_DATA_DIR": str(tmp_path), "SEGLOOP_HEARTBEAT_SECONDS": "0.5"}
    command = [sys.executable, "-m", "celery", "-A", "segloop_worker.app", "worker", "-Q", "light"]
    process = subprocess.Popen([*command, "-P", "threads", "-c", "2"], env=environment)
    try:

        def is_alive() -> bool:
            with runtime.database.reading() as session:
                return len(workers.living(session)) == 1

        wait_until(is_alive, 60, "the heartbeat")
        # a wake-up that comes twice runs the job once
        for _ in range(2):
            send(runtime.settings.data_dir, str(job.id))
        wait_until(lambda: jobs_of(runtime)[0].state is JobState.DONE, 30, "the job")
        assert jobs_of(runtime)[0].attempt == 1
        started = time.monotonic()
        process.terminate()
        process.wait(timeout=30)
        assert time.monotonic() - started < 3.5
        wait_until(lambda: not is_alive(), 5, "signing off")
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_torch_worker_finds_a_job_whose_wake_up_never_came(tmp_path: Path) -> None:
    runtime, _ = open_worker(tmp_path, broker_url="filesystem://")
    unknown = {"image_id": str(uuid.uuid4()), "model_version_id": str(uuid.uuid4())}
    with runtime.database.transaction() as session:
        jobs.add_job(session, JobKind.PREDICT, payload=unknown)
    environment = {**os.environ, "SEGLOOP_DATA_DIR": str(tmp_path), "SEGLOOP_HEARTBEAT_SECONDS": "0.5"}
    command = [sys.executable, "-m", "segloop_worker.main", "--queue", "torch"]
    process = subprocess.Popen(command, env={**environment, "SEGLOOP_DEVICES": "cpu"})
    try:
        wait_until(lambda: jobs_of(runtime)[0].state is JobState.FAILED, 60, "the job")
        process.terminate()
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()


def send(data_dir: Path, job_id: str) -> None:
    script = (
        "import sys, uuid\n"
        "from segloop_store.broker import CeleryWaker\n"
        "from segloop_store.config import StoreSettings\n"
        "from segloop_store.states import Queue\n"
        "CeleryWaker(StoreSettings()).wake(uuid.UUID(sys.argv[1]), Queue.LIGHT)"
    )
    environment = {**os.environ, "SEGLOOP_DATA_DIR": str(data_dir)}
    subprocess.run([sys.executable, "-c", script, job_id], check=True, env=environment)


def test_devices_are_those_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_devices("cuda:0, cuda:1") == ["cuda:0", "cuda:1"]
    assert find_devices("cpu") == ["cpu"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert find_devices("auto") == ["cuda:2", "cuda:3"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert find_devices("auto") == ["cpu"]
