"""What happens when the server stops, crashes, or is followed by another."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from profilecore.errors import StoreError, StoreUnavailable
from profilecore.model.documents import Document
from profilecore.store import Line, Query, Terms
from profilecore_postgres import PostgresStore, open_store
from profilecore_postgres.testing import DSN, NoServer, Server, a_server, url_of


@pytest.fixture
def server() -> Iterator[Server]:
    """Give a server that may be stopped; one that is given must not be."""
    try:
        with a_server() as made:
            yield made
    except NoServer as error:
        if DSN in os.environ:
            pytest.skip("the server that is given must not be stopped")
        if "postgres" in os.environ.get("PROFILECORE_REQUIRE", "").replace(",", " ").split():
            pytest.fail(f"PROFILECORE_REQUIRE names postgres. {error}")
        pytest.skip(str(error))


def doc(id: str) -> Document:
    return Document("profile", id, id, 1, b"{}")


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_store_goes_on_after_the_server_was_stopped(server: Server, mode: str) -> None:
    store = open_store(url_of(server.dsn, "chain"), timeout=20)
    with store.write() as writer:
        writer.put(doc("a"), expect=0)
    with pytest.raises(StoreUnavailable), store.write() as writer:  # noqa: PT012
        writer.put(doc("b"), expect=0)
        server.stop(mode)
        writer.put(doc("c"), expect=0)
    server.start()
    with store.read() as reader:
        assert [found.id for found in reader.listing("profile", None, 9)] == ["a"]
    with store.write() as writer:
        writer.put(doc("b"), expect=0)
    assert store.check() == []
    store.close()


def test_a_store_waits_for_a_server_that_is_starting(server: Server) -> None:
    store = open_store(url_of(server.dsn, "chain"), timeout=20)
    server.stop()
    thread = threading.Thread(target=server.start)
    thread.start()
    with store.write() as writer:
        writer.put(doc("a"), expect=0)
    thread.join()
    with store.read() as reader:
        assert reader.get("profile", "a") is not None
    store.close()


def test_a_server_that_stays_away_is_told_in_time(server: Server) -> None:
    store = open_store(url_of(server.dsn, "chain"), timeout=0.5)
    server.stop()
    for block in (store.read, store.write):
        with pytest.raises(StoreError) as caught, block():
            pass
        assert type(caught.value) is StoreUnavailable
    store.close()


def test_a_server_that_does_not_answer_is_told_in_time(server: Server) -> None:
    store = open_store(url_of(server.dsn, "chain"), timeout=1)
    with store.write() as writer:
        writer.put(doc("a"), expect=0)
    with _frozen(server):
        begun = time.monotonic()
        for block in (store.read, store.write):
            with pytest.raises(StoreUnavailable, match="out of reach"), block():
                pass
        with pytest.raises(StoreUnavailable, match="out of reach"):
            open_store(url_of(server.dsn, "chain"), timeout=1)
        assert time.monotonic() - begun < 20
    with store.read() as reader:
        assert reader.get("profile", "a") is not None
    store.close()


@contextmanager
def _frozen(server: Server) -> Iterator[None]:
    """Stop all processes of a server where they are, for half a minute at the most."""
    with psycopg.connect(server.dsn) as connection:
        others = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        rows = connection.execute(others).fetchall()
    first = int((server.data / "postmaster.pid").read_text().split()[0])
    pids = [first, *(pid for (pid,) in rows)]

    def send(number: signal.Signals) -> None:
        for pid in pids:
            os.kill(pid, number)

    end = threading.Timer(30, send, (signal.SIGCONT,))
    end.start()
    send(signal.SIGSTOP)
    try:
        yield
    finally:
        end.cancel()
        end.join()
        send(signal.SIGCONT)


def test_nothing_acknowledged_is_lost_when_the_server_crashes(server: Server) -> None:
    store = open_store(url_of(server.dsn, "chain"), timeout=20)
    known: list[str] = []
    told: list[StoreError] = []
    running = threading.Event()
    running.set()

    def work(thread: int) -> None:
        number = 0
        while running.is_set():
            id = f"p{thread}-{number}"
            number += 1
            try:
                with store.write() as writer:
                    writer.put(doc(id), Terms((thread,)), expect=0)
                known.append(id)
            except StoreError as error:
                told.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        before = len(known)
        until(lambda before=before: len(known) > before + 20)
        server.stop("immediate")
        server.start()
    running.clear()
    for thread in threads:
        thread.join()
    with store.read() as reader:
        found = {document.id for document in reader.listing("profile", None, 1_000_000)}
    assert set(known) <= found
    assert {type(error) for error in told} <= {StoreUnavailable}
    assert store.check() == []
    store.close()


def test_a_search_goes_to_a_follower_only_while_it_shows_the_same(tmp_path: Path) -> None:
    try:
        with a_server(wal_level="replica") as leader, _follower(leader) as follower:
            _search_on(leader, follower)
    except NoServer as error:
        pytest.skip(str(error))


def _search_on(leader: Server, follower: Server) -> None:
    open_store(url_of(leader.dsn, "chain")).close()
    until(lambda: _writes(follower.dsn) == 0)
    store = open_store(url_of(leader.dsn, "chain"), replica=follower.dsn)
    with store.write() as writer:
        writer.put(doc("a"), Terms((), (Line("anna", ("anna",)),)), expect=0)
    until(lambda: _writes(follower.dsn) == 1)
    until(lambda: _is_searched_elsewhere(store))
    with store.read() as reader:
        assert [hit.id for hit in reader.search(Query("an"))] == ["a"]
        assert reader._elsewhere(reader) is not None  # type: ignore[attr-defined]
    follower.stop()
    with store.read() as reader:
        assert [hit.id for hit in reader.search(Query("an"))] == ["a"]
        assert reader._elsewhere(reader) is None  # type: ignore[attr-defined]
    store.close()


def _is_searched_elsewhere(store: PostgresStore) -> bool:
    with store.read() as reader:
        return reader._elsewhere(reader) is not None  # type: ignore[attr-defined]


def _writes(dsn: str) -> int:
    try:
        with psycopg.connect(dsn) as connection:
            found: int = connection.execute("SELECT writes FROM chain.pc_head").fetchall()[0][0]
            return found
    except psycopg.Error:
        return -1


class _follower:  # noqa: N801 - used as a function is
    """A server that follows another."""

    def __init__(self, leader: Server) -> None:
        self._leader = leader

    def __enter__(self) -> Server:
        self._made = a_server(hot_standby="on")
        server = self._made.__enter__()
        server.stop()
        server.follow(self._leader)
        server.start()
        return server

    def __exit__(self, *_: object) -> None:
        self._made.__exit__(None, None, None)
