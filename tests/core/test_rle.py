from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from segloop.errors import FormatError
from segloop.formats.rle import Rle, decode_mask, decompress_counts, encode_mask, read_rle

GOLDEN = np.zeros((4, 6), bool)
GOLDEN[[1, 1, 2, 2, 2], [2, 4, 2, 3, 4]] = True

masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=40))


def by_pycocotools(mask: NDArray[np.bool_]) -> str:
    encoded = coco_mask.encode(np.asfortranarray(mask.view(np.uint8)))
    return str(encoded["counts"].decode("ascii"))


def test_golden_mask_has_the_documented_runs() -> None:
    assert encode_mask(GOLDEN).to_mapping() == {"size": [4, 6], "counts": [9, 2, 3, 1, 2, 2, 5]}
    assert read_rle({"size": [4, 6], "counts": "923OO13"}) == encode_mask(GOLDEN)
    assert by_pycocotools(GOLDEN) == "923OO13"


def test_empty_and_full_masks_have_the_documented_runs() -> None:
    assert encode_mask(np.zeros((4, 6), bool)).counts == (24,)
    assert encode_mask(np.ones((4, 6), bool)).counts == (0, 24)
    assert decompress_counts("h0") == [24]
    assert decompress_counts("0h0") == [0, 24]


@given(masks)
def test_runs_give_the_mask_back(mask: NDArray[np.bool_]) -> None:
    np.testing.assert_array_equal(decode_mask(encode_mask(mask)), mask)


@given(masks)
def test_strings_of_pycocotools_are_read_exactly(mask: NDArray[np.bool_]) -> None:
    rle = read_rle({"size": list(mask.shape), "counts": by_pycocotools(mask)})
    assert rle == encode_mask(mask)


# pycocotools' own conversion to numpy is of before numpy 2
@pytest.mark.filterwarnings("ignore:__array__ implementation")
@given(masks)
def test_pycocotools_reads_our_runs_exactly(mask: NDArray[np.bool_]) -> None:
    encoded = coco_mask.frPyObjects(encode_mask(mask).to_mapping(), *mask.shape)
    np.testing.assert_array_equal(coco_mask.decode(encoded).astype(bool), mask)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_thin_pole_of_a_large_image_is_exact(axis: int) -> None:
    mask = np.zeros((700, 900), bool)
    index: list[Any] = [slice(3, 690), slice(3, 690)]
    index[axis] = slice(411, 413)
    mask[tuple(index)] = True
    rle = read_rle({"size": [700, 900], "counts": by_pycocotools(mask)})
    np.testing.assert_array_equal(decode_mask(rle), mask)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [[1, 2, 3, 4]],
        {"size": [2, 2]},
        {"size": [2], "counts": [4]},
        {"size": [2, 2.0], "counts": [4]},
        {"size": [0, 2], "counts": []},
        {"size": [20_000, 20_000], "counts": [400_000_000]},
        {"size": [2, 2], "counts": [5]},
        {"size": [2, 2], "counts": [5, -1]},
        {"size": [2, 2], "counts": [True, 3]},
        {"size": [2, 2], "counts": [10**30]},
        {"size": [2, 2], "counts": ""},
        {"size": [2, 2], "counts": "4P"},
        {"size": [2, 2], "counts": "ooooooooooo0"},
        {"size": [2, 2], "counts": "4\u20ac"},
        {"size": [2, 2], "counts": "4\x00"},
        {"size": [2, 2], "counts": 4},
    ],
)
def test_what_is_no_mask_of_that_size_is_refused(value: Any) -> None:
    with pytest.raises(FormatError):
        read_rle(value)


@given(st.text(alphabet=st.characters(min_codepoint=40, max_codepoint=120), max_size=30))
def test_any_string_is_a_mask_or_a_format_error(text: str) -> None:
    try:
        rle = read_rle({"size": [3, 5], "counts": text})
    except FormatError:
        return
    assert sum(rle.counts) == 15
    assert isinstance(rle, Rle)
