import pytest
import torch
from torch.nn import functional as F

from segloop import prediction
from segloop.network import SegmentationNetwork, build_network, upsample_logits
from segloop.prediction import batch_size_for, mean_logits, predict_classes
from segloop.settings import RoundSettings

SETTINGS = RoundSettings(encoder="mobilenet_v2", encoder_weights="random", embedding_dim=16)


def _network() -> SegmentationNetwork:
    return build_network(SETTINGS, 4, torch.Generator().manual_seed(0)).eval()


def _pixels(batch: int, height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(256, (batch, height, width, 3), generator=generator).to(torch.uint8)


def test_logits_of_three_scales_are_upsampled_and_averaged() -> None:
    network, pixels = _network(), _pixels(2, 37, 50)
    with torch.inference_mode():
        found = mean_logits(network, pixels, (0.5, 1.0, 2.0), torch.float32)
        images = network.normalise(pixels)
        expected = torch.zeros(2, 4, 37, 50)
        for height, width in ((18, 25), (37, 50), (74, 100)):
            scaled = F.interpolate(images, size=(height, width), mode="bilinear")
            expected += upsample_logits(network(scaled).logits, (height, width), (37, 50)) / 3
    assert found.shape == (2, 4, 37, 50)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_tiny_images_have_logits_at_every_scale() -> None:
    with torch.inference_mode():
        found = mean_logits(_network(), _pixels(1, 1, 1), (0.25, 2.0), torch.float32)
    assert found.shape == (1, 4, 1, 1)


@pytest.mark.parametrize(("height", "width"), [(90, 120), (31, 200), (5, 7), (1, 1)])
def test_classes_by_strips_are_those_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, height: int, width: int
) -> None:
    logits = torch.randn(6, 30, 40, generator=torch.Generator().manual_seed(0))
    upsampled = F.interpolate(logits[None], size=(height, width), mode="bilinear")[0]
    whole = predict_classes(logits, height, width)
    monkeypatch.setattr(prediction, "_STRIP_ELEMENTS", 6 * width * 4)
    strips = predict_classes(logits, height, width)
    assert torch.equal(whole, strips)
    assert whole.dtype == torch.uint8
    # bilinear in two steps may differ in the last bit where two classes are as good as equal
    assert float((whole == upsampled.argmax(dim=0)).float().mean()) > 0.999


def test_equal_classes_give_the_lower_one() -> None:
    assert predict_classes(torch.zeros(3, 4, 4), 4, 4).max() == 0


def test_batches_shrink_with_classes_and_pixels() -> None:
    cpu = torch.device("cpu")
    assert batch_size_for(cpu, num_classes=11, height=180, width=240) == 4
    assert batch_size_for(cpu, num_classes=150, height=688, width=688) == 1
    assert batch_size_for(torch.device("cuda"), num_classes=11, height=180, width=240) == 32
