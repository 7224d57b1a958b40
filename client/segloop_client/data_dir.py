"""The data folder of a server: that it can be written, and that one server at a time has it."""

import fcntl
import os
from pathlib import Path

from segloop_client.errors import ClientError

_LOCK_NAME = ".serving"


class DataDir:
    """A data folder held by this process until `release`, or until the process ends, however it ends.

    Raises:
        ClientError: it cannot be written, or another server has it.
    """

    def __init__(self, path: Path) -> None:
        check_data_dir(path)
        self._lock = (path / _LOCK_NAME).open("a+")  # children do not inherit it
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            holder = self._lock.read().strip() or "unknown"
            self._lock.close()
            raise ClientError(
                f"the data folder {path} is in use by another segloop (process {holder}). "
                "Stop that one, or choose another folder with --data-dir"
            ) from None
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()

    def release(self) -> None:
        """Let another server have it."""
        self._lock.close()


def check_data_dir(path: Path) -> None:
    """Create the data folder and prove that it can be written.

    Raises:
        ClientError: it cannot.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / f".write-{os.getpid()}"
        probe.write_bytes(b"segloop")
        probe.unlink()
    except OSError as error:
        raise ClientError(
            f"the data folder {path} cannot be written ({error.strerror}). "
            "Free space or choose another with --data-dir"
        ) from None
