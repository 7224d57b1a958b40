"""What can go wrong inside the method, each with the values found and a way out in its message."""


class SegloopError(Exception):
    """Base of everything segloop raises on purpose.

    Attributes:
        code: what kind of refusal this is, for whoever says it in other words; empty where its class says it.
        values: the names and numbers its message holds.
    """

    def __init__(self, *args: object, code: str = "", **values: str | int) -> None:
        super().__init__(*args)
        self.code = code
        self.values = values


class ShapeError(SegloopError, ValueError):
    """An array has another shape or dtype than its function takes."""


class NonFiniteError(SegloopError, ValueError):
    """An array holds NaN or infinity; the message says how many."""


class LabelMapError(SegloopError, ValueError):
    """A label map holds a value that is no class of the project, or is no index image."""


class EmptyPoolError(SegloopError, ValueError):
    """There is nothing left to ask about."""


NOTHING_LEFT = (
    "no region is left to ask: each has been asked, is kept for audits (audit_fraction), or lies on the "
    "border (allow_border = false)"
)
"""What an `EmptyPoolError` says of a pool that has images."""


class ImageError(SegloopError, ValueError):
    """Bytes are not an image we accept; the message is fit to be shown to the uploader."""


class FormatError(SegloopError, ValueError):
    """A file claims a format and breaks its rules."""


class DatasetError(SegloopError, ValueError):
    """A data-set folder lacks a file, or its files contradict each other."""


class SettingsError(SegloopError, ValueError):
    """A setting is unknown, out of bounds, or contradicts another."""


class BudgetError(SettingsError):
    """A budget pays for nothing that may be asked."""


class DiskError(SegloopError, OSError):
    """A file cannot be written; the message says which, why, and what is still there."""


class WeightsError(SegloopError, ValueError):
    """A weight file is missing or does not fit the network."""


class SimulationError(SegloopError, RuntimeError):
    """A simulation cannot go on, through no fault of its settings."""
