"""What the tests of the sealed store share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from profilecore_sealed import FileKeyring

pytest.register_assert_rewrite("profilecore.testing")


HOW = "install profilecore-postgres[testing]"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "guests.keys"


@pytest.fixture
def keyring(path: Path) -> FileKeyring:
    return FileKeyring(path)


@pytest.fixture(scope="session")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give where the server for the tests is: one for all processes of the run."""
    testing = pytest.importorskip("profilecore_postgres.testing", reason=HOW)
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    try:
        with testing.shared_server(shared / "postgres") as found:
            yield found
    except testing.NoServer as error:
        _missing(str(error))


@pytest.fixture
def schemas() -> Callable[[str], AbstractContextManager[str]]:
    """Give the function that gives a new schema of a server for a while."""
    testing = pytest.importorskip("profilecore_postgres.testing", reason=HOW)
    found: Callable[[str], AbstractContextManager[str]] = testing.a_schema
    return found


@pytest.fixture
def servers() -> Callable[..., AbstractContextManager[Any]]:
    """Give the function that starts a server of the test's own."""
    testing = pytest.importorskip("profilecore_postgres.testing", reason=HOW)

    @contextmanager
    def start(**settings: Any) -> Iterator[Any]:
        try:
            with testing.a_server(**settings) as server:
                yield server
        except testing.NoServer as error:
            _missing(str(error))

    return start


def _missing(reason: str) -> None:
    """Skip for want of a server, or fail where there must be one."""
    if "postgres" in os.environ.get("PROFILECORE_REQUIRE", "").replace(",", " ").split():
        pytest.fail(f"PROFILECORE_REQUIRE names postgres. {reason}")
    pytest.skip(reason)
