"""Names and numbers a run is made of: closed sets as StrEnums, settings as frozen classes with bounds.

This module knows no array and no library: the server lists it for forms, the worker passes it to the method,
`simulate` reads it from TOML. Every field says its default, bounds and help once, in `setting(...)`.
"""

import dataclasses
import pkgutil
import types
import typing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from segloop.errors import SettingsError


class Method(StrEnum):
    """How a round trains."""

    S4AL_PLUS = "s4al_plus"
    SEGLOOP = "segloop"
    S4AL = "s4al"
    SUPERVISED = "supervised"


DEFAULT_METHOD = Method.SEGLOOP
"""Of whoever names none: made for sparse answers and short rounds (docs/method.md, "Methods")."""


def _acquisition_names() -> list[str]:
    """The files of `segloop.acquisitions`: each holds the function it is named after."""
    folder = Path(__file__).with_name("acquisitions")
    return sorted(found.name for found in pkgutil.iter_modules([str(folder)]))


if TYPE_CHECKING:

    class Acquisition(StrEnum):
        """What makes a region worth asking; higher = ask first. Here only those that code names."""

        BVSB = "bvsb"
        ENTROPY = "entropy"
        RANDOM = "random"

else:  # a file of segloop/acquisitions is a member: adding one is adding a file
    Acquisition = StrEnum("Acquisition", {name.upper(): name for name in _acquisition_names()})
    Acquisition.__doc__ = "What makes a region worth asking; higher = ask first."


class PartitionKind(StrEnum):
    """What a region is."""

    GRID = "grid"
    SUPERPIXEL = "superpixel"


class Split(StrEnum):
    """What an image is for. Nothing reads `test` to decide anything."""

    POOL = "pool"
    VALIDATION = "validation"
    TEST = "test"


class AnnotationKind(StrEnum):
    """`exact`: every pixel was looked at. `dominant`: one class for a whole superpixel."""

    EXACT = "exact"
    DOMINANT = "dominant"


class QueryPurpose(StrEnum):
    """Why a region is asked."""

    SELECTED = "selected"
    AGREEMENT = "agreement"
    AUDIT = "audit"


class Negatives(StrEnum):
    """Where the contrastive loss draws negatives: afresh for each anchor (faithful), or one pool a class."""

    PER_ANCHOR = "per_anchor"
    SHARED = "shared"


class LossMeans(StrEnum):
    """One mean over answers and pseudo labels together, or a mean of their own for each.

    `all_pixels` counts ignored pixels as zero (S4AL+ as released); `joint` does so too, but for batches of
    which less than half is known: there the mean is over what is known.
    """

    ALL_PIXELS = "all_pixels"
    JOINT = "joint"
    SEPARATE = "separate"


class Teacher(StrEnum):
    """Who makes pseudo labels: the last network beforehand, or the student's average at each step."""

    OFFLINE = "offline"
    EMA = "ema"


class Mixing(StrEnum):
    """What an unlabelled image gets from another: a box, half its classes, or some common and rare ones."""

    NONE = "none"
    CUTMIX = "cutmix"
    CLASSMIX = "classmix"
    BALANCED_CLASSMIX = "balanced_classmix"


class CutoutLabel(StrEnum):
    """What a cutout hole means in the label map. The released S4AL+ code writes class 0."""

    IGNORE = "ignore"
    CLASS_0 = "class_0"


class Optimiser(StrEnum):
    """What turns gradients into steps."""

    SGD = "sgd"
    ADAMW = "adamw"


class ColdStart(StrEnum):
    """How the first regions are chosen, while there is no model.

    `image_share` holds for the first two: typical or random parts of typical or random images.
    """

    COVERAGE = "coverage"
    RANDOM_REGIONS = "random_regions"
    RANDOM_IMAGES = "random_images"


class Quota(StrEnum):
    """How a selection spreads: over the whole pool with a cap an image, or the same number in each image."""

    GLOBAL = "global"
    PER_IMAGE = "per_image"


class EncoderWeights(StrEnum):
    """Where encoder weights come from, when not from a file."""

    IMAGENET = "imagenet"
    RANDOM = "random"


