"""What jobs need to know of one another: who waits for whom, and whose turn it is to decide what follows."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from segloop.settings import Split
from segloop_store.database import wake_after_commit
from segloop_store.errors import NotFoundError
from segloop_store.models import (
    Annotation,
    Export,
    GroundTruth,
    Image,
    Job,
    LabelClass,
    ModelVersion,
    Partition,
    PredictionSet,
    RegionQuery,
    Round,
    User,
)
from segloop_store.states import ACTIVE_ROUND_STATES, JobKind, JobState, Queue
from segloop_store.workers import living

_IDS_A_QUERY = 500
_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class AnnotationFacts:
    """What an export says of an answer; `model_version`: the number of the one whose prediction was shown."""

    round_number: int
    annotator: str
    model_version: int | None
    annotation_seconds: float
    num_clicks: int


def job(session: Session, job_id: uuid.UUID) -> Job | None:
    """One job, or None."""
    return session.get(Job, job_id)


def locked_round(session: Session, round_id: uuid.UUID) -> Round:
    """A round nobody else can move before this transaction ends.

    Two shards that end at once take their turn here, so that exactly one of them sees itself as the last.

    Raises:
        NotFoundError: there is no such round.
    """
    statement = select(Round).where(Round.id == round_id).with_for_update()
    found = session.scalars(statement, execution_options={"populate_existing": True}).one_or_none()
    if found is None:
        raise NotFoundError(f"there is no round {round_id}")
    return found


def unfinished_jobs(
    session: Session,
    *,
    kinds: Sequence[JobKind],
    project_id: uuid.UUID | None = None,
    round_id: uuid.UUID | None = None,
    but: uuid.UUID | None = None,
) -> Sequence[Job]:
    """Jobs of these kinds that wait or run, oldest first."""
    statement = select(Job).where(Job.kind.in_(kinds), Job.state.in_(_UNFINISHED)).order_by(Job.created_at)
    if project_id is not None:
        statement = statement.where(Job.project_id == project_id)
    if round_id is not None:
        statement = statement.where(Job.round_id == round_id)
    if but is not None:
        statement = statement.where(Job.id != but)
    return session.scalars(statement).all()


def are_others_done(session: Session, job: Job) -> bool:
    """Whether all other jobs of this kind that its round counts on are done.

    A cancelled job without its key does not count: another took its place when the round was tried again.
    """
    left = select(Job.id).where(
        Job.round_id == job.round_id,
        Job.kind == job.kind,
        Job.id != job.id,
        Job.dedupe_key.is_not(None),
        Job.state != JobState.DONE,
    )
    return session.scalar(left.limit(1)) is None


def say_why_it_waits(session: Session, job_id: uuid.UUID, reason: str) -> None:
    """Note why a queued job does not start yet."""
    session.execute(
        update(Job).where(Job.id == job_id, Job.state == JobState.QUEUED).values(waiting_reason=reason[:255]),
        execution_options={"synchronize_session": False},
    )


def wake_queued(session: Session, project_id: uuid.UUID) -> None:
    """Send the wake-ups of a project's queued jobs again: what they waited for may be there now."""
    statement = select(Job.id, Job.queue).where(Job.project_id == project_id, Job.state == JobState.QUEUED)
    for job_id, queue in session.execute(statement.order_by(Job.created_at)):
        wake_after_commit(session, job_id, queue)


def queued_jobs(session: Session, *, limit: int, queue: Queue | None = None) -> Sequence[Job]:
    """Jobs that wait for a worker, of one queue or of both, oldest first."""
    statement = select(Job).where(Job.state == JobState.QUEUED).order_by(Job.created_at).limit(limit)
    if queue is not None:
        statement = statement.where(Job.queue == queue)
    return session.scalars(statement).all()


def torch_devices(session: Session, *, seen_within_seconds: float) -> set[tuple[str, str]]:
    """(host, name) of the compute devices of all living workers that take torch jobs."""
    return {
        (worker.host, device)
        for worker in living(session, within_seconds=seen_within_seconds)
        if Queue.TORCH.value in worker.queues.split(",")
        for device in worker.devices
    }


def round_by_id(session: Session, round_id: uuid.UUID) -> Round:
    """One round.

    Raises:
        NotFoundError: there is no such round.
    """
    found = session.get(Round, round_id)
    if found is None:
        raise NotFoundError(f"there is no round {round_id}")
    return found


