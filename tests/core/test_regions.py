import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from skimage.measure import label

from segloop.errors import FormatError, NonFiniteError, ShapeError
from segloop.regions import (
    MAX_REGIONS,
    decode_region_map,
    default_size_px,
    encode_region_map,
    finer_segments,
    grid_partition,
    neighbours,
    partition,
    partition_from_region_map,
    pool_mean,
    superpixel_partition,
)
from segloop.settings import PartitionKind

sides = st.integers(1, 24)


@st.composite
def small_images(draw: st.DrawFn) -> NDArray[np.uint8]:
    return draw(arrays(np.uint8, (draw(sides), draw(sides), 3)))


@st.composite
def region_maps(draw: st.DrawFn) -> NDArray[np.int32]:
    raw = draw(arrays(np.int32, (draw(sides), draw(sides)), elements=st.integers(0, 6)))
    return np.unique(raw, return_inverse=True)[1].reshape(raw.shape).astype(np.int32)


def num_pieces(region_map: NDArray[np.int32]) -> int:
    return int(label(region_map, background=-1, connectivity=1).max())  # type: ignore[no-untyped-call]


def smooth_image(height: int, width: int) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 2 % 256, columns * 2 % 256, (rows // 9 + columns // 7) * 30 % 256], -1).astype(
        np.uint8
    )


def test_grid_cells_are_numbered_row_by_row_and_smaller_at_the_border() -> None:
    grid = grid_partition(3, 5, 2)
    np.testing.assert_array_equal(grid.region_map, [[0, 0, 1, 1, 2], [0, 0, 1, 1, 2], [3, 3, 4, 4, 5]])
    assert grid.num_regions == 6
    assert grid.areas.tolist() == [4, 4, 2, 2, 2, 1]
    assert grid.bboxes.tolist() == [
        [0, 0, 2, 2],
        [2, 0, 2, 2],
        [4, 0, 1, 2],
        [0, 2, 2, 1],
        [2, 2, 2, 1],
        [4, 2, 1, 1],
    ]


@given(sides, sides, st.integers(1, 30))
def test_grid_tiles_the_image_exactly(height: int, width: int, size_px: int) -> None:
    grid = grid_partition(height, width, size_px)
    covered = np.zeros((height, width), int)
    for index, (x, y, w, h) in enumerate(grid.bboxes):
        covered[y : y + h, x : x + w] += 1
        assert (grid.region_map[y : y + h, x : x + w] == index).all()
        assert grid.areas[index] == w * h
    assert (covered == 1).all()


@given(region_maps())
def test_boxes_and_areas_are_those_of_a_plain_loop(region_map: NDArray[np.int32]) -> None:
    cut = partition_from_region_map(region_map)
    for index in range(cut.num_regions):
        rows, columns = np.nonzero(region_map == index)
        box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
        assert cut.bboxes[index].tolist() == box
        assert cut.areas[index] == len(rows)


@given(region_maps())
def test_neighbours_are_those_of_a_plain_loop(region_map: NDArray[np.int32]) -> None:
    height, width = region_map.shape
    pairs = set()
    for y in range(height):
        for x in range(width):
            for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
                if y + dy < height and 0 <= x + dx < width:
                    pair = sorted((int(region_map[y, x]), int(region_map[y + dy, x + dx])))
                    pairs.add(tuple(pair))
    expected = sorted(pair for pair in pairs if pair[0] != pair[1])
    assert [tuple(pair) for pair in neighbours(region_map).tolist()] == expected


@given(region_maps(), st.booleans(), st.integers(0, 2**31))
def test_pool_mean_is_that_of_a_plain_loop(region_map: NDArray[np.int32], with_mask: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=region_map.shape).astype(np.float32)
    mask = rng.random(region_map.shape) < 0.5 if with_mask else None
    num_regions = int(region_map.max()) + 2  # one region more than the map holds
    expected = np.zeros(num_regions)
    for index in range(num_regions):
        chosen = values[(region_map == index) & (True if mask is None else mask)]
        expected[index] = chosen.astype(float).mean() if chosen.size else 0
    means = pool_mean(values, region_map, num_regions=num_regions, mask=mask)
    assert means.dtype == np.float32
    np.testing.assert_allclose(means, expected, rtol=1e-5, atol=1e-6)


def test_pool_mean_refuses_values_that_are_not_finite_with_their_count() -> None:
    values = np.array([[1, np.nan, np.inf]], np.float32)
    with pytest.raises(NonFiniteError, match="2 of 3"):
        pool_mean(values, np.zeros((1, 3), np.int32), num_regions=1)


@pytest.mark.parametrize(
    ("values", "mask", "num_regions"),
    [
        (np.zeros((2, 3), np.float32), None, 4),
        (np.zeros((2, 2), np.float32), np.ones((2, 1), bool), 4),
        (np.zeros((2, 2), np.float32), None, 3),
    ],
)
def test_pool_mean_refuses_arrays_that_do_not_fit(
    values: NDArray[np.float32], mask: NDArray[np.bool_] | None, num_regions: int
) -> None:
    with pytest.raises(ShapeError):
        pool_mean(values, np.array([[0, 1], [2, 3]], np.int32), num_regions=num_regions, mask=mask)


