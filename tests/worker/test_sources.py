"""What the child reads is what the parent wrote: pixels, truth, and answers over it, later ones on top."""

from pathlib import Path

import numpy as np
import pytest

from segloop.images import encode_png
from segloop.label_maps import UNLABELLED, VOID, encode_index_png
from segloop.regions import encode_region_map, grid_partition
from segloop.settings import AnnotationKind, Split
from segloop_store.blobs import BlobStore, open_blobs
from segloop_store.config import StoreSettings
from segloop_worker.errors import JobInputError
from segloop_worker.sources import Answer, BlobImageSource, ImageRef, read_images, write_images

PIXELS = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    store = open_blobs(StoreSettings(data_dir=tmp_path / "data"))
    store.put("pixels", encode_png(PIXELS))
    truth = np.full((4, 6), UNLABELLED, dtype=np.uint8)
    truth[0] = 3
    store.put("truth", encode_index_png(truth))
    store.put("regions", encode_region_map(grid_partition(4, 6, 2).region_map))
    return store


def image(**values: object) -> ImageRef:
    facts: dict[str, object] = {
        "image_id": "1",
        "filename": "a/b.png",
        "split": Split.POOL,
        "width": 6,
        "height": 4,
        "pixels_key": "pixels",
    }
    return ImageRef(**{**facts, **values})  # type: ignore[arg-type]  # mixed values of one call


def answer(x: int, y: int, rows: list[list[int]], kind: AnnotationKind = AnnotationKind.EXACT) -> Answer:
    return Answer(x, y, kind, encode_index_png(np.array(rows, dtype=np.uint8)))


def opened(folder: Path, blobs: BlobStore, ref: ImageRef, answers: list[Answer]) -> BlobImageSource:
    folder.mkdir(exist_ok=True)
    write_images(folder, [(ref, answers)])
    return BlobImageSource(read_images(folder), blobs, folder)


def test_answers_lie_over_truth_and_later_ones_over_earlier(tmp_path: Path, blobs: BlobStore) -> None:
    answers = [
        answer(0, 0, [[1, 1], [1, UNLABELLED]]),
        answer(1, 0, [[VOID, 2]]),
    ]
    source = opened(tmp_path / "work", blobs, image(truth_key="truth"), answers)
    known = source.label_map(0)
    assert known[0].tolist() == [1, VOID, 2, 3, 3, 3]
    assert known[1].tolist() == [1, UNLABELLED, UNLABELLED, UNLABELLED, UNLABELLED, UNLABELLED]
    assert source.dominant_mask(0) is None
    assert (source.image(0) == PIXELS).all()
    assert (len(source), source.filename(0)) == (1, "a/b.png")
    source.close()


def test_dominant_mask_holds_pixels_whose_last_answer_was_dominant(tmp_path: Path, blobs: BlobStore) -> None:
    answers = [
        answer(0, 0, [[1, 1, 1]], AnnotationKind.DOMINANT),
        answer(2, 0, [[2, 2]], AnnotationKind.EXACT),
    ]
    source = opened(tmp_path / "work", blobs, image(), answers)
    mask = source.dominant_mask(0)
    assert mask is not None
    assert mask[0].tolist() == [True, True, False, False, False, False]
    assert not mask[1:].any()
    source.close()


def test_partition_is_the_one_that_was_kept(tmp_path: Path, blobs: BlobStore) -> None:
    source = opened(tmp_path / "work", blobs, image(region_map_key="regions", asked=(1, 4)), [])
    assert source.partition(0).num_regions == 6
    assert source.images[0].asked == (1, 4)
    source.close()


def test_image_without_regions_says_so(tmp_path: Path, blobs: BlobStore) -> None:
    source = opened(tmp_path / "work", blobs, image(), [])
    with pytest.raises(JobInputError, match=r"a/b\.png has no regions"):
        source.partition(0)
    source.close()
