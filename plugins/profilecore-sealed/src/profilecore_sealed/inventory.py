"""What a sealed store keeps for itself in the inner one, and which keys are in use there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import msgspec

from profilecore.model.documents import Document
from profilecore.store.port import Reader, Writer
from profilecore_sealed.sealing import number_of

KIND = "sealed"
"""The kind of the documents that this store keeps for itself, in the clear: numbers of keys."""
AT_ONCE = 1_000
_HIGHEST = "highest"
"""The id of the document that says up to which number keys may be in use."""

Place = tuple[str, str]
"""A document's kind and id, or nothing and the id of a blob."""

_pack = msgspec.msgpack.Encoder().encode
_numbers = msgspec.msgpack.Decoder(list[int]).decode
_number = msgspec.msgpack.Decoder(int).decode


def book_of(lost: Sequence[int]) -> Document:
    """Give a new document that says which keys nothing uses any more."""
    id = str(int.from_bytes(os.urandom(16), "big"))
    return Document(KIND, id, id, 1, _pack(list(lost)))


def lost_keys(reader: Reader) -> list[tuple[str, list[int]]]:
    """Give the keys that no document uses any more, by the id of the document that says so."""
    found: list[tuple[str, list[int]]] = []
    after: str | None = None
    while page := reader.listing(KIND, after, AT_ONCE):
        found += [(d.id, _numbers(d.body)) for d in page if d.id.isdecimal()]
        after = page[-1].id
    return found


def highest_key(reader: Reader) -> int:
    """Give the number up to which keys may be in use, 0 if nobody has noted it yet."""
    note = reader.get(KIND, _HIGHEST)
    return _number(note.body) if note else 0


def note_highest_key(writer: Writer, number: int) -> None:
    """Take note of the number up to which keys may be in use from this transaction on."""
    note = writer.get(KIND, _HIGHEST)
    version = note.version if note else 0
    body = _pack(number)
    writer.put(Document(KIND, _HIGHEST, _HIGHEST, version + 1, body), expect=version)


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
