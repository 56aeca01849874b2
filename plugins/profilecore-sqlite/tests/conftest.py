"""What the tests of the SQLite store share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from profilecore_sqlite import SqliteStore, open_store

pytest.register_assert_rewrite("profilecore.testing")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "guests.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[..., SqliteStore]]:
    """Give a function that opens stores, on ``path`` by default; all are closed at the end."""
    stores = []

    def opened(where: Path = path, **options: object) -> SqliteStore:
        store = open_store(f"sqlite:///{where}", **options)
        stores.append(store)
        return store

    yield opened
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[..., SqliteStore]) -> SqliteStore:
    return opened()
