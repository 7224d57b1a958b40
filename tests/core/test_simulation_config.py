from dataclasses import replace
from pathlib import Path

import pytest

from segloop.budgets import Budget
from segloop.errors import SettingsError
from segloop.generations import plan_generations
from segloop.settings import ColdStart, Method, PartitionKind, Quota, RoundSettings
from segloop.simulation_config import load_config, parse_config
from segloop.simulation_data import DataConfig, DataKind

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
    assert (second.num_rounds, second.image_steps) == (3, 21)
    assert second.settings.cold_start is ColdStart.RANDOM_IMAGES
    assert second.settings.method is Method.SEGLOOP, "nobody named one"
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


def test_the_semi_supervised_mode_trains_every_arm_once_for_each_share_of_images() -> None:
    config = parse_config(
        {
            "mode": "semi_supervised",
            "fractions": [0.25, 0.5],
            "defaults": {"image_steps": 40},
            "arms": [{"name": "a", "method": "supervised"}, {"name": "b"}],
        }
    )
    assert [arm.name for arm in config.arms] == ["a-0.25", "a-0.5", "b-0.25", "b-0.5"]
    assert [(arm.method, arm.first_number) for arm in config.arms] == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert [arm.budget_fractions for arm in config.arms] == [(0.25,), (0.5,)] * 2
    assert {arm.settings.cold_start for arm in config.arms} == {ColdStart.RANDOM_IMAGES}
    assert config.reference is not None
    assert config.reference.image_steps == 40
    plain = parse_config({"mode": "semi_supervised", "arms": [{"name": "a"}]})
    assert [arm.budget_fractions[0] for arm in plain.arms] == [1 / 16, 1 / 8, 1 / 4, 1 / 2]


def test_the_papers_protocol_is_two_rounds_of_its_own_steps() -> None:
    (arm,) = load_config(CONFIGS / "s4al_plus_paper.toml", data=Path("some/folder"), fit=None).arms
    pool_pixels = 367 * 360 * 480
    budgets = [Budget.of_fraction(part, pool_pixels=pool_pixels).pixels for part in arm.budget_fractions]
    assert [(budgets[0] or 0) // (360 * 480), (budgets[1] or 0) // (330 * 30 * 30)] == [37, 4]
    assert ((budgets[0] or 0) % (360 * 480)) + ((budgets[1] or 0) % (330 * 900)) < 2 * 360 * 480
    plans = [
        plan_generations(
            replace(arm.settings, image_steps=steps), has_unlabelled=True, has_weights=number > 0
        )
        for number, steps in enumerate(arm.image_steps_per_round)
    ]
    found = [[(one.num_steps, one.num_labelled, one.num_unlabelled) for one in plan] for plan in plans]
    assert found == [[(10_000, 4, 0)], [(20_000, 2, 4)]]
    assert arm.settings.uses_last_weights
    assert not arm.settings.warm_start
    assert arm.settings.quota is Quota.PER_IMAGE


def test_a_run_is_known_by_what_it_changes() -> None:
    (arm,) = parse_config({"arms": [{"name": "a", "method": "s4al_plus", "lr_heads": 0.02}]}, fit=None).arms
    assert arm.identity()["settings"] == {"lr_heads": 0.02, "reco_negatives": "per_anchor"}


def test_data_and_weights_of_the_command_line_win() -> None:
    values = {"arms": [{"name": "a"}], "data": {"kind": "folder", "hold_out": "b*", "hold_out_every": 2}}
    config = parse_config(values, data=Path("here"), weights=Path("w.safetensors"), fit=None)
    assert config.data == DataConfig(kind=DataKind.FOLDER, path="here", hold_out="b*", hold_out_every=2)
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
        {"arms": [{"name": "a"}], "data": {"hold_out": "a*"}},
        {"arms": [{"name": "a"}], "data": {"kind": "folder", "path": "x", "hold_out": 3}},
        {"arms": [{"name": "a"}], "data": {"kind": "folder", "path": "x", "hold_out_every": "2"}},
        {"arms": [{"name": "a"}], "data": {"num_pool": "many"}},
        {"arms": [{"name": "a"}], "data": {"kind": "folder", "path": "x", "hold_out_every": 0}},
        {"arms": [{"name": "a"}], "arm": []},
        {"arms": [{"name": "a"}], "mode": "passive"},
        {"arms": [{"name": "a"}], "axis": "hours"},
        {"arms": [{"name": "a"}], "fractions": [0.5]},
        {"arms": [{"name": "a"}], "mode": "semi_supervised", "fractions": [0.5, 0.5]},
        {"arms": [{"name": "a"}], "mode": "semi_supervised", "fractions": []},
        {"arms": [{"name": "a", "rounds": 2}], "mode": "semi_supervised"},
        {"arms": [{"name": "a", "rounds": 2, "image_steps_per_round": [4]}]},
        {"arms": [{"name": "a", "image_steps_per_round": [0]}]},
    ],
)
def test_what_is_unknown_or_contradicts_itself_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        parse_config(values)


