from pathlib import Path

import pytest

from segloop.errors import SettingsError
from segloop.rounds import ColdStart
from segloop.settings import Method, PartitionKind, Quota, RoundSettings
from segloop.simulation_config import DataKind, load_config, parse_config

CONFIGS = Path(__file__).parents[2] / "bench" / "configs"


def test_arms_take_defaults_presets_and_their_own_values() -> None:
    config = parse_config(
        {
            "seeds": [3, 4],
            "defaults": {"image_steps": 100, "rounds": 2, "partition": "superpixel"},
            "arms": [
                {"name": "a", "method": "segloop", "budget_fraction": 0.01},
                {
                    "name": "b",
                    "budget_fractions": [0.1, 0.2, 0.3],
                    "image_steps": 7,
                    "cold_start": "random_images",
                },
            ],
        }
    )
    first, second = config.arms
    assert config.seeds == (3, 4)
    assert (first.num_rounds, first.budget_fractions, first.image_steps) == (2, (0.01, 0.01), 200)
    assert first.settings.quota is Quota.GLOBAL
    assert (second.num_rounds, second.image_steps, second.cold_start) == (3, 21, ColdStart.RANDOM_IMAGES)
    assert second.settings.method is Method.S4AL_PLUS
    assert first.partition is second.partition is PartitionKind.SUPERPIXEL


def test_the_reference_gets_the_longest_arms_image_steps_and_no_self_training() -> None:
    config = parse_config(
        {"defaults": {"image_steps": 50, "reco_weight": 0.5}, "arms": [{"name": "a", "rounds": 3}]}
    )
    assert config.reference is not None
    assert config.reference.method is Method.SUPERVISED
    assert (config.reference.image_steps, config.reference.num_generations, config.reference.reco_weight) == (
        150,
        0,
        0.0,
    )
    assert parse_config({"arms": [{"name": "a"}], "reference": {"enabled": False}}).reference is None


def test_data_and_weights_of_the_command_line_win() -> None:
    config = parse_config({"arms": [{"name": "a"}]}, data=Path("here"), weights=Path("w.safetensors"))
    assert (config.data.kind, config.data.path) == (DataKind.FOLDER, "here")
    assert config.arms[0].settings.encoder_weights == "w.safetensors"
    assert config.reference is not None
    assert config.reference.encoder_weights == "w.safetensors"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"arms": [{"name": "a"}, {"name": "a"}]},
        {"arms": [{}]},
        {"arms": [{"name": "../a"}]},
        {"arms": [{"name": "a", "colour": 1}]},
        {"arms": [{"name": "a", "cold_start": "warm"}]},
        {"arms": [{"name": "a", "budget_fractions": [2.0]}]},
        {"arms": [{"name": "a", "image_steps": -1}]},
        {"arms": [{"name": "a"}], "seeds": []},
        {"arms": [{"name": "a"}], "seeds": [1, 1]},
        {"arms": [{"name": "a"}], "data": {"kind": "folder"}},
        {"arms": [{"name": "a"}], "data": {"where": "x"}},
        {"arms": [{"name": "a"}], "arm": []},
    ],
)
def test_what_is_unknown_or_contradicts_itself_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        parse_config(values)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.name)
def test_every_config_of_the_benches_is_read_and_its_settings_survive_json(path: Path) -> None:
    config = load_config(path, data=Path("some/folder"))
    for arm in config.arms:
        assert RoundSettings.from_mapping(arm.to_mapping()["settings"]) == arm.settings


def test_a_missing_or_broken_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("= 3")
    with pytest.raises(SettingsError, match="no TOML"):
        load_config(tmp_path / "broken.toml")
