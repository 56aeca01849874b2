from __future__ import annotations

import pytest

from profilecore.errors import StoreUnavailable
from profilecore.model.documents import Document
from profilecore.store import MemoryStore, Query, Store
from profilecore.testing import FaultyStore

ONE = Document("profile", "p1", "p1", 1, b"one")
NAMES = ["write", "put", "get", "commit", "read", "count", "search", "events", "scrub", "files"]


def operation(store: Store) -> None:
    with store.write() as writer:
        writer.put(ONE, expect=0)
        writer.get("profile", "p1")
    with store.read() as reader:
        reader.count("profile")
        reader.search(Query("a"))
        reader.events()
    store.scrub()
    store.files()


def test_calls_are_counted_and_named() -> None:
    store = FaultyStore(MemoryStore())
    operation(store)
    assert store.names == NAMES
    assert store.calls == len(NAMES)


@pytest.mark.parametrize("number", range(1, len(NAMES) + 1))
def test_each_call_can_fail(number: int) -> None:
    store = FaultyStore(MemoryStore(), fail_at=number)
    with pytest.raises(StoreUnavailable, match=rf"Call {number} \({NAMES[number - 1]}\)"):
        operation(store)
    assert store.names == NAMES[:number]
    with store.read() as reader:
        assert reader.count("profile") == (number > 4)


def test_no_call_fails_behind_the_last() -> None:
    operation(FaultyStore(MemoryStore(), fail_at=len(NAMES) + 1))


def test_the_error_can_be_chosen() -> None:
    error = OSError("disk full")
    with pytest.raises(OSError, match="disk full") as caught:
        operation(FaultyStore(MemoryStore(), fail_at=2, error=error))
    assert caught.value is error


def test_a_failing_join_fails_like_the_store_itself() -> None:
    store = FaultyStore(MemoryStore())
    with pytest.raises(StoreUnavailable, match="cannot join"), store.join(object()):
        pass
    assert store.names == ["join"]


def test_counting_starts_again_after_a_reset() -> None:
    store = FaultyStore(MemoryStore())
    operation(store)
    store.reset(fail_at=1)
    with pytest.raises(StoreUnavailable):
        store.check()
    assert store.check() == []
    assert store.names == ["check", "check"]


def test_closing_and_the_salt_never_fail() -> None:
    inner = MemoryStore()
    store = FaultyStore(inner, fail_at=1)
    assert store.salt == inner.salt
    store.close()
    assert store.calls == 0