ENCODERS = ("efficientnet_lite0", "mobilenet_v2")
"""Encoders with a name of their own; `timm:<name>` takes any other of timm's `features_only` networks."""

PACKAGED_ENCODERS = frozenset({"efficientnet_lite0"})
"""Encoders whose ImageNet weights an installed package carries; the others need a file, or random ones."""


def missing_weights(encoder: str, encoder_weights: str) -> str | None:
    """Why no machine has these weights of an encoder, and the way out; None when they may be there."""
    if encoder_weights != EncoderWeights.IMAGENET or encoder in PACKAGED_ENCODERS:
        return None
    return (
        f"no package carries ImageNet weights for {encoder} and none are downloaded: set encoder_weights to "
        "a safetensors file with them, or to random, or use the encoder "
        + " or ".join(sorted(PACKAGED_ENCODERS))
    )


def setting(default: Any, *, help: str, low: float | None = None, high: float | None = None) -> Any:  # noqa: A002
    """One field of a settings class: its default, its inclusive bounds and one line for people."""
    return dataclasses.field(default=default, metadata={"help": help, "low": low, "high": high})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RoundSettings:
    """Everything a round may be told besides its budget; the fields' own defaults are `s4al_plus` on a CPU.

    `from_mapping` puts what a method changes over them.

    Raises:
        SettingsError: a value is out of bounds.
    """

    method: Method = setting(Method.S4AL_PLUS, help="how a round trains")
    acquisition: Acquisition = setting(Acquisition.ENTROPY, help="what makes a region worth asking")
    encoder: str = setting(
        "efficientnet_lite0",
        help="efficientnet_lite0; or mobilenet_v2 or timm:<name>, whose encoder_weights must be given",
    )
    encoder_weights: str = setting(
        "imagenet",
        help="imagenet (here for efficientnet_lite0 alone), random, or a safetensors file (in weights/)",
    )
    image_height_px: int = setting(180, low=16, high=4096, help="height images are trained and scored at")
    image_width_px: int = setting(240, low=16, high=4096, help="width images are trained and scored at")
    image_steps: int = setting(
        1500,
        low=1,
        high=10_000_000,
        help="images that go through a training step in this round, repeats counted",
    )
    batch_labelled: int = setting(
        2, low=1, high=256, help="labelled images a step once pseudo labels are in play"
    )
    batch_unlabelled: int = setting(4, low=1, high=256, help="pseudo-labelled images a step")
    batch_supervised: int = setting(
        4, low=1, high=256, help="images a step while only answers are trained on"
    )
    generation_0_share: float = setting(
        0.25,
        low=0.0,
        high=1.0,
        help="share of image_steps spent on answers alone, before pseudo labels exist; 0 = the last round's "
        "network makes them, and a first round has no others (S4AL+'s own protocol)",
    )
    num_generations: int = setting(1, low=0, high=10, help="self-training generations after generation 0")
    optimiser: Optimiser = setting(
        Optimiser.SGD,
        help="sgd with Nesterov's momentum, or adamw, whose rates are 10 to 50 times smaller",
    )
    lr_encoder: float = setting(0.01, low=1e-7, high=10.0, help="base learning rate of the encoder")
    lr_heads: float = setting(0.1, low=1e-7, high=10.0, help="base learning rate of everything else")
    weight_decay: float = setting(
        1e-4, low=0.0, high=1.0, help="sgd: L2 penalty; adamw: decay of the weights, times the rate"
    )
    poly_power: float = setting(0.9, low=0.0, high=10.0, help="power of the learning rate's decay")
    poly_stairs: int = setting(
        0,
        low=0,
        high=100_000,
        help="the rate falls in so many stairs (released S4AL+: 100); 0 = at every step",
    )
    scale_min: float = setting(0.5, low=0.1, high=1.0, help="smallest random scale")
    scale_max: float = setting(2.0, low=1.0, high=8.0, help="largest random scale")
    cutout_px: int = setting(
        25, low=0, high=1024, help="side of the cutout square at training size; 0 = none"
    )
    cutout_label: CutoutLabel = setting(CutoutLabel.IGNORE, help="what the cutout hole is in the label map")
    pseudo_label_threshold: float = setting(
        0.70, low=0.0, high=1.0, help="a pixel's largest probability from which its pseudo label is used"
    )
    pseudo_label_quantile: float = setting(
        1.0,
        low=0.0,
        high=1.0,
        help="a class's threshold falls to this quantile of its pixels' confidences where that is lower, so "
        "that rare classes keep pseudo labels; 1 = one threshold for all",
    )
    teacher: Teacher = setting(
        Teacher.OFFLINE,
        help="pseudo labels from the last network, made once a generation, or at every step from an average "
        "of the student's weights (EMA); such a student goes on from the generation before",
    )
    ema_decay: float = setting(
        0.99, low=0.0, high=0.99999, help="how slowly the average of the weights follows, once warmed up"
    )
    keep_ema_weights: bool = setting(
        False, help="a generation leaves the average of its weights instead of the last ones"
    )
    confidence_weighting: bool = setting(
        False,
        help="EMA teacher: a pseudo label's loss weight is its probability times the share of its image that "
        "is very sure",
    )
    mixing: Mixing = setting(
        Mixing.NONE, help="what is pasted from one unlabelled image of a batch into the next"
    )
    loss_means: LossMeans = setting(
        LossMeans.JOINT,
        help="one mean over answers and pseudo labels together (all_pixels: always over ignored ones too), "
        "or one for each",
    )
    pseudo_label_weight: float = setting(
        1.0, low=0.0, high=100.0, help="separate means: weight of the pseudo labels' beside the answers'"
    )
    rare_class_power: float = setting(
        0.0,
        low=0.0,
        high=1.0,
        help="classes weigh in the loss by this power of their inverse frequency among answered pixels, "
        "so that rare ones are learned in few steps; 0 = all alike, 0.5 = inverse square root",
    )
    reco_weight: float = setting(
        1.0, low=0.0, high=100.0, help="weight of the regional contrastive loss; 0 = off"
    )
    reco_negatives: Negatives = setting(
        Negatives.SHARED, help="negatives afresh per anchor, or one pool a class"
    )
    reco_num_anchors: int = setting(128, low=1, high=4096, help="hard anchors a class and step")
    reco_num_negatives: int = setting(256, low=1, high=8192, help="negatives an anchor")
    reco_temperature: float = setting(0.5, low=0.01, high=10.0, help="temperature of the contrastive loss")
    reco_hard_threshold: float = setting(
        0.95, low=0.0, high=1.0, help="anchors are pixels less sure than this"
    )
    embedding_dim: int = setting(256, low=8, high=2048, help="channels of the representation head")
    separable_aspp: bool = setting(False, help="depthwise separable ASPP: faster, a little weaker")
    dominant_weight: float = setting(0.5, low=0.0, high=1.0, help="loss weight of dominant answers")
    score_scales: tuple[float, ...] = setting((0.5, 1.0, 2.0), help="scales whose logits are averaged")
    dropout_passes: int = setting(8, low=2, high=64, help="passes under dropout that bald compares")
    class_balance: float = setting(
        0.0, low=0.0, high=100.0, help="nu of the weight (nu p_c + 1)^-2 on the predicted class; 0 = off"
    )
    cold_start: ColdStart = setting(
        ColdStart.COVERAGE,
        help="what is asked while there is no model: typical regions, random ones, or all of random images "
        "(S4AL+'s own protocol)",
    )
    quota: Quota = setting(
        Quota.PER_IMAGE, help="the same number of regions in each image, or one global ranking"
    )
    image_cap_factor: float = setting(
        4.0,
        low=1.0,
        high=1000.0,
        help="global quota: no image gets more than this times the mean, beyond its image_share",
    )
    image_share: float = setting(
        0.0,
        low=0.0,
        high=1.0,
        help="global quota, cold start: an image that is asked gets at least this share of its regions, "
        "but no more than an eighth of the budget; 0 = no such floor",
    )
    suppress_neighbours: bool = setting(False, help="do not ask two touching regions in one round")
    top_factor: float = setting(
        1.0,
        low=1.0,
        high=100.0,
        help="global quota: draw the regions by chance among this many times the budget's best; 1 = the best",
    )
    audit_fraction: float = setting(
        0.0,
        low=0.0,
        high=0.1,
        help="share of the budget that asks regions drawn by chance: they measure the model, never train it",
    )
    allow_border: bool = setting(True, help="border cells may be asked (the released code forbids them)")
    warm_start: bool = setting(
        False, help="go on from the last round's and generation's weights instead of ImageNet's"
    )
    warm_lr_factor: float = setting(
        0.2, low=0.001, high=1.0, help="learning rates of a warm start, as a share of the base rates"
    )
    num_threads: int = setting(0, low=0, high=256, help="CPU threads for torch; 0 = torch's own choice")
    device: str = setting("auto", help="auto, cpu or cuda:<n>")
    precision: str = setting("auto", help="auto, fp32, bf16 or fp16")
    deterministic: bool = setting(False, help="deterministic algorithms: same seed, same weights, slower")
    agreement_fraction: float = setting(
        0.0,
        low=0.0,
        high=1.0,
        help="share of the round's regions that a second person is asked too, to measure agreement",
    )
    seed: int = setting(0, low=0, high=2**31 - 1, help="everything random in the round follows from it")

    def __post_init__(self) -> None:
        """Check each value against its field's bounds."""
        for field in dataclasses.fields(self):
            _check_bounds(field, getattr(self, field.name))
        if self.encoder not in ENCODERS and not self.encoder.startswith("timm:"):
            raise SettingsError(
                f"encoder {self.encoder!r} is unknown: use one of {', '.join(ENCODERS)} or timm:<name>"
            )
        if self.precision not in {"auto", "fp32", "bf16", "fp16"}:
            raise SettingsError(f"precision {self.precision!r} is unknown: use auto, fp32, bf16 or fp16")
        if not 1 <= len(self.score_scales) <= 8 or not all(0 < scale <= 4 for scale in self.score_scales):
            raise SettingsError(f"score_scales {self.score_scales} must be one to eight numbers in (0, 4]")
        if self.batch_supervised < 2:
            raise SettingsError("batch_supervised = 1: batch normalisation needs at least 2 images a step")
        if self.confidence_weighting and self.teacher is not Teacher.EMA:
            raise SettingsError(
                "confidence_weighting needs the teacher ema: offline labels keep no probability"
            )
        if self.cutout_label is CutoutLabel.CLASS_0 and self.loss_means is LossMeans.SEPARATE:
            raise SettingsError(
                "cutout_label = class_0 needs one mean for all pixels: with loss_means = separate, holes "
                "would count as people's answers"
            )
        if self.cold_start is ColdStart.RANDOM_IMAGES and self.audit_fraction:
            raise SettingsError(
                "audit_fraction asks single regions: it cannot go with cold_start = random_images"
            )
        if self.device not in {"auto", "cpu", "cuda"} and not self.device.removeprefix("cuda:").isdigit():
            raise SettingsError(f"device {self.device!r} is unknown: use auto, cpu or cuda:<n>")

    def changes(self) -> dict[str, Any]:
        """JSON-ready values that are not the defaults: they name a run, also once there are more settings."""
        plain = RoundSettings().to_mapping()
        return {name: value for name, value in self.to_mapping().items() if value != plain[name]}

    @property
    def uses_last_weights(self) -> bool:
        """Whether a round needs the weights of the round before: to go on from, or to make pseudo labels."""
        return self.warm_start or not self.generation_0_share

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> Self:
        """Settings from JSON or TOML values over what the method they name, or `DEFAULT_METHOD`, has.

        Raises:
            SettingsError: an unknown name, a wrong type or a value out of bounds.
        """
        fields = {field.name: field for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - set(fields))
        if unknown:
            raise SettingsError(
                f"unknown setting {', '.join(unknown)}: known are {', '.join(sorted(fields))}"
            )
        hints = typing.get_type_hints(cls)
        given = {name: _coerce(name, value, hints[name]) for name, value in values.items()}
        method = given.get("method", DEFAULT_METHOD)
        return cls(**{"method": method, **METHOD_PRESETS[method], **given})

    def to_mapping(self) -> dict[str, Any]:
        """JSON-ready values of every field; `from_mapping` gives the same settings back."""
        values = dataclasses.asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


