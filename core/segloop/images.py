"""Images: which files are accepted, and how their pixels become upright 8-bit RGB.

An image is uint8 (H, W, 3) RGB. `decode_image` alone decides what is an image; server, worker and simulation
all call it, so all of them see the same pixels.

This module knows no label map's meaning, no folder and no server.
"""

import contextlib
import dataclasses
import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from segloop.errors import ImageError, ShapeError
from segloop.label_maps import MAX_PIXELS, pixel_limit

ACCEPTED_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")

Pixels = NDArray[np.uint8]

_ORIENTATION_TAG = 274
_PAGE_KIND_TAG, _BITS_TAG, _PHOTOMETRIC_TAG = 254, 258, 262
_PNG_BIT_DEPTH_AT = 24
_MAX_PAGES = 64

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> the turn that sets the image upright."""

_OTHER_FILES = (
    (b"GIF8", 0, "a GIF, which may be animated"),
    (b"BM", 0, "a BMP"),
    (b"%PDF", 0, "a PDF"),
    (b"8BPS", 0, "a Photoshop file"),
    (b"ftypavif", 4, "an AVIF"),
    (b"ftyphei", 4, "a HEIC photograph"),
    (b"ftyp", 4, "a video or a HEIC photograph"),
    (b"PK\x03\x04", 0, "a zip archive: upload it as an archive"),
    (b"<svg", 0, "an SVG drawing"),
)
"""Signatures people upload by mistake: (bytes, where, what it is)."""


@dataclasses.dataclass(frozen=True)
class DecodedImage:
    """An accepted image.

    Attributes:
        pixels: uint8 (H, W, 3) RGB, upright.
        width: upright width in pixels.
        height: upright height in pixels.
        format: JPEG, PNG, TIFF or WEBP, by content.
        notes: what was changed on the way, fit for the uploader.
    """

    pixels: Pixels
    width: int
    height: int
    format: str
    notes: tuple[str, ...] = ()


def decode_image(data: bytes, *, max_pixels: int = MAX_PIXELS) -> DecodedImage:
    """The image in a file's bytes, as upright 8-bit RGB.

    Args:
        data: the whole file; its content counts, not its name.
        max_pixels: largest width x height, checked before any pixel is decoded.

    Raises:
        ImageError: not an image we accept, with a reason fit for the uploader. Nothing else is raised,
            whatever the bytes.
    """
    with _only_image_errors(max_pixels):
        image = _opened(data, max_pixels)
        _refuse_several_pictures(image, max_pixels)
        _refuse_cut_file(data, image)
        return _decoded(data, image, max_pixels)


def read_size(data: bytes, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Upright (width, height) of an image, by its header alone where the format allows it.

    Raises:
        ImageError: not an image we accept.
    """
    with _only_image_errors(max_pixels):
        return _upright_size(_opened(data, max_pixels), max_pixels)


def read_file_size(path: Path, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """`read_size` of a file, of which no more is read than needed.

    Raises:
        ImageError: not an image we accept.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file, _only_image_errors(max_pixels):
        try:
            image = _header_of(file, max_pixels)
        except UnidentifiedImageError as cause:
            raise ImageError(_not_an_image(path.read_bytes())) from cause
        return _upright_size(image, max_pixels)


def _upright_size(image: Image.Image, max_pixels: int) -> tuple[int, int]:
    if image.format == "TIFF":  # Pillow swaps the sides of a lying TIFF itself
        return image.size
    is_lying = _orientation(image, max_pixels) in {5, 6, 7, 8}
    return (image.height, image.width) if is_lying else image.size


def resize_image(pixels: Pixels, *, height: int, width: int) -> Pixels:
    """The image at another size, bilinear and antialiased; uint8 (height, width, 3)."""
    if pixels.shape[:2] == (height, width):
        return pixels.copy()
    resized = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
    return np.array(resized, dtype=np.uint8)


def thumbnail(pixels: Pixels, max_px: int = 256) -> Pixels:
    """The image with its longer side at most `max_px`; smaller images stay as they are."""
    height, width = pixels.shape[:2]
    scale = min(1.0, max_px / max(height, width))
    return resize_image(pixels, height=max(1, round(height * scale)), width=max(1, round(width * scale)))


def encode_png(pixels: Pixels) -> bytes:
    """The image as a PNG: every pixel exactly."""
    return _encoded(pixels, "PNG")


def encode_jpeg(pixels: Pixels, quality: int = 90) -> bytes:
    """The image as a JPEG, for showing."""
    return _encoded(pixels, "JPEG", quality=quality)


def _encoded(pixels: Pixels, file_format: str, **options: Any) -> bytes:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ShapeError(f"image is {pixels.dtype} {pixels.shape}: it must be uint8 (H, W, 3)")
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format, **options)
    return buffer.getvalue()


@contextlib.contextmanager
def _only_image_errors(max_pixels: int) -> Iterator[None]:
    """Whatever is raised inside comes out as an `ImageError`."""
    try:
        yield
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as cause:
        raise ImageError(_too_large(max_pixels)) from cause
    except Exception as cause:  # hostile bytes raise anything, out of every corner of a decoder
        raise ImageError(f"the file is broken or truncated ({cause})") from cause


def _opened(data: bytes, max_pixels: int) -> Image.Image:
    """Pillow's image with its header read, its size allowed and no pixel decoded."""
    if not data:
        raise ImageError("the file is empty (0 bytes)")
    try:
        return _header_of(io.BytesIO(data), max_pixels)
    except UnidentifiedImageError as cause:
        raise ImageError(_not_an_image(data)) from cause


def _header_of(file: BinaryIO, max_pixels: int) -> Image.Image:
    with pixel_limit(max_pixels):
        image = Image.open(file, formats=ACCEPTED_FORMATS)
    if image.width * image.height > max_pixels:
        raise ImageError(_too_large(max_pixels))
    return image


def _too_large(max_pixels: int) -> str:
    return f"the image has more than the {max_pixels / 1e6:g} megapixels allowed: make it smaller"


def _not_an_image(data: bytes) -> str:
    head = data[:32].lstrip()
    for signature, start, name in _OTHER_FILES:
        if data[start : start + len(signature)] == signature or head.startswith(signature):
            return f"the file is {name}; accepted are JPEG, PNG, TIFF and WebP"
    return "the file is not an image, or its header is broken; accepted are JPEG, PNG, TIFF and WebP"


def _refuse_several_pictures(image: Image.Image, max_pixels: int) -> None:
    """Animations and TIFFs of several pages; previews (phone JPEGs, TIFF pyramids) do not count."""
    num_frames = int(getattr(image, "n_frames", 1)) if image.format in {"PNG", "WEBP"} else 1
    if num_frames > 1:
        raise ImageError(f"the image is animated ({num_frames} frames): upload one still image")
    if image.format != "TIFF":
        return
    with pixel_limit(max_pixels):
        num_pages = _num_full_pages(image)
    if num_pages > 1:
        raise ImageError(f"the TIFF has {num_pages} pages: upload each as a file of its own")


def _num_full_pages(tiff: Any) -> int:
    """Pages of a TIFF that are no reduced copy of another (bit 0 of NewSubfileType)."""
    count = 0
    for page in range(_MAX_PAGES):
        try:
            tiff.seek(page)
        except EOFError:
            break
        count += not int(tiff.tag_v2.get(_PAGE_KIND_TAG, 0)) & 1
    tiff.seek(0)
    return count


def _refuse_cut_file(data: bytes, image: Image.Image) -> None:
    """Files whose end is missing, even where the decoder would still show something."""
    is_whole = {"JPEG": _jpeg_ends, "MPO": _jpeg_ends, "PNG": _png_ends, "WEBP": _webp_ends}
    if not is_whole.get(image.format or "", lambda _: True)(data):
        raise ImageError("the file is truncated: its end is missing")


def _jpeg_ends(data: bytes) -> bool:
    """Whether an end-of-image marker follows the header; an EXIF preview inside it has its own."""
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] != b"\xda":
        if data[at + 1 : at + 2] == b"\xff":  # a fill byte
            at += 1
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data.find(b"\xff\xd9", at) >= 0


