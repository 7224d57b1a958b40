"""The loop in small: at most 20 steps at 90 x 120, random weights, one thread, deterministic."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

from segloop.devices import seeded
from segloop.encoders import build_encoder
from segloop.errors import BudgetError, SettingsError, SimulationError, WeightsError
from segloop.label_maps import decode_index_png, encode_index_png
from segloop.scenes import write_scenes
from segloop.simulated_pool import FolderSource, SimulatedPool
from segloop.simulation import Simulation, _ArmRun
from segloop.simulation_config import SimulationConfig, parse_config

DEFAULTS: dict[str, Any] = {
    "encoder": "mobilenet_v2",
    "encoder_weights": "random",
    "image_height_px": 90,
    "image_width_px": 120,
    "image_steps": 18,
    "reco_num_anchors": 8,
    "reco_num_negatives": 8,
    "embedding_dim": 16,
    "separable_aspp": True,
    "num_threads": 1,
    "deterministic": True,
    "device": "cpu",
    "rounds": 2,
    "budget_fraction": 0.05,
}
VALUES: dict[str, Any] = {
    "name": "tiny",
    "seeds": [1],
    "data": {"num_pool": 6, "num_test": 2, "height_px": 90, "width_px": 120},
    "defaults": DEFAULTS,
    "arms": [{"name": "segloop", "method": "segloop", "warm_start": True}],
    "reference": {"enabled": False},
}


def to_toml(values: dict[str, Any]) -> str:
    """The one table shape used above; JSON writes strings, numbers, booleans and lists as TOML does."""
    lines = [f"{name} = {json.dumps(values[name])}" for name in ("name", "seeds")]
    for table in ("data", "defaults", "reference"):
        lines += [f"[{table}]", *(f"{name} = {json.dumps(value)}" for name, value in values[table].items())]
    for arm in values["arms"]:
        lines += ["[[arms]]", *(f"{name} = {json.dumps(value)}" for name, value in arm.items())]
    return "\n".join(lines)


def config(**changes: Any) -> SimulationConfig:
    return parse_config({**VALUES, **changes})


def without_time(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The commit left out too: it may move on between two runs."""
    left_out = {"compute_seconds", "commit"}
    return [{name: value for name, value in row.items() if name not in left_out} for row in rows]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """An uninterrupted run of one arm and its folder."""
    out = tmp_path_factory.mktemp("whole")
    return Simulation(config(), out).run(), out


@pytest.mark.slow
def test_a_run_writes_its_result_and_curve(whole: tuple[dict[str, Any], Path]) -> None:
    result, out = whole
    assert json.loads((out / "result.json").read_text()) == result
    assert (out / "curve.png").stat().st_size > 0
    assert (out / "curve.svg").stat().st_size > 0
    assert set(result) == {"rows", "reference", "config", "commit", "machine"}
    first, second = result["rows"]
    assert list(second) == [
        "method",
        "seed",
        "round",
        "labelled_fraction",
        "num_regions",
        "num_clicks",
        "asked_share_per_class",
        "mean_iou",
        "iou_per_class",
        "image_steps",
        "compute_seconds",
        "teacher_passes",
        "commit",
        "machine",
    ]
    assert first["machine"] == second["machine"] == {**result["machine"], "num_threads": 1, "device": "cpu"}
    assert (first["round"], second["round"]) == (1, 2)
    assert 0.03 < first["labelled_fraction"] <= 0.05 < second["labelled_fraction"] <= 0.10
    assert first["num_clicks"] >= first["num_regions"] > 0
    assert set(first["confident"]) == {
        "threshold_per_class",
        "share_per_class",
        "accuracy_per_class",
        "accuracy",
    }
    assert 0 <= sum(first["confident"]["share_per_class"]) <= 1
    assert "confident" not in second, "nothing is scored after the last round"
    assert second["image_steps"] > first["image_steps"] > 0
    assert second["teacher_passes"] > first["teacher_passes"] > 0
    assert sum(second["asked_share_per_class"]) == pytest.approx(1, abs=1e-5)
    assert len(second["asked_share_per_class"]) == 11
    assert 0 <= second["mean_iou"] <= 1
    assert len(second["iou_per_class"]) == 11
    assert result["config"]["seeds"] == [1]


