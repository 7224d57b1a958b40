import threading

import pytest

from segloop.prefetch import map_ahead


def test_results_come_in_order_and_none_is_lost() -> None:
    assert list(map_ahead(lambda x: x * 2, range(50), num_threads=3, num_ahead=5)) == list(range(0, 100, 2))
    assert list(map_ahead(lambda x: x, [], num_threads=1, num_ahead=1)) == []


def test_no_more_than_the_bound_is_worked_out_ahead() -> None:
    started: list[int] = []
    results = map_ahead(started.append, range(1000), num_threads=2, num_ahead=4)
    next(results)
    assert len(started) <= 5
    results.close()
    assert len(started) <= 5


def test_an_error_comes_where_its_result_would_have() -> None:
    results = map_ahead(lambda x: 1 // x, [1, 1, 0, 1], num_threads=1, num_ahead=2)
    assert [next(results), next(results)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_closing_ends_the_threads() -> None:
    results = map_ahead(lambda x: x, range(100), num_threads=2, num_ahead=4)
    next(results)
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("segloop-ahead")]
