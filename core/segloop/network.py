"""DeepLabV3+ with a class head and a representation head, and the file its weights live in.

B batch, C classes, D embedding, H and W image size, h = ceil(H/4) and w = ceil(W/4). The network knows
neither losses nor label maps.

Source: S4AL+ (Rangnekar, Kanan and Hoffman, BMVC 2022) as released: ASPP of full 3x3 convolutions at
rates 6, 12 and 18, both heads on the 304-channel concatenation, the representation head in training only. How
we differ: bilinear steps use half-pixel centres instead of aligned corners, so that padding to multiples of
16 and cropping back leaves every pixel where it was.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from segloop.devices import seeded
from segloop.durable import write_atomically
from segloop.encoders import HIGH_STRIDE, LOW_STRIDE, Encoder, build_encoder
from segloop.errors import SettingsError, ShapeError, WeightsError
from segloop.settings import EncoderWeights, RoundSettings

OUTPUT_STRIDE = LOW_STRIDE
"""Stride of logits and embeddings."""

DROPOUT = 0.5
"""Share of the context's values that a training step drops."""

_ASPP_RATES = (6, 12, 18)
_ASPP_CHANNELS = 256
_LOW_CHANNELS = 48
_WEIGHTS_FORMAT = "segloop-network-1"


class Outputs(NamedTuple):
    """What one forward pass gives.

    Attributes:
        logits: (B, C, h, w).
        embeddings: (B, D, h, w) in training, None otherwise: prediction does not pay for them.
    """

    logits: Tensor
    embeddings: Tensor | None


class Features(NamedTuple):
    """What both heads read, before the dropout.

    Attributes:
        context: (B, 256, H/16, W/16), of the ASPP; H and W padded to multiples of 16.
        low: (B, 48, H/4, W/4), projected low-level features.
        size: height and width of the images without padding.
    """

    context: Tensor
    low: Tensor
    size: tuple[int, int]


