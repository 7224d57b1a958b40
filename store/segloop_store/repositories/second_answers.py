"""Regions that two people answered independently, for measuring how well they agree. Knows rows, not pixels.

What counts is what each person said by themselves: their last version, but none they made after a reviewer
had returned one, and no reviewer's fix.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session

from segloop.settings import QueryPurpose
from segloop_store.models import Annotation, Image, RegionQuery, Review, Round, User
from segloop_store.states import QueryState, RoundState, Verdict


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """What one person said of a region."""

    annotation_id: uuid.UUID
    user_id: uuid.UUID
    username: str
    label_map_png: bytes


@dataclass(frozen=True, slots=True)
class Region:
    """A region that was asked twice in a round."""

    image_id: uuid.UUID
    filename: str
    region_index: int
    bbox: tuple[int, int, int, int]
    round_number: int


@dataclass(frozen=True, slots=True)
class AnsweredTwice:
    """A region and two people's answers to it, the earlier first."""

    region: Region
    first: OwnAnswer
    second: OwnAnswer


def answered_twice(
    session: Session, project_id: uuid.UUID, *, round_number: int | None = None
) -> Iterator[AnsweredTwice]:
    """Every pair of answers by two people to a region that was asked twice, in one statement.

    Args:
        session: an open transaction.
        project_id: whose regions; those of hidden images are left out.
        round_number: only this round's; None = all.
    """
    asked_twice = (
        select(RegionQuery.round_id, RegionQuery.image_id, RegionQuery.region_index)
        .where(RegionQuery.project_id == project_id, RegionQuery.purpose == QueryPurpose.AGREEMENT)
        .distinct()
        .subquery()
    )
    was_returned = exists().where(
        Review.annotation_id == Annotation.id, Review.verdict == Verdict.RETURNED.value
    )
    statement = (
        select(Annotation, User.username, RegionQuery, Image.filename, Round.number, was_returned)
        .join(RegionQuery, RegionQuery.id == Annotation.region_query_id)
        .join(
            asked_twice,
            and_(
                asked_twice.c.round_id == RegionQuery.round_id,
                asked_twice.c.image_id == RegionQuery.image_id,
                asked_twice.c.region_index == RegionQuery.region_index,
            ),
        )
        .join(Round, Round.id == RegionQuery.round_id)
        .join(Image, Image.id == Annotation.image_id)
        .join(User, User.id == Annotation.user_id)
        .where(Annotation.fixes_annotation_id.is_(None), Image.hidden_at.is_(None))
        .order_by(Round.number, RegionQuery.rank, Annotation.id)
    )
    if round_number is not None:
        statement = statement.where(Round.number == round_number)
    regions: dict[Region, dict[uuid.UUID, OwnAnswer]] = defaultdict(dict)
    over: set[tuple[uuid.UUID, uuid.UUID]] = set()
    for annotation, username, query, filename, number, is_returned in session.execute(statement):
        if (query.id, annotation.user_id) in over:
            continue
        if is_returned:
            over.add((query.id, annotation.user_id))
        bbox = (query.bbox_x, query.bbox_y, query.bbox_width, query.bbox_height)
        region = Region(query.image_id, filename, query.region_index, bbox, number)
        regions[region][annotation.user_id] = OwnAnswer(
            annotation.id, annotation.user_id, username, annotation.label_map_png
        )
    for region, answers in regions.items():
        for first, second in combinations(answers.values(), 2):
            yield AnsweredTwice(region, first, second)


def num_waiting(session: Session, project_id: uuid.UUID, *, round_number: int | None = None) -> int:
    """Regions of annotating rounds that still want a second answer."""
    statement = (
        select(func.count())
        .select_from(RegionQuery)
        .join(Round, Round.id == RegionQuery.round_id)
        .where(
            RegionQuery.project_id == project_id,
            RegionQuery.purpose == QueryPurpose.AGREEMENT,
            RegionQuery.state == QueryState.OPEN,
            Round.state == RoundState.ANNOTATING,
        )
    )
    if round_number is not None:
        statement = statement.where(Round.number == round_number)
    return session.scalar(statement) or 0
