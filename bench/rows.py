"""How a benchmark reports: a row with what was measured, beside what, and what it should reach."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from statistics import median

import attrs


@attrs.frozen
class Row:
    """One figure.  ``raw`` is the peer's figure in the same unit and run; ``goal`` is in words."""

    name: str
    value: float
    unit: str
    raw: float | None = None
    goal: str = ""

    @property
    def ratio(self) -> float | None:
        return None if self.raw is None else self.value / self.raw

    def cells(self) -> tuple[str, str, str, str, str]:
        def shown(value: float | None) -> str:
            if value is None:
                return ""
            return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

        return (
            self.name,
            f"{shown(self.value)} {self.unit}",
            "" if self.raw is None else f"{shown(self.raw)} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:.2f}",
            self.goal,
        )


HEAD = ("what", "profilecore", "raw SQLite", "ratio", "goal")


def rate(calls: Iterable[Callable[[], object]]) -> float:
    """Give calls a second over all calls."""
    began = time.perf_counter()
    number = 0
    for call in calls:
        call()
        number += 1
    return number / (time.perf_counter() - began)


def each_ms(calls: Iterable[Callable[[], object]]) -> list[float]:
    """Give the milliseconds of each call, sorted."""
    times = []
    for call in calls:
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1e3)
    return sorted(times)


def p50_p99(times: list[float]) -> tuple[float, float]:
    """Give the median and the 99th percentile of sorted times."""
    return median(times), times[min(len(times) - 1, int(len(times) * 0.99))]
