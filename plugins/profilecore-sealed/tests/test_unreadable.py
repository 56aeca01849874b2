"""What has lost its key, as after restoring a backup, is in nobody's way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from profilecore import Engine
from profilecore.errors import StoreError, VersionConflict
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


# ---- what is left behind


def family(id: str, **fields: object) -> Document:
    return Document("profile", id, id, 1, json.dumps({"id": id, **fields}).encode(), None)


@pytest.fixture
def chain(store: SealedStore) -> SealedStore:
    """Give a store in which m2 was merged into m1, and that into m0; each has a stay and a file."""
    with store.write() as writer:
        for document in (
            family("m0", absorbed=["m1", "m2"]),
            family("m1", merged_into="m0", absorbed=["m2"]),
            family("m2", merged_into="m1"),
            family("m3"),
        ):
            writer.put(document, expect=0)
        for n in range(4):
            writer.put(doc(f"stay{n}", "stay", f"m{n}"), expect=0)
            writer.put(doc(f"file{n}", "file", f"m{n}"), expect=0)
            writer.put_blob(f"file{n}", b"passport")
    return store


def places(store: SealedStore) -> set[str]:
    with store.read() as reader:
        return {d.document.id for d in reader.everything()} | set(reader.blob_ids())


def test_what_a_profile_had_that_cannot_be_read_is_purged_with_its_keys(
    store: SealedStore,
) -> None:
    with store.write() as writer:
        writer.put(doc("f1", "file", "p1"), expect=0)
    lose(store, "p1")
    with store.inner.read() as reader:
        keys = [n for n, (_, id) in used_keys(reader) if id in ("s1", "s2", "f1")]
    assert [fault for fault in store.check() if fault.startswith("4 ") and "nobody" in fault]
    assert store.purge() == 5
    assert places(store) == {"p2", "f2"}
    assert store.keyring.keys(keys) == [None] * 4
    assert (store.check(), store.purge()) == ([], 0)


def test_profiles_whose_survivor_cannot_be_read_are_purged_with_what_they_had(
    chain: SealedStore,
) -> None:
    others = {"p1", "p2", "s1", "s2", "f1", "f2"}
    lose(chain, "m0")
    assert [fault for fault in chain.check() if fault.startswith("11 ") and "nobody" in fault]
    assert chain.purge() == 12
    assert places(chain) == others | {"m3", "stay3", "file3"}
    assert chain.check() == []


def test_what_a_survivor_answers_for_stays_when_a_merged_profile_cannot_be_read(
    chain: SealedStore,
) -> None:
    before = places(chain)
    lose(chain, "m1")
    assert chain.purge() == 1
    assert places(chain) == before - {"m1"}


def test_the_bytes_of_a_file_go_with_its_document(chain: SealedStore) -> None:
    with chain.inner.read() as reader:
        chain.keyring.destroy([n for n, place in used_keys(reader) if place == ("file", "file3")])
    assert chain.purge() == 2
    with chain.read() as reader:
        assert reader.blob("file3") is None
        assert reader.blob("file2") == b"passport"


def test_a_purge_inside_a_transaction_is_refused(store: SealedStore) -> None:
    with store.write(), pytest.raises(StoreError, match="end the transaction"):
        store.purge()


def test_a_backup_from_within_a_merge_that_was_undone_keeps_nothing_of_both(
    tmp_path: Path,
) -> None:
    url = f"sealed+sqlite:///{tmp_path}/guests.db?keyring={tmp_path}/guests.keys"
    with Engine.open(url) as engine:
        one, two = (engine.create({"last_name": name}).id for name in ("one", "two"))
        for id in (one, two):
            engine.attach(id, "passport.pdf", b"%PDF-1.7 zqpassport")
        merge = engine.merge(engine.plan_merge(one, [two]))
    shutil.copy(tmp_path / "guests.db", tmp_path / "backup.db")
    with Engine.open(url) as engine:
        engine.unmerge(merge.id)
        engine.store.scrub()
    backup = open_store(url.replace("guests.db", "backup.db"))
    assert isinstance(backup, SealedStore)
    backup.purge()
    with backup.read() as reader:
        assert (reader.count("profile"), reader.count("file"), reader.blob_ids()) == (0, 0, [])
    backup.close()