@pytest.mark.slow
def test_the_same_run_gives_the_same_rows_and_asks_the_same_regions(
    whole: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    again = Simulation(config(), tmp_path).run()
    assert without_time(again["rows"]) == without_time(whole[0]["rows"])
    states = [json.loads((out / "arms/segloop-seed1/state.json").read_text()) for out in (whole[1], tmp_path)]
    assert states[0]["queries"] == states[1]["queries"]
    assert len(states[0]["queries"]) == 2


class Killed(BaseException):
    """Stands for a kill: nothing may catch it on the way."""


@pytest.mark.slow
def test_a_run_killed_in_the_middle_of_a_round_goes_on_to_the_same_rows(
    whole: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    def kill(what: str, steps: int) -> None:
        if "round 2: generation 1" in what and steps >= 13:
            raise Killed

    with pytest.raises(Killed):
        Simulation(config(), tmp_path, on_progress=kill, checkpoint_seconds=0.0).run()
    assert not (tmp_path / "result.json").exists()
    assert any((tmp_path / "arms/segloop-seed1").glob("round-2/*"))
    resumed = Simulation(config(), tmp_path, checkpoint_seconds=0.0).run()
    assert without_time(resumed["rows"]) == without_time(whole[0]["rows"])
    assert not list((tmp_path / "arms/segloop-seed1").glob("round-*"))


@pytest.mark.slow
def test_a_run_killed_before_it_asks_neither_trains_again_nor_forgets_to_ask(
    whole: tuple[dict[str, Any], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(_ArmRun, "plan_next", kill)
        with pytest.raises(Killed):
            Simulation(config(), tmp_path).run()
    state = json.loads((tmp_path / "arms/segloop-seed1/state.json").read_text())
    (row,) = state["rows"]
    assert "confident" not in row
    assert without_time([row | {"confident": whole[0]["rows"][0]["confident"]}]) == without_time(
        whole[0]["rows"][:1]
    )
    assert len(state["queries"]) == 1
    said: list[str] = []
    resumed = Simulation(config(), tmp_path, on_progress=lambda what, _: said.append(what)).run()
    assert not [what for what in said if "round 1: generation" in what]
    assert [what for what in said if "round 2: generation" in what]
    assert without_time(resumed["rows"]) == without_time(whole[0]["rows"])
    assert resumed["rows"][0]["compute_seconds"] == row["compute_seconds"]
    states = [json.loads((out / "arms/segloop-seed1/state.json").read_text()) for out in (whole[1], tmp_path)]
    assert states[0]["queries"] == states[1]["queries"]
    assert not list((tmp_path / "arms/segloop-seed1").glob("round-*"))


@pytest.mark.slow
def test_an_arm_whose_pool_runs_out_ends_with_its_rows_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = {
        "method": "supervised",
        "acquisition": "random",
        "cold_start": "random_regions",
        "image_steps": 4,
        "size_px": 30,
    }
    short = {**inner, "name": "short", "allow_border": False, "rounds": 3, "budget_fraction": 0.3}
    steps: dict[str, int] = {}
    simulation = Simulation(
        config(arms=[short, {**inner, "name": "other", "rounds": 1}]),
        tmp_path,
        on_progress=lambda what, done: steps.update({what: done}),
    )
    first, last = simulation.run()["rows"]
    assert (first["method"], last["method"]) == ("short", "other")
    assert first["labelled_fraction"] == pytest.approx(2 / 12)
    assert first["ended"].startswith("no region is left to ask: each has been asked")
    assert "ended" not in last
    left_out = f"short, seed 1, round 3: left out, {first['ended']}"
    assert steps[left_out] == 4
    written = (tmp_path / "arms/short-seed1/state.json").stat().st_mtime_ns

    def kill(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(SimulatedPool, "answer", kill)  # finished arms are read, not gone through again
    assert Simulation(simulation.config, tmp_path).run()["rows"] == [first, last]
    assert (tmp_path / "arms/short-seed1/state.json").stat().st_mtime_ns == written


@pytest.mark.slow
def test_a_process_killed_for_real_goes_on_to_the_same_rows(
    whole: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    (tmp_path / "tiny.toml").write_text(to_toml(VALUES))
    command = [
        sys.executable,
        "-m",
        "segloop.simulate",
        str(tmp_path / "tiny.toml"),
        "--out",
        str(tmp_path / "out"),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment) as process:
        state = tmp_path / "out/arms/segloop-seed1/round-1"
        deadline = time.monotonic() + 120
        while not state.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "out/result.json").exists()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "mean IoU" in done.stdout
    rows = json.loads((tmp_path / "out/result.json").read_text())["rows"]
    assert without_time(rows) == without_time(whole[0]["rows"])


@pytest.mark.slow
def test_whole_images_dominant_superpixels_and_the_reference_run_too(tmp_path: Path) -> None:
    result = Simulation(
        config(
            arms=[
                {"name": "images", "cold_start": "random_images", "unit": "images", "budget_fraction": 0.2},
                {
                    "name": "superpixels",
                    "method": "supervised",
                    "acquisition": "random",
                    "answers": "dominant",
                    "partition": "superpixel",
                    "cold_start": "random_regions",
                    "rounds": 1,
                },
            ],
            reference={"image_steps": 12},
        ),
        tmp_path,
    ).run()
    images, more_images, superpixels = result["rows"]
    assert images["labelled_fraction"] == pytest.approx(1 / 6)
    assert more_images["labelled_fraction"] == pytest.approx(2 / 6)
    assert superpixels["num_clicks"] == superpixels["num_regions"]
    (reference,) = result["reference"]
    assert (reference["method"], reference["labelled_fraction"], reference["image_steps"]) == (
        "all_labels",
        1.0,
        12,
    )


@pytest.mark.slow
def test_a_budget_in_regions_asks_exactly_so_many(tmp_path: Path) -> None:
    arm = {"name": "few", "budget_regions": [3, 5], "size_px": 15, "image_share": 0.0}
    rows = Simulation(config(arms=[arm]), tmp_path).run()["rows"]
    assert [row["num_regions"] for row in rows] == [3, 8]


@pytest.mark.slow
def test_working_files_that_a_kill_left_of_a_finished_round_go(
    whole: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    shutil.copytree(whole[1], tmp_path / "out")
    folder = tmp_path / "out/arms/segloop-seed1"
    (folder / "round-1").mkdir()
    (folder / "round-1/images.bin").write_bytes(b"left over")
    again = Simulation(config(), tmp_path / "out").run()
    assert again["rows"] == whole[0]["rows"]
    assert not list(folder.glob("round-*"))


def test_a_budget_that_pays_for_nothing_is_refused_before_any_arm_runs(tmp_path: Path) -> None:
    arms = [{"name": "first"}, {"name": "images", "cold_start": "random_images", "budget_fraction": 0.001}]
    with pytest.raises(BudgetError, match="arm images: budget 1 of 2"):
        Simulation(config(arms=arms), tmp_path).run()
    assert not (tmp_path / "arms").exists()


def test_an_arm_whose_later_budget_buys_no_image_any_more_ends_and_says_so(tmp_path: Path) -> None:
    sizes = [(40, 40), (60, 60), (60, 60), (60, 60)]  # once the small one is answered, nothing is so cheap
    rng = np.random.default_rng(0)
    for index, size in enumerate([*sizes, (60, 60)]):
        split = "train" if index < len(sizes) else "test"
        label_map = np.repeat(np.repeat(rng.integers(0, 2, (2, 2)), size[0] // 2, 0), size[1] // 2, 1)
        for folder, pixels in (("images", np.stack([label_map * 200] * 3, axis=2)), ("labels", label_map)):
            path = tmp_path / f"data/{folder}/{split}/{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(path)
    names = [{"id": at, "name": name, "color": "#00000" + str(at)} for at, name in enumerate("ab")]
    (tmp_path / "data/classes.json").write_text(json.dumps({"classes": names}))
    arm = {"name": "images", "cold_start": "random_images", "unit": "images", "budget_fraction": 0.15}
    values = {**VALUES, "arms": [arm], "tail_classes": [], "data": {}}
    (row,) = Simulation(parse_config(values, data=tmp_path / "data"), tmp_path / "out").run()["rows"]
    assert "does not pay for a whole image: the smallest that is not answered needs 3,600" in row["ended"]


@pytest.mark.slow
def test_the_semi_supervised_mode_labels_the_same_images_for_every_arm(tmp_path: Path) -> None:
    steps = {**DEFAULTS, "image_steps": 12}
    del steps["rounds"], steps["budget_fraction"]
    result = Simulation(
        parse_config(
            {
                **VALUES,
                "mode": "semi_supervised",
                "fractions": [0.34, 0.5],
                "tail_classes": ["pole", "sign"],
                "defaults": steps,
                "arms": [
                    {"name": "supervised", "method": "supervised"},
                    {
                        "name": "ema",
                        "num_generations": 1,
                        "reco_weight": 0.0,
                        "teacher": "ema",
                        "mixing": "classmix",
                        "generation_0_share": 0.34,
                    },
                ],
            }
        ),
        tmp_path,
    ).run()
    rows = result["rows"]
    assert [(row["method"], row["round"]) for row in rows] == [
        ("supervised", 1),
        ("supervised", 2),
        ("ema", 1),
        ("ema", 2),
    ]
    assert [row["labelled_fraction"] for row in rows] == [pytest.approx(2 / 6), 0.5] * 2
    assert [row["teacher_passes"] for row in rows] == [0, 0, 4, 4]
    for row in rows:
        tail = [value for value in row["iou_per_class"][4:6] if value is not None]
        assert row["tail_mean_iou"] == pytest.approx(sum(tail) / len(tail))
    states = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("arms/*-0.5-seed1/state.json"))]
    assert states[0]["queries"] == states[1]["queries"]


@pytest.mark.slow
def test_a_round_may_be_labelled_by_the_last_rounds_network(tmp_path: Path) -> None:
    result = Simulation(
        config(
            arms=[
                {
                    "name": "protocol",
                    "method": "s4al_plus",
                    "cold_start": "random_images",
                    "generation_0_share": 0.0,
                    "budget_fractions": [0.34, 0.03],
                    "image_steps_per_round": [4, 6],
                }
            ]
        ),
        tmp_path,
    ).run()
    first, second = result["rows"]
    assert (first["image_steps"], second["image_steps"]) == (4, 10)
    assert first["teacher_passes"] == 0
    assert 3 <= second["teacher_passes"] <= 4 * 3  # each drawn image at three scales
    queries = json.loads((tmp_path / "arms/protocol-seed1/state.json").read_text())["queries"]
    full = {image for image, _ in queries[0]}
    assert len(full) == 2
    assert full.isdisjoint(image for image, _ in queries[1])


def test_tail_classes_must_be_classes(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="tail_classes moon: known are road"):
        Simulation(config(tail_classes=["moon"]), tmp_path)


ONE_ROUND = {
    "name": "arm",
    "method": "supervised",
    "image_steps": 4,
    "rounds": 1,
    "cold_start": "random_regions",
}


def run_on(data: Path, out: Path, *, weights: Path | None = None) -> list[dict[str, Any]]:
    """One quick arm and its reference on a folder; already there, they are only read."""
    values = {**VALUES, "arms": [ONE_ROUND], "reference": {"enabled": True}}
    simulation = Simulation(parse_config({**values, "data": {}}, data=data, weights=weights), out)
    result = simulation.run()
    rows: list[dict[str, Any]] = result["rows"] + result["reference"]
    return rows


def state_files(out: Path) -> dict[str, str]:
    """Digests: how two states differ would fill the screen."""
    found = sorted(out.rglob("state.json"))
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def change_a_label(data: Path) -> None:
    path = data / "labels/train/scene_00001.png"
    label_map = decode_index_png(path.read_bytes()).copy()
    label_map[0, 0] = (label_map[0, 0] + 1) % 11
    path.write_bytes(encode_index_png(label_map))


def some_weights(path: Path) -> Path:
    with seeded(0):
        save_file(build_encoder("mobilenet_v2", "random").body_state(), path)
    return path


@pytest.mark.slow
def test_the_same_data_and_weights_elsewhere_are_gone_on_from_and_others_are_not(tmp_path: Path) -> None:
    for name in ("here", "there"):
        write_scenes(tmp_path / name, num=6, seed=4, height=90, width=120)
    weights = some_weights(tmp_path / "one.safetensors")
    out = tmp_path / "out"
    rows = run_on(tmp_path / "here", out, weights=weights)
    written = state_files(out)
    assert len(written) == 2
    moved = weights.rename(tmp_path / "two.safetensors")
    assert run_on(tmp_path / "there", out, weights=moved) == rows
    assert state_files(out) == written

    moved.write_bytes(moved.read_bytes()[:-1] + b"\0")
    with pytest.raises(SettingsError, match="other settings, data or weights: choose another --out"):
        run_on(tmp_path / "there", out, weights=moved)
    with pytest.raises(WeightsError, match="no such file"):
        run_on(tmp_path / "there", tmp_path / "none", weights=weights)
    assert state_files(out) == written


@pytest.mark.slow
def test_a_changed_label_is_other_data_under_the_same_path(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    write_scenes(data, num=6, seed=4, height=90, width=120)
    rows = run_on(data, out)
    written = state_files(out)
    assert run_on(data, out) == rows
    change_a_label(data)
    with pytest.raises(SettingsError, match="other settings, data or weights"):
        run_on(data, out)
    assert state_files(out) == written


@pytest.mark.slow
def test_contents_are_read_once_however_many_arms_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scenes(tmp_path / "data", num=6, seed=4, height=90, width=120)
    num_read = 0
    digest = FolderSource.digest

    def counted(source: FolderSource) -> str:
        nonlocal num_read
        num_read += 1
        return digest(source)

    monkeypatch.setattr(FolderSource, "digest", counted)
    arms = [{**ONE_ROUND, "name": name} for name in ("a", "b")]
    simulation = Simulation(
        parse_config({**VALUES, "arms": arms, "data": {}}, data=tmp_path / "data"), tmp_path / "out"
    )
    simulation.run()
    assert num_read == 2, "pool and test split"


@pytest.mark.parametrize("content", ["", '{"fingerprint": "abc", "queries": [[', "[]", '{"colour": 1}'])
def test_a_state_that_cannot_be_read_is_named_with_the_way_out(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "arms/segloop-seed1"
    folder.mkdir(parents=True)
    (folder / "state.json").write_text(content)
    with pytest.raises(SimulationError, match=r"state\.json cannot be read .*remove .*segloop-seed1 to run"):
        Simulation(config(), tmp_path).run()
    assert (folder / "state.json").read_text() == content


def test_a_folder_of_another_run_is_not_gone_on_from(tmp_path: Path) -> None:
    folder = tmp_path / "arms/segloop-seed1"
    folder.mkdir(parents=True)
    (folder / "state.json").write_text(
        json.dumps({"fingerprint": "other", "queries": [], "rows": [], "weights": None})
    )
    with pytest.raises(SettingsError, match="choose another --out"):
        Simulation(config(), tmp_path).run()
