from pathlib import Path

import pytest

from segloop.durable import write_atomically
from segloop.errors import DiskError


def test_a_folder_is_made_and_one_that_cannot_be_is_a_clear_error(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a/b/file", b"one", b"two")
    assert (tmp_path / "a/b/file").read_bytes() == b"onetwo"
    with pytest.raises(DiskError, match=r"below cannot be written \(File exists\)"):
        write_atomically(tmp_path / "a/b/file/below", b"three")
