"""What the long programmes share: how long they run, their seed, and the figures they report.

``PROFILECORE_SOAK`` is ``short`` (for every change; the default) or ``full``.  Each run takes a
new seed and prints it; ``PROFILECORE_SEED`` repeats one.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.append(HERE)

from soaked_stores import BY_NAME, Kind  # noqa: E402
from soaking import Soak  # noqa: E402

FIGURES = "soak figures"


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> Iterator[Soak]:
    run = Soak.from_environment()
    yield run
    request.node.user_properties.append((FIGURES, run.line()))


def _is_required(part: str) -> bool:
    return part in os.environ.get("PROFILECORE_REQUIRE", "").replace(",", " ").split()


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    """Give a server of this run alone, for it is stopped; its processes find it by the variable."""
    testing = pytest.importorskip("profilecore_postgres.testing")
    if testing.DSN in os.environ:
        pytest.skip("the server that is given must not be stopped")
    try:
        with testing.a_server() as made, pytest.MonkeyPatch.context() as patch:
            patch.setenv(testing.DSN, made.dsn)
            yield made
    except testing.NoServer as error:
        if _is_required("postgres"):
            pytest.fail(f"PROFILECORE_REQUIRE names postgres. {error}")
        pytest.skip(str(error))


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> Kind:
    """Give a kind of store that can be used here."""
    chosen = BY_NAME[request.param]
    try:
        importlib.import_module(chosen.module)
    except ImportError:
        if _is_required(chosen.module.removeprefix("profilecore_")):
            pytest.fail(f"{chosen.module} is required by PROFILECORE_REQUIRE")
        pytest.skip(f"{chosen.module} is not installed")
    if chosen.has_server:
        from profilecore_postgres.testing import DSN

        if DSN not in os.environ:
            request.getfixturevalue("server")
    return chosen


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
