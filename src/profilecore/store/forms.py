"""What stores that keep bytes have in common: the form of an event, and inserts part by part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from profilecore.model.documents import Document
from profilecore.model.events import UNREADABLE, Event
from profilecore.model.fields import restore
from profilecore.store.port import Terms

# What is sorted and written at once: the largest batch of an import whole, so that it touches
# each page of a large tree once; less of documents that are large themselves.
AT_ONCE = 48_000
BYTES_AT_ONCE = 64 << 20

Insert = tuple[Document, Terms | bytes]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


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
