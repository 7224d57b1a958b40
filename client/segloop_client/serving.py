"""`segloop serve`: page, API and workers of one machine as processes, and the link that signs in.

It starts modules of the server, worker and store; it imports none of them.
"""

import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from segloop_client.data_dir import DataDir
from segloop_client.errors import ClientError
from segloop_client.processes import Supervised, Supervisor

Say = Callable[[str], None]
DEFAULT_DATA_DIR = Path("segloop-data")
_TEND_SECONDS = 0.1
_POLL_SECONDS = 0.03
_READY_SECONDS = 120.0


@dataclass(frozen=True)
class ServeOptions:
    """What `segloop serve` was asked for."""

    host: str
    port: int
    data_dir: Path
    opens_browser: bool
    num_torch_workers: int = 1
    is_verbose: bool = False

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


class Served:
    """A running server and its workers.

    Args:
        options: what to start.
        say: where progress lines go.
        environment: settings over those of this process.
    """

    def __init__(self, options: ServeOptions, say: Say, environment: Mapping[str, str] | None = None) -> None:
        self.options = options
        self.say = say
        self._given_environment = dict(environment or {})
        self.admin_token = os.environ.get("SEGLOOP_ADMIN_TOKEN") or secrets.token_urlsafe(32)
        self.sign_in_token = os.environ.get("SEGLOOP_SIGN_IN_TOKEN") or secrets.token_urlsafe(24)
        self.supervisor = Supervisor([])
        self._data_dir: DataDir | None = None
        self._stop = threading.Event()
        self._is_tended = threading.Event()

    @property
    def has_workers(self) -> bool:
        """Whether this machine works, or only serves what workers elsewhere do."""
        return self.options.num_torch_workers > 0

    @property
    def sign_in_link(self) -> str:
        """A GET of it signs in."""
        return f"{self.options.url}/api/v1/auth/link?token={self.sign_in_token}"

    def start(self) -> None:
        """Migrate, start every process, wait until the page answers.

        Raises:
            ClientError: the port is taken, the data folder cannot be written or is another server's, or a
                process will not start.
        """
        check_port(self.options.host, self.options.port)
        self._data_dir = DataDir(self.options.data_dir)
        try:
            self._start()
        except ClientError:
            self._data_dir.release()
            raise

    def _start(self) -> None:
        environment = self._environment()
        self.supervisor = Supervisor(self._processes(environment))
        self._migrate(environment)
        self.say("starting the server" + (" and workers" if self.has_workers else ""))
        # most machines have two cores: whoever waits for the page does not wait for the second worker
        self.supervisor.start(self.supervisor.processes[:2])
        self._wait_for("/healthz")
        if not self.is_stopping:
            self.supervisor.start(self.supervisor.processes[2:])
        self.say(f"sign in: {self.sign_in_link}")
        if not self.options.is_verbose:
            self.say(f"logs are in {self.options.data_dir / 'logs'}")
        if self.options.opens_browser:
            webbrowser.open(self.sign_in_link)

    def wait_until_ready(self) -> None:
        """Wait until database, blobs and workers answer."""
        self._wait_for("/readyz")

    def run(self) -> None:
        """Tend the processes until SIGINT or SIGTERM, then stop them."""
        self._is_tended.set()
        try:
            while not self._stop.wait(_TEND_SECONDS):
                for line in self.supervisor.tend():
                    self.say(line)
        finally:
            self.say("stopping")
            self.supervisor.stop()
            if self._data_dir is not None:
                self._data_dir.release()
            self.say("stopped; everything is saved")

    def stop_on_signals(self) -> None:
        """Let SIGINT and SIGTERM end `run`. Call it before `start`, so that neither is ever missed."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self.request_stop()

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)

    def request_stop(self) -> None:
        """Let `run` end; it then stops every process."""
        self._stop.set()

    @property
    def is_stopping(self) -> bool:
        """Whether a signal has come."""
        return self._stop.is_set()

    def _environment(self) -> dict[str, str]:
        environment = {
            **os.environ,
            **self._given_environment,
            "SEGLOOP_DATA_DIR": str(self.options.data_dir.resolve()),
            "SEGLOOP_ADMIN_TOKEN": self.admin_token,
            "SEGLOOP_SIGN_IN_TOKEN": self.sign_in_token,
            "PYTHONUNBUFFERED": "1",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # without bytecode torch takes 10 s to import, not 3
        return environment

    def _processes(self, environment: dict[str, str]) -> list[Supervised]:
        server = [sys.executable, "-m", "uvicorn", "--factory", "segloop_server.quick_start:create_app"]
        server += ["--host", self.options.host, "--port", str(self.options.port)]
        server += ["--timeout-graceful-shutdown", "3", "--log-level", "warning", "--ws", "none"]
        commands = [("server", server)]
        queues = ["light"] + ["torch"] * self.options.num_torch_workers
        for number, queue in enumerate(queues if self.has_workers else []):
            worker = [sys.executable, "-m", "segloop_worker.main", "--queue", queue]
            commands.append((f"{queue} worker {number}" if number > 1 else f"{queue} worker", worker))
        return [Supervised(name, command, environment, self._log_path(name)) for name, command in commands]

    def _log_path(self, name: str) -> Path | None:
        """A file of each process's own, begun anew at each start; the terminal is for what a person needs."""
        if self.options.is_verbose:
            return None
        folder = self.options.data_dir / "logs"
        folder.mkdir(exist_ok=True)
        path = folder / f"{name.replace(' ', '-')}.log"
        if path.exists():
            path.replace(path.with_suffix(".previous.log"))
        return path

    def _migrate(self, environment: dict[str, str]) -> None:
        self.say(f"bringing the database in {self.options.data_dir} up to date")
        command = [sys.executable, "-m", "segloop_store.prepare"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise ClientError(
                f"the database could not be migrated: {lines[-1] if lines else 'no reason given'}"
            )

    def _wait_for(self, path: str) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and not self.is_stopping:
            if not self._is_tended.is_set():  # else `run` does, in its own thread
                for line in self.supervisor.tend():
                    self.say(line)
            if self._answers(path):
                return
            time.sleep(_POLL_SECONDS)
        if not self.is_stopping:
            self.supervisor.stop()
            raise ClientError(
                f"the server did not answer {path} within {_READY_SECONDS:g} s; its lines are above"
            )

    def _answers(self, path: str) -> bool:
        address = urlsplit(self.options.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def has_display() -> bool:
    """Whether a browser could be opened here."""
    names = ("DISPLAY", "WAYLAND_DISPLAY")
    return any(os.environ.get(name) for name in names) or os.uname().sysname == "Darwin"


def check_port(host: str, port: int) -> None:
    """Refuse a port somebody else listens on, before anything is started.

    Raises:
        ClientError: it is taken, or may not be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ClientError(
                f"port {port} on {host} cannot be used ({error.strerror}): another program may have it. "
                f"Choose another, e.g. --port {port + 1}"
            ) from None
