"""`segloop serve` as a user starts it: ready, and stopped by one signal with nothing left behind."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.process_watch import children_of, is_gone, wait_until
from tests.support.processes import free_ports

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_everything_that_was_started(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as (process, url, log):
        started = wait_for_all(process, url)

        process.send_signal(number)

        assert process.wait(20) == 0
        wait_until(lambda: all(is_gone(pid) for pid in started), what="children to end")
    assert "everything is saved" in log.read_text()


def test_the_printed_link_signs_in_and_leads_to_the_page(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, url, log):
        wait_until(lambda: "sign in:" in log.read_text(), what="the link")
        found = re.search(r"sign in: (\S+)", log.read_text())
        assert found is not None
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(found[1], timeout=10) as page:
            assert page.url == f"{url}/"
        with opener.open(f"{url}/api/v1/me", timeout=10) as answer:
            assert b'"is_admin":true' in answer.read().replace(b" ", b"")


def test_kill_9_of_the_supervisor_takes_everything_along(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url, _):
        started = wait_for_all(process, url)

        process.kill()

        wait_until(lambda: all(is_gone(pid) for pid in started), what="children to end")


def wait_for_all(process: "subprocess.Popen[bytes]", url: str) -> list[int]:
    """The server, a light and a torch worker, which starts last: one worker is enough to be ready."""
    wait_until(lambda: answers(f"{url}/readyz"), what="readyz")
    wait_until(lambda: len(children_of(process.pid)) == 3, what="the torch worker's start")
    return children_of(process.pid)


@contextmanager
def serving(folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", str, Path]]:
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "segloop_client", "serve", "--no-browser", "--port", str(port)]
    log = folder / "serve.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, "--data-dir", str(folder / "data")], stdout=output, stderr=output, env=os.environ
        ) as process,
    ):
        try:
            yield process, f"http://127.0.0.1:{port}", log
        finally:
            process.terminate()
            process.wait(20)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False
