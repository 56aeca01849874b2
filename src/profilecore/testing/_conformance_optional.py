"""Conformance, optional tiers: durability, several processes, joins, privacy of files."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

import pytest

from profilecore.errors import StoreUnavailable
from profilecore.store.port import Capability, Query, Store, Writer
from profilecore.testing._conformance_base import (
    ConformanceBase,
    HostConnection,
    Reopen,
    StoreFactory,
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
    patiently,
    requires,
    rows,
    search,
    terms,
)

Connect = Callable[[Store], HostConnection]
PROCESSES = 3
ROUNDS = 15
PATIENCE = 60.0

# Every value that a privacy test deletes is this marker over and over, so that any fragment shows.
MARKER = "gone"
MARKED_KEYS = tuple(int.from_bytes(b"gonegone", order) for order in ("big", "little"))


class DurabilityConformance(ConformanceBase):
    """What was committed is there when the store is opened again."""

    @requires(Capability.DURABLE)
    def test_everything_is_there_after_reopening(self, store: Store, reopen: Reopen) -> None:
        """Documents, order, terms, events, blobs and salt are the same; numbers go on.

        If this fails: see which part differs: that part is kept in memory only.
        """
        fill(store)
        with store.write() as writer:
            change(writer)
        before, salt = look(store), store.salt
        hits = search(store, "d", limit=1)
        store = reopen(store)
        assert store.salt == salt
        assert look(store) == before
        assert store.check() == []
        with store.write() as writer:
            writer.put(doc("p0"), terms("dora", keys=[1]), expect=0)
            made = writer.append([event("e9")])
        with store.read() as reader:
            assert ids(reader.listing("profile", None, 10))[-1] == "p0"
            assert reader.find(1)[-1] == "p0"
            assert rows(reader.search(Query("d"), hits[-1].position)) == [("p0", "dora", "dora")]
            assert reader.events()[:-1] == before["events"]
            assert reader.events()[-1:] == made
            assert grows(reader.events())
        store.close()

    @requires(Capability.DURABLE)
    def test_nothing_undone_comes_back_after_reopening(self, store: Store, reopen: Reopen) -> None:
        """An aborted transaction leaves nothing for the next opening to find.

        If this fails: what is written ahead of the commit has to be ignored without it.
        """
        fill(store)
        before = look(store)
        give_up(store.write(), change)
        store = reopen(store)
        assert look(store) == before
        store.close()


class ProcessesConformance(ConformanceBase):
    """Several processes use one store; one of them may be killed."""

    @requires(Capability.PROCESSES)
    def test_processes_see_and_overwrite_nothing_unseen(self, store_opener: StoreFactory) -> None:
        """Processes that read and write in one transaction lose no update and no event.

        If this fails: the write lock has to be one between processes, taken when the block is
        entered.
        """
        store = store_opener()
        salt = store.salt
        add(store, doc("p1", version=1))
        with _children(_increment, store_opener, PROCESSES) as children:
            for _, child in children:
                assert _receive(child) == salt
            for _, child in children:
                child.send("go")
            for _, child in children:
                assert _receive(child) == "done"
        with store.read() as reader:
            total = PROCESSES * ROUNDS
            assert reader.get("profile", "p1") == doc("p1", version=1 + total)
            assert len(reader.events()) == total
            assert grows(reader.events())
        store.close()

    @requires(Capability.PROCESSES)
    def test_a_killed_process_leaves_the_state_before(self, store_opener: StoreFactory) -> None:
        """SIGKILL inside a transaction undoes all of it, and its lock is free again.

        If this fails: nothing may reach the committed state before the commit, and a lock must
        end with its process.
        """
        store = store_opener()
        if Capability.DURABLE not in store.capabilities:
            store.close()
            pytest.skip("store lacks DURABLE")
        fill(store)
        before = look(store)
        with _children(_stop_halfway, store_opener, 1) as [(process, child)]:
            assert _receive(child) == "halfway"
            process.kill()
            process.join(PATIENCE)
        assert look(store) == before
        again = store_opener()
        assert look(again) == before

        def work() -> None:
            with again.write() as writer:
                change(writer)

        patiently(work)
        assert look(store) == look(again) != before
        assert again.check() == []
        again.close()
        store.close()

    @requires(Capability.PROCESSES)
    def test_a_killed_process_loses_nothing_acknowledged(self, store_opener: StoreFactory) -> None:
        """Killed at any moment, a process leaves whole transactions, all acknowledged ones.

        If this fails: ``write`` was left before its commit was safe, or a commit has several
        steps of which some were done.
        """
        store = store_opener()
        if Capability.DURABLE not in store.capabilities:
            store.close()
            pytest.skip("store lacks DURABLE")
        for rounds, delay in ((1, 0.0), (4, 0.002), (16, 0.005)):
            with _children(_work_on, store_opener, 1) as [(process, child)]:
                for _ in range(rounds):
                    acknowledged = _receive(child)
                time.sleep(delay)
                process.kill()
                process.join(PATIENCE)
                acknowledged = _last(child, acknowledged)
            with store.read() as reader:
                done = reader.count("stay")
                assert done >= acknowledged
                names = [f"s{number}" for number in range(done)]
                assert ids(reader.listing("stay", None, 100_000)) == names
                assert reader.find(7, 100_000) == names
                assert len(reader.events(0, 100_000)) == done
                assert reader.blob(f"b{done - 1}") is not None
                assert reader.blob(f"b{done}") is None
        assert store.check() == []
        store.close()


class JoinConformance(ConformanceBase):
    """Work inside a transaction that belongs to the host."""

    def test_a_store_that_cannot_join_says_so(self, store: Store) -> None:
        """Without the capability ``join`` raises StoreUnavailable.

        If this fails: declare the capability, or leave ``join`` as the port has it.
        """
        if Capability.JOINS in store.capabilities:
            pytest.skip("store has JOINS")
        with pytest.raises(StoreUnavailable), store.join(object()):
            pass

    @requires(Capability.JOINS)
    def test_the_host_commits(self, store: Store, host_connection: Connect) -> None:
        """What was done in several joins is read inside them and kept by the host's commit.

        If this fails: use the connection that was given, for reads as well.
        """
        fill(store)
        connection = host_connection(store)
        with store.join(connection) as writer:
            assert writer.get("profile", "p1") == doc("p1", body=b"one")
            change(writer)
        with store.join(connection) as writer:
            assert writer.get("profile", "p2") is None
            assert ids(writer.search(Query("clara"))) == ["p1"]
            made = writer.append([event("e6")])
        connection.commit()
        connection.close()
        after = look(store)
        assert after["documents"]["profile"] == [doc("p1", version=2, body=b"new"), doc("p3")]
        assert after["events"][-1:] == made
        assert grows(after["events"])

    @requires(Capability.JOINS)
    def test_leaving_a_join_does_not_commit(self, store: Store, host_connection: Connect) -> None:
        """The host's rollback undoes everything that was done in joins.

        If this fails: leaving the block has to release a savepoint, not commit.
        """
        fill(store)
        before = look(store)
        connection = host_connection(store)
        for work in (change, lambda writer: writer.put(doc("p8"), expect=0)):
            with store.join(connection) as writer:
                work(writer)
        connection.rollback()
        connection.close()
        assert look(store) == before

    @requires(Capability.JOINS)
    def test_an_exception_undoes_its_join_only(
        self, store: Store, host_connection: Connect
    ) -> None:
        """What was done in the transaction before the block stays, and what comes after too.

        If this fails: begin each join with a savepoint and roll back to it.
        """
        fill(store)
        connection = host_connection(store)
        with store.join(connection) as writer:
            writer.put(doc("p7"), terms("before", keys=[7]), expect=0)
            writer.append([event("e7")])
            writer.put_blob("b7", b"before")
        give_up(store.join(connection), change)
        with store.join(connection) as writer:
            writer.put(doc("p8"), terms("later", keys=[8]), expect=0)
        connection.commit()
        connection.close()
        with store.read() as reader:
            assert ids(reader.listing("profile", None, 10)) == ["p1", "p2", "p7", "p8"]
            assert reader.get("profile", "p1") == doc("p1", body=b"one")
            assert reader.find_many([1, 4, 7, 8]) == {1: ["p1", "p2"], 7: ["p7"], 8: ["p8"]}
            assert sorted(ids(reader.search(Query("b")))) == ["p2", "p7"]
            assert [found.id for found in reader.events()] == ["e1", "e2", "e7"]
            assert (reader.blob("b7"), reader.blob("b1")) == (b"before", b"blob")


class PrivacyConformance(ConformanceBase):
    """After a scrub the files hold nothing that was deleted, replaced or undone."""

    @requires(Capability.FILES)
    def test_no_file_holds_what_was_deleted(self, store: Store) -> None:
        """Bodies, words, texts, keys and blobs leave no fragment in any byte of the files.

        If this fails: freed pages, logs, indexes and temporary copies keep old bytes; rewrite
        them (in SQLite ``secure_delete`` is not enough: ``vacuum`` and truncate the log), and
        let ``files`` name every file.
        """
        _write_marked(store)
        if self.plain_files:
            assert _marked_files(store), "`files` names no file that holds what was just stored"
        _erase_marked(store)
        before = look(store)
        assert store.scrub() is True
        assert store.files() != ()
        assert _marked_files(store) == []
        assert look(store) == before
        assert store.check() == []

    @requires(Capability.FILES)
    def test_a_reader_that_holds_an_older_state_is_told(self, store: Store) -> None:
        """With a reader open, ``scrub`` gives ``True`` only if the files are clean already.

        A store whose writers wait for readers may wait.  If this fails: give ``False`` when
        the log could not be emptied because of a reader.
        """
        _write_marked(store)
        answers = []

        def erase() -> None:
            patiently(lambda: _erase_marked(store))
            answers.append((store.scrub(), _marked_files(store)))

        with Threads() as threads, store.read() as reader:
            reader.count("profile")
            threads.start(erase).join(1.0)
            reader.count("profile")
        assert [answer for answer in answers if answer[0]] in ([], [(True, [])])
        assert store.scrub() is True
        assert _marked_files(store) == []


def _write_marked(store: Store) -> None:
    """Store many values that hold the marker, in several versions of several sizes."""
    for version in range(1, 4):
        with store.write() as writer:
            for number in range(30):
                marked = f"{MARKER * (1 + number % 5)}{version}"
                body = (MARKER * (7**version + number)).encode()
                writer.put(
                    doc(f"p{number}", version=version, body=body),
                    terms(f"{marked} {marked}x", f"anna {marked}", keys=[number, *MARKED_KEYS]),
                    expect=version - 1,
                )
    with store.write() as writer:
        writer.put_blob("b1", MARKER.encode() * 100_000)
        writer.put_blob("b2", MARKER.encode())
        writer.put_blob("b3", b"kept")

    def undone(writer: Writer) -> None:
        writer.put_blob("b4", MARKER.encode() * 500_000)
        writer.put(doc("p99", body=MARKER.encode()), terms(MARKER * 3), expect=0)

    give_up(store.write(), undone)


def _erase_marked(store: Store) -> None:
    with store.write() as writer:
        for number in range(30):
            if number % 3:
                writer.delete("profile", f"p{number}")
            else:
                new = doc(f"p{number}", version=4, body=b"kept")
                writer.put(new, terms("anna", keys=[number]), expect=3)
        writer.delete_blob("b1")
        writer.delete_blob("b2")


def _marked_files(store: Store) -> list[str]:
    markers = [MARKER.encode(coding) for coding in ("utf-8", "utf-16-le", "utf-16-be")]
    found = []
    for path in store.files():
        content = path.read_bytes()
        if any(marker in content for marker in markers) or MARKER[::-1].encode() in content:
            found.append(path.name)
    return found


@contextmanager
def _children(
    work: Callable[[StoreFactory, Connection], None], opener: StoreFactory, number: int
) -> Iterator[list[tuple[Any, Connection]]]:
    """Run a function in processes of their own; they end with the block at the latest."""
    context = multiprocessing.get_context("spawn")
    children: list[tuple[Any, Connection]] = []
    try:
        for _ in range(number):
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(opener, theirs), daemon=True)
            process.start()
            theirs.close()
            children.append((process, ours))
        yield children
        for process, _ in children:
            process.join(PATIENCE)
    finally:
        for process, connection in children:
            process.kill()
            process.join()
            process.close()
            connection.close()


def _receive(connection: Connection) -> Any:
    assert connection.poll(PATIENCE), "The other process does not answer."
    try:
        return connection.recv()
    except EOFError:
        pytest.fail(
            "The other process ended; its error output says why.  Does `store_opener` give a "
            "function that other processes can import, of a package and not of a test module?"
        )


def _last(connection: Connection, last: int) -> int:
    """Give the last number that a killed process has sent, knowing one of them."""
    with suppress(EOFError, OSError):
        while connection.poll(0):
            last = connection.recv()
    return last


def _increment(opener: StoreFactory, parent: Connection) -> None:
    store = opener()
    parent.send(store.salt)
    parent.recv()

    def step() -> None:
        with store.write() as writer:
            document = writer.get("profile", "p1")
            assert document is not None
            time.sleep(0.001)
            writer.put(doc("p1", version=document.version + 1), expect=document.version)
            writer.append([event(f"e{document.version}")])

    for _ in range(ROUNDS):
        patiently(step)
    store.close()
    parent.send("done")


def _stop_halfway(opener: StoreFactory, parent: Connection) -> None:
    store = opener()
    with store.write() as writer:
        change(writer)
        writer.put_blob("b5", bytes(1_000_000))
        parent.send("halfway")
        time.sleep(PATIENCE)


def _work_on(opener: StoreFactory, parent: Connection) -> None:
    store = opener()
    while True:
        _work_once(store, parent)


def _work_once(store: Store, parent: Connection) -> None:
    with store.write() as writer:
        number = writer.count("stay")
        writer.put(doc(f"s{number}", "stay", owner="p1"), terms("hotel", keys=[7]), expect=0)
        writer.append([event(f"e{number}")])
        writer.put_blob(f"b{number}", b"content")
    parent.send(number + 1)
