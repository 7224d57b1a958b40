"""SIGKILL of server and workers at seeded random moments in a loop; `./run bench kill` does more of it."""

import pytest

from bench._kill_loop import run_kill_loop


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_three_kills_lose_and_double_nothing() -> None:
    report = run_kill_loop(seed=1, num_kills=3)

    assert sum(report.killed.values()) == 3
    assert report.num_rounds == 3
    assert report.num_acknowledged > 0
    assert report.num_lost == 0
    assert report.num_doubled == 0
