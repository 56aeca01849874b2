"""A sealed store passes the suite that every store passes."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from profilecore.store import Capability, MemoryStore, Store, open_store
from profilecore.testing import StoreConformance
from profilecore_sealed import FileKeyring, SealedStore

Schemas = Callable[[str], AbstractContextManager[str]]


class TestSealedMemoryStore(StoreConformance):
    lacks = frozenset(Capability)

    @pytest.fixture
    def store_factory(self, tmp_path: Path) -> Callable[[], Store]:
        numbers = itertools.count()
        return lambda: SealedStore(MemoryStore(), FileKeyring(tmp_path / f"{next(numbers)}.keys"))


def url_of(path: Path) -> str:
    return f"sealed+sqlite:///{path}?keyring={path}.keys"


class TestSealedSqliteStore(StoreConformance):
    lacks = frozenset({Capability.SORTED})
    plain_files = False

    @pytest.fixture
    def store_factory(self, tmp_path: Path) -> Callable[[], Store]:
        numbers = itertools.count()
        return lambda: open_store(url_of(tmp_path / f"{next(numbers)}.db"))

    @pytest.fixture
    def reopen(self) -> Callable[[Store], Store]:
        def reopen(store: Store) -> Store:
            path = store.files()[0]
            store.close()
            return open_store(url_of(path))

        return reopen

    @pytest.fixture
    def store_opener(self, tmp_path: Path) -> Callable[[], Store]:
        return partial(open_store, url_of(tmp_path / "shared.db"))

    @pytest.fixture
    def host_connection(self) -> Callable[[Store], sqlite3.Connection]:
        return lambda store: sqlite3.connect(store.files()[0])


def server_url(dsn: str, schema: str, keyring: Path) -> str:
    return f"sealed+{dsn}{'&' if '?' in dsn else '?'}schema={schema}&keyring={keyring}"


class TestSealedPostgresStore(StoreConformance):
    lacks = frozenset({Capability.FILES, Capability.SORTED})

    @pytest.fixture
    def store_factory(
        self, dsn: str, schemas: Schemas, tmp_path: Path
    ) -> Iterator[Callable[[], Store]]:
        numbers = itertools.count()
        with ExitStack() as stack:

            def factory() -> Store:
                schema = stack.enter_context(schemas(dsn))
                return open_store(server_url(dsn, schema, tmp_path / f"{next(numbers)}.keys"))

            yield factory

    @pytest.fixture
    def reopen(self, dsn: str) -> Callable[[Store], Store]:
        def reopen(store: Store) -> Store:
            assert isinstance(store, SealedStore)
            schema, keyring = store.inner.schema, store.keyring.files()[0]
            store.close()
            return open_store(server_url(dsn, schema, keyring))

        return reopen

    @pytest.fixture
    def store_opener(
        self, dsn: str, schemas: Schemas, tmp_path: Path
    ) -> Iterator[Callable[[], Store]]:
        with schemas(dsn) as schema:
            yield partial(open_store, server_url(dsn, schema, tmp_path / "shared.keys"))

    @pytest.fixture
    def host_connection(self, dsn: str) -> Callable[[Store], Any]:
        import psycopg

        return lambda store: psycopg.connect(dsn)
