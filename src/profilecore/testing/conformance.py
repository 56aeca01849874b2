"""The suite that every store passes, for the authors of stores.

Adopt it with a test class of your own::

    import pytest
    from profilecore.store import Capability
    from profilecore.testing import StoreConformance


    class TestMyStore(StoreConformance):
        lacks = frozenset({Capability.JOINS})

        @pytest.fixture
        def store_factory(self, tmp_path):
            numbers = itertools.count()
            return lambda: MyStore(tmp_path / f"{next(numbers)}.db")

and, in ``conftest.py``, before the suite is imported anywhere, this line, so that a failed
comparison shows both sides::

    pytest.register_assert_rewrite("profilecore.testing")

The suite needs ``profilecore[testing]``, that is pytest and Hypothesis.  New tests of the core
tier come with minor releases and are announced in the changelog.
"""

from __future__ import annotations

import pytest

from profilecore.store.port import Store
from profilecore.testing._conformance_base import (
    HostConnection,
    Reopen,
    StoreFactory,
    capability_faults,
    capability_table,
    requires,
)
from profilecore.testing._conformance_copies import CopyConformance
from profilecore.testing._conformance_documents import DocumentConformance
from profilecore.testing._conformance_optional import (
    DurabilityConformance,
    JoinConformance,
    PrivacyConformance,
    ProcessesConformance,
)
from profilecore.testing._conformance_parts import (
    BlobConformance,
    FeedConformance,
    StoreItselfConformance,
)
from profilecore.testing._conformance_search import SearchConformance
from profilecore.testing._conformance_stateful import StatefulConformance
from profilecore.testing._conformance_transactions import TransactionConformance

__all__ = [
    "HostConnection",
    "Reopen",
    "StoreConformance",
    "StoreFactory",
    "capability_faults",
    "capability_table",
    "requires",
]


class StoreConformance(
    DocumentConformance,
    SearchConformance,
    TransactionConformance,
    FeedConformance,
    BlobConformance,
    StoreItselfConformance,
    CopyConformance,
    DurabilityConformance,
    ProcessesConformance,
    JoinConformance,
    PrivacyConformance,
    StatefulConformance,
):
    """Tests of the store port: subclass it, give the fixtures, and run pytest.

    Class attributes:

    ``lacks``
        The capabilities that the store does not have.  Each capability is either declared by
        the store or listed here; tests that require one that is listed are skipped.
    ``plain_files``
        Set it to ``False`` if the store seals or packs what it writes, so that a stored value
        cannot be seen in ``files()`` even before it is deleted.

    Fixtures, defined in the class:

    ``store_factory``
        Required.  A function without arguments that gives an *empty* store at each call.
    ``reopen``
        For ``DURABLE``.  A function that closes a store, opens the same one again and gives it.
    ``store_opener``
        For ``PROCESSES``.  A function without arguments that opens the same store at each call,
        in whatever process; the store is empty at the first call of each test.  It is pickled,
        so it has to be, or be a ``functools.partial`` of, a function that other processes can
        import: one of your package, such as ``profilecore.store.open_store``, not of a test.
    ``host_connection``
        For ``JOINS``.  A function that opens a connection of the host's own to the store that it
        is given.  The connection has ``commit``, ``rollback`` and ``close``, and a transaction
        begins by itself, as in Python's database API.

    A test of the suite may be overridden only to say that it fails, and why: decorate the override
    with ``pytest.mark.xfail(strict=True, reason="...")`` and call the test of the suite in it.

    The environment variable ``PROFILECORE_STEPS`` sets how many random steps the stateful test
    does; 1,500 if it is not set.
    """

    def test_no_test_of_the_suite_is_overridden(self) -> None:
        """A test of the suite is overridden only by one that says that it fails.

        If this fails: rename your test, or decorate it with
        ``pytest.mark.xfail(strict=True, reason="...")``.
        """
        cls = type(self)
        silent = [
            f"{base.__name__}.{name}"
            for base in cls.__mro__[: cls.__mro__.index(StoreConformance)]
            for name, value in vars(base).items()
            if name.startswith("test_") and hasattr(StoreConformance, name)
            if not _is_strict_xfail(value)
        ]
        assert silent == [], f"overridden without a strict xfail: {', '.join(silent)}"

    def test_every_capability_is_declared_or_lacked(self, store: Store) -> None:
        """Each capability is either in the store's ``capabilities`` or in ``lacks``, not in both.

        If this fails: correct the one that is wrong; a capability that is not declared is not
        tested.
        """
        assert capability_faults(store.capabilities, self.lacks) == []


def _is_strict_xfail(test: object) -> bool:
    marks = getattr(test, "pytestmark", [])
    return any(
        isinstance(mark, pytest.Mark)
        and mark.name == "xfail"
        and mark.kwargs.get("strict") is True
        and bool(mark.kwargs.get("reason"))
        and not mark.args
        and mark.kwargs.get("run", True)
        for mark in marks
    )
