from pathlib import Path

import numpy as np
import pytest

from segloop.errors import ShapeError
from segloop.record_files import RecordFile


def test_records_come_back_also_to_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "records.bin"
    record = np.arange(6, dtype=np.uint8).reshape(2, 3)
    with RecordFile(path, (2, 3), 10) as file:
        file.write(9, record)
        file.write(3, record[::-1])
        file.sync()
    with RecordFile(path, (2, 3), 10) as file:
        np.testing.assert_array_equal(file.read(9), record)
        np.testing.assert_array_equal(file.read(3), record[::-1])
        np.testing.assert_array_equal(file.read(0), np.zeros((2, 3)))


def test_untouched_records_take_no_space(tmp_path: Path) -> None:
    path = tmp_path / "records.bin"
    with RecordFile(path, (1000, 1000), 500) as file:
        file.write(499, np.ones((1000, 1000), np.uint8))
    assert path.stat().st_size == 500_000_000
    assert path.stat().st_blocks * 512 < 5_000_000


def test_other_shapes_and_places_are_refused(tmp_path: Path) -> None:
    with RecordFile(tmp_path / "records.bin", (2, 3), 2) as file:
        with pytest.raises(ShapeError, match="uint8"):
            file.write(0, np.zeros((3, 2), np.uint8))
        with pytest.raises(IndexError, match="record 2 of 2"):
            file.read(2)
