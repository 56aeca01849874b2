"""Writers of one process share a commit; each learns the fate of its own block."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from profilecore.errors import StoreError, StoreUnavailable
from profilecore.model.documents import Document
from profilecore.model.events import Event
from profilecore.store import Writer
from profilecore_postgres import PostgresStore, turns
from profilecore_postgres.rows import PostgresWriter
from profilecore_postgres.statements import READ_HEAD, Statements

Opened = Callable[..., PostgresStore]


def doc(id: str) -> Document:
    return Document("profile", id, id, 1, b"{}")


class Queue:
    """Blocks of several threads, each held open until it is told to end."""

    def __init__(self, store: PostgresStore) -> None:
        self.store = store
        self.fates: dict[str, object] = {}
        self._threads: list[threading.Thread] = []

    def start(self, id: str, work: Callable[[Writer], object] | None = None) -> Callable[[], None]:
        """Begin a write; give what lets it end."""
        begun, go = threading.Event(), threading.Event()
        waiting = self.store._turns._waiting

        def run() -> None:
            try:
                with self.store.write() as writer:
                    begun.set()
                    go.wait(20)
                    writer.put(doc(id), expect=0)
                    if work is not None:
                        work(writer)
                self.fates[id] = "kept"
            except BaseException as error:  # noqa: BLE001 - what came of it is what is looked at
                self.fates[id] = error

        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()
        while not begun.is_set() and self.store._turns._waiting == waiting:
            if id in self.fates:  # it was refused
                break
            threading.Event().wait(0.002)
        return go.set

    def finish(self) -> dict[str, object]:
        """Wait for all, and give what came of each."""
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()
        return self.fates


@pytest.fixture
def queue(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    # However slow the machine: here only the order decides.
    monkeypatch.setattr(turns, "LONG", 60.0)
    made = Queue(store)
    yield made
    made.finish()


def transactions(store: PostgresStore, dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        found: int = connection.execute(Statements(store.schema)[READ_HEAD]).fetchall()[0][0]
        return found


def ids(store: PostgresStore) -> list[str]:
    with store.read() as reader:
        return [found.id for found in reader.listing("profile", None, 100)]


def fail(_: Writer) -> None:
    raise ZeroDivisionError


def break_link(writer: Writer) -> None:
    connection: psycopg.Connection[Any] = writer.connection  # type: ignore[attr-defined]
    connection.close()


def test_writers_who_wait_share_a_commit(queue: Queue, dsn: str) -> None:
    for go in [queue.start(id) for id in ("a", "b", "c", "d")]:
        go()
    assert set(queue.finish().values()) == {"kept"}
    assert sorted(ids(queue.store)) == ["a", "b", "c", "d"]
    assert transactions(queue.store, dsn) == 1


def test_nobody_returns_before_the_commit(queue: Queue) -> None:
    first, second = queue.start("a"), queue.start("b")
    first()
    while queue.store._turns._waiting:
        threading.Event().wait(0.002)
    assert queue.fates == {}
    assert ids(queue.store) == []
    second()
    assert queue.finish() == {"a": "kept", "b": "kept"}


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_failed_block_is_undone_alone(queue: Queue, at: int) -> None:
    names = ["a", "b", "c"]
    started = [queue.start(id, fail if n == at else None) for n, id in enumerate(names)]
    for go in started:
        go()
    fates = queue.finish()
    failed = names.pop(at)
    assert isinstance(fates[failed], ZeroDivisionError)
    assert [fates[id] for id in names] == ["kept", "kept"]
    assert sorted(ids(queue.store)) == names
    assert queue.store.check() == []


def test_a_failed_statement_is_undone_alone(queue: Queue) -> None:
    def wrong(writer: Writer) -> None:
        with pytest.raises(StoreError):
            writer.rows("SELECT 1 / 0")  # type: ignore[attr-defined]

    for go in [queue.start("a"), queue.start("b", wrong), queue.start("c")]:
        go()
    fates = queue.finish()
    assert isinstance(fates["b"], StoreError)
    assert sorted(ids(queue.store)) == ["a", "c"]


def test_the_numbers_of_an_undone_block_are_given_again(queue: Queue) -> None:
    def append(writer: Writer) -> None:
        from datetime import UTC, datetime

        writer.append([Event("x", "p", datetime(2026, 1, 1, tzinfo=UTC), "e")])

    def both(writer: Writer) -> None:
        append(writer)
        fail(writer)

    for go in [queue.start("a", append), queue.start("b", both), queue.start("c", append)]:
        go()
    queue.finish()
    with queue.store.read() as reader:
        assert [event.seq for event in reader.events()] == [1, 2]
    assert queue.store.check() == []


def test_a_lost_connection_tells_all_who_had_a_part(queue: Queue) -> None:
    for go in [queue.start("a"), queue.start("b", break_link)]:
        go()
    fates = queue.finish()
    assert [type(fates[id]) for id in "ab"] == [StoreUnavailable, StoreUnavailable]
    assert ids(queue.store) == []
    with queue.store.write() as writer:
        writer.put(doc("c"), expect=0)
    assert ids(queue.store) == ["c"]


@pytest.mark.parametrize("problem", [None, KeyboardInterrupt()])
def test_a_transaction_lost_between_two_blocks_is_told_and_costs_no_connection(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, problem: BaseException | None
) -> None:
    monkeypatch.setattr(turns, "LONG", 60.0)
    store = opened(pool_size=1, timeout=3)
    queue = Queue(store)
    rows = PostgresWriter.rows

    def lost(writer: PostgresWriter, statement: str, values: Any = ()) -> Any:
        if statement == "SAVEPOINT pc_turn":
            if problem is not None:
                raise problem
            writer.connection.close()
        return rows(writer, statement, values)

    for part in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(PostgresWriter, "rows", lost)
            first = queue.start(f"a{part}")
            second = queue.start(f"b{part}")
            first()
            second()
            fates = queue.finish()
        assert isinstance(fates[f"a{part}"], StoreUnavailable)
        assert isinstance(fates[f"b{part}"], type(problem) if problem else StoreUnavailable)
    queue.start("c")()
    assert queue.finish()["c"] == "kept"
    assert ids(store) == ["c"]


def test_who_waits_in_vain_leaves_no_one_behind(opened: Opened) -> None:
    queue = Queue(opened(timeout=0.3))
    first = queue.start("a")
    queue.start("b")
    fates = queue.fates
    while "b" not in fates:
        threading.Event().wait(0.01)
    first()
    queue.finish()
    assert isinstance(fates["b"], StoreUnavailable)
    assert fates["a"] == "kept"


def test_a_long_writer_commits_for_those_before_it_first(
    queue: Queue, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = queue.store
    begin = store._turns.begin
    monkeypatch.setattr(store._turns, "begin", lambda **_: begin(is_long=True))
    for go in [queue.start(id) for id in ("a", "b", "c")]:
        go()
    assert set(queue.finish().values()) == {"kept"}
    assert transactions(store, dsn) == 3


def test_no_more_share_a_commit_than_told(opened: Opened, dsn: str) -> None:
    queue = Queue(opened(together=2))
    for go in [queue.start(id) for id in ("a", "b", "c", "d")]:
        go()
    assert set(queue.finish().values()) == {"kept"}
    assert transactions(queue.store, dsn) >= 2
