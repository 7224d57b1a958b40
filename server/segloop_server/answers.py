"""An answer as a client sends it, checked against its region. Reads blobs: called outside transactions."""

from segloop.settings import AnnotationKind, QueryPurpose
from segloop_server.assignment_views import box_of
from segloop_server.errors import InvalidFieldError
from segloop_server.region_pixels import check_answer, decode_box, region_mask
from segloop_server.schemas.annotations import FixBody
from segloop_server.schemas.assignments import AnswerBody
from segloop_store.blobs import BlobStore
from segloop_store.errors import ConflictError
from segloop_store.models import Partition, RegionQuery
from segloop_store.repositories.annotations import Answer


def answer_of(
    blobs: BlobStore,
    partition: Partition | None,
    query: RegionQuery,
    body: AnswerBody | FixBody,
    *,
    num_classes: int,
) -> Answer:
    """The answer in a request's body.

    Raises:
        InvalidFieldError: its pixels break a rule, or an audit was answered by one class for all; the message
            says which.
        ConflictError: the image has no regions yet.
    """
    if query.purpose is QueryPurpose.AUDIT and body.kind is AnnotationKind.DOMINANT:
        raise InvalidFieldError("kind", "an audit measures the model pixel by pixel: its answers are exact")
    box = box_of(query)
    label_map = decode_box(body.label_map_png, box)
    if partition is None:
        raise ConflictError("the regions of this image are not made yet: try again in a moment")
    mask = region_mask(blobs, partition.region_map_key, query.region_index, box)
    checked = check_answer(label_map, mask, num_classes=num_classes, kind=body.kind)
    return Answer(
        label_map_png=checked.label_map_png,
        label_map_sha256=checked.label_map_sha256,
        num_void_px=checked.num_void_px,
        kind=body.kind,
        annotation_seconds=body.seconds_spent,
        num_clicks=body.num_clicks,
        num_strokes=body.num_strokes,
        num_keys=body.num_keys,
    )
