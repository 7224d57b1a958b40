"""What ends a job before it is done, and whether it is worth another attempt."""

from segloop.errors import SegloopError


class WorkerError(SegloopError):
    """Base of everything the worker raises on purpose."""


class Interruption(WorkerError):  # noqa: N818 - nothing went wrong: somebody asked for it
    """The job was told to stop; nothing is recorded as a failure."""


class CancelRequested(Interruption):
    """Somebody cancelled the job."""


class WorkerStopping(Interruption):
    """This process is going down: the job goes back into the queue and the attempt does not count."""


class JobLostError(Interruption):
    """Another run of the job holds it by now; nothing this run knows may be saved."""


class RetryableError(WorkerError):
    """What failed may well work the next time: the job is tried again, up to its `max_attempts`."""


class ChildLostError(RetryableError):
    """The child was killed, or stopped saying that it is alive."""


class DeviceTroubleError(RetryableError):
    """The compute device failed or had no memory left."""


class ChildFailedError(WorkerError):
    """The child gave up with an error that would come again; the message is fit for people."""


class JobInputError(WorkerError):
    """What the job is about is gone or makes no sense; the message is fit for people."""
