from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from segloop.errors import DiskError, SettingsError, ShapeError, WeightsError
from segloop.network import (
    SegmentationNetwork,
    build_network,
    describe_network,
    load_weights,
    pad_to_stride,
    save_weights,
    upsample_logits,
)
from segloop.settings import RoundSettings
from tests.support.full_disk import files_end_at

SETTINGS = RoundSettings(encoder="mobilenet_v2", encoder_weights="random", embedding_dim=32)


def _network(num_classes: int = 5, seed: int = 0) -> SegmentationNetwork:
    return build_network(SETTINGS, num_classes, torch.Generator().manual_seed(seed))


def _convolutions(module: nn.Module) -> list[tuple[int, int, int, int]]:
    return [
        (conv.in_channels, conv.out_channels, conv.kernel_size[0], conv.dilation[0])
        for conv in module.modules()
        if isinstance(conv, nn.Conv2d)
    ]


def test_aspp_is_full_convolutions_at_6_12_18_and_heads_read_304_channels() -> None:
    network = _network()
    assert _convolutions(network.aspp) == [
        (320, 256, 1, 1),
        (320, 256, 3, 6),
        (320, 256, 3, 12),
        (320, 256, 3, 18),
        (320, 256, 1, 1),
        (1280, 256, 1, 1),
    ]
    assert all(conv.groups == 1 for conv in network.aspp.modules() if isinstance(conv, nn.Conv2d))
    assert _convolutions(network.low_projection) == [(24, 48, 1, 1)]
    assert _convolutions(network.class_head) == [(304, 256, 3, 1), (256, 5, 1, 1)]
    assert _convolutions(network.representation_head) == [(304, 256, 3, 1), (256, 32, 1, 1)]
    dropouts = [module for module in network.modules() if isinstance(module, nn.Dropout)]
    assert [(module.p, module is network.dropout) for module in dropouts] == [(0.5, True)]
    with_bias = [m for m in network.aspp.modules() if isinstance(m, nn.Conv2d) and m.bias is not None]
    assert not with_bias


def test_separable_aspp_is_an_option() -> None:
    settings = RoundSettings(encoder="mobilenet_v2", encoder_weights="random", separable_aspp=True)
    network = build_network(settings, 3, torch.Generator().manual_seed(0))
    depthwise = [m for m in network.aspp.modules() if isinstance(m, nn.Conv2d) and m.groups == 320]
    assert [conv.dilation[0] for conv in depthwise] == [6, 12, 18]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (16, 16), (33, 47), (45, 60), (90, 121)])
