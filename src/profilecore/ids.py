"""Where ids and the time come from unless the host gives its own.

Ids have 128 bits: time-ordered, so that new rows lie together on disk, the rest random.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime


def new_id() -> str:
    """Give a new id: UUID version 7 (RFC 9562) as 32 hexadecimal digits."""
    millis = time.time_ns() // 1_000_000
    rest = int.from_bytes(os.urandom(10), "big")
    high = (millis << 16) | 0x7000 | (rest >> 68)
    low = (0b10 << 62) | (rest & ((1 << 62) - 1))
    return f"{high:016x}{low:016x}"


def utc_now() -> datetime:
    """Give the time now, in UTC."""
    return datetime.now(UTC)
