"""A project's images as files for a child: rows in, `segloop_worker.sources` files out."""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from sqlalchemy.orm import Session

from segloop.settings import Split
from segloop_store.repositories import known_labels
from segloop_store.repositories.known_labels import KnownAnnotation, KnownImage
from segloop_worker.sources import Answer, ImageRef, write_images


def write_known_images(
    session: Session,
    folder: Path,
    project_id: uuid.UUID,
    *,
    splits: Sequence[Split],
    is_wanted: Callable[[KnownImage], bool] = lambda _: True,
    asked: Mapping[uuid.UUID, Collection[int]] | None = None,
) -> int:
    """Write what is known now of a project's images, those wanted; how many.

    Splits come in the order of `splits`, images of each by (filename, sha256).

    Args:
        session: an open snapshot.
        folder: where the files go.
        project_id: whose images.
        splits: only images of these.
        is_wanted: which of them.
        asked: regions that may not be asked again.
    """
    num_images = 0

    def entries() -> Iterator[tuple[ImageRef, Sequence[Answer]]]:
        nonlocal num_images
        for image in chain.from_iterable(
            known_labels.known_images(session, project_id, splits=[split]) for split in splits
        ):
            if is_wanted(image):
                num_images += 1
                yield (
                    image_ref(image, asked=(asked or {}).get(image.image_id, ())),
                    answers_of(image.annotations),
                )

    write_images(folder, entries())
    return num_images


def image_ref(image: KnownImage, *, asked: Collection[int] = ()) -> ImageRef:
    """An image as the child knows it."""
    return ImageRef(
        image_id=str(image.image_id),
        filename=image.filename,
        split=image.split,
        width=image.width,
        height=image.height,
        pixels_key=image.pixels_key,
        truth_key=image.truth_key,
        region_map_key=image.region_map_key,
        asked=tuple(sorted(asked)),
    )


def answers_of(annotations: Sequence[KnownAnnotation]) -> list[Answer]:
    """Annotations in use, as the child reads them."""
    return [Answer(item.x, item.y, item.kind, item.label_map_png) for item in annotations]


def is_askable(image: KnownImage) -> bool:
    """Whether the image takes part in the pool: it has its regions."""
    return image.split is not Split.POOL or image.region_map_key is not None


def has_truth(image: KnownImage) -> bool:
    """Whether an uploaded label map is there to measure against."""
    return image.truth_key is not None
