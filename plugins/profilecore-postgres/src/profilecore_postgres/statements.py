"""The statements of readers and writers, and how they get the name of their schema.

Where a statement takes many rows, it takes a list a column.  Nothing depends on a statement of a
session: the schema is named in each, because a host's own connection has another path.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from psycopg import sql

from profilecore.store.port import Query

Row = tuple[Any, ...]

# Together, at four bytes a character, what an entry of a b-tree of PostgreSQL holds (2,704).
LONGEST_WORD = 160
LONGEST_TEXT = 480

BEYOND = "\U0010ffff"

_DOCUMENT = "kind, id, owner, version, body, property_id"
GET = f"SELECT {_DOCUMENT} FROM pc_document WHERE kind = %s AND id = %s"
GET_MANY = f"SELECT {_DOCUMENT} FROM pc_document WHERE kind = %s AND id = ANY(%s::text[])"
OWNED = (
    f"SELECT {_DOCUMENT} FROM pc_document WHERE owner = ANY(%s::text[]) AND owner <> id ORDER BY n"
)
OWNED_OF_KIND = OWNED.replace("ORDER", "AND kind = %s ORDER")
LISTING = f"SELECT {_DOCUMENT} FROM pc_document WHERE kind = %s AND n > %s ORDER BY n LIMIT %s"
# Behind an id that is not stored there is nothing: a comparison with NULL is not true.
LISTING_BEHIND = LISTING.replace(
    "n > %s", "n > (SELECT n FROM pc_document WHERE kind = %s AND id = %s)"
)
BODIES = LISTING.replace(_DOCUMENT, "id, owner, property_id, body")
BODIES_BEHIND = LISTING_BEHIND.replace(_DOCUMENT, "id, owner, property_id, body")
EVERYTHING = f"SELECT n, terms, {_DOCUMENT} FROM pc_document WHERE n > %s ORDER BY n LIMIT %s"
BLOB_IDS = "SELECT DISTINCT id FROM pc_blob WHERE id > %s ORDER BY id LIMIT %s"
# The limit inside keeps the look-up of documents to the rows that are given.
FIND = (
    "SELECT d.id FROM (SELECT n FROM pc_key WHERE h = %s ORDER BY n LIMIT %s) AS k"
    " JOIN pc_document AS d ON d.n = k.n ORDER BY k.n"
)
FIND_MANY = (
    "SELECT k.h, d.id FROM pc_key AS k JOIN pc_document AS d ON d.n = k.n"
    " WHERE k.h = ANY(%s::bigint[]) ORDER BY k.h, k.n"
)
# Keys that more documents have are told by the index of keys alone.
FIND_FEW = (
    "SELECT k.h, d.id FROM unnest(%s::bigint[]) AS w (h) JOIN pc_key AS k ON k.h = w.h"
    " JOIN pc_document AS d ON d.n = k.n"
    " WHERE NOT EXISTS (SELECT 1 FROM pc_key WHERE h = w.h OFFSET %s LIMIT 1)"
    " ORDER BY k.h, k.n"
)
TALLY = "SELECT count(*) FROM pc_key AS w WHERE h = %s"
COUNT = "SELECT count(*) FROM pc_document WHERE kind = %s"
WORD_AT = "SELECT 1 FROM pc_word WHERE word >= %s AND word < %s ORDER BY word OFFSET %s LIMIT 1"
EVENTS = "SELECT seq, body FROM pc_event WHERE seq > %s ORDER BY seq LIMIT %s"
BLOB = "SELECT content FROM pc_blob WHERE id = %s ORDER BY part"

# Of one row, locked: whoever writes holds it from its first statement to its commit.
LOCK_HEAD = "SELECT writes, number, seq FROM pc_head FOR UPDATE"
READ_HEAD = "SELECT writes FROM pc_head"
WRITE_HEAD = "UPDATE pc_head SET writes = %s, number = %s, seq = %s"

VERSION = "SELECT version FROM pc_document WHERE kind = %s AND id = %s"
INSERT = (
    "INSERT INTO pc_document (n, kind, id, owner, version, property_id, terms, body)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING n"
)
# Gives what the terms were before.
UPDATE = (
    "WITH o AS (SELECT n, terms FROM pc_document WHERE kind = %s AND id = %s AND version = %s)"
    " UPDATE pc_document AS d SET version = %s, property_id = %s, body = %s, terms = %s"
    " FROM o WHERE d.n = o.n RETURNING d.n, o.terms"
)
STORED_MANY = (
    "SELECT id, n, version, terms FROM pc_document WHERE kind = %s AND id = ANY(%s::text[])"
)
UPDATE_MANY = (
    "UPDATE pc_document AS d SET version = g.version, property_id = g.property_id,"
    " body = g.body, terms = g.terms"
    " FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bytea[], %s::bytea[])"
    " AS g (n, version, property_id, body, terms) WHERE d.n = g.n"
)
DELETE = "DELETE FROM pc_document WHERE kind = %s AND id = %s RETURNING n, terms"
ADD_KEYS = (
    "INSERT INTO pc_key (h, n) SELECT h, n FROM unnest(%s::bigint[], %s::bigint[]) AS g (h, n)"
)
ADD_WORDS = (
    "INSERT INTO pc_word (word, text, n) SELECT word, text, n"
    " FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS g (word, text, n)"
)
ADD_RESTS = (
    "INSERT INTO pc_rest (word, text, n, rest) SELECT word, text, n, rest"
    " FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[]) AS g (word, text, n, rest)"
)
DROP_KEYS = (
    "DELETE FROM pc_key AS k USING unnest(%s::bigint[], %s::bigint[]) AS g (h, n)"
    " WHERE k.h = g.h AND k.n = g.n"
)
DROP_WORDS = (
    "DELETE FROM pc_word AS w USING unnest(%s::text[], %s::text[], %s::bigint[])"
    " AS g (word, text, n) WHERE w.word = g.word AND w.text = g.text AND w.n = g.n"
)
DROP_RESTS = DROP_WORDS.replace("pc_word", "pc_rest")
APPEND = (
    "INSERT INTO pc_event (seq, body) SELECT seq, body"
    " FROM unnest(%s::bigint[], %s::bytea[]) AS g (seq, body)"
)
SET_SALT = "UPDATE pc_meta SET value = %s WHERE key = 'salt'"
REST = "SELECT rest FROM pc_rest WHERE word = %s AND text = %s AND n = %s"
HAS_BLOB = "SELECT 1 FROM pc_blob WHERE id = %s LIMIT 1"
ADD_BLOB = "INSERT INTO pc_blob (id, part, content) VALUES (%s, %s, %s)"
DROP_BLOB = "DELETE FROM pc_blob WHERE id = %s"

COPY_DOCUMENTS = (
    "COPY pc_document (n, kind, id, owner, version, property_id, terms, body)"
    " FROM STDIN (FORMAT BINARY)"
)
COPY_KEYS = "COPY pc_key (h, n) FROM STDIN (FORMAT BINARY)"
COPY_WORDS = "COPY pc_word (word, text, n) FROM STDIN (FORMAT BINARY)"
COPY_EVENTS = "COPY pc_event (seq, body) FROM STDIN (FORMAT BINARY)"


_TABLE = re.compile(r"\bpc_(?:meta|head|document|key|word|rest|event|blob)\b")


class Statements(dict[str, str]):
    """The statements with the names of the tables in a schema; each is made at its first use."""

    def __init__(self, schema: str) -> None:
        super().__init__()
        self._schema = sql.Identifier(schema).as_string(None)

    def __missing__(self, statement: str) -> str:
        self[statement] = whole = _TABLE.sub(lambda name: f"{self._schema}.{name[0]}", statement)
        return whole


# Of a text that is longer than an index takes, the rest stands in a table of its own.
_IN_REST = (
    f"(length(text) = {LONGEST_TEXT} AND EXISTS (SELECT 1 FROM pc_rest AS r WHERE r.word = w.word"
    " AND r.text = w.text AND r.n = w.n AND strpos(' ' || w.text || r.rest, %s) > 0))"
)


def search_statement(query: Query, after: Row | None, limit: int) -> tuple[str, list[Any]]:
    """Give the statement of a search and its parameters.

    Its rows are (word, text, n) and the document.
    """
    if query.word is None:
        return _search_by_key(query, after, limit)
    sql = "SELECT word, text, n FROM pc_word AS w WHERE word >= %s AND word < %s"
    parameters: list[Any] = [query.word, query.word + BEYOND]
    if after is not None:
        sql += " AND (word, text, n) > (%s, %s, %s)"
        parameters += after
    for other in query.others:
        sql += f" AND (strpos(' ' || text, %s) > 0 OR {_IN_REST})"
        parameters += (f" {other}", f" {other}")
    sql, parameters = _having_keys(sql, parameters, query.keys)
    return _with_ids(f"{sql} ORDER BY word, text, n LIMIT %s", "w.word, w.text, w.n"), [
        *parameters,
        limit,
    ]


def tally_statement(keys: Sequence[int]) -> tuple[str, list[Any]]:
    """Give the statement that counts who has all of some keys, and its parameters."""
    return _having_keys(TALLY, [keys[0]], keys[1:])


def _search_by_key(query: Query, after: Row | None, limit: int) -> tuple[str, list[Any]]:
    sql = "SELECT '' AS word, '' AS text, n FROM pc_key AS w WHERE h = %s AND n > %s"
    sql, parameters = _having_keys(sql, [query.keys[0], after[2] if after else 0], query.keys[1:])
    # Without a text, only the empty prefix begins a word of it.
    if any(query.others):
        sql += " AND false"
    return _with_ids(f"{sql} ORDER BY n LIMIT %s", "w.n"), [*parameters, limit]


def _having_keys(sql: str, parameters: list[Any], keys: Sequence[int]) -> tuple[str, list[Any]]:
    having = " AND EXISTS (SELECT 1 FROM pc_key AS k WHERE k.h = %s AND k.n = w.n)"
    return sql + having * len(keys), [*parameters, *keys]


def _with_ids(rows: str, order: str) -> str:
    # The limit inside keeps the look-up of documents to the rows that are given.
    return (
        f"SELECT w.word, w.text, w.n, {_DOCUMENT} FROM ({rows}) AS w"
        f" JOIN pc_document AS d ON d.n = w.n ORDER BY {order}"
    )
