"""A region as the page sees it: its rows and pixels together. Called outside transactions."""

import base64

from segloop_server.region_pixels import Box, layer_crop, mask_to_base64_png, region_mask, to_base64_png
from segloop_server.schemas.assignments import (
    AssignmentOut,
    QueriedImage,
    QueriedRegion,
    QueryOut,
    ReturnedAnswer,
)
from segloop_server.schemas.images import API
from segloop_store.blobs import BlobStore
from segloop_store.errors import BlobNotFoundError, ConflictError
from segloop_store.models import Image, Partition, PredictionSet, RegionQuery
from segloop_store.problem_codes import ProblemCode
from segloop_store.repositories.annotation_views import AnnotationView
from segloop_store.repositories.assignments import AssignmentView

CROP_MAX_PX = 1024
"""Longest side of the crop the page shows; more than a screen's worth would only load slower."""


def box_of(query: RegionQuery) -> Box:
    """The query's box: x, y, width, height."""
    return query.bbox_x, query.bbox_y, query.bbox_width, query.bbox_height


def crop_box(box: Box, image_width: int, image_height: int) -> Box:
    """A region's box with as much context around it as it is wide or high, inside the image."""
    x, y, width, height = box
    margin = max(width, height)
    left, top = max(0, x - margin), max(0, y - margin)
    right, bottom = min(image_width, x + width + margin), min(image_height, y + height + margin)
    return left, top, right - left, bottom - top


def assignment_json(
    view: AssignmentView, blobs: BlobStore, returned: AnnotationView | None = None
) -> AssignmentOut:
    """An assignment with its mask, the prediction where there is one, and the answer that was returned."""
    query, image, box = view.query, view.image, box_of(view.query)
    crop_bbox, crop_url = crop_json(image, box)
    return AssignmentOut(
        id=view.assignment.id,
        state=view.assignment.state.value,
        lease_expires_at=view.assignment.lease_expires_at,
        region_query=QueryOut(
            id=query.id,
            round_id=query.round_id,
            round_number=view.round.number,
            rank=query.rank,
            score=query.score,
            purpose=query.purpose,
            reason=query.reason,
        ),
        image=image_json(image),
        region=region_json(image, view.partition, query, blobs),
        prediction_png=prediction_png(view.prediction, blobs, box),
        model_version_id=query.model_version_id,
        crop_url=crop_url,
        crop_bbox=crop_bbox,
        segments_url=f"{_url(image)}/segments",
        returned=_returned_json(returned) if returned else None,
    )


def image_json(image: Image) -> QueriedImage:
    """The image a region lies in."""
    return QueriedImage(
        id=image.id,
        filename=image.filename,
        url=f"{_url(image)}/file",
        width=image.width,
        height=image.height,
    )


def region_json(
    image: Image, partition: Partition | None, query: RegionQuery, blobs: BlobStore
) -> QueriedRegion:
    """A region with its mask."""
    box = box_of(query)
    if partition is None:
        raise ConflictError(
            f"the regions of image {image.filename} are not made yet: try again in a moment",
            code=ProblemCode.REGIONS_NOT_MADE,
        )
    mask = region_mask(blobs, partition.region_map_key, query.region_index, box)
    return QueriedRegion(index=query.region_index, bbox=box, mask_png=mask_to_base64_png(mask))


def crop_json(image: Image, box: Box) -> tuple[Box, str]:
    """A region with its surroundings: their box, and where to get the picture of it."""
    x, y, width, height = crop_box(box, image.width, image.height)
    return (x, y, width, height), f"{_url(image)}/crop?x={x}&y={y}&w={width}&h={height}&max_px={CROP_MAX_PX}"


def prediction_png(prediction: PredictionSet | None, blobs: BlobStore, box: Box) -> str | None:
    """A model's answer inside the box; None before the first model and once it was cleaned up."""
    if prediction is None:
        return None
    try:
        return to_base64_png(layer_crop(blobs, prediction.prediction_key, box))
    except BlobNotFoundError:
        return None


def _url(image: Image) -> str:
    return f"{API}/images/{image.id}"


def _returned_json(view: AnnotationView) -> ReturnedAnswer:
    last = view.reviews[-1]
    return ReturnedAnswer(
        annotation_id=view.annotation.id,
        version=view.annotation.version,
        label_map_png=base64.b64encode(view.annotation.label_map_png).decode(),
        comment=last.comment,
        reviewer=last.reviewer,
    )
