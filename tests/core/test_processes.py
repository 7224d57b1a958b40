"""Training shared by two real processes that torchrun starts, on a CPU (gloo)."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from segloop.batches import share_of
from segloop.devices import resolve_device
from segloop.errors import SettingsError
from segloop.processes import ALONE, Processes, joined_processes
from segloop.simulate import _run
from segloop.training import TrainedModel
from segloop.training_data import TrainingData
from segloop.training_plan import plan_training
from segloop.training_state import NetworkRecipe
from tests.support.tiny_simulation import TINY_DATA, TINY_DEFAULTS
from tests.support.train_together import CASES, SAME_AS_ALONE, SUPERVISED, source, train_case

ROOT = Path(__file__).parents[2]
TOML = f"""
name = "together"
seeds = [1]
{TINY_DATA}
{TINY_DEFAULTS}
encoder = "timm:mobilenetv3_small_050"
image_steps = 18
generation_0_share = 0.3
rounds = 2
[[arms]]
name = "segloop"
method = "segloop"
warm_start = true
[reference]
enabled = false
"""


def torchrun(module: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=ROOT,
        timeout=240,
    )


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "together.toml"
    path.write_text(TOML)
    return path


@pytest.fixture(scope="module")
def trained(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes left of every case, and of a whole simulation."""
    out = tmp_path_factory.mktemp("together")
    done = torchrun("tests.support.train_together", out, config)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("mean IoU") == 1
    return out


def case(out: Path, name: str, rank: int) -> dict[str, Any]:
    saved: dict[str, Any] = torch.load(out / f"{name}-{rank}.pt")
    return saved


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_processes_end_with_the_same_network(trained: Path, name: str) -> None:
    first, second = case(trained, name, 0), case(trained, name, 1)
    assert first["weights"].keys() == second["weights"].keys()
    for tensor, weight in first["weights"].items():
        assert torch.equal(weight, second["weights"][tensor]), tensor
    assert first["loss_curve"] == second["loss_curve"]


def distance(
    first: dict[str, torch.Tensor], second: dict[str, torch.Tensor], *, of_statistics: bool
) -> float:
    """Euclidean, over weights or over running statistics."""
    names = [
        name
        for name, tensor in first.items()
        if tensor.is_floating_point() and ("running_" in name) == of_statistics
    ]
    apart = [(first[name].double() - second[name].double()).flatten() for name in names]
    return float(torch.cat(apart).norm())


@pytest.mark.slow
@pytest.mark.parametrize("name", SAME_AS_ALONE)
def test_two_processes_train_what_one_does(trained: Path, tmp_path: Path, name: str) -> None:
    together, alone = case(trained, name, 0), train_case(name, tmp_path)
    assert together["image_steps"] == alone.image_steps > 0
    assert together["teacher_passes"] == alone.teacher_passes
    assert [steps for steps, _ in together["loss_curve"]] == [steps for steps, _ in alone.loss_curve]
    losses = [loss for _, loss in alone.loss_curve]
    assert [loss for _, loss in together["loss_curve"]] == pytest.approx(losses, rel=1e-4)
    weights = alone.network.state_dict()
    recipe = NetworkRecipe(CASES[name], 11, None, torch.device("cpu"), uses_fp16=False)
    start = recipe.fresh_network(0).state_dict()
    for of_statistics in (False, True):
        moved = distance(weights, start, of_statistics=of_statistics)
        assert moved > 0.01
        assert distance(weights, together["weights"], of_statistics=of_statistics) < 0.02 * moved


@pytest.mark.slow
def test_a_checkpoint_of_two_processes_is_not_one_processs(trained: Path) -> None:
    model: TrainedModel = train_case("even", trained / "even")
    assert model.notes == ("training started over: training.checkpoint is of 2 processes, not of 1",)


@pytest.mark.slow
def test_processes_with_other_settings_and_a_raising_callback_end_together(trained: Path) -> None:
    for rank in (0, 1):
        assert "the processes were given different" in (trained / f"unlike-{rank}.txt").read_text()
    assert (trained / "refused-0.txt").read_text() == "KeyError"
    assert (trained / "refused-1.txt").read_text() == "RuntimeError"


