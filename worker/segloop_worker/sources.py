"""One split of a project as the method reads it: pixels and truths from blobs, answers from a file beside.

The parent, which has the database, writes which images there are and what people said of them into two files;
the child, which has none, reads them. Knows neither torch nor SQL.
"""

import io
import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from segloop.label_maps import UNLABELLED, decode_index_png, overlay
from segloop.regions import Partition, decode_region_map, partition_from_region_map
from segloop.settings import AnnotationKind, Split
from segloop_store.blobs import BlobStore
from segloop_worker.errors import JobInputError

_IMAGES_FILE = "images.jsonl"
_ANSWERS_FILE = "answers.bin"


@dataclass(frozen=True, slots=True)
class AnswerRef:
    """Where one answer's index PNG lies in the answers file, and where in the image it goes."""

    x: int
    y: int
    kind: AnnotationKind
    offset: int
    num_bytes: int


@dataclass(frozen=True, slots=True)
class ImageRef:
    """One image as the child knows it. Later answers win over earlier ones; `asked` are no candidates."""

    image_id: str
    filename: str
    split: Split
    width: int
    height: int
    pixels_key: str
    truth_key: str | None = None
    region_map_key: str | None = None
    asked: tuple[int, ...] = ()
    answers: tuple[AnswerRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody said of one region: an index PNG of its box."""

    x: int
    y: int
    kind: AnnotationKind
    label_map_png: bytes


def write_images(folder: Path, images: Iterable[tuple[ImageRef, Sequence[Answer]]]) -> None:
    """Write both files; `images` come in the pool's order, (filename, sha256), and are not kept in memory."""
    with (folder / _IMAGES_FILE).open("w") as lines, (folder / _ANSWERS_FILE).open("wb") as answers_file:
        for image, answers in images:
            refs = []
            for answer in answers:
                offset = answers_file.tell()
                answers_file.write(answer.label_map_png)
                refs.append(AnswerRef(answer.x, answer.y, answer.kind, offset, len(answer.label_map_png)))
            row = {**asdict(image), "answers": [asdict(ref) for ref in refs]}
            lines.write(json.dumps(row) + "\n")


def read_images(folder: Path) -> list[ImageRef]:
    """What `write_images` wrote, in its order."""
    with (folder / _IMAGES_FILE).open() as lines:
        return [_image_ref(json.loads(line)) for line in lines]


def _image_ref(row: dict[str, Any]) -> ImageRef:
    answers = tuple(
        AnswerRef(**{**answer, "kind": AnnotationKind(answer["kind"])}) for answer in row["answers"]
    )
    values = {**row, "split": Split(row["split"]), "asked": tuple(row["asked"]), "answers": answers}
    return ImageRef(**values)


class BlobImageSource:
    """`segloop.sources.ImageSource` over blobs. Safe to call from several threads.

    Args:
        images: the split, in order.
        blobs: where pixels, truths and region maps are.
        folder: where `write_images` wrote; None where no image has answers.
    """

    def __init__(self, images: Sequence[ImageRef], blobs: BlobStore, folder: Path | None = None) -> None:
        self.images = images
        self._blobs = blobs
        self._answers = None if folder is None else os.open(folder / _ANSWERS_FILE, os.O_RDONLY)

    def close(self) -> None:
        """Close the answers file."""
        if self._answers is not None:
            os.close(self._answers)
            self._answers = None

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)

    def settled_regions(self, index: int, partition: Partition, asked: Collection[int]) -> NDArray[np.bool_]:
        """Bool (R,): regions that are no candidates: asked, or wholly covered by an uploaded truth."""
        settled = np.zeros(partition.num_regions, dtype=np.bool_)
        settled[list(asked)] = True
        truth_key = self.images[index].truth_key
        if truth_key is not None:
            is_open = decode_index_png(self._blobs.get(truth_key)) == UNLABELLED
            settled |= np.bincount(partition.region_map[is_open], minlength=partition.num_regions) == 0
        return settled

    def filename(self, index: int) -> str:
        """The image's name in its project."""
        return self.images[index].filename

    def image(self, index: int) -> NDArray[np.uint8]:
        """Pixels (H, W, 3) uint8 RGB."""
        return decode_pixels(self._blobs.get(self.images[index].pixels_key))

    def label_map(self, index: int) -> NDArray[np.uint8]:
        """Truth with the answers over it, (H, W) uint8; 255 where nobody was asked."""
        image = self.images[index]
        known = known_label_map(image, self._blobs)
        for answer in image.answers:
            known = overlay(known, self._read(answer), x=answer.x, y=answer.y)
        return known

    def dominant_mask(self, index: int) -> NDArray[np.bool_] | None:
        """Pixels (H, W) bool whose last answer is one class for a whole region; None = no such pixel."""
        image = self.images[index]
        if all(answer.kind is AnnotationKind.EXACT for answer in image.answers):
            return None
        mask = np.zeros((image.height, image.width), dtype=np.bool_)
        for answer in image.answers:
            patch = self._read(answer)
            height, width = patch.shape
            window = mask[answer.y : answer.y + height, answer.x : answer.x + width]
            window[patch != UNLABELLED] = answer.kind is AnnotationKind.DOMINANT
        return mask

    def partition(self, index: int) -> Partition:
        """The image's regions.

        Raises:
            JobInputError: the image was not partitioned.
        """
        image = self.images[index]
        if image.region_map_key is None:
            raise JobInputError(f"{image.filename} has no regions yet: its preparation failed or still runs")
        return partition_from_region_map(decode_region_map(self._blobs.get(image.region_map_key)))

    def _read(self, answer: AnswerRef) -> NDArray[np.uint8]:
        assert self._answers is not None
        return decode_index_png(os.pread(self._answers, answer.num_bytes, answer.offset))


def known_label_map(image: ImageRef, blobs: BlobStore) -> NDArray[np.uint8]:
    """The image's uploaded truth, or 255 everywhere."""
    if image.truth_key is None:
        return np.full((image.height, image.width), UNLABELLED, dtype=np.uint8)
    return decode_index_png(blobs.get(image.truth_key))


def decode_pixels(data: bytes) -> NDArray[np.uint8]:
    """Pixels (H, W, 3) uint8 of an image's blob: upright 8-bit RGB, checked when it was uploaded."""
    with PillowImage.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))
