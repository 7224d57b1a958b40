"""Annotations as people see them: each version with its state, its verdicts and whose it is. Reads only."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from sqlalchemy import ColumnElement, and_, case, func, literal, select
from sqlalchemy.orm import Session, aliased

from segloop.settings import QueryPurpose
from segloop_store.errors import NotFoundError
from segloop_store.models import (
    Annotation,
    Image,
    Partition,
    PredictionSet,
    Project,
    RegionQuery,
    Review,
    Round,
    User,
)
from segloop_store.repositories.verdicts import has_standing_fix, has_verdict, last_verdict
from segloop_store.states import Verdict


class AnnotationState(StrEnum):
    """Where one annotation version stands; worked out from versions, reviews and fixes, never stored.

    A fix is `accepted` while it stands and `undone` after; what it fixes is `fixed` meanwhile.
    """

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    FIXED = "fixed"
    SUPERSEDED = "superseded"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class ReviewView:
    """One verdict and whose it is."""

    verdict: Verdict
    comment: str
    reviewer_id: uuid.UUID
    reviewer: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AnnotationView:
    """An annotation with what a list shows beside it; `reviews` oldest first."""

    annotation: Annotation
    query: RegionQuery
    round_number: int
    username: str
    state: AnnotationState
    reviews: Sequence[ReviewView]


@dataclass(frozen=True, slots=True)
class AnnotationFilter:
    """Which annotations of a project; each narrows the list.

    Attributes:
        only_of: whose annotations the caller may see: theirs; None = everybody's.
    """

    user_id: uuid.UUID | None = None
    round_number: int | None = None
    round_id: uuid.UUID | None = None
    state: AnnotationState | None = None
    purpose: QueryPurpose | None = None
    only_of: uuid.UUID | None = None

    def only(self, user_id: uuid.UUID) -> Self:
        """The same, of what this user said alone."""
        return replace(self, only_of=user_id)

    def conditions(self, project_id: uuid.UUID) -> list[ColumnElement[bool]]:
        """The same as SQL."""
        given = [
            (self.user_id, Annotation.user_id == self.user_id),
            (self.round_number, Round.number == self.round_number),
            (self.round_id, Round.id == self.round_id),
            (self.state, _state() == (self.state or "")),
            (self.purpose, RegionQuery.purpose == self.purpose),
            (self.only_of, Annotation.user_id == self.only_of),
        ]
        return [
            Annotation.project_id == project_id,
            *(condition for value, condition in given if value is not None),
        ]


@dataclass(frozen=True, slots=True)
class RegionSeen:
    """What a reviewer looks at beside an answer.

    Attributes:
        then: what the model said when the region was asked: what its author saw.
        now: what the active model says; None before the first model, or until it is predicted.
    """

    image: Image
    partition: Partition | None
    then: PredictionSet | None
    now: PredictionSet | None


def get_view(session: Session, annotation_id: uuid.UUID) -> AnnotationView:
    """One annotation version.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = _views(session, Annotation.id == annotation_id, limit=1)
    if not found:
        raise NotFoundError(f"there is no annotation {annotation_id}")
    return found[0]


def list_views(
    session: Session,
    project_id: uuid.UUID,
    wanted: AnnotationFilter = AnnotationFilter(),
    *,
    after_id: uuid.UUID | None = None,
    limit: int = 50,
) -> list[AnnotationView]:
    """A project's annotation versions in the order they were made."""
    conditions = wanted.conditions(project_id)
    if after_id is not None:
        conditions.append(Annotation.id > after_id)
    return _views(session, *conditions, limit=limit)


def count_states(
    session: Session, project_id: uuid.UUID, wanted: AnnotationFilter = AnnotationFilter()
) -> dict[AnnotationState, int]:
    """How many annotation versions are in each state."""
    states = (
        select(_state().label("state"))
        .select_from(Annotation)
        .join(RegionQuery, RegionQuery.id == Annotation.region_query_id)
        .join(Round, Round.id == RegionQuery.round_id)
        .where(*wanted.conditions(project_id))
        .subquery()
    )
    rows = session.execute(select(states.c.state, func.count()).group_by(states.c.state))
    counts = {AnnotationState(state): count for state, count in rows}
    return {state: counts.get(state, 0) for state in AnnotationState}


