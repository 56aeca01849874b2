"""How a document's terms are kept beside it, so that they can be taken back without asking.

The packed form is MessagePack: the keys, then the lines.  A line whose words are just its
text, split at the blanks, is its text alone.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from profilecore.store.port import NO_TERMS, Line, Terms

Keys = set[int]
Words = set[tuple[str, str]]
WordRow = tuple[str, str, int]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[list[int], list[str | list[str]]]).decode


def pack(terms: Terms) -> bytes:
    """Give the packed form; equal forms mean equal terms."""
    if not terms.keys and not terms.lines:
        return b""
    lines = [
        text if words == tuple(text.split(" ")) else (text, *words) for text, words in terms.lines
    ]
    return _encode((sorted(set(terms.keys)), lines))


def rows_of(packed: bytes, number: int) -> tuple[list[tuple[int, int]], Iterable[WordRow]]:
    """Give the rows of a packed form for the document of a number: of keys, then of words."""
    if not packed:
        return [], ()
    keys, lines = _decode(packed)
    words = [row for line in lines for row in _words_of(line, number)]
    # A word comes twice where a text has it twice, and a text where a plugin gives it twice.
    return [(key, number) for key in keys], dict.fromkeys(words)


def _words_of(line: str | list[str], number: int) -> list[WordRow]:
    if isinstance(line, str):
        return [(word, line, number) for word in line.split(" ")]
    text = line[0]
    return [(word, text, number) for word in line[1:]]


def terms_of(packed: bytes) -> Terms:
    """Give the terms of a packed form."""
    if not packed:
        return NO_TERMS
    keys, lines = _decode(packed)
    return Terms(
        tuple(keys),
        tuple(
            Line(line, tuple(line.split(" ")))
            if isinstance(line, str)
            else Line(line[0], tuple(line[1:]))
            for line in lines
        ),
    )


def unpack(packed: bytes) -> tuple[Keys, Words]:
    """Give the keys and the (word, text) rows of a packed form."""
    if not packed:
        return set(), set()
    keys, lines = _decode(packed)
    words: Words = set()
    for line in lines:
        if isinstance(line, str):
            words.update((word, line) for word in line.split(" "))
        else:
            words.update((word, line[0]) for word in line[1:])
    return set(keys), words
