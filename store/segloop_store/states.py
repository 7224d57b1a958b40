"""The states entities move through, and which process may make each move.

One table per entity. A move happens only through `segloop_store.transitions`: one conditional UPDATE that
names the states it may leave.
"""

from enum import StrEnum


class Role(StrEnum):
    """What a member may do in a project, each including the ones after it."""

    OWNER = "owner"
    REVIEWER = "reviewer"
    ANNOTATOR = "annotator"
    VIEWER = "viewer"


class RoundState(StrEnum):
    """A round: train -> score -> select -> people annotate -> closed."""

    QUEUED = "queued"
    TRAINING = "training"
    SCORING = "scoring"
    SELECTING = "selecting"
    ANNOTATING = "annotating"
    CLOSED = "closed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class QueryState(StrEnum):
    """A region query: waiting for answers, answered often enough, or taken back."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class AssignmentState(StrEnum):
    """A region query in one person's hands."""

    LEASED = "leased"
    ANSWERED = "answered"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    RETURNED = "returned"


class Verdict(StrEnum):
    """What a reviewer says of an annotation. The last one counts; `undone` takes back the one before."""

    ACCEPTED = "accepted"
    RETURNED = "returned"
    UNDONE = "undone"


class JobState(StrEnum):
    """A background run. `running` with a lease in the past means its worker died."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobKind(StrEnum):
    """What a job does. `segloop_worker.pipeline` alone decides which follows which."""

    ARCHIVE = "archive"
    INGEST = "ingest"
    FEATURES = "features"
    TRAIN = "train"
    EVALUATE = "evaluate"
    SCORE = "score"
    SELECT = "select"
    PREDICT = "predict"
    RANK = "rank"
    EXPORT = "export"
    CLEAN_UP = "clean_up"


class Queue(StrEnum):
    """Which worker queue a job waits in: short torch-free work, or one that takes a device."""

    LIGHT = "light"
    TORCH = "torch"


TORCH_KINDS = frozenset(
    {
        JobKind.FEATURES,
        JobKind.TRAIN,
        JobKind.EVALUATE,
        JobKind.SCORE,
        JobKind.PREDICT,
        JobKind.RANK,
    }
)
"""Kinds that run in a torch child and take the machine's device slot."""

ACTIVE_ROUND_STATES = (RoundState.QUEUED, RoundState.TRAINING, RoundState.SCORING, RoundState.SELECTING)
"""At most one round of a project is in one of these; the database holds that with a partial unique index."""


class Process(StrEnum):
    """Who may make a move."""

    SERVER = "server"
    WORKER = "worker"


_SERVER = frozenset({Process.SERVER})
_WORKER = frozenset({Process.WORKER})

ROUND_MOVES: dict[tuple[RoundState, RoundState], frozenset[Process]] = {
    (RoundState.QUEUED, RoundState.TRAINING): _WORKER,
    (RoundState.QUEUED, RoundState.SELECTING): _WORKER,
    (RoundState.TRAINING, RoundState.SCORING): _WORKER,
    (RoundState.TRAINING, RoundState.CLOSED): _WORKER,
    (RoundState.SCORING, RoundState.SELECTING): _WORKER,
    (RoundState.SCORING, RoundState.CLOSED): _WORKER,
    (RoundState.SELECTING, RoundState.ANNOTATING): _WORKER,
    (RoundState.SELECTING, RoundState.CLOSED): _WORKER,
    # the worker closes the round before when it publishes a new one's queries, in the same transaction
    (RoundState.ANNOTATING, RoundState.CLOSED): _SERVER | _WORKER,
    **{(state, RoundState.FAILED): _WORKER for state in ACTIVE_ROUND_STATES},
    **{(state, RoundState.CANCELLED): _SERVER for state in ACTIVE_ROUND_STATES},
    (RoundState.FAILED, RoundState.QUEUED): _SERVER,
    (RoundState.FAILED, RoundState.CLOSED): _SERVER,
}
"""(from, to) -> the processes that may move a round."""

JOB_MOVES: dict[tuple[JobState, JobState], frozenset[Process]] = {
    (JobState.QUEUED, JobState.RUNNING): _WORKER,
    (JobState.RUNNING, JobState.RUNNING): _WORKER,
    (JobState.RUNNING, JobState.DONE): _WORKER,
    (JobState.RUNNING, JobState.FAILED): _WORKER,
    (JobState.RUNNING, JobState.QUEUED): _WORKER,
    (JobState.RUNNING, JobState.CANCELLED): _WORKER,
    (JobState.QUEUED, JobState.CANCELLED): _SERVER | _WORKER,
    (JobState.FAILED, JobState.QUEUED): _SERVER,
}
"""(from, to) -> the processes that may move a job."""

QUERY_MOVES: dict[tuple[QueryState, QueryState], frozenset[Process]] = {
    (QueryState.OPEN, QueryState.ANSWERED): _SERVER,
    (QueryState.ANSWERED, QueryState.OPEN): _SERVER,  # a returned answer is asked for again
    (QueryState.OPEN, QueryState.WITHDRAWN): _SERVER | _WORKER,
    # a lease held when its round was closed stays good: its answer still counts
    (QueryState.WITHDRAWN, QueryState.ANSWERED): _SERVER,
}
"""(from, to) -> the processes that may move a region query."""

ASSIGNMENT_MOVES: dict[tuple[AssignmentState, AssignmentState], frozenset[Process]] = {
    (AssignmentState.LEASED, AssignmentState.ANSWERED): _SERVER,
    (AssignmentState.LEASED, AssignmentState.EXPIRED): _SERVER | _WORKER,
    (AssignmentState.LEASED, AssignmentState.SKIPPED): _SERVER,
    (AssignmentState.LEASED, AssignmentState.RETURNED): _SERVER,
    # nobody else has taken the region meanwhile (the partial unique index holds that): still theirs
    (AssignmentState.EXPIRED, AssignmentState.LEASED): _SERVER,
    (AssignmentState.EXPIRED, AssignmentState.ANSWERED): _SERVER,
}
"""(from, to) -> the processes that may move an assignment."""

EXPORT_MOVES = {
    **JOB_MOVES,
    (JobState.QUEUED, JobState.FAILED): _WORKER,  # its job failed before it came to the export
}
"""An export moves as its job does."""