def finished_results(session: Session, *, round_id: uuid.UUID, kind: JobKind) -> dict[str, Any]:
    """What the round's latest finished job of a kind left; nothing where there is none."""
    statement = select(Job.results).where(
        Job.round_id == round_id, Job.kind == kind, Job.state == JobState.DONE
    )
    found: dict[str, Any] | None = session.scalar(statement.order_by(Job.finished_at.desc()).limit(1))
    return found or {}


def num_images(session: Session, project_id: uuid.UUID) -> int:
    """Images of a project that are not hidden."""
    statement = select(func.count(Image.id)).where(Image.project_id == project_id, Image.hidden_at.is_(None))
    return session.scalar(statement) or 0


def has_unscored_images(session: Session, round_id: uuid.UUID | None) -> bool:
    """Whether the pool has images, ready to be asked about, that the round's model has not scored."""
    is_scored = select(PredictionSet.id).where(
        PredictionSet.model_version_id == ModelVersion.id, PredictionSet.image_id == Image.id
    )
    unscored = (
        select(Image.id)
        .join(ModelVersion, ModelVersion.project_id == Image.project_id)
        .join(Partition, Partition.image_id == Image.id)
        .where(
            ModelVersion.round_id == round_id,
            Image.split == Split.POOL,
            Image.hidden_at.is_(None),
            ~is_scored.exists(),
        )
    )
    return session.scalar(unscored.limit(1)) is not None


def num_classes(session: Session, project_id: uuid.UUID) -> int:
    """Classes a project has now, merged ones too: an index is never reused."""
    statement = select(func.max(LabelClass.index)).where(LabelClass.project_id == project_id)
    last: int | None = session.scalar(statement)
    return 0 if last is None else last + 1


def label_classes(session: Session, project_id: uuid.UUID) -> Sequence[LabelClass]:
    """A project's classes by index."""
    statement = select(LabelClass).where(LabelClass.project_id == project_id).order_by(LabelClass.index)
    return session.scalars(statement).all()


def truth_keys(session: Session, truth_ids: Collection[uuid.UUID]) -> dict[str, str]:
    """Truth id, as text -> the key of its label map."""
    ids = list(truth_ids)
    found: dict[str, str] = {}
    for start in range(0, len(ids), _IDS_A_QUERY):
        statement = select(GroundTruth.id, GroundTruth.label_map_key)
        chunk = statement.where(GroundTruth.id.in_(ids[start : start + _IDS_A_QUERY]))
        found |= {str(truth_id): key for truth_id, key in session.execute(chunk)}
    return found


def versions_with_predictions(session: Session, project_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """Model versions of a project that still have predictions, newest first."""
    statement = (
        select(ModelVersion.id)
        .where(
            ModelVersion.project_id == project_id,
            select(PredictionSet.id).where(PredictionSet.model_version_id == ModelVersion.id).exists(),
        )
        .order_by(ModelVersion.number.desc())
    )
    return session.scalars(statement).all()


def annotation_facts(session: Session, project_id: uuid.UUID) -> dict[uuid.UUID, AnnotationFacts]:
    """Annotation id -> who said it, when it was asked and what it cost, of a whole project."""
    statement = (
        select(
            Annotation.id,
            Round.number,
            User.username,
            ModelVersion.number,
            Annotation.annotation_seconds,
            Annotation.num_clicks,
        )
        .join(RegionQuery, RegionQuery.id == Annotation.region_query_id)
        .join(Round, Round.id == RegionQuery.round_id)
        .join(User, User.id == Annotation.user_id)
        .outerjoin(ModelVersion, ModelVersion.id == RegionQuery.model_version_id)
        .where(Annotation.project_id == project_id)
    )
    return {row[0]: AnnotationFacts(*row[1:]) for row in session.execute(statement)}


def stranded(session: Session) -> Sequence[Job]:
    """Jobs that failed or were cancelled while the round or export they worked for still waits for them.

    A waiting job may be cancelled by hand, without any worker; then nobody else would tell.
    """
    is_over = Job.state.in_((JobState.CANCELLED, JobState.FAILED))
    other = aliased(Job)
    goes_on = select(other.id).where(other.round_id == Round.id, other.state.in_(_UNFINISHED)).exists()
    of_rounds = (
        select(Job)
        .join(Round, Round.id == Job.round_id)
        .where(is_over, Round.state.in_(ACTIVE_ROUND_STATES), ~goes_on)
        .order_by(Job.finished_at)
    )
    exports = select(Export.id).where(Export.state.in_(_UNFINISHED))
    keys = [f"export:{export_id}" for export_id in session.scalars(exports)]
    of_exports = select(Job).where(is_over, Job.dedupe_key.in_(keys))
    return [*session.scalars(of_rounds), *session.scalars(of_exports)]
