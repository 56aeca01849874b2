"""Reads and writes of one transaction: sealed below, plain above.

Each document is sealed under a key of its own, and so is each blob: what is deleted takes its key
along, and nothing else that its owner has.  A document whose key was destroyed is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

import msgspec

from profilecore.errors import VersionConflict
from profilecore.model.documents import Document
from profilecore.model.events import Event
from profilecore.store.forms import Insert, pack_terms, terms_of
from profilecore.store.port import (
    NO_TERMS,
    OPEN,
    Hit,
    Kept,
    Line,
    Query,
    Reader,
    Terms,
    Writer,
    unpacked,
)
from profilecore_sealed.keyring import Keyring
from profilecore_sealed.sealing import number_of, seal, seal_blob, unseal, unseal_blob
from profilecore_sealed.words import Words, fits

KIND = "sealed"
"""The kind of the documents that this store keeps for itself, in the clear: numbers of keys."""
OWNERS = "profile"
"""The kind of the documents that own others."""
CHANGING = "changing"
"""The id of the document that says how far a change of all keys has come."""
AT_ONCE = 1_000

Key = tuple[int, bytes]
Place = tuple[str, str]
"""A document's kind and id, or nothing and the id of a blob."""

_pack = msgspec.msgpack.Encoder().encode
_both = msgspec.msgpack.Decoder(tuple[bytes, bytes]).decode
_numbers = msgspec.msgpack.Decoder(list[int]).decode
_progress = msgspec.msgpack.Decoder(tuple[int, str]).decode


def packer(words: Words, inner: Callable[[Terms], Terms | bytes]) -> Callable[..., Terms | bytes]:
    """Give the packer of a sealed store: the inner form of sealed terms, and the plain ones."""
    return unpacked if inner is unpacked else partial(_packed, words, inner)


def _packed(words: Words, inner: Callable[[Terms], Terms | bytes], terms: Terms) -> bytes:
    return _pack((pack_terms(terms), inner(words.sealed(terms))))


def lost_keys(reader: Reader) -> list[tuple[str, list[int]]]:
    """Give the keys that no document uses any more, by the id of the document that says so."""
    found: list[tuple[str, list[int]]] = []
    after: str | None = None
    while page := reader.listing(KIND, after, AT_ONCE):
        found += [(d.id, _numbers(d.body)) for d in page if d.id.isdecimal()]
        after = page[-1].id
    return found


def is_used(reader: Reader, number: int, place: Place) -> bool:
    """Tell whether the document or the blob at a place is sealed under a key."""
    kind, id = place
    if kind:
        document = reader.get(kind, id)
        return document is not None and number_of(document.body, id) == number
    content = reader.blob(id)
    return content is not None and number_of(content, id) == number


def used_keys(reader: Reader) -> Iterator[tuple[int, Place]]:
    """Yield the number of the key of everything that is stored, and where that is."""
    after = 0
    while page := reader.everything(after, AT_ONCE):
        for _, document, _ in page:
            if document.kind != KIND:
                yield number_of(document.body, document.id), (document.kind, document.id)
        after = page[-1].place
    last = ""
    while ids := reader.blob_ids(last, AT_ONCE):
        for id in ids:
            yield number_of(reader.blob(id) or b"", id), ("", id)
        last = ids[-1]


