"""The verdict that counts of an annotation, and the fixes that stand, as SQL to build statements from.

Reviews are only ever added: the last one of an annotation counts, and one that says `undone` takes back what
was said before it. A fix is an annotation that points to the one it fixes; `undone` takes a fix back too.
"""

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from segloop_store.models import Annotation, RegionQuery, Review
from segloop_store.states import Verdict

AnyAnnotation = type[Annotation]
"""Annotation, or an alias of it."""


def last_verdict(annotation: AnyAnnotation = Annotation) -> ScalarSelect[str]:
    """What the last review of an annotation says; NULL without any."""
    return (
        select(Review.verdict)
        .where(Review.annotation_id == annotation.id)
        .order_by(Review.created_at.desc(), Review.id.desc())
        .limit(1)
        .correlate(annotation)
        .scalar_subquery()
    )


def has_verdict(verdict: Verdict, annotation: AnyAnnotation = Annotation) -> ColumnElement[bool]:
    """Whether this is the verdict that counts; never NULL."""
    return func.coalesce(last_verdict(annotation), "") == verdict.value


def is_standing_fix(annotation: AnyAnnotation = Annotation) -> ColumnElement[bool]:
    """Whether the annotation is a reviewer's fix that nobody has taken back."""
    return and_(annotation.fixes_annotation_id.is_not(None), ~has_verdict(Verdict.UNDONE, annotation))


def has_standing_fix() -> ColumnElement[bool]:
    """Whether a fix stands in an annotation's place: one of it, or of another answer to its query."""
    fix = aliased(Annotation)
    is_in_place = or_(
        fix.fixes_annotation_id == Annotation.id,
        and_(
            Annotation.fixes_annotation_id.is_(None),
            fix.region_query_id == Annotation.region_query_id,
        ),
    )
    standing = select(fix.id).where(
        # of the same region anyway: said so that its index is used
        fix.image_id == Annotation.image_id,
        fix.region_index == Annotation.region_index,
        is_in_place,
        is_standing_fix(fix),
    )
    return standing.correlate(Annotation).exists()


def fixes_of(query: RegionQuery) -> Select[Annotation]:
    """The fixes that settle a region query, newest first: kept with it, or of an answer to it."""
    answer = aliased(Annotation)
    answers = select(answer.id).where(answer.region_query_id == query.id)
    return (
        select(Annotation)
        .where(
            Annotation.image_id == query.image_id,
            Annotation.region_index == query.region_index,
            or_(Annotation.region_query_id == query.id, Annotation.fixes_annotation_id.in_(answers)),
            is_standing_fix(),
        )
        .order_by(Annotation.created_at.desc(), Annotation.id.desc())
    )
