"""Clearing whom time is up for: ten thousand of a large store, with one scrub."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bench.rows import Row
from profilecore import Engine
from profilecore.ids import utc_now

DUE = 10_000
POLICY = {"after_days": 1_095, "grace_days": 0, "first_share": 1.0}


def dues(path: Path, ids: list[str], size: int) -> Iterator[Row]:
    """Yield the rows of a store: the agenda made, then the clears with their scrub.

    ``ids`` are active profiles: one to make the agenda with, and those that are due; each gets a
    stay of four years ago.
    """
    url, config = f"sqlite:///{path}", {"profilecore": {"inactivity": POLICY}}
    number = len(ids) - 1
    with Engine.open(url, discover=False, config=config) as engine:
        day = (utc_now() - timedelta(days=4 * 365)).date().isoformat()
        stay = {"property_id": "P1", "arrival": day, "departure": day, "status": "departed"}
        for start in range(0, len(ids), 500):
            with engine.transaction():
                for id in ids[start : start + 500]:
                    engine.record_stay(id, stay)
        began = time.perf_counter()
        assert engine.clear_due(limit=1).cleared == 1
        made = time.perf_counter() - began
        yield Row(f"agenda of {size:,} made, one clear", size / made, "profiles/s")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        report = engine.clear_due(limit=number)
        spent = time.perf_counter() - began
        assert report.cleared == number, report
        assert engine.receipt(report.ids[0]).status.value == "erased"
        goal = "at least 2,000/s, scrub included"
        yield Row(f"clear_due of {number:,} of {size:,}", number / spent, "/s", None, goal)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        name = f"memory that clear_due of {number:,} of {size:,} added"
        yield Row(name, grown, "MB", None, "does not grow with the batch")
