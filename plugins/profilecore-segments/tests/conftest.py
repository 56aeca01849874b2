"""What the tests of segments share: engines on each store, a clock that stands still, guests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, settings

from profilecore import Engine
from profilecore.store import MemoryStore, Store, open_store
from profilecore_segments import Segments, SegmentsPlugin

# How long an example takes depends on what else the machine does; one run is like the next.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("steady")


@attrs.define
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **much: float) -> None:
        self.now += timedelta(**much)


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[..., Engine]


@pytest.fixture
def open_engine(clock: Clock) -> Iterator[Open]:
    """Give a function that opens an engine with the plugin, on a store of its own."""
    opened: list[Engine] = []

    def make(store: Store | None = None, *plugins: object, **config: Any) -> Engine:
        engine = Engine(
            store or MemoryStore(), plugins=[SegmentsPlugin, *plugins], discover=False,
            strict=True, clock=clock, config=config,
        )  # fmt: skip
        opened.append(engine)
        return engine

    yield make
    for engine in opened:
        engine.close()


@pytest.fixture
def engine(open_engine: Open) -> Engine:
    return open_engine()


@pytest.fixture(params=["memory", "sqlite"])
def each_engine(request: pytest.FixtureRequest, open_engine: Open, tmp_path: Path) -> Engine:
    """Give an engine on each kind of store in turn."""
    if request.param == "memory":
        return open_engine()
    pytest.importorskip("profilecore_sqlite")
    return open_engine(open_store(f"sqlite:///{tmp_path / 'guests.db'}"))


@pytest.fixture
def segments(engine: Engine) -> Segments:
    return Segments(engine)


Guest = Callable[..., str]


@pytest.fixture
def guest(engine: Engine) -> Guest:
    """Give a function that creates a guest with stays and gives the id."""
    return lambda *stays, **values: make_guest(engine, *stays, **values)


def make_guest(engine: Engine, *stays: dict[str, Any], **values: Any) -> str:
    """Create a guest with stays; of each only what is not usual has to be told."""
    id = engine.create({"last_name": "García"} | values).id
    for stay in stays:
        usual = {"property_id": "P1", "status": "departed", "nights": 2}
        engine.record_stay(id, usual | stay)
    return id
