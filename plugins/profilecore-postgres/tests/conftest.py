"""What the tests of the PostgreSQL store share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from profilecore_postgres import PostgresStore, open_store
from profilecore_postgres.testing import NoServer, a_schema, shared_server, url_of

pytest.register_assert_rewrite("profilecore.testing")


@pytest.fixture(scope="session")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give where the server for the tests is: one for all processes of the run."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    try:
        with shared_server(shared / "postgres") as found:
            yield found
    except NoServer as error:
        if "postgres" in os.environ.get("PROFILECORE_REQUIRE", "").replace(",", " ").split():
            pytest.fail(f"PROFILECORE_REQUIRE names postgres. {error}")
        pytest.skip(str(error))


@pytest.fixture
def schema(dsn: str) -> Iterator[str]:
    with a_schema(dsn) as name:
        yield name


@pytest.fixture
def url(dsn: str, schema: str) -> str:
    return url_of(dsn, schema)


@pytest.fixture
def opened(url: str) -> Iterator[Callable[..., PostgresStore]]:
    """Give a function that opens stores, on ``url`` by default; all are closed at the end."""
    stores = []

    def opened(where: str = url, **options: object) -> PostgresStore:
        store = open_store(where, **options)
        stores.append(store)
        return store

    yield opened
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[..., PostgresStore]) -> PostgresStore:
    return opened()
