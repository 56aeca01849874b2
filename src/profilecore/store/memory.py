"""The in-memory store: the reference for every other, and quick enough for tests and trials."""

from __future__ import annotations

import bisect
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

from profilecore.errors import StoreError, VersionConflict
from profilecore.model.documents import Document
from profilecore.model.events import Event
from profilecore.model.fields import evolve
from profilecore.store.port import (
    NO_TERMS,
    Capability,
    Hit,
    Kept,
    Query,
    Reader,
    Store,
    Terms,
    Writer,
)


@attrs.define(eq=False, repr=False)
class _Row:
    number: int
    document: Document
    terms: Terms


class MemoryStore(Store):
    """Keeps everything in dictionaries; one transaction at a time, undone from a log."""

    capabilities = frozenset({Capability.SORTED})

    def __init__(self) -> None:
        self._salt = os.urandom(16)
        self._lock = threading.RLock()
        self._depth = 0
        self._writer = _MemoryWriter()

    @property
    def salt(self) -> bytes:
        return self._salt

    @contextmanager
    def read(self) -> Iterator[Reader]:
        with self._lock:
            yield self._writer

    @contextmanager
    def write(self) -> Iterator[Writer]:
        with self._lock:
            self._depth += 1
            try:
                with self._writer.savepoint():
                    yield self._writer
            finally:
                self._depth -= 1
            if self._depth == 0:
                self._writer.undo.clear()

    def adopt(self, salt: bytes) -> None:
        with self.write() as writer:
            if not writer.is_empty():
                raise StoreError("This store is not empty; copy into a new one.")
            self._salt = salt

    def scrub(self) -> bool:
        return True

    def close(self) -> None:
        pass