def change_some_keys(writer: SealedWriter) -> int:
    """Seal the next documents or the next blob under new keys; 0 when it has been round."""
    inner = writer.inner
    note = inner.get(KIND, CHANGING)
    place, last = _progress(note.body) if note else (0, "")
    number = 0
    if page := inner.everything(place, AT_ONCE):
        ours = [kept.document for kept in page if kept.document.kind != KIND]
        writer.renew(ours)
        place, number = page[-1].place, len(ours) or 1
    elif ids := inner.blob_ids(last, 1):
        content = writer.blob(ids[0])
        if content is not None:
            writer.delete_blob(ids[0])
            writer.put_blob(ids[0], content)
        last, number = ids[0], 1
    if number:
        version = note.version if note else 0
        body = _pack((place, last))
        inner.put(Document(KIND, CHANGING, CHANGING, version + 1, body), expect=version)
    elif note:
        inner.delete(KIND, CHANGING)
    return number


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
            if key is not None:
                body, terms = unseal(key, document)
                found.append((_with_body(document, body), terms))
                self._note(document, (number, key))
        return found

    def _note(self, document: Document, key: Key) -> None:
        """Take note of the key of a document that was read."""

    def _opened(self, documents: Sequence[Document]) -> list[Document]:
        return [document for document, _ in self._unsealed(documents)]

    def get(self, kind: str, id: str) -> Document | None:
        document = self._reader.get(kind, id)
        if document is None:
            return None
        number = number_of(document.body, id)
        (key,) = self._keyring.keys((number,))
        if key is None:
            return None
        self._note(document, (number, key))
        return _with_body(document, unseal(key, document)[0])

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

    def find_many(self, keys: Sequence[int]) -> dict[int, list[str]]:
        return self._reader.find_many(keys)

    def tally(self, keys: Sequence[int]) -> int:
        return self._reader.tally(keys)

    def search(
        self, query: Query, after: tuple[Any, ...] | None = None, limit: int = 50
    ) -> list[Hit]:
        sealed = self._words.query(query)
        if sealed is query:  # nothing in it is a word of a person
            return self._reader.search(query, after, limit)
        found: list[Hit] = []
        while (asked := limit - len(found)) > 0:
            hits = self._reader.search(sealed, after, asked)
            found += self._plain_hits(hits, query)
            if len(hits) < asked:
                break
            after = hits[-1].position
        return found

    def _plain_hits(self, hits: Sequence[Hit], query: Query) -> Iterator[Hit]:
        """Yield the hits whose own words are what was asked for."""
        rows = self._rows_of(hits, query)
        marks = self._words.marks({word for found in rows.values() for word, _ in found})
        for hit in hits:
            if hit.word.startswith(OPEN):
                if fits(Line(hit.text, ()), hit.word, query):
                    yield hit
                continue
            for word, line in rows.get((hit.kind, hit.id), ()):
                if marks[word] == hit.word and self._words.is_of(hit.text, line.text):
                    yield Hit(hit.id, word, line.text, hit.position, hit.kind)
                    break

    def _rows_of(self, hits: Sequence[Hit], query: Query) -> dict[Place, list[tuple[str, Line]]]:
        """Give the rows of the documents that were hit, as far as they fit a query."""
        ids: dict[str, dict[str, None]] = {}
        for hit in hits:
            ids.setdefault(hit.kind, {})[hit.id] = None
        found = {}
        for kind, wanted in ids.items():
            for document, packed in self._unsealed(self._reader.get_many(kind, list(wanted))):
                found[kind, document.id] = [
                    (word, line)
                    for line in terms_of(packed).lines
                    for word in dict.fromkeys(line.words)
                    if fits(line, word, query)
                ]
        return found

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
        (key,) = self._keyring.keys([number_of(content, id)])
        return None if key is None else unseal_blob(key, id, content)

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
        return self._reader.blob_ids(after, limit)


