import numpy as np
import pytest

from segloop.budgets import Budget
from segloop.errors import SettingsError

AREAS = np.array([10, 20, 30], dtype=np.int64)


def test_exactly_one_number_of_0_or_more() -> None:
    for regions, pixels in ((None, None), (1, 1), (-1, None), (None, -1)):
        with pytest.raises(SettingsError, match="give one budget of 0 or more"):
            Budget(regions=regions, pixels=pixels)
    assert Budget(regions=0).amount == Budget(pixels=0).amount == 0


def test_a_fraction_is_of_the_pools_pixels_rounded_down() -> None:
    assert Budget.of_fraction(0.5, pool_pixels=101) == Budget(pixels=50)
    with pytest.raises(SettingsError, match=r"outside 0 \.\. 1"):
        Budget.of_fraction(1.5, pool_pixels=10)


def test_parts_and_rests_keep_the_unit() -> None:
    assert Budget(regions=19).part(0.1) == Budget(regions=1)
    assert Budget(pixels=19).part(0.0) == Budget(pixels=0)
    assert Budget(regions=19).less(4) == Budget(regions=15)
    assert Budget(pixels=19).less(19) == Budget(pixels=0)
    assert Budget(regions=1).unit == "regions"
    assert Budget(pixels=1).unit == "pixels"


def test_regions_cost_one_each_or_their_area() -> None:
    assert Budget(regions=7).costs(AREAS).tolist() == [1, 1, 1]
    assert Budget(pixels=7).costs(AREAS).tolist() == [10, 20, 30]
    assert Budget(regions=7).num_regions(AREAS) == 7
    assert Budget(pixels=90).num_regions(AREAS) == 4.5
    assert Budget(pixels=90).num_regions(AREAS[:0]) == 0
