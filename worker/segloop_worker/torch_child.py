"""Runs a job's torch part in a child: the command, its environment, and where its reports go."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from segloop.settings import EncoderWeights, RoundSettings
from segloop_worker.child_process import ChildLimits, run_child
from segloop_worker.child_spec import ChildSpec
from segloop_worker.config import WorkerSettings
from segloop_worker.job_run import JobRun


def run_spec(
    run: JobRun,
    folder: Path,
    spec: ChildSpec,
    *,
    on_step: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """The child's result. Its reports become the job's progress; a job that should stop stops its child.

    Args:
        run: the job.
        folder: holds the images' files; the spec is put beside them.
        spec: what to do.
        on_step: called with the step of each report, before it is passed on.
    """

    def on_progress(message: dict[str, Any]) -> None:
        on_step(int(message.get("step") or 0))
        run.report(float(message.pop("fraction", 0.0)), **message)

    settings = run.runtime.settings
    return run_child(
        [sys.executable, "-m", "segloop_worker.child", str(spec.write(folder))],
        environment=child_environment(settings, run.device or "cpu"),
        on_progress=on_progress,
        check=run.check,
        limits=ChildLimits(
            silence_seconds=settings.child_silence_seconds, stall_seconds=settings.child_stall_seconds
        ),
    )


def settings_here(settings: RoundSettings, run: JobRun) -> RoundSettings:
    """A round's settings as this machine runs them: on the device the job holds, with its threads."""
    num_threads = settings.num_threads or run.runtime.settings.num_threads
    is_cpu = settings.device == "cpu" or run.device in {None, "cpu"}
    weights = settings.encoder_weights
    if weights not in {known.value for known in EncoderWeights}:
        weights = str(run.runtime.settings.data_dir / "weights" / weights)  # rounds name a file, not a place
    return replace(
        settings,
        num_threads=num_threads,
        device="cpu" if is_cpu else "auto",
        encoder_weights=weights,
    )


def child_environment(settings: WorkerSettings, device: str) -> dict[str, str]:
    """The worker's environment with where blobs are, and only the one device in sight.

    None of segloop's other variables: the child needs neither database nor broker nor anybody's token.
    """
    environment = {
        name: value for name, value in os.environ.items() if not name.upper().startswith("SEGLOOP_")
    }
    # without bytecode files, importing torch takes 10 s instead of 3
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment |= {
        "SEGLOOP_DATA_DIR": str(settings.data_dir),
        "SEGLOOP_BLOB_URL": settings.blob_url,
        "SEGLOOP_S3_ENDPOINT": settings.s3_endpoint,
        "SEGLOOP_S3_ACCESS_KEY": settings.s3_access_key,
        "SEGLOOP_S3_SECRET_KEY": settings.s3_secret_key.get_secret_value(),
        "SEGLOOP_S3_REGION": settings.s3_region,
        "CUDA_VISIBLE_DEVICES": device.partition(":")[2] if device.startswith("cuda") else "",
    }
    if settings.num_threads:
        environment["OMP_NUM_THREADS"] = str(settings.num_threads)
    return environment
