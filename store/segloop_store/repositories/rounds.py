"""Rounds as people see and steer them: start with a budget, list, cancel, close, retry.

Knows nothing of training: it adds the round's first job, and `segloop_worker.pipeline` decides what follows.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from segloop.errors import EmptyPoolError
from segloop.settings import QueryPurpose, RoundSettings
from segloop_store import events, jobs, transitions
from segloop_store.clock import now
from segloop_store.database import unique_or_conflict
from segloop_store.errors import ConflictError, NotFoundError
from segloop_store.models import (
    Annotation,
    GroundTruth,
    Image,
    Job,
    Project,
    RegionQuery,
    Round,
)
from segloop_store.problem_codes import ProblemCode
from segloop_store.repositories import queries
from segloop_store.repositories.budgets import (
    Budget,
    PoolSize,
    in_pool,
    pool_size,
    regions_in,
    work_out_budget,
)
from segloop_store.repositories.verdicts import has_verdict
from segloop_store.states import (
    ACTIVE_ROUND_STATES,
    JobKind,
    JobState,
    Process,
    RoundState,
    Verdict,
)

_JUST_STARTED = "another round of this project has just been started: wait for it or cancel it first"


@dataclass(frozen=True, slots=True)
class RoundView:
    """A round with what belongs to it counted.

    Attributes:
        round: the row.
        num_queries: regions it asked about so far; 0 before its queries are published.
        annotated_regions: those with at least one answer; agreement questions do not count.
        budget_regions: what was asked for; with a budget in pixels an estimate until the queries are there.
        jobs: its jobs in the order they were made.
    """

    round: Round
    num_queries: int
    annotated_regions: int
    budget_regions: int
    jobs: Sequence[Job]


def is_anything_known(session: Session, project_id: uuid.UUID) -> bool:
    """True if the pool holds an uploaded truth or an answer a training may use."""
    truth = (
        select(GroundTruth.id)
        .join(Image, Image.id == GroundTruth.image_id)
        .where(*in_pool(project_id), GroundTruth.num_labelled_px > 0)
        .limit(1)
    )
    answer = (
        select(Annotation.id)
        .join(RegionQuery, RegionQuery.id == Annotation.region_query_id)
        .join(Image, Image.id == Annotation.image_id)
        .where(*in_pool(project_id), RegionQuery.purpose == QueryPurpose.SELECTED)
        .where(~has_verdict(Verdict.RETURNED))
        .limit(1)
    )
    return session.scalar(truth) is not None or session.scalar(answer) is not None


def start(
    session: Session,
    *,
    project_id: uuid.UUID,
    user_id: uuid.UUID,
    settings: RoundSettings,
    budget_regions: int | None,
    budget_fraction: float | None,
) -> Round:
    """Make the project's next round and its first job.

    Raises:
        ConflictError: another round is not annotating yet, or a budget of 0 has nothing to train on.
        EmptyPoolError: the project has no pool image.
    """
    # Two starts take their turn here on PostgreSQL; the unique indexes hold whatever happens.
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    _refuse_second(session, project_id)
    pool = pool_size(session, project_id)
    if pool.num_images == 0:
        raise EmptyPoolError(
            "the pool is empty: upload images with split = pool before starting a round",
            code=ProblemCode.POOL_EMPTY,
        )
    budget = work_out_budget(pool, regions=budget_regions, fraction=budget_fraction)
    is_known = is_anything_known(session, project_id)
    if budget.regions == 0 and not is_known:
        raise ConflictError(
            "nothing is labelled yet, so a round with a budget of 0 has nothing to train on",
            code=ProblemCode.NOTHING_LABELLED,
        )
    round_ = _insert(session, project_id, user_id, settings, budget)
    _add_first_job(session, round_, is_known=is_known)
    return _log(session, round_, "round.queued", user_id)


def _refuse_second(session: Session, project_id: uuid.UUID) -> None:
    active = session.execute(
        select(Round.number, Round.state).where(
            Round.project_id == project_id, Round.state.in_(ACTIVE_ROUND_STATES)
        )
    ).first()
    if active is not None:
        raise ConflictError(
            f"round {active.number} is {active.state.value}: wait for it or cancel it first",
            code=ProblemCode.ROUND_ACTIVE,
            number=active.number,
            state=active.state.value,
        )


def _insert(
    session: Session, project_id: uuid.UUID, user_id: uuid.UUID, settings: RoundSettings, budget: Budget
) -> Round:
    last = session.scalar(select(func.max(Round.number)).where(Round.project_id == project_id))
    round_ = Round(
        project_id=project_id,
        number=0 if last is None else last + 1,
        method=settings.method,
        acquisition=settings.acquisition,
        settings=settings.to_mapping(),
        budget_regions=budget.regions,
        budget_pixels=budget.pixels,
        budget_fraction=budget.fraction,
        created_by=user_id,
    )
    with unique_or_conflict(session, _JUST_STARTED, code=ProblemCode.ROUND_JUST_STARTED):
        session.add(round_)
    return round_


def _add_first_job(session: Session, round_: Round, *, is_known: bool) -> Job:
    kind = JobKind.TRAIN if is_known else JobKind.FEATURES
    return jobs.add_job(
        session,
        kind,
        project_id=round_.project_id,
        round_id=round_.id,
        payload={"round_id": str(round_.id)},
        dedupe_key=f"{kind.value}:{round_.id}",
    )


def get(session: Session, round_id: uuid.UUID) -> Round:
    """One round.

    Raises:
        NotFoundError: there is none with this id.
    """
    round_ = session.get(Round, round_id)
    if round_ is None:
        raise NotFoundError(f"there is no round {round_id}")
    return round_


def find(session: Session, round_ids: Sequence[uuid.UUID]) -> Sequence[Round]:
    """Those of the rounds that are there; without ids, no statement."""
    return session.scalars(select(Round).where(Round.id.in_(round_ids))).all() if round_ids else []


def _get_locked(session: Session, round_id: uuid.UUID) -> Round:
    round_ = session.scalar(
        select(Round).where(Round.id == round_id).with_for_update().execution_options(populate_existing=True)
    )
    if round_ is None:
        raise NotFoundError(f"there is no round {round_id}")
    return round_


def _get_locked_with_jobs(session: Session, round_id: uuid.UUID) -> tuple[Round, Sequence[Job]]:
    """A round and its unfinished jobs, locked as workers lock them: the jobs, by id, before the round.

    The other way round, a worker that holds its job and wants the round would wait for us, and we for it.
    Jobs that were added before the round was ours are not locked yet: then both are let go and taken anew.
    """
    is_unfinished = and_(Job.round_id == round_id, Job.state.in_((JobState.QUEUED, JobState.RUNNING)))
    statement = select(Job).where(is_unfinished).order_by(Job.id)
    fresh = {"populate_existing": True}
    while True:
        with session.begin_nested() as savepoint:
            unfinished = session.scalars(statement.with_for_update(), execution_options=fresh).all()
            round_ = _get_locked(session, round_id)
            if set(session.scalars(select(Job.id).where(is_unfinished))) <= {job.id for job in unfinished}:
                return round_, unfinished
            savepoint.rollback()


def view(session: Session, round_id: uuid.UUID) -> RoundView:
    """One round with its counts and jobs.

    Raises:
        NotFoundError: there is none with this id.
    """
    return views_of(session, [get(session, round_id)])[0]


def list_views(
    session: Session, project_id: uuid.UUID, *, after_number: int | None, limit: int
) -> list[RoundView]:
    """A project's rounds by number, from the one after `after_number`."""
    query = select(Round).where(Round.project_id == project_id).order_by(Round.number).limit(limit)
    if after_number is not None:
        query = query.where(Round.number > after_number)
    return views_of(session, list(session.scalars(query)))


