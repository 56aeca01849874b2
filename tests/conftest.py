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


# Where the store decides: transactions, order, look-ups, conflicts.  Rules are the same on each.
ON_POSTGRES = (
    "test_documents", "test_idempotency", "test_matching", "test_merge", "test_owned",
    "test_profiles", "test_reindex", "test_search", "test_threads", "test_transactions",
    "test_unmerge",
)  # fmt: skip

# And where it decides what is left of a person; it has an order of hits of its own.
ON_SEALED = (
    *(name for name in ON_POSTGRES if name != "test_search"),
    "test_after_a_clear", "test_clear", "test_clear_due", "test_clear_finishing",
    "test_objections", "test_receipts",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what says on another store nothing that it does not say on SQLite."""

    def is_wanted(item: pytest.Item) -> bool:
        call = getattr(item, "callspec", None)
        kind = call.params.get("store") if call is not None else None
        chosen = {"postgres": ON_POSTGRES, "sealed": ON_SEALED}.get(kind)
        return chosen is None or item.path.stem in chosen

    items[:] = filter(is_wanted, items)


@pytest.fixture(params=["memory", "sqlite", "postgres", "sealed"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Give each kind of store in turn."""
    if request.param == "postgres":
        yield request.getfixturevalue("postgres_store")
        return
    if request.param == "memory":
        made = open_store("memory://")
    else:
        need("profilecore_sqlite")
        url = f"sqlite:///{tmp_path / 'guests.db'}"
        if request.param == "sealed":
            need("profilecore_sealed")
            url = f"sealed+{url}?keyring={tmp_path / 'guests.keys'}"
        made = open_store(url)
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give where a PostgreSQL server is, started for the tests unless one is named."""
    need("profilecore_postgres")
    from profilecore_postgres.testing import NoServer, shared_server

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    try:
        with shared_server(shared / "postgres") as dsn:
            yield dsn
    except NoServer as error:
        if "postgres" in os.environ.get("PROFILECORE_REQUIRE", "").replace(",", " ").split():
            pytest.fail(f"PROFILECORE_REQUIRE names postgres. {error}")
        pytest.skip(str(error))


@pytest.fixture
def postgres_url(postgres_dsn: str) -> Iterator[str]:
    """Give the URL of a store that is not there yet, and drop it after the test."""
    from profilecore_postgres.testing import a_schema, url_of

    with a_schema(postgres_dsn) as schema:
        yield url_of(postgres_dsn, schema)


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[Store]:
    made = open_store(postgres_url)
    yield made
    made.close()


@pytest.fixture
def engine(memory_store: MemoryStore, clock: Clock, ids: Ids) -> Engine:
    return open_engine(memory_store, clock=clock, new_id=ids)


@pytest.fixture
def each_engine(store: Store, clock: Clock, ids: Ids) -> Engine:
    """Give an engine on each kind of store in turn."""
    return open_engine(store, clock=clock, new_id=ids)
