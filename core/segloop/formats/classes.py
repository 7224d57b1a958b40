"""`classes.json`: which pixel value of a label PNG is which class.

    {"classes": [{"id": 0, "name": "road", "color": "#804080", "ignore": false}, ...]}

Ids are pixel values and may have gaps. Those marked `ignore` become `VOID`; the others are renumbered 0..C-1
in the order they are listed. Values 254 and 255 mean `VOID` and `UNLABELLED` unless the file says otherwise.
"""

import dataclasses
import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from segloop.errors import FormatError
from segloop.label_maps import MAX_CLASSES, UNLABELLED, VOID, LabelMap

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclasses.dataclass(frozen=True)
class ClassTable:
    """The classes of a folder or an export, by class index.

    Attributes:
        names: C names.
        colors: C colours, "#rrggbb".
        source_ids: C pixel values in the label PNGs.
        ignored_ids: pixel values that become `VOID`.
    """

    names: tuple[str, ...]
    colors: tuple[str, ...]
    source_ids: tuple[int, ...]
    ignored_ids: tuple[int, ...] = ()

    @property
    def num_classes(self) -> int:
        """C."""
        return len(self.names)

    def to_label_map(self, ids: LabelMap) -> LabelMap:
        """The label map, uint8 (H, W), of a PNG's pixel values.

        Raises:
            FormatError: a value the table does not list; the message names values and pixels.
        """
        meaning = np.full(256, -1, np.int16)
        meaning[[VOID, UNLABELLED]] = VOID, UNLABELLED
        meaning[list(self.ignored_ids)] = VOID
        meaning[list(self.source_ids)] = np.arange(self.num_classes)
        counts = np.bincount(ids.ravel(), minlength=256)
        wrong = np.flatnonzero((meaning < 0) & (counts > 0))
        if wrong.size:
            raise FormatError(
                f"{counts[wrong].sum()} pixels have the value {', '.join(map(str, wrong[:8]))}, "
                "which classes.json does not list"
            )
        return meaning.astype(np.uint8)[ids]


def encode_classes(names: Sequence[str], colors: Sequence[str]) -> bytes:
    """`classes.json` of label maps written by segloop: ids are class indices, 254 is listed as ignored."""
    entries = [
        {"id": index, "name": name, "color": color, "ignore": False}
        for index, (name, color) in enumerate(zip(names, colors, strict=True))
    ]
    entries.append({"id": VOID, "name": "void", "color": "#000000", "ignore": True})
    content = {"classes": entries, "void": VOID, "unlabelled": UNLABELLED}
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def decode_classes(data: bytes) -> ClassTable:
    """The table in a `classes.json`.

    Raises:
        FormatError: no JSON, a field missing or of another type, an id or name twice, or no class at all.
    """
    try:
        entries = json.loads(data)["classes"]
    except (ValueError, KeyError, TypeError, RecursionError) as cause:
        raise FormatError('classes.json must be JSON of the form {"classes": [...]}') from cause
    if not isinstance(entries, list):
        raise FormatError("classes.json: `classes` must be a list")
    for entry in entries:
        _check_entry(entry)
    _check_unique("id", [entry["id"] for entry in entries])
    classes = [entry for entry in entries if not entry.get("ignore", False)]
    _check_unique("name", [entry["name"] for entry in classes])
    if not 1 <= len(classes) <= MAX_CLASSES:
        raise FormatError(
            f"classes.json lists {len(classes)} classes besides ignored ones: 1 to {MAX_CLASSES}"
        )
    return ClassTable(
        names=tuple(entry["name"] for entry in classes),
        colors=tuple(entry["color"].lower() for entry in classes),
        source_ids=tuple(entry["id"] for entry in classes),
        ignored_ids=tuple(entry["id"] for entry in entries if entry.get("ignore", False)),
    )


def _check_entry(entry: Any) -> None:
    if not isinstance(entry, dict):
        raise FormatError(f"classes.json: {entry!r} is no class")
    number, name, color = entry.get("id"), entry.get("name"), entry.get("color")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= 255:
        raise FormatError(f"classes.json: id {number!r} must be a pixel value, 0 to 255")
    if not isinstance(name, str) or not name.strip():
        raise FormatError(f"classes.json: id {number} has no name")
    if not isinstance(color, str) or not _COLOR.fullmatch(color):
        raise FormatError(f"classes.json: color {color!r} of {name} must look like #804080")
    if not isinstance(entry.get("ignore", False), bool):
        raise FormatError(f"classes.json: ignore of {name} must be true or false")


def _check_unique(field: str, values: Sequence[int | str]) -> None:
    twice = sorted({str(value) for value in values if values.count(value) > 1})
    if twice:
        raise FormatError(f"classes.json lists {field} {', '.join(twice)} more than once")
