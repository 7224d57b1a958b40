import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from segloop.errors import ImageError, ShapeError
from segloop.images import (
    decode_image,
    encode_jpeg,
    encode_png,
    read_file_size,
    read_size,
    resize_image,
    thumbnail,
)

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")
RED_GREEN = np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8)


def photo(height: int = 24, width: int = 40) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 255 // height, columns * 255 // width, (rows + columns) % 256], -1).astype(
        np.uint8
    )


def saved(image: Image.Image | NDArray[np.uint8], file_format: str, **options: object) -> bytes:
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def png(width: int, height: int, bits: int, colour_type: int, body: bytes) -> bytes:
    """A PNG written by hand, for what Pillow does not write."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    pieces = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(body)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


def tiff(width: int, height: int, tags: dict[int, tuple[int, int]], body: bytes, order: str = "<") -> bytes:
    """An uncompressed TIFF of one strip, written by hand; tags are {number: (type, value)}."""
    all_tags = {
        256: (4, width),
        257: (4, height),
        259: (3, 1),
        262: (3, 1),
        277: (3, 1),
        278: (4, height),
        279: (4, len(body)),
    } | tags
    all_tags[273] = (4, 8 + 2 + 12 * (len(all_tags) + 1) + 4)
    directory = struct.pack(order + "H", len(all_tags))
    for number, (kind, value) in sorted(all_tags.items()):
        packed = struct.pack(order + ("HH" if kind == 3 else "I"), *((value, 0) if kind == 3 else (value,)))
        directory += struct.pack(order + "HHI", number, kind, 1) + packed
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(order + "I", 8) + directory + struct.pack(order + "I", 0) + body


@pytest.mark.parametrize("file_format", FORMATS)
def test_accepted_formats_are_known_by_content(file_format: str) -> None:
    options = {"lossless": True} if file_format == "WEBP" else {}
    image = decode_image(saved(photo(), file_format, **options))
    assert (image.format, image.width, image.height) == (file_format, 40, 24)
    assert image.notes == ()
    assert image.pixels.dtype == np.uint8
    tolerance = 12 if file_format == "JPEG" else 0
    np.testing.assert_allclose(image.pixels.astype(int), photo().astype(int), atol=tolerance)


@pytest.mark.parametrize("file_format", FORMATS)
def test_an_image_of_one_pixel_is_accepted(file_format: str) -> None:
    image = decode_image(saved(np.full((1, 1, 3), 200, np.uint8), file_format))
    assert image.pixels.shape == (1, 1, 3)
    assert abs(int(image.pixels[0, 0, 0]) - 200) < 5


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotated_images_are_stored_upright(file_format: str, orientation: int) -> None:
    """The corner that is the upright image's upper left lies where the EXIF standard says."""
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, :16] = 255
    turns = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    exif = Image.Exif()
    exif[274] = orientation
    data = saved(np.ascontiguousarray(turns[orientation](upright)), file_format, exif=exif)
    image = decode_image(data)
    assert (image.width, image.height) == (48, 32) == read_size(data)
    assert image.pixels[4, 4].min() > 200
    assert image.pixels[28, 44].max() < 50
    assert image.pixels[4, 44].max() < 50
    assert bool(image.notes) == (orientation > 1)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_a_broken_exif_block_does_not_cost_the_picture(file_format: str) -> None:
    data = saved(photo(), file_format, exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xffjunk")
    assert decode_image(data).width == 40
    assert read_size(data) == (40, 24)


def test_palette_gives_its_colours() -> None:
    image = Image.fromarray(RED_GREEN).convert("P", palette=Image.Palette.ADAPTIVE)
    np.testing.assert_array_equal(decode_image(saved(image, "PNG")).pixels, RED_GREEN)


def test_palette_with_transparency_gives_its_colours_and_says_so() -> None:
    image = Image.fromarray(RED_GREEN).convert("P", palette=Image.Palette.ADAPTIVE)
    decoded = decode_image(saved(image, "PNG", transparency=bytes([0, 128])))
    np.testing.assert_array_equal(decoded.pixels, RED_GREEN)
    assert decoded.notes == ("alpha channel dropped",)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_dropped_and_colours_stay(file_format: str) -> None:
    rgba = np.dstack([photo(), np.full((24, 40), 3, np.uint8)])
    options = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    decoded = decode_image(saved(rgba, file_format, **options))
    np.testing.assert_array_equal(decoded.pixels, photo())
    assert decoded.notes == ("alpha channel dropped",)


def test_grey_with_alpha_and_colour_keyed_images_lose_their_transparency() -> None:
    grey_alpha = Image.fromarray(np.full((3, 3, 2), 70, np.uint8), "LA")
    assert decode_image(saved(grey_alpha, "PNG")).pixels[0, 0].tolist() == [70, 70, 70]
    keyed = decode_image(saved(RED_GREEN, "PNG", transparency=(255, 0, 0)))
    np.testing.assert_array_equal(keyed.pixels, RED_GREEN)
    assert keyed.notes == ("alpha channel dropped",)


@pytest.mark.parametrize("file_format", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb_and_says_so(file_format: str) -> None:
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    decoded = decode_image(saved(image, file_format))
    red, green, blue = decoded.pixels[8, 8].tolist()
    assert red > 240
    assert max(green, blue) < 15
    assert decoded.notes == ("CMYK converted to RGB",)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_one_bit_images_are_black_and_white(file_format: str) -> None:
    image = Image.fromarray(np.array([[True, False, True]]))
    decoded = decode_image(saved(image, file_format))
    assert decoded.pixels[0, :, 0].tolist() == [255, 0, 255]
    assert decoded.notes == ()


SIXTEEN_NOTE = ("16-bit samples scaled to 8 bits",)


def test_sixteen_bit_png_is_scaled_and_noted() -> None:
    grey = png(3, 1, 16, 0, b"\0" + struct.pack(">3H", 0, 0x8000, 0xFFFF))
    assert decode_image(grey).pixels[0, :, 1].tolist() == [0, 128, 255]
    assert decode_image(grey).notes == SIXTEEN_NOTE
    rgb = decode_image(png(1, 1, 16, 2, b"\0" + struct.pack(">3H", 0x0100, 0x8000, 0xFFFF)))
    assert rgb.pixels[0, 0].tolist() == [1, 128, 255]
    assert rgb.notes == SIXTEEN_NOTE
    rgba = decode_image(png(1, 1, 16, 6, b"\0" + struct.pack(">4H", 0x0100, 0x8000, 0xFFFF, 0)))
    assert rgba.pixels[0, 0].tolist() == [1, 128, 255]
    assert set(rgba.notes) == {*SIXTEEN_NOTE, "alpha channel dropped"}
    grey_alpha = decode_image(png(1, 1, 16, 4, b"\0" + struct.pack(">2H", 0x8000, 0)))
    assert grey_alpha.pixels[0, 0].tolist() == [128, 128, 128]


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_tiff_is_scaled_and_noted(order: str) -> None:
    body = struct.pack(order + "3H", 0, 0x8000, 0xFFFF)
    decoded = decode_image(tiff(3, 1, {258: (3, 16)}, body, order))
    assert decoded.pixels[0, :, 0].tolist() == [0, 128, 255]
    assert decoded.notes == SIXTEEN_NOTE


def test_sixteen_bit_tiff_whose_white_is_zero_is_not_a_negative() -> None:
    decoded = decode_image(tiff(2, 1, {258: (3, 16), 262: (3, 0)}, struct.pack("<2H", 0, 0xFFFF)))
    assert decoded.pixels[0, :, 0].tolist() == [255, 0]


def test_sixteen_bit_image_lying_on_its_side_is_turned() -> None:
    decoded = decode_image(tiff(2, 1, {258: (3, 16), 274: (3, 6)}, struct.pack("<2H", 0, 0xFFFF)))
    assert decoded.pixels[:, :, 0].tolist() == [[0], [255]]


@pytest.mark.parametrize(
    "data",
    [
        saved(Image.new("F", (4, 4), 0.5), "TIFF"),
        saved(Image.new("I", (4, 4), 70_000), "TIFF"),
        tiff(2, 1, {258: (3, 16), 339: (3, 2)}, struct.pack("<2h", -5, 5)),
    ],
    ids=["float", "32-bit", "signed"],
)
def test_samples_without_an_agreed_range_are_rejected(data: bytes) -> None:
    with pytest.raises(ImageError, match="save it with 8 or 16 bits"):
        decode_image(data)


def test_lab_colours_are_rejected_with_the_way_out() -> None:
    with pytest.raises(ImageError, match="save it as RGB"):
        decode_image(saved(Image.new("LAB", (4, 4)), "TIFF"))


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_animated_images_are_rejected(file_format: str) -> None:
    frames = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (0, 120, 255)]
    data = saved(frames[0], file_format, save_all=True, append_images=frames[1:], duration=50)
    with pytest.raises(ImageError, match="animated"):
        decode_image(data)


def test_a_tiff_of_several_pages_is_rejected() -> None:
    page = Image.fromarray(photo())
    with pytest.raises(ImageError, match="2 pages"):
        decode_image(saved(page, "TIFF", save_all=True, append_images=[page]))


def test_a_tiff_with_a_reduced_preview_is_one_image() -> None:
    preview = Image.fromarray(photo(6, 10))
    preview.encoderinfo = {"tiffinfo": {254: 1}}
    data = saved(Image.fromarray(photo()), "TIFF", save_all=True, append_images=[preview])
    decoded = decode_image(data)
    np.testing.assert_array_equal(decoded.pixels, photo())


def test_a_phone_jpeg_that_carries_a_second_picture_is_its_first_one() -> None:
    first = Image.fromarray(photo())
    data = saved(first, "MPO", save_all=True, append_images=[Image.fromarray(photo(12, 20))])
    decoded = decode_image(data)
    assert (decoded.format, decoded.width, decoded.height) == ("JPEG", 40, 24)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"hello, this is a text file", "not an image"),
        (b"\x89PNG\r\n\x1a\n", "not an image"),
        (saved(np.zeros((4, 4, 3), np.uint8), "GIF"), "GIF"),
        (saved(np.zeros((4, 4, 3), np.uint8), "BMP"), "BMP"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\0\0\0\x18ftypheic....", "HEIC"),
        (b"PK\x03\x04....", "archive"),
        (b"  <svg xmlns=''>", "SVG"),
    ],
)
def test_files_that_are_no_image_are_rejected_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        decode_image(data)


