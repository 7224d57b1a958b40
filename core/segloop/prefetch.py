"""Work done ahead of its use by a few threads, in order and with a bound on what waits.

Knows nothing of images or torch: reading, decoding and resizing go on while the network runs.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], *, num_threads: int, num_ahead: int
) -> Generator[Result, None, None]:
    """Results of `function` over `items`, in order, computed up to `num_ahead` items before they are due.

    An exception of `function` is raised where its result would have come. Close the iterator (or exhaust it)
    to end its threads; it waits for calls that have begun and drops the rest.
    """
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(num_threads, "segloop-ahead") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > num_ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
