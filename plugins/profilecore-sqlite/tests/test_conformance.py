"""The SQLite store passes the suite that every store passes."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from profilecore.store import Store
from profilecore.testing import StoreConformance
from profilecore_sqlite import SqliteStore, open_store


def open_path(path: Path) -> SqliteStore:
    return open_store(f"sqlite:///{path}")


class TestSqliteStore(StoreConformance):
    @pytest.fixture
    def store_factory(self, tmp_path: Path) -> Callable[[], Store]:
        numbers = itertools.count()
        return lambda: open_path(tmp_path / f"{next(numbers)}.db")

    @pytest.fixture
    def reopen(self) -> Callable[[Store], Store]:
        def reopen(store: Store) -> Store:
            assert isinstance(store, SqliteStore)
            store.close()
            return open_path(store.path)

        return reopen

    @pytest.fixture
    def store_opener(self, tmp_path: Path) -> Callable[[], Store]:
        return partial(open_store, f"sqlite:///{tmp_path}/shared.db")

    @pytest.fixture
    def host_connection(self) -> Callable[[Store], sqlite3.Connection]:
        def connect(store: Store) -> sqlite3.Connection:
            assert isinstance(store, SqliteStore)
            return sqlite3.connect(store.path)

        return connect
