"""Label maps of whole images: upload a ground truth, fetch what is known."""

import uuid
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from segloop.label_maps import (
    UNLABELLED,
    check_label_map,
    decode_index_png,
    encode_index_png,
    overlay,
)
from segloop_server.blob_responses import FRESH, bytes_response
from segloop_server.dependencies import Caller, CallerDep, Context, ContextDep, require_image
from segloop_server.schemas.images import GroundTruthOut
from segloop_store import events
from segloop_store.errors import ConflictError
from segloop_store.incoming import put_ground_truth
from segloop_store.models import Image
from segloop_store.repositories import images, known_labels, projects
from segloop_store.repositories.known_labels import KnownImage
from segloop_store.states import Role

router = APIRouter(tags=["label maps"])

_PNG_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    }
}


async def receive_png(image_id: uuid.UUID, request: Request, context: ContextDep, caller: CallerDep) -> bytes:
    """The raw body; received only from an owner."""
    await run_in_threadpool(_own_image, context, caller, image_id)
    return await request.body()


@router.put("/images/{image_id}/label_map", openapi_extra=_PNG_BODY)
def put_label_map(
    image_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    body: Annotated[bytes, Depends(receive_png)],
) -> GroundTruthOut:
    """Keep a full ground truth: an 8-bit index PNG of the image's size, 254 void, 255 unlabelled.

    The same label map again changes nothing; another one becomes the next version, and the latest counts.
    """
    with context.database.reading() as session:
        image = require_image(session, caller, image_id, Role.OWNER)
        num_classes = projects.num_classes(session, image.project_id)
        latest = images.latest_truth(session, image_id)
    num_pixels = image.width * image.height
    label_map = decode_index_png(body, max_pixels=context.settings.max_pixels)
    check_label_map(label_map, num_classes=num_classes, shape=(image.height, image.width))
    data = encode_index_png(label_map)
    if latest is not None and context.blobs.get(latest.label_map_key) == data:
        return _truth_out(image_id, latest.version, latest.num_labelled_px, num_pixels)
    version, key = put_ground_truth(
        context.blobs, image_id, latest.version if latest is not None else 0, data
    )
    num_labelled_px = int(np.count_nonzero(label_map != UNLABELLED))
    try:
        _add_truth(context, caller, image_id, version, key, num_labelled_px)
    except ConflictError:
        # the same request at the same moment: its blob has this key only if its bytes are these
        with context.database.reading() as session:
            latest = images.latest_truth(session, image_id)
        if latest is None or latest.label_map_key != key:
            raise
    return _truth_out(image_id, version, num_labelled_px, num_pixels)


@router.get("/images/{image_id}/label_map", response_class=Response)
def get_label_map(image_id: uuid.UUID, request: Request, context: ContextDep, caller: CallerDep) -> Response:
    """What is known: the uploaded truth, over it what people said; 255 where nobody was asked, 254 void."""
    with context.database.reading() as session:
        image = require_image(session, caller, image_id)
        known = known_labels.known_image(session, image)
    parts = [str(known.truth_id), *(str(annotation.annotation_id) for annotation in known.annotations)]
    etag = uuid.uuid5(image_id, ",".join(parts)).hex
    data = encode_index_png(_composed(context, known))
    return bytes_response(request, data, media_type="image/png", etag=etag, cache_control=FRESH)


def _add_truth(
    context: Context, caller: Caller, image_id: uuid.UUID, version: int, key: str, num_labelled_px: int
) -> None:
    with context.database.transaction() as session:
        image = require_image(session, caller, image_id, Role.OWNER)
        images.add_truth(
            session,
            image_id,
            version=version,
            label_map_key=key,
            num_labelled_px=num_labelled_px,
            uploaded_by=caller.user_id,
        )
        events.record(
            session,
            "image.truth_uploaded",
            project_id=image.project_id,
            user_id=caller.user_id,
            payload={"image_id": str(image_id), "version": version},
        )


def _own_image(context: Context, caller: Caller, image_id: uuid.UUID) -> Image:
    with context.database.reading() as session:
        return require_image(session, caller, image_id, Role.OWNER)


def _composed(context: Context, known: KnownImage) -> "np.typing.NDArray[np.uint8]":
    label_map = np.full((known.height, known.width), UNLABELLED, dtype=np.uint8)
    if known.truth_key is not None:
        label_map = decode_index_png(context.blobs.get(known.truth_key), max_pixels=known.num_px)
    for annotation in known.annotations:
        patch = decode_index_png(annotation.label_map_png)
        label_map = overlay(label_map, patch, x=annotation.x, y=annotation.y)
    return label_map


def _truth_out(image_id: uuid.UUID, version: int, num_labelled_px: int, num_pixels: int) -> GroundTruthOut:
    return GroundTruthOut(
        image_id=image_id,
        version=version,
        num_labelled_px=num_labelled_px,
        labelled_fraction=num_labelled_px / num_pixels,
    )
