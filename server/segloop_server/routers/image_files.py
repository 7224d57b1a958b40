"""The bytes of an image: upright pixels, the original, a thumbnail, a crop, its regions and segments."""

import io
import threading
import uuid
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from numpy.typing import NDArray
from PIL import Image as Pillow

from segloop.images import decode_image, encode_jpeg, thumbnail
from segloop.regions import decode_region_map, encode_region_map, partition_from_region_map
from segloop_server.blob_responses import FRESH, IMMUTABLE, blob_response, bytes_response, is_fresh
from segloop_server.boxes import Length, OptionalBox, Pixel, require_inside
from segloop_server.dependencies import Caller, CallerDep, Context, ContextDep, require_image
from segloop_server.region_pixels import ArrayCache, segments_crop
from segloop_server.schemas.images import API, RegionOut, RegionsOut
from segloop_store.errors import ConflictError
from segloop_store.models import Image, Partition
from segloop_store.problem_codes import ProblemCode
from segloop_store.repositories import images
from segloop_store.states import Role

router = APIRouter(tags=["images"])

_MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff", "WEBP": "image/webp"}
_MAX_CROP_PX = 2048
_DECODING = threading.BoundedSemaphore(2)
"""A large image takes 150 MB decoded: only so many at once, the others wait."""

_decoded = ArrayCache(128 << 20)
"""The images looked at last: one of 8192 x 4096, or sixty of 1024 x 768."""


@router.get("/images/{image_id}/file", response_class=Response)
def get_file(image_id: uuid.UUID, request: Request, context: ContextDep, caller: CallerDep) -> Response:
    """The image as every model and page sees it: upright 8-bit RGB, as JPEG or PNG."""
    image = _image(context, caller, image_id)
    is_original = image.pixels_key == image.original_key
    return blob_response(
        request,
        context.blobs,
        image.pixels_key,
        media_type=_MEDIA_TYPES[image.format] if is_original else "image/png",
        etag=f"file-{image.sha256}",
    )


@router.get("/images/{image_id}/original", response_class=Response)
def get_original(image_id: uuid.UUID, request: Request, context: ContextDep, caller: CallerDep) -> Response:
    """The uploaded bytes, untouched, as a download."""
    image = _image(context, caller, image_id)
    return blob_response(
        request,
        context.blobs,
        image.original_key,
        media_type=_MEDIA_TYPES[image.format],
        etag=f"original-{image.sha256}",
        download_as=image.filename,
    )


@router.get("/images/{image_id}/thumbnail", response_class=Response)
def get_thumbnail(image_id: uuid.UUID, request: Request, context: ContextDep, caller: CallerDep) -> Response:
    """A small JPEG. One that a job has not made yet is made on the spot."""
    image = _image(context, caller, image_id)
    if image.thumbnail_key is not None:
        etag = f"thumbnail-{image.sha256}"
        return blob_response(request, context.blobs, image.thumbnail_key, media_type="image/jpeg", etag=etag)
    with _DECODING:
        pixels = decode_image(
            context.blobs.get(image.pixels_key), max_pixels=context.settings.max_pixels
        ).pixels
        data = encode_jpeg(thumbnail(pixels))
    etag = f"preview-{image.sha256}"
    return bytes_response(request, data, media_type="image/jpeg", etag=etag, cache_control=FRESH)


@router.get("/images/{image_id}/crop", response_class=Response)
def get_crop(
    image_id: uuid.UUID,
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    x: Pixel,
    y: Pixel,
    w: Length,
    h: Length,
    max_px: Annotated[int, Query(ge=1, le=_MAX_CROP_PX)] = 1024,
) -> Response:
    """A box of the upright image as PNG, made smaller when its longer side is above `max_px`."""
    image = _image(context, caller, image_id)
    require_inside((x, y, w, h), image.width, image.height)
    etag = f"crop-{image.sha256}-{x}-{y}-{w}-{h}-{max_px}"
    if is_fresh(request, etag):
        return bytes_response(request, b"", media_type="image/png", etag=etag, cache_control=IMMUTABLE)
    data = _crop(context, image, (x, y, x + w, y + h), max_px)
    return bytes_response(request, data, media_type="image/png", etag=etag, cache_control=IMMUTABLE)


