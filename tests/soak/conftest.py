"""What the long programmes share: how long they run, their seed, and the figures they report.

``PROFILECORE_SOAK`` is ``short`` (for every change; the default) or ``full``.  Each run takes a
new seed and prints it; ``PROFILECORE_SEED`` repeats one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.append(HERE)

from soaking import Soak  # noqa: E402

FIGURES = "soak figures"


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> Iterator[Soak]:
    run = Soak.from_environment()
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