@pytest.mark.parametrize(
    "data",
    [
        saved(photo(), "JPEG"),
        saved(photo(), "JPEG", progressive=True),
        saved(photo(), "PNG"),
        saved(photo(), "WEBP"),
        saved(photo(), "WEBP", lossless=True),
    ],
    ids=["jpeg", "progressive", "png", "webp", "lossless-webp"],
)
def test_a_file_cut_anywhere_is_rejected(data: bytes) -> None:
    for length in {*range(0, len(data), 23), *range(len(data) - 14, len(data))}:
        with pytest.raises(ImageError):
            decode_image(data[:length])
    decode_image(data + b"trailing bytes do no harm")


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_a_tiff_whose_pixels_are_cut_is_rejected(compression: str) -> None:
    data = saved(photo(), "TIFF", compression=compression)
    for length in (len(data) // 4, len(data) // 2):
        with pytest.raises(ImageError):
            decode_image(data[:length])


@pytest.mark.parametrize("file_format", FORMATS)
def test_size_is_checked_at_the_limit(file_format: str, tmp_path: Path) -> None:
    data = saved(photo(), file_format)
    assert decode_image(data, max_pixels=24 * 40).width == 40
    with pytest.raises(ImageError, match="megapixels"):
        decode_image(data, max_pixels=24 * 40 - 1)
    with pytest.raises(ImageError, match="megapixels"):
        read_size(data, max_pixels=24 * 40 - 1)
    path = tmp_path / "photo"
    path.write_bytes(data)
    assert read_file_size(path, max_pixels=24 * 40) == (40, 24)
    with pytest.raises(ImageError, match="megapixels"):
        read_file_size(path, max_pixels=24 * 40 - 1)
    path.write_bytes(b"%PDF-1.7")
    with pytest.raises(ImageError, match="PDF"):
        read_file_size(path)
    with pytest.raises(FileNotFoundError):
        read_file_size(tmp_path / "none")


@pytest.mark.parametrize("side", [7_072, 12_000, 60_000])
def test_a_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    """The pixels are not there at all: whoever decodes first says `truncated`."""
    with pytest.raises(ImageError, match="50 megapixels"):
        decode_image(png(side, side, 8, 2, b"\0"))


def test_a_limit_above_pillows_own_is_honoured() -> None:
    with pytest.raises(ImageError, match="truncated"):
        decode_image(png(12_000, 12_000, 1, 0, b"\0"), max_pixels=150_000_000)


def test_process_wide_limit_is_as_before_afterwards() -> None:
    before = Image.MAX_IMAGE_PIXELS
    decode_image(saved(photo(), "PNG"), max_pixels=1000)
    assert before == Image.MAX_IMAGE_PIXELS


GOOD_FILES = [
    saved(photo(), "JPEG"),
    saved(photo(), "PNG"),
    saved(photo(), "TIFF"),
    saved(photo(), "TIFF", compression="tiff_lzw"),
    saved(photo(), "WEBP"),
]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(GOOD_FILES), st.data())
def test_hostile_bytes_raise_only_image_errors(good: bytes, data: st.DataObject) -> None:
    broken = bytearray(good)
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)))
    for candidate in (bytes(broken), bytes(broken[:cut]), bytes(broken[cut:])):
        for read in (decode_image, read_size):
            try:
                read(candidate, max_pixels=100_000)
            except ImageError:
                continue


