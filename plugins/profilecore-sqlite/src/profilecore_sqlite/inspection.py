"""Find faults in the store's own structure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from profilecore.errors import StoreCorrupt
from profilecore_sqlite.rows import Row, SqliteReader
from profilecore_sqlite.terms import unpack

BATCH = 1_000

_DOCUMENTS = "SELECT n, terms FROM pc_document WHERE n > ? ORDER BY n LIMIT ?"
_KEYS = "SELECT h, n FROM pc_key WHERE (h, n) > (?, ?) ORDER BY h, n LIMIT ?"
_WORDS = (
    "SELECT word, text, n FROM pc_word WHERE (word, text, n) > (?, ?, ?)"
    " ORDER BY word, text, n LIMIT ?"
)
_KEY = "SELECT 1 FROM pc_key WHERE h = ? AND n = ?"
_WORD = "SELECT 1 FROM pc_word WHERE word = ? AND text = ? AND n = ?"
_STRAYS = (
    "SELECT count(*) FROM {table} AS t"
    " WHERE NOT EXISTS (SELECT 1 FROM pc_document AS d WHERE d.n = t.n)"
)
_PARTS = (
    "SELECT count(*) FROM (SELECT 1 FROM pc_blob GROUP BY id"
    " HAVING min(part) <> 0 OR max(part) <> count(*) - 1)"
)


def faults(reader: SqliteReader) -> list[str]:
    """Give a line per sort of fault, with numbers and no values."""
    try:
        found = [f"SQLite: {line}" for (line,) in reader.rows("PRAGMA integrity_check")]
        if found != ["SQLite: ok"]:
            return found
        return [*_term_faults(reader), *_blob_faults(reader)]
    except StoreCorrupt as error:
        return [str(error)]


def _blob_faults(reader: SqliteReader) -> Iterator[str]:
    ((broken,),) = reader.rows(_PARTS)
    if broken:
        yield f"pc_blob: {broken} blobs lack a part."


def _term_faults(reader: SqliteReader) -> Iterator[str]:
    keys, words = _Rows(), _Rows()
    for number, packed in _all(reader, _DOCUMENTS, (0,)):
        held_keys, held_words = unpack(packed)
        keys.add((key, number) for key in held_keys)
        words.add((word, text, number) for word, text in held_words)
    for table, held, statement, start in (
        ("pc_key", keys, _KEYS, (-(2**63), 0)),
        ("pc_word", words, _WORDS, ("", "", 0)),
    ):
        stored = _Rows()
        stored.add(_all(reader, statement, start))
        if (stored.count, stored.sum) != (held.count, held.sum):
            yield from _differences(reader, table, stored.count, held.count)


def _differences(reader: SqliteReader, table: str, stored: int, held: int) -> Iterator[str]:
    missing = 0
    for number, packed in _all(reader, _DOCUMENTS, (0,)):
        keys, words = unpack(packed)
        if table == "pc_key":
            missing += sum(not reader.rows(_KEY, (key, number)) for key in keys)
        else:
            missing += sum(not reader.rows(_WORD, (*word, number)) for word in words)
    ((strays,),) = reader.rows(_STRAYS.format(table=table))
    if missing:
        yield f"{table}: {missing} rows are missing that documents should have."
    if strays:
        yield f"{table}: {strays} rows belong to no document."
    if (surplus := stored - strays - held + missing) > 0:
        yield f"{table}: {surplus} rows are not among the terms of their document."


class _Rows:
    """A count and a sum of hashes: enough to tell that two sets of rows are the same."""

    def __init__(self) -> None:
        self.count = 0
        self.sum = 0

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.count += 1
            self.sum += hash(row)


def _all(reader: SqliteReader, statement: str, start: Row) -> Iterator[Row]:
    """Give the rows of a statement that pages by the first columns of its rows."""
    last = start
    while batch := reader.rows(statement, (*last, BATCH)):
        yield from batch
        last = batch[-1][: len(start)]
