"""Guests who were away for long, and engines with a policy for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit import open_engine

from profilecore import Engine
from profilecore.model import State
from profilecore.store import MemoryStore, Store

YEAR = {"after_days": 365, "grace_days": 0, "first_share": 1.0}
Opens = Callable[..., Engine]


@pytest.fixture(params=["memory", "sqlite"])
def opens(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opens]:
    """Give what opens an engine on one store, of each kind in turn."""
    engines: list[Engine] = []
    memory = MemoryStore()

    def open_one(policy: dict[str, Any] | None = None, **options: Any) -> Engine:
        store: Store = memory
        if request.param == "sqlite":
            sqlite = pytest.importorskip("profilecore_sqlite")
            store = sqlite.open_store(f"sqlite:///{tmp_path}/guests.db")
        settings = {"inactivity": YEAR if policy is None else policy}
        settings |= options.pop("settings", {})
        engines.append(open_engine(store, config={"profilecore": settings}, **options))
        return engines[-1]

    yield open_one
    for engine in engines:
        engine.close()


def guest(engine: Engine, last: str | None = None, **values: Any) -> str:
    """Make a guest whose last stay ended on a day."""
    id = engine.create({"last_name": "García"} | values).id
    if last is not None:
        stay = {"property_id": "P1", "arrival": last, "departure": last, "status": "departed"}
        engine.record_stay(id, stay)
    return id


def states(engine: Engine, *ids: str) -> list[State]:
    return [engine.get(id).state for id in ids]
