"""What every blob store keeps to, whichever it is."""

import threading
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from segloop_store import blob_keys
from segloop_store.blobs import CHUNK_BYTES, BlobStore
from segloop_store.errors import BlobKeyError, BlobNotFoundError, ConflictError

KEY = "images/a/thumbnail.jpg"


def test_blob_comes_back_as_it_went_in(blobs: BlobStore) -> None:
    blobs.put(KEY, b"\x00\xff pixels")

    assert blobs.get(KEY) == b"\x00\xff pixels"
    assert blobs.exists(KEY)
    assert blobs.size(KEY) == 9
    assert b"".join(blobs.stream(KEY)) == b"\x00\xff pixels"


def test_empty_blob_is_a_blob(blobs: BlobStore) -> None:
    blobs.put(KEY, b"")

    assert blobs.get(KEY) == b""
    assert blobs.size(KEY) == 0
    assert b"".join(blobs.stream(KEY)) == b""


def test_put_creates_and_only_overwrites_when_told(blobs: BlobStore) -> None:
    blobs.put(KEY, b"one")
    blobs.put(KEY, b"one")
    for other in (b"two", b"longer"):
        with pytest.raises(ConflictError, match="other bytes"):
            blobs.put(KEY, other)
    assert blobs.get(KEY) == b"one"

    blobs.put(KEY, b"two", overwrite=True)
    assert blobs.get(KEY) == b"two"


def test_range_is_cut_at_the_end(blobs: BlobStore) -> None:
    blobs.put(KEY, b"0123456789")

    assert blobs.get_range(KEY, 2, 3) == b"234"
    assert blobs.get_range(KEY, 8, 100) == b"89"
    assert blobs.get_range(KEY, 10, 1) == b""


def test_missing_blob_is_not_found_by_any_way(blobs: BlobStore, tmp_path: Path) -> None:
    ways: list[Callable[[], object]] = [
        lambda: blobs.get(KEY),
        lambda: blobs.get_range(KEY, 0, 1),
        lambda: blobs.size(KEY),
        lambda: blobs.stream(KEY),
        lambda: blobs.get_file(KEY, tmp_path / "file"),
    ]
    for way in ways:
        with pytest.raises(BlobNotFoundError, match=KEY):
            way()
    assert not blobs.exists(KEY)
    assert not (tmp_path / "file").exists()
    blobs.delete(KEY)


def test_deleted_blob_is_gone_and_its_key_free(blobs: BlobStore) -> None:
    blobs.put(KEY, b"one")
    blobs.delete(KEY)

    assert not blobs.exists(KEY)
    blobs.put(KEY, b"two")
    assert blobs.get(KEY) == b"two"


def test_big_file_goes_in_and_out_in_parts(blobs: BlobStore, tmp_path: Path) -> None:
    data = bytes(range(256)) * (3 * CHUNK_BYTES // 256) + b"end"
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(data)

    blobs.put_file("models/a/weights.safetensors", source)
    blobs.get_file("models/a/weights.safetensors", target)

    assert target.read_bytes() == data
    assert b"".join(blobs.stream("models/a/weights.safetensors")) == data
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["source", "target"]


def test_file_is_created_and_only_overwritten_when_told(blobs: BlobStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"one")
    blobs.put_file(KEY, source)
    blobs.put_file(KEY, source)
    source.write_bytes(b"two")
    with pytest.raises(ConflictError):
        blobs.put_file(KEY, source)
    assert blobs.get(KEY) == b"one"

    blobs.put_file(KEY, source, overwrite=True)
    assert blobs.get(KEY) == b"two"


def test_of_many_creators_one_wins_and_the_blob_is_whole(blobs: BlobStore) -> None:
    payloads = [bytes([number]) * 100_000 for number in range(8)]
    outcomes: list[str] = []
    barrier = threading.Barrier(8)

    def create(data: bytes) -> None:
        barrier.wait()
        try:
            blobs.put(KEY, data)
            outcomes.append("won")
        except ConflictError:
            outcomes.append("lost")

    threads = [threading.Thread(target=create, args=(data,)) for data in payloads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["lost"] * 7 + ["won"]
    assert blobs.get(KEY) in payloads


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../outside",
        "a/../../b",
        "a//b",
        "a/./b",
        "a/b/",
        "A",
        "a b",
        "a\\b",
        "a\x00b",
        "é",
        "a..b",
    ],
)
def test_key_that_could_lead_elsewhere_is_refused(blobs: BlobStore, key: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    ways: list[Callable[[], object]] = [
        lambda: blobs.put(key, b"x"),
        lambda: blobs.put_file(key, tmp_path / "file"),
        lambda: blobs.get(key),
        lambda: blobs.stream(key),
        lambda: blobs.delete(key),
        lambda: blobs.exists(key),
    ]
    for way in ways:
        with pytest.raises(BlobKeyError):
            way()


def test_check_leaves_nothing_behind(blobs: BlobStore) -> None:
    blobs.check()


def test_every_kind_of_key_is_accepted_and_they_differ(blobs: BlobStore) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    sha256 = "0" * 64
    keys = [
        blob_keys.original(first, sha256, "JPG"),
        blob_keys.pixels(first, sha256),
        blob_keys.thumbnail(first),
        blob_keys.region_map(first),
        blob_keys.segments(first),
        blob_keys.ground_truth(first, 1),
        blob_keys.ground_truth(first, 2),
        blob_keys.snapshot(first),
        blob_keys.weights(first),
        blob_keys.prediction(first, second),
        blob_keys.heat(first, second),
        blob_keys.max_prob(first, second),
        blob_keys.region_scores(first, second),
        blob_keys.archive(first),
        blob_keys.export(first),
        blob_keys.job_checkpoint(first, "state.pt"),
    ]
    for number, key in enumerate(keys):
        blobs.put(key, bytes([number]))

    assert [blobs.get(key) for key in keys] == [bytes([number]) for number in range(len(keys))]
    with pytest.raises(BlobKeyError):
        blob_keys.original(first, "../x", "jpg")
    with pytest.raises(BlobKeyError):
        blob_keys.job_checkpoint(first, "../../x")