@settings(deadline=None, max_examples=60)
@given(small_images(), st.integers(1, 9))
def test_every_superpixel_is_one_connected_piece(image: NDArray[np.uint8], size_px: int) -> None:
    cut = superpixel_partition(image, size_px)
    assert cut.region_map.shape == image.shape[:2]
    assert (cut.areas > 0).all()
    assert num_pieces(cut.region_map) == cut.num_regions


def test_superpixels_of_noise_stay_about_as_large_as_asked() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    cut = superpixel_partition(noise, 12)
    assert 90 <= cut.num_regions <= 180
    assert cut.areas.max() < 6 * 144
    assert cut.areas.min() >= 144 / 16


def test_superpixels_follow_an_edge_that_a_grid_cuts() -> None:
    image = np.zeros((60, 60, 3), np.uint8)
    image[:, 25:] = 255
    region_map = superpixel_partition(image, 12).region_map
    assert not set(region_map[:, :25].ravel()) & set(region_map[:, 25:].ravel())


@pytest.mark.parametrize("kind", list(PartitionKind))
def test_same_image_gives_the_same_partition(kind: PartitionKind) -> None:
    image = smooth_image(60, 80)
    first, second = partition(kind, image, 9), partition(kind, image.copy(), 9)
    np.testing.assert_array_equal(first.region_map, second.region_map)


def test_a_large_image_is_cut_at_a_smaller_size_and_stays_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("segloop.regions.MAX_SLIC_PIXELS", 3000)
    cut = superpixel_partition(smooth_image(101, 130), 15)
    assert cut.region_map.shape == (101, 130)
    assert 30 < cut.num_regions < 120
    assert num_pieces(cut.region_map) == cut.num_regions


@pytest.mark.parametrize("kind", list(PartitionKind))
@pytest.mark.parametrize("size_px", [None, 1, 30])
def test_an_image_of_one_pixel_is_one_region(kind: PartitionKind, size_px: int | None) -> None:
    cut = partition(kind, np.zeros((1, 1, 3), np.uint8), size_px)
    assert cut.bboxes.tolist() == [[0, 0, 1, 1]]
    assert finer_segments(np.zeros((1, 1, 3), np.uint8), 1).tolist() == [[0]]


def test_more_regions_than_a_region_map_can_number_are_refused() -> None:
    assert grid_partition(255, 257, 1).num_regions == MAX_REGIONS
    with pytest.raises(ShapeError, match="65536 regions: at most 65535"):
        grid_partition(256, 256, 1)
    with pytest.raises(ShapeError, match="at most 65535"):
        superpixel_partition(np.zeros((256, 256, 3), np.uint8), 1)
    with pytest.raises(ShapeError, match="at least 1"):
        grid_partition(4, 4, 0)


@pytest.mark.parametrize(
    ("width", "height", "size_px"),
    [(480, 360, 30), (1, 1, 1), (10, 10, 1), (2048, 1024, 105)],
)
def test_default_size_gives_about_192_regions(width: int, height: int, size_px: int) -> None:
    assert default_size_px(width, height) == size_px


@given(st.integers(1, 50_000_000), st.integers(1, 400))
def test_default_size_never_asks_for_too_many_regions(long_side: int, short_side: int) -> None:
    size_px = default_size_px(long_side, short_side)
    assert -(-long_side // size_px) * -(-short_side // size_px) <= MAX_REGIONS


def test_segments_are_finer_than_regions() -> None:
    image = smooth_image(90, 120)
    assert 5 < (finer_segments(image, 24).max() + 1) / superpixel_partition(image, 24).num_regions < 14


def test_region_map_png_gives_the_map_back() -> None:
    region_map = grid_partition(255, 257, 1).region_map
    decoded = decode_region_map(encode_region_map(region_map))
    np.testing.assert_array_equal(decoded, region_map)
    assert decoded.dtype == np.int32


def test_region_map_png_of_another_kind_or_size_is_refused() -> None:
    data = encode_region_map(grid_partition(20, 20, 2).region_map)
    for broken, limit in ((b"", 500), (b"x" * 40, 500), (data[:60], 500), (data, 399)):
        with pytest.raises(FormatError):
            decode_region_map(broken, max_pixels=limit)


@pytest.mark.parametrize(
    "region_map",
    [
        np.array([[0, 2]], np.int32),
        np.array([[-1, 0]], np.int32),
        np.array([[0, MAX_REGIONS]], np.int32),
        np.array([[0, 1]], np.int64),
        np.zeros((0, 4), np.int32),
    ],
)
def test_region_maps_with_gaps_or_another_dtype_are_refused(region_map: NDArray[np.int32]) -> None:
    with pytest.raises(ShapeError):
        partition_from_region_map(region_map)


def test_importing_regions_leaves_scikit_image_and_scipy_alone() -> None:
    probe = "import sys, segloop.regions; sys.exit(bool({'skimage', 'scipy', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
