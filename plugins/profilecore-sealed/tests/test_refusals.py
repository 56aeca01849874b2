"""What was refused leaves no key behind, though its transaction is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest

from profilecore.errors import StoreUnavailable, VersionConflict
from profilecore.model.documents import Document
from profilecore.store import MemoryStore, Terms, Writer, open_store
from profilecore.store.port import NO_TERMS
from profilecore.testing.faults import FaultyStore
from profilecore_sealed import FileKeyring, SealedStore
from profilecore_sealed.inventory import used_keys

Refused = Callable[[Writer], object]


def doc(id: str, version: int = 1) -> Document:
    return Document("profile", id, id, version, b"zqsecret", None)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SealedStore]:
    if request.param == "postgresql":
        dsn: str = request.getfixturevalue("dsn")
        schemas: Callable[[str], AbstractContextManager[str]] = request.getfixturevalue("schemas")
        with schemas(dsn) as schema:
            yield from sealed(f"{dsn}&schema={schema}", tmp_path)
    else:
        where = {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path}/guests.db"}
        yield from sealed(where[request.param], tmp_path)


def sealed(url: str, path: Path) -> Iterator[SealedStore]:
    store = SealedStore(open_store(url), FileKeyring(path / "guests.keys"))
    with store.write() as writer:
        writer.put(doc("p1"), expect=0)
    yield store
    store.close()


def used(store: SealedStore) -> set[int]:
    with store.inner.read() as reader:
        return {number for number, _ in used_keys(reader)}


def living(store: SealedStore) -> set[int]:
    """Give the keys that were given and are not destroyed; the first ones made."""
    keys = store.keyring.keys(range(1, 40))
    given = {number for number in range(1, 40) if keys[number - 1] is not None}
    return given - {number for number, _ in store.keyring.reserve(1)}.union(stock(store))


def stock(store: SealedStore) -> set[int]:
    assert isinstance(store.keyring, FileKeyring)
    return {number for number, _ in store.keyring._pool}


REFUSED: list[Refused] = [
    lambda writer: writer.insert([(doc("p2"), NO_TERMS), (doc("p1"), NO_TERMS)]),
    lambda writer: writer.put_many([(doc("p2"), NO_TERMS, 0), (doc("p1"), NO_TERMS, 0)]),
    lambda writer: writer.put_many([(doc("p2"), NO_TERMS, 0), (doc("p1", 9), NO_TERMS, 8)]),
]


@pytest.mark.parametrize("refused", REFUSED)
def test_keys_of_what_was_refused_are_destroyed_by_the_next_scrub(
    store: SealedStore, refused: Refused
) -> None:
    with store.write() as writer:
        with pytest.raises(VersionConflict):
            refused(writer)
        writer.delete("profile", "p1")
        writer.delete("profile", "p2")
    assert store.scrub() is True
    assert living(store) == used(store) == set()


@pytest.mark.parametrize("refused", REFUSED)
def test_what_was_refused_may_be_tried_again_in_the_same_transaction(
    store: SealedStore, refused: Refused
) -> None:
    with store.write() as writer:
        with pytest.raises(VersionConflict):
            refused(writer)
        if writer.get("profile", "p2") is None:  # that is for the inner store to decide
            writer.insert([(doc("p2"), NO_TERMS)])
        writer.put(doc("p2", 2), expect=1)
        writer.put_many([(doc("p3"), NO_TERMS, 0), (doc("p1", 2), NO_TERMS, 1)])
    assert store.scrub() is True
    with store.read() as reader:
        assert [(d.id, d.version) for d in reader.listing("profile", None, 9)] == [
            ("p1", 2), ("p2", 2), ("p3", 1),
        ]  # fmt: skip
    assert living(store) == used(store)
    assert store.keyring.in_doubt()[1:] == []  # but for the one that was just asked for


@pytest.mark.parametrize("refused", REFUSED)
def test_what_was_refused_in_a_part_that_is_undone_is_destroyed_at_once(
    store: SealedStore, refused: Refused
) -> None:
    with store.write(), suppress(VersionConflict), store.write() as writer:
        refused(writer)
    assert living(store) == used(store)


def test_keys_that_may_be_in_use_after_a_refusal_are_not_destroyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(documents: object) -> None:
        for document, terms in documents:  # type: ignore[attr-defined]
            inner.put(document, terms, expect=0)
            raise StoreUnavailable("The disk is full.")

    store = SealedStore(MemoryStore(), FileKeyring(tmp_path / "guests.keys"))
    with store.write() as writer:
        inner = writer.inner  # type: ignore[attr-defined]
        monkeypatch.setattr(inner, "insert", half)
        with pytest.raises(StoreUnavailable):
            writer.insert([(doc("p1"), NO_TERMS), (doc("p2"), NO_TERMS)])
    assert store.scrub() is True
    with store.read() as reader:
        assert [d.id for d in reader.listing("profile", None, 9)] == ["p1"]
    assert living(store) == used(store)


@pytest.mark.parametrize(
    "work",
    [
        lambda writer: writer.put(doc("p1"), Terms((7,)), expect=0),
        lambda writer: writer.put_blob("f1", b"one"),
    ],
)
def test_keys_of_a_write_that_failed_are_destroyed_by_the_next_scrub(
    tmp_path: Path, work: Refused
) -> None:
    faulty = FaultyStore(MemoryStore())
    store = SealedStore(faulty, FileKeyring(tmp_path / "guests.keys"))
    with store.write() as writer:
        faulty.reset(fail_at=1)
        with pytest.raises(StoreUnavailable):
            work(writer)
        faulty.reset()
    assert store.scrub() is True
    assert living(store) == set()