class SegmentationNetwork(nn.Module):
    """Encoder, ASPP, and two heads on the same concatenation."""

    def __init__(
        self, encoder: Encoder, num_classes: int, embedding_dim: int, *, separable_aspp: bool
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.encoder = encoder
        self.aspp = _Aspp(encoder.high_channels, separable=separable_aspp)
        self.dropout = nn.Dropout(DROPOUT)
        self.low_projection = _conv_bn_relu(encoder.low_channels, _LOW_CHANNELS, 1)
        self.class_head = _head(_ASPP_CHANNELS + _LOW_CHANNELS, num_classes)
        self.representation_head = _head(_ASPP_CHANNELS + _LOW_CHANNELS, embedding_dim)

    def normalise(self, images: Tensor) -> Tensor:
        """Float images (B, 3, H, W) in the encoder's normalisation, from pixels (B, H, W, 3) uint8."""
        return normalise(images, self.encoder)

    def forward(self, images: Tensor, *, embed: bool = True) -> Outputs:
        """Logits at stride 4 of `images` (B, 3, H, W) normalised, any size.

        Embeddings come in training mode alone, and only when `embed` says that a loss wants them.
        """
        features = self.encode(images)
        features = features._replace(context=self.dropout(features.context))
        joined = self.join(features)
        logits = self.crop(self.class_head(joined), features.size)
        if not (self.training and embed):
            return Outputs(logits, None)
        return Outputs(logits, self.crop(self.representation_head(joined), features.size))

    def encode(self, images: Tensor) -> Features:
        """Features of `images` (B, 3, H, W) normalised, any size."""
        low, high = self.encoder(pad_to_stride(images))
        height, width = images.shape[-2:]
        return Features(self.aspp(high), self.low_projection(low), (height, width))

    def join(self, features: Features) -> Tensor:
        """(B, 304, H/4, W/4): context, upsampled, beside the low-level features."""
        context, low, _ = features
        context = F.interpolate(context, size=low.shape[-2:], mode="bilinear", align_corners=False)
        return torch.cat([context, low], dim=1)

    def crop(self, values: Tensor, size: tuple[int, int]) -> Tensor:
        """(B, C, H/4, W/4) without the rows and columns that lie in the padding alone."""
        rows, columns = (-(-pixels // OUTPUT_STRIDE) for pixels in size)
        return values[:, :, :rows, :columns]

    def parameter_groups(self, lr_encoder: float, lr_heads: float) -> list[dict[str, object]]:
        """Two optimiser groups: the encoder, and everything else."""
        heads = [p for name, p in self.named_parameters() if not name.startswith("encoder.")]
        return [
            {"params": list(self.encoder.parameters()), "lr": lr_encoder},
            {"params": heads, "lr": lr_heads},
        ]


class _Aspp(nn.Module):
    """Atrous spatial pyramid pooling: 1x1, three dilated 3x3 and the image's mean, 256 channels each."""

    def __init__(self, in_channels: int, *, separable: bool) -> None:
        super().__init__()
        atrous = _separable_conv if separable else _conv_bn_relu
        self.branches = nn.ModuleList(
            [_conv_bn_relu(in_channels, _ASPP_CHANNELS, 1)]
            + [atrous(in_channels, _ASPP_CHANNELS, 3, dilation=rate) for rate in _ASPP_RATES]
        )
        self.image_pooling = _conv_bn_relu(in_channels, _ASPP_CHANNELS, 1)
        self.projection = _conv_bn_relu(_ASPP_CHANNELS * (2 + len(_ASPP_RATES)), _ASPP_CHANNELS, 1)

    def forward(self, high: Tensor) -> Tensor:
        """(B, in_channels, h, w) -> (B, 256, h, w)."""
        pooled = self.image_pooling(high.mean(dim=(2, 3), keepdim=True)).expand(-1, -1, *high.shape[-2:])
        pyramid = [branch(high) for branch in self.branches]
        context: Tensor = self.projection(torch.cat([*pyramid, pooled], dim=1))
        return context


def _conv_bn_relu(in_channels: int, out_channels: int, kernel: int, *, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, padding=padding, dilation=dilation, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def _separable_conv(in_channels: int, out_channels: int, kernel: int, *, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (kernel // 2)
    depthwise = nn.Conv2d(
        in_channels,
        in_channels,
        kernel,
        padding=padding,
        dilation=dilation,
        groups=in_channels,
        bias=False,
    )
    return nn.Sequential(depthwise, *_conv_bn_relu(in_channels, out_channels, 1))


def _head(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(*_conv_bn_relu(in_channels, 256, 3), nn.Conv2d(256, out_channels, 1))


def normalise(images: Tensor, encoder: Encoder) -> Tensor:
    """Float images (B, 3, H, W) as `encoder` expects them, from pixels (B, H, W, 3) uint8.

    The result lies in memory as channels last, which convolutions like best on a CPU and on a GPU.

    Raises:
        ShapeError: other axes or another dtype.
    """
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != torch.uint8:
        raise ShapeError(f"images must be (B, H, W, 3) uint8, not {tuple(images.shape)} {images.dtype}")
    floats = images.permute(0, 3, 1, 2).to(torch.float32)
    mean = torch.tensor(encoder.mean, device=images.device).view(1, 3, 1, 1) * 255
    std = torch.tensor(encoder.std, device=images.device).view(1, 3, 1, 1) * 255
    return floats.sub_(mean).div_(std)


def pad_to_stride(images: Tensor) -> Tensor:
    """(B, 3, H, W) with zero rows below and columns on the right, up to multiples of 16."""
    height, width = images.shape[-2:]
    return F.pad(images, (0, -width % HIGH_STRIDE, 0, -height % HIGH_STRIDE))


def upsample_logits(logits: Tensor, covered: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Logits at another size, bilinear with half-pixel centres.

    Args:
        logits: (B, C, h, w) at stride 4; the last row and column may reach beyond the image.
        covered: height and width in pixels of the image they belong to, h = ceil(height / 4).
        size: height and width of the result, of the same image at any size.

    Returns:
        (B, C, *size), without what reached beyond.
    """
    if all(n * OUTPUT_STRIDE == pixels for n, pixels in zip(logits.shape[-2:], covered, strict=True)):
        return F.interpolate(logits, size=size, mode="bilinear", align_corners=False)
    factors = [OUTPUT_STRIDE * wanted / pixels for wanted, pixels in zip(size, covered, strict=True)]
    # a hair more than the exact factor, so that rounding down never loses the last row
    upsampled = F.interpolate(
        logits,
        scale_factor=[factor * (1 + 1e-9) for factor in factors],
        mode="bilinear",
        align_corners=False,
        recompute_scale_factor=False,
    )
    return upsampled[:, :, : size[0], : size[1]]


def build_network(
    settings: RoundSettings, num_classes: int, generator: torch.Generator
) -> SegmentationNetwork:
    """A fresh network with the settings' encoder weights and random heads, on the CPU, in training mode.

    Args:
        settings: encoder, encoder_weights, embedding_dim and separable_aspp are read.
        num_classes: C, at least 2.
        generator: decides the random initialisation; torch's global state stays as it was.

    Raises:
        SettingsError: fewer than two classes, or an unknown encoder.
        WeightsError: the encoder weights are not here or do not fit.
    """
    if num_classes < 2:
        raise SettingsError(f"{num_classes} classes: a segmentation network needs at least 2")
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    with seeded(seed):
        network = SegmentationNetwork(
            build_encoder(settings.encoder, settings.encoder_weights),
            num_classes,
            settings.embedding_dim,
            separable_aspp=settings.separable_aspp,
        )
    return network.to(memory_format=torch.channels_last)


def save_weights(network: SegmentationNetwork, path: Path, metadata: Mapping[str, str]) -> None:
    """Write the network's tensors and `metadata` as safetensors, whole or not at all.

    Args:
        network: any device; written as it is.
        path: replaced if it exists.
        metadata: strings kept beside the tensors, `describe_network`'s among them.

    Raises:
        DiskError: there is no room, or no permission; what was there before is whole.
    """
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    write_atomically(path, save(state, metadata={**metadata, "format": _WEIGHTS_FORMAT}))


def describe_network(settings: RoundSettings, num_classes: int) -> dict[str, str]:
    """What a weight file says about the network it fits, plus the settings as JSON."""
    return {
        "num_classes": str(num_classes),
        "encoder": settings.encoder,
        "embedding_dim": str(settings.embedding_dim),
        "separable_aspp": str(settings.separable_aspp).lower(),
        "settings": json.dumps(settings.to_mapping(), sort_keys=True),
    }


def load_weights(path: Path, settings: RoundSettings, num_classes: int) -> SegmentationNetwork:
    """The network that `save_weights` wrote, on the CPU, in evaluation mode.

    Raises:
        WeightsError: no such file, not written by `save_weights`, or made for another encoder, class count or
            head; the message says which.
    """
    state, metadata = _read_weights(path)
    if metadata.get("format") != _WEIGHTS_FORMAT:
        raise WeightsError(f"{path} holds no segloop network (format {metadata.get('format')!r})")
    expected = describe_network(settings, num_classes)
    for name in ("num_classes", "encoder", "embedding_dim", "separable_aspp"):
        if name in metadata and metadata[name] != expected[name]:
            raise WeightsError(
                f"{path} was trained with {name} = {metadata[name]}, asked for {expected[name]}"
            )
    fresh = _with_random_encoder(settings)
    network = build_network(fresh, num_classes, torch.Generator().manual_seed(0))
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(
            f"{path} does not fit the network: {str(error).splitlines()[-1].strip()}"
        ) from error
    return network.eval()


def _read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    if not path.is_file():
        raise WeightsError(f"{path}: no such weight file")
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is no safetensors file, or is cut short: {error}") from error


def _with_random_encoder(settings: RoundSettings) -> RoundSettings:
    """The same settings without a file to read: every tensor is about to be replaced."""
    return RoundSettings.from_mapping(
        {**settings.to_mapping(), "encoder_weights": EncoderWeights.RANDOM.value}
    )
