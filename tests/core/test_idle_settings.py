from typing import Any

import pytest

from segloop.idle_settings import idle_settings
from segloop.settings import RoundSettings

CASES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    # name, settings under which it does nothing, what wakes it up, what is said
    ("teacher", {"num_generations": 0}, {"num_generations": 1}, "num_generations = 0"),
    ("mixing", {"num_generations": 0}, {"num_generations": 2}, "num_generations = 0"),
    ("cutout_px", {"method": "supervised"}, {"num_generations": 1}, "num_generations = 0"),
    ("pseudo_label_weight", {"loss_means": "joint"}, {"loss_means": "separate"}, "loss_means = joint"),
    (
        "pseudo_label_weight",
        {"loss_means": "separate", "num_generations": 0},
        {"num_generations": 1},
        "num_generations = 0",
    ),
    ("ema_decay", {"teacher": "offline"}, {"teacher": "ema"}, "nothing averages weights"),
    ("ema_decay", {"num_generations": 0, "teacher": "ema"}, {"keep_ema_weights": True}, "nothing averages"),
    ("warm_lr_factor", {"warm_start": False}, {"warm_start": True}, "warm_start = false"),
    ("warm_lr_factor", {"warm_start": False}, {"teacher": "ema"}, "warm_start = false"),
    ("reco_temperature", {"reco_weight": 0.0}, {"reco_weight": 0.1}, "reco_weight = 0"),
    ("class_balance", {"acquisition": "coreset"}, {"acquisition": "bvsb"}, "coreset scores no pixel"),
    ("class_balance", {"acquisition": "random"}, {"acquisition": "ripu"}, "random scores no pixel"),
    ("dropout_passes", {"acquisition": "entropy"}, {"acquisition": "bald"}, "entropy compares no passes"),
    ("top_factor", {"quota": "per_image"}, {"quota": "global"}, "quota = per_image"),
    ("image_cap_factor", {"quota": "per_image"}, {"quota": "global"}, "quota = per_image"),
]


@pytest.mark.parametrize(("name", "asleep", "awake", "said"), CASES)
def test_a_setting_without_effect_is_named_with_the_reason(
    name: str, asleep: dict[str, Any], awake: dict[str, Any], said: str
) -> None:
    settings = RoundSettings.from_mapping(asleep)
    assert said in idle_settings(settings, [name])[name]
    assert idle_settings(RoundSettings.from_mapping({**asleep, **awake}), [name]) == {}
    assert idle_settings(settings, ["lr_heads", "image_steps"]) == {}


def test_an_oracle_is_never_asked_twice() -> None:
    assert (
        "agrees with itself" in idle_settings(RoundSettings(), ["agreement_fraction"])["agreement_fraction"]
    )
