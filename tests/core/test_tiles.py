import pytest
import torch

from segloop import prediction
from segloop.encoders import Encoder, MobileNetV2Encoder, build_encoder
from segloop.network import SegmentationNetwork, build_network
from segloop.prediction import embeddings_of, encode_scales, mean_logits
from segloop.settings import RoundSettings
from segloop.tiles import encode_by_tiles, reach_cells


def _sharp(module: torch.nn.Module, images: torch.Tensor) -> None:
    """Batch normalisation that has seen the images: with fresh statistics deep features are all about 0."""
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = 1.0
    with torch.no_grad():
        module.train()(images)
    module.eval()


def _network(encoder: str, images: torch.Tensor) -> SegmentationNetwork:
    settings = RoundSettings(encoder=encoder, encoder_weights="random", embedding_dim=8)
    network = build_network(settings, 4, torch.Generator().manual_seed(0))
    _sharp(network, network.normalise(images))
    return network


def _pixels(height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(2, 3, height // 8, width // 8, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
    return (smooth * 255).permute(0, 2, 3, 1).to(torch.uint8)


def test_the_reach_of_mobilenet_is_what_its_kernels_add_up_to() -> None:
    """Half the receptive field: each 3 x 3 adds its stride times its dilation."""
    encoder = MobileNetV2Encoder().eval()
    reach_px, stride = 0, 1
    for conv in (m for m in encoder.features.modules() if isinstance(m, torch.nn.Conv2d)):
        reach_px += (conv.kernel_size[0] // 2) * conv.dilation[0] * stride
        stride *= conv.stride[0]
    found = reach_cells(encoder)
    assert found is not None
    assert found - 1 <= reach_px / 16 <= found + 1


@pytest.mark.parametrize("name", ["timm:mobilenetv3_small_050", "timm:vit_tiny_patch16_224"])
def test_networks_that_look_at_the_whole_image_have_no_reach(name: str) -> None:
    assert reach_cells(build_encoder(name, "random").eval()) is None


class _Short(Encoder):
    """Two strided convolutions: a reach so short that tiles are many."""

    low_channels, high_channels = 8, 8
    mean, std = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Conv2d(3, 8, 7, stride=4, padding=3)
        self.second = torch.nn.Conv2d(8, 8, 7, stride=4, padding=3)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        low = self.first(images)
        return low, self.second(low)


def test_tiles_give_the_features_of_the_whole_image_and_a_shorter_overlap_does_not() -> None:
    encoder = _Short().eval()
    reach = reach_cells(encoder)
    assert reach == 1
    images = torch.randn(2, 3, 96, 160, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        low, high = encoder(images)
        for tile_cells in (1, 2, 4):
            found = encode_by_tiles(encoder, images, lambda x: x, tile_cells=tile_cells, reach=reach)
            torch.testing.assert_close(found, (low, high), rtol=1e-5, atol=1e-6)
        _, wrong = encode_by_tiles(encoder, images, lambda x: x, tile_cells=2, reach=0)
    assert not torch.allclose(wrong, high, atol=1e-3)


@pytest.mark.parametrize("encoder", ["mobilenet_v2", "efficientnet_lite0"])
def test_a_large_image_is_predicted_as_if_it_fitted(encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Image pooling of the ASPP included: it is taken over all tiles' features together."""
    pixels = _pixels(64, 872)
    network = _network(encoder, pixels)
    calls = []
    with torch.inference_mode():
        whole = mean_logits(network, pixels, (1.0,), torch.float32)
        (features,) = encode_scales(network, pixels, (1.0,), torch.float32)
        embeddings = embeddings_of(network, features, torch.float32)
        monkeypatch.setattr(prediction, "_WHOLE_PX", 15_000)
        monkeypatch.setattr(prediction, "_TILE_CELLS", 16)
        network.encoder.register_forward_hook(lambda *args: calls.append(args[1][0].shape))
        tiled = mean_logits(network, pixels, (1.0,), torch.float32)
        (features,) = encode_scales(network, pixels, (1.0,), torch.float32)
        tiled_embeddings = embeddings_of(network, features, torch.float32)
    assert len(calls) > 4
    scale = float(whole.abs().max())
    torch.testing.assert_close(tiled, whole, rtol=1e-3, atol=1e-4 * scale)
    torch.testing.assert_close(tiled_embeddings, embeddings, rtol=1e-3, atol=1e-3)
    assert (tiled.argmax(dim=1) == whole.argmax(dim=1)).float().mean() > 0.9999


def test_an_encoder_that_looks_at_everything_runs_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = _pixels(64, 96)
    network = _network("timm:mobilenetv3_small_050", pixels)
    with torch.inference_mode():
        whole = mean_logits(network, pixels, (1.0,), torch.float32)
        monkeypatch.setattr(prediction, "_WHOLE_PX", 1_000)
        again = mean_logits(network, pixels, (1.0,), torch.float32)
    torch.testing.assert_close(again, whole, rtol=1e-4, atol=1e-5)
