"""The tables, and how a schema of an older version gets them.

All names begin with ``pc_``, because a host may keep these tables beside its own.  Nothing here is
an extension or a feature of one server: no sequence, no trigger, no advisory lock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors, sql

from profilecore.errors import StoreCorrupt, StoreSchema, StoreUnavailable
from profilecore_postgres.statements import Statements

SALT = "salt"
SCHEMA = "schema"
# Two that make a schema at once: one of them is told that it is there already, and looks again.
ATTEMPTS = 20
_MADE_BY_ANOTHER = (
    errors.UniqueViolation, errors.DuplicateSchema, errors.DuplicateTable, errors.DuplicateObject,
    errors.SerializationFailure, errors.DeadlockDetected,
)  # fmt: skip

Connection = psycopg.Connection[Any]

_META = (
    'CREATE TABLE IF NOT EXISTS pc_meta (key text COLLATE "C" PRIMARY KEY, value bytea NOT NULL)'
)

_TABLES = (
    # One row, changed by every transaction: kept on one page that has room for its versions.
    "CREATE TABLE pc_head (one boolean PRIMARY KEY CHECK (one), writes bigint NOT NULL,"
    " number bigint NOT NULL, seq bigint NOT NULL) WITH (fillfactor = 10)",
    "INSERT INTO pc_head VALUES (true, 0, 0, 0)",
    # With room on each page, a change of a body touches no index.
    'CREATE TABLE pc_document (n bigint PRIMARY KEY, kind text COLLATE "C" NOT NULL,'
    ' id text COLLATE "C" NOT NULL, owner text COLLATE "C" NOT NULL, version bigint NOT NULL,'
    ' property_id text COLLATE "C", terms bytea NOT NULL, body bytea NOT NULL)'
    " WITH (fillfactor = 90)",
    "CREATE UNIQUE INDEX pc_document_id ON pc_document (kind, id)",
    "CREATE INDEX pc_document_kind ON pc_document (kind, n)",
    "CREATE INDEX pc_document_owner ON pc_document (owner, n) WHERE owner <> id",
    "CREATE TABLE pc_key (h bigint NOT NULL, n bigint NOT NULL, PRIMARY KEY (h, n))",
    'CREATE TABLE pc_word (word text COLLATE "C" NOT NULL, text text COLLATE "C" NOT NULL,'
    " n bigint NOT NULL, PRIMARY KEY (word, text, n))",
    # Apart, so that a search reads nothing but the index of words.
    'CREATE TABLE pc_rest (word text COLLATE "C" NOT NULL, text text COLLATE "C" NOT NULL,'
    " n bigint NOT NULL, rest text NOT NULL, PRIMARY KEY (word, text, n))",
    "CREATE TABLE pc_event (seq bigint PRIMARY KEY, body bytea NOT NULL)",
    'CREATE TABLE pc_blob (id text COLLATE "C" NOT NULL, part integer NOT NULL,'
    " content bytea NOT NULL, PRIMARY KEY (id, part))",
)

TABLES = (
    "pc_document",
    "pc_key",
    "pc_word",
    "pc_rest",
    "pc_event",
    "pc_blob",
    "pc_head",
    "pc_meta",
)


def _first(connection: Connection) -> None:
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute("INSERT INTO pc_meta VALUES (%s, %s)", (SALT, os.urandom(16)))


STEPS = (_first,)
"""``STEPS[n]`` makes version n + 1 of version n."""


def prepare(connection: Connection, schema: str, name: str, *, create: bool) -> None:
    """Bring the tables to this version; of several that try at once, one does it.

    The connection commits each statement by itself.

    :raises StoreSchema: if a newer version wrote them.
    :raises StoreUnavailable: if there are none and none may be made, or the database is in an
        encoding that cannot hold every text.
    """
    encoding = connection.execute("SHOW server_encoding").fetchall()[0][0]
    if encoding.upper().replace("-", "") != "UTF8":
        raise StoreUnavailable(
            f"{name} is in the encoding {encoding}; use a database that is in UTF8."
        )
    version = stored_version(connection, schema, name)
    if version == len(STEPS):
        return
    if version == 0 and not create:
        raise StoreUnavailable(f"{name} has no store; check the URL, or open it with create=True.")
    for attempt in range(ATTEMPTS):
        try:
            _upgrade(connection, schema, name)
        except _MADE_BY_ANOTHER:
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(0.05)
        else:
            return


def _upgrade(connection: Connection, schema: str, name: str) -> None:
    if not _rows(connection, "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", schema):
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    with connection.transaction():
        inside = sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(schema))
        connection.execute(inside)
        connection.execute(_META)
        connection.execute(
            "INSERT INTO pc_meta VALUES (%s, %s) ON CONFLICT DO NOTHING", (SCHEMA, b"0")
        )
    with connection.transaction():
        connection.execute(inside)
        # Whoever waits here finds the work done.
        stored = "SELECT value FROM pc_meta WHERE key = %s FOR UPDATE"
        version = int(_rows(connection, stored, SCHEMA)[0][0])
        _refuse_newer(version, name)
        for step in STEPS[version:]:
            step(connection)
        connection.execute(
            "UPDATE pc_meta SET value = %s WHERE key = %s", (b"%d" % len(STEPS), SCHEMA)
        )


def stored_version(connection: Connection, schema: str, name: str) -> int:
    """Give the version of the tables in a schema, 0 if it has none of ours.

    :raises StoreSchema: if it is newer than this software.
    """
    there = (
        "SELECT 1 FROM information_schema.tables WHERE table_schema = %s AND table_name = 'pc_meta'"
    )
    if not _rows(connection, there, schema):
        return 0
    rows = _meta(connection, schema, SCHEMA)
    version = int(rows[0][0]) if rows else 0
    _refuse_newer(version, name)
    return version


def salt(connection: Connection, schema: str, name: str) -> bytes:
    """Give the salt that was made with the tables.

    :raises StoreCorrupt: if there is none.
    """
    rows = _meta(connection, schema, SALT)
    if not rows:
        raise StoreCorrupt(f"{name} has lost its salt; restore it from a backup.")
    return bytes(rows[0][0])


def _refuse_newer(version: int, name: str) -> None:
    if version > len(STEPS):
        raise StoreSchema(
            f"{name} has schema {version}, this software knows {len(STEPS)}; "
            "update profilecore-postgres."
        )


def _meta(connection: Connection, schema: str, key: str) -> Sequence[tuple[Any, ...]]:
    query = Statements(schema)["SELECT value FROM pc_meta WHERE key = %s"]
    cursor = psycopg.Cursor(connection, row_factory=psycopg.rows.tuple_row)
    return cursor.execute(query, (key,), binary=True).fetchall()


def _rows(connection: Connection, query: str, value: str) -> Sequence[tuple[Any, ...]]:
    return connection.execute(query, (value,), binary=True).fetchall()
