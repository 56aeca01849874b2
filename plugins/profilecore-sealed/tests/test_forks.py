"""A child of a fork waits for no thread of its parent, and leaves it its keys."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from profilecore.model.documents import Document
from profilecore.store import Line, MemoryStore, Terms
from profilecore_sealed import FileKeyring, SealedStore

TERMS = Terms((), (Line("anna", ("anna",)),))


@pytest.fixture
def store(tmp_path: Path) -> SealedStore:
    return SealedStore(MemoryStore(), FileKeyring(tmp_path / "guests.keys"))


def started(work: Callable[[], object]) -> multiprocessing.process.BaseProcess:
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    return child


def has_ended(child: multiprocessing.process.BaseProcess) -> bool:
    """Tell whether a child comes to its end by itself."""
    child.join(20)
    child.kill()
    child.join()
    return child.exitcode == 0


def put(store: SealedStore, id: str) -> None:
    with store.write() as writer:
        writer.put(Document("profile", id, id, 1, b"zqsecret", None), TERMS, expect=0)


def test_a_thread_that_had_the_keyring_is_not_waited_for(
    store: SealedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((number, _),) = store.keyring.reserve(1)
    waits, goes_on, fsync = threading.Event(), threading.Event(), os.fsync

    def slow(file: int) -> None:
        waits.set()
        goes_on.wait()
        fsync(file)

    monkeypatch.setattr(os, "fsync", slow)
    thread = threading.Thread(target=store.keyring.destroy, args=([number],))
    thread.start()
    waits.wait()
    child = started(lambda: store.keyring.key(number))
    goes_on.set()
    thread.join()
    assert has_ended(child)


def test_a_thread_that_was_at_the_store_is_not_waited_for(store: SealedStore) -> None:
    with store._guard, store._words._lock:
        child = started(lambda: put(store, "p1"))
    assert has_ended(child)


def test_a_child_that_leaves_its_parents_transaction_destroys_none_of_its_keys(
    store: SealedStore,
) -> None:
    child = -1
    try:
        with store.write():
            put(store, "p1")
            child = os.fork()
            if not child:
                raise ZeroDivisionError
    finally:
        if not child:
            os._exit(0)
    os.waitpid(child, 0)
    with store.read() as reader:
        assert reader.get("profile", "p1") is not None