def views_of(session: Session, rounds: Sequence[Round]) -> list[RoundView]:
    """Views of these rounds, in a number of statements that does not grow with them."""
    if not rounds:
        return []
    ids = [round_.id for round_ in rounds]
    counts = {
        row.round_id: (row.asked, row.answered)
        for row in session.execute(
            select(
                RegionQuery.round_id,
                func.count().label("asked"),
                func.count(case((RegionQuery.num_answered > 0, 1))).label("answered"),
            )
            .where(RegionQuery.round_id.in_(ids), RegionQuery.purpose != QueryPurpose.AGREEMENT)
            .group_by(RegionQuery.round_id)
        )
    }
    jobs_of: dict[uuid.UUID | None, list[Job]] = defaultdict(list)
    for job in session.scalars(select(Job).where(Job.round_id.in_(ids)).order_by(Job.created_at, Job.id)):
        jobs_of[job.round_id].append(job)
    pool: PoolSize | None = None
    result = []
    for round_ in rounds:
        asked, answered = counts.get(round_.id, (0, 0))
        budget = round_.budget_regions
        if budget is None and asked:
            budget = asked
        elif budget is None:
            pool = pool or pool_size(session, round_.project_id)
            budget = regions_in(round_.budget_pixels or 0, pool)
        result.append(RoundView(round_, asked, answered, budget, jobs_of[round_.id]))
    return result


@dataclass(frozen=True, slots=True)
class CurrentRounds:
    """Where a project's loop stands.

    Attributes:
        newest: the round with the highest number.
        annotating: the one whose queries are served.
        active_jobs: unfinished jobs of the newest.
    """

    newest: Round | None
    annotating: Round | None
    active_jobs: Sequence[Job]


def current(session: Session, project_id: uuid.UUID) -> CurrentRounds:
    """The newest round, the one that annotates, and what still runs for the newest."""
    of_project = select(Round).where(Round.project_id == project_id).order_by(Round.number.desc()).limit(1)
    newest = session.scalar(of_project)
    annotating = session.scalar(of_project.where(Round.state == RoundState.ANNOTATING))
    jobs_left = _jobs_in(session, newest.id, JobState.QUEUED, JobState.RUNNING) if newest else []
    return CurrentRounds(newest, annotating, jobs_left)