@router.get("/images/{image_id}/region_map", response_class=Response)
def get_region_map(image_id: uuid.UUID, request: Request, context: ContextDep, caller: CallerDep) -> Response:
    """The region of each pixel, a uint16 PNG."""
    _, partition = _partitioned(context, caller, image_id)
    etag = f"regions-{partition.id}"
    return blob_response(request, context.blobs, partition.region_map_key, media_type="image/png", etag=etag)


@router.get("/images/{image_id}/segments", response_class=Response)
def get_segments(
    image_id: uuid.UUID, request: Request, context: ContextDep, caller: CallerDep, box: OptionalBox
) -> Response:
    """The finer segments for the superpixel tool, a uint16 PNG: of a box, or of the whole image."""
    image, partition = _partitioned(context, caller, image_id)
    etag = f"segments-{partition.id}"
    if box is None:
        return blob_response(
            request, context.blobs, partition.segments_key, media_type="image/png", etag=etag
        )
    require_inside(box, image.width, image.height)
    etag = "-".join(map(str, (etag, *box)))
    if is_fresh(request, etag):
        return bytes_response(request, b"", media_type="image/png", etag=etag, cache_control=IMMUTABLE)
    data = encode_region_map(segments_crop(context.blobs, partition.segments_key, box))
    return bytes_response(request, data, media_type="image/png", etag=etag, cache_control=IMMUTABLE)


@router.get("/images/{image_id}/regions")
def get_regions(image_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> RegionsOut:
    """All regions of an image with what has become of each: unasked, open, leased or answered."""
    image, row = _partitioned(context, caller, image_id)
    partition = partition_from_region_map(decode_region_map(context.blobs.get(row.region_map_key)))
    with context.database.reading() as session:
        states = images.region_states(session, image.id)
    regions = [
        RegionOut(index=index, bbox=tuple(bbox), area_px=area, state=states.get(index, "unasked"))
        for index, (bbox, area) in enumerate(
            zip(partition.bboxes.tolist(), partition.areas.tolist(), strict=True)
        )
    ]
    url = f"{API}/images/{image_id}/region_map"
    return RegionsOut(region_map_url=url, num_regions=len(regions), regions=regions)


def _image(context: Context, caller: Caller, image_id: uuid.UUID) -> Image:
    with context.database.reading() as session:
        return require_image(session, caller, image_id, Role.VIEWER)


def _partitioned(context: Context, caller: Caller, image_id: uuid.UUID) -> tuple[Image, Partition]:
    with context.database.reading() as session:
        image = require_image(session, caller, image_id, Role.VIEWER)
        partition = images.partition_of(session, image_id)
    if partition is None:
        raise ConflictError(
            "the regions of this image are still being made: ask again in a moment",
            code=ProblemCode.REGIONS_NOT_MADE,
        )
    return image, partition


def _crop(context: Context, image: Image, box: tuple[int, int, int, int], max_px: int) -> bytes:
    left, top, right, bottom = box
    cropped = Pillow.fromarray(_pixels(context, image)[top:bottom, left:right])
    cropped.thumbnail((max_px, max_px), Pillow.Resampling.BILINEAR)
    buffer = io.BytesIO()
    cropped.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _pixels(context: Context, image: Image) -> NDArray[np.uint8]:
    """The decoded image, kept for a while: somebody who looks around in one asks for many of its crops."""

    def load() -> NDArray[np.generic]:
        # these bytes were decoded whole by a limited child when they were uploaded, or written by us
        with Pillow.open(io.BytesIO(context.blobs.get(image.pixels_key))) as opened:
            return np.asarray(opened.convert("RGB"))

    with _DECODING:
        return _decoded.get(image.pixels_key, load).astype(np.uint8, copy=False)
