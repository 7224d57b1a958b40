"""Annotations, their reviews, and how well people agree, as JSON."""

import uuid
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from segloop.settings import AnnotationKind, QueryPurpose
from segloop_server.schemas.assignments import Base64Png, Count, QueriedImage, QueriedRegion, Seconds
from segloop_server.schemas.common import Payload, Storable, Timestamp
from segloop_store.repositories.annotation_views import AnnotationState
from segloop_store.states import Verdict


class ReviewOut(BaseModel):
    """One verdict; the last one counts, `undone` takes back what was said before."""

    verdict: Verdict
    comment: str
    reviewer_id: uuid.UUID
    reviewer: str
    created_at: Timestamp


class AnnotationOut(BaseModel):
    """One annotation version. What it cost is null for anybody but owners and the author.

    `state`: `submitted` waits for a review; `accepted`; `returned` to its author, and out of training until
    they answer again; `superseded` by a later version; `fixed` by a reviewer; `undone`, a fix taken back. A
    fix says in `fixes_annotation_id` what it stands in for, and is `accepted` while it stands.
    """

    id: uuid.UUID
    region_query_id: uuid.UUID
    assignment_id: uuid.UUID | None
    image_id: uuid.UUID
    region_index: int
    bbox: tuple[int, int, int, int]
    round: int
    purpose: QueryPurpose
    user_id: uuid.UUID
    username: str
    version: int
    kind: AnnotationKind
    state: AnnotationState
    fixes_annotation_id: uuid.UUID | None
    reviews: list[ReviewOut]
    num_void_px: int
    annotation_seconds: float | None
    num_clicks: int | None
    num_strokes: int | None
    num_keys: int | None
    created_at: Timestamp


class AnnotationPixels(AnnotationOut):
    """An annotation with its pixels: base64 index PNG of the bbox, 255 outside the region."""

    label_map_png: str


class AnnotationDetail(AnnotationPixels):
    """Everything a reviewer looks at.

    `prediction_png` is what the model said when the region was asked, and its author saw (of
    `model_version_id`); `prediction_now_png` what the active model says (of `model_version_now_id`). Both
    null where there is none. `history` holds everything that was said of the region, this version too,
    oldest first: versions, fixes, and what somebody else answered where it was asked twice.
    """

    image: QueriedImage
    region: QueriedRegion
    crop_url: str
    crop_bbox: tuple[int, int, int, int]
    prediction_png: str | None
    model_version_id: uuid.UUID | None
    prediction_now_png: str | None
    model_version_now_id: uuid.UUID | None
    history: list[AnnotationPixels]


class AnnotationCounts(BaseModel):
    """Annotation versions by state; `submitted` is what is left to review."""

    submitted: int
    accepted: int
    returned: int
    fixed: int
    superseded: int
    undone: int


class ReviewBody(Payload):
    """A verdict on the last version of an answer."""

    verdict: Literal[Verdict.ACCEPTED, Verdict.RETURNED]
    comment: Annotated[str, Field(max_length=4000), Storable] = ""


class FixBody(Payload):
    """A reviewer's own answer in place of another: every pixel of the region a class or 254, else 255."""

    label_map_png: Base64Png
    seconds_spent: Seconds = 0.0
    num_clicks: Count = 0
    num_strokes: Count = 0
    num_keys: Count = 0
    kind: AnnotationKind = AnnotationKind.EXACT


class AgreementNumbers(BaseModel):
    """How alike answers are, over the pixels of regions answered twice, pooled.

    `kappa` is Cohen's: 1 = the same everywhere, 0 = as chance would have it; null where there is nothing to
    tell, one class throughout for one. Void is a class of its own. `iou_per_class` by class index, null for a
    class nobody used.
    """

    num_regions: int
    num_pixels: int
    pixel_agreement: float | None
    kappa: float | None
    iou_per_class: list[float | None]
    void_iou: float | None


class AnnotatorAgreement(AgreementNumbers):
    """One person against all others who answered the same regions."""

    user_id: uuid.UUID
    username: str


class AnsweredTwiceOut(BaseModel):
    """A region two people answered, and how alike their answers are."""

    image_id: uuid.UUID
    filename: str
    region_index: int
    bbox: tuple[int, int, int, int]
    round: int
    annotation_ids: tuple[uuid.UUID, uuid.UUID]
    usernames: tuple[str, str]
    pixel_agreement: float
    kappa: float | None


class AgreementOut(AgreementNumbers):
    """How well people agree in a project.

    `num_waiting` regions are still to be answered a second time. `regions`: those people agree on least
    first, a page of them; the numbers are of all `num_regions`, whatever the page.
    """

    num_waiting: int
    annotators: list[AnnotatorAgreement]
    regions: list[AnsweredTwiceOut]
    next_cursor: str | None = None
