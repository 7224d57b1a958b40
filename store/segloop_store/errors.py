"""What can go wrong in the store. The server maps these classes to statuses in one table."""

from segloop.errors import SegloopError


class StoreError(SegloopError):
    """Base of everything the store raises on purpose."""


class NotFoundError(StoreError):
    """There is no such row, or none the caller may see."""


class BlobNotFoundError(NotFoundError):
    """A key has no blob."""


class ConflictError(StoreError):
    """The request contradicts what is there now."""


class IllegalTransitionError(ConflictError):
    """An entity is in a state it cannot leave that way, or not by that process."""


class LeaseExpiredError(ConflictError):
    """Whoever writes no longer holds the lease: somebody else may have done the work."""


class QuotaError(StoreError):
    """More than a limit allows."""


class InvalidError(StoreError, ValueError):
    """A value breaks a rule of the data."""


class BlobKeyError(InvalidError):
    """A blob key could leave its store or holds characters some store would change."""


class StorageError(StoreError):
    """The disk is full, a permission is missing, or storage does not answer; the message says which."""


class BusyError(StoreError):
    """The database stayed locked for too long; the same request may work a moment later."""
