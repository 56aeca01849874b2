"""What the tests of loyalty share: an engine on each store, members, and a clock that is moved."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from profilecore import Engine
from profilecore_loyalty import (
    ClearPolicy,
    EarningRule,
    Loyalty,
    LoyaltyPlugin,
    Measure,
    Programme,
    ProgrammeType,
    Threshold,
    Tier,
)

# How long an example takes depends on what else the machine does.
settings.register_profile("unhurried", deadline=None, derandomize=True, database=None)
settings.load_profile("unhurried")

CLUB = Programme(
    "club",
    "The Club",
    tiers=(
        Tier("base", "Base"),
        Tier("silver", "Silver", (Threshold(Measure.NIGHTS, 5),)),
        Tier("gold", "Gold", (Threshold(Measure.NIGHTS, 10), Threshold(Measure.POINTS, 5_000))),
    ),
    earning=(
        EarningRule(Measure.NIGHTS, 100, bonus={"gold": 50}),
        EarningRule(Measure.SPEND, 1, per=100, properties=("P1",)),
    ),
    expire_after="P1Y",
    number_prefix="C",
)
MILES = Programme("miles", "Air Miles", ProgrammeType.EXTERNAL_PARTNER)
CLOSING = Programme("spa", "Spa Circle", on_clear=ClearPolicy.CLOSE)
DEBT = Programme("house", "House Account", allow_debt=True, on_clear=ClearPolicy.CLOSE)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **much: float) -> None:
        self.now += timedelta(**much)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def open_engine(url: str, clock: Callable[[], datetime], **options: Any) -> Engine:
    numbers = itertools.count(1)
    ids = {"new_id": lambda: f"id{next(numbers):06d}"} | options
    return Engine.open(
        url, discover=False, plugins=[LoyaltyPlugin], strict=True, clock=clock, **ids
    )


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Engine]:
    """Give an engine on each kind of store in turn."""
    url = "memory://"
    if request.param == "sqlite":
        pytest.importorskip("profilecore_sqlite", reason="profilecore-sqlite is not installed")
        url = f"sqlite:///{tmp_path / 'guests.db'}"
    with open_engine(url, clock) as made:
        yield made


def with_programmes(engine: Engine) -> Loyalty:
    made = Loyalty(engine)
    for programme in (CLUB, MILES, CLOSING, DEBT):
        made.define_programme(programme)
    return made


@pytest.fixture(scope="session")
def fresh() -> Callable[..., tuple[Engine, Loyalty, Clock]]:
    """Give a function that makes a new engine, its verbs and its clock: one an example."""

    def fresh(url: str = "memory://", **options: Any) -> tuple[Engine, Loyalty, Clock]:
        clock = Clock()
        engine = open_engine(url, clock, **options)
        return engine, with_programmes(engine), clock

    return fresh


@pytest.fixture(scope="session")
def club() -> Programme:
    return CLUB


@pytest.fixture
def loyalty(engine: Engine) -> Loyalty:
    """Give the verbs, with a programme of each sort."""
    return with_programmes(engine)


@pytest.fixture(autouse=True)
def ledger_agrees(request: pytest.FixtureRequest) -> Iterator[None]:
    """Verify the ledger after each test that has one."""
    made = request.getfixturevalue("loyalty") if "loyalty" in request.fixturenames else None
    yield
    if made is not None:
        assert made.verify() == []


@pytest.fixture
def member(engine: Engine, loyalty: Loyalty) -> Callable[..., str]:
    """Give a function that makes a guest who is enrolled in programmes."""
    names = itertools.count(1)

    def member(*codes: str, **points: int) -> str:
        id = engine.create({"last_name": f"Guest {next(names)}"}).id
        for code in codes or tuple(points) or ("club",):
            loyalty.enrol(id, code)
        for code, number in points.items():
            loyalty.earn(id, code, number, f"first of {id}")
        return id

    return member


@pytest.fixture
def join(engine: Engine) -> Callable[..., str]:
    """Give a function that merges others into a survivor, and gives the merge's id."""

    def join(survivor: str, *others: str) -> str:
        return engine.merge(engine.plan_merge(survivor, others)).id

    return join


@pytest.fixture
def balance(loyalty: Loyalty) -> Callable[[str], int]:
    """Give a function that gives a person's points in the club."""
    return lambda id: loyalty.membership(id, "club").balance