METHOD_PRESETS: dict[Method, dict[str, Any]] = {
    # as published; on a CPU `segloop.fitting` shares the negatives: a loss in a fifth of the time
    Method.S4AL_PLUS: {"reco_negatives": Negatives.PER_ANCHOR},
    Method.SEGLOOP: {
        "acquisition": Acquisition.BVSB,
        "quota": Quota.GLOBAL,
        # few images asked well teach more than many asked a little (docs/decisions/0022)
        "image_share": 0.5,
        "top_factor": 5.0,
        # a round of some thousand image-steps learns more with it (docs/decisions/0021)
        "optimiser": Optimiser.ADAMW,
        "lr_encoder": 6e-4,
        "lr_heads": 2e-3,
        "weight_decay": 0.01,
        # a second network from ImageNet's weights has no time to catch up with the first
        # (docs/decisions/0006)
        "generation_0_share": 0.7,
        "loss_means": LossMeans.SEPARATE,
        "pseudo_label_quantile": 0.25,
        "rare_class_power": 0.5,
        "warm_start": True,
        "warm_lr_factor": 1.0,
    },
    # S4AL (WACV 2023) as released, where the settings reach: docs/decisions say what they do not
    Method.S4AL: {
        "teacher": Teacher.EMA,
        "mixing": Mixing.BALANCED_CLASSMIX,
        "confidence_weighting": True,
        "pseudo_label_threshold": 0.0,
        "loss_means": LossMeans.SEPARATE,
        "reco_weight": 0.0,
        "batch_labelled": 4,
        "generation_0_share": 0.1,
        "lr_heads": 0.01,
        "weight_decay": 5e-4,
        "scale_min": 0.75,
        "scale_max": 1.25,
        "cutout_px": 0,
        "warm_lr_factor": 1.0,
        "score_scales": (1.0,),
    },
    Method.SUPERVISED: {"num_generations": 0, "generation_0_share": 1.0, "reco_weight": 0.0},
}
"""What each method's name changes in the defaults; whatever is given by hand wins over it."""


