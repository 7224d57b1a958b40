"""The child's half of the conversation: lines to the parent, a watch on the parent's life. Torch-free."""

import json
import os
import signal
import sys
import threading
import time
from typing import Any, TextIO

_ALIVE_SECONDS = 5.0


class ParentLine:
    """One JSON object a line to the parent, from any thread."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, event: str, **values: Any) -> None:
        """Write one line; a parent that is gone is not an error here, the watch deals with it."""
        text = json.dumps({"event": event, **values})
        with self._lock:
            try:
                self._stream.write(text + "\n")
                self._stream.flush()
            except BrokenPipeError:
                return


def open_line() -> ParentLine:
    """Keep stdout for the parent alone: whatever libraries print goes to stderr from here on."""
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return ParentLine(stream)


def watch_parent() -> None:
    """Kill this process group as soon as stdin ends: the parent holds its other end as long as it lives."""
    threading.Thread(target=_wait_for_eof, name="parent-watch", daemon=True).start()


def say_alive(line: ParentLine) -> None:
    """Tell the parent every few seconds that this process is not stuck."""
    threading.Thread(target=_repeat_alive, args=(line,), name="alive", daemon=True).start()


def _wait_for_eof() -> None:
    # os.read, not sys.stdin: a daemon thread inside the buffered reader would block interpreter exit
    while os.read(0, 4096):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _repeat_alive(line: ParentLine) -> None:
    while True:
        line.send("alive")
        time.sleep(_ALIVE_SECONDS)
