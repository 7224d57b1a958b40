"""What reviewers make of answers: a verdict, a fix, and the way back from both.

Everything takes the locks of the region's queries first, as a submit takes its own: of two who act on one
region at once the second sees what the first has done. Nothing is overwritten: verdicts are added, and the
last one counts. Training snapshots name the versions they saw, so a verdict may be undone at any time.
"""

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from segloop.settings import QueryPurpose
from segloop_store.errors import ConflictError, NotFoundError
from segloop_store.models import Annotation, Membership, RegionQuery, Review, User
from segloop_store.problem_codes import ProblemCode
from segloop_store.repositories.annotations import Answer, add, record
from segloop_store.repositories.settling import last_version, settle
from segloop_store.repositories.verdicts import fixes_of, is_standing_fix
from segloop_store.states import Role, Verdict

MAY_REVIEW = (Role.REVIEWER, Role.OWNER)


def give_verdict(
    session: Session, annotation_id: uuid.UUID, *, reviewer_id: uuid.UUID, verdict: Verdict, comment: str
) -> Review:
    """Accept the last version of an answer, or return it to its author. The same again changes nothing.

    Raises:
        NotFoundError: there is no such annotation.
        ConflictError: it is not the last version, it was fixed, or it has a verdict already.
    """
    annotation, queries = _lock(session, annotation_id)
    if annotation.fixes_annotation_id is not None:
        raise ConflictError(
            "this is a reviewer's fix: it counts until it is undone", code=ProblemCode.FIX_STANDS
        )
    _refuse_outdated(session, annotation)
    fixed = _standing_fix(session, annotation, queries)
    if fixed is not None:
        name = _name(session, fixed.user_id)
        raise ConflictError(
            f"{name} has fixed this answer: undo the fix first", code=ProblemCode.ANSWER_FIXED, name=name
        )
    last = last_review(session, annotation_id)
    if last is not None and last.verdict != Verdict.UNDONE:
        if (last.verdict, last.comment, last.reviewer_id) == (verdict, comment, reviewer_id):
            return last
        name = _name(session, last.reviewer_id)
        raise ConflictError(
            f"{name} has {last.verdict} it already: undo it first",
            code=ProblemCode.ANSWER_REVIEWED,
            name=name,
            verdict=last.verdict,
        )
    return _add(session, annotation, queries, reviewer_id=reviewer_id, verdict=verdict, comment=comment)


def fix(session: Session, annotation_id: uuid.UUID, answer: Answer, *, reviewer_id: uuid.UUID) -> Annotation:
    """Put a reviewer's own answer in place of one. It wins over everything said of the region.

    A second answer is only measured, so its fix is kept with the query that the region was first asked by: a
    fix is always trained on. The same again changes nothing.

    Raises:
        NotFoundError: there is no such annotation.
        ConflictError: it is not the last version, or somebody has fixed it already.
    """
    annotation, queries = _lock(session, annotation_id)
    if annotation.fixes_annotation_id is None:
        _refuse_outdated(session, annotation)
    earlier = _standing_fix(session, annotation, queries)
    if earlier is not None:
        is_same = (earlier.user_id, earlier.label_map_sha256, earlier.kind) == (
            reviewer_id,
            answer.label_map_sha256,
            answer.kind,
        )
        if is_same:
            return earlier
        name = _name(session, earlier.user_id)
        raise ConflictError(
            f"{name} has fixed it already: look at that first", code=ProblemCode.ANSWER_FIXED, name=name
        )
    query = _home_of(annotation, queries)
    fixed = add(session, query, answer, user_id=reviewer_id, fixes_annotation_id=annotation.id)
    record(session, "annotation.fixed", fixed, query, user_id=reviewer_id)
    _settle_all(session, queries)
    return fixed


def undo(session: Session, annotation_id: uuid.UUID, *, user_id: uuid.UUID) -> None:
    """Take back the verdict on an answer, or a fix; without either nothing changes.

    Raises:
        NotFoundError: there is no such annotation.
        ConflictError: its author has answered again, or the fix was fixed.
    """
    annotation, queries = _lock(session, annotation_id)
    last = last_review(session, annotation_id)
    is_fix = annotation.fixes_annotation_id is not None
    if (last is None and not is_fix) or (last is not None and last.verdict == Verdict.UNDONE):
        return
    if not is_fix:
        _refuse_outdated(session, annotation)
    elif _standing_fix(session, annotation, queries) is not None:
        raise ConflictError("this fix was fixed in turn: undo that first", code=ProblemCode.FIX_WAS_FIXED)
    _add(session, annotation, queries, reviewer_id=user_id, verdict=Verdict.UNDONE, comment="")


