"""What a model says of an image: its label map, its heat map and how sure it is."""

import uuid
from enum import StrEnum
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from PIL import Image as Pillow

from segloop.label_maps import decode_index_png, encode_index_png
from segloop_server.blob_responses import FRESH, IMMUTABLE, bytes_response
from segloop_server.boxes import OptionalBox, require_inside
from segloop_server.dependencies import Caller, CallerDep, Context, ContextDep, require_image
from segloop_server.region_pixels import Box, layer_crop
from segloop_server.schemas.jobs import JobOut, JobStarted
from segloop_store.errors import BlobNotFoundError, NotFoundError
from segloop_store.models import Image, ModelVersion, PredictionSet
from segloop_store.repositories import images, model_lists, models

router = APIRouter(tags=["images"])

_MAX_PX = 4096

_PNG_OR_JOB: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}}, "description": "an 8-bit PNG of the image's or the box's size"},
    202: {"description": "it was cleaned up and is made again by this job"},
}


class Layer(StrEnum):
    """Which of a model's arrays."""

    PREDICTION = "prediction"
    HEAT = "heat"
    MAX_PROB = "max_prob"


@router.get("/images/{image_id}/prediction", response_class=Response, responses=_PNG_OR_JOB)
def get_prediction(
    image_id: uuid.UUID,
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    box: OptionalBox,
    model_version_id: uuid.UUID | None = None,
) -> Response:
    """The class index of every pixel, by the active model or the one named."""
    return _layer(request, context, caller, image_id, model_version_id, Layer.PREDICTION, box)


@router.get("/images/{image_id}/scores", response_class=Response, responses=_PNG_OR_JOB)
def get_scores(
    image_id: uuid.UUID,
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    box: OptionalBox,
    model_version_id: uuid.UUID | None = None,
    max_px: Annotated[int | None, Query(ge=1, le=_MAX_PX)] = None,
) -> Response:
    """The heat map, higher = asked first, by the active model or the one named.

    Made smaller when its longer side is above `max_px`.
    """
    return _layer(request, context, caller, image_id, model_version_id, Layer.HEAT, box, max_px)


@router.get("/images/{image_id}/max_prob", response_class=Response, responses=_PNG_OR_JOB)
def get_max_prob(
    image_id: uuid.UUID,
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    box: OptionalBox,
    model_version_id: uuid.UUID | None = None,
) -> Response:
    """How sure the model is of the class it predicts, 0..255, by the active model or the one named."""
    return _layer(request, context, caller, image_id, model_version_id, Layer.MAX_PROB, box)


def _layer(
    request: Request,
    context: Context,
    caller: Caller,
    image_id: uuid.UUID,
    model_version_id: uuid.UUID | None,
    layer: Layer,
    box: Box | None,
    max_px: int | None = None,
) -> Response:
    with context.database.reading() as session:
        image = require_image(session, caller, image_id)
        if model_version_id is None:
            version = models.find_active(session, image.project_id)
        else:
            version = models.get_model_version(session, model_version_id)
        if version is None or version.project_id != image.project_id:
            raise NotFoundError(
                "there is no such model version" if model_version_id else "there is no model yet"
            )
        kept = models.find_prediction(session, version.id, image_id)
        is_prepared = images.partition_of(session, image_id) is not None
    if box is not None:
        require_inside(box, image.width, image.height)
    data = _read(context, kept, layer, box)
    if data is None and not is_prepared:  # a job for it could only fail
        raise NotFoundError("there is no prediction yet: the regions of this image are not made yet")
    if data is None:
        return _make_again(context, image, version)
    if max_px is not None:
        data = _made_smaller(data, max_px)
    return bytes_response(
        request,
        data,
        media_type="image/png",
        etag="-".join(map(str, (layer, version.id, *(box or ("whole",)), max_px or "full"))),
        # without a version in the address the answer changes with the active model
        cache_control=IMMUTABLE if model_version_id else FRESH,
    )


def _read(context: Context, kept: PredictionSet | None, layer: Layer, box: Box | None) -> bytes | None:
    if kept is None:
        return None
    key = {
        Layer.PREDICTION: kept.prediction_key,
        Layer.HEAT: kept.heat_key,
        Layer.MAX_PROB: kept.max_prob_key,
    }[layer]
    try:
        if box is None:
            return context.blobs.get(key)
        return encode_index_png(layer_crop(context.blobs, key, box))
    except BlobNotFoundError:
        return None


def _made_smaller(data: bytes, max_px: int) -> bytes:
    """An 8-bit map with its longer side at most `max_px`, each pixel the mean of those it stands for."""
    heat = Pillow.fromarray(decode_index_png(data))
    heat.thumbnail((max_px, max_px), Pillow.Resampling.BOX)
    return encode_index_png(np.asarray(heat))


def _make_again(context: Context, image: Image, version: ModelVersion) -> Response:
    with context.database.transaction() as session:
        job = model_lists.ask_for_prediction(
            session, project_id=image.project_id, model_version_id=version.id, image_id=image.id
        )
    content = JobStarted(job=JobOut.of(job)).model_dump(mode="json")
    return JSONResponse(content, status_code=202, headers={"Cache-Control": "no-store", "Retry-After": "1"})