def test_any_size_is_padded_and_cropped_back(height: int, width: int) -> None:
    network = _network()
    outputs = network.train()(torch.rand(2, 3, height, width))
    rows, columns = -(-height // 4), -(-width // 4)
    assert outputs.logits.shape == (2, 5, rows, columns)
    assert outputs.embeddings is not None
    assert outputs.embeddings.shape == (2, 32, rows, columns)
    upsampled = upsample_logits(outputs.logits, (height, width), (height, width))
    assert upsampled.shape == (2, 5, height, width)


def test_representation_head_runs_in_training_alone() -> None:
    network = _network()
    images = torch.rand(2, 3, 32, 32)
    assert network.train()(images).embeddings is not None
    assert network.train()(images, embed=False).embeddings is None
    assert network.eval()(images).embeddings is None


def test_padding_does_not_move_pixels() -> None:
    """A crop-back at an odd size gives what the padded image gives there."""
    network = _network().eval()
    images = torch.rand(1, 3, 45, 61)
    padded = pad_to_stride(images)
    assert padded.shape == (1, 3, 48, 64)
    with torch.inference_mode():
        small, large = network(images).logits, network(padded).logits
    torch.testing.assert_close(small, large[:, :, :12, :16])
    torch.testing.assert_close(
        upsample_logits(small, (45, 61), (45, 61)), upsample_logits(large, (48, 64), (48, 64))[:, :, :45, :61]
    )


def test_upsampling_uses_half_pixel_centres_at_any_factor() -> None:
    """A ramp over a 10 x 6 image, seen at stride 4, keeps its slope at the native size 30 x 12."""
    rows = torch.arange(3, dtype=torch.float32) * 4 + 1.5  # where stride-4 pixels lie in the image
    logits = rows.view(1, 1, 3, 1).expand(1, 1, 3, 2)
    upsampled = upsample_logits(logits, (10, 6), (30, 12))
    expected = ((torch.arange(30) + 0.5) * 10 / 30 - 0.5).clamp(1.5, 9.5)
    torch.testing.assert_close(upsampled[0, 0, :, 0], expected)


def test_same_generator_same_network_and_the_global_state_stays() -> None:
    before = torch.get_rng_state()
    first, second, other = _network(seed=1), _network(seed=1), _network(seed=2)
    assert torch.equal(before, torch.get_rng_state())
    weight = "class_head.0.weight"
    assert torch.equal(first.state_dict()[weight], second.state_dict()[weight])
    assert not torch.equal(first.state_dict()[weight], other.state_dict()[weight])


def test_parameter_groups_hold_every_parameter_once() -> None:
    network = _network()
    groups = network.parameter_groups(0.01, 0.1)
    assert [group["lr"] for group in groups] == [0.01, 0.1]
    num_grouped = sum(len(group["params"]) for group in groups)  # type: ignore[arg-type,misc]  # optimiser groups are loose dicts
    assert num_grouped == len(list(network.parameters()))


def test_normalise_takes_pixels_and_nothing_else() -> None:
    network = _network()
    pixels = torch.full((1, 2, 2, 3), 255, dtype=torch.uint8)
    expected = (1 - torch.tensor(network.encoder.mean)) / torch.tensor(network.encoder.std)
    torch.testing.assert_close(network.normalise(pixels)[0, :, 0, 0], expected)
    with pytest.raises(ShapeError, match="uint8"):
        network.normalise(pixels.float())


def test_weights_come_back_as_they_were(tmp_path: Path) -> None:
    network = _network()
    path = tmp_path / "weights.safetensors"
    save_weights(network, path, {**describe_network(SETTINGS, 5), "note": "mine"})
    loaded = load_weights(path, SETTINGS, 5)
    assert not loaded.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[name]), name
    assert not list(tmp_path.glob("*.partial"))


def test_a_full_disk_leaves_the_old_weights_and_no_half_ones(tmp_path: Path) -> None:
    network, path = _network(), tmp_path / "weights.safetensors"
    save_weights(network, path, describe_network(SETTINGS, 5))
    with files_end_at(100_000), pytest.raises(DiskError, match=r"weights\.safetensors cannot be written"):
        save_weights(_network(seed=1), path, describe_network(SETTINGS, 5))
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    kept = load_weights(path, SETTINGS, 5).state_dict()
    assert all(torch.equal(kept[name], tensor) for name, tensor in network.state_dict().items())


def test_wrong_weight_files_say_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    with pytest.raises(WeightsError, match="no such weight file"):
        load_weights(path, SETTINGS, 5)
    save_weights(_network(), path, describe_network(SETTINGS, 5))
    with pytest.raises(WeightsError, match="num_classes = 5, asked for 6"):
        load_weights(path, SETTINGS, 6)
    with pytest.raises(WeightsError, match="encoder = mobilenet_v2, asked for efficientnet_lite0"):
        load_weights(path, RoundSettings(), 5)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(WeightsError, match="cut short"):
        load_weights(path, SETTINGS, 5)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match="no segloop network"):
        load_weights(path, SETTINGS, 5)
    save_file({"x": torch.zeros(1)}, path, metadata={"format": "segloop-network-1"})
    with pytest.raises(WeightsError, match="does not fit"):
        load_weights(path, SETTINGS, 5)


def test_one_class_is_no_segmentation() -> None:
    with pytest.raises(SettingsError, match="at least 2"):
        _network(num_classes=1)
