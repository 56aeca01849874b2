"""Conformance, core tier: transactions, threads, and a failure at each call."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from profilecore.errors import StoreUnavailable, VersionConflict
from profilecore.model.events import Event
from profilecore.store.port import Query, Store, Writer
from profilecore.testing._conformance_base import (
    Aborted,
    ConformanceBase,
    Threads,
    add,
    change,
    doc,
    event,
    fill,
    give_up,
    grows,
    ids,
    look,
    observe,
    patiently,
    terms,
)
from profilecore.testing.faults import FaultyStore

THREADS = 8
ROUNDS = 12
PAUSE = 0.001


def _put(writer: Writer) -> None:
    writer.put(doc("p9"), expect=0)
    writer.put(doc("p1", version=2, body=b"new"), terms("anna garcia", keys=[1]), expect=1)


def _put_terms(writer: Writer) -> None:
    writer.put(doc("p1", version=2, body=b"one"), terms("clara", keys=[4]), expect=1)


def _insert(writer: Writer) -> None:
    writer.insert([(doc("p9"), terms("anna", keys=[1]))])


def _delete(writer: Writer) -> None:
    writer.delete("profile", "p1")
    writer.delete("stay", "s1")


def _append(writer: Writer) -> None:
    writer.append([event("e3"), event("e4")])


def _blobs(writer: Writer) -> None:
    writer.put_blob("b2", b"new")
    writer.delete_blob("b1")


class TransactionConformance(ConformanceBase):
    """A transaction is seen whole or not at all, by every thread."""

    @pytest.mark.parametrize(
        "work",
        [_put, _put_terms, _insert, _delete, _append, _blobs, change],
        ids=["put", "terms", "insert", "delete", "events", "blobs", "everything"],
    )
    @pytest.mark.parametrize("error", [Aborted, KeyboardInterrupt])
    def test_an_exception_undoes_everything(
        self, store: Store, work: Callable[[Writer], None], error: type[BaseException]
    ) -> None:
        """Leaving the block by any exception undoes documents, terms, events and blobs alike.

        If this fails: one transaction has to cover all tables, undone for ``BaseException``
        too, and the exception has to pass on.
        """
        fill(store)
        before = look(store)
        give_up(store.write(), work, error())
        assert look(store) == before
        with store.write() as writer:
            work(writer)
        assert look(store) != before

    def test_a_savepoint_undoes_its_part_alone(self, store: Store) -> None:
        """A part left by an exception is undone, and the transaction around it goes on.

        If this fails: a savepoint has to cover all that the transaction covers, and what was
        done before and after it has to stay.
        """
        fill(store)
        with store.write() as writer:
            writer.put(doc("p7"), expect=0)
            before = observe(writer)
            for error in (Aborted, KeyboardInterrupt):
                with pytest.raises(error), writer.savepoint():  # noqa: PT012 - a part of several writes
                    with writer.savepoint():
                        change(writer)
                    writer.put(doc("p9"), expect=0)
                    raise error
                assert observe(writer) == before
            with writer.savepoint():
                writer.put(doc("p8"), expect=0)
            inside = observe(writer)
        assert look(store) == inside
        assert inside != before

    def test_forgetting_leaves_what_is_stored(self, store: Store) -> None:
        """``forget`` changes nothing that can be seen: not at once, not after a scrub.

        If this fails: what owners have at the end of the transaction stays, with its terms,
        versions and order; only its older states go.
        """
        fill(store)
        before = look(store)
        with store.write() as writer:
            writer.forget(["p1", "p9"])
            assert observe(writer) == before
            writer.put(doc("p2", version=2, body=b"now"), terms("carla", keys=[2]), expect=1)
            writer.forget(["p2"])
            with contextlib.suppress(Aborted), writer.savepoint():
                writer.forget(["p2"])
                raise Aborted
        after = look(store)
        assert after["documents"]["profile"] == [
            doc("p1", body=b"one"), doc("p2", version=2, body=b"now")
        ]  # fmt: skip
        assert after["words"]["a"] == before["words"]["a"]
        store.scrub()
        assert look(store) == after

    def test_a_writer_reads_what_it_wrote(self, store: Store) -> None:
        """Inside the block every read sees the writes made so far, and the commit keeps them.

        If this fails: a writer has to read through its own transaction and flush what it
        gathers before each read.
        """
        fill(store)
        with store.write() as writer:
            change(writer)
            inside = observe(writer)
            assert writer.get("profile", "p1") == doc("p1", version=2, body=b"new")
            assert writer.get_many("profile", ["p2", "p3"]) == [doc("p3")]
            assert writer.find_many([2, 4, 5]) == {2: ["f1"], 4: ["p1"], 5: ["p3"]}
            assert ids(writer.search(Query("anna"))) == ["f1"]
            assert [seen.id for seen in writer.events()] == ["e1", "e2", "e3", "e4", "e5"]
            assert (writer.blob("b1"), writer.blob("b2")) == (b"again", b"second")
        assert look(store) == inside

    def test_readers_do_not_see_what_is_not_committed(self, store: Store) -> None:
        """A reader in another thread sees nothing of a transaction that is later undone.

        It may wait for the writer instead.  If this fails: each thread needs a connection of
        its own, or one lock for readers and writers.
        """
        fill(store)
        before = look(store)
        seen = []
        with Threads() as threads:

            def work(writer: Writer) -> None:
                change(writer)
                threads.start(lambda: seen.append(look(store))).join(0.3)

            give_up(store.write(), work)
        assert seen == [before]

    def test_a_read_sees_one_state(self, store: Store) -> None:
        """A read that is open while another thread commits still sees the state it began with.

        The writer may wait for the reader instead.  If this fails: begin a read transaction
        (a snapshot) when ``read`` is entered, not one per statement.
        """
        fill(store)

        def commit() -> None:
            with store.write() as writer:
                change(writer)

        with Threads() as threads, store.read() as reader:
            before = observe(reader)
            threads.start(lambda: patiently(commit)).join(0.3)
            assert observe(reader) == before
        assert look(store) != before

    def test_writers_follow_one_another(self, store: Store) -> None:
        """What a writer has read stays true until it commits: threads lose no update.

        If this fails: take the write lock when the block is entered (in SQLite ``begin
        immediate``), not at the first write.
        """
        add(store, doc("p1", version=1))

        def step() -> None:
            with store.write() as writer:
                document = writer.get("profile", "p1")
                assert document is not None
                time.sleep(PAUSE)
                version = document.version
                writer.put(doc("p1", version=version + 1), expect=version)

        _at_once(lambda _: _repeat(step))
        with store.read() as reader:
            assert reader.get("profile", "p1") == doc("p1", version=1 + THREADS * ROUNDS)

    def test_expecting_a_version_loses_no_update(self, store: Store) -> None:
        """Threads that read, compute and then put with ``expect`` overwrite nothing unseen.

        If this fails: the comparison with the stored version and the write have to be one
        step for all threads.
        """
        add(store, doc("p1", version=1, body=b"0"))

        def step() -> None:
            while True:
                with store.read() as reader:
                    found = reader.get("profile", "p1")
                assert found is not None
                time.sleep(PAUSE)
                new = doc("p1", version=found.version + 1, body=b"%d" % (int(found.body) + 1))
                try:
                    with store.write() as writer:
                        writer.put(new, expect=found.version)
                except VersionConflict:
                    continue
                return

        _at_once(lambda _: _repeat(step))
        with store.read() as reader:
            found = reader.get("profile", "p1")
        assert found is not None
        assert (int(found.body), found.version) == (THREADS * ROUNDS, THREADS * ROUNDS + 1)

    def test_a_cursor_misses_no_event(self, store: Store) -> None:
        """A reader that goes on from the last ``seq`` it saw sees every event once, in order.

        If this fails: a number was given before the write lock was taken, so a later number
        was committed first.  Give ``seq`` inside the transaction.
        """
        running = threading.Event()
        running.set()
        seen: list[Event] = []

        def write(thread: int) -> None:
            for number in range(ROUNDS):

                def step(name: str = f"e{thread}-{number}") -> None:
                    with store.write() as writer:
                        time.sleep(PAUSE)
                        writer.append([event(f"{name}a")])
                        time.sleep(PAUSE)
                        writer.append([event(f"{name}b")])

                patiently(step)
                time.sleep(PAUSE)

        def follow() -> None:
            while True:
                last = not running.is_set()
                with store.read() as reader:
                    found = reader.events(seen[-1].seq if seen else 0, 50)
                seen.extend(found)
                if last and not found:
                    return

        with Threads() as threads:
            threads.start(follow)
            try:
                _at_once(write)
            finally:
                running.clear()
        with store.read() as reader:
            assert seen == reader.events(0, 10_000)
        assert len({found.id for found in seen}) == 2 * THREADS * ROUNDS
        assert grows(seen)

    def test_a_failure_at_any_call_leaves_the_state_before(self, store: Store) -> None:
        """Whichever call of a transaction fails, the commit included, nothing of it stays.

        If this fails: see which call was made to fail; what the calls before it did was kept.
        """
        fill(store)
        before = look(store)
        faulty = FaultyStore(store)
        give_up(faulty.write(), change)
        calls = faulty.calls + 1
        for number in range(1, calls + 1):
            faulty.reset(fail_at=number)
            with pytest.raises(StoreUnavailable), faulty.write() as writer:
                change(writer)
            assert look(store) == before, f"call {number}, {faulty.names[-1]}"
        assert faulty.names[-1] == "commit"
        faulty.reset(fail_at=calls + 1)
        with faulty.write() as writer:
            change(writer)
        assert look(store) != before


def _at_once(work: Callable[[int], None]) -> None:
    with Threads() as threads:
        for number in range(THREADS):
            threads.start(partial(work, number))


def _repeat(step: Callable[[], None]) -> None:
    for _ in range(ROUNDS):
        patiently(step)
