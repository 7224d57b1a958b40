"""How soon a second `./run` answers, against a FastAPI app that has nothing but `/healthz`.

./run bench start [--starts 7]
"""

import argparse
import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench._report import median, publish
from tests.support.processes import free_ports

ROOT = Path(__file__).resolve().parent.parent
_POLL_SECONDS = 0.01
_LONGEST_SECONDS = 120.0
_BARE_APP = """
from fastapi import FastAPI
app = FastAPI()

@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=7)
    num_starts = parser.parse_args().starts
    with tempfile.TemporaryDirectory(prefix="segloop-start-") as name:
        folder = Path(name)
        (folder / "bare_app.py").write_text(_BARE_APP)
        _start_segloop(folder)  # the first one makes the database
        seconds: dict[str, list[float]] = {"healthz": [], "readyz": [], "stop": [], "bare healthz": []}
        for _ in range(num_starts):  # by turns: both meet the same machine
            for what, value in _start_segloop(folder).items():
                seconds[what].append(value)
            seconds["bare healthz"].append(_start_bare(folder))
    bare = median(seconds["bare healthz"])
    rows = [
        {
            "what": what,
            "median s": median(values),
            "fastest s": min(values),
            "slowest s": max(values),
            "median / bare": median(values) / bare,
        }
        for what, values in seconds.items()
    ]
    publish("start", rows, starts=num_starts, database="SQLite")


def _start_segloop(folder: Path) -> dict[str, float]:
    """`./run` as a user types it, until it answers; then Ctrl+C."""
    (port,) = free_ports(1)
    command = [sys.executable, str(ROOT / "run"), "--no-browser", "--port", str(port)]
    start = time.perf_counter()
    process = _spawn([*command, "--data-dir", str(folder / "data")], folder)
    try:
        healthz = _seconds_until(port, "/healthz", process, start)
        readyz = _seconds_until(port, "/readyz", process, start)
    finally:
        told = time.perf_counter()
        process.send_signal(signal.SIGINT)
        process.wait(30)
    return {"healthz": healthz, "readyz": readyz, "stop": time.perf_counter() - told}


def _start_bare(folder: Path) -> float:
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "uvicorn", "bare_app:app", "--port", str(port), "--log-level", "warning"]
    start = time.perf_counter()
    process = _spawn(command, folder)
    try:
        return _seconds_until(port, "/healthz", process, start)
    finally:
        process.kill()
        process.wait()


def _spawn(command: Sequence[str], folder: Path) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _seconds_until(port: int, path: str, process: "subprocess.Popen[bytes]", start: float) -> float:
    while time.perf_counter() - start < _LONGEST_SECONDS:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return time.perf_counter() - start
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(_POLL_SECONDS)
    raise RuntimeError(f"{path} did not answer within {_LONGEST_SECONDS:g} s")


if __name__ == "__main__":
    main()
