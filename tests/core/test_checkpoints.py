from pathlib import Path
from typing import Any

import pytest
import torch

from segloop.checkpoints import load_checkpoint, save_checkpoint
from segloop.errors import DiskError
from tests.support.full_disk import files_end_at

STATE: dict[str, Any] = {
    "step": 7,
    "tensor": torch.arange(5.0),
    "curve": [[1, 0.5]],
    "nested": {"rng": torch.get_rng_state()},
}


def test_state_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "c"
    assert load_checkpoint(path, fingerprint="mine") == (None, None)
    save_checkpoint(path, STATE, fingerprint="mine")
    loaded = load_checkpoint(path, fingerprint="mine")
    assert loaded.ignored_because is None
    assert loaded.state is not None
    assert loaded.state["step"] == 7
    assert torch.equal(loaded.state["tensor"], STATE["tensor"])
    assert [file.name for file in tmp_path.iterdir()] == ["c"]


def test_other_jobs_checkpoints_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "c"
    save_checkpoint(path, STATE, fingerprint="theirs")
    loaded = load_checkpoint(path, fingerprint="mine")
    assert loaded.state is None
    assert loaded.ignored_because == "c belongs to other settings, answers or images"
    assert path.exists()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_torn_checkpoints_are_ignored_with_a_reason(tmp_path: Path, share: float) -> None:
    path = tmp_path / "c"
    save_checkpoint(path, STATE, fingerprint="mine")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    loaded = load_checkpoint(path, fingerprint="mine")
    assert loaded.state is None
    assert loaded.ignored_because is not None


def test_a_changed_byte_and_a_foreign_file_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "c"
    save_checkpoint(path, STATE, fingerprint="mine")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert "torn" in str(load_checkpoint(path, fingerprint="mine").ignored_because)
    torch.save(STATE, path)
    assert "no checkpoint" in str(load_checkpoint(path, fingerprint="mine").ignored_because)


def test_a_write_that_fails_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "c"
    save_checkpoint(path, STATE, fingerprint="mine")
    with pytest.raises((AttributeError, TypeError)):
        save_checkpoint(path, {"bad": lambda: None}, fingerprint="mine")
    loaded = load_checkpoint(path, fingerprint="mine")
    assert loaded.state is not None
    assert loaded.state["step"] == 7


def test_a_full_disk_leaves_the_old_checkpoint_and_no_half_one(tmp_path: Path) -> None:
    path = tmp_path / "c"
    save_checkpoint(path, STATE, fingerprint="mine")
    said = r"c cannot be written \(File too large\): free some disk space"
    with files_end_at(1000), pytest.raises(DiskError, match=said):
        save_checkpoint(path, {**STATE, "step": 8}, fingerprint="mine")
    loaded = load_checkpoint(path, fingerprint="mine")
    assert loaded.state is not None
    assert loaded.state["step"] == 7
    assert [file.name for file in tmp_path.iterdir()] == ["c"]
