"""The PostgreSQL store passes the suite that every store passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import psycopg
import pytest

from profilecore.store import Capability, Store
from profilecore.testing import StoreConformance
from profilecore_postgres import PostgresStore, open_store
from profilecore_postgres.testing import a_schema, url_of


class TestPostgresStore(StoreConformance):
    lacks = frozenset({Capability.FILES})

    @pytest.fixture
    def store_factory(self, dsn: str) -> Iterator[Callable[[], Store]]:
        with ExitStack() as stack:
            yield lambda: open_store(url_of(dsn, stack.enter_context(a_schema(dsn))))

    @pytest.fixture
    def reopen(self, dsn: str) -> Callable[[Store], Store]:
        def reopen(store: Store) -> Store:
            assert isinstance(store, PostgresStore)
            store.close()
            return open_store(url_of(dsn, store.schema))

        return reopen

    @pytest.fixture
    def store_opener(self, url: str) -> Callable[[], Store]:
        return partial(open_store, url)

    @pytest.fixture
    def host_connection(self, dsn: str) -> Callable[[Store], psycopg.Connection[Any]]:
        return lambda store: psycopg.connect(dsn)
