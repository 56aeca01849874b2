"""Checkpoints of large transactions: done by a thread, waited for, and never in the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from profilecore.model.documents import Document
from profilecore.store import NO_TERMS, Store
from profilecore_sqlite import SqliteStore, checkpoints
from profilecore_sqlite.checkpoints import LARGE

Opened = Callable[..., SqliteStore]
BODY = b"x" * 200


def insert(store: Store, name: str, number: int) -> None:
    ids = [f"{name}{n}" for n in range(number)]
    with store.write() as writer:
        writer.insert((Document("profile", id, id, 1, BODY), NO_TERMS) for id in ids)


def sizes(store: SqliteStore) -> tuple[int, int]:
    """Give the sizes of the file and of its log."""
    log = Path(f"{store.path}-wal")
    return store.path.stat().st_size, log.stat().st_size if log.exists() else 0


def test_what_a_large_transaction_wrote_goes_into_the_file(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "ROWS_OF_LOG", LARGE)
    before, _ = sizes(store)
    insert(store, "a", LARGE)
    with store.write():
        pass  # whoever writes next waits for it
    assert sizes(store)[0] > before + LARGE * len(BODY)


def test_a_small_one_leaves_it_to_sqlite(store: SqliteStore) -> None:
    before, _ = sizes(store)
    insert(store, "a", 100)
    with store.write():
        pass
    assert sizes(store)[0] == before


@pytest.mark.parametrize("shared", [1, 2])
def test_the_log_begins_anew_once_large_transactions_changed_so_many_rows(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, shared: int
) -> None:
    monkeypatch.setattr(checkpoints, "ROWS_OF_LOG", shared * LARGE)
    logs = []
    for name in "abcdefgh":
        insert(store, name, LARGE)
        logs.append(sizes(store)[1])
    assert logs[-1] < (shared + 0.5) * logs[0]


def test_each_of_several_large_transactions_goes_into_the_file(store: SqliteStore) -> None:
    before, _ = sizes(store)
    for name in "abc":
        insert(store, name, LARGE)
    store.before_fork()  # who forks waits for all
    assert sizes(store)[0] > before + 3 * LARGE * len(BODY)


def test_a_reader_keeps_its_state_beside_one(store: SqliteStore, opened: Opened) -> None:
    other = opened()
    with other.read() as reader:
        assert reader.count("profile") == 0
        insert(store, "a", LARGE)
        insert(store, "b", LARGE)
        assert reader.count("profile") == 0
    with other.read() as reader:
        assert reader.count("profile") == 2 * LARGE


def test_without_a_thread_to_be_had_the_commit_stands(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        insert(store, "a", LARGE)
    insert(store, "b", 1)
    with store.read() as reader:
        assert reader.count("profile") == LARGE + 1


def test_closing_the_store_waits_for_it(opened: Opened) -> None:
    store = opened()
    insert(store, "a", LARGE)
    store.close()
    assert not [t for t in threading.enumerate() if t.name == "profilecore-checkpoint"]
    assert sizes(store)[1] == 0


def test_a_scrub_right_after_it_erases(store: SqliteStore) -> None:
    insert(store, "a", LARGE)
    with store.write() as writer:
        for n in range(LARGE):
            writer.delete("profile", f"a{n}")
    assert store.scrub()
    assert BODY not in store.path.read_bytes()