def rows_of(out: Path) -> list[dict[str, Any]]:
    rows = json.loads((out / "result.json").read_text())["rows"]
    left_out = {"compute_seconds", "commit"}
    return [{name: value for name, value in row.items() if name not in left_out} for row in rows]


@pytest.mark.slow
def test_a_simulation_whose_process_is_killed_goes_on_to_the_same_rows(
    config: Path, trained: Path, tmp_path: Path
) -> None:
    killed = torchrun("tests.support.train_together", tmp_path, config, "--kill")
    assert killed.returncode != 0
    assert "SIGKILL" in killed.stderr
    asked = [json.loads((tmp_path / f"asked-{rank}.json").read_text()) for rank in (0, 1)]
    assert asked[0] == asked[1]
    state = json.loads((trained / "whole/arms/segloop-seed1/state.json").read_text())
    assert asked[0] == [query for queries in state["queries"] for query in queries]
    assert len(state["queries"]) == 2
    assert (tmp_path / "arms/segloop-seed1/round-2/training.checkpoint").exists()
    assert not (tmp_path / "result.json").exists()
    done = torchrun("segloop.simulate", config, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert rows_of(tmp_path) == rows_of(trained / "whole")
    weights = "arms/segloop-seed1/weights-2.safetensors"
    resumed, whole = load_file(tmp_path / weights), load_file(trained / "whole" / weights)
    assert all(torch.equal(resumed[name], tensor) for name, tensor in whole.items())
    assert not list(tmp_path.glob("arms/*/round-*"))


@pytest.mark.parametrize(("num_labelled", "num_unlabelled"), [(2, 4), (3, 0), (1, 3), (5, 7)])
def test_shares_cover_the_batch_and_leave_nobody_idle(num_labelled: int, num_unlabelled: int) -> None:
    num_images = num_labelled + num_unlabelled
    for size in range(1, num_images + 1):
        shares = [share_of(Processes(rank, size), num_labelled, num_unlabelled) for rank in range(size)]
        assert [place for share in shares for place in share.labelled] == list(range(num_labelled))
        assert [place for share in shares for place in share.unlabelled] == list(range(num_unlabelled))
        counts = [len(share.labelled) + len(share.unlabelled) for share in shares]
        assert min(counts) == num_images // size
        assert max(counts) == -(-num_images // size)


def test_more_processes_than_images_are_refused(tmp_path: Path) -> None:
    data = TrainingData(source(), tmp_path, height=48, width=64, num_classes=11)
    (planned,) = plan_training(SUPERVISED, data.streams, has_weights=False)
    data.close()
    assert planned.share(Processes(3, 4)).labelled == range(3, 4)
    with pytest.raises(SettingsError, match="5 processes share the 4 images a step of generation 0: start"):
        planned.share(Processes(3, 5))


def test_variables_left_over_from_something_else_are_not_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "3")
    with joined_processes() as processes:
        assert processes == ALONE
    monkeypatch.setenv("WORLD_SIZE", "1")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "one process under torchrun")
    with joined_processes() as processes:
        assert processes == ALONE


def test_a_device_for_one_is_none_for_several(monkeypatch: pytest.MonkeyPatch) -> None:
    two = Processes(1, 2)
    assert two.device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert two.device("auto") == two.device("cuda") == torch.device("cuda", 1)
    assert ALONE.device("auto") == resolve_device("auto") == torch.device("cuda", 0)
    with pytest.raises(SettingsError, match="'cuda:0' is one for 2 processes"):
        two.device("cuda:0")
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(SettingsError, match="'cuda:2' is not here: 2 CUDA devices"):
        two.device("auto")


def test_processes_of_both_kinds_are_refused() -> None:
    with pytest.raises(SettingsError, match="--processes 2 under torchrun: take one of the two"):
        _run(argparse.Namespace(processes=2), Processes(1, 2))
