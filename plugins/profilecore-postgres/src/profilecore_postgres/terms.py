"""The rows that are made of a document's terms, and how a bulk insert gets them.

For a bulk insert a form is made in the worker processes of an import: the packed terms that are
kept beside the document, and with them the rows as ``COPY`` takes them, complete but for the
document's number, which comes last in each.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct

import msgspec

from profilecore.errors import StoreError
from profilecore.store.forms import pack_terms, terms_of
from profilecore.store.port import Line, Terms
from profilecore_postgres.statements import LONGEST_TEXT, LONGEST_WORD

Word = tuple[str, str, str]
"""A word, the beginning of its text, and the rest."""

_encode = msgspec.msgpack.Encoder().encode
_decode_packed = msgspec.msgpack.Decoder(tuple[bytes, list[bytes], list[bytes], bool]).decode

_KEY = Struct(">hiqi").pack
_LENGTH = Struct(">i").pack
_THREE_COLUMNS = Struct(">h").pack(3)
_NUMBER = _LENGTH(8)


def stored_form(terms: Terms) -> bytes:
    """Give the form that is kept; equal forms mean equal terms.

    :raises StoreError: if a word is too long for an index.
    """
    longest = max((max(map(len, words)) for _, words in terms.lines if words), default=0)
    if longest > LONGEST_WORD:
        raise StoreError(
            f"PostgreSQL finds words of up to {LONGEST_WORD} characters, one has {longest}; "
            "cut it where it is made."
        )
    return pack_terms(terms)


def pack(terms: Terms) -> bytes:
    """Give the form for a bulk insert."""
    kept = stored_form(terms)
    if not kept:
        return b""
    keys = [_KEY(2, 8, key, 8) for key in sorted(set(terms.keys))]
    rows: dict[bytes, None] = {}
    is_cut = False
    for text, words in terms.lines:
        is_cut = is_cut or len(text) > LONGEST_TEXT
        shown = text[:LONGEST_TEXT].encode()
        end = b"".join([_LENGTH(len(shown)), shown, _NUMBER])
        for word in words:
            encoded = word.encode()
            rows[b"".join([_THREE_COLUMNS, _LENGTH(len(encoded)), encoded, end])] = None
    return _encode((kept, keys, list(rows), is_cut))


def unpacked(packed: bytes) -> tuple[bytes, list[bytes], list[bytes], bool]:
    """Give the kept form, the beginnings of the rows of keys and of words, and if a text is cut."""
    return _decode_packed(packed) if packed else (b"", [], [], False)


def unstored(kept: bytes) -> tuple[set[int], set[Word]]:
    """Give the keys and the rows of words of a kept form."""
    terms = terms_of(kept)
    return set(terms.keys), set(_rows(terms.lines))


def _rows(lines: Iterable[Line]) -> list[Word]:
    """Give the rows of words; of texts that only differ behind what an index takes, one."""
    rows = {(word, text[:LONGEST_TEXT]): text for text, words in lines for word in words}
    return [(word, text, whole[LONGEST_TEXT:]) for (word, text), whole in rows.items()]
