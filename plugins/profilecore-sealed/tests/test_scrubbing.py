"""A scrub destroys the keys of what is gone for sure, at whatever point it is stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from profilecore.errors import StoreError, StoreUnavailable
from profilecore.model.documents import Document
from profilecore.store import MemoryStore, open_store
from profilecore.testing.faults import FaultyStore
from profilecore_sealed import FileKeyring, SealedStore
from profilecore_sealed.inventory import lost_keys, used_keys


def doc(id: str, version: int = 1) -> Document:
    return Document("profile", id, id, version, b"zqsecret", None)


def keys_of(store: SealedStore) -> dict[str, int]:
    with store.inner.read() as reader:
        return {id: number for number, (_, id) in used_keys(reader)}


def alive(store: SealedStore, numbers: Iterable[int]) -> list[bool]:
    return [key is not None for key in store.keyring.keys(list(numbers))]


def test_a_scrub_inside_a_transaction_is_refused_before_it_destroys(tmp_path: Path) -> None:
    path = tmp_path / "guests.db"
    store = open_store(f"sealed+sqlite:///{path}?keyring={tmp_path}/guests.keys")
    assert isinstance(store, SealedStore)
    host = sqlite3.connect(path)
    with store.join(host) as writer:
        writer.put(doc("p1"), expect=0)
    host.commit()  # its key stays in doubt
    host.close()
    with suppress(ZeroDivisionError), store.write() as writer:
        writer.delete("profile", "p1")
        with pytest.raises(StoreError, match="end the transaction"):
            store.scrub()
        raise ZeroDivisionError
    with store.read() as reader:
        assert reader.get("profile", "p1") == doc("p1")
    store.close()


def a_store(tmp_path: Path, name: str) -> tuple[FaultyStore, SealedStore, int, int]:
    """Give a store with p1, the key of a deleted one, and that of a transaction killed."""
    faulty = FaultyStore(MemoryStore())
    keyring = FileKeyring(tmp_path / f"{name}.keys")
    store = SealedStore(faulty, keyring)
    with store.write() as writer:
        writer.put(doc("p1"), expect=0)
        writer.put(doc("p2"), expect=0)
    gone = keys_of(store)["p2"]
    with store.write() as writer:
        writer.delete("profile", "p2")
    ((killed, _),) = keyring.reserve(1)
    faulty.reset()
    return faulty, store, gone, killed


def test_a_scrub_whose_commit_fails_has_decided_nothing(tmp_path: Path) -> None:
    faulty, store, _, _ = a_store(tmp_path, "counted")
    store.scrub()
    commit = faulty.names.index("commit") + 1
    faulty, store, gone, killed = a_store(tmp_path, "failing")
    faulty.reset(fail_at=commit)
    with pytest.raises(StoreUnavailable):
        store.scrub()
    assert alive(store, [gone, killed]) == [True, True]
    assert store.keyring.in_doubt() == [killed]


def test_a_scrub_that_was_stopped_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    faulty, store, _, _ = a_store(tmp_path, "counted")
    store.scrub()
    for fail_at in range(1, faulty.calls + 1):
        faulty, store, gone, killed = a_store(tmp_path, str(fail_at))
        faulty.reset(fail_at=fail_at)
        with pytest.raises(StoreUnavailable):
            store.scrub()
        with store.inner.read() as reader:
            named = [n for _, numbers in lost_keys(reader) for n in numbers]
        assert named == [gone] or alive(store, [gone]) == [False]
        assert store.scrub() is True
        assert alive(store, [gone, killed, *keys_of(store).values()]) == [False, False, True]
        assert store.keyring.in_doubt() == []
        with store.inner.read() as reader:
            assert lost_keys(reader) == []


def test_a_key_in_doubt_is_given_to_nobody(tmp_path: Path) -> None:
    keyring = FileKeyring(tmp_path / "guests.keys")
    keyring.reserve(1)
    other = FileKeyring(keyring.path)
    numbers = [number for number, _ in other.reserve(2_000)]
    other.settled(numbers[1::2])  # from the first on all are in doubt now, for want of room
    decided = set(other.in_doubt())
    assert not {number for number, _ in keyring.reserve(100)} & decided


def test_keys_that_cannot_be_settled_or_destroyed_are_left_to_the_scrub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(numbers: Iterable[int]) -> None:
        raise StoreUnavailable("The disk is full.")

    store = SealedStore(MemoryStore(), FileKeyring(tmp_path / "guests.keys"))
    with monkeypatch.context() as patch:
        patch.setattr(store.keyring, "settled", fails)
        patch.setattr(store.keyring, "destroy", fails)
        with store.write() as writer:
            writer.put(doc("p1"), expect=0)
        with suppress(ZeroDivisionError), store.write() as writer:
            writer.put(doc("p2"), expect=0)
            raise ZeroDivisionError
    assert len(store.keyring.in_doubt()) == 2
    assert store.scrub() is True
    assert store.keyring.in_doubt() == []
    assert alive(store, [1, 2]) == [True, False]
