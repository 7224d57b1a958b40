import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from segloop.errors import LabelMapError, ShapeError
from segloop.label_maps import (
    UNLABELLED,
    VOID,
    check_label_map,
    decode_index_png,
    encode_index_png,
    overlay,
    resize_label_map,
)


def saved(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that claims a size and carries next to no pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(64)))
        + chunk(b"IEND", b"")
    )


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_index_png_gives_every_value_back(label_map: np.ndarray) -> None:
    np.testing.assert_array_equal(decode_index_png(encode_index_png(label_map)), label_map)


def test_palette_png_gives_its_indices_not_its_colours() -> None:
    image = Image.fromarray(np.array([[0, 1], [254, 255]], np.uint8), "L")
    image.putpalette(list(range(256)) * 3)
    np.testing.assert_array_equal(decode_index_png(saved(image)), [[0, 1], [254, 255]])


def test_palette_png_of_few_colours_keeps_its_indices() -> None:
    image = Image.new("P", (5, 3))
    image.putpalette([0, 0, 0, 9, 9, 9, 200, 0, 0])
    image.putpixel((4, 1), 2)
    data = saved(image)
    assert data[24] < 8, "the case is a palette PNG below 8 bits"
    assert decode_index_png(data)[1, 4] == 2
    assert decode_index_png(data).sum() == 2


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"GIF89a", "no PNG"),
        (saved(Image.new("L", (4, 4)), "JPEG"), "no PNG"),
        (saved(Image.new("RGB", (4, 4))), "8-bit RGB"),
        (saved(Image.new("LA", (4, 4))), "greyscale with alpha"),
        (saved(Image.new("1", (4, 4))), "1-bit greyscale"),
        (saved(Image.new("I;16", (4, 4))), "16-bit greyscale"),
        (encode_index_png(np.zeros((40, 40), np.uint8))[:-30], "broken or truncated"),
        (
            saved(
                Image.new("L", (4, 4)),
                save_all=True,
                append_images=[Image.new("L", (4, 4), 9)],
            ),
            "animated",
        ),
    ],
)
def test_anything_but_a_still_index_png_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(LabelMapError, match=reason):
        decode_index_png(data)


@pytest.mark.parametrize("size", [(100_000, 100_000), (11, 10)])
def test_size_is_checked_before_pixels_are_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(LabelMapError, match="more than the 100 allowed"):
        decode_index_png(png_of_size(*size), max_pixels=100)


def test_limit_of_the_process_is_as_before_after_a_decode() -> None:
    before = Image.MAX_IMAGE_PIXELS
    decode_index_png(encode_index_png(np.zeros((2, 2), np.uint8)), max_pixels=4)
    assert before == Image.MAX_IMAGE_PIXELS


@given(st.binary(max_size=80), st.integers(0, 70))
def test_hostile_bytes_raise_only_label_map_errors(junk: bytes, cut: int) -> None:
    good = encode_index_png(np.arange(64, dtype=np.uint8).reshape(8, 8))
    for data in (junk, good[:cut] + junk, good[:8] + junk + good[cut:]):
        try:
            decode_index_png(data)
        except LabelMapError:
            continue


def test_classes_void_and_unlabelled_are_allowed() -> None:
    check_label_map(np.array([[0, 2, VOID, UNLABELLED]], np.uint8), num_classes=3, shape=(1, 4))


def test_a_value_that_is_no_class_is_named_with_its_pixels() -> None:
    with pytest.raises(LabelMapError, match=r"holds 3, 253 at 3 pixels: allowed are 0\.\.2"):
        check_label_map(np.array([[3, 253, 3, 0]], np.uint8), num_classes=3)


@pytest.mark.parametrize(
    "label_map",
    [np.zeros((2, 2, 1), np.uint8), np.zeros((2, 2), np.int64), np.zeros((3, 2), np.uint8)],
)
def test_another_shape_or_dtype_is_refused(label_map: np.ndarray) -> None:
    with pytest.raises(ShapeError):
        check_label_map(label_map, num_classes=3, shape=(2, 2))


def test_overlay_lets_answers_win_and_unlabelled_say_nothing() -> None:
    base = np.array([[0, 0, 0], [1, VOID, UNLABELLED]], np.uint8)
    patch = np.array([[UNLABELLED, 2], [3, VOID]], np.uint8)
    result = overlay(base, patch, x=1, y=0)
    np.testing.assert_array_equal(result, [[0, 0, 2], [1, 3, VOID]])
    assert base[1, 1] == VOID, "the base is not modified"


@pytest.mark.parametrize(("x", "y"), [(-1, 0), (2, 0), (0, 1)])
def test_overlay_beyond_the_base_is_refused(x: int, y: int) -> None:
    with pytest.raises(ShapeError, match="reaches beyond"):
        overlay(np.zeros((2, 3), np.uint8), np.zeros((2, 2), np.uint8), x=x, y=y)


def test_resize_never_invents_a_value() -> None:
    label_map = np.array([[0, VOID], [UNLABELLED, 7]], np.uint8)
    larger = resize_label_map(label_map, height=5, width=6)
    assert larger.shape == (5, 6)
    assert set(np.unique(larger)) == {0, 7, VOID, UNLABELLED}
    np.testing.assert_array_equal(resize_label_map(larger, height=2, width=2), label_map)
