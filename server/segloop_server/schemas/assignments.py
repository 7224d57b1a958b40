"""Assignments, drafts, answers, annotations and the queue as JSON."""

import uuid
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field

from segloop.settings import AnnotationKind, QueryPurpose
from segloop_server.schemas.common import Payload, Storable, Timestamp

DAY_SECONDS = 86_400.0
MAX_COUNT = 1_000_000

Seconds = Annotated[float, Field(ge=0, le=DAY_SECONDS, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Base64Png = Annotated[
    str, Field(min_length=1, description="base64 of an 8-bit index PNG of the region's box")
]


class QueryOut(BaseModel):
    """The question: how it ranks and why it is asked."""

    id: uuid.UUID
    round_id: uuid.UUID
    round_number: int
    rank: int
    score: float | None
    purpose: QueryPurpose
    reason: dict[str, Any]


class QueriedImage(BaseModel):
    """The image a region lies in."""

    id: uuid.UUID
    filename: str
    url: str
    width: int
    height: int


class QueriedRegion(BaseModel):
    """The region: `bbox` is x, y, width, height in image pixels, `mask_png` 255 inside the region."""

    index: int
    bbox: tuple[int, int, int, int]
    mask_png: str


class ReturnedAnswer(BaseModel):
    """The caller's own answer that a reviewer has returned: what to start from, and what is wrong with it."""

    annotation_id: uuid.UUID
    version: int
    label_map_png: str
    comment: str
    reviewer: str


class AssignmentOut(BaseModel):
    """A region in the caller's hands until `lease_expires_at`.

    `returned` is set where a reviewer wants another answer of the caller: any answer through this assignment
    is the next version, the same pixels too.
    """

    id: uuid.UUID
    state: str
    lease_expires_at: Timestamp
    region_query: QueryOut
    image: QueriedImage
    region: QueriedRegion
    prediction_png: str | None
    model_version_id: uuid.UUID | None
    crop_url: str
    crop_bbox: tuple[int, int, int, int]
    segments_url: str
    returned: ReturnedAnswer | None = None


class HeldAssignments(BaseModel):
    """What the caller holds now, best rank first."""

    items: list[AssignmentOut]


class Lease(BaseModel):
    """A renewed lease."""

    id: uuid.UUID
    lease_expires_at: Timestamp


class AnswerBody(Payload):
    """An answer to the region: every pixel inside a class or 254, every one outside 255.

    `seconds_spent`, `num_clicks`, `num_strokes` and `num_keys` are what this answer took; a changed answer
    sends what the change took.
    """

    label_map_png: Base64Png
    seconds_spent: Seconds
    num_clicks: Count
    num_strokes: Count = 0
    num_keys: Count = 0
    kind: AnnotationKind = AnnotationKind.EXACT


class AnswerTaken(BaseModel):
    """The annotation an answer became."""

    annotation_id: uuid.UUID
    version: int


class DraftBody(Payload):
    """Unfinished work; pixels inside the region may still be 255."""

    label_map_png: Base64Png
    seconds_spent: Seconds = 0.0
    num_clicks: Count = 0
    num_strokes: Count = 0
    num_keys: Count = 0


class DraftOut(BaseModel):
    """A kept draft. `is_late_answer`: a submit that came after the region had gone to somebody else."""

    assignment_id: uuid.UUID
    label_map_png: str
    seconds_spent: float
    num_clicks: int
    num_strokes: int
    num_keys: int
    is_late_answer: bool
    updated_at: Timestamp


class DraftItem(BaseModel):
    """One draft in the list: what it belongs to and how old it is, without its pixels."""

    assignment_id: uuid.UUID
    region_query_id: uuid.UUID
    image_id: uuid.UUID
    filename: str
    bbox: tuple[int, int, int, int]
    is_late_answer: bool
    updated_at: Timestamp
    age_seconds: float


class DraftList(BaseModel):
    """The caller's drafts that no answer has replaced, the latest first."""

    items: list[DraftItem]


class SkipBody(Payload):
    """Why a region is put aside."""

    reason: Annotated[str, Field(max_length=1000), Storable] = ""


class QueueState(StrEnum):
    """Why the caller does or does not get a region now."""

    READY = "ready"
    TRAINING = "training"
    EMPTY = "empty"
    CLOSED = "closed"


class QueueOut(BaseModel):
    """The queue as the caller sees it.

    `remaining` counts regions that still want an answer, those somebody holds (`leased`) and those the
    caller holds (`mine`) too. `training`: nothing to give out, a round is on its way. `empty`: nothing for
    the caller now. `closed`: the last round is over.
    """

    remaining: int
    leased: int
    mine: int
    annotated: int
    budget_regions: int | None
    round_number: int | None
    state: QueueState
    eta_seconds: float | None


class SkippedBy(BaseModel):
    """One person's skip."""

    user_id: uuid.UUID
    reason: str


class SkippedQuery(BaseModel):
    """A region that was skipped too often to stay in the queue."""

    id: uuid.UUID
    image_id: uuid.UUID
    filename: str
    region_index: int
    bbox: tuple[int, int, int, int]
    skips: list[SkippedBy]