def of_region(session: Session, view: AnnotationView) -> list[AnnotationView]:
    """Everything that was said of an annotation's region, oldest first: versions, fixes, second answers."""
    return _views(
        session,
        Annotation.image_id == view.annotation.image_id,
        Annotation.region_index == view.annotation.region_index,
    )


def region_seen(session: Session, view: AnnotationView) -> RegionSeen:
    """The rows behind what a reviewer looks at."""
    then, now = aliased(PredictionSet), aliased(PredictionSet)
    row = session.execute(
        select(Image, Partition, then, now)
        .join(Project, Project.id == Image.project_id)
        .outerjoin(Partition, Partition.image_id == Image.id)
        .outerjoin(
            then, and_(then.model_version_id == view.query.model_version_id, then.image_id == Image.id)
        )
        .outerjoin(
            now, and_(now.model_version_id == Project.active_model_version_id, now.image_id == Image.id)
        )
        .where(Image.id == view.annotation.image_id)
    ).one()
    return RegionSeen(*row)


def returned_of(
    session: Session, queries: Collection[RegionQuery], user_id: uuid.UUID
) -> dict[uuid.UUID, AnnotationView]:
    """Query id -> the user's answer to it that a reviewer has returned; one statement, none without any."""
    ids = [query.id for query in queries if query.returned_to == user_id]
    if not ids:
        return {}
    views = _views(
        session,
        Annotation.region_query_id.in_(ids),
        Annotation.user_id == user_id,
        _state() == AnnotationState.RETURNED.value,
    )
    return {view.query.id: view for view in views}


def _views(
    session: Session, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[AnnotationView]:
    rows = session.execute(
        select(Annotation, RegionQuery, Round.number, User.username, _state())
        .join(RegionQuery, RegionQuery.id == Annotation.region_query_id)
        .join(Round, Round.id == RegionQuery.round_id)
        .join(User, User.id == Annotation.user_id)
        .where(*conditions)
        .order_by(Annotation.id)
        .limit(limit)
    ).all()
    reviews = _reviews(session, [row[0].id for row in rows])
    return [AnnotationView(*row[:4], AnnotationState(row[4]), reviews[row[0].id]) for row in rows]


def _reviews(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[ReviewView]]:
    found: dict[uuid.UUID, list[ReviewView]] = defaultdict(list)
    if not ids:
        return found
    rows = session.execute(
        select(Review, User.username)
        .join(User, User.id == Review.reviewer_id)
        .where(Review.annotation_id.in_(ids))
        .order_by(Review.created_at, Review.id)
    )
    for review, username in rows:
        found[review.annotation_id].append(
            ReviewView(
                Verdict(review.verdict), review.comment, review.reviewer_id, username, review.created_at
            )
        )
    return found


def _state() -> ColumnElement[str]:
    newer = aliased(Annotation)
    has_newer = select(newer.id).where(
        newer.region_query_id == Annotation.region_query_id,
        newer.user_id == Annotation.user_id,
        newer.fixes_annotation_id.is_(None),
        newer.version > Annotation.version,
    )
    is_fix = Annotation.fixes_annotation_id.is_not(None)
    said = func.coalesce(last_verdict(), Verdict.UNDONE.value)
    return case(
        (and_(is_fix, has_verdict(Verdict.UNDONE)), literal(AnnotationState.UNDONE.value)),
        (has_standing_fix(), literal(AnnotationState.FIXED.value)),
        (is_fix, literal(AnnotationState.ACCEPTED.value)),
        (has_newer.correlate(Annotation).exists(), literal(AnnotationState.SUPERSEDED.value)),
        (said == Verdict.UNDONE.value, literal(AnnotationState.SUBMITTED.value)),
        else_=said,
    )
