"""Raw SQLite doing the same work: the same rows, settings and transactions, and nothing else."""

from __future__ import annotations

import sqlite3
import time
from itertools import islice
from pathlib import Path
from typing import Any

from profilecore_sqlite import open_store

TABLES = ("pc_document", "pc_key", "pc_word", "pc_event")
BATCH = 8_000


def connect(path: Path) -> sqlite3.Connection:
    """Open a database as the store does."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "secure_delete = ON",
        "temp_store = MEMORY",
        "cache_size = -65536",
        "wal_autocheckpoint = 4000",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def import_rate(filled: Path, empty: Path) -> float:
    """Insert the rows of a filled store into an empty one; give profiles a second.

    Rows come from memory, batch by batch in the order in which the store wrote them.
    """
    open_store(f"sqlite:///{empty}").close()
    batches = _batches(filled)
    connection = connect(empty)
    seconds = 0.0
    profiles = 0
    for tables in batches:
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        for table, rows in tables.items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        connection.execute("COMMIT")
        seconds += time.perf_counter() - began
        profiles += len(tables["pc_document"])
    connection.close()
    return profiles / seconds


def _batches(filled: Path) -> list[dict[str, list[tuple[Any, ...]]]]:
    source = connect(filled)
    documents = iter(source.execute("SELECT * FROM pc_document ORDER BY n").fetchall())
    batches: list[dict[str, list[tuple[Any, ...]]]] = []
    batch_of: dict[int, int] = {}
    while rows := list(islice(documents, BATCH)):
        batch_of |= dict.fromkeys((row[0] for row in rows), len(batches))
        batches.append({table: [] for table in TABLES} | {"pc_document": rows})
    for row in source.execute("SELECT h, n FROM pc_key ORDER BY h, n"):
        batches[batch_of[row[1]]]["pc_key"].append(row)
    for row in source.execute("SELECT word, text, n FROM pc_word ORDER BY word, text, n"):
        batches[batch_of[row[2]]]["pc_word"].append(row)
    for number, row in enumerate(source.execute("SELECT * FROM pc_event ORDER BY seq")):
        batches[min(number // BATCH, len(batches) - 1)]["pc_event"].append(row)
    source.close()
    return batches


def one_write(
    connection: sqlite3.Connection, statements: list[tuple[str, tuple[Any, ...]]]
) -> None:
    """Run statements as one durable transaction."""
    connection.execute("BEGIN IMMEDIATE")
    for sql, values in statements:
        connection.execute(sql, values)
    connection.execute("COMMIT")
