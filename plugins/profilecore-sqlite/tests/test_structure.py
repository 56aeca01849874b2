from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore.model.documents import Document
from profilecore.model.events import Event
from profilecore.store import Line, Query, Terms
from profilecore.store.forms import pack_terms
from profilecore_sqlite import SqliteStore, open_store, rows
from profilecore_sqlite.terms import unpack

TEXTS = st.text(max_size=12)
LINES = st.builds(Line, TEXTS, st.lists(TEXTS, max_size=4).map(tuple)) | TEXTS.map(
    lambda text: Line(text, tuple(text.split(" ")))
)
TERMS = st.builds(
    Terms,
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5).map(tuple),
    st.lists(LINES, max_size=4).map(tuple),
)

POSITION = ("ab", "ab c", 3)
STATEMENTS = {
    "get": (rows.GET, ("k", "i")),
    "get many": (rows.GET_MANY.format("?, ?"), ("k", "i", "j")),
    "word at": (rows.WORD_AT, ("a", 7_999)),
    "owned": (rows.OWNED, ("o", None)),
    "owned of a kind": (rows.OWNED, ("o", "k")),
    "listing": (rows.LISTING, ("k", 0, 10)),
    "number": (rows.NUMBER, ("k", "i")),
    "find": (rows.FIND, (1, 10)),
    "count": (rows.COUNT, ("k",)),
    "events": (rows.EVENTS, (0, 10)),
    "blob": (rows.BLOB, ("b",)),
    "word": rows.search_statement(Query("a"), None, 10),
    "word, next page": rows.search_statement(Query("a"), POSITION, 10),
    "words and keys": rows.search_statement(Query("a", ("b", "c"), (1, 2)), POSITION, 10),
    "keys": rows.search_statement(Query(keys=(1, 2)), None, 10),
    "keys, next page": rows.search_statement(Query(keys=(1, 2)), ("", "", 3), 10),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_statement_sorts_or_scans(store: SqliteStore, name: str) -> None:
    sql, parameters = STATEMENTS[name]
    with store.read() as reader:
        plan = [row[3] for row in reader.rows(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    assert plan
    assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step], plan


def test_a_page_of_a_search_begins_where_the_last_one_ended(store: SqliteStore) -> None:
    sql, parameters = STATEMENTS["word, next page"]
    with store.read() as reader:
        plan = reader.rows(f"EXPLAIN QUERY PLAN {sql}", parameters)[0][3]
    assert "(word,text,n)>(?,?,?)" in plan


@given(TERMS)
def test_packed_terms_give_back_their_rows(terms: Terms) -> None:
    assert unpack(pack_terms(terms)) == (set(terms.keys), terms.rows())


def test_packed_terms_are_small() -> None:
    terms = Terms(tuple(range(9)), (Line("anna maria berg", ("anna", "maria", "berg")),))
    assert len(pack_terms(terms)) < 9 * 8 + 30


def test_events_come_back_as_they_were(store: SqliteStore) -> None:
    zone = timezone(timedelta(hours=5, minutes=45))
    events = [
        Event("profile.created", "p", datetime(2026, 1, 2, 3, 4, 5, 6, zone), "e1"),
        Event(
            type="hold.placed",
            profile_id="p",
            at=datetime(2026, 1, 2, tzinfo=zone),
            id="e2",
            fields=("name", "emails"),
            subject="h",
            related=("q",),
            actor="desk",
            property_id="one",
            scope="two",
        ),
    ]
    with store.write() as writer:
        made = writer.append(events)
    with store.read() as reader:
        assert reader.events() == made
    assert [event.seq for event in made] == [1, 2]


@pytest.mark.parametrize("size", [0, 1, rows.PART_SIZE, rows.PART_SIZE + 1, 3 * rows.PART_SIZE])
def test_blobs_are_kept_in_parts(store: SqliteStore, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    with store.write() as writer:
        writer.put_blob("b", content)
    with store.read() as reader:
        assert reader.blob("b") == content
        largest = reader.rows("SELECT max(length(content)) FROM pc_blob")[0][0]
    assert largest <= rows.PART_SIZE
    assert store.check() == []


@pytest.mark.parametrize(
    ("fault", "report"),
    [
        ("DELETE FROM pc_key WHERE n = 1", "pc_key: 2 rows are missing"),
        ("DELETE FROM pc_word WHERE n = 1", "pc_word: 2 rows are missing"),
        ("INSERT INTO pc_key VALUES (9, 99)", "pc_key: 1 rows belong to no document"),
        ("INSERT INTO pc_word VALUES ('w', 'w', 99)", "pc_word: 1 rows belong to no document"),
        ("INSERT INTO pc_key VALUES (9, 1)", "pc_key: 1 rows are not among the terms"),
        ("INSERT INTO pc_word VALUES ('w', 'w', 1)", "pc_word: 1 rows are not among the terms"),
        ("UPDATE pc_document SET terms = x''", "pc_key: 2 rows are not among the terms"),
        ("DELETE FROM pc_document", "pc_word: 2 rows belong to no document"),
        ("INSERT INTO pc_blob VALUES ('b', 1, x'')", "pc_blob: 1 blobs lack a part"),
    ],
)
def test_check_finds_planted_faults(store: SqliteStore, fault: str, report: str) -> None:
    document = Document("profile", "a", "a", 1, b"{}")
    with store.write() as writer:
        writer.put(document, Terms((1, 2), (Line("anna berg", ("anna", "berg")),)), expect=0)
    assert store.check() == []
    with closing(sqlite3.connect(store.path)) as other, other:
        other.execute(fault)
    assert any(line.startswith(report) for line in store.check()), store.check()


def test_check_finds_a_damaged_index(store: SqliteStore) -> None:
    with store.write() as writer:
        writer.put(Document("profile", "a", "a", 1, b"{}"), expect=0)
    with closing(sqlite3.connect(store.path)) as other, other:
        other.execute("PRAGMA writable_schema = ON")
        other.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, '[kind]', '[id]'),"
            " sql = replace(sql, '\"kind\"', '\"id\"') WHERE name = 'pc_document_kind'"
        )
        other.execute("PRAGMA schema_version = 1000")
    assert any(line.startswith("SQLite: ") for line in store.check())


def test_check_reports_a_damaged_page_instead_of_raising(store: SqliteStore) -> None:
    for number in range(200):
        with store.write() as writer:
            writer.put(Document("profile", f"p{number}", "p0", 1, b"x" * 100), expect=0)
    store.close()
    data = bytearray(store.path.read_bytes())
    for page in range(2 * 4096, len(data), 4096):
        data[page + 1 : page + 8] = b"\xff" * 7
    store.path.write_bytes(data)
    again = open_store(f"sqlite:///{store.path}")
    assert again.check() != []
    again.close()
