"""What the long programmes share: how long they run, their seed, and the figures they report.

``PROFILECORE_SOAK`` is ``short`` (for every change; the default) or ``full``.  Each run takes a
new seed and prints it; ``PROFILECORE_SEED`` repeats one.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.append(HERE)

FIGURES = "soak figures"


class Soak:
    """One programme's run: its length, its seed, and what it found out."""

    def __init__(self, seed: int, is_full: bool) -> None:
        self.seed = seed
        self.is_full = is_full
        self.figures: dict[str, Any] = {"seed": seed}
        self._began = time.monotonic()

    def size(self, short: int, full: int) -> int:
        """Give how much to do."""
        return full if self.is_full else short

    def tell(self, **figures: Any) -> None:
        """Report figures; they are printed when everything has run."""
        self.figures |= figures

    def line(self) -> str:
        """Give the figures in one line."""
        told = self.figures | {"seconds": round(time.monotonic() - self._began, 1)}
        return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.items())


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> Iterator[Soak]:
    seed = int(os.environ.get("PROFILECORE_SEED") or int.from_bytes(os.urandom(4)))
    length = os.environ.get("PROFILECORE_SOAK") or "short"
    assert length in ("short", "full")
    run = Soak(seed, length == "full")
    yield run
    request.node.user_properties.append((FIGURES, run.line()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = [
        f"{report.nodeid.rpartition('::')[2]}: {line}"
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "teardown"
        for name, line in report.user_properties
        if name == FIGURES
    ]
    if lines:
        terminalreporter.section(FIGURES)
        for line in lines:
            terminalreporter.write_line(line)
