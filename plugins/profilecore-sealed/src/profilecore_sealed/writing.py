"""Writes of one transaction: plain above, sealed below."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice

import msgspec

from profilecore.errors import VersionConflict
from profilecore.model.documents import Document
from profilecore.model.events import Event
from profilecore.store.forms import Insert, pack_terms, terms_of
from profilecore.store.port import NO_TERMS, Terms, Writer, unpacked
from profilecore_sealed.inventory import (
    AT_ONCE,
    Place,
    book_of,
    highest_key,
    note_highest_key,
)
from profilecore_sealed.keyring import Keyring
from profilecore_sealed.reading import Key, SealedReader
from profilecore_sealed.sealing import number_of, seal, seal_blob, with_body
from profilecore_sealed.words import Words

OWNERS = "profile"
"""The kind of the documents that own others."""

_pack = msgspec.msgpack.Encoder().encode
_both = msgspec.msgpack.Decoder(tuple[bytes, bytes]).decode


def packer(words: Words, inner: Callable[[Terms], Terms | bytes]) -> Callable[..., Terms | bytes]:
    """Give the packer of a sealed store: the inner form of sealed terms, and the plain ones."""
    return unpacked if inner is unpacked else partial(_packed, words, inner)


def _packed(words: Words, inner: Callable[[Terms], Terms | bytes], terms: Terms) -> bytes:
    return _pack((pack_terms(terms), inner(words.sealed(terms))))


class SealedWriter(SealedReader, Writer):
    """Seals what goes to a writer of the inner store.

    Writers of a store follow one another: what is known of keys inside a transaction stays true
    to its end.
    """

    def __init__(self, inner: Writer, keyring: Keyring, words: Words, highest: int) -> None:
        super().__init__(inner, keyring, words)
        self.inner = self._writer = inner
        self.pid = os.getpid()
        self._known: dict[Place, Key] = {}
        self._stale: dict[Place, int] = {}
        self._lost: list[int] = []
        self._unreadable: set[Place] = set()
        self.highest = highest
        """Up to which number the store has noted that keys may be in use."""
        self.made: dict[int, Place] = {}
        """The new keys, and what each is for."""
        self.wasted: list[int] = []
        """New keys that nothing is sealed under after all."""
        self.unsure: dict[int, Place] = {}
        """New keys of what was refused, of which nobody knows whether it is stored."""

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        with self.rewinding(), self._writer.savepoint():
            yield

    @contextmanager
    def rewinding(self) -> Iterator[None]:
        """Forget, where the block fails, what was noted inside it."""
        lost, made, unsure = len(self._lost), len(self.made), len(self.unsure)
        stale = dict(self._stale)
        try:
            yield
        except BaseException:
            del self._lost[lost:]
            self._stale = stale
            for number in list(self.made)[made:]:
                self._waste(number)
            for number in list(self.unsure)[unsure:]:
                del self.unsure[number]
                self.wasted.append(number)
            self._known.clear()
            raise

    # ---- keys

    def _note(self, document: Document, key: Key) -> None:
        self._known[document.kind, document.id] = key

    def _miss(self, place: Place) -> None:
        self._unreadable.add(place)

    def _key_for(self, document: Document, expect: int) -> Key:
        """Give the key that a document is to be sealed under."""
        place = document.kind, document.id
        known = None
        if not self._needs_new_key(place, expect):
            known = self._known.get(place)
            if known is None and (stored := self._reader.get(*place)):
                known = self._key_of(stored.body, stored.id)
        if known is None:
            known = self._new_key(place)
        self._known[place] = known
        return known

    def _needs_new_key(self, place: Place, expect: int) -> bool:
        known, stale = self._known.get(place), self._stale.get(place)
        return (not expect or stale is not None) if known is None else known[0] == stale

    def _new_key(self, place: Place) -> Key:
        (made,) = self._keyring.reserve(1)
        self.made[made[0]] = place
        return made

    def _make_keys(self, places: Iterable[Place]) -> None:
        """Make the keys of many documents at once."""
        fresh = list(dict.fromkeys(places))
        for place, made in zip(fresh, self._keyring.reserve(len(fresh)), strict=True):
            self._known[place] = made
            self.made[made[0]] = place

    def _waste(self, number: int) -> None:
        del self.made[number]
        self.wasted.append(number)

    # ---- writes

    def put(self, document: Document, terms: Terms = NO_TERMS, *, expect: int) -> None:
        before, place = len(self.made), (document.kind, document.id)
        try:
            sealed = self._sealed(document, pack_terms(terms), expect)
            marks = self._words.sealed(terms)
            self._writer.put(sealed, marks, expect=expect)
        except VersionConflict:
            if expect or not self._drop_unreadable(place):
                number, _ = self._known.pop(place)
                if len(self.made) > before:  # else it is the key of what is stored
                    self._waste(number)
                raise
            with self._stored(before):
                self._writer.put(sealed, marks, expect=0)
        except BaseException:
            self._doubt(before)
            raise

    def _sealed(self, document: Document, packed: bytes, expect: int) -> Document:
        number, key = self._key_for(document, expect)
        return with_body(document, seal(number, key, document, packed))

    def _drop_unreadable(self, place: Place) -> bool:
        """Delete a document if it cannot be read any more; tell whether it was so."""
        stored = self._reader.get(*place)
        if stored is None or self._key_of(stored.body, stored.id):
            return False
        return self._writer.delete(*place)

    def _make_room(self, places: Iterable[Place]) -> None:
        """Delete what was found to be unreadable, where something new is to be stored."""
        if self._unreadable:
            for place in self._unreadable.intersection(places):
                self._drop_unreadable(place)

    def insert(self, documents: Iterable[Insert]) -> None:
        with self._stored(len(self.made)):
            self._writer.insert(self._all_sealed(documents))

    @contextmanager
    def _stored(self, before: int) -> Iterator[None]:
        """Be in doubt, where the block fails, of all keys but those made ``before``."""
        try:
            yield
        except BaseException:
            self._doubt(before)
            raise

    def _doubt(self, before: int) -> None:
        """Know no keys any more: of what was refused nobody knows how much is stored."""
        self._known.clear()
        for number in list(self.made)[before:]:
            self.unsure[number] = self.made.pop(number)

    def _all_sealed(self, documents: Iterable[Insert]) -> Iterator[Insert]:
        left = iter(documents)
        while part := list(islice(left, AT_ONCE)):
            places = [(document.kind, document.id) for document, _ in part]
            self._make_room(places)
            self._make_keys(place for place in places if self._needs_new_key(place, 0))
            for document, terms in part:
                if isinstance(terms, bytes):
                    packed, marks = _both(terms)
                    yield self._sealed(document, packed, 0), marks
                else:
                    sealed = self._sealed(document, pack_terms(terms), 0)
                    yield sealed, self._words.sealed(terms)

    def put_many(self, changes: Iterable[tuple[Document, Terms, int]]) -> None:
        listed = list(changes)
        places = [((d.kind, d.id), expect) for d, _, expect in listed]
        with self._stored(len(self.made)):
            self._make_room(place for place, expect in places if not expect)
            self._make_keys(place for place, expect in places if self._needs_new_key(place, expect))
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
        with self._stored(len(self.made)):
            number, key = self._new_key(("", id))
            sealed = seal_blob(number, key, id, content)
            try:
                self._writer.put_blob(id, sealed)
            except VersionConflict:
                if self.blob(id) is not None:
                    self._waste(number)
                    raise
                self._writer.delete_blob(id)
                self._writer.put_blob(id, sealed)

    def delete_blob(self, id: str) -> None:
        content = self._reader.blob(id)
        if content is not None:
            self._lost.append(number_of(content, id))
            self._writer.delete_blob(id)

    def forget(self, owners: Iterable[str]) -> None:
        listed = list(dict.fromkeys(owners))
        unknown = []
        for id in listed:
            known = self._known.get((OWNERS, id))
            if known is None:
                unknown.append(id)
            else:
                self._renew((OWNERS, id), known[0])
        if unknown:
            self.renew(self._reader.get_many(OWNERS, unknown))
        self.renew(self._reader.owned(listed))

    def renew(self, documents: Iterable[Document]) -> None:
        """Have documents, given sealed as they are stored, under other keys from now on."""
        for document in documents:
            self._renew((document.kind, document.id), number_of(document.body, document.id))

    def _renew(self, place: Place, number: int) -> None:
        self._stale[place] = number
        self._lost.append(number)

    def finish(self) -> None:
        """Do what is to be done at the end of the transaction, before it is committed."""
        if self._stale:
            self._seal_anew()
        lost = sorted(set(self._lost))
        if lost:
            self._writer.put(book_of(lost), expect=0)
        newest = max((*self.made, *self.unsure), default=0)
        if newest > self.highest:
            self._note_highest(newest)

    def _note_highest(self, newest: int) -> None:
        self.highest = highest_key(self._reader)
        made = self._keyring.made()
        if made is not None and newest > self.highest:
            note_highest_key(self._writer, made)
            self.highest = made

    def _seal_anew(self) -> None:
        """Put what was to be renewed, and was not put since, under new keys."""
        ids: dict[str, list[str]] = {}
        for (kind, id), number in self._stale.items():
            if self._known.get((kind, id), (number,))[0] == number:
                ids.setdefault(kind, []).append(id)
        for kind, listed in ids.items():
            stored = self._reader.get_many(kind, listed)
            unchanged = [d for d in stored if self._stale[kind, d.id] == number_of(d.body, d.id)]
            for document, packed in self._unsealed(unchanged):
                sealed = self._sealed(document, packed, document.version)
                marks = self._words.sealed(terms_of(packed))
                self._writer.put(sealed, marks, expect=document.version)
