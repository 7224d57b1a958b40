"""Settings that change nothing in a simulation: where one is compared with another, that is a slip."""

from collections.abc import Callable, Iterable

from segloop.acquisition import find_acquisition
from segloop.settings import LossMeans, Quota, RoundSettings, Teacher


def idle_settings(settings: RoundSettings, names: Iterable[str]) -> dict[str, str]:
    """Those of `names` that have no effect in `settings`, each with what takes it away.

    Only what holds for any data and unit is said: whether `dominant_weight` does something, the answers
    decide.
    """
    reasons = {name: _REASONS[name](settings) for name in names if name in _REASONS}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _without_pseudo_labels(settings: RoundSettings) -> str | None:
    return None if settings.num_generations else "num_generations = 0 trains on answers alone"


def _without_separate_means(settings: RoundSettings) -> str | None:
    if settings.loss_means is LossMeans.SEPARATE:
        return _without_pseudo_labels(settings)
    return f"loss_means = {settings.loss_means.value} has one mean for both"


def _without_average(settings: RoundSettings) -> str | None:
    if settings.keep_ema_weights or _has_ema_teacher(settings):
        return None
    return "nothing averages weights: teacher = ema or keep_ema_weights = true would"


def _without_warm_start(settings: RoundSettings) -> str | None:
    if settings.warm_start or _has_ema_teacher(settings):
        return None
    return "warm_start = false starts from the encoder's weights"


def _without_contrast(settings: RoundSettings) -> str | None:
    return None if settings.reco_weight else "reco_weight = 0 leaves the contrast out"


def _without_pixel_scores(settings: RoundSettings) -> str | None:
    function = find_acquisition(settings.acquisition)
    if function.pixel_scores is not None or function.pool_scores is None:
        return None
    return f"acquisition = {settings.acquisition.value} scores no pixel"


def _without_passes(settings: RoundSettings) -> str | None:
    if find_acquisition(settings.acquisition).reads_passes:
        return None
    return f"acquisition = {settings.acquisition.value} compares no passes"


def _without_one_ranking(settings: RoundSettings) -> str | None:
    if settings.quota is Quota.GLOBAL:
        return None
    return "quota = per_image asks the same number in each image"


def _without_people(_settings: RoundSettings) -> str:
    return "an oracle agrees with itself: no region is asked twice"


def _has_ema_teacher(settings: RoundSettings) -> bool:
    return settings.teacher is Teacher.EMA and settings.num_generations > 0


_REASONS: dict[str, Callable[[RoundSettings], str | None]] = {
    **dict.fromkeys(
        (
            "teacher",
            "mixing",
            "confidence_weighting",
            "pseudo_label_threshold",
            "pseudo_label_quantile",
            "batch_labelled",
            "batch_unlabelled",
            "cutout_px",  # what is cut out of are images with pseudo labels
            "cutout_label",
        ),
        _without_pseudo_labels,
    ),
    "pseudo_label_weight": _without_separate_means,
    "ema_decay": _without_average,
    "warm_lr_factor": _without_warm_start,
    **dict.fromkeys(
        (
            "reco_negatives",
            "reco_num_anchors",
            "reco_num_negatives",
            "reco_temperature",
            "reco_hard_threshold",
        ),
        _without_contrast,
    ),
    "class_balance": _without_pixel_scores,
    "dropout_passes": _without_passes,
    "top_factor": _without_one_ranking,
    "image_cap_factor": _without_one_ranking,
    "agreement_fraction": _without_people,
}
