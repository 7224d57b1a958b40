"""The embedded broker under many writers and readers at once, and with torn files in its folder."""

import threading
import uuid
from pathlib import Path
from queue import Empty

import pytest
from kombu.connection import Connection

from segloop_store import folder_transport

folder_transport.register()


def connect(folder: Path) -> Connection:
    options = {"data_folder_in": str(folder)}
    return Connection(f"{folder_transport.SCHEME}://", transport_options=options)  # type: ignore[no-untyped-call]


def test_messages_come_back_oldest_first_and_once(tmp_path: Path) -> None:
    with connect(tmp_path) as connection:
        channel = connection.channel()
        for number in range(3):
            channel._put("light", {"number": number})

        taken = [channel._get("light")["number"] for _ in range(3)]

        assert taken == [0, 1, 2]
        with pytest.raises(Empty):
            channel._get("light")


def test_a_queue_gets_only_its_own(tmp_path: Path) -> None:
    with connect(tmp_path) as connection:
        channel = connection.channel()
        channel._put("torch", {"number": 1})

        with pytest.raises(Empty):
            channel._get("light")
        assert channel._get("torch") == {"number": 1}


def test_torn_and_empty_messages_are_dropped(tmp_path: Path) -> None:
    (tmp_path / f"{0:020d}_{uuid.uuid4()}.light.msg").write_bytes(b"")
    (tmp_path / f"{1:020d}_{uuid.uuid4()}.light.msg").write_bytes(b'{"half')
    with connect(tmp_path) as connection:
        channel = connection.channel()
        channel._put("light", {"number": 1})

        assert channel._get("light") == {"number": 1}
        assert list(tmp_path.iterdir()) == []


def test_racing_readers_and_writers_lose_and_double_nothing(tmp_path: Path) -> None:
    taken: list[int] = []
    is_written = threading.Event()

    def read() -> None:
        with connect(tmp_path) as connection:
            channel = connection.channel()
            while True:
                is_last_look = is_written.is_set()
                try:
                    taken.append(channel._get("light")["number"])
                except Empty:
                    if is_last_look:
                        return

    def write(first: int) -> None:
        with connect(tmp_path) as connection:
            channel = connection.channel()
            for number in range(first, first + 200):
                channel._put("light", {"number": number})

    readers = [threading.Thread(target=read) for _ in range(3)]
    writers = [threading.Thread(target=write, args=(first,)) for first in (0, 200)]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    is_written.set()
    for thread in readers:
        thread.join()

    assert sorted(taken) == list(range(400))