A: dict[str, object] = {"name": "a"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"arms": [A | {"rounds": 2.5}]}, r"arm a: rounds = 2\.5 must be a whole number from 1 on"),
        ({"arms": [A | {"rounds": "3"}]}, r"arm a: rounds = '3' must be a whole number"),
        ({"arms": [A | {"rounds": 0}]}, r"arm a: rounds = 0 must be a whole number from 1 on"),
        ({"arms": [A], "seeds": 3}, r"seeds = 3 must be a list of whole numbers"),
        ({"arms": [A], "seeds": [-1]}, r"seeds = \[-1\] must be a list of whole numbers from 0"),
        ({"arms": [A], "seeds": [True]}, r"seeds = \[True\] must be a list of whole numbers"),
        ({"arms": [A], "seeds": [2**31]}, r"seeds = \[2147483648\] must be .* from 0 to 2147483647"),
        ({"arms": [A | {"image_steps_per_round": 5}]}, r"image_steps_per_round = 5 must be a list of whole"),
        ({"arms": [A | {"image_steps_per_round": []}]}, r"image_steps_per_round = \[\] must be a list of"),
        ({"arms": [A | {"budget_fraction": "0.1"}]}, r"budget_fraction = '0\.1' must be a number in 0"),
        ({"arms": [A | {"budget_fractions": 0.1}]}, r"budget_fractions = 0\.1 must be a list of numbers"),
        ({"arms": [A | {"budget_fractions": []}]}, r"budget_fractions = \[\] must be a list of numbers"),
        ({"arms": [A | {"budget_fractions": [0.0, 0.1]}]}, r"its first round asks nothing"),
        ({"arms": [A | {"budget_fractions": [0.6, 0.5]}]}, r"its 2 rounds ask 1\.1 times the pool's pixels"),
        ({"arms": [A | {"rounds": 21, "budget_fraction": 0.05}]}, r"its 21 rounds ask 1\.05 times"),
        ({"arms": [A], "mode": "semi_supervised", "fractions": 0.5}, r"fractions = 0\.5 must be a list"),
        ({"arms": [A], "mode": "semi_supervised", "fractions": [0, 1]}, r"must be different numbers above 0"),
        (
            {"arms": [A], "mode": "semi_supervised", "fractions": [0.10001, 0.10002]},
            r"different names, got \['a-0\.1', 'a-0\.1'\]",
        ),
        ({"arms": A}, r"arms must be a list of tables, each under \[\[arms\]\]"),
        ({"arms": [3]}, r"arms must be a list of tables"),
        ({"arms": [A], "data": 3}, r"data = 3 must be a table"),
        ({"arms": [A], "defaults": []}, r"defaults = \[\] must be a table"),
        ({"arms": [A], "reference": False}, r"reference = False must be a table"),
        ({"arms": [A], "reference": {"enabled": "no"}}, r"enabled = 'no' must be true or false"),
        ({"arms": [A], "tail_classes": "Pole"}, r"tail_classes = 'Pole' must be a list of texts"),
        ({"arms": [A], "name": 3}, r"name = 3 must be a text"),
        ({"arms": [A | {"size_px": "30"}]}, r"arm a: size_px = '30' must be a whole number from 1 on"),
        ({"arms": [A | {"size_px": 0}]}, r"arm a: size_px = 0 must be a whole number from 1 on"),
        ({"arms": [A | {"size_px": -3}]}, r"arm a: size_px = -3 must be a whole number from 1 on"),
        ({"arms": [A | {"score_scales": [float("nan")]}]}, r"score_scales \(nan,\) must be"),
        ({"arms": [A], "data": {"num_pool": 0}}, r"\[data\] num_pool = 0 must be a whole number from 1 on"),
        ({"arms": [A], "data": {"seed": -1}}, r"\[data\] seed = -1 must be a whole number from 0 on"),
        ({"arms": [A | {"seed": 3}]}, r"arm a: seed = 3: every arm runs with each of seeds"),
        (
            {"arms": [A | {"rounds": 2, "budget_fractions": [0.1, 0.1]}]},
            r"arm a has rounds and budget_fractions: give one of them",
        ),
        (
            {"arms": [A], "defaults": {"budget_fraction": 0.1, "budget_regions": [3]}},
            r"\[defaults\] has budget_fraction and budget_regions: give one",
        ),
        (
            {"arms": [A | {"image_steps": 8, "image_steps_per_round": [8]}]},
            r"arm a has image_steps and image_steps_per_round: give one",
        ),
        ({"arms": [A | {"budget_regions": [0]}]}, r"arm a: budget_regions = \[0\] must be a list of whole"),
        (
            {"arms": [A | {"budget_regions": [3, 3], "image_steps_per_round": [8]}]},
            r"image_steps_per_round = \[8\]: its rounds are 2",
        ),
        (
            {"arms": [A | {"method": "supervised", "mixing": "cutmix"}]},
            r"arm a: mixing = 'cutmix' would have no effect: num_generations = 0 trains on answers alone",
        ),
        ({"arms": [A | {"name": "reference"}]}, r"'reference' is what the reference is called"),
        ({"arms": [A | {"name": "all_labels"}]}, r"'all_labels' is what the reference is called"),
    ],
)
def test_a_slip_in_the_file_is_a_clear_line(values: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse_config(values)


def test_an_arms_way_to_give_a_budget_or_steps_replaces_the_defaults() -> None:
    defaults = {"rounds": 2, "budget_fraction": 0.1, "image_steps": 8}
    arms = [
        {"name": "as_said"},
        {"name": "shares", "budget_fractions": [0.1, 0.2, 0.3]},
        {"name": "regions", "budget_regions": [5, 6, 7], "image_steps_per_round": [1, 2, 3]},
    ]
    as_said, shares, regions = parse_config({"defaults": defaults, "arms": arms}).arms
    assert (as_said.num_rounds, as_said.image_steps_per_round) == (2, (8, 8))
    assert as_said.budget(1, pool_pixels=1000) == Budget(pixels=100)
    assert (shares.num_rounds, shares.image_steps_per_round) == (3, (8, 8, 8))
    assert shares.budget(2, pool_pixels=1000) == Budget(pixels=300)
    assert (regions.num_rounds, regions.image_steps_per_round) == (3, (1, 2, 3))
    assert regions.budget(2, pool_pixels=1000) == Budget(regions=7)
    assert "budget_regions" not in shares.to_mapping()
    assert "budget_fractions" not in regions.to_mapping()
    assert regions.to_mapping()["budget_regions"] == [5, 6, 7]
    (back,) = parse_config({"defaults": {"budget_regions": [5]}, "arms": [A | {"rounds": 4}]}).arms
    assert (back.num_rounds, back.budget_regions) == (4, None)


def test_an_audit_beside_whole_images_is_refused() -> None:
    with pytest.raises(SettingsError, match="arm a: audit_fraction asks single regions"):
        parse_config({"arms": [A | {"unit": "images", "audit_fraction": 0.1}]})


def test_shares_that_add_up_to_one_are_taken_however_they_round() -> None:
    (arm,) = parse_config({"arms": [A | {"budget_fractions": [0.1] * 10}]}).arms
    assert len(arm.budget_fractions) == 10
    (arm,) = parse_config({"arms": [A | {"rounds": 3, "budget_fraction": 1 / 3}]}).arms
    assert arm.num_rounds == 3


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.name)
def test_every_config_of_the_benches_is_read_and_its_settings_survive_json(path: Path) -> None:
    config = load_config(path, data=Path("some/folder"), fit=None)
    for arm in config.arms:
        assert RoundSettings.from_mapping(arm.to_mapping()["settings"]) == arm.settings


def test_a_missing_or_broken_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("= 3")
    with pytest.raises(SettingsError, match="no TOML"):
        load_config(tmp_path / "broken.toml")
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load_config(tmp_path)
