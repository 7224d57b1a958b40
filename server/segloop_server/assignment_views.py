"""An assignment as the page sees it: one region's rows and pixels together. Called outside transactions."""

from segloop_server.region_pixels import Box, mask_to_base64_png, prediction_crop, region_mask, to_base64_png
from segloop_server.schemas.assignments import AssignmentOut, QueriedImage, QueriedRegion, QueryOut
from segloop_server.schemas.images import API
from segloop_store.blobs import BlobStore
from segloop_store.errors import BlobNotFoundError, ConflictError
from segloop_store.models import RegionQuery
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


def assignment_json(view: AssignmentView, blobs: BlobStore) -> AssignmentOut:
    """An assignment with its mask, and the prediction where there is one."""
    query, image, box = view.query, view.image, box_of(view.query)
    if view.partition is None:
        raise ConflictError(f"the regions of image {image.filename} are not made yet: try again in a moment")
    crop = crop_box(box, image.width, image.height)
    url = f"{API}/images/{image.id}"
    mask = region_mask(blobs, view.partition.region_map_key, query.region_index, box)
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
        image=QueriedImage(
            id=image.id, filename=image.filename, url=f"{url}/file", width=image.width, height=image.height
        ),
        region=QueriedRegion(index=query.region_index, bbox=box, mask_png=mask_to_base64_png(mask)),
        prediction_png=_prediction_png(view, blobs, box),
        model_version_id=query.model_version_id,
        crop_url=f"{url}/crop?x={crop[0]}&y={crop[1]}&w={crop[2]}&h={crop[3]}&max_px={CROP_MAX_PX}",
        crop_bbox=crop,
        segments_url=f"{url}/segments",
    )


def _prediction_png(view: AssignmentView, blobs: BlobStore, box: Box) -> str | None:
    """The model's answer inside the box; None before the first model and once it was cleaned up."""
    if view.prediction is None:
        return None
    try:
        return to_base64_png(prediction_crop(blobs, view.prediction.prediction_key, box))
    except BlobNotFoundError:
        return None
