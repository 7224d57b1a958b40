from pathlib import Path
from typing import Any

import pytest

from segloop.errors import BudgetError, DatasetError, SettingsError, WeightsError
from segloop.scenes import write_scenes
from segloop.settings import RoundSettings
from segloop.simulated_pool import open_data
from segloop.simulation_checks import check_budgets, check_images, check_networks
from segloop.simulation_config import Arm, parse_config
from segloop.simulation_data import DataConfig, DataKind

SIZES = {(24, 40): 3, (40, 50): 1}
"""Images of 960 and 2,000 pixels, 4,880 together; in cells of 8 pixels, of 15 and 35 regions."""


def arm(**values: Any) -> Arm:
    (found,) = parse_config({"arms": [{"name": "a", "size_px": 8, **values}]}).arms
    return found


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (
            {"cold_start": "random_images", "budget_fraction": 0.19},
            "927 pixels, .* whole image: .* 960, 0.19",
        ),
        ({"cold_start": "random_images", "unit": "images", "budget_fractions": [0.2, 0.1]}, "budget 2 of 2"),
        ({"cold_start": "random_images", "budget_regions": [14]}, "14 regions, .* takes 15$"),
        ({"budget_fractions": [0.1, 1e-5]}, "budget 2 of 2, 0 pixels, .* a region: the smallest takes"),
        ({"budget_fraction": 0.003}, "14 pixels, .* a region: the smallest takes 16, 0.003"),
        ({"cold_start": "random_images", "partition": "superpixel", "budget_fraction": 0.19}, "takes 960"),
    ],
)
def test_a_budget_that_pays_for_nothing_is_named(values: dict[str, Any], found: str) -> None:
    with pytest.raises(BudgetError, match=f"arm a: .*{found}"):
        check_budgets(arm(**values), SIZES)


@pytest.mark.parametrize(
    "values",
    [
        {"cold_start": "random_images", "budget_fraction": 0.197},
        {"cold_start": "random_images", "budget_regions": [15]},
        {"cold_start": "random_images", "unit": "images", "budget_fractions": [0.3, 0.0, 0.3]},
        # the rest of a half answered image is cheap
        {"unit": "images", "budget_fractions": [0.1, 0.05]},
        {"cold_start": "random_images", "partition": "superpixel", "budget_regions": [14]},
        {"partition": "superpixel", "budget_fraction": 0.003},
        {"budget_regions": [1]},
    ],
)
def test_a_budget_that_may_pay_is_let_through(values: dict[str, Any]) -> None:
    check_budgets(arm(**values), SIZES)
    check_budgets(arm(**values), {})


@pytest.mark.parametrize("broken", ["images/test/scene_00004.png", "labels/train/scene_00001.png"])
def test_every_image_and_label_map_is_read(tmp_path: Path, broken: str) -> None:
    write_scenes(tmp_path, num=5, seed=4, height=48, width=64)
    content = (tmp_path / broken).read_bytes()
    (tmp_path / broken).write_bytes(content[: len(content) // 2])
    _, pool, test = open_data(DataConfig(kind=DataKind.FOLDER, path=str(tmp_path)))
    seen: list[int] = []
    bad, good = (test, pool) if "test" in broken else (pool, test)
    check_images(good, seen.append)
    with pytest.raises(DatasetError, match=broken):
        check_images(bad, seen.append)
    (tmp_path / broken).write_bytes(content)
    check_images(pool, seen.append)
    assert seen[-3:] == [1, 2, 3]


def test_networks_are_built_before_they_are_needed(tmp_path: Path) -> None:
    plain = {"encoder_weights": "random"}
    weights = tmp_path / "none.safetensors"
    weights.write_bytes(b"no weights")
    check_networks([RoundSettings.from_mapping(plain)], 2)
    for values, error, found in (
        ({"encoder": "timm:no_such_net"}, SettingsError, "no_such_net"),
        ({"precision": "fp16", "device": "cpu"}, SettingsError, "fp16 needs a CUDA device"),
        ({"encoder_weights": str(weights)}, WeightsError, "none.safetensors"),
    ):
        with pytest.raises(error, match=found):
            check_networks([RoundSettings.from_mapping({**plain, **values})], 2)
    with pytest.raises(SettingsError, match="1 classes"):
        check_networks([RoundSettings.from_mapping(plain)], 1)
