"""The embedded broker: Celery messages as files in one folder.

kombu's own file-system transport opens a message's file before it locks and fills it, so a reader can take it
while it is empty, and the worker ends with a JSON error (seen under load, 2026-11). Here a message appears
whole or not at all, and one that cannot be read is dropped: it was only a wake-up. The two queues are fixed,
so no table of bindings is kept in files either.
"""

import contextlib
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.transport.filesystem import exchange_queue_t
from kombu.utils.json import dumps, loads

from segloop_store.states import Queue

SCHEME = "segloop-folder"
"""Of broker addresses that use this transport."""


class Channel(filesystem.Channel):
    """Messages in `data_folder_in`, oldest first."""

    def get_table(self, exchange: str) -> list[Any]:  # noqa: ARG002 - kombu's signature
        """Every exchange routes to the queue its routing key names."""
        return [exchange_queue_t(queue.value, "", queue.value) for queue in Queue]

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        """Nothing to keep: the table is fixed."""

    def _put(self, queue: str, payload: Mapping[str, Any], **kwargs: Any) -> None:  # type: ignore[override]  # noqa: ARG002
        """Write aside, then rename: readers never see half a message."""
        name = f"{time.time_ns():020d}_{uuid.uuid4()}"
        part = self._folder / f"{name}.part"
        try:
            part.write_text(dumps(payload))  # type: ignore[no-untyped-call]  # kombu leaves it bare
            part.replace(self._folder / f"{name}.{queue}.msg")
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink()
            raise

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002
        """The oldest message of a queue, taken by renaming it: of several readers one succeeds."""
        for message in sorted(self._folder.glob(f"*.{queue}.msg")):
            taken = message.with_name(f"{message.name}.{uuid.uuid4()}.taken")
            try:
                message.rename(taken)
            except FileNotFoundError:
                continue  # another reader's
            try:
                return loads(taken.read_text())  # type: ignore[no-untyped-call]  # kombu leaves it bare
            except ValueError:
                continue  # torn by a crash of the file system
            finally:
                taken.unlink(missing_ok=True)
        raise Empty

    @property
    def _folder(self) -> Path:
        return Path(self.data_folder_in)


class Transport(filesystem.Transport):
    """kombu's entry point."""

    Channel = Channel


def register() -> None:
    """Let kombu know the scheme."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
