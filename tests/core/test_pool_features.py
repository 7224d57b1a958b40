import numpy as np
import torch

from segloop.devices import seeded
from segloop.encoders import build_encoder
from segloop.network import normalise
from segloop.pool_features import encode_pool, pooling_matrix
from segloop.progress import Progress
from segloop.regions import Partition, grid_partition
from segloop.settings import RoundSettings
from segloop.sources import ArraySource

SETTINGS = RoundSettings(
    encoder="mobilenet_v2", encoder_weights="random", image_height_px=48, image_width_px=64
)


def _source(num_images: int) -> ArraySource:
    rng = np.random.default_rng(0)
    return ArraySource([rng.integers(0, 256, (48, 64, 3)).astype(np.uint8) for _ in range(num_images)])


def _partition(_: int) -> Partition:
    return grid_partition(48, 64, 16)


def test_pooling_counts_the_pixels_of_each_region_in_each_cell() -> None:
    region_map = np.repeat(np.arange(2, dtype=np.int32), 40).reshape(1, 80).repeat(60, axis=0)
    found = pooling_matrix(region_map, 3, height=30, width=40)
    assert found.shape == (3, 6)
    # native 60 x 80 is trained at 30 x 40: a cell covers 32 native pixels, the last row and column less
    expected = np.zeros((3, 6))
    for y in range(60):
        for x in range(80):
            expected[region_map[y, x], y // 32 * 3 + x // 32] += 1
    np.testing.assert_array_equal(found, expected)
    assert not found[2].any()


def test_features_are_means_over_regions() -> None:
    source = _source(3)
    reports: list[Progress] = []
    found = dict(encode_pool(source, _partition, SETTINGS, on_progress=reports.append))
    with seeded(SETTINGS.seed):
        encoder = build_encoder("mobilenet_v2", "random").eval()
    with torch.inference_mode():
        pixels = torch.from_numpy(np.stack(source.images))
        high = encoder(normalise(pixels, encoder))[1].numpy()
    assert found[1].shape == (12, 320)
    assert found[1].dtype == np.float32
    # 16-pixel regions are exactly the encoder's cells
    for index in range(3):
        np.testing.assert_allclose(found[index], high[index].reshape(320, 12).T, rtol=1e-3, atol=1e-5)
    assert [report.step for report in reports] == [3]


def test_only_the_images_asked_for_are_encoded_in_their_order() -> None:
    source = _source(11)
    reports: list[Progress] = []
    wanted = [7, 2, 10, 3, 0, 1, 9, 8, 4]
    part = list(encode_pool(source, _partition, SETTINGS, wanted, on_progress=reports.append))
    assert [index for index, _ in part] == wanted
    everything = dict(encode_pool(source, _partition, SETTINGS))
    for index, features in part:
        np.testing.assert_allclose(features, everything[index], rtol=1e-4, atol=1e-5)
    assert [report.step for report in reports] == [8, 9]
    assert reports[-1].fraction == 1
