"""Waiting for long work on the server, with the progress it reports."""

import time
from collections.abc import Callable
from typing import Any

from segloop_client.api import Client
from segloop_client.errors import ClientError

_ENDED_ROUND = frozenset({"annotating", "closed", "failed", "cancelled"})
_ENDED_JOB = frozenset({"done", "failed", "cancelled"})
Report = Callable[[str, float], None]


def wait_for_round(
    client: Client, round_id: str, *, report: Report | None = None, poll_seconds: float = 0.5
) -> dict[str, Any]:
    """Wait until a round asks its regions or has ended.

    Args:
        client: where it runs.
        round_id: which.
        report: called with (what it does, fraction done of the running job).
        poll_seconds: between two looks.

    Raises:
        ClientError: it failed or was cancelled.
    """
    while True:
        current = client.round(round_id)
        if current["state"] in _ENDED_ROUND:
            break
        if report is not None:
            report(*_describe(current))
        time.sleep(poll_seconds)
    if current["state"] in {"failed", "cancelled"}:
        raise ClientError(
            f"round {current['number']} {current['state']}: {current['error'] or 'no reason given'}"
        )
    return current


def wait_for_jobs(
    client: Client, project_id: str, *, report: Report | None = None, poll_seconds: float = 0.5
) -> None:
    """Wait until nothing of a project is queued or running in the background."""
    while active := client.jobs(project_id, state="active"):
        if report is not None:
            report(active[0]["kind"], float(active[0]["progress_fraction"]))
        time.sleep(poll_seconds)


def wait_for_job(client: Client, job_id: str, *, poll_seconds: float = 0.3) -> dict[str, Any]:
    """Wait for one job; returns it, done.

    Raises:
        ClientError: it failed or was cancelled.
    """
    while (job := client.job(job_id))["state"] not in _ENDED_JOB:
        time.sleep(poll_seconds)
    if job["state"] != "done":
        raise ClientError(f"job {job['kind']} {job['state']}: {job['error'] or 'no reason given'}")
    return job


def wait_for_export(client: Client, export_id: str, *, poll_seconds: float = 0.3) -> dict[str, Any]:
    """Wait for an export; returns it, done.

    Raises:
        ClientError: it failed or was cancelled.
    """
    while (export := client.export(export_id))["state"] not in _ENDED_JOB:
        time.sleep(poll_seconds)
    if export["state"] != "done":
        raise ClientError(f"export {export['state']}: {export.get('error') or 'no reason given'}")
    return export


def _describe(current: dict[str, Any]) -> tuple[str, float]:
    running = [job for job in current["jobs"] if job["state"] == "running"]
    if not running:
        return current["state"], 0.0
    job = running[0]
    progress = job.get("progress") or {}
    phase = progress.get("phase") or job["kind"]
    loss = f", loss {progress['loss']:.2f}" if progress.get("loss") is not None else ""
    return f"{current['state']}: {phase}{loss}", float(job["progress_fraction"])