def describe_settings() -> list[dict[str, Any]]:
    """One row a setting for forms and docs: name, type, default, bounds, choices, help."""
    hints = typing.get_type_hints(RoundSettings)
    return [_describe(field, hints[field.name]) for field in dataclasses.fields(RoundSettings)]


def _describe(field: "dataclasses.Field[Any]", hint: Any) -> dict[str, Any]:
    is_choice = isinstance(hint, type) and issubclass(hint, StrEnum)
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    return {
        "name": field.name,
        "type": "choice" if is_choice else getattr(hint, "__name__", str(hint)),
        "default": default,
        "low": field.metadata["low"],
        "high": field.metadata["high"],
        "choices": [choice.value for choice in hint] if is_choice else None,
        "help": field.metadata["help"],
    }


def _check_bounds(field: "dataclasses.Field[Any]", value: Any) -> None:
    low, high = field.metadata["low"], field.metadata["high"]
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        raise SettingsError(f"{field.name} = {value} is outside {low} .. {high}")


def _coerce(name: str, value: Any, hint: Any) -> Any:
    """`value` as `hint`, accepting what JSON and TOML can write, refusing what would change its meaning."""
    if isinstance(hint, types.GenericAlias):  # tuple[float, ...]
        if not isinstance(value, list | tuple) or not all(isinstance(item, int | float) for item in value):
            raise SettingsError(f"{name} = {value!r} must be a list of numbers")
        return tuple(float(item) for item in value)
    if issubclass(hint, StrEnum):
        choices = [choice.value for choice in hint]
        if value not in choices:
            raise SettingsError(f"{name} = {value!r} is unknown: use one of {', '.join(choices)}")
        return hint(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise SettingsError(f"{name} = {value!r} must be of type {hint.__name__}")
    return value
