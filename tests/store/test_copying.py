"""A copy holds all that its source holds, and goes on after an interrupt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from file_store import FileStore
from kit import open_engine

from profilecore import Engine, Profile
from profilecore.errors import StoreError
from profilecore.store import MemoryStore, Store, copying
from profilecore.store.copying import copy
from profilecore.testing.faults import FaultyStore

PDF = b"%PDF-1.7 scanned"


@pytest.fixture
def source(store: Store) -> Store:
    """Give a store with guests, a merge, a clear, holds, stays and files."""
    engine = open_engine(store)
    ids = [
        engine.create(
            {"last_name": f"Guest {n}", "emails": [f"g{n}@example.org"], "tags": ["vip"]}
        ).id
        for n in range(7)
    ]
    merge = engine.merge(engine.plan_merge(ids[0], [ids[1]]))
    engine.merge(engine.plan_merge(ids[2], [ids[3]]))
    engine.unmerge(merge.id)
    engine.record_stay(ids[4], {"property_id": "P1", "reference": "17", "arrival": "2026-03-01"})
    engine.place_hold(ids[4], kind="open-bill", property_id="P1")
    engine.attach(ids[5], "passport.pdf", PDF)
    engine.attach(ids[5], "second.pdf", PDF + b"2")
    engine.clear(ids[6])
    return store


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "PAGE", 3)
    monkeypatch.setattr(copying, "EVENTS", 2)


def seen(engine: Engine) -> dict[str, Any]:
    living = engine.search(tags={"vip"}, limit=100).items
    return {
        "found": [profile.id for profile in engine.search("guest", limit=100).items],
        "profiles": {profile.id: attrs.asdict(profile) for profile in living},
        "access": {profile.id: repr(engine.access(profile.id)) for profile in living},
        "events": engine.changes(limit=500).items,
        "faults": [*engine.verify_audit(), *engine.verify_receipts(), *engine.store.check()],
    }


@pytest.mark.parametrize("into", [lambda path: MemoryStore(), FileStore], ids=["memory", "file"])
def test_an_engine_sees_the_same_in_a_copy(
    source: Store, tmp_path: Path, into: Callable[[Path], Store]
) -> None:
    target = into(tmp_path / "copy")
    copied = copy(source, target)
    assert copied.documents["profile"] == 7
    assert copied.blobs == 2
    before, after = open_engine(source), open_engine(target)
    assert seen(after) == seen(before)
    file = after.files(after.search("guest 5").items[0].id)[0]
    assert after.read_file(file.id) == PDF


def test_work_goes_on_in_a_copy(source: Store) -> None:
    target = MemoryStore()
    copy(source, target)
    engine = open_engine(target)
    held = next(p for p in engine.search("guest 4").items)
    assert engine.plan_clear(held.id).blockers
    merged = engine.search("guest 2").items[0]
    assert len(merged.family) == 2
    again = engine.record_stay(held.id, {"property_id": "P1", "reference": "17", "nights": 2})
    assert again.version == 2
    Engine(target, discover=False).create(Profile(last_name="New"))
    assert engine.verify_audit() == []


@pytest.mark.usefixtures("small_pages")
def test_an_interrupted_copy_goes_on_wherever_it_stopped(source: Store) -> None:
    counting = FaultyStore(MemoryStore())
    whole = copy(source, counting)
    assert counting.calls > 20
    for n in range(1, counting.calls + 1):
        target = FaultyStore(MemoryStore(), fail_at=n, error=KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            copy(source, target)
        assert copy(source, target) == whole
        assert look(target) == look(source)


def look(store: Store) -> tuple[list[Any], list[Any], list[str]]:
    with store.read() as reader:
        kept = [(k.document, sorted(k.terms.keys), k.terms.rows()) for k in reader.everything()]
        return kept, reader.events(), reader.blob_ids()


@pytest.mark.usefixtures("small_pages")
def test_a_source_that_was_written_to_meanwhile_is_refused(source: Store) -> None:
    target = FaultyStore(MemoryStore(), fail_at=12, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        copy(source, target)
    Engine(source, discover=False).create(Profile(last_name="Late"))
    with pytest.raises(StoreError, match="written to"):
        copy(source, target)


def test_a_target_that_is_not_empty_is_refused(source: Store) -> None:
    target = MemoryStore()
    open_engine(target).create(Profile(last_name="There"))
    before = look(target)
    with pytest.raises(StoreError, match="empty"):
        copy(source, target)
    assert look(target) == before


@pytest.mark.usefixtures("small_pages")
def test_a_copy_of_another_store_is_not_gone_on_with(source: Store) -> None:
    target = FaultyStore(MemoryStore(), fail_at=12, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        copy(source, target)
    with pytest.raises(StoreError, match="another store"):
        copy(MemoryStore(), target)


class Losing(MemoryStore):
    """Loses the last document of each page that is inserted."""

    def __init__(self) -> None:
        super().__init__()
        put_all = self._writer.insert
        self._writer.insert = lambda given: put_all(list(given)[:-1])  # type: ignore[method-assign]


def test_a_copy_that_differs_is_found_out(source: Store) -> None:
    with pytest.raises(StoreError, match="differs"):
        copy(source, Losing())


@pytest.mark.usefixtures("small_pages")
def test_an_unfinished_copy_is_no_source(source: Store) -> None:
    unfinished = FaultyStore(MemoryStore(), fail_at=12, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        copy(source, unfinished)
    target = MemoryStore()
    with pytest.raises(StoreError, match="unfinished copy"):
        copy(unfinished, target)
    with target.read() as reader:
        assert reader.is_empty()
    whole = copy(source, unfinished)
    assert copy(unfinished, target) == whole


def test_a_blob_that_cannot_be_read_is_left_out_and_told() -> None:
    source, target = MemoryStore(), MemoryStore()
    with source.write() as writer:
        for id in ("a", "b", "c"):
            writer.put_blob(id, b"" if id == "c" else PDF)
    read = source._writer.blob
    source._writer.blob = lambda id: None if id == "b" else read(id)  # type: ignore[method-assign]
    copied = copy(source, target)
    assert (copied.blobs, copied.left_out) == (2, 1)
    with target.read() as reader:
        assert reader.blob_ids() == ["a", "c"]
        assert reader.blob("c") == b""


def test_progress_is_told_of_each_part(source: Store) -> None:
    told: list[tuple[str, int]] = []
    copy(source, MemoryStore(), lambda what, done: told.append((what, done)))
    assert [what for what, _ in told] == [
        "documents", "events", "blobs", "blobs", "source compared", "copy compared",
    ]  # fmt: skip
    assert all(done > 0 for _, done in told)
