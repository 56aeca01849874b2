"""How a document's terms are kept beside it, and the rows that are made of them.

Beside the document they are MessagePack: the keys, then the lines; a line whose words are just its
text, split at the blanks, is its text alone.  So a change is known by its difference, without
asking the tables.

For a bulk insert a second form is made, in the worker processes of an import: the same, and with it
the rows as ``COPY`` takes them, complete but for the document's number, which comes last in each.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

import msgspec

from profilecore.errors import StoreError
from profilecore.store.port import NO_TERMS, Line, Terms

Word = tuple[str, str, str]
"""A word, the beginning of its text, and the rest."""

LONGEST_WORD = 160
LONGEST_BEGINNING = 480
"""Together, at four bytes a character, what an entry of a b-tree of PostgreSQL holds (2,704)."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[list[int], list[str | list[str]]]).decode
_decode_packed = msgspec.msgpack.Decoder(tuple[bytes, list[bytes], list[bytes]]).decode

_KEY = Struct(">hiqi").pack
_LENGTH = Struct(">i").pack
_FOUR_COLUMNS = Struct(">h").pack(4)
_NUMBER = _LENGTH(8)


def stored_form(terms: Terms) -> bytes:
    """Give the form that is kept; equal forms mean equal terms.

    :raises StoreError: if a word is too long for an index.
    """
    if not terms.keys and not terms.lines:
        return b""
    longest = max((len(word) for line in terms.lines for word in line.words), default=0)
    if longest > LONGEST_WORD:
        raise StoreError(
            f"PostgreSQL finds words of up to {LONGEST_WORD} characters, one has {longest}; "
            "cut it where it is made."
        )
    lines = [
        text if words == tuple(text.split(" ")) else (text, *words) for text, words in terms.lines
    ]
    return _encode((sorted(set(terms.keys)), lines))


def pack(terms: Terms) -> bytes:
    """Give the form for a bulk insert."""
    kept = stored_form(terms)
    if not kept:
        return b""
    keys = [_KEY(2, 8, key, 8) for key in sorted(set(terms.keys))]
    return _encode((kept, keys, list(map(_word_row, rows_of(terms)))))


def unpacked(packed: bytes) -> tuple[bytes, list[bytes], list[bytes]]:
    """Give the kept form, and the beginnings of the rows of keys and of words."""
    return _decode_packed(packed) if packed else (b"", [], [])


def rows_of(terms: Terms) -> list[Word]:
    """Give the distinct rows of words, in the order of their tree."""
    return sorted({_row(word, line.text) for line in terms.lines for word in line.words})


def unstored(kept: bytes) -> tuple[set[int], set[Word]]:
    """Give the keys and the rows of words of a kept form."""
    if not kept:
        return set(), set()
    keys, lines = _decode(kept)
    return set(keys), {_row(word, text) for text, words in map(_line, lines) for word in words}


def terms_of(kept: bytes) -> Terms:
    """Give the terms of a kept form."""
    if not kept:
        return NO_TERMS
    keys, lines = _decode(kept)
    listed = tuple(Line(text, tuple(words)) for text, words in map(_line, lines))
    return Terms(tuple(keys), listed)


def _line(line: str | list[str]) -> tuple[str, list[str]]:
    return (line, line.split(" ")) if isinstance(line, str) else (line[0], line[1:])


def _row(word: str, text: str) -> Word:
    return word, text[:LONGEST_BEGINNING], text[LONGEST_BEGINNING:]


def _word_row(row: Word) -> bytes:
    return b"".join([_FOUR_COLUMNS, *_fields(row), _NUMBER])


def _fields(row: Word) -> Iterator[bytes]:
    for text in row:
        encoded = text.encode()
        yield _LENGTH(len(encoded))
        yield encoded
