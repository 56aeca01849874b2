"""Reads of one state: sealed below, plain above.

Each document is sealed under a key of its own, and so is each blob: what is deleted takes its key
along, and nothing else that its owner has.  A document whose key was destroyed is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from profilecore.model.documents import Document
from profilecore.model.events import Event
from profilecore.store.forms import terms_of
from profilecore.store.port import OPEN, Hit, Kept, Line, Query, Reader
from profilecore_sealed.inventory import KIND, Place
from profilecore_sealed.keyring import Keyring
from profilecore_sealed.sealing import number_of, unseal, unseal_blob, with_body
from profilecore_sealed.words import Words, fits

Key = tuple[int, bytes]


class SealedReader(Reader):
    """Opens what a reader of the inner store gives."""

    def __init__(self, inner: Reader, keyring: Keyring, words: Words) -> None:
        self._reader = inner
        self._keyring = keyring
        self._words = words

    def _unsealed(self, documents: Sequence[Document]) -> list[tuple[Document, bytes]]:
        """Give documents as they were put, each with its packed terms."""
        numbers = [number_of(document.body, document.id) for document in documents]
        keys = self._keyring.keys(numbers)
        found = []
        for document, number, key in zip(documents, numbers, keys, strict=True):
            if key is None:
                self._miss(_place(document))
            else:
                body, terms = unseal(key, document)
                found.append((with_body(document, body), terms))
                self._note(document, (number, key))
        return found

    def _note(self, document: Document, key: Key) -> None:
        """Take note of the key of a document that was read."""

    def _miss(self, place: Place) -> None:
        """Take note of a place where something is stored whose key was destroyed."""

    def _opened(self, documents: Sequence[Document]) -> list[Document]:
        return [document for document, _ in self._unsealed(documents)]

    def get(self, kind: str, id: str) -> Document | None:
        document = self._reader.get(kind, id)
        if document is None:
            return None
        key = self._key_of(document.body, id)
        if key is None:
            self._miss((kind, id))
            return None
        self._note(document, key)
        return with_body(document, unseal(key[1], document)[0])

    def _key_of(self, sealed: bytes, id: str) -> Key | None:
        number = number_of(sealed, id)
        key = self._keyring.key(number)
        return None if key is None else (number, key)

    def get_many(self, kind: str, ids: Sequence[str]) -> list[Document]:
        return self._opened(self._reader.get_many(kind, ids))

    def owned(self, owners: Sequence[str], kind: str | None = None) -> list[Document]:
        return self._opened(self._reader.owned(owners, kind))

    def listing(self, kind: str, after: str | None, limit: int) -> list[Document]:
        found: list[Document] = []
        while (asked := limit - len(found)) > 0:
            page = self._reader.listing(kind, after, asked)
            found += self._opened(page)
            if len(page) < asked:
                break
            after = page[-1].id
        return found

    def find(self, key: int, limit: int = 1_000) -> list[str]:
        return self._reader.find(key, limit)

    def find_many(self, keys: Sequence[int], at_most: int | None = None) -> dict[int, list[str]]:
        return self._reader.find_many(keys, at_most)

    def tally(self, keys: Sequence[int]) -> int:
        return self._reader.tally(keys)

    def search(
        self, query: Query, after: tuple[Any, ...] | None = None, limit: int = 50
    ) -> list[Hit]:
        sealed = self._words.query(query)
        found: list[Hit] = []
        while (asked := limit - len(found)) > 0:
            hits = self._reader.search(sealed, after, asked)
            found += self._plain_hits(hits, query)
            if len(hits) < asked:
                break
            after = hits[-1].position
        return found

    def _plain_hits(self, hits: Sequence[Hit], query: Query) -> Iterator[Hit]:
        """Yield the hits, opened, whose own words are what was asked for."""
        sealed = {_place(hit.document): hit.document for hit in hits}
        opened = {_place(pair[0]): pair for pair in self._unsealed(list(sealed.values()))}
        rows = {place: _rows_of(terms, query) for place, (_, terms) in opened.items()}
        marks = self._words.marks({word for found in rows.values() for word, _ in found})
        for hit in hits:
            place = _place(hit.document)
            if place not in opened:
                continue
            document = opened[place][0]
            if query.word is None or hit.word.startswith(OPEN):
                if fits(Line(hit.text, ()), hit.word, query):
                    yield Hit(hit.word, hit.text, hit.position, document)
                continue
            for word, line in rows[place]:
                if marks[word] == hit.word and self._words.is_of(hit.text, line.text):
                    yield Hit(word, line.text, hit.position, document)
                    break

    def has_hits(self, prefix: str, number: int) -> bool:
        return self._reader.has_hits(self._words.prefix(prefix), number)

    def events(self, after: int = 0, limit: int = 500) -> list[Event]:
        return self._reader.events(after, limit)

    def count(self, kind: str) -> int:
        return self._reader.count(kind)

    def blob(self, id: str) -> bytes | None:
        content = self._reader.blob(id)
        if content is None:
            return None
        key = self._key_of(content, id)
        return None if key is None else unseal_blob(key[1], id, content)

    def everything(self, after: int = 0, limit: int = 1_000) -> list[Kept]:
        found: list[Kept] = []
        while (asked := limit - len(found)) > 0:
            page = self._reader.everything(after, asked)
            ours = [kept for kept in page if kept.document.kind != KIND]
            places = {(k.document.kind, k.document.id): k.place for k in ours}
            found += [
                Kept(places[document.kind, document.id], document, terms_of(packed))
                for document, packed in self._unsealed([kept.document for kept in ours])
            ]
            if len(page) < asked:
                break
            after = page[-1].place
        return found

    def blob_ids(self, after: str = "", limit: int = 1_000) -> list[str]:
        # With those that cannot be read: to tell them, all blobs would have to be.
        return self._reader.blob_ids(after, limit)


def _place(document: Document) -> Place:
    return document.kind, document.id


def _rows_of(packed: bytes, query: Query) -> list[tuple[str, Line]]:
    """Give the rows of packed terms that fit a query for a word."""
    if query.word is None:
        return []
    return [
        (word, line)
        for line in terms_of(packed).lines
        for word in dict.fromkeys(line.words)
        if fits(line, word, query)
    ]
