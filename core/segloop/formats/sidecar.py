"""What every export carries beside its format's own files: `regions.json`.

No format can say "nobody was asked", and most merge it with "void". So the sidecar lists, for each image,
which regions were answered (box, round, annotator, kind, model version, seconds, clicks), and the runs of
`VOID` and of `UNLABELLED`. With it an import is exact; without it, what has no class is `UNLABELLED`.

    {"segloop": {"content": "regions", "version": 1}, "images": [
    {"filename", "split", "width", "height", "label_map": "label_maps/a.png", "void": RLE, "unlabelled": RLE,
     "regions": [{"index", "bbox", "round", "annotator", "kind", "model_version", "annotation_seconds",
                  "num_clicks"}]}
    ]}
"""

import dataclasses
from typing import Any

import numpy as np

from segloop.errors import FormatError
from segloop.formats.archives import ArchiveReader, ArchiveWriter
from segloop.formats.json_files import JsonListSpool, as_list, read_json, write_json
from segloop.formats.records import ExportImage, RegionRecord
from segloop.formats.rle import Rle, decode_mask, encode_mask, read_rle
from segloop.label_maps import MAX_PIXELS, UNLABELLED, VOID, LabelMap
from segloop.settings import AnnotationKind, Split

SIDECAR_NAME = "regions.json"
VERSION = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class SidecarEntry:
    """What `regions.json` says of one image; `label_map_name` is its file in the archive, if it has one."""

    filename: str
    split: Split | None
    label_map_name: str | None
    void: Rle
    unlabelled: Rle
    regions: tuple[RegionRecord, ...]

    def restore(self, label_map: LabelMap) -> LabelMap:
        """A copy with `VOID` and `UNLABELLED` put back where there is no class; classes stay as they are.

        Raises:
            FormatError: the label map has another size, or a pixel is said to be both.
        """
        if label_map.shape != (self.void.height, self.void.width):
            raise FormatError(f"{self.filename}: the label map and {SIDECAR_NAME} differ in size")
        void, unlabelled = decode_mask(self.void), decode_mask(self.unlabelled)
        num_both = np.count_nonzero(void & unlabelled)
        if num_both:
            raise FormatError(
                f"{self.filename}: {SIDECAR_NAME} says both of {num_both} pixels: void and unlabelled"
            )
        has_no_class = label_map >= VOID
        result = label_map.copy()
        result[has_no_class & void] = VOID
        result[has_no_class & unlabelled] = UNLABELLED
        return result


class SidecarSpool:
    """Collects `regions.json` while the export's own files are written."""

    def __init__(self, spool: JsonListSpool) -> None:
        self._spool = spool
        self._filenames: set[str] = set()

    def add(self, image: ExportImage, *, label_map_name: str | None) -> None:
        """Append one image; `label_map_name` is its file in the archive, if it has one of its own."""
        if image.filename in self._filenames:
            raise FormatError(f"{image.filename} is exported twice")
        self._filenames.add(image.filename)
        entry = {
            "filename": image.filename,
            "split": image.split,
            "width": image.width,
            "height": image.height,
            "label_map": label_map_name,
            "void": encode_mask(image.label_map == VOID).to_mapping(),
            "unlabelled": encode_mask(image.label_map == UNLABELLED).to_mapping(),
            "regions": [region.to_mapping() for region in image.regions],
        }
        self._spool.add(entry)

    def finish(self, archive: ArchiveWriter) -> None:
        """Write the file."""
        header = {"content": "regions", "version": VERSION}
        write_json(archive, SIDECAR_NAME, {"segloop": header}, {"images": self._spool})


def read_sidecar(archive: ArchiveReader, *, max_pixels: int = MAX_PIXELS) -> dict[str, SidecarEntry]:
    """What `regions.json` says, by filename; nothing where there is no such file.

    Raises:
        FormatError: the file is broken or of a newer version.
    """
    if SIDECAR_NAME not in archive.names():
        return {}
    content = read_json(archive, SIDECAR_NAME)
    header = content.get("segloop")
    if not isinstance(header, dict) or header.get("version") != VERSION:
        raise FormatError(f"{SIDECAR_NAME} is of another version than {VERSION}")
    entries: dict[str, SidecarEntry] = {}
    for value in as_list(content.get("images"), f"{SIDECAR_NAME}: images"):
        entry = _read_entry(value, max_pixels)
        if entry.filename in entries:
            raise FormatError(f"{SIDECAR_NAME} lists {entry.filename} twice")
        entries[entry.filename] = entry
    return entries


def _read_entry(value: dict[str, Any], max_pixels: int) -> SidecarEntry:
    filename = value.get("filename")
    if not isinstance(filename, str):
        raise FormatError(f"{SIDECAR_NAME}: an image has no filename")
    try:
        void = read_rle(value.get("void"), max_pixels=max_pixels)
        unlabelled = read_rle(value.get("unlabelled"), max_pixels=max_pixels)
        if (void.height, void.width) != (unlabelled.height, unlabelled.width):
            raise FormatError("void and unlabelled differ in size")
        regions = as_list(value.get("regions"), "regions")
        return SidecarEntry(
            filename=filename,
            split=None if value.get("split") is None else Split(value["split"]),
            label_map_name=None if value.get("label_map") is None else str(value["label_map"]),
            void=void,
            unlabelled=unlabelled,
            regions=tuple(_read_region(region) for region in regions),
        )
    except (KeyError, TypeError, ValueError) as cause:
        raise FormatError(f"{SIDECAR_NAME}: {filename}: {cause}") from cause


def _read_region(value: dict[str, Any]) -> RegionRecord:
    index, version = int(value["index"]), value["model_version"]
    x, y, width, height = (int(side) for side in value["bbox"])
    return RegionRecord(
        index=index,
        bbox=(x, y, width, height),
        round_number=int(value["round"]),
        annotator=str(value["annotator"]),
        kind=AnnotationKind(value["kind"]),
        model_version=None if version is None else int(version),
        annotation_seconds=float(value["annotation_seconds"]),
        num_clicks=int(value["num_clicks"]),
    )
