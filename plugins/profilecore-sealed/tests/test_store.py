"""What the inner store sees, which keys live and die, and what a wrong keyring is told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from profilecore.errors import StoreCorrupt, StoreError, StoreUnavailable, VersionConflict
from profilecore.model.documents import Document
from profilecore.store import Line, MemoryStore, Query, Store, Terms, Writer, open_store
from profilecore.testing.faults import FaultyStore
from profilecore_sealed import FileKeyring, SealedStore
from profilecore_sealed.inventory import KIND, used_keys

SECRET = "zqsecret"
TERMS = Terms((5,), (Line(f"anna {SECRET}", ("anna", SECRET, f"@{SECRET}@example.com")),))


def doc(id: str, kind: str = "profile", *, owner: str | None = None, version: int = 1) -> Document:
    return Document(kind, id, owner or id, version, SECRET.encode(), None)


@pytest.fixture
def inner() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def store(inner: MemoryStore, keyring: FileKeyring) -> SealedStore:
    return SealedStore(inner, keyring)


def fill(store: Store) -> None:
    with store.write() as writer:
        writer.put(doc("p1"), TERMS, expect=0)
        writer.put(doc("s1", "stay", owner="p1"), TERMS, expect=0)
        writer.insert([(doc("p2"), TERMS), (doc("f1", "file", owner="p2"), TERMS)])
        writer.put_blob("f1", SECRET.encode() * 10)


def keys_of(store: SealedStore) -> dict[str, int]:
    with store.inner.read() as reader:
        return {f"{kind}/{id}": number for number, (kind, id) in used_keys(reader)}


def is_alive(store: SealedStore, number: int) -> bool:
    return store.keyring.keys([number]) != [None]


def seen(inner: Store) -> str:
    """Give everything that the inner store holds, as text."""
    with inner.read() as reader:
        kept = reader.everything()
        bodies = [k.document.body for k in kept] + [reader.blob(id) for id in reader.blob_ids()]
    return repr((bodies, [k.terms.rows() for k in kept]))


def test_the_inner_store_sees_no_value(store: SealedStore, inner: MemoryStore) -> None:
    plain = MemoryStore()
    fill(plain)
    assert SECRET in seen(plain)
    fill(store)
    assert SECRET not in seen(inner)
    assert "anna" not in seen(inner)
    with store.read() as reader:
        assert reader.get("profile", "p1") == doc("p1")
        assert reader.blob("f1") == SECRET.encode() * 10
        assert [hit.id for hit in reader.search(Query(SECRET[:4], ("ann",)))] == [
            "p1", "s1", "p2", "f1",
        ]  # fmt: skip


def test_each_document_keeps_a_key_of_its_own(store: SealedStore) -> None:
    fill(store)
    before = keys_of(store)
    with store.write() as writer:
        writer.put(doc("p1", version=2), expect=1)
        writer.put_many(
            [(doc("p2", version=2), TERMS, 1), (doc("s2", "stay", owner="p1"), TERMS, 0)]
        )
    keys = keys_of(store)
    assert {place: keys[place] for place in before} == before
    assert len(set(keys.values())) == len(keys) == 6
    assert store.keyring.in_doubt() == []


def test_what_was_forgotten_loses_its_keys_and_what_stays_has_others(store: SealedStore) -> None:
    fill(store)
    before = keys_of(store)
    with store.write() as writer:
        writer.forget(["p2"])
        assert writer.get("profile", "p2") == doc("p2")
        writer.put(Document("profile", "p2", "p2", 2, b"left"), expect=1)
    after = keys_of(store)
    lost = [before[place] for place in ("profile/p2", "file/f1")]
    assert all(is_alive(store, number) for number in lost)  # the scrub is still to come
    assert store.scrub() is True
    assert not any(is_alive(store, number) for number in lost)
    assert {place for place in before if before[place] != after[place]} == {"profile/p2", "file/f1"}
    with store.read() as reader:
        assert reader.get("profile", "p2") == Document("profile", "p2", "p2", 2, b"left")
        assert reader.get("file", "f1") == doc("f1", "file", owner="p2")
        assert reader.find(5) == ["p1", "s1", "f1"]
        assert [hit.id for hit in reader.search(Query("anna"))] == ["p1", "s1", "f1"]


def test_what_was_made_and_forgotten_at_once_has_a_new_key(
    store: SealedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = made_keys(store, monkeypatch)
    with store.write() as writer:
        writer.put(doc("p1"), TERMS, expect=0)
        writer.forget(["p1"])
        writer.put(doc("p1", version=2), expect=1)
    store.scrub()
    assert [is_alive(store, number) for number in made] == [False, True]


@pytest.mark.parametrize(
    "refused",
    [
        lambda writer: writer.put(doc("p1"), expect=0),
        lambda writer: writer.put(doc("p1", version=9), expect=8),
        lambda writer: writer.insert([(doc("p3"), TERMS), (doc("p1"), TERMS)]),
        lambda writer: writer.put_many([(doc("p3"), TERMS, 0), (doc("p1"), TERMS, 0)]),
    ],
)
@pytest.mark.parametrize("then", ["forget", "delete"])
def test_a_refused_write_does_not_hide_the_key_of_what_is_stored(
    store: SealedStore, refused: Callable[[Writer], object], then: str
) -> None:
    fill(store)
    before = keys_of(store)["profile/p1"]
    with store.write() as writer:
        with pytest.raises(VersionConflict):
            refused(writer)
        if then == "forget":
            writer.forget(["p1"])
        else:
            writer.delete("profile", "p1")
    assert store.scrub() is True
    assert not is_alive(store, before)
    with store.read() as reader:
        assert reader.get("profile", "p1") == (doc("p1") if then == "forget" else None)


def test_a_deleted_document_takes_its_key_along(store: SealedStore) -> None:
    fill(store)
    before = keys_of(store)
    with store.write() as writer:
        writer.delete_blob("f1")
        assert writer.get("stay", "s1") is not None
        assert writer.delete("stay", "s1") is True
        assert writer.delete("stay", "s1") is False
        writer.delete("profile", "p1")
    assert store.scrub() is True
    alive = {place for place, number in before.items() if is_alive(store, number)}
    assert alive == {"profile/p2", "file/f1"}


def give_up(transaction: AbstractContextManager[Writer], work: Callable[[Writer], object]) -> None:
    """Do something in a transaction and leave it by an exception."""
    with suppress(ZeroDivisionError), transaction as writer:
        work(writer)
        raise ZeroDivisionError


def test_a_transaction_that_is_given_up_forgets_nothing(store: SealedStore) -> None:
    def change(writer: Writer) -> None:
        writer.forget(["p1", "p2"])
        writer.delete_blob("f1")
        writer.delete("file", "f1")

    fill(store)
    before = keys_of(store)
    give_up(store.write(), change)
    with store.write() as outer:
        give_up(_part_of(outer), change)
        give_up(store.write(), change)
    store.scrub()
    assert keys_of(store) == before
    assert all(is_alive(store, number) for number in before.values())


@contextmanager
def _part_of(writer: Writer) -> Iterator[Writer]:
    with writer.savepoint():
        yield writer


def made_keys(store: SealedStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give the list to which the numbers of all new keys are added."""
    made: list[int] = []
    reserve = store.keyring.reserve

    def noted(number: int) -> list[tuple[int, bytes]]:
        given = reserve(number)
        made.extend(n for n, _ in given)
        return given

    monkeypatch.setattr(store.keyring, "reserve", noted)
    return made