class SealedWriter(SealedReader, Writer):
    """Seals what goes to a writer of the inner store.

    Writers of a store follow one another: what is known of keys inside a transaction stays true
    to its end.
    """

    def __init__(self, inner: Writer, keyring: Keyring, words: Words) -> None:
        super().__init__(inner, keyring, words)
        self.inner = self._writer = inner
        self._known: dict[Place, Key] = {}
        self._stale: dict[Place, int] = {}
        self._lost: list[int] = []
        self.made: dict[int, Place] = {}
        """The new keys, and what each is for."""
        self.wasted: list[int] = []
        """New keys that nothing is sealed under after all."""

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        with self.rewinding(), self._writer.savepoint():
            yield

    @contextmanager
    def rewinding(self) -> Iterator[None]:
        """Forget, where the block fails, what was noted inside it."""
        lost, made = len(self._lost), len(self.made)
        stale = dict(self._stale)
        try:
            yield
        except BaseException:
            del self._lost[lost:]
            self._stale = stale
            for number in list(self.made)[made:]:
                self._waste(number)
            self._known.clear()
            raise

    # ---- keys

    def _note(self, document: Document, key: Key) -> None:
        self._known[document.kind, document.id] = key

    def _key_for(self, document: Document, expect: int) -> Key:
        """Give the key that a document is to be sealed under."""
        place = document.kind, document.id
        known, stale = self._known.get(place), self._stale.get(place)
        if known is None and expect and stale is None:
            known = self._look_up(place)
        if known is None or known[0] == stale:
            known = self._new_key(place)
        self._known[place] = known
        return known

    def _look_up(self, place: Place) -> Key | None:
        stored = self._reader.get(*place)
        if stored is None:
            return None
        number = number_of(stored.body, stored.id)
        (key,) = self._keyring.keys([number])
        return None if key is None else (number, key)

    def _new_key(self, place: Place) -> Key:
        (made,) = self._keyring.reserve(1)
        self.made[made[0]] = place
        return made

    def _make_keys(self, places: Iterable[Place]) -> None:
        """Make the keys of many new documents at once."""
        fresh = [place for place in dict.fromkeys(places) if place not in self._known]
        for place, made in zip(fresh, self._keyring.reserve(len(fresh)), strict=True):
            self._known[place] = made
            self.made[made[0]] = place

    def _waste(self, number: int) -> None:
        del self.made[number]
        self.wasted.append(number)

    # ---- writes

    def put(self, document: Document, terms: Terms = NO_TERMS, *, expect: int) -> None:
        sealed = self._sealed(document, pack_terms(terms), expect)
        marks = self._words.sealed(terms)
        try:
            self._writer.put(sealed, marks, expect=expect)
        except VersionConflict:
            if expect:
                raise
            if not self._drop_unreadable(document):
                number, _ = self._known.pop((document.kind, document.id))
                if number in self.made:
                    self._waste(number)
                raise
            self._writer.put(sealed, marks, expect=0)

    def _sealed(self, document: Document, packed: bytes, expect: int) -> Document:
        number, key = self._key_for(document, expect)
        return _with_body(document, seal(number, key, document, packed))

    def _drop_unreadable(self, document: Document) -> bool:
        """Delete a document if it cannot be read any more; tell whether it was so."""
        stored = self._reader.get(document.kind, document.id)
        if stored is None or self._keyring.keys([number_of(stored.body, stored.id)]) != [None]:
            return False
        return self._writer.delete(document.kind, document.id)

    def insert(self, documents: Iterable[Insert]) -> None:
        self._writer.insert(self._all_sealed(documents))

    def _all_sealed(self, documents: Iterable[Insert]) -> Iterator[Insert]:
        left = iter(documents)
        while part := list(islice(left, AT_ONCE)):
            self._make_keys((document.kind, document.id) for document, _ in part)
            for document, terms in part:
                if isinstance(terms, bytes):
                    packed, marks = _both(terms)
                    yield self._sealed(document, packed, 0), marks
                else:
                    sealed = self._sealed(document, pack_terms(terms), 0)
                    yield sealed, self._words.sealed(terms)

    def put_many(self, changes: Iterable[tuple[Document, Terms, int]]) -> None:
        listed = list(changes)
        self._make_keys((d.kind, d.id) for d, _, expect in listed if not expect)
        self._writer.put_many(
            (
                self._sealed(document, pack_terms(terms), expect),
                self._words.sealed(terms),
                expect,
            )
            for document, terms, expect in listed
        )

    def delete(self, kind: str, id: str) -> bool:
        known = self._known.pop((kind, id), None)
        if known is None:
            stored = self._reader.get(kind, id)
            if stored is None:
                return False
            self._lost.append(number_of(stored.body, id))
        else:
            self._lost.append(known[0])
        return self._writer.delete(kind, id)

    def append(self, events: Iterable[Event]) -> list[Event]:
        return self._writer.append(events)

    def put_blob(self, id: str, content: bytes) -> None:
        number, key = self._new_key(("", id))
        self._writer.put_blob(id, seal_blob(number, key, id, content))

    def delete_blob(self, id: str) -> None:
        content = self._reader.blob(id)
        if content is not None:
            self._lost.append(number_of(content, id))
            self._writer.delete_blob(id)

    def forget(self, owners: Iterable[str]) -> None:
        listed = list(dict.fromkeys(owners))
        self.renew(self._reader.get_many(OWNERS, listed))
        self.renew(self._reader.owned(listed))

    def renew(self, documents: Iterable[Document]) -> None:
        """Have documents, given sealed as they are stored, under other keys from now on."""
        for document in documents:
            number = number_of(document.body, document.id)
            self._stale[document.kind, document.id] = number
            self._lost.append(number)

    def finish(self) -> None:
        """Do what is to be done at the end of the transaction, before it is committed."""
        if self._stale:
            self._seal_anew()
        lost = sorted(set(self._lost))
        if lost:
            book = Document(KIND, str(lost[0]), str(lost[0]), 1, _pack(lost))
            self._writer.put(book, expect=0)

    def _seal_anew(self) -> None:
        """Put what was to be renewed, and was not put since, under new keys."""
        ids: dict[str, list[str]] = {}
        for kind, id in self._stale:
            ids.setdefault(kind, []).append(id)
        for kind, listed in ids.items():
            stored = self._reader.get_many(kind, listed)
            unchanged = [d for d in stored if self._stale[kind, d.id] == number_of(d.body, d.id)]
            for document, packed in self._unsealed(unchanged):
                sealed = self._sealed(document, packed, document.version)
                marks = self._words.sealed(terms_of(packed))
                self._writer.put(sealed, marks, expect=document.version)


def _with_body(document: Document, body: bytes) -> Document:
    d = document
    return Document(d.kind, d.id, d.owner, d.version, body, d.property_id)
