"""What stores that keep bytes have in common: forms of events and terms, inserts part by part.

Terms beside their document are MessagePack: the keys, then the lines; a line whose words are just
its text, split at the blanks, is its text alone.  So a change is known by its difference, without
asking the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from profilecore.model.documents import Document
from profilecore.model.events import UNREADABLE, Event
from profilecore.model.fields import restore
from profilecore.store.port import NO_TERMS, Line, Terms

# What is sorted and written at once: the largest batch of an import whole, so that it touches
# each page of a large tree once; less of documents that are large themselves.
AT_ONCE = 48_000
BYTES_AT_ONCE = 64 << 20

Insert = tuple[Document, Terms | bytes]

KeptLine = str | list[str]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_pack = msgspec.msgpack.Encoder().encode

unpack_terms = msgspec.msgpack.Decoder(tuple[list[int], list[KeptLine]]).decode
"""Give the keys and the lines of packed terms that are not empty, a line as it is kept."""


def event_body(event: Event) -> bytes:
    """Give the stored form of an event, as JSON."""
    return _encode(event)


def read_event(seq: int, body: bytes) -> Event:
    """Read an event that :func:`event_body` wrote; a damaged one is ``UNREADABLE``."""
    try:
        return _read_event(seq, body)
    except (ValueError, LookupError, TypeError, AttributeError):
        # The others must stay readable, and who verifies the feed must learn which one it is.
        return Event(UNREADABLE, "", datetime.min.replace(tzinfo=UTC), "", seq=seq)


def _read_event(seq: int, body: bytes) -> Event:
    tree = _decode(body)
    tree["at"] = datetime.fromisoformat(tree["at"])
    for name in ("fields", "related"):
        if name in tree:
            tree[name] = tuple(tree[name])
    return restore(Event, tree | {"seq": seq})


def pack_terms(terms: Terms) -> bytes:
    """Give the packed form of terms; equal forms mean equal terms."""
    if not terms.keys and not terms.lines:
        return b""
    lines = [
        text if words == tuple(text.split(" ")) else (text, *words) for text, words in terms.lines
    ]
    return _pack((sorted(set(terms.keys)), lines))


def line_of(kept: KeptLine) -> Line:
    """Give the line of a kept one."""
    if isinstance(kept, str):
        return Line(kept, tuple(kept.split(" ")))
    return Line(kept[0], tuple(kept[1:]))


def terms_of(packed: bytes) -> Terms:
    """Give the terms of their packed form."""
    if not packed:
        return NO_TERMS
    keys, lines = unpack_terms(packed)
    return Terms(tuple(keys), tuple(map(line_of, lines)))


def in_parts(documents: Iterable[Insert]) -> Iterator[list[Insert]]:
    """Part what is to be inserted into lists that are sorted and written at once."""
    part: list[Insert] = []
    size = 0
    for pair in documents:
        part.append(pair)
        size += len(pair[0].body)
        if len(part) == AT_ONCE or size > BYTES_AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part
