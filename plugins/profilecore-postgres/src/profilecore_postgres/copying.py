"""Rows in the binary form of ``COPY``, which the server reads without parsing a text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Any

import psycopg

from profilecore.model.documents import Document

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
# What is handed to the driver at once: enough that the calls do not count, far from the memory.
PIECE = 4_096

_number = Struct(">q").pack
_length = Struct(">i").pack
_two_numbers = Struct(">hiqi").pack
_document = Struct(">hiqi").pack
_NULL = _length(-1)


def number(value: int) -> bytes:
    """Give a number as the end of a row has it."""
    return _number(value)


def document_row(n: int, document: Document, terms: bytes) -> bytes:
    """Give the row of a document."""
    kind, id, owner = document.kind.encode(), document.id.encode(), document.owner.encode()
    place = document.property_id
    where = b"" if place is None else place.encode()
    body = document.body
    return b"".join([
        _document(8, 8, n, len(kind)), kind,
        _length(len(id)), id,
        _length(len(owner)), owner,
        _length(8), _number(document.version),
        _NULL if place is None else _length(len(where)), where,
        _length(len(terms)), terms,
        _length(len(body)), body,
    ])  # fmt: skip


def event_row(seq: int, body: bytes) -> bytes:
    """Give the row of an event."""
    return _two_numbers(2, 8, seq, len(body)) + body


def copy(cursor: psycopg.Cursor[Any], statement: str, rows: Sequence[bytes]) -> None:
    """Send rows."""
    with cursor.copy(statement) as sink:
        sink.write(HEADER)
        for piece in _pieces(rows):
            sink.write(piece)
        sink.write(TRAILER)


def _pieces(rows: Sequence[bytes]) -> Iterable[bytes]:
    for start in range(0, len(rows), PIECE):
        yield b"".join(rows[start : start + PIECE])
