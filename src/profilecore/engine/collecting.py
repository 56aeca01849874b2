"""How often Python looks for cycles while many values are made that hold none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Thresholds of the collector where millions of values are made.
SELDOM = (1_000_000, 50, 50)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let the collector look seldom: what is made inside the block holds no cycles.

    Of blocks that overlap, in several threads, one changes the setting of the process and sets it
    back.
    """
    before = gc.get_threshold()
    changed = 0 < before[0] < SELDOM[0]
    if changed:
        gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        if changed:
            gc.set_threshold(*before)