class _MemoryWriter(Writer):
    def __init__(self) -> None:
        self.undo: list[Callable[[], object]] = []
        self._rows: dict[tuple[str, str], _Row] = {}
        self._order: list[tuple[int, str, str]] = []
        self._kinds: dict[int, str] = {}
        self._keys: dict[int, dict[int, str]] = {}
        self._words: list[tuple[str, str, int, str]] = []
        self._events: list[Event] = []
        self._blobs: dict[str, bytes] = {}
        self._next = 0

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        mark = len(self.undo)
        try:
            yield
        except BaseException:
            self.rewind(mark)
            raise

    def rewind(self, mark: int) -> None:
        while len(self.undo) > mark:
            self.undo.pop()()

    def get(self, kind: str, id: str) -> Document | None:
        row = self._rows.get((kind, id))
        return row.document if row else None

    def get_many(self, kind: str, ids: Sequence[str]) -> list[Document]:
        return [row.document for id in ids if (row := self._rows.get((kind, id)))]

    def owned(self, owners: Sequence[str], kind: str | None = None) -> list[Document]:
        wanted = set(owners)
        return [
            document
            for _, row_kind, id in self._order
            if (document := self._rows[row_kind, id].document).owner in wanted
            and document.owner != id
            and kind in (None, row_kind)
        ]

    def listing(self, kind: str, after: str | None, limit: int) -> list[Document]:
        start = 0
        if after is not None:
            row = self._rows.get((kind, after))
            if row is None:
                return []
            start = bisect.bisect_right(self._order, (row.number, kind, after))
        found = []
        for _, row_kind, id in self._order[start:]:
            if row_kind == kind:
                found.append(self._rows[row_kind, id].document)
                if len(found) == limit:
                    break
        return found

    def find(self, key: int, limit: int = 1_000) -> list[str]:
        return [id for _, id in sorted(self._keys.get(key, {}).items())[:limit]]

    def find_many(self, keys: Sequence[int], at_most: int | None = None) -> dict[int, list[str]]:
        holders = {key: self._keys.get(key, {}) for key in keys}
        return {
            key: [id for _, id in sorted(held.items())]
            for key, held in holders.items()
            if held and (at_most is None or len(held) <= at_most)
        }

    def tally(self, keys: Sequence[int]) -> int:
        holders = [self._keys.get(key, {}).keys() for key in keys]
        return len(set(holders[0]).intersection(*holders[1:]))

    def search(
        self, query: Query, after: tuple[Any, ...] | None = None, limit: int = 50
    ) -> list[Hit]:
        found = []
        for word, text, number, id in self._candidates(query, after):
            if any(number not in self._keys.get(key, {}) for key in query.keys):
                continue
            if all(f" {other}" in f" {text}" for other in query.others):
                document = self._rows[self._kinds[number], id].document
                found.append(Hit(word, text, (word, text, number), document))
                if len(found) == limit:
                    break
        return found

    def _candidates(
        self, query: Query, after: tuple[Any, ...] | None
    ) -> Iterator[tuple[str, str, int, str]]:
        if query.word is None:
            last = after[2] if after else -1
            for number, id in sorted(self._keys.get(query.keys[0], {}).items()):
                if number > last:
                    yield ("", "", number, id)
            return
        start = bisect.bisect_left(self._words, (query.word,))
        if after is not None:
            behind = (after[0], after[1], after[2] + 1)
            start = max(start, bisect.bisect_left(self._words, behind))
        for row in self._words[start:]:
            if not row[0].startswith(query.word):
                return
            yield row

    def has_hits(self, prefix: str, number: int) -> bool:
        last = bisect.bisect_left(self._words, (prefix,)) + number - 1
        return last < len(self._words) and self._words[last][0].startswith(prefix)

    def events(self, after: int = 0, limit: int = 500) -> list[Event]:
        return self._events[after : after + limit]

    def count(self, kind: str) -> int:
        return sum(row_kind == kind for row_kind, _ in self._rows)

    def blob(self, id: str) -> bytes | None:
        return self._blobs.get(id)

    def everything(self, after: int = 0, limit: int = 1_000) -> list[Kept]:
        start = bisect.bisect_left(self._order, (after + 1,))
        rows = (self._rows[kind, id] for _, kind, id in self._order[start : start + limit])
        return [Kept(row.number, row.document, row.terms) for row in rows]

    def blob_ids(self, after: str = "", limit: int = 1_000) -> list[str]:
        return sorted(id for id in self._blobs if id > after)[:limit]

    def put(self, document: Document, terms: Terms = NO_TERMS, *, expect: int) -> None:
        where = (document.kind, document.id)
        row = self._rows.get(where)
        stored = row.document.version if row else 0
        if stored != expect:
            raise VersionConflict(document.id, expect, stored)
        if row is None:
            self._next += 1
            row = _Row(self._next, document, terms)
            self._add(row)
            self.undo.append(lambda: self._remove(where))
        else:
            number = row.number
            self._replace(where, _Row(number, document, terms))
            old = row
            self.undo.append(lambda: self._replace(where, old))

    def insert(self, documents: Iterable[tuple[Document, Terms | bytes]]) -> None:
        for document, terms in documents:
            if isinstance(terms, bytes):
                raise TypeError("this store packs no terms")
            self.put(document, terms, expect=0)

    def delete(self, kind: str, id: str) -> bool:
        row = self._rows.get((kind, id))
        if row is None:
            return False
        self._remove((kind, id))
        self.undo.append(lambda: self._add(row))
        return True

    def append(self, events: Iterable[Event]) -> list[Event]:
        made = []
        for event in events:
            stored = evolve(event, seq=len(self._events) + 1)
            self._events.append(stored)
            self.undo.append(self._events.pop)
            made.append(stored)
        return made

    def put_blob(self, id: str, content: bytes) -> None:
        if id in self._blobs:
            raise VersionConflict(id, 0, 1)
        self._blobs[id] = bytes(content)
        self.undo.append(lambda: self._blobs.pop(id))

    def delete_blob(self, id: str) -> None:
        content = self._blobs.pop(id, None)
        if content is not None:
            self.undo.append(lambda: self._blobs.update({id: content}))

    def _add(self, row: _Row) -> None:
        document = row.document
        self._rows[document.kind, document.id] = row
        bisect.insort(self._order, (row.number, document.kind, document.id))
        self._kinds[row.number] = document.kind
        self._index(row)

    def _replace(self, where: tuple[str, str], row: _Row) -> None:
        self._unindex(self._rows[where])
        self._rows[where] = row
        self._index(row)

    def _remove(self, where: tuple[str, str]) -> None:
        row = self._rows.pop(where)
        self._order.remove((row.number, *where))
        del self._kinds[row.number]
        self._unindex(row)

    def _index(self, row: _Row) -> None:
        for key in row.terms.keys:
            self._keys.setdefault(key, {})[row.number] = row.document.id
        for word, text in row.terms.rows():
            bisect.insort(self._words, (word, text, row.number, row.document.id))

    def _unindex(self, row: _Row) -> None:
        for key in row.terms.keys:
            holders = self._keys.get(key, {})
            holders.pop(row.number, None)
            if not holders:
                self._keys.pop(key, None)
        for word, text in row.terms.rows():
            entry = (word, text, row.number, row.document.id)
            del self._words[bisect.bisect_left(self._words, entry)]
