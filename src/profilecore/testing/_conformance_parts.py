"""Conformance, core tier: the feed of events, blobs, and the store as a whole."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from profilecore.model.events import Event
from profilecore.model.fields import evolve
from profilecore.store.port import Query, Store
from profilecore.testing._conformance_base import (
    AT,
    ConformanceBase,
    StoreFactory,
    add,
    change,
    doc,
    event,
    fill,
    give_up,
    grows,
    later,
    look,
    search,
)

MEGABYTE = bytes(range(256)) * 4_096


class FeedConformance(ConformanceBase):
    """Events are kept in order and for good."""

    def test_an_event_comes_back_as_it_was_appended(self, store: Store) -> None:
        """Every field is kept, the moment to the microsecond; only ``seq`` is given.

        If this fails: keep the time with its zone, lists as tuples, and ``None`` apart from
        an empty text.
        """
        events = [
            event("e1"),
            event(
                "e2",
                "profiles.merged",
                profile_id="p2",
                fields=("name", "emails"),
                subject="m1",
                related=("p3", "p4"),
                actor="Zoë",
                property_id="hotel",
                scope="",
                number=7,
                digest="d" * 64,
                seal="5" * 64,
            ),
            Event("x", "p1", AT.astimezone(timezone(timedelta(hours=5, minutes=30))), "e3"),
            Event("x", "p1", later(-3600), "e0", fields=("",)),
        ]
        given = list(events)
        with store.write() as writer:
            made = writer.append(iter(given))
            assert writer.append([]) == []
        with store.read() as reader:
            found = reader.events()
        assert found == made
        assert [_without_seq(stored) for stored in found] == events
        assert given == events
        assert all(stored.at.tzinfo is not None for stored in found)
        assert grows(made)

    def test_seq_grows_over_transactions(self, store: Store) -> None:
        """Numbers start above 0 and grow; undone events leave no trace and harm no cursor.

        If this fails: number events in the order of commits and never from the clock.
        """
        with store.write() as writer:
            made = writer.append([event("e1"), event("e2")])
            made += writer.append([event("e3")])
        give_up(store.write(), lambda writer: writer.append([event("lost"), event("lost2")]))
        with store.write() as writer:
            writer.put(doc("p1"), expect=0)
            writer.delete("profile", "p1")
            made += writer.append([event("e2", "other")])
        assert grows(made)
        with store.read() as reader:
            assert reader.events() == made

    def test_events_are_read_from_a_cursor(self, store: Store) -> None:
        """``after`` excludes its own event, ``limit`` counts events and is 500 by default.

        If this fails: the condition is ``seq > after``, ordered by ``seq``.
        """
        with store.write() as writer:
            made = writer.append(event(f"e{n}") for n in range(501))
        with store.read() as reader:
            assert reader.events() == made[:500]
            assert reader.events(made[499].seq) == made[500:]
            assert reader.events(made[9].seq, 3) == made[10:13]
            assert reader.events(made[500].seq) == []
            assert reader.events(made[500].seq + 1_000) == []
            assert reader.events(limit=1) == made[:1]


class BlobConformance(ConformanceBase):
    """Blobs are bytes under an id, nothing more."""

    @pytest.mark.parametrize("content", [b"", b"\x00", MEGABYTE * 3], ids=["empty", "nul", "3 MB"])
    def test_a_blob_comes_back_as_it_was_stored(self, store: Store, content: bytes) -> None:
        """Any bytes are kept, of any length, and given back as ``bytes``.

        If this fails: empty is not missing; large contents must not be cut.
        """
        with store.write() as writer:
            writer.put_blob("b1", content)
            writer.put_blob("b2", b"other")
        with store.read() as reader:
            found = reader.blob("b1")
            assert found == content
            assert type(found) is bytes
            assert reader.blob("b2") == b"other"
            assert reader.blob("b3") is None
            assert reader.get("file", "b1") is None

    def test_a_deleted_blob_is_gone(self, store: Store) -> None:
        """Deleting what is not there is allowed; a freed id can be used again.

        If this fails: a deletion removes the row; it does not empty it.
        """
        add(store, doc("b1", "file", owner="p1"))
        with store.write() as writer:
            writer.put_blob("b1", b"first")
        with store.write() as writer:
            writer.delete_blob("b1")
            writer.delete_blob("b1")
            writer.delete_blob("b2")
            assert writer.blob("b1") is None
        with store.read() as reader:
            assert reader.blob("b1") is None
            assert reader.get("file", "b1") is not None
        with store.write() as writer:
            writer.put_blob("b1", b"second")
        with store.read() as reader:
            assert reader.blob("b1") == b"second"

    def test_a_stored_blob_is_a_copy(self, store: Store) -> None:
        """Changing a buffer after it was stored does not change the blob.

        If this fails: copy what is given with ``bytes(content)``.
        """
        buffer = bytearray(b"before")
        with store.write() as writer:
            writer.put_blob("b1", buffer)  # type: ignore[arg-type]
            buffer[:] = b"behind"
        buffer[:] = b"beyond"
        with store.read() as reader:
            assert reader.blob("b1") == b"before"


class StoreItselfConformance(ConformanceBase):
    """What holds for the store as a whole."""

    def test_the_salt_is_the_stores_own(self, store: Store, store_factory: StoreFactory) -> None:
        """Sixteen bytes, the same at every look, not those of another store.

        If this fails: make the salt with ``os.urandom(16)`` when the store is made, and keep it.
        """
        salt = store.salt
        assert type(salt) is bytes
        assert len(salt) == 16
        fill(store)
        assert store.salt == salt
        other = store_factory()
        assert other.salt != salt
        other.close()

    def test_a_new_store_is_empty(self, store: Store, store_factory: StoreFactory) -> None:
        """Each call of ``store_factory`` gives a store that shares nothing with another.

        If this fails: correct the fixture; the other tests cannot be trusted without it.
        """
        empty = look(store)
        assert sum(empty["counts"].values()) == 0
        assert (empty["events"], empty["documents"]["profile"]) == ([], [])
        fill(store)
        other = store_factory()
        assert look(other) == empty
        other.close()

    def test_a_sound_store_has_no_faults(self, store: Store) -> None:
        """``check`` finds nothing after writes, aborted writes and a scrub.

        If this fails: either ``check`` is wrong, or a write leaves the structure unsound.
        """
        assert store.check() == []
        fill(store)
        give_up(store.write(), change)
        with store.write() as writer:
            change(writer)
        assert store.scrub() is (store.remainder is None)
        assert store.check() == []

    def test_scrubbing_changes_nothing_that_is_stored(self, store: Store) -> None:
        """``scrub`` is done when no reader is open, and what is stored stays as it is.

        A store that names a ``remainder`` never says that it is done.  If this fails: only what
        was deleted may go; keep the order and the positions.
        """
        fill(store)
        with store.write() as writer:
            change(writer)
        before = look(store)
        hits = search(store, "d", limit=1)
        assert store.scrub() is (store.remainder is None)
        assert store.scrub() is (store.remainder is None)
        assert look(store) == before
        with store.read() as reader:
            assert reader.search(Query("d"), hits[-1].position) == []

    def test_closing_twice_is_allowed(self, store_factory: StoreFactory) -> None:
        """``close`` releases everything; a second call does nothing.

        If this fails: remember that the store is closed.
        """
        store = store_factory()
        fill(store)
        store.close()
        store.close()


def _without_seq(stored: Event) -> Event:
    return evolve(stored, seq=0)
