import numpy as np
import pytest

from segloop.errors import ShapeError
from segloop.sources import ArraySource, ImageSource

IMAGE = np.zeros((4, 6, 3), np.uint8)


def test_arrays_are_a_source() -> None:
    label_map = np.ones((4, 6), np.uint8)
    source: ImageSource = ArraySource([IMAGE, IMAGE], [label_map, label_map], [None, label_map.astype(bool)])
    assert len(source) == 2
    assert source.filename(1) == "000001.png"
    assert source.label_map(0) is label_map
    assert source.dominant_mask(0) is None
    assert source.dominant_mask(1) is not None


def test_without_label_maps_nothing_is_known() -> None:
    source = ArraySource([IMAGE])
    assert (source.label_map(0) == 255).all()
    assert source.label_map(0).shape == (4, 6)
    assert source.dominant_mask(0) is None


def test_arrays_that_do_not_fit_each_other_are_refused() -> None:
    with pytest.raises(ShapeError, match="2 label maps for 1 images"):
        ArraySource([IMAGE], [np.zeros((4, 6), np.uint8)] * 2)
    with pytest.raises(ShapeError, match=r"label maps\[0\] is \(6, 4\)"):
        ArraySource([IMAGE], [np.zeros((6, 4), np.uint8)])
