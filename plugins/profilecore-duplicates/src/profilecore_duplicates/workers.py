"""Work on all cores: NumPy, polars and rapidfuzz let other threads run while they count."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Do a work for each item on all cores; give the results in the order of the items.

    An error or an interrupt drops what has not begun.  No more results are held than there are
    cores, beside the one that is looked at.
    """
    cores = os.cpu_count() or 1
    waiting = iter(items)
    with ThreadPoolExecutor(cores) as pool:
        running = [pool.submit(work, item) for item in islice(waiting, cores + 1)]
        try:
            while running:
                done = running.pop(0).result()
                running.extend(pool.submit(work, item) for item in islice(waiting, 1))
                yield done
        finally:
            for future in running:
                future.cancel()
