"""How a document's terms are kept beside it, so that they can be taken back without asking.

The packed form is MessagePack: the keys, then the lines.  A line whose words are just its
text, split at the blanks, is its text alone.
"""

from __future__ import annotations

import msgspec

from profilecore.store.port import Terms

Keys = set[int]
Words = set[tuple[str, str]]

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
