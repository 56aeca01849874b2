"""Fixtures of the whole suite: stores, engines, a clock that stands still, ids in order."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from profilecore import Engine
from profilecore.store import MemoryStore, Store, open_store

SUPPORT = str(Path(__file__).parent / "support")
if SUPPORT not in sys.path:
    sys.path.append(SUPPORT)

from kit import Clock, Ids, open_engine  # noqa: E402  # found through the line above


def need(module: str) -> Any:
    """Import a part that may be absent; its tests are skipped then.

    A part named in ``PROFILECORE_REQUIRE`` (as ``sqlite``, separated by commas) must be there.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        required = os.environ.get("PROFILECORE_REQUIRE", "").replace(",", " ").split()
        if module.removeprefix("profilecore_") in required:
            pytest.fail(f"{module} is required by PROFILECORE_REQUIRE and cannot be imported")
        pytest.skip(f"{module} is not installed")


@pytest.fixture(scope="session")
def part() -> Callable[[str], Any]:
    return need


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ids() -> Ids:
    return Ids()


@pytest.fixture
def memory_store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Give each kind of store in turn."""
    if request.param == "memory":
        made = open_store("memory://")
    else:
        need("profilecore_sqlite")
        made = open_store(f"sqlite:///{tmp_path / 'guests.db'}")
    yield made
    made.close()


@pytest.fixture
def engine(memory_store: MemoryStore, clock: Clock, ids: Ids) -> Engine:
    return open_engine(memory_store, clock=clock, new_id=ids)


@pytest.fixture
def each_engine(store: Store, clock: Clock, ids: Ids) -> Engine:
    """Give an engine on each kind of store in turn."""
    return open_engine(store, clock=clock, new_id=ids)
