"""Many arrays of one shape in one file, read and written by index.

Plain reads and writes rather than a memory map: what was touched stays in the system's page cache and is not
counted as this process's memory, so memory does not grow with the pool. The file is sparse: only records that
were written take space.
"""

import math
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from segloop.errors import ShapeError


class RecordFile:
    """`num_records` uint8 arrays of one shape. Safe to use from several threads; close it after use."""

    def __init__(self, path: Path, shape: tuple[int, ...], num_records: int) -> None:
        """Open `path`, or make it; what an earlier process wrote is still there."""
        self.shape = shape
        self._num_records = num_records
        self._num_bytes = math.prod(shape)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        os.ftruncate(self._descriptor, self._num_bytes * num_records)

    def read(self, index: int) -> NDArray[np.uint8]:
        """A copy of one record; zeros where nothing was written."""
        data = os.pread(self._descriptor, self._num_bytes, self._offset(index))
        return np.frombuffer(data, dtype=np.uint8).reshape(self.shape)

    def write(self, index: int, record: NDArray[np.uint8]) -> None:
        """Replace one record.

        Raises:
            ShapeError: another shape or dtype than the file's.
        """
        if record.shape != self.shape or record.dtype != np.uint8:
            raise ShapeError(f"record is {record.shape} {record.dtype}, the file holds {self.shape} uint8")
        data = memoryview(record.tobytes())
        offset = self._offset(index)
        while data:
            num_written = os.pwrite(self._descriptor, data, offset)
            data, offset = data[num_written:], offset + num_written

    def sync(self) -> None:
        """Make what was written survive a power cut."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Give the file descriptor back; harmless when repeated."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _offset(self, index: int) -> int:
        if not 0 <= index < self._num_records:
            raise IndexError(f"record {index} of {self._num_records}")
        return index * self._num_bytes