def _png_ends(data: bytes) -> bool:
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if data[at + 4 : at + 8] == b"IEND":
            return True
        at += 12 + length
    return False


def _webp_ends(data: bytes) -> bool:
    return int.from_bytes(data[4:8], "little") + 8 <= len(data)


def _decoded(data: bytes, image: Image.Image, max_pixels: int) -> DecodedImage:
    bits = _bits_per_sample(data, image)
    is_tiff = image.format == "TIFF"
    # Pillow turns a TIFF upright while loading it, and everything else not at all
    was_lying = is_tiff and image.tag_v2.get(_ORIENTATION_TAG) in _TURNS  # type: ignore[attr-defined]
    # ... and warns of odd tags then; other formats load side by side with other threads
    with pixel_limit(max_pixels) if is_tiff else contextlib.nullcontext():
        image.load()
    orientation = _orientation(image, max_pixels)
    rgb, notes = _as_rgb(image, bits)
    if orientation in _TURNS:
        rgb = rgb.transpose(_TURNS[orientation])
    if was_lying or orientation in _TURNS:
        notes.append("turned upright as its EXIF orientation says")
    file_format = "JPEG" if image.format == "MPO" else str(image.format)
    return DecodedImage(np.array(rgb), rgb.width, rgb.height, file_format, tuple(notes))


def _orientation(image: Image.Image, max_pixels: int) -> int:
    """The EXIF orientation; 1 (upright) where there is none or the EXIF block is broken, as in any viewer."""
    try:
        with pixel_limit(max_pixels):
            return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001  a good picture is not refused for its camera's broken notes
        return 1


def _bits_per_sample(data: bytes, image: Image.Image) -> int:
    if image.format == "PNG":
        return data[_PNG_BIT_DEPTH_AT]
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(_BITS_TAG, (1,))))  # type: ignore[attr-defined]  # TIFF only
    return 8


def _as_rgb(image: Image.Image, bits: int) -> tuple[Image.Image, list[str]]:
    """The loaded image as RGB, and what that changed."""
    if image.mode in {"I", "F"} or bits > 16:
        raise ImageError(
            f"the image has {bits}-bit signed or float samples, whose black and white nobody knows: "
            "save it with 8 or 16 bits a sample"
        )
    if image.mode == "LAB":
        raise ImageError("the image is in Lab colours: save it as RGB")
    notes = [f"{bits}-bit samples scaled to 8 bits"] if bits > 8 else []
    if image.mode == "CMYK":
        notes.append("CMYK converted to RGB")
    if image.has_transparency_data:
        notes.append("alpha channel dropped")
        image.info.pop("transparency", None)
    if image.mode.startswith("I;16"):
        image = _high_bits(image, bits)
    return image.convert("RGB"), notes


def _high_bits(image: Image.Image, bits: int) -> Image.Image:
    """The upper 8 of `bits` bits, as Pillow itself takes them from 16-bit RGB."""
    grey = np.minimum(np.asarray(image) >> (bits - 8), 255).astype(np.uint8)
    # Pillow honours "white is zero" only up to 8 bits
    is_white_zero = image.format == "TIFF" and image.tag_v2.get(_PHOTOMETRIC_TAG) == 0  # type: ignore[attr-defined]
    return Image.fromarray(255 - grey if is_white_zero else grey)
