"""The command: several runs at once, in processes that are really killed."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from segloop.scenes import write_scenes
from segloop.simulate import main
from tests.support.full_disk import files_end_at
from tests.support.process_watch import children_of, is_gone, wait_until
from tests.support.tiny_simulation import TINY_DATA, TINY_DEFAULTS

TOML = f"""
name = "two at once"
seeds = [1, 2]
{TINY_DATA}
{TINY_DEFAULTS}
encoder = "mobilenet_v2"
image_steps = 12
[[arms]]
name = "supervised"
method = "supervised"
[reference]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "two.toml"
    path.write_text(TOML)
    return path


def rows_of(out: Path) -> list[dict[str, Any]]:
    result = json.loads((out / "result.json").read_text())
    rows = result["rows"] + result["reference"]
    left_out = {"compute_seconds", "commit"}
    return [{name: value for name, value in row.items() if name not in left_out} for row in rows]


@pytest.mark.slow
def test_two_processes_give_the_rows_of_one(config: Path, tmp_path: Path) -> None:
    assert main([str(config), "--out", str(tmp_path / "one")]) == 0
    assert main([str(config), "--out", str(tmp_path / "two"), "--processes", "2"]) == 0
    assert rows_of(tmp_path / "two") == rows_of(tmp_path / "one")
    assert len(rows_of(tmp_path / "two")) == 4


@pytest.mark.slow
def test_machines_share_the_seeds_and_put_their_folders_together(config: Path, tmp_path: Path) -> None:
    for seed in ("1", "2"):
        assert main([str(config), "--out", str(tmp_path / seed), "--seeds", seed]) == 0
        assert {row["seed"] for row in rows_of(tmp_path / seed)} == {int(seed)}
    together = tmp_path / "together"
    for seed in ("1", "2"):
        shutil.copytree(tmp_path / seed, together, dirs_exist_ok=True)
    written = {path: path.stat().st_mtime_ns for path in together.rglob("state.json")}
    assert main([str(config), "--out", str(together)]) == 0
    assert {path: path.stat().st_mtime_ns for path in together.rglob("state.json")} == written
    assert rows_of(together) == [
        row for one in zip(rows_of(tmp_path / "1"), rows_of(tmp_path / "2"), strict=True) for row in one
    ]


def test_another_part_of_train_is_held_out_than_the_file_says(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_scenes(tmp_path / "data", num=5, seed=4, height=48, width=64)
    command = [str(config), "--hold-out", "moon*", "--out", str(tmp_path / "out")]
    assert main(command) == 2
    assert "--data DIR" in capsys.readouterr().err
    assert main([*command, "--data", str(tmp_path / "data")]) == 2
    assert "3 images in train and 0 in train held out as moon*" in capsys.readouterr().err


@pytest.mark.parametrize("seeds", ["", "a", "1,1", "-1", "2147483648"])
def test_seeds_that_are_none_are_refused(
    config: Path, seeds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([str(config), "--seeds", seeds])
    assert "--seeds" in capsys.readouterr().err


def children_that_work(process: "subprocess.Popen[str]") -> list[int]:
    """Spawned ones, not the tracker of shared resources."""
    pids = children_of(process.pid)
    return [pid for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def begin(config: Path, out: Path) -> "tuple[subprocess.Popen[str], list[int]]":
    """The command with two processes, once both are at a run too long to end by itself."""
    config.write_text(TOML.replace("image_steps = 12", "image_steps = 4000"))
    command = [sys.executable, "-m", "segloop.simulate", str(config), "--out", str(out), "--processes", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(list(out.glob("arms/*/round-1"))) == 2, 120, "two runs' begin")
    return process, children_that_work(process)


@pytest.mark.slow
def test_a_killed_process_ends_the_others_with_a_clear_line(config: Path, tmp_path: Path) -> None:
    process, children = begin(config, tmp_path / "out")
    os.kill(children[0], signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "simulation: a process of the simulation was killed" in said
    assert len(children) == 2
    wait_until(lambda: all(map(is_gone, children)), 20, "the children's end")
    assert not (tmp_path / "out/result.json").exists()


@pytest.mark.slow
def test_processes_end_with_a_parent_that_was_killed(config: Path, tmp_path: Path) -> None:
    process, children = begin(config, tmp_path / "out")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert len(children) == 2
    wait_until(lambda: all(map(is_gone, children)), 20, "the children's end")


def test_a_folder_where_another_simulation_works_is_left_alone(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main([str(config), "--out", str(out)]) == 2
    assert "another simulation is at work" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("num_bytes", "said"),
    [(50, "state.json cannot be written (File too large): free"), (30_000, "File too large: free")],
    ids=["state", "training data"],
)
def test_a_full_disk_is_one_clear_line(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], num_bytes: int, said: str
) -> None:
    config.write_text(
        TOML.replace('method = "supervised"', 'method = "supervised"\ncold_start = "random_regions"')
    )
    with files_end_at(num_bytes):
        assert main([str(config), "--out", str(tmp_path / "out")]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("simulation: ")
    assert said in line
    assert "some disk space" in line


def test_a_folder_that_cannot_be_made_is_one_clear_line(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(config), "--out", str(config / "below")]) == 2
    assert "Not a directory" in capsys.readouterr().err


def test_a_wrong_config_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.toml"), "--out", str(tmp_path / "out")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_no_processes_at_all_are_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(config), "--processes", "0"])
    assert "0 must be at least 1" in capsys.readouterr().err
