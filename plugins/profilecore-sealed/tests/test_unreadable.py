"""What has lost its key, as after restoring a backup, is in nobody's way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from profilecore.errors import VersionConflict
from profilecore.model.documents import Document
from profilecore.store import Writer, open_store
from profilecore.store.port import NO_TERMS
from profilecore_sealed import FileKeyring, SealedStore
from profilecore_sealed.inventory import used_keys
from profilecore_sealed.keyformat import HEAD, PLACE


def doc(id: str, kind: str = "profile", owner: str | None = None) -> Document:
    return Document(kind, id, owner or id, 1, b"zqsecret", None)


@pytest.fixture(params=["memory://", "sqlite:///{}/guests.db"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SealedStore]:
    inner = open_store(request.param.format(tmp_path))
    store = SealedStore(inner, FileKeyring(tmp_path / "guests.keys"))
    with store.write() as writer:
        for document in (doc("p1"), doc("p2"), doc("s1", "stay", "p1"), doc("s2", "stay", "p1")):
            writer.put(document, expect=0)
        writer.put_blob("f1", b"one")
        writer.put_blob("f2", b"two")
    yield store
    store.close()
    return store


def lose(store: SealedStore, *ids: str) -> None:
    """Destroy the keys of what is stored under some ids."""
    with store.inner.read() as reader:
        store.keyring.destroy([number for number, (_, id) in used_keys(reader) if id in ids])


def test_an_owner_of_what_cannot_be_read_is_forgotten_as_often_as_need_be(
    store: SealedStore,
) -> None:
    lose(store, "s1")
    for _ in range(3):
        with store.write() as writer:
            writer.forget(["p1"])
    assert store.scrub() is True
    with store.read() as reader:
        assert [d.id for d in reader.owned(["p1"])] == ["s2"]


@pytest.mark.parametrize(
    "work",
    [
        lambda writer, document: writer.put_many([(document, NO_TERMS, 0)]),
        lambda writer, document: writer.insert([(document, NO_TERMS)]),
        lambda writer, document: writer.put(document, expect=0),
    ],
)
@pytest.mark.parametrize(
    "look",
    [
        lambda writer: writer.get("profile", "p1"),
        lambda writer: writer.get_many("profile", ["p1"]),
    ],
)
def test_an_id_that_was_not_found_can_be_used_again(
    store: SealedStore,
    work: Callable[[Writer, Document], object],
    look: Callable[[Writer], object],
) -> None:
    lose(store, "p1")
    with store.write() as writer:
        assert not look(writer)
        work(writer, doc("p1"))
        assert look(writer)
        with pytest.raises(VersionConflict):
            work(writer, doc("p1"))
    with store.read() as reader:
        assert reader.get("profile", "p1") == doc("p1")


def test_a_blob_that_was_not_found_can_be_stored_again(store: SealedStore) -> None:
    lose(store, "f1")
    with store.write() as writer:
        writer.put_blob("f1", b"again")
        with pytest.raises(VersionConflict):
            writer.put_blob("f2", b"again")
    with store.read() as reader:
        assert (reader.blob("f1"), reader.blob("f2")) == (b"again", b"two")
    assert store.keyring.in_doubt() == []


def damage(store: SealedStore, number: int) -> None:
    with store.keyring.files()[0].open("r+b") as file:
        file.seek(HEAD + (number - 1) * PLACE + 20)
        file.write(b"\x01\x02\x03")


def test_a_check_names_damaged_keys_once_and_counts_those_destroyed(store: SealedStore) -> None:
    lose(store, "p1", "f1")
    damage(store, 2)
    damage(store, 4)
    faults = store.check()
    assert [fault.partition(" of ")[0] for fault in faults] == [
        "Key 2", "Key 4", "2 documents cannot be read, because their keys were destroyed; if a "
        "backup was restored, purge them.",
    ]  # fmt: skip


def test_a_check_tells_what_is_not_sealed(store: SealedStore) -> None:
    with store.inner.write() as writer:
        writer.put(doc("p9"), expect=0)
    assert store.check() == ["p9 is not sealed; copy the store into a sealed one."]
