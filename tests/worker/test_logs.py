"""What a worker's log says of an exception."""

import subprocess
import sys

SCRIPT = """
import structlog
from segloop_worker.logs import configure_logs
configure_logs()
def divide(secret):
    return 1 / 0
try:
    divide("hunter2")
except ZeroDivisionError:
    structlog.get_logger().exception("job_failed")
"""


def test_logged_exception_carries_its_traceback_and_no_local_variable() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert "ZeroDivisionError" in done.stderr
    assert "in divide" in done.stderr
    assert "secret=" not in done.stderr
    assert done.stderr.startswith("timestamp=")
