import tomllib
from pathlib import Path
from typing import Any

import pytest

from segloop.errors import DatasetError, SettingsError
from segloop.fitting import fitted_settings
from segloop.scenes import write_scenes
from segloop.simulation_config import parse_config
from segloop.simulation_data import DataConfig, DataKind
from segloop.simulation_fit import Fitted, fit_to_data

CONFIGS = Path(__file__).parents[2] / "bench" / "configs"
SIZE = ("image_height_px", "image_width_px")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("upright")
    write_scenes(path, num=5, seed=4, height=96, width=64)
    return path


def test_what_a_simulation_does_not_name_is_fitted_as_in_a_round(folder: Path) -> None:
    values: dict[str, Any] = {
        "defaults": {"device": "cpu"},
        "arms": [
            {"name": "a"},
            {"name": "faithful", "method": "s4al_plus"},
            {"name": "released", "method": "s4al"},
            {"name": "named", "image_width_px": 32, "image_steps_per_round": [7], "cutout_px": 3},
        ],
    }
    config = parse_config(values, data=folder)
    plain, faithful, released, named = (arm.settings for arm in config.arms)
    assert [getattr(plain, name) for name in SIZE] == [96, 64], "images this small stay as they are"
    assert (plain.image_steps, plain.cutout_px) == (1_500, 13)
    assert config.arms[0].image_steps_per_round == (1_500,)
    assert (faithful.cutout_px, faithful.reco_negatives) == (13, "shared")
    assert released.cutout_px == 0, "the method cuts nothing out"
    assert (named.image_height_px, named.image_width_px, named.cutout_px) == (48, 32, 3)
    assert config.arms[3].image_steps_per_round == (7,)
    assert config.reference is not None
    assert [getattr(config.reference, name) for name in SIZE] == [96, 64]
    assert config.reference.image_steps == 1_500


def test_the_reference_is_fitted_to_the_device_of_its_arms(folder: Path) -> None:
    def fit(_data: DataConfig) -> Fitted:
        return lambda named: {"image_height_px": 180 if named["device"] == "cpu" else 360}

    arms = [{"name": "a", "device": "cpu"}, {"name": "b", "device": "cpu"}]
    config = parse_config({"arms": arms}, data=folder, fit=fit)
    assert config.reference is not None
    assert config.reference.image_height_px == config.arms[0].settings.image_height_px == 180
    assert config.reference.device == "auto"


def test_of_a_folder_the_pool_alone_counts(folder: Path) -> None:
    data = DataConfig(kind=DataKind.FOLDER, path=str(folder), hold_out="scene_0000[01]*")
    assert fit_to_data(data)({"device": "cpu"}) == fitted_settings({(96, 64): 1}, on_gpu=False)
    assert fit_to_data(DataConfig(kind=DataKind.FOLDER, path=str(folder), hold_out="*"))({}) == {}


def test_scenes_need_not_be_drawn_to_be_fitted() -> None:
    data = DataConfig(num_pool=2_000, height_px=90, width_px=120)
    assert fit_to_data(data)({"device": "cpu"}) == fitted_settings({(90, 120): 2_000}, on_gpu=False)


def test_a_folder_that_is_none_and_a_device_that_is_not_here_are_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere is no folder"):
        parse_config({"arms": [{"name": "a"}]}, data=tmp_path / "nowhere")
    arms = [{"name": "a", "device": "cuda:99"}]
    with pytest.raises(SettingsError, match="is not here"):
        parse_config({"arms": arms}, data=folder)
    write_scenes(tmp_path, num=5, seed=4, height=48, width=64)
    (tmp_path / "images/train/scene_00000.png").write_bytes(b"no image")
    with pytest.raises(DatasetError, match=r"train/scene_00000\.png"):
        parse_config({"arms": [{"name": "a"}]}, data=tmp_path)


@pytest.mark.parametrize(
    "path",
    sorted(path for path in CONFIGS.glob("*.toml") if "smoke" not in path.name),
    ids=lambda path: path.name,
)
def test_published_tables_name_whatever_would_be_fitted(path: Path) -> None:
    """Else they would say something else on another machine, or of other images."""

    def fit(*, on_gpu: bool, size: tuple[int, int]) -> dict[str, Any]:
        values = tomllib.loads(path.read_text())
        arms = parse_config(
            values,
            data=Path("somewhere"),
            fit=lambda _data: lambda named: fitted_settings({size: 9}, on_gpu=on_gpu, named=named),
        ).arms
        return {arm.name: arm.identity() for arm in arms}

    on_gpu = path.stem == "camvid_gpu"
    assert fit(on_gpu=on_gpu, size=(360, 480)) == fit(on_gpu=on_gpu, size=(99, 77))
    if not on_gpu:
        assert fit(on_gpu=False, size=(360, 480)) == fit(on_gpu=True, size=(360, 480))
