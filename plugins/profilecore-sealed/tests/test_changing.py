"""All keys are changed: what a copy of the keyring made before then opens is nothing."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from profilecore.errors import StoreCorrupt, StoreError, StoreUnavailable
from profilecore.model.documents import Document
from profilecore.store import Line, MemoryStore, Query, Terms, open_store
from profilecore.store.port import NO_TERMS
from profilecore.testing.faults import FaultyStore
from profilecore_sealed import FileKeyring, SealedStore, changing
from profilecore_sealed.inventory import used_keys

TERMS = Terms((), (Line("anna zqsecret", ("anna",)),))


def doc(id: str, kind: str = "profile") -> Document:
    return Document(kind, id, id, 1, b"zqsecret", None)


@pytest.fixture
def store(keyring: FileKeyring) -> SealedStore:
    store = SealedStore(MemoryStore(), keyring)
    with store.write() as writer:
        writer.insert([(doc(f"p{n}"), TERMS) for n in range(4)])
        writer.put_blob("f1", b"one")
    return store


def add(store: SealedStore, id: str) -> None:
    with store.write() as writer:
        writer.put(doc(id), expect=0)


def stop(done: int) -> None:
    raise KeyboardInterrupt


def keys_of(store: SealedStore) -> dict[str, int]:
    with store.inner.read() as reader:
        return {id: number for number, (_, id) in used_keys(reader)}


def copied(keyring: FileKeyring) -> Callable[[SealedStore], set[str]]:
    """Copy a keyring; give what tells the ids that the copy opens in a store."""
    path = keyring.path.with_name("stolen.keys")
    shutil.copy(keyring.path, path)
    stolen = FileKeyring(path)

    def has(number: int) -> bool:
        try:
            return stolen.key(number) is not None
        except StoreCorrupt:
            return False

    return lambda store: {id for id, number in keys_of(store).items() if has(number)}


def test_all_keys_can_be_changed_and_nothing_else_changes(store: SealedStore) -> None:
    with store.read() as reader:
        before = reader.everything()
    old = keys_of(store)
    told: list[int] = []
    assert store.change_keys(told.append) == told[-1] == 5
    new = keys_of(store)
    assert not set(old.values()) & set(new.values())
    assert set(store.keyring.keys(list(old.values()))) == {None}
    with store.read() as reader:
        assert reader.everything() == before
        assert reader.blob("f1") == b"one"
        assert [hit.id for hit in reader.search(Query("anna"))] == ["p0", "p1", "p2", "p3"]
    assert store.keyring.in_doubt() == []
    assert store.check() == []
    assert store.changing_since() is None


def test_an_interrupted_change_of_keys_goes_on(store: SealedStore) -> None:
    old = keys_of(store)
    with pytest.raises(KeyboardInterrupt):
        store.change_keys(stop)
    half = keys_of(store)
    assert {id for id in old if half[id] == old[id]} == {"f1"}
    assert store.change_keys() == 1
    new = keys_of(store)
    assert {id for id in old if new[id] == half[id]} == old.keys() - {"f1"}


def test_a_change_begun_again_leaves_nothing_to_a_copy_made_since_the_interrupt(
    store: SealedStore, keyring: FileKeyring
) -> None:
    with pytest.raises(KeyboardInterrupt):
        store.change_keys(stop)
    opens = copied(keyring)
    assert store.change_keys(anew=True) == 5
    assert opens(store) == set()


def test_what_is_stored_while_keys_are_changed_is_not_sealed_twice(
    store: SealedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "AT_ONCE", 2)
    ids = iter(("q1", "q2", "q3"))

    def write_beside(done: int) -> None:
        if id := next(ids, None):
            add(store, id)

    assert store.change_keys(write_beside) == 5


def test_keys_in_stock_are_not_given_after_a_change(
    store: SealedStore, keyring: FileKeyring
) -> None:
    other = SealedStore(store.inner, FileKeyring(keyring.path))
    add(other, "p8")
    opens = copied(keyring)
    assert "p8" in opens(store)
    store.change_keys()
    add(store, "p9")
    add(other, "q9")
    with other.write() as writer:
        writer.insert([(doc("q8"), NO_TERMS)])
        writer.put_blob("f2", b"two")
    assert opens(store) == set()


def test_a_child_of_a_fork_gives_none_of_its_parents_stock(keyring: FileKeyring) -> None:
    keyring.reserve(1)
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.SimpleQueue[int] = context.SimpleQueue()
    made = keyring.made()
    child = context.Process(target=lambda: (keyring.retire(), answers.put(0)))
    child.start()
    answers.get()
    child.join()
    assert keyring.reserve(1)[0][0] > made
    assert child.exitcode == 0


def test_keys_stay_retired_when_the_master_key_is_changed(
    keyring: FileKeyring, tmp_path: Path
) -> None:
    other = FileKeyring(keyring.path)
    other.reserve(1)
    made = keyring.made()
    keyring.retire()
    keyring.change_master(None)
    assert other.reserve(1)[0][0] > made


def test_a_change_stopped_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    def a_store(name: str) -> tuple[FaultyStore, SealedStore, Callable[[SealedStore], set[str]]]:
        faulty, keyring = FaultyStore(MemoryStore()), FileKeyring(tmp_path / f"{name}.keys")
        store = SealedStore(faulty, keyring)
        with store.write() as writer:
            writer.put(doc("p1"), expect=0)
            writer.put_blob("f1", b"one")
        opens = copied(keyring)
        faulty.reset()
        return faulty, store, opens

    faulty, store, _ = a_store("counted")
    store.change_keys()
    for fail_at in range(1, faulty.calls + 1):
        faulty, store, opens = a_store(str(fail_at))
        faulty.reset(fail_at=fail_at)
        with pytest.raises(StoreUnavailable):
            store.change_keys()
        add(store, "p2")
        store.change_keys()
        add(store, "p3")
        assert opens(store) == set()
        assert keys_of(store).keys() == {"p1", "p2", "p3", "f1"}
        (tmp_path / "stolen.keys").unlink()


def test_keys_are_not_changed_inside_a_transaction(store: SealedStore) -> None:
    before = keys_of(store)
    with store.write() as writer:
        with pytest.raises(StoreError, match="end the transaction"):
            store.change_keys()
        writer.put(doc("p9"), expect=0)
    assert before.items() <= keys_of(store).items()


def test_a_process_of_its_own_changes_the_keys_of_one_that_goes_on(tmp_path: Path) -> None:
    url = f"sealed+sqlite:///{tmp_path}/guests.db?keyring={tmp_path}/guests.keys"
    store, changer = open_store(url), open_store(url)
    assert isinstance(store, SealedStore)
    assert isinstance(changer, SealedStore)
    assert isinstance(store.keyring, FileKeyring)
    add(store, "p1")
    opens = copied(store.keyring)
    with store.write() as writer:
        writer.put(doc("p2"), expect=0)
    changer.change_keys()
    add(store, "p3")
    assert opens(store) == set()
    store.close()
    changer.close()
