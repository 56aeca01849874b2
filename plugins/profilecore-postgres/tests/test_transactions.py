from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.pq import TransactionStatus

from profilecore.errors import StoreError, StoreUnavailable, VersionConflict
from profilecore.model.documents import Document
from profilecore.store import Line, Query, Terms, Writer, forms
from profilecore_postgres import PostgresStore, statements
from profilecore_postgres.testing import a_schema

Opened = Callable[..., PostgresStore]

INCREMENT = """
import sys
from profilecore.model.documents import Document
from profilecore_postgres import open_store
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


def named(text: str) -> Terms:
    return Terms((), (Line(text, tuple(text.split())),))


def put(store: PostgresStore, id: str, version: int = 1) -> None:
    with store.write() as writer:
        writer.put(doc(id, version), expect=version - 1)


def ids(store: PostgresStore) -> list[str]:
    with store.read() as reader:
        return [found.id for found in reader.listing("profile", None, 100)]


def test_a_write_inside_a_read_is_refused(store: PostgresStore) -> None:
    with store.read(), pytest.raises(StoreError, match="begin with the write"), store.write():
        pass
    put(store, "a")


def test_a_read_or_write_inside_a_write_is_part_of_it(store: PostgresStore) -> None:
    with store.write() as writer:
        writer.put(doc("a"), expect=0)
        with store.read() as reader:
            assert reader.count("profile") == 1
        with pytest.raises(VersionConflict), store.write() as inner:  # noqa: PT012
            inner.put(doc("b"), expect=0)
            inner.put(doc("b"), expect=0)
        put(store, "c")
    assert ids(store) == ["a", "c"]


def test_eight_processes_lose_no_update_and_see_no_error(url: str, opened: Opened) -> None:
    command = [sys.executable, "-c", INCREMENT, url, "25"]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(8)]
    assert [process.communicate()[1] for process in running] == [b""] * 8
    with opened().read() as reader:
        found = reader.get("profile", "a")
    assert found is not None
    assert found.version == 200


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_its_own_connections(store: PostgresStore) -> None:
    put(store, "a")
    with store.read() as reader:
        assert reader.count("profile") == 1
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                put(store, "b")
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(pid, 0)[1] == 0
        assert reader.count("profile") == 1
    assert ids(store) == ["a", "b"]


def test_a_writer_that_waits_too_long_is_told(opened: Opened) -> None:
    store, other = opened(), opened(timeout=0.2)
    with store.write() as writer:
        writer.put(doc("a"), expect=0)
        with pytest.raises(StoreUnavailable, match="locked by another writer"):
            put(other, "b")
    put(other, "b")
    assert ids(store) == ["a", "b"]


def test_a_statement_that_takes_too_long_is_told(opened: Opened) -> None:
    store = opened(statement_timeout=0.1)
    with pytest.raises(StoreUnavailable, match="statement_timeout"), store.write() as writer:
        writer.rows("SELECT pg_sleep(5)")  # type: ignore[attr-defined]
    put(store, "a")


def test_an_error_that_was_swallowed_does_not_pass_for_a_commit(store: PostgresStore) -> None:
    with pytest.raises(StoreError, match="undone"), store.write() as writer:  # noqa: PT012
        writer.put(doc("a"), expect=0)
        with pytest.raises(StoreError):
            writer.rows("SELECT 1 / 0")  # type: ignore[attr-defined]
    assert ids(store) == []
    put(store, "b")


def test_no_error_quotes_a_value(store: PostgresStore) -> None:
    put(store, "secret")
    number = statements.INSERT.replace(" ON CONFLICT DO NOTHING", "")
    row = (1, "profile", "secret", "secret", 1, None, b"", b"secret")
    for values in (row, (*row[:2], "secret\x00", *row[3:]), (*row[:2], "\udc00secret", *row[3:])):
        with pytest.raises(StoreError) as caught, store.write() as writer:
            writer.rows(number, values)  # type: ignore[attr-defined]
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


@pytest.mark.parametrize("batch", [["new", "old"], ["new", "new"]])
def test_insert_names_the_document_that_exists(store: PostgresStore, batch: list[str]) -> None:
    put(store, "old")
    put(store, "old", 2)
    with pytest.raises(VersionConflict) as caught, store.write() as writer:
        writer.insert((doc(id), Terms((1,))) for id in batch)
    assert (caught.value.id, caught.value.expected) == (batch[1], 0)
    assert store.check() == []
    assert ids(store) == ["old"]


def test_insert_takes_what_it_gets_piece_by_piece(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "AT_ONCE", 10)
    stored = []

    def many() -> Any:
        for number in range(35):
            stored.append(writer.count("profile"))
            yield doc(f"p{number}"), Terms((number % 3,))

    with store.write() as writer:
        writer.insert(many())
    assert sorted(set(stored)) == [0, 10, 20, 30]
    assert ids(store)[:3] == ["p0", "p1", "p2"]
    assert store.check() == []


def test_long_texts_are_found_filtered_and_given_whole(store: PostgresStore) -> None:
    long = "ana " + ("\U0001f600" * 20 + " ") * 40 + "zoe"
    with store.write() as writer:
        writer.put(doc("a"), named(long), expect=0)
        writer.insert([(doc("b"), store.packer(named(long + "x")))])
    with store.read() as reader:
        assert [hit.id for hit in reader.search(Query("an", ("zo",)))] == ["a", "b"]
        hits = reader.search(Query("an", ("zoex",)))
        assert [(hit.id, hit.text) for hit in hits] == [("b", long + "x")]
    assert store.check() == []


def test_texts_that_differ_behind_what_an_index_takes_are_kept_once(store: PostgresStore) -> None:
    start = "ana " + "b" * 100 + " " + "c" * 100 + " " + "d" * 500
    words = ("ana", "b" * 100)
    twice = Terms((), (Line(start + " x", words), Line(start + " y", words)))
    with store.write() as writer:
        writer.put(doc("a"), twice, expect=0)
        writer.insert([(doc("b"), store.packer(twice))])
        writer.put(doc("a", 2), named("eva"), expect=1)
    with store.read() as reader:
        assert [hit.id for hit in reader.search(Query("an", ("d",)))] == ["b"]
    assert store.check() == []
    with store.write() as writer:
        writer.delete("profile", "b")
    assert store.check() == []


def test_a_word_that_no_index_holds_is_refused(store: PostgresStore) -> None:
    with pytest.raises(StoreError, match="160 characters"), store.write() as writer:
        writer.put(doc("a"), named("x" * 161), expect=0)


def test_the_structure_is_checked(store: PostgresStore, dsn: str) -> None:
    with store.write() as writer:
        writer.put(doc("a"), Terms((1, 2), (Line("ana", ("ana",)),)), expect=0)
        writer.put(doc("b"), Terms((1,)), expect=0)
        writer.put_blob("f", bytes(3 << 20))
    assert store.check() == []
    for damage, found in (
        ("DELETE FROM pc_key WHERE h = 2", "pc_key"),
        ("UPDATE pc_word SET text = 'eve'", "pc_word"),
        ("INSERT INTO pc_rest VALUES ('a', 'b', 1, 'c')", "pc_rest"),
        ("INSERT INTO pc_key VALUES (9, 99)", "belong to no document"),
        ("DELETE FROM pc_blob WHERE part = 1", "pc_blob"),
        ("UPDATE pc_head SET seq = 5", "pc_head"),
        ("UPDATE pc_head SET number = 1", "later number"),
    ):
        with psycopg.connect(dsn) as connection:
            connection.execute(statements.Statements(store.schema)[damage])
        assert any(found in fault for fault in store.check()), damage


def test_a_rewrite_leaves_everything_readable(opened: Opened) -> None:
    store = opened(rewrite=True)
    for number in range(3):
        put(store, f"p{number}")
    with store.write() as writer:
        writer.delete("profile", "p1")
    assert store.scrub() is False
    assert ids(store) == ["p0", "p2"]
    assert store.check() == []


def test_what_remains_is_said(opened: Opened) -> None:
    assert opened().remainder.days is None
    assert opened(kept_days=35).remainder.days == 35
    assert "write-ahead log" in opened().remainder.where


# ---- joining


@pytest.fixture
def host(dsn: str) -> Any:
    with closing(psycopg.connect(dsn)) as connection:
        connection.execute("CREATE TEMPORARY TABLE theirs (a text)")
        connection.commit()
        yield connection


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_join_is_the_hosts_to_commit(
    store: PostgresStore, host: psycopg.Connection[Any], *, autocommit: bool
) -> None:
    host.autocommit = autocommit
    host.row_factory = psycopg.rows.dict_row
    with store.join(host) as writer:
        writer.put(doc("a"), named("anna"), expect=0)
        assert writer.search(Query("an"))[0].id == "a"
    host.execute("INSERT INTO theirs VALUES ('x')")
    assert ids(store) == []
    host.rollback()
    with store.join(host) as writer:
        writer.put(doc("b"), expect=0)
    host.execute("INSERT INTO theirs VALUES ('y')")
    host.commit()
    assert host.execute("SELECT a FROM theirs").fetchall() == [{"a": "y"}]
    assert ids(store) == ["b"]


def test_the_hosts_own_statements_survive_a_failed_join(
    store: PostgresStore, host: psycopg.Connection[Any]
) -> None:
    host.execute("INSERT INTO theirs VALUES ('x')")
    with pytest.raises(StoreError), store.join(host) as writer:  # noqa: PT012
        writer.put(doc("a"), expect=0)
        writer.rows("SELECT 1 / 0")  # type: ignore[attr-defined]
    host.commit()
    assert host.execute("SELECT a FROM theirs").fetchall() == [("x",)]
    assert ids(store) == []


def swallow(writer: Writer) -> None:
    with pytest.raises(StoreError):
        writer.rows("SELECT 1 / 0")  # type: ignore[attr-defined]


def lose_the_head(writer: Writer) -> None:
    writer.rows("DROP TABLE pc_head")  # type: ignore[attr-defined]


@pytest.mark.parametrize("harm", [swallow, lose_the_head])
@pytest.mark.parametrize("has_begun", [False, True])
def test_a_join_that_cannot_be_kept_is_undone_alone(
    store: PostgresStore,
    host: psycopg.Connection[Any],
    harm: Callable[[Writer], object],
    *,
    has_begun: bool,
) -> None:
    if has_begun:
        host.execute("INSERT INTO theirs VALUES ('x')")
    with pytest.raises(StoreError), store.join(host) as writer:  # noqa: PT012
        writer.put(doc("a"), expect=0)
        harm(writer)
    assert host.info.transaction_status == TransactionStatus.INTRANS
    host.execute("INSERT INTO theirs VALUES ('y')")
    host.commit()
    theirs = [("x",), ("y",)] if has_begun else [("y",)]
    assert host.execute("SELECT a FROM theirs").fetchall() == theirs
    host.rollback()
    assert ids(store) == []
    put(store, "b")


def test_a_host_whose_state_is_old_is_told(
    store: PostgresStore, host: psycopg.Connection[Any]
) -> None:
    host.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    host.execute("SELECT * FROM theirs")
    put(store, "a")
    with pytest.raises(StoreUnavailable, match="READ COMMITTED"), store.join(host):
        pass
    host.rollback()
    with store.join(host) as writer:
        writer.put(doc("b"), expect=0)
    host.commit()
    assert ids(store) == ["a", "b"]


@pytest.mark.parametrize("encoding", ["latin1", "sql_ascii"])
def test_a_host_whose_texts_are_in_another_encoding_is_told(
    store: PostgresStore, host: psycopg.Connection[Any], encoding: str
) -> None:
    host.execute(sql.SQL("SET client_encoding TO {}").format(encoding))
    host.commit()
    with pytest.raises(StoreUnavailable, match="UTF8"), store.join(host):
        pass
    assert host.info.transaction_status == TransactionStatus.IDLE
    host.execute("SET client_encoding TO 'UTF8'")
    with store.join(host) as writer:
        writer.insert([(doc("a"), named("山田"))])
    host.commit()
    with store.read() as reader:
        assert [hit.id for hit in reader.search(Query("山"))] == ["a"]


def test_a_join_waits_no_longer_than_told_and_leaves_the_hosts_patience(
    opened: Opened, host: psycopg.Connection[Any]
) -> None:
    store = opened(timeout=0.2)
    host.execute("SET lock_timeout = '7s'")
    with opened().write(), pytest.raises(StoreUnavailable, match="locked"), store.join(host):
        pass
    with store.join(host) as writer:
        writer.put(doc("a"), expect=0)
    assert host.execute("SHOW lock_timeout").fetchall() == [("7s",)]
    host.commit()


def test_a_host_that_ends_its_transaction_inside_is_told(
    store: PostgresStore, host: psycopg.Connection[Any]
) -> None:
    with pytest.raises(StoreError, match="commit it outside"), store.join(host):
        host.rollback()


def test_only_connections_to_the_same_store_join(
    store: PostgresStore, dsn: str, host: psycopg.Connection[Any]
) -> None:
    with a_schema(dsn) as name, pytest.raises(StoreUnavailable, match="psycopg"):
        store.join(object())
    with a_schema(dsn) as name:
        with psycopg.connect(dsn) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
            copy = (
                "CREATE TABLE {0}.pc_meta AS SELECT key, '\\x00'::bytea AS value FROM {1}.pc_meta"
            )
            names = sql.Identifier(name), sql.Identifier(store.schema)
            connection.execute(sql.SQL(copy).format(*names))
        other = PostgresStore.__new__(PostgresStore)
        other.__dict__.update(vars(store))
        other._names = statements.Statements(name)
        with pytest.raises(StoreUnavailable, match="another database"), other.join(host):
            pass
    host.execute("SELECT 1")


# ---- a replica


def test_a_search_goes_to_a_replica_of_the_same_state(opened: Opened, url: str, dsn: str) -> None:
    store = opened(replica=dsn)
    with store.write() as writer:
        writer.put(doc("a"), named("anna"), expect=0)
    end = time.monotonic() + 30
    is_sent = False
    while not is_sent:  # the connections to it are made beside the work
        assert time.monotonic() < end
        with store.read() as reader:
            is_sent = reader._elsewhere(reader) is not None  # type: ignore[attr-defined]
    with store.read() as reader:
        assert [hit.id for hit in reader.search(Query("an"))] == ["a"]
        sent = reader._elsewhere(reader)  # type: ignore[attr-defined]
        assert sent.connection is not reader.connection  # type: ignore[attr-defined]
        assert reader.has_hits("an", 1)
        thread = threading.Thread(target=put, args=(store, "b"))
        thread.start()
        thread.join()
        assert [hit.id for hit in reader.search(Query("an"))] == ["a"]


def test_a_replica_of_another_store_is_refused(url: str, opened: Opened, dsn: str) -> None:
    opened()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE DATABASE pc_other_place")
        try:
            replica = dsn.replace("/postgres?", "/pc_other_place?")
            with pytest.raises(StoreError, match="replica"):
                opened(replica=replica)
        finally:
            connection.execute("DROP DATABASE pc_other_place WITH (FORCE)")
