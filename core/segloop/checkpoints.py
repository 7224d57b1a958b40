"""Checkpoints, which only the job that wrote them reads.

A checkpoint is a magic word, the payload's length and CRC-32, and the payload (what `torch.save` writes).
Knows nothing of what a state holds.
"""

import io
import pickle
import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import torch

from segloop.durable import write_atomically

_MAGIC = b"SEGLOOP1"
_HEADER = struct.Struct("<8sQI")


class LoadedCheckpoint(NamedTuple):
    """What `load_checkpoint` found.

    Attributes:
        state: what was saved; None when there is nothing to go on from.
        ignored_because: why a file that is there was not used; None otherwise.
    """

    state: dict[str, Any] | None
    ignored_because: str | None


def save_checkpoint(path: Path, state: dict[str, Any], *, fingerprint: str) -> None:
    """Write `state` so that a kill or a power cut at any moment leaves the old file or the new one.

    Args:
        path: replaced if it exists.
        state: tensors, numbers, strings, lists and dicts.
        fingerprint: names the job; another job's fingerprint will not read the file.
    """
    buffer = io.BytesIO()
    torch.save({"fingerprint": fingerprint, "state": state}, buffer)
    payload = buffer.getbuffer()
    header = _HEADER.pack(_MAGIC, len(payload), zlib.crc32(payload))
    write_atomically(path, header, payload)


def load_checkpoint(path: Path, *, fingerprint: str) -> LoadedCheckpoint:
    """The state last saved under `fingerprint`, tensors on the CPU; a torn or foreign file is left alone."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return LoadedCheckpoint(None, None)
    if len(data) < _HEADER.size or not data.startswith(_MAGIC):
        return LoadedCheckpoint(None, f"{path.name} is no checkpoint of segloop")
    _, length, checksum = _HEADER.unpack_from(data)
    payload = memoryview(data)[_HEADER.size :]
    if len(payload) != length or zlib.crc32(payload) != checksum:
        return LoadedCheckpoint(None, f"{path.name} is torn: {len(payload)} of {length} bytes, or changed")
    try:
        loaded = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError) as error:
        return LoadedCheckpoint(None, f"{path.name} cannot be read: {error}")
    if loaded.get("fingerprint") != fingerprint:
        return LoadedCheckpoint(None, f"{path.name} belongs to other settings, answers or images")
    return LoadedCheckpoint(loaded["state"], None)