def test_keys_of_what_was_given_up_are_destroyed_at_once(
    store: SealedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = made_keys(store, monkeypatch)
    give_up(store.write(), lambda writer: writer.put(doc("p1"), expect=0))
    with store.write() as writer:
        writer.put(doc("p2"), expect=0)
        give_up(
            _part_of(writer), lambda part: part.insert([(doc("p3"), TERMS), (doc("p4"), TERMS)])
        )
        writer.put(doc("p3"), expect=0)
    assert [is_alive(store, number) for number in made] == [False, True, False, False, True]
    assert store.keyring.in_doubt() == []


def test_keys_of_a_transaction_that_was_killed_are_destroyed_by_a_scrub(
    store: SealedStore, keyring: FileKeyring
) -> None:
    fill(store)
    lost = [number for number, _ in keyring.reserve(3)]
    used = sorted(set(keys_of(store).values()))
    assert SealedStore(store.inner, FileKeyring(keyring.path)).scrub() is True
    assert not any(is_alive(store, number) for number in lost)
    assert all(is_alive(store, number) for number in used)
    assert keyring.in_doubt() == []


def test_a_commit_that_failed_leaves_its_keys_to_the_scrub(
    inner: MemoryStore, keyring: FileKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = FaultyStore(inner)
    store = SealedStore(faulty, keyring)
    fill(store)
    made = made_keys(store, monkeypatch)
    transaction = store.write()
    transaction.__enter__().put(doc("p9"), expect=0)
    faulty.reset(fail_at=1)  # the next call is the commit
    with pytest.raises(StoreUnavailable):
        transaction.__exit__(None, None, None)
    assert [is_alive(store, number) for number in made] == [True]
    store.scrub()
    assert [is_alive(store, number) for number in made] == [False]


def test_what_a_host_commits_later_keeps_its_key(tmp_path: Path) -> None:
    path = tmp_path / "guests.db"
    store = open_store(f"sealed+sqlite:///{path}?keyring={tmp_path}/guests.keys")
    assert isinstance(store, SealedStore)
    host = sqlite3.connect(path)
    with store.join(host) as writer:
        writer.put(doc("p1"), TERMS, expect=0)
    host.commit()
    with store.join(host) as writer:
        writer.put(doc("p2"), TERMS, expect=0)
    host.rollback()
    host.close()
    assert len(store.keyring.in_doubt()) == 2
    assert store.scrub() is True
    assert store.keyring.in_doubt() == []
    with store.read() as reader:
        assert reader.get("profile", "p1") == doc("p1")
        assert reader.get("profile", "p2") is None
    store.close()


def test_a_body_that_was_moved_or_changed_does_not_open(
    store: SealedStore, inner: MemoryStore
) -> None:
    fill(store)
    with inner.write() as writer:
        stolen = writer.get("profile", "p1")
        assert stolen is not None
        writer.put(Document("profile", "p2", "p2", 2, stolen.body), expect=1)
        writer.put(Document("stay", "s1", "p1", 2, stolen.body), expect=1)
    for kind, id in (("profile", "p2"), ("stay", "s1")):
        with pytest.raises(StoreCorrupt, match=id) as caught, store.read() as reader:
            reader.get(kind, id)
        assert SECRET not in str(caught.value)


def test_what_is_not_sealed_is_refused(tmp_path: Path, keyring: FileKeyring) -> None:
    plain = MemoryStore()
    fill(plain)
    with pytest.raises(StoreError, match="copy it into"):
        SealedStore(plain, keyring)


def test_another_keyring_is_refused(store: SealedStore, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="another store"):
        SealedStore(store.inner, FileKeyring(tmp_path / "other.keys"))


def test_a_restored_backup_shows_nobody_who_was_forgotten(
    tmp_path: Path, keyring: FileKeyring
) -> None:
    url = f"sealed+sqlite:///{tmp_path}/guests.db?keyring={keyring.path}"
    store = open_store(url)
    fill(store)
    backup = (tmp_path / "guests.db-wal").read_bytes(), (tmp_path / "guests.db").read_bytes()
    with store.write() as writer:
        writer.forget(["p1"])
        writer.delete("stay", "s1")
        writer.delete("profile", "p1")
    assert store.scrub() is True
    store.close()
    (tmp_path / "guests.db-wal").write_bytes(backup[0])
    (tmp_path / "guests.db").write_bytes(backup[1])
    store = open_store(url)
    assert isinstance(store, SealedStore)
    with store.read() as reader:
        assert reader.get("profile", "p1") is reader.get("stay", "s1") is None
        assert [d.id for d in reader.listing("profile", None, 5)] == ["p2"]
        assert [hit.id for hit in reader.search(Query("anna"))] == ["p2", "f1"]
        assert [kept.document.id for kept in reader.everything(limit=1)] == ["p2"]
        assert reader.count("profile") == 2
    assert [fault for fault in store.check() if "2 documents" in fault]
    assert store.purge() == 2
    assert store.check() == []
    with store.read() as reader:
        assert reader.count("profile") == 1
        assert reader.find(5) == ["p2", "f1"]
    store.close()


def test_an_id_whose_key_was_destroyed_can_be_used_again(store: SealedStore) -> None:
    fill(store)
    store.keyring.destroy([keys_of(store)["profile/p1"]])
    with store.write() as writer:
        writer.put(doc("p1"), TERMS, expect=0)
        with pytest.raises(VersionConflict):
            writer.put(doc("p2"), TERMS, expect=0)
    with store.read() as reader:
        assert reader.get("profile", "p1") == doc("p1")
        assert reader.get("profile", "p2") == doc("p2")


def test_a_refused_put_leaves_the_key_of_what_the_transaction_stored(store: SealedStore) -> None:
    with store.write() as writer:
        writer.put(doc("p1"), TERMS, expect=0)
        for _ in range(2):
            with pytest.raises(VersionConflict):
                writer.put(doc("p1"), TERMS, expect=0)
    with store.read() as reader:
        assert reader.get("profile", "p1") == doc("p1")


def test_the_list_of_lost_keys_does_not_grow(store: SealedStore, inner: MemoryStore) -> None:
    fill(store)
    for _ in range(3):
        with store.write() as writer:
            writer.forget(["p1"])
        store.scrub()
        with inner.read() as reader:
            assert [d.id for d in reader.listing(KIND, None, 9)] == ["keyring", "highest"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sealed+memory://", "needs a keyring"),
        ("sealed+nothing://x?keyring=k", "install profilecore-nothing"),
        ("sealed://x", "has a URL as in"),
    ],
)
def test_a_wrong_url_is_told_what_is_missing(url: str, message: str) -> None:
    with pytest.raises(StoreUnavailable, match=message):
        open_store(url)


def test_a_keyring_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    url = f"sealed+sqlite:///{tmp_path}/guests.db?keyring={tmp_path}/guests.keys"
    store = open_store(url)
    fill(store)
    store.close()
    (tmp_path / "guests.keys").unlink()
    with pytest.raises(StoreUnavailable, match="nothing in the store can be read"):
        open_store(url)
    assert not (tmp_path / "guests.keys").exists()


def test_options_and_parameters_go_to_the_inner_store(tmp_path: Path) -> None:
    master = tmp_path / "master"
    master.write_text("ab" * 32)
    url = f"sealed+sqlite:///{tmp_path}/guests.db?keyring={tmp_path}/k&master={master}"
    options: dict[str, Any] = {"synchronous": "SOMETIMES"}
    with pytest.raises(StoreUnavailable, match="FULL or NORMAL"):
        open_store(url, options)
    store = open_store(url, {"synchronous": "NORMAL"})
    assert [path.name for path in store.files()][-1] == "k"
    store.close()
