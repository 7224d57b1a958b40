"""Decoding in limited children: what a hostile file may do, and that the next file is not harmed."""

import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segloop.errors import ImageError
from segloop_store.decoding import Decoder


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    made = Decoder(num_children=1, timeout_seconds=20)
    yield made
    made.close()


def write(path: Path, file_format: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (16, 12)) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, file_format)
    path.write_bytes(buffer.getvalue())
    return path


def pid_of(decoder: Decoder) -> int:
    process = decoder._children[0]._process
    assert process is not None
    return process.pid


def test_facts_and_pixels_come_back(decoder: Decoder, tmp_path: Path) -> None:
    path = write(tmp_path / "a", "PNG", "P")
    decoded = decoder.decode(path, tmp_path / "pixels")
    assert (decoded.width, decoded.height, decoded.format, decoded.is_upright_rgb) == (16, 12, "PNG", False)
    with Image.open(path) as original, Image.open(tmp_path / "pixels") as pixels:
        np.testing.assert_array_equal(np.asarray(pixels), np.asarray(original.convert("RGB")))


def test_upright_rgb_writes_no_second_file(decoder: Decoder, tmp_path: Path) -> None:
    for file_format in ("PNG", "JPEG"):
        assert decoder.decode(write(tmp_path / "a", file_format), tmp_path / "pixels").is_upright_rgb
    assert not (tmp_path / "pixels").exists()


def test_one_child_serves_many_files(decoder: Decoder, tmp_path: Path) -> None:
    path = write(tmp_path / "a")
    decoder.decode(path, tmp_path / "pixels")
    pid = pid_of(decoder)
    for _ in range(5):
        decoder.decode(path, tmp_path / "pixels")
    (tmp_path / "bad").write_bytes(b"nonsense")
    with pytest.raises(ImageError):
        decoder.decode(tmp_path / "bad", tmp_path / "pixels")
    assert pid_of(decoder) == pid


def test_dead_child_is_replaced(decoder: Decoder, tmp_path: Path) -> None:
    path = write(tmp_path / "a")
    decoder.decode(path, tmp_path / "pixels")
    first = pid_of(decoder)
    os.kill(first, signal.SIGKILL)
    assert decoder.decode(path, tmp_path / "pixels").width == 16
    assert pid_of(decoder) != first


def test_file_that_takes_too_long_is_rejected_and_the_next_is_not(tmp_path: Path) -> None:
    path = write(tmp_path / "a")
    decoder = Decoder(num_children=1, timeout_seconds=0.5)
    try:
        decoder.decode(path, tmp_path / "pixels")
        first = pid_of(decoder)
        os.kill(first, signal.SIGSTOP)  # hangs, as far as anybody can see
        with pytest.raises(ImageError, match=r"longer than 0\.5 s"):
            decoder.decode(path, tmp_path / "pixels")
        decoder._timeout_seconds = 20
        assert decoder.decode(path, tmp_path / "pixels").width == 16
    finally:
        decoder.close()


def test_file_that_needs_too_much_memory_is_rejected_and_the_next_is_not(tmp_path: Path) -> None:
    decoder = Decoder(num_children=1, memory_bytes=512 << 20)
    big = write(tmp_path / "big", "JPEG", size=(100, 100))
    with Image.new("RGB", (9000, 5500)) as image:
        image.save(big, "JPEG", quality=10)
    try:
        with pytest.raises(ImageError, match=r"memory|limits"):
            decoder.decode(big, tmp_path / "pixels")
        assert decoder.decode(write(tmp_path / "a"), tmp_path / "pixels").width == 16
    finally:
        decoder.close()


def test_largest_allowed_image_fits_the_default_memory(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "big"
    with Image.new("P", (10_000, 5_000)) as image:
        image.save(path, "PNG")
    assert decoder.decode(path, tmp_path / "pixels").width == 10_000


def test_children_end_with_their_parent_and_know_no_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEGLOOP_ADMIN_TOKEN", "secret")
    decoder = Decoder(num_children=1)
    decoder.decode(write(tmp_path / "a"), tmp_path / "pixels")
    pid = pid_of(decoder)
    environment = Path(f"/proc/{pid}/environ")
    if environment.exists():
        assert b"secret" not in environment.read_bytes()
    process = decoder._children[0]._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()  # what the kernel does when the parent dies
    assert process.wait(timeout=10) == 0
    decoder.close()


def test_threads_share_the_children(tmp_path: Path) -> None:
    decoder = Decoder(num_children=2)
    path = write(tmp_path / "a")
    widths: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: widths.append(decoder.decode(path, tmp_path / f"p{n}").width))
        for n in range(6)
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        decoder.close()
    assert widths == [16] * 6


def test_hundred_photographs_take_seconds(tmp_path: Path) -> None:
    path = write(tmp_path / "a", "JPEG", size=(480, 360))
    decoder = Decoder(num_children=1)
    try:
        decoder.decode(path, tmp_path / "pixels")
        start = time.monotonic()
        for _ in range(100):
            decoder.decode(path, tmp_path / "pixels")
        assert time.monotonic() - start < 10
    finally:
        decoder.close()
