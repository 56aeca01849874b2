from __future__ import annotations

import itertools
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from profilecore.errors import StoreError, StoreUnavailable, VersionConflict
from profilecore.model.documents import Document
from profilecore.store import NO_TERMS, Line, Query, Terms, Writer, forms
from profilecore_sqlite import SqliteStore, open_store

Opened = Callable[..., SqliteStore]

INCREMENT = """
import sys
from profilecore.model.documents import Document
from profilecore_sqlite import open_store
store = open_store(sys.argv[1])
for number in range(int(sys.argv[2])):
    with store.write() as writer:
        old = writer.get("profile", "a")
        version = old.version if old else 0
        writer.put(Document("profile", "a", "a", version + 1, b""), expect=version)
store.close()
"""


def doc(id: str, version: int = 1, body: bytes = b"{}") -> Document:
    return Document("profile", id, id, version, body)


def put(store: SqliteStore, id: str, version: int = 1) -> None:
    with store.write() as writer:
        writer.put(doc(id, version), expect=version - 1)


def put_twice(block: AbstractContextManager[Writer], id: str) -> None:
    with block as writer:
        writer.put(doc(id), expect=0)
        writer.put(doc(id), expect=0)


def ids(store: SqliteStore) -> list[str]:
    with store.read() as reader:
        return [found.id for found in reader.listing("profile", None, 100)]


def test_each_thread_has_its_own_connection(store: SqliteStore) -> None:
    connections = []

    def work() -> None:
        with store.read() as reader:
            connections.append(reader._connection)

    for _ in range(2):
        work()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len(set(map(id, connections))) == 3


def test_the_connections_of_finished_threads_are_closed(store: SqliteStore) -> None:
    for number in range(5):
        thread = threading.Thread(target=put, args=(store, f"p{number}"))
        thread.start()
        thread.join()
    assert len(store._sessions) == 2
    store.close()
    assert not Path(f"{store.path}-wal").exists()


def test_a_read_sees_one_state(store: SqliteStore) -> None:
    put(store, "a")
    with store.read() as reader:
        assert reader.count("profile") == 1
        thread = threading.Thread(target=put, args=(store, "b"))
        thread.start()
        thread.join()
        assert reader.count("profile") == 1
    assert ids(store) == ["a", "b"]


def test_a_read_or_write_inside_a_write_is_part_of_it(store: SqliteStore) -> None:
    with store.write() as writer:
        writer.put(doc("a"), expect=0)
        with store.read() as reader:
            assert reader.count("profile") == 1
        with pytest.raises(VersionConflict):
            put_twice(store.write(), "b")
        put(store, "c")
    assert ids(store) == ["a", "c"]


def test_a_write_inside_a_read_is_refused(store: SqliteStore) -> None:
    with store.read(), pytest.raises(StoreError, match="begin with the write"), store.write():
        pass
    put(store, "a")


def test_threads_wait_for_their_turn_no_longer_than_told(opened: Opened) -> None:
    store = opened(timeout=0.1)
    errors = []

    def work() -> None:
        try:
            put(store, "b")
        except StoreError as error:
            errors.append(error)

    with store.write() as writer:
        writer.put(doc("a"), expect=0)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert [type(error) for error in errors] == [StoreUnavailable]
    assert ids(store) == ["a"]