def whose_to_undo(session: Session, annotation: Annotation) -> uuid.UUID | None:
    """Who gave the verdict that counts, or made the fix; None when there is nothing to undo."""
    if annotation.fixes_annotation_id is not None:
        return annotation.user_id
    last = last_review(session, annotation.id)
    return None if last is None or last.verdict == Verdict.UNDONE else last.reviewer_id


def last_review(session: Session, annotation_id: uuid.UUID) -> Review | None:
    """The review that counts."""
    return session.scalar(
        select(Review)
        .where(Review.annotation_id == annotation_id)
        .order_by(Review.created_at.desc(), Review.id.desc())
        .limit(1)
    )


def may_anybody_else_review(session: Session, project_id: uuid.UUID, user_id: uuid.UUID) -> bool:
    """Whether the project has a reviewer or owner besides this user."""
    other = (
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.project_id == project_id,
            Membership.user_id != user_id,
            Membership.role.in_(MAY_REVIEW),
            User.disabled_at.is_(None),
        )
    )
    return session.scalar(other.limit(1)) is not None


def _lock(session: Session, annotation_id: uuid.UUID) -> tuple[Annotation, Sequence[RegionQuery]]:
    """An annotation and every query of its region, fresh and locked until the transaction ends."""
    annotation = session.get(Annotation, annotation_id)
    if annotation is None:
        raise NotFoundError("there is no such annotation")
    queries = session.scalars(
        select(RegionQuery)
        .where(
            RegionQuery.image_id == annotation.image_id,
            RegionQuery.region_index == annotation.region_index,
        )
        .order_by(RegionQuery.id)
        .with_for_update(),
        execution_options={"populate_existing": True},
    ).all()
    return annotation, queries


def _refuse_outdated(session: Session, annotation: Annotation) -> None:
    last = last_version(session, annotation.region_query_id, annotation.user_id)
    if last is not None and last.id != annotation.id:
        name = _name(session, annotation.user_id)
        raise ConflictError(
            f"version {annotation.version} is outdated: {name} has answered again (version {last.version})",
            code=ProblemCode.ANSWER_OUTDATED,
            version=annotation.version,
            name=name,
            last=last.version,
        )


def _standing_fix(
    session: Session, annotation: Annotation, queries: Sequence[RegionQuery]
) -> Annotation | None:
    """What stands in the annotation's place: of an answer any fix of its query, of a fix the one of it."""
    if annotation.fixes_annotation_id is None:
        return session.scalars(fixes_of(_query_of(annotation, queries)).limit(1)).first()
    of_it = select(Annotation).where(Annotation.fixes_annotation_id == annotation.id, is_standing_fix())
    return session.scalars(of_it.limit(1)).first()


def _query_of(annotation: Annotation, queries: Sequence[RegionQuery]) -> RegionQuery:
    return next(query for query in queries if query.id == annotation.region_query_id)


def _home_of(annotation: Annotation, queries: Sequence[RegionQuery]) -> RegionQuery:
    own = _query_of(annotation, queries)
    if own.purpose is not QueryPurpose.AGREEMENT:
        return own
    first = (
        query
        for query in queries
        if query.round_id == own.round_id and query.purpose is not QueryPurpose.AGREEMENT
    )
    return next(first, own)


def _add(
    session: Session,
    annotation: Annotation,
    queries: Sequence[RegionQuery],
    *,
    reviewer_id: uuid.UUID,
    verdict: Verdict,
    comment: str,
) -> Review:
    review = Review(annotation_id=annotation.id, reviewer_id=reviewer_id, verdict=verdict, comment=comment)
    session.add(review)
    session.flush()
    query = _query_of(annotation, queries)
    record(session, "annotation.reviewed", annotation, query, user_id=reviewer_id, verdict=verdict)
    _settle_all(session, queries)
    return review


def _settle_all(session: Session, queries: Sequence[RegionQuery]) -> None:
    """A fix of one query may settle another of the region; those nobody has answered stay as they are."""
    for query in queries:
        if query.num_answered or query.returned_to is not None:
            settle(session, query)


def _name(session: Session, user_id: uuid.UUID) -> str:
    return session.scalar(select(User.username).where(User.id == user_id)) or "somebody"
