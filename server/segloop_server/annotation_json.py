"""Annotations as JSON: with their pixels, and with everything a reviewer looks at."""

import base64
from collections.abc import Sequence

from segloop_server.assignment_views import box_of, crop_json, image_json, prediction_png, region_json
from segloop_server.dependencies import Access, Caller
from segloop_server.schemas.annotations import AnnotationDetail, AnnotationOut, AnnotationPixels, ReviewOut
from segloop_store.blobs import BlobStore
from segloop_store.repositories.annotation_views import AnnotationView, RegionSeen
from segloop_store.states import Role


def annotation_json(view: AnnotationView, access: Access, caller: Caller) -> AnnotationOut:
    """One annotation version; what it cost is for owners and its author."""
    annotation, query = view.annotation, view.query
    sees_cost = access.role is Role.OWNER or annotation.user_id == caller.user_id
    return AnnotationOut(
        id=annotation.id,
        region_query_id=annotation.region_query_id,
        assignment_id=annotation.assignment_id,
        image_id=annotation.image_id,
        region_index=annotation.region_index,
        bbox=box_of(query),
        round=view.round_number,
        purpose=query.purpose,
        user_id=annotation.user_id,
        username=view.username,
        version=annotation.version,
        kind=annotation.kind,
        state=view.state,
        fixes_annotation_id=annotation.fixes_annotation_id,
        reviews=[
            ReviewOut(
                verdict=review.verdict,
                comment=review.comment,
                reviewer_id=review.reviewer_id,
                reviewer=review.reviewer,
                created_at=review.created_at,
            )
            for review in view.reviews
        ],
        num_void_px=annotation.num_void_px,
        annotation_seconds=annotation.annotation_seconds if sees_cost else None,
        num_clicks=annotation.num_clicks if sees_cost else None,
        num_strokes=annotation.num_strokes if sees_cost else None,
        num_keys=annotation.num_keys if sees_cost else None,
        created_at=annotation.created_at,
    )


def pixels_json(view: AnnotationView, access: Access, caller: Caller) -> AnnotationPixels:
    """An annotation with its label map."""
    pixels = base64.b64encode(view.annotation.label_map_png).decode()
    return AnnotationPixels(**annotation_json(view, access, caller).model_dump(), label_map_png=pixels)


def detail_json(
    view: AnnotationView,
    history: Sequence[AnnotationView],
    seen: RegionSeen,
    blobs: BlobStore,
    *,
    access: Access,
    caller: Caller,
) -> AnnotationDetail:
    """What a reviewer looks at. Reads blobs: called outside transactions."""
    box = box_of(view.query)
    crop_bbox, crop_url = crop_json(seen.image, box)
    return AnnotationDetail(
        **pixels_json(view, access, caller).model_dump(),
        image=image_json(seen.image),
        region=region_json(seen.image, seen.partition, view.query, blobs),
        crop_url=crop_url,
        crop_bbox=crop_bbox,
        prediction_png=prediction_png(seen.then, blobs, box),
        model_version_id=view.query.model_version_id,
        prediction_now_png=prediction_png(seen.now, blobs, box),
        model_version_now_id=seen.now.model_version_id if seen.now else None,
        history=[pixels_json(item, access, caller) for item in history],
    )
