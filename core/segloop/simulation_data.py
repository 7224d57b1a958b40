"""Where a simulation's images come from, as `[data]` says it. It opens nothing."""

from dataclasses import dataclass
from enum import StrEnum

from segloop.errors import SettingsError


class DataKind(StrEnum):
    """Where images come from."""

    FOLDER = "folder"
    SCENES = "scenes"


@dataclass(frozen=True, slots=True)
class DataConfig:
    """`[data]`: a folder (its path may come from `--data`), or scenes drawn on the spot.

    Attributes:
        hold_out: a pattern (`0006R0*`); training images whose file name fits leave the pool, and the
            networks are measured on them instead of on the test split. Settings are chosen so.
        hold_out_every: measure on every so many-th of them: neighbouring frames of a clip say the same.
    """

    kind: DataKind = DataKind.SCENES
    path: str | None = None
    hold_out: str | None = None
    hold_out_every: int = 1
    num_pool: int = 60
    num_test: int = 30
    seed: int = 0
    height_px: int = 240
    width_px: int = 320

    def __post_init__(self) -> None:
        """What is held out are files of a folder."""
        if self.hold_out is not None and self.kind is not DataKind.FOLDER:
            raise SettingsError('hold_out names images of a folder: set [data] kind = "folder" or --data DIR')
