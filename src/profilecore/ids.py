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
    return _uuid7(time.time_ns() // 1_000_000, os.urandom(10))


def ids_by(make: Callable[[], str], count: int) -> Iterator[str]:
    """Give many ids of a factory; our own asks the system for random bytes once."""
    if make is not new_id:
        yield from (make() for _ in range(count))
        return
    source = os.urandom(10 * count)
    millis = time.time_ns() // 1_000_000
    for start in range(0, 10 * count, 10):
        yield _uuid7(millis, source[start : start + 10])


def _uuid7(millis: int, random: bytes) -> str:
    digits = random.hex()
    variant = "89ab"[random[9] & 3]  # of a byte whose digits are not used
    return f"{millis:012x}7{digits[:3]}{variant}{digits[3:18]}"


def utc_now() -> datetime:
    """Give the time now, in UTC."""
    return datetime.now(UTC)
