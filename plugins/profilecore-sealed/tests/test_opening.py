"""A store is opened with its own keyring, the newest there is, or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from profilecore.errors import StoreCorrupt, StoreUnavailable
from profilecore.model.documents import Document
from profilecore.store import MemoryStore, Store, open_store
from profilecore.store.copying import copy
from profilecore_sealed import FileKeyring, SealedStore
from profilecore_sealed.inventory import KIND


def url_of(path: Path, name: str = "guests") -> str:
    return f"sealed+sqlite:///{path.parent}/{name}.db?keyring={path}"


def fill(store: Store, *ids: str) -> None:
    for id in ids:
        with store.write() as writer:
            writer.put(Document("profile", id, id, 1, b"zqsecret", None), expect=0)


def ids_of(store: Store) -> list[str]:
    with store.read() as reader:
        return [document.id for document in reader.listing("profile", None, 1_000)]


def test_a_keyring_belongs_to_the_store_that_named_it_first(path: Path) -> None:
    first = open_store(url_of(path))
    for keys in (0, 1):
        with pytest.raises(StoreUnavailable, match="another store"):
            open_store(url_of(path, f"second{keys}"))
        fill(first, f"p{keys}")
    first.close()
    again = open_store(url_of(path))
    assert ids_of(again) == ["p0", "p1"]
    again.close()


def test_a_keyring_of_before_that_has_made_keys_is_not_taken_for_a_new_store(path: Path) -> None:
    keyring = FileKeyring(path)
    keyring.reserve(1)
    with pytest.raises(StoreUnavailable, match="another store"):
        SealedStore(MemoryStore(), keyring)


def test_a_keyring_stays_its_stores_when_its_master_key_is_changed(path: Path) -> None:
    first = SealedStore(MemoryStore(), FileKeyring(path))
    assert isinstance(first.keyring, FileKeyring)
    first.keyring.change_master(None)
    assert FileKeyring(path).claim(first.inner.salt) is True
    assert FileKeyring(path).claim(bytes(range(16))) is False


def test_a_store_that_was_stopped_while_it_was_made_is_made_with_the_same_keyring(
    path: Path,
) -> None:
    inner, keyring = MemoryStore(), FileKeyring(path)
    assert keyring.claim(inner.salt) is True
    fill(SealedStore(inner, keyring), "p1")


def test_a_copy_and_a_restored_backup_keep_their_keyrings(path: Path, tmp_path: Path) -> None:
    store = open_store(url_of(path))
    fill(store, "p1")
    store.close()
    shutil.copy(tmp_path / "guests.db", tmp_path / "restored.db")
    restored = open_store(url_of(path, "restored"))
    assert ids_of(restored) == ["p1"]
    other = open_store(url_of(tmp_path / "copy.keys", "copy"))
    copy(restored, other)
    assert ids_of(other) == ["p1"]
    restored.close()
    other.close()


def test_an_older_copy_of_the_keyring_is_refused(path: Path) -> None:
    store = open_store(url_of(path))
    fill(store, "p1")
    older = path.read_bytes()
    fill(store, *(f"g{n}" for n in range(100)))
    store.close()
    newest = path.read_bytes()
    path.write_bytes(older)
    with pytest.raises(StoreCorrupt, match="older copy"):
        open_store(url_of(path))
    path.write_bytes(newest)
    store = open_store(url_of(path))
    assert len(ids_of(store)) == 101
    store.close()


def test_an_older_copy_put_in_place_of_the_keyring_gives_no_key(path: Path) -> None:
    keyring = FileKeyring(path)
    older = path.read_bytes()
    keyring.reserve(5)
    path.with_suffix(".old").write_bytes(older)
    path.with_suffix(".old").replace(path)
    with pytest.raises(StoreCorrupt, match="older copy"):
        keyring.reserve(100)


def test_another_keyring_put_in_its_place_is_not_used(path: Path, tmp_path: Path) -> None:
    keyring = FileKeyring(path)
    FileKeyring(tmp_path / "other.keys").close()
    (tmp_path / "other.keys").replace(path)
    with pytest.raises(StoreUnavailable, match="another keyring"):
        keyring.reserve(1)


def test_a_store_without_a_mark_gets_one_with_its_next_new_keys(path: Path) -> None:
    inner = MemoryStore()
    fill(SealedStore(inner, FileKeyring(path)), "p1")
    with inner.write() as writer:
        assert writer.delete(KIND, "highest")
    older = path.read_bytes()
    fill(SealedStore(inner, FileKeyring(path)), "p2")
    path.write_bytes(older)
    with pytest.raises(StoreCorrupt, match="older copy"):
        SealedStore(inner, FileKeyring(path))


def test_the_mark_is_written_once_a_lot(path: Path) -> None:
    inner = MemoryStore()
    store = SealedStore(inner, FileKeyring(path))
    fill(store, *(f"g{n}" for n in range(300)))
    with inner.read() as reader:
        note = reader.get(KIND, "highest")
    assert note is not None
    assert note.version == 2


def test_a_store_that_must_exist_makes_no_keyring(path: Path, tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/guests.db").close()
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        open_store(url_of(path), {"create": False})
    assert not path.exists()


def test_parameters_go_to_the_inner_store_as_they_are(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    def opened(url: str, options: object) -> Store:
        given.append(url)
        return MemoryStore()

    monkeypatch.setattr("profilecore_sealed.store.open_inner", opened)
    open_store(f"sealed+sqlite://x?a=my%20hotel&keyring={path}&options=-c%20b%3D8MB&c=1+1")
    assert given == ["sqlite://x?a=my%20hotel&options=-c%20b%3D8MB&c=1+1"]
