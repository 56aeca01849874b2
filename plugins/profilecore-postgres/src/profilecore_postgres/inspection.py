"""Find faults in the store's own structure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from profilecore.errors import StoreCorrupt
from profilecore_postgres.rows import PostgresReader
from profilecore_postgres.statements import Row
from profilecore_postgres.terms import unstored

BATCH = 5_000

_DOCUMENTS = "SELECT n, terms FROM pc_document WHERE n > %s ORDER BY n LIMIT %s"
_KEYS = "SELECT h, n FROM pc_key WHERE (h, n) > (%s, %s) ORDER BY h, n LIMIT %s"
_WORDS = (
    "SELECT word, text, n FROM pc_word WHERE (word, text, n) > (%s, %s, %s)"
    " ORDER BY word, text, n LIMIT %s"
)
_RESTS = _WORDS.replace("text, n FROM pc_word", "text, n, rest FROM pc_rest")
_STRAYS = (
    "SELECT count(*) FROM {table} AS t"
    " WHERE NOT EXISTS (SELECT 1 FROM pc_document AS d WHERE d.n = t.n)"
)
_PARTS = (
    "SELECT count(*) FROM (SELECT 1 FROM pc_blob GROUP BY id"
    " HAVING min(part) <> 0 OR max(part) <> count(*) - 1) AS broken"
)
_ENDS = (
    "SELECT number >= coalesce((SELECT max(n) FROM pc_document), 0),"
    " seq = coalesce((SELECT max(seq) FROM pc_event), 0),"
    " seq = (SELECT count(*) FROM pc_event) FROM pc_head"
)


def faults(reader: PostgresReader) -> list[str]:
    """Give a line per sort of fault, with numbers and no values."""
    try:
        return [*_head_faults(reader), *_term_faults(reader), *_blob_faults(reader)]
    except StoreCorrupt as error:
        return [str(error)]


def _head_faults(reader: PostgresReader) -> Iterator[str]:
    found = reader.rows(_ENDS)
    if len(found) != 1:
        yield f"pc_head: {len(found)} rows instead of one."
        return
    numbers, events, no_gap = found[0]
    if not numbers:
        yield "pc_head: a document has a later number than the last one given."
    if not events:
        yield "pc_head: the last event is not the last one given."
    if not no_gap:
        yield "pc_event: events are missing."


def _blob_faults(reader: PostgresReader) -> Iterator[str]:
    ((broken,),) = reader.rows(_PARTS)
    if broken:
        yield f"pc_blob: {broken} blobs lack a part."


def _term_faults(reader: PostgresReader) -> Iterator[str]:
    keys, words, rests = _Rows(), _Rows(), _Rows()
    for n, kept in _all(reader, _DOCUMENTS, (0,)):
        held_keys, held_words = unstored(kept)
        keys.add((key, n) for key in held_keys)
        words.add((word, text, n) for word, text, _ in held_words)
        rests.add((word, text, n, rest) for word, text, rest in held_words if rest)
    for table, held, statement, start in (
        ("pc_key", keys, _KEYS, (-(2**63), 0)),
        ("pc_word", words, _WORDS, ("", "", 0)),
        ("pc_rest", rests, _RESTS, ("", "", 0)),
    ):
        stored = _Rows()
        stored.add(_all(reader, statement, start))
        if (stored.count, stored.sum) == (held.count, held.sum):
            continue
        ((strays,),) = reader.rows(_STRAYS.format(table=table))
        if strays:
            yield f"{table}: {strays} rows belong to no document."
        yield (
            f"{table}: {stored.count - strays} rows stand beside documents that should have "
            f"{held.count}, or other ones; `profilecore reindex` makes them anew."
        )


class _Rows:
    """A count and a sum of hashes: enough to tell that two sets of rows are the same."""

    def __init__(self) -> None:
        self.count = 0
        self.sum = 0

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.count += 1
            self.sum += hash(row)


def _all(reader: PostgresReader, statement: str, start: Row) -> Iterator[Row]:
    """Give the rows of a statement that pages by the first columns of its rows."""
    last = start
    while batch := reader.rows(statement, (*last, BATCH)):
        yield from batch
        last = batch[-1][: len(start)]
