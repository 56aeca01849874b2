"""What the tests of the scanner share: published specimens, and engines to fill."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from profilecore import Engine
from profilecore_scanner import Scan, ScannerPlugin, read

# How long an example takes depends on what else the machine does.
settings.register_profile("unhurried", deadline=None, derandomize=True, database=None)
settings.load_profile("unhurried")

TODAY = date(2026, 3, 1)

# The specimens of ICAO Doc 9303: parts 4, 5, 6, 7 and 7; and of part 5 the one with a long number.
SPECIMENS = {
    "TD3": (
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    ),
    "TD1": (
        "I<UTOD231458907<<<<<<<<<<<<<<<",
        "7408122F1204159UTO<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    ),
    "TD2": (
        "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
        "D231458907UTO7408122F1204159<<<<<<<6",
    ),
    "MRV-A": (
        "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L8988901C4XXX4009078F96121096ZE184226B<<<<<<",
    ),
    "MRV-B": (
        "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
        "L8988901C4XXX4009078F9612109<<<<<<<<",
    ),
    "long": (
        "I<UTOD23145890<7349<<<<<<<<<<<",
        "3407127M9507122UTO<<<<<<<<<<<2",
        "STEVENSON<<PETER<JOHN<<<<<<<<<",
    ),
}


@pytest.fixture
def specimens() -> dict[str, tuple[str, ...]]:
    return SPECIMENS


@pytest.fixture
def passport() -> tuple[str, ...]:
    return SPECIMENS["TD3"]


@pytest.fixture
def card() -> tuple[str, ...]:
    return SPECIMENS["TD1"]


@pytest.fixture
def reading() -> Callable[..., Scan]:
    """Give a function that reads lines as of a day that stays the same."""

    def reading(*lines: str) -> Scan:
        return read(lines, today=TODAY)

    return reading


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Give an engine on each kind of store in turn."""
    url = "memory://"
    if request.param == "sqlite":
        pytest.importorskip("profilecore_sqlite", reason="profilecore-sqlite is not installed")
        url = f"sqlite:///{tmp_path / 'guests.db'}"
    numbers = itertools.count(1)
    with Engine.open(
        url,
        discover=False,
        plugins=[ScannerPlugin],
        strict=True,
        clock=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC),
        new_id=lambda: f"id{next(numbers)}",
    ) as made:
        yield made