@given(
    st.binary(max_size=60), st.sampled_from([b"", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"RIFF\0\0\0\0WEBP"])
)
def test_random_bytes_are_rejected(junk: bytes, head: bytes) -> None:
    with pytest.raises(ImageError):
        decode_image(head + junk)


def test_resize_averages_what_it_shrinks() -> None:
    stripes = np.zeros((8, 8, 3), np.uint8)
    stripes[:, ::2] = 255
    small = resize_image(stripes, height=2, width=2)
    assert small.shape == (2, 2, 3)
    assert ((small > 100) & (small < 155)).all()


def test_resize_to_the_same_size_is_a_copy() -> None:
    image = photo()
    same = resize_image(image, height=24, width=40)
    np.testing.assert_array_equal(same, image)
    assert not np.shares_memory(same, image)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((100, 400), (64, 256)), ((1000, 2), (256, 1)), ((10, 20), (10, 20)), ((1, 1), (1, 1))],
)
def test_thumbnail_keeps_proportions_and_never_enlarges(
    shape: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert thumbnail(np.zeros((*shape, 3), np.uint8)).shape[:2] == expected


def test_png_is_exact_and_jpeg_close() -> None:
    np.testing.assert_array_equal(decode_image(encode_png(photo())).pixels, photo())
    shown = decode_image(encode_jpeg(photo())).pixels
    np.testing.assert_allclose(shown.astype(int), photo().astype(int), atol=20)
    with pytest.raises(ShapeError):
        encode_png(np.zeros((4, 4), np.uint8))
