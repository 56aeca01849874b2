"""The statements: one reader and one writer over a connection that is inside a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

from profilecore.errors import VersionConflict
from profilecore.model.documents import Document
from profilecore.model.events import Event
from profilecore.model.fields import restore
from profilecore.store.forms import event_body, in_parts, pack_terms, read_event, terms_of
from profilecore.store.port import NO_TERMS, Body, Hit, Kept, Query, Reader, Terms, Writer
from profilecore_sqlite.faults import DRIVER_ERRORS, typed
from profilecore_sqlite.terms import Keys, Words, rows_of, unpack

Row = tuple[Any, ...]

PART_SIZE = 1 << 20
BEYOND = "\U0010ffff"

_DOCUMENT = "kind, id, owner, version, body, property_id"
GET = f"SELECT {_DOCUMENT} FROM pc_document WHERE kind = ? AND id = ?"
GET_MANY = f"SELECT {_DOCUMENT} FROM pc_document WHERE kind = ? AND id IN ({{}})"
# The plus keeps the planner on the index of owners.
OWNED = (
    f"SELECT n, {_DOCUMENT} FROM pc_document WHERE owner = ?1 AND owner <> id"
    " AND (?2 IS NULL OR +kind = ?2) ORDER BY n"
)
OWNED_BY_MANY = (
    f"SELECT n, {_DOCUMENT} FROM pc_document WHERE owner IN ({{}}) AND owner <> id"
    " AND (? IS NULL OR +kind = ?)"
)
# Below it, one statement that is compiled already is faster.
OWNERS_TOGETHER = 20
LISTING = f"SELECT {_DOCUMENT} FROM pc_document WHERE kind = ? AND n > ? ORDER BY n LIMIT ?"
EVERYTHING = f"SELECT n, terms, {_DOCUMENT} FROM pc_document WHERE n > ? ORDER BY n LIMIT ?"
BLOB_IDS = "SELECT DISTINCT id FROM pc_blob WHERE id > ? ORDER BY id LIMIT ?"
BODIES = (
    "SELECT id, owner, property_id, body FROM pc_document WHERE kind = ? AND n > ?"
    " ORDER BY n LIMIT ?"
)
NUMBER = "SELECT n FROM pc_document WHERE kind = ? AND id = ?"
FIND = (
    "SELECT d.id FROM pc_key AS k CROSS JOIN pc_document AS d ON d.n = k.n"
    " WHERE k.h = ? ORDER BY k.n LIMIT ?"
)
FIND_MANY = (
    "SELECT k.h, d.id FROM pc_key AS k CROSS JOIN pc_document AS d ON d.n = k.n"
    " WHERE k.h IN ({}) ORDER BY k.h, k.n"
)
# Whether more have the key is asked once, and told by the index of keys alone.
FIND_FEW = (
    "SELECT d.id FROM pc_key AS k CROSS JOIN pc_document AS d ON d.n = k.n WHERE k.h = ?1"
    " AND NOT EXISTS (SELECT 1 FROM pc_key WHERE h = ?1 LIMIT 1 OFFSET ?2) ORDER BY k.n"
)
KEYS_AT_ONCE = 500
TALLY = "SELECT count(*) FROM pc_key AS k WHERE h = ?"
_HAS_KEY = " AND EXISTS (SELECT 1 FROM pc_key WHERE h = ? AND n = k.n)"
COUNT = "SELECT count(*) FROM pc_document WHERE kind = ?"
# Without an upper bound SQLite compares nothing on the way, and is five times as fast.
WORD_AT = "SELECT word FROM pc_word WHERE word >= ? ORDER BY word LIMIT 1 OFFSET ?"
EVENTS = "SELECT seq, body FROM pc_event WHERE seq > ? ORDER BY seq LIMIT ?"
BLOB = "SELECT content FROM pc_blob WHERE id = ? ORDER BY part"

_STORED = "SELECT n, version, terms FROM pc_document WHERE kind = ? AND id = ?"
_INSERT = (
    "INSERT INTO pc_document (n, kind, id, owner, version, property_id, terms, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_UPDATE = "UPDATE pc_document SET version = ?, property_id = ?, body = ? WHERE n = ?"
_REPLACE = "UPDATE pc_document SET version = ?, property_id = ?, body = ?, terms = ? WHERE n = ?"
_STORED_MANY = "SELECT id, n, version, terms FROM pc_document WHERE kind = ? AND id IN ({})"
_UPDATE_TERMS = "UPDATE pc_document SET terms = ? WHERE n = ?"
_ADD_KEY = "INSERT INTO pc_key (h, n) VALUES (?, ?)"
_ADD_WORD = "INSERT INTO pc_word (word, text, n) VALUES (?, ?, ?)"
_DROP_KEY = "DELETE FROM pc_key WHERE h = ? AND n = ?"
_DROP_WORD = "DELETE FROM pc_word WHERE word = ? AND text = ? AND n = ?"

_ADD_EVENT = "INSERT INTO pc_event (seq, body) VALUES (?, ?)"
# Of many rows so many are inserted by one statement, which takes half as long as row by row.
TOGETHER = 32

_FIRST = itemgetter(0)


def search_statement(query: Query, after: Row | None, limit: int) -> tuple[str, list[Any]]:
    """Give the statement of a search and its parameters.

    Its rows are (word, text, n) and the document, in the order of a covering primary key.
    """
    if query.word is None:
        return _search_by_key(query, after, limit)
    sql = (
        f"SELECT w.word, w.text, w.n, {_DOCUMENT} FROM pc_word AS w"
        " CROSS JOIN pc_document AS d ON d.n = w.n WHERE w.word < ?"
    )
    parameters: list[Any] = [query.word + BEYOND]
    if after is None or after[0] < query.word:
        sql += " AND w.word >= ?"
        parameters.append(query.word)
    else:
        sql += " AND (w.word, w.text, w.n) > (?, ?, ?)"
        parameters += after
    for other in query.others:
        # The first condition refuses most rows at once; none makes a new text for each.
        sql += " AND instr(w.text, ?) > 0 AND (instr(w.text, ?) > 0 OR instr(w.text, ?) = 1)"
        parameters += other, f" {other}", other
    for key in query.keys:
        sql += " AND EXISTS (SELECT 1 FROM pc_key WHERE h = ? AND n = w.n)"
        parameters.append(key)
    return f"{sql} ORDER BY w.word, w.text, w.n LIMIT ?", [*parameters, limit]


def _search_by_key(query: Query, after: Row | None, limit: int) -> tuple[str, list[Any]]:
    sql = (
        f"SELECT '', '', k.n, {_DOCUMENT} FROM pc_key AS k"
        " CROSS JOIN pc_document AS d ON d.n = k.n WHERE k.h = ? AND k.n > ?"
    )
    parameters = [query.keys[0], after[2] if after else 0]
    for key in query.keys[1:]:
        sql += _HAS_KEY
        parameters.append(key)
    # Without a text, only the empty prefix begins a word of it.
    if any(query.others):
        sql += " AND 0"
    return f"{sql} ORDER BY k.n LIMIT ?", [*parameters, limit]


class SqliteReader(Reader):
    """Reads over a connection; whoever made it begins and ends the transaction."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self.reopen()

    def reopen(self) -> None:
        """Take a new cursor, free of the row factory that the connection may have."""
        self._cursor = self._connection.cursor()
        self._cursor.row_factory = None

    def close(self) -> None:
        """Let go of the cursor, and with it of a statement that keeps the connection open."""
        self._cursor.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run a statement and give all its rows."""
        try:
            return self._cursor.execute(sql, parameters).fetchall()
        except DRIVER_ERRORS as error:
            raise self._failed(error) from None

    def _failed(self, error: BaseException) -> Exception:
        # SQLite undoes the transaction by itself on some errors (a full disk): what followed
        # would be committed statement by statement.
        if not self._connection.in_transaction:
            self.close()
        return typed(error, self._path)

    def get(self, kind: str, id: str) -> Document | None:
        rows = self.rows(GET, (kind, id))
        return Document(*rows[0]) if rows else None

    def get_many(self, kind: str, ids: Sequence[str]) -> list[Document]:
        found: dict[str, Document] = {}
        for start in range(0, len(ids), KEYS_AT_ONCE):
            some = ids[start : start + KEYS_AT_ONCE]
            for row in self.rows(GET_MANY.format(", ".join("?" * len(some))), (kind, *some)):
                found[row[1]] = Document(*row)
        return [found[id] for id in ids if id in found]

    def owned(self, owners: Sequence[str], kind: str | None = None) -> list[Document]:
        listed = list(dict.fromkeys(owners))
        if len(listed) < OWNERS_TOGETHER:
            found = [row for owner in listed for row in self.rows(OWNED, (owner, kind))]
        else:
            found = self._owned_by_many(listed, kind)
        found.sort(key=_FIRST)
        return [Document(*row[1:]) for row in found]

    def _owned_by_many(self, owners: Sequence[str], kind: str | None) -> list[Row]:
        found: list[Row] = []
        for start in range(0, len(owners), KEYS_AT_ONCE):
            some = owners[start : start + KEYS_AT_ONCE]
            sql = OWNED_BY_MANY.format(", ".join("?" * len(some)))
            found += self.rows(sql, (*some, kind, kind))
        return found

    def listing(self, kind: str, after: str | None, limit: int) -> list[Document]:
        return [Document(*row) for row in self._behind(LISTING, kind, after, limit)]

    def bodies(self, kind: str, after: str | None, limit: int) -> list[Body]:
        return self._behind(BODIES, kind, after, limit)

    def _behind(self, sql: str, kind: str, after: str | None, limit: int) -> list[Any]:
        start = 0
        if after is not None:
            found = self.rows(NUMBER, (kind, after))
            if not found:
                return []
            start = found[0][0]
        return self.rows(sql, (kind, start, limit))

    def find(self, key: int, limit: int = 1_000) -> list[str]:
        return [id for (id,) in self.rows(FIND, (key, limit))]

    def find_many(self, keys: Sequence[int], at_most: int | None = None) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        listed = sorted(set(keys))
        if at_most is not None:
            for key in listed:
                if rows := self.rows(FIND_FEW, (key, at_most)):
                    found[key] = [id for (id,) in rows]
            return found
        for start in range(0, len(listed), KEYS_AT_ONCE):
            some = listed[start : start + KEYS_AT_ONCE]
            for key, id in self.rows(FIND_MANY.format(", ".join("?" * len(some))), some):
                found.setdefault(key, []).append(id)
        return found

    def tally(self, keys: Sequence[int]) -> int:
        number: int = self.rows(TALLY + _HAS_KEY * (len(keys) - 1), keys)[0][0]
        return number

    def search(
        self, query: Query, after: tuple[Any, ...] | None = None, limit: int = 50
    ) -> list[Hit]:
        rows = self.rows(*search_statement(query, after, limit))
        return [
            Hit(word, text, (word, text, n), Document(*document))
            for word, text, n, *document in rows
        ]

    def has_hits(self, prefix: str, number: int) -> bool:
        found = self.rows(WORD_AT, (prefix, number - 1))
        return bool(found) and found[0][0] < prefix + BEYOND

    def events(self, after: int = 0, limit: int = 500) -> list[Event]:
        return [read_event(seq, body) for seq, body in self.rows(EVENTS, (after, limit))]

    def count(self, kind: str) -> int:
        number: int = self.rows(COUNT, (kind,))[0][0]
        return number

    def blob(self, id: str) -> bytes | None:
        parts = self.rows(BLOB, (id,))
        return b"".join(part for (part,) in parts) if parts else None

    def everything(self, after: int = 0, limit: int = 1_000) -> list[Kept]:
        return [
            Kept(number, Document(*document), terms_of(packed))
            for number, packed, *document in self.rows(EVERYTHING, (after, limit))
        ]

    def blob_ids(self, after: str = "", limit: int = 1_000) -> list[str]:
        return [id for (id,) in self.rows(BLOB_IDS, (after, limit))]


class SqliteWriter(SqliteReader, Writer):
    """Reads and writes over a connection that holds the write lock."""

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self.rows("SAVEPOINT pc_part")
        try:
            yield
        except BaseException:
            # A full disk and the like end the whole transaction; then there is no part to undo.
            if self._connection.in_transaction:
                self.rows("ROLLBACK TO pc_part")
                self.rows("RELEASE pc_part")
            raise
        self.rows("RELEASE pc_part")

    def _many(self, sql: str, rows: Iterable[Row]) -> None:
        try:
            self._cursor.executemany(sql, rows)
        except DRIVER_ERRORS as error:
            raise self._failed(error) from None

    def _add(self, sql: str, rows: list[Row]) -> None:
        """Insert many rows in their order."""
        try:
            self._insert_rows(sql, rows)
        except DRIVER_ERRORS as error:
            raise self._failed(error) from None

    def _insert_rows(self, sql: str, rows: list[Row]) -> None:
        whole = len(rows) - len(rows) % TOGETHER
        if whole:
            parts = (rows[start : start + TOGETHER] for start in range(0, whole, TOGETHER))
            flat = (tuple(chain.from_iterable(part)) for part in parts)
            self._cursor.executemany(_together(sql), flat)
        self._cursor.executemany(sql, rows[whole:])

    def put(self, document: Document, terms: Terms = NO_TERMS, *, expect: int) -> None:
        packed = pack_terms(terms)
        found = self.rows(_STORED, (document.kind, document.id))
        stored = found[0][1] if found else 0
        if stored != expect:
            raise VersionConflict(document.id, expect, stored)
        if not found:
            self.rows(_INSERT, _values(None, document, packed))
            number = self._cursor.lastrowid
            keys, words = set(terms.keys), terms.rows()
        else:
            number = found[0][0]
            values = (document.version, document.property_id, document.body, number)
            self.rows(_UPDATE, values)
            if found[0][2] == packed:
                return
            self.rows(_UPDATE_TERMS, (packed, number))
            old_keys, old_words = unpack(found[0][2])
            new_keys, new_words = set(terms.keys), terms.rows()
            self._drop(number, old_keys - new_keys, old_words - new_words)
            keys, words = new_keys - old_keys, new_words - old_words
        if keys:
            self._many(_ADD_KEY, [(key, number) for key in keys])
        if words:
            self._many(_ADD_WORD, [(word, text, number) for word, text in words])

    def put_many(self, changes: Iterable[tuple[Document, Terms, int]]) -> None:
        listed = list(changes)
        # What is new is looked up by the insert.
        stored = self._stored([document for document, _, expect in listed if expect])
        new: list[tuple[Document, Terms | bytes]] = []
        values: list[Row] = []
        differing: list[tuple[int, bytes, bytes]] = []
        for document, terms, expect in listed:
            if not expect:
                new.append((document, terms))
                continue
            number, version, old = stored.get((document.kind, document.id), (0, 0, b""))
            if version != expect:
                raise VersionConflict(document.id, expect, version)
            packed = pack_terms(terms)
            values.append((document.version, document.property_id, document.body, packed, number))
            if packed != old:
                differing.append((number, old, packed))
        self._many(_REPLACE, values)
        self._change_terms(differing)
        self.insert(new)

    def _stored(self, documents: Sequence[Document]) -> dict[tuple[str, str], Row]:
        """Give the number, version and packed terms of those of the documents that exist."""
        ids: dict[str, list[str]] = {}
        for document in documents:
            ids.setdefault(document.kind, []).append(document.id)
        found: dict[tuple[str, str], Row] = {}
        for kind, wanted in ids.items():
            for start in range(0, len(wanted), KEYS_AT_ONCE):
                some = wanted[start : start + KEYS_AT_ONCE]
                sql = _STORED_MANY.format(", ".join("?" * len(some)))
                for id, *row in self.rows(sql, (kind, *some)):
                    found[kind, id] = tuple(row)
        return found

    def _change_terms(self, changes: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Change the rows of many documents, each sort in the order of its tree."""
        dropped_keys: list[Row] = []
        added_keys: list[Row] = []
        dropped: list[Row] = []
        added: list[Row] = []
        for number, old, now in changes:
            (old_keys, old_words), (new_keys, new_words) = unpack(old), unpack(now)
            dropped_keys.extend((key, number) for key in old_keys - new_keys)
            added_keys.extend((key, number) for key in new_keys - old_keys)
            dropped.extend((word, text, number) for word, text in old_words - new_words)
            added.extend((word, text, number) for word, text in new_words - old_words)
        for sql, rows in ((_DROP_KEY, dropped_keys), (_DROP_WORD, dropped)):
            self._many(sql, sorted(rows))
        for sql, rows in ((_ADD_KEY, added_keys), (_ADD_WORD, added)):
            self._add(sql, sorted(rows))

    def insert(self, documents: Iterable[tuple[Document, Terms | bytes]]) -> None:
        for chunk in in_parts(documents):
            self._insert(chunk)

    def _insert(self, chunk: list[tuple[Document, Terms | bytes]]) -> None:
        last = self.rows("SELECT seq FROM sqlite_sequence WHERE name = 'pc_document'")
        first: int = last[0][0] + 1 if last else 1
        values: list[Row] = []
        keys: list[tuple[int, int]] = []
        words: list[tuple[str, str, int]] = []
        for number, (document, terms) in enumerate(chunk, first):
            packed = terms if isinstance(terms, bytes) else pack_terms(terms)
            values.append(_values(number, document, packed))
            its_keys, its_words = rows_of(packed, number)
            keys += its_keys
            words += its_words
        # In the order of their trees, each page is found in the cache once.  To compare their
        # first columns is enough for that, and twice as fast.
        keys.sort(key=_FIRST)
        words.sort(key=_FIRST)
        try:
            self._insert_rows(_INSERT, values)
        except DRIVER_ERRORS as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                raise self._conflict(values) from None
            raise self._failed(error) from None
        self._add(_ADD_KEY, keys)
        self._add(_ADD_WORD, words)

    def _conflict(self, values: list[Row]) -> VersionConflict:
        """Undo an insert of documents, and give which was there, or came twice."""
        # Their terms are not stored yet.
        self.rows("DELETE FROM pc_document WHERE n >= ?", (values[0][0],))
        seen: dict[tuple[str, str], int] = {}
        for _number, kind, id, _owner, version, *_ in values:
            if stored := self.rows(_STORED, (kind, id)):
                version = stored[0][1]
                break
            if (kind, id) in seen:
                version = seen[kind, id]
                break
            seen[kind, id] = version
        return VersionConflict(id, 0, version)

    def delete(self, kind: str, id: str) -> bool:
        found = self.rows(_STORED, (kind, id))
        if not found:
            return False
        number, _version, packed = found[0]
        self._drop(number, *unpack(packed))
        self.rows("DELETE FROM pc_document WHERE n = ?", (number,))
        return True

    def _drop(self, number: int, keys: Keys, words: Words) -> None:
        if keys:
            self._many(_DROP_KEY, [(key, number) for key in keys])
        if words:
            self._many(_DROP_WORD, [(word, text, number) for word, text in words])

    def append(self, events: Iterable[Event]) -> list[Event]:
        listed = list(events)
        if not listed:
            return []
        first = self.rows("SELECT coalesce(max(seq), 0) + 1 FROM pc_event")[0][0]
        self._add(_ADD_EVENT, list(enumerate(map(event_body, listed), first)))
        return [restore(Event, vars(event) | {"seq": n}) for n, event in enumerate(listed, first)]

    def put_blob(self, id: str, content: bytes) -> None:
        if self.rows("SELECT 1 FROM pc_blob WHERE id = ? LIMIT 1", (id,)):
            raise VersionConflict(id, 0, 1)
        view = memoryview(content)
        self._many(
            "INSERT INTO pc_blob (id, part, content) VALUES (?, ?, ?)",
            (
                (id, part, view[part * PART_SIZE : (part + 1) * PART_SIZE])
                for part in range(max(1, -(-len(view) // PART_SIZE)))
            ),
        )

    def delete_blob(self, id: str) -> None:
        self.rows("DELETE FROM pc_blob WHERE id = ?", (id,))


class JoinedWriter(SqliteWriter):
    """A writer over a connection that is another's, whose settings stay as they are."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        factory: Callable[[bytes], Any] = self._connection.text_factory
        if factory is str:
            return super().rows(sql, parameters)
        self._connection.text_factory = str
        try:
            return super().rows(sql, parameters)
        finally:
            self._connection.text_factory = factory


@cache
def _together(sql: str) -> str:
    """Give a statement that inserts one row as one that inserts several."""
    return sql + f", {sql[sql.rindex('(') :]}" * (TOGETHER - 1)


def _values(number: int | None, document: Document, packed: bytes) -> Row:
    return (
        number,
        document.kind,
        document.id,
        document.owner,
        document.version,
        document.property_id,
        packed,
        document.body,
    )
