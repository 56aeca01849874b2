"""One reader and one writer over a connection that is inside a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

import attrs
import psycopg
from psycopg import errors
from psycopg.rows import tuple_row

from profilecore.errors import StoreCorrupt, VersionConflict
from profilecore.model.documents import Document
from profilecore.model.events import Event
from profilecore.model.fields import restore
from profilecore.store.forms import event_body, in_parts, read_event, terms_of
from profilecore.store.port import NO_TERMS, Body, Hit, Kept, Query, Reader, Terms, Writer
from profilecore_postgres import statements as sql
from profilecore_postgres.copying import copy, document_row, event_row, number
from profilecore_postgres.faults import DRIVER_ERRORS, typed
from profilecore_postgres.statements import Row, Statements, search_statement, tally_statement
from profilecore_postgres.terms import Word, pack, stored_form, unpacked, unstored

PART_SIZE = 1 << 20
# Of a list in one statement; a longer one is several statements.
VALUES_AT_ONCE = 10_000
# From so many on, a COPY is faster than a list of values.
EVENTS_TO_COPY = 200

_SECOND = itemgetter(1)


@attrs.define
class Head:
    """The row that every writer holds: how many wrote, and the last numbers that were given."""

    writes: int
    number: int
    seq: int


class PostgresReader(Reader):
    """Reads over a connection; whoever made it begins and ends the transaction.

    ``elsewhere`` gives a reader of the same state on another server, or ``None``; searches are
    sent there.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        names: Statements,
        name: str,
        elsewhere: Callable[[PostgresReader], PostgresReader | None] | None = None,
    ) -> None:
        self.connection = connection
        self.name = name
        self._names = names
        self._elsewhere = elsewhere
        # Not through the connection: a host's makes cursors of another kind.
        self._cursor = psycopg.Cursor(connection, row_factory=tuple_row)
        self._cursor.format = psycopg.pq.Format.BINARY

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run a statement and give all its rows."""
        cursor = self._cursor
        try:
            cursor.execute(self._names[statement], parameters)
            # To ask for the description would describe each column.
            result = cursor.pgresult
            return cursor.fetchall() if result is not None and result.nfields else []
        except DRIVER_ERRORS as error:
            raise typed(error, self.name) from None

    def get(self, kind: str, id: str) -> Document | None:
        rows = self.rows(sql.GET, (kind, id))
        return Document(*rows[0]) if rows else None

    def get_many(self, kind: str, ids: Sequence[str]) -> list[Document]:
        found: dict[str, Document] = {}
        for some in _parts(ids):
            for row in self.rows(sql.GET_MANY, (kind, some)):
                found[row[1]] = Document(*row)
        return [found[id] for id in ids if id in found]

    def owned(self, owners: Sequence[str], kind: str | None = None) -> list[Document]:
        listed = list(dict.fromkeys(owners))
        if kind is None:
            rows = self.rows(sql.OWNED, (listed,))
        else:
            rows = self.rows(sql.OWNED_OF_KIND, (listed, kind))
        return [Document(*row) for row in rows]

    def listing(self, kind: str, after: str | None, limit: int) -> list[Document]:
        if after is None:
            rows = self.rows(sql.LISTING, (kind, 0, limit))
        else:
            rows = self.rows(sql.LISTING_BEHIND, (kind, kind, after, limit))
        return [Document(*row) for row in rows]

    def bodies(self, kind: str, after: str | None, limit: int) -> list[Body]:
        if after is None:
            return self.rows(sql.BODIES, (kind, 0, limit))
        return self.rows(sql.BODIES_BEHIND, (kind, kind, after, limit))

    def find(self, key: int, limit: int = 1_000) -> list[str]:
        return [id for (id,) in self.rows(sql.FIND, (key, limit))]

    def find_many(self, keys: Sequence[int], at_most: int | None = None) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for some in _parts(list(dict.fromkeys(keys))):
            if at_most is None:
                rows = self.rows(sql.FIND_MANY, (some,))
            else:
                rows = self.rows(sql.FIND_FEW, (some, at_most))
            for key, id in rows:
                found.setdefault(key, []).append(id)
        return found

    def tally(self, keys: Sequence[int]) -> int:
        counted: int = self._searcher().rows(*tally_statement(keys))[0][0]
        return counted

    def search(
        self, query: Query, after: tuple[Any, ...] | None = None, limit: int = 50
    ) -> list[Hit]:
        rows = self._searcher().rows(*search_statement(query, after, limit))
        return [
            Hit(word, self._whole(word, text, n), (word, text, n), Document(*document))
            for word, text, n, *document in rows
        ]

    def _whole(self, word: str, text: str, n: int) -> str:
        if len(text) < sql.LONGEST_TEXT:
            return text
        rest = self._searcher().rows(sql.REST, (word, text, n))
        return text + rest[0][0] if rest else text

    def has_hits(self, prefix: str, number: int) -> bool:
        values = (prefix, prefix + sql.BEYOND, number - 1)
        return bool(self._searcher().rows(sql.WORD_AT, values))

    def _searcher(self) -> PostgresReader:
        return (self._elsewhere and self._elsewhere(self)) or self

    def events(self, after: int = 0, limit: int = 500) -> list[Event]:
        return [read_event(seq, body) for seq, body in self.rows(sql.EVENTS, (after, limit))]

    def count(self, kind: str) -> int:
        counted: int = self.rows(sql.COUNT, (kind,))[0][0]
        return counted

    def blob(self, id: str) -> bytes | None:
        parts = self.rows(sql.BLOB, (id,))
        return b"".join(part for (part,) in parts) if parts else None

    def everything(self, after: int = 0, limit: int = 1_000) -> list[Kept]:
        return [
            Kept(n, Document(*document), terms_of(kept))
            for n, kept, *document in self.rows(sql.EVERYTHING, (after, limit))
        ]

    def blob_ids(self, after: str = "", limit: int = 1_000) -> list[str]:
        return [id for (id,) in self.rows(sql.BLOB_IDS, (after, limit))]


class PostgresWriter(PostgresReader, Writer):
    """Reads and writes over a connection that holds the row of the head once it is locked."""

    head: Head

    def lock(self) -> None:
        """Take the row of the head, and with it the turn to write.

        :raises psycopg.Error: as the driver has it; whoever began may begin again.
        """
        rows = self._cursor.execute(self._names[sql.LOCK_HEAD]).fetchall()
        if not rows:
            raise StoreCorrupt(f"{self.name} has lost its head; restore it from a backup.")
        self.head = Head(*rows[0])

    def write_head(self) -> None:
        """Write the row of the head, as the last thing before the end."""
        head = self.head
        self.rows(sql.WRITE_HEAD, (head.writes + 1, head.number, head.seq))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self.rows("SAVEPOINT pc_part")
        head = attrs.evolve(self.head)
        try:
            yield
        except BaseException:
            self.undo("pc_part", head)
            raise
        self.rows("RELEASE pc_part")

    def undo(self, savepoint: str, head: Head) -> None:
        """Go back to a savepoint, and to the numbers that were given then."""
        if self.connection.closed:
            return  # the server has undone all of it
        self.rows(f"ROLLBACK TO {savepoint}")
        self.rows(f"RELEASE {savepoint}")
        self.head = head

    def put(self, document: Document, terms: Terms = NO_TERMS, *, expect: int) -> None:
        kept = stored_form(terms)
        old = b""
        if expect == 0:
            row = (
                self.head.number + 1, document.kind, document.id, document.owner,
                document.version, document.property_id, kept, document.body,
            )  # fmt: skip
            found = [(n, b"") for (n,) in self.rows(sql.INSERT, row)]
            self.head.number += len(found)
        else:
            values = (document.version, document.property_id, document.body, kept)
            found = self.rows(sql.UPDATE, (document.kind, document.id, expect, *values))
        if not found:
            stored = self.rows(sql.VERSION, (document.kind, document.id))
            raise VersionConflict(document.id, expect, stored[0][0] if stored else 0)
        ((n, old),) = found
        if old != kept:
            self._change_terms([(n, old, kept)])

    def put_many(self, changes: Iterable[tuple[Document, Terms, int]]) -> None:
        listed = list(changes)
        stored = self._stored([document for document, _, _ in listed])
        new: list[tuple[Document, Terms | bytes]] = []
        values: list[Row] = []
        differing: list[tuple[int, bytes, bytes]] = []
        for document, terms, expect in listed:
            n, version, old = stored.get((document.kind, document.id), (0, 0, b""))
            if version != expect:
                raise VersionConflict(document.id, expect, version)
            if not n:
                new.append((document, terms))
                continue
            kept = stored_form(terms)
            values.append((n, document.version, document.property_id, document.body, kept))
            if kept != old:
                differing.append((n, old, kept))
        self._run_many(sql.UPDATE_MANY, values)
        self._change_terms(differing)
        self.insert(new)

    def _stored(self, documents: Sequence[Document]) -> dict[tuple[str, str], Row]:
        """Give the number, version and kept terms of those of the documents that exist."""
        ids: dict[str, list[str]] = {}
        for document in documents:
            ids.setdefault(document.kind, []).append(document.id)
        return {
            (kind, id): tuple(row)
            for kind, wanted in ids.items()
            for some in _parts(wanted)
            for id, *row in self.rows(sql.STORED_MANY, (kind, some))
        }

    def _run_many(self, statement: str, rows: Sequence[Row]) -> None:
        """Run a statement that takes a list a column."""
        for some in _parts(rows):
            self.rows(statement, [list(column) for column in zip(*some, strict=True)])

    def _change_terms(self, changes: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Change the rows of documents by their difference, each sort in the order of its tree."""
        dropped_keys: list[tuple[int, int]] = []
        added_keys: list[tuple[int, int]] = []
        dropped: list[tuple[Word, int]] = []
        added: list[tuple[Word, int]] = []
        for n, old, now in changes:
            (old_keys, old_words), (new_keys, new_words) = unstored(old), unstored(now)
            dropped_keys += ((key, n) for key in old_keys - new_keys)
            added_keys += ((key, n) for key in new_keys - old_keys)
            dropped += ((word, n) for word in old_words - new_words)
            added += ((word, n) for word in new_words - old_words)
        self._run_many(sql.DROP_KEYS, sorted(dropped_keys))
        self._run_many(sql.DROP_WORDS, [(w, t, n) for (w, t, _), n in sorted(dropped)])
        self._run_many(sql.DROP_RESTS, [(w, t, n) for (w, t, rest), n in dropped if rest])
        self._run_many(sql.ADD_KEYS, sorted(added_keys))
        self._run_many(sql.ADD_WORDS, [(w, t, n) for (w, t, _), n in sorted(added)])
        self._run_many(sql.ADD_RESTS, [(w, t, n, rest) for (w, t, rest), n in added if rest])

    def insert(self, documents: Iterable[tuple[Document, Terms | bytes]]) -> None:
        for chunk in in_parts(documents):
            self._insert(chunk)

    def _insert(self, chunk: list[tuple[Document, Terms | bytes]]) -> None:
        made: list[bytes] = []
        keys: list[bytes] = []
        words: list[bytes] = []
        rests: list[Row] = []
        try:
            for n, (document, terms) in enumerate(chunk, self.head.number + 1):
                packed = terms if isinstance(terms, bytes) else pack(terms)
                kept, its_keys, its_words, is_cut = unpacked(packed)
                made.append(document_row(n, document, kept))
                end = number(n)
                keys += [key + end for key in its_keys]
                words += [word + end for word in its_words]
                if is_cut:
                    rests += [(w, t, n, rest) for w, t, rest in unstored(kept)[1] if rest]
        except UnicodeEncodeError as error:
            raise typed(error, self.name) from None
        self._copy_documents(chunk, made)
        self.head.number += len(chunk)
        # In the order of their trees, each page is found in the cache once.
        keys.sort()
        words.sort()
        self._copy(sql.COPY_KEYS, keys)
        self._copy(sql.COPY_WORDS, words)
        self._run_many(sql.ADD_RESTS, rests)

    def _copy_documents(
        self, chunk: list[tuple[Document, Terms | bytes]], rows: list[bytes]
    ) -> None:
        self.rows("SAVEPOINT pc_copy")
        try:
            copy(self._cursor, self._names[sql.COPY_DOCUMENTS], rows)
        except errors.UniqueViolation:
            self.rows("ROLLBACK TO pc_copy")
            raise self._conflict([document for document, _ in chunk]) from None
        except DRIVER_ERRORS as error:
            raise typed(error, self.name) from None
        self.rows("RELEASE pc_copy")

    def _conflict(self, documents: Sequence[Document]) -> VersionConflict:
        stored = self._stored(documents)
        seen: dict[tuple[str, str], int] = {place: row[1] for place, row in stored.items()}
        for document in documents:
            version = seen.get((document.kind, document.id))
            if version is not None:
                break
            seen[document.kind, document.id] = document.version
        return VersionConflict(document.id, 0, version or 0)

    def _copy(self, statement: str, rows: Sequence[bytes]) -> None:
        if not rows:
            return
        try:
            copy(self._cursor, self._names[statement], rows)
        except DRIVER_ERRORS as error:
            raise typed(error, self.name) from None

    def delete(self, kind: str, id: str) -> bool:
        found = self.rows(sql.DELETE, (kind, id))
        self._change_terms((n, kept, b"") for n, kept in found)
        return bool(found)

    def append(self, events: Iterable[Event]) -> list[Event]:
        listed = list(events)
        first = self.head.seq + 1
        bodies = enumerate(map(event_body, listed), first)
        if len(listed) < EVENTS_TO_COPY:
            self._run_many(sql.APPEND, list(bodies))
        else:
            self._copy(sql.COPY_EVENTS, [event_row(seq, body) for seq, body in bodies])
        self.head.seq += len(listed)
        return [restore(Event, vars(event) | {"seq": n}) for n, event in enumerate(listed, first)]

    def put_blob(self, id: str, content: bytes) -> None:
        if self.rows(sql.HAS_BLOB, (id,)):
            raise VersionConflict(id, 0, 1)
        view = memoryview(content)
        for part in range(max(1, -(-len(view) // PART_SIZE))):
            piece = bytes(view[part * PART_SIZE : (part + 1) * PART_SIZE])
            self.rows(sql.ADD_BLOB, (id, part, piece))

    def delete_blob(self, id: str) -> None:
        self.rows(sql.DROP_BLOB, (id,))


def _parts(values: Sequence[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), VALUES_AT_ONCE):
        yield list(values[start : start + VALUES_AT_ONCE])
