"""How a document's terms are kept beside it, so that they can be taken back without asking.

The packed form is the count of keys, the keys as 8 bytes each, and the lines as JSON.  A
line whose words are just its text, split at the blanks, is its text alone.
"""

from __future__ import annotations

import struct

import orjson

from profilecore.store.port import Terms

Keys = set[int]
Words = set[tuple[str, str]]

_COUNT = struct.Struct("<I")


def pack(terms: Terms) -> bytes:
    """Give the packed form; equal forms mean equal terms."""
    if not terms.keys and not terms.lines:
        return b""
    keys = sorted(set(terms.keys))
    packed = struct.pack(f"<I{len(keys)}q", len(keys), *keys)
    if not terms.lines:
        return packed
    return packed + orjson.dumps(
        [
            line.text if line.words == tuple(line.text.split(" ")) else [line.text, *line.words]
            for line in terms.lines
        ]
    )


def unpack(packed: bytes) -> tuple[Keys, Words]:
    """Give the keys and the (word, text) rows of a packed form."""
    if not packed:
        return set(), set()
    (count,) = _COUNT.unpack_from(packed)
    keys = set(struct.unpack_from(f"<{count}q", packed, _COUNT.size))
    words: Words = set()
    lines = packed[_COUNT.size + 8 * count :]
    for line in orjson.loads(lines) if lines else ():
        if isinstance(line, str):
            words.update((word, line) for word in line.split(" "))
        else:
            words.update((word, line[0]) for word in line[1:])
    return keys, words