def running_jobs(session: Session, project_ids: Iterable[uuid.UUID]) -> Sequence[Job]:
    """Jobs of these projects that run now, oldest first."""
    return session.scalars(
        select(Job)
        .where(Job.state == JobState.RUNNING, Job.project_id.in_(list(project_ids)))
        .order_by(Job.created_at)
    ).all()


def cancel(session: Session, round_id: uuid.UUID, *, user_id: uuid.UUID) -> Round:
    """Stop a round before it asks anything; its jobs stop within seconds. Cancelling twice is fine.

    Raises:
        NotFoundError: there is no such round.
        ConflictError: it is annotating or over.
    """
    round_, unfinished = _get_locked_with_jobs(session, round_id)
    if round_.state is RoundState.CANCELLED:
        return round_
    if round_.state not in ACTIVE_ROUND_STATES:
        raise ConflictError(
            f"round {round_.number} is {round_.state.value}: only a round that is queued, training, scoring "
            "or selecting can be cancelled; close one that is annotating",
            code=ProblemCode.ROUND_NOT_CANCELLABLE,
            number=round_.number,
            state=round_.state.value,
        )
    for job in unfinished:
        jobs.request_cancel(session, job)
    transitions.move_round(session, round_id, RoundState.CANCELLED, by=Process.SERVER, closed_at=now())
    return _log(session, round_, "round.cancel_asked", user_id)


def close(session: Session, round_id: uuid.UUID, *, user_id: uuid.UUID) -> Round:
    """End a round and take back its questions nobody holds. Leases held stay good until they expire.

    Closing a closed round changes nothing.

    Raises:
        NotFoundError: there is no such round.
        ConflictError: it has not come to annotating yet, or was cancelled.
    """
    round_ = _get_locked(session, round_id)
    if round_.state is RoundState.CLOSED:
        return round_
    if round_.state not in {RoundState.ANNOTATING, RoundState.FAILED}:
        raise ConflictError(
            f"round {round_.number} is {round_.state.value}: only an annotating or failed one can be closed",
            code=ProblemCode.ROUND_NOT_CLOSABLE,
            number=round_.number,
            state=round_.state.value,
        )
    transitions.move_round(session, round_id, RoundState.CLOSED, by=Process.SERVER, closed_at=now())
    queries.withdraw_unleased(session, round_id)
    return _log(session, round_, "round.close_asked", user_id)


def retry(session: Session, round_id: uuid.UUID, *, user_id: uuid.UUID) -> Round:
    """Queue a failed round again, from the job that failed on; training goes on from its last checkpoint.

    Raises:
        NotFoundError: there is no such round.
        ConflictError: it has not failed, its jobs are still stopping, or another round runs.
    """
    round_ = _get_locked(session, round_id)
    if round_.state is not RoundState.FAILED:
        raise ConflictError(
            f"round {round_.number} is {round_.state.value}: only a failed one can be retried",
            code=ProblemCode.ROUND_NOT_RETRIABLE,
            number=round_.number,
            state=round_.state.value,
        )
    _refuse_second(session, round_.project_id)
    if _jobs_in(session, round_id, JobState.RUNNING):
        raise ConflictError(
            f"jobs of round {round_.number} are still stopping: try again in a moment",
            code=ProblemCode.ROUND_STOPPING,
            number=round_.number,
        )
    with unique_or_conflict(session, _JUST_STARTED, code=ProblemCode.ROUND_JUST_STARTED):
        transitions.move_round(
            session, round_id, RoundState.QUEUED, by=Process.SERVER, error=None, closed_at=None
        )
    _queue_again(session, round_)
    return _log(session, round_, "round.retried", user_id)


def _queue_again(session: Session, round_: Round) -> None:
    """Queue what failed, and what was cancelled because of it; without either, the round's first job."""
    failed = _jobs_in(session, round_.id, JobState.FAILED)
    for job in failed:
        jobs.retry(session, job)
    cancelled = [job for job in _jobs_in(session, round_.id, JobState.CANCELLED) if job.dedupe_key]
    for job in cancelled:
        key, job.dedupe_key = job.dedupe_key, None
        session.flush()
        jobs.add_job(
            session,
            job.kind,
            project_id=job.project_id,
            round_id=round_.id,
            payload=job.payload,
            dedupe_key=key,
        )
    if not failed and not cancelled:
        _add_first_job(session, round_, is_known=is_anything_known(session, round_.project_id))


def _jobs_in(session: Session, round_id: uuid.UUID, *states: JobState) -> Sequence[Job]:
    return session.scalars(
        select(Job).where(and_(Job.round_id == round_id, Job.state.in_(states))).order_by(Job.created_at)
    ).all()


def _log(session: Session, round_: Round, kind: str, user_id: uuid.UUID) -> Round:
    """Note who asked, beside the move `transitions` logs by itself; give the round back as it is now."""
    events.record(
        session,
        kind,
        project_id=round_.project_id,
        round_id=round_.id,
        user_id=user_id,
        payload={"number": round_.number},
    )
    session.flush()
    session.refresh(round_)
    return round_
