"""What goes into an export and comes out of an import, one image at a time, whatever the format.

Writers take an iterator of `ExportImage`, readers give one of `ImportImage`: no more than one image's pixels
are in memory.
"""

import dataclasses
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from segloop.errors import ShapeError
from segloop.label_maps import LabelMap, check_label_map
from segloop.settings import AnnotationKind, Split


@dataclasses.dataclass(frozen=True, kw_only=True)
class RegionRecord:
    """One answered region.

    Attributes:
        index: its number in the image's partition.
        bbox: x, y, width, height in pixels.
        round_number: the round that asked.
        annotator: who answered.
        kind: exact or dominant.
        model_version: number of the model version whose prediction was shown; None = there was none.
        annotation_seconds: the person's time.
        num_clicks: the person's clicks.
    """

    index: int
    bbox: tuple[int, int, int, int]
    round_number: int
    annotator: str
    kind: AnnotationKind
    model_version: int | None
    annotation_seconds: float
    num_clicks: int

    def to_mapping(self) -> dict[str, Any]:
        """The entry in `regions.json`."""
        return {
            "index": self.index,
            "bbox": list(self.bbox),
            "round": self.round_number,
            "annotator": self.annotator,
            "kind": self.kind.value,
            "model_version": self.model_version,
            "annotation_seconds": self.annotation_seconds,
            "num_clicks": self.num_clicks,
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportImage:
    """One image on its way into an export.

    Attributes:
        filename: its path in the project.
        width: W in pixels.
        height: H in pixels.
        label_map: uint8 (H, W): what people said, or a prediction where predictions alone are exported.
        split: what the image is for.
        regions: the regions answered.
        prediction: uint8 (H, W), exported beside the label map; None = not asked for.
    """

    filename: str
    width: int
    height: int
    label_map: LabelMap
    split: Split | None = None
    regions: tuple[RegionRecord, ...] = ()
    prediction: LabelMap | None = None

    def check(self, num_classes: int) -> None:
        """Refuse label maps of another size or with a value that is no class."""
        for label_map in (self.label_map, self.prediction):
            if label_map is not None:
                try:
                    check_label_map(label_map, num_classes=num_classes, shape=(self.height, self.width))
                except ShapeError as cause:
                    raise ShapeError(f"{self.filename}: {cause}") from cause


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImportImage:
    """One image read from an export.

    Attributes:
        filename: its path in the project; without ending where only the label map's name is known.
        label_map: uint8 (H, W).
        has_sidecar: whether `VOID` and `UNLABELLED` are exact; else what has no class is `UNLABELLED`.
        split: what the image is for, if known.
        regions: the regions answered.
    """

    filename: str
    label_map: LabelMap
    has_sidecar: bool
    split: Split | None = None
    regions: tuple[RegionRecord, ...] = ()


def label_map_names(filenames: Iterable[str]) -> dict[str, str]:
    """Path below `label_maps/` of each image: its filename with `.png` for its ending.

    Where that would be the same for two images (`a.jpg` and `a.png`), each of them keeps its ending
    (`a.jpg.png` and `a.png.png`).
    """
    names = {filename: f"{PurePosixPath(filename).with_suffix('')}.png" for filename in filenames}
    while True:
        users: dict[str, list[str]] = {}
        for filename, name in names.items():
            users.setdefault(name, []).append(filename)
        clashing = [filename for group in users.values() if len(group) > 1 for filename in group]
        if not clashing:
            return names
        names |= {filename: f"{filename}.png" for filename in clashing}
