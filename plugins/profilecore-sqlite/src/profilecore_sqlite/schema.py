"""The tables, and how a file of an older version gets them.

All names begin with ``pc_``, because a host may keep these tables in its own database file.
Hence the version of the schema is a row of ``pc_meta``; ``application_id`` and
``user_version`` belong to whoever made the file and are only set where that is this store.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profilecore.errors import StoreCorrupt, StoreSchema

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x50_43_4F_52
"""Stamped on files that hold nothing else: the letters PCOR."""

SALT = "salt"
SCHEMA = "schema"

Step = Callable[["Database"], None]

_TABLES = (
    "CREATE TABLE pc_meta (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID",
    "CREATE TABLE pc_document (n INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,"
    " id TEXT NOT NULL, owner TEXT NOT NULL, version INTEGER NOT NULL, property_id TEXT,"
    " terms BLOB NOT NULL, body BLOB NOT NULL) STRICT",
    "CREATE TABLE pc_key (h INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (h, n))"
    " STRICT, WITHOUT ROWID",
    "CREATE TABLE pc_word (word TEXT NOT NULL, text TEXT NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY (word, text, n)) STRICT, WITHOUT ROWID",
    "CREATE TABLE pc_event (seq INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL) STRICT",
    "CREATE TABLE pc_blob (id TEXT NOT NULL, part INTEGER NOT NULL, content BLOB NOT NULL) STRICT",
)


def _first(database: Database) -> None:
    for statement in _TABLES:
        database.execute(statement)
    document = database.table("pc_document")
    document.create_index(["kind", "id"], "pc_document_id", unique=True)
    document.create_index(["kind"], "pc_document_kind")
    database.execute("CREATE INDEX pc_document_owner ON pc_document (owner) WHERE owner <> id")
    database.table("pc_blob").create_index(["id", "part"], "pc_blob_part", unique=True)
    database.execute("INSERT INTO pc_meta VALUES (?, ?)", [SALT, os.urandom(16)])


STEPS: tuple[Step, ...] = (_first,)
"""``STEPS[n]`` makes version n + 1 of version n."""


def prepare(connection: sqlite3.Connection, path: Path, *, create: bool) -> None:
    """Bring the tables to this version, inside the transaction of ``connection``.

    :raises StoreSchema: if a newer version wrote them.
    :raises StoreCorrupt: if the file belongs to another application, or has no tables of
        ours and may not get them.
    """
    version = stored_version(connection, path)
    if version == len(STEPS):
        return
    if version == 0 and not create:
        raise StoreCorrupt(f"{path} is no store of profilecore; check the path.")
    from sqlite_utils import Database

    empty = not _rows(connection, "SELECT 1 FROM sqlite_schema LIMIT 1")
    database = Database(connection, recursive_triggers=False, execute_plugins=False)
    for step in STEPS[version:]:
        step(database)
    database.execute("INSERT OR REPLACE INTO pc_meta VALUES (?, ?)", [SCHEMA, b"%d" % len(STEPS)])
    if empty:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    if empty or _pragma(connection, "application_id") == APPLICATION_ID:
        connection.execute(f"PRAGMA user_version = {len(STEPS)}")


def stored_version(connection: sqlite3.Connection, path: Path) -> int:
    """Give the version of the tables in a file, 0 if it has none of ours.

    :raises StoreSchema: if it is newer than this software.
    :raises StoreCorrupt: if the file belongs to another application.
    """
    owner = _pragma(connection, "application_id")
    version = _pragma(connection, "user_version") if owner == APPLICATION_ID else 0
    if _rows(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'pc_meta'"):
        for (value,) in _rows(connection, "SELECT value FROM pc_meta WHERE key = ?", SCHEMA):
            version = max(version, int(value))
    elif owner not in (0, APPLICATION_ID):
        raise StoreCorrupt(f"{path} belongs to another application; check the path.")
    if version > len(STEPS):
        raise StoreSchema(
            f"{path} has schema {version}, this software knows {len(STEPS)}; "
            "update profilecore-sqlite."
        )
    return version


def salt(connection: sqlite3.Connection) -> bytes:
    """Give the salt that was made with the tables."""
    value: bytes = _rows(connection, "SELECT value FROM pc_meta WHERE key = ?", SALT)[0][0]
    return value


def set_salt(connection: sqlite3.Connection, salt: bytes) -> None:
    """Put another salt in the place of the one that was made with the tables."""
    connection.execute("UPDATE pc_meta SET value = ? WHERE key = ?", [salt, SALT])


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = _rows(connection, f"PRAGMA {name}")[0][0]
    return value


def _rows(connection: sqlite3.Connection, sql: str, *values: str) -> list[tuple[Any, ...]]:
    cursor = connection.cursor()
    cursor.row_factory = None
    return cursor.execute(sql, values).fetchall()