def test_eight_processes_lose_no_update_and_see_no_error(path: Path, opened: Opened) -> None:
    command = [sys.executable, "-c", INCREMENT, f"sqlite:///{path}", "50"]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(8)]
    assert [process.communicate()[1] for process in running] == [b""] * 8
    with opened().read() as reader:
        found = reader.get("profile", "a")
    assert found is not None
    assert found.version == 400


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("is_reading", [False, True])
def test_a_forked_child_opens_its_own_connection(store: SqliteStore, *, is_reading: bool) -> None:
    put(store, "a")
    if is_reading:
        with store.read() as reader:
            reader.count("profile")
            pid = os.fork()
    else:
        pid = os.fork()
    if pid == 0:
        put(store, "b")
        os._exit(0 if ids(store) == ["a", "b"] else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert ids(store) == ["a", "b"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_goes_on_when_the_parent_closes(store: SqliteStore) -> None:
    put(store, "a")
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        put(store, "b")
        os.write(tell, b"x")
        for number in range(200):
            put(store, f"p{number}")
        os._exit(0 if ids(store)[:2] == ["a", "b"] and store.check() == [] else 1)
    os.read(told, 1)
    store.close()
    assert os.waitpid(pid, 0)[1] == 0
    again = open_store(f"sqlite:///{store.path}")
    with again.read() as reader:
        assert reader.count("profile") == 202
    again.close()
    os.close(told)
    os.close(tell)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_inside_a_write_does_not_end_it(store: SqliteStore) -> None:
    with store.write() as writer:
        writer.put(doc("a"), expect=0)
        pid = os.fork()
        if pid == 0:
            store.write().__exit__(ZeroDivisionError, None, None)
            os._exit(0)
        os.waitpid(pid, 0)
        writer.put(doc("b"), expect=0)
    assert ids(store) == ["a", "b"]


def test_terms_change_by_their_difference(store: SqliteStore) -> None:
    def terms(*names: str, keys: tuple[int, ...]) -> Terms:
        return Terms(keys, tuple(Line(name, tuple(name.split())) for name in names))

    with store.write() as writer:
        writer.put(doc("a"), terms("anna berg", "x y", keys=(1, 2)), expect=0)
        before = writer._connection.total_changes
        writer.put(doc("a", 2), terms("anna berg", "x y", keys=(2, 1)), expect=1)
        assert writer._connection.total_changes - before == 1
        writer.put(doc("a", 3), terms("anna berg", "x z", keys=(2, 3)), expect=2)
        # document twice, a key each way, two words each way
        assert writer._connection.total_changes - before == 1 + 2 + 2 + 4
    assert store.check() == []


def test_insert_takes_what_it_gets_piece_by_piece(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "AT_ONCE", 10)
    taken = itertools.count()
    stored = []

    def many() -> Iterator[tuple[Document, Terms]]:
        for number in range(35):
            next(taken)
            stored.append(writer.count("profile"))
            yield doc(f"p{number}"), Terms((number % 3,))

    with store.write() as writer:
        writer.insert(many())
    assert sorted(set(stored)) == [0, 10, 20, 30]
    assert ids(store)[:3] == ["p0", "p1", "p2"]
    assert store.check() == []


@pytest.mark.parametrize("batch", [["new", "old"], ["new", "new"]])
def test_insert_names_the_document_that_exists(store: SqliteStore, batch: list[str]) -> None:
    put(store, "old")
    put(store, "old", 2)
    with store.write() as writer, pytest.raises(VersionConflict) as caught:
        writer.insert((doc(id), Terms((1,))) for id in batch)
    assert caught.value.id == batch[1]
    assert caught.value.expected == 0
    assert store.check() == []


def test_the_number_of_a_deleted_document_is_not_used_again(store: SqliteStore) -> None:
    def add(id: str) -> None:
        with store.write() as writer:
            writer.insert([(doc(id), Terms((), (Line("anna", ("anna",)),)))])

    add("a")
    add("b")
    with store.read() as reader:
        position = reader.search(Query("an"))[-1].position
    with store.write() as writer:
        writer.delete("profile", "b")
    add("c")
    with store.read() as reader:
        assert [hit.id for hit in reader.search(Query("an"), after=position)] == ["c"]


def test_the_log_does_not_grow_with_the_number_of_commits(store: SqliteStore) -> None:
    for number in range(60):
        with store.write() as writer:
            writer.put_blob(f"b{number}", bytes(1 << 20))
    assert Path(f"{store.path}-wal").stat().st_size < 40 << 20


def test_joins_respect_the_settings_of_the_host(store: SqliteStore) -> None:
    put(store, "a")
    with closing(sqlite3.connect(store.path)) as host:
        host.row_factory = lambda cursor, row: {"row": row}
        host.text_factory = bytes
        host.execute("CREATE TABLE theirs (a)")
        host.execute("INSERT INTO theirs VALUES ('x')")
        with store.join(host) as writer:
            assert writer.get("profile", "a") == doc("a")
            writer.put(doc("b"), Terms((), (Line("berta", ("berta",)),)), expect=0)
            assert writer.search(Query("b"))[0].text == "berta"
        assert host.execute("SELECT a FROM theirs").fetchall() == [{"row": (b"x",)}]
        assert host.isolation_level == ""
        assert host.execute("PRAGMA secure_delete").fetchone() == {"row": (1,)}
        assert ids(store) == ["a"]
        host.commit()
    assert ids(store) == ["a", "b"]


@pytest.mark.parametrize("isolation_level", ["", None, "EXCLUSIVE"])
@pytest.mark.parametrize("begins", [False, True])
def test_a_join_is_undone_with_the_host(
    store: SqliteStore, isolation_level: str | None, *, begins: bool
) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=isolation_level)) as host:
        if begins:
            host.execute("BEGIN")
        with store.join(host) as writer:
            writer.put(doc("a"), expect=0)
        assert host.in_transaction
        host.rollback()
        assert ids(store) == []
        with store.join(host) as writer:
            writer.put(doc("b"), expect=0)
        host.commit()
    assert ids(store) == ["b"]


def test_the_hosts_own_statements_survive_a_failed_join(store: SqliteStore) -> None:
    with closing(sqlite3.connect(store.path)) as host:
        host.execute("CREATE TABLE theirs (a)")
        host.execute("INSERT INTO theirs VALUES (1)")
        with pytest.raises(VersionConflict):
            put_twice(store.join(host), "a")
        host.commit()
        assert host.execute("SELECT count(*) FROM theirs").fetchone() == (1,)
    assert ids(store) == []


def test_a_stale_host_transaction_is_refused_before_anything_is_read(store: SqliteStore) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as host:
        host.execute("BEGIN")
        host.execute("SELECT count(*) FROM pc_document").fetchall()
        put(store, "a")
        with pytest.raises(StoreUnavailable, match="BEGIN IMMEDIATE"), store.join(host):
            pass
        assert host.in_transaction


def test_a_locked_store_leaves_the_host_without_a_transaction(store: SqliteStore) -> None:
    with closing(sqlite3.connect(store.path, timeout=0.05)) as host:
        with store.write(), pytest.raises(StoreUnavailable), store.join(host):
            pass
        assert not host.in_transaction


def test_only_connections_to_the_same_file_join(store: SqliteStore, tmp_path: Path) -> None:
    for other in (":memory:", tmp_path / "other.db"):
        with (
            closing(sqlite3.connect(other)) as host,
            pytest.raises(StoreUnavailable, match="another database"),
            store.join(host),
        ):
            pass
    with pytest.raises(StoreUnavailable, match="sqlite3 only"), store.join(object()):
        pass


def test_a_join_makes_missing_tables(store: SqliteStore) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as host:
        for table in ("meta", "document", "key", "word", "event", "blob"):
            host.execute(f"DROP TABLE pc_{table}")
        host.execute("PRAGMA user_version = 0")
        host.row_factory = sqlite3.Row
        with store.join(host) as writer:
            writer.put(doc("a"), NO_TERMS, expect=0)
        host.execute("COMMIT")
    assert ids(store) == ["a"]
