"""Index PNG: one 8-bit PNG an image whose pixel values are class indices, 254 void, 255 unlabelled.

label_maps/<filename without ending>.png   (with its ending where two filenames differ only in it)
predictions/...                            the same, where predictions are exported beside annotations
classes.json, regions.json
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from segloop.errors import FormatError, LabelMapError
from segloop.formats.archives import ArchiveReader, reading, writing
from segloop.formats.classes import ClassTable, decode_classes, encode_classes
from segloop.formats.json_files import JsonListSpool
from segloop.formats.records import ExportImage, ImportImage, label_map_names
from segloop.formats.sidecar import SidecarSpool, read_sidecar
from segloop.label_maps import MAX_PIXELS, LabelMap, decode_index_png, encode_index_png

CLASSES_NAME = "classes.json"
LABEL_MAPS, PREDICTIONS = "label_maps", "predictions"

_MAX_CLASSES_BYTES = 1 << 20


def write_index_png(
    path: Path | str,
    images: Iterable[ExportImage],
    *,
    class_names: Sequence[str],
    colors: Sequence[str],
    filenames: Collection[str],
) -> None:
    """Write an export; memory does not grow with the number of images.

    Args:
        path: a zip if it ends in `.zip`, else a new folder.
        images: what to write, one at a time.
        class_names: C names.
        colors: C colours, "#rrggbb".
        filenames: names of all images, so that files that differ only in their ending are told apart.

    Raises:
        FormatError: an image that `filenames` lacks, or one twice.
        LabelMapError: a value that is no class.
        ShapeError: a label map of another size than its image.
    """
    names = label_map_names(filenames)
    with writing(path) as archive, JsonListSpool() as spool:
        archive.write(CLASSES_NAME, encode_classes(class_names, colors))
        sidecar = SidecarSpool(spool)
        for image in images:
            image.check(len(class_names))
            if image.filename not in names:
                raise FormatError(f"{image.filename} was not announced")
            name = names[image.filename]
            archive.write(f"{LABEL_MAPS}/{name}", encode_index_png(image.label_map))
            if image.prediction is not None:
                archive.write(f"{PREDICTIONS}/{name}", encode_index_png(image.prediction))
            sidecar.add(image, label_map_name=f"{LABEL_MAPS}/{name}")
        sidecar.finish(archive)


def read_index_png_classes(path: Path | str) -> ClassTable:
    """The classes of an export.

    Raises:
        FormatError: there is no such file, or it is broken.
    """
    with reading(path) as archive:
        return _classes(archive)


def read_index_png(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> Iterator[ImportImage]:
    """The images of an export, in order of their files, read one at a time.

    With `regions.json` filenames, `VOID` and `UNLABELLED` are those of the export. Without, an image's
    filename is its label map's without `.png`.

    Raises:
        FormatError: a file is missing, broken, holds a value that `classes.json` does not list, or differs in
            size from `regions.json`.
    """
    with reading(path) as archive:
        table = _classes(archive)
        entries = read_sidecar(archive, max_pixels=max_pixels)
        listed = {entry.label_map_name: entry for entry in entries.values()}
        names = [name for name in archive.names() if _is_label_map(name)]
        missing = sorted(str(name) for name in set(listed) - set(names))
        if missing:
            raise FormatError(f"{missing[0]} is missing ({len(missing)} such label maps in regions.json)")
        for name in names:
            label_map = _read_label_map(archive, name, table, max_pixels)
            entry = listed.get(name)
            if entry is None:
                plain = name.removeprefix(f"{LABEL_MAPS}/")[: -len(".png")]
                yield ImportImage(filename=plain, label_map=label_map, has_sidecar=False)
            else:
                yield ImportImage(
                    filename=entry.filename,
                    label_map=entry.restore(label_map),
                    has_sidecar=True,
                    split=entry.split,
                    regions=entry.regions,
                )


def _classes(archive: ArchiveReader) -> ClassTable:
    return decode_classes(archive.read(CLASSES_NAME, max_bytes=_MAX_CLASSES_BYTES))


def _is_label_map(name: str) -> bool:
    return name.startswith(f"{LABEL_MAPS}/") and name.lower().endswith(".png")


def _read_label_map(archive: ArchiveReader, name: str, table: ClassTable, max_pixels: int) -> LabelMap:
    try:
        data = archive.read(name, max_bytes=max_pixels + (1 << 20))
        return table.to_label_map(decode_index_png(data, max_pixels=max_pixels))
    except LabelMapError as cause:
        raise FormatError(f"{name}: {cause}") from cause
