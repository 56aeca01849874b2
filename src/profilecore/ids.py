"""Where ids and the time come from unless the host gives its own.

Ids have 128 bits: time-ordered, so that new rows lie together on disk, the rest random.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime


def new_id() -> str:
    """Give a new id: UUID version 7 (RFC 9562) as 32 hexadecimal digits."""
    return _uuid7(_beginning(), os.urandom(10).hex())


def ids_by(make: Callable[[], str], count: int) -> Iterator[str]:
    """Give many ids of a factory; our own asks the system for random bytes once."""
    if make is not new_id:
        yield from (make() for _ in range(count))
        return
    beginning, random = _beginning(), os.urandom(10 * count).hex()
    for start in range(0, 20 * count, 20):
        yield _uuid7(beginning, random[start : start + 20])


def _beginning() -> str:
    """Give the digits of the time and the version."""
    return f"{time.time_ns() // 1_000_000:012x}7"


_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def _uuid7(beginning: str, random: str) -> str:
    # The variant is drawn by a digit that is not used otherwise.
    return f"{beginning}{random[:3]}{_VARIANTS[random[18]]}{random[3:18]}"


def utc_now() -> datetime:
    """Give the time now, in UTC."""
    return datetime.now(UTC)
