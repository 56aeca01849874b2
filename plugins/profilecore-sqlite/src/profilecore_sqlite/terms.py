"""The rows of a document's packed terms: made, and taken back without asking the tables."""

from __future__ import annotations

from collections.abc import Iterable

from profilecore.store.forms import unpack_terms

Keys = set[int]
Words = set[tuple[str, str]]
WordRow = tuple[str, str, int]


def rows_of(packed: bytes, number: int) -> tuple[list[tuple[int, int]], Iterable[WordRow]]:
    """Give the rows of a packed form for the document of a number: of keys, then of words."""
    if not packed:
        return [], ()
    keys, lines = unpack_terms(packed)
    words = [row for line in lines for row in _words_of(line, number)]
    # A word comes twice where a text has it twice, and a text where a plugin gives it twice.
    return [(key, number) for key in keys], dict.fromkeys(words)


def _words_of(line: str | list[str], number: int) -> list[WordRow]:
    if isinstance(line, str):
        return [(word, line, number) for word in line.split(" ")]
    text = line[0]
    return [(word, text, number) for word in line[1:]]


def unpack(packed: bytes) -> tuple[Keys, Words]:
    """Give the keys and the (word, text) rows of a packed form."""
    if not packed:
        return set(), set()
    keys, lines = unpack_terms(packed)
    words: Words = set()
    for line in lines:
        if isinstance(line, str):
            words.update((word, line) for word in line.split(" "))
        else:
            words.update((word, line[0]) for word in line[1:])
    return set(keys), words
