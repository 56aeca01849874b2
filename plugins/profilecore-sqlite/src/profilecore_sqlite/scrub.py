"""Leave no residue of what was deleted in the store's files."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from profilecore_sqlite import gaps
from profilecore_sqlite.faults import code_of
from profilecore_sqlite.gaps import PATIENCE


def zero_gaps(path: Path) -> bool | None:
    """Run the program that zeroes the gaps in place.

    Gives ``True`` when done, ``False`` when another connection is in the way, and ``None``
    when it cannot be run here or does not know the layout.
    """
    interpreter = sys.executable or ""
    # In a frozen or embedding application this names the application itself.
    if not Path(interpreter).name.startswith(("python", "pypy")) or not hasattr(os, "pwrite"):
        return None
    command = [interpreter, "-I", "-S", gaps.__file__, str(path)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        return None
    return {gaps.DONE: True, gaps.PENDING: False}.get(done.returncode)


def vacuum(connection: sqlite3.Connection, patience: float = PATIENCE) -> bool:
    """Write the whole file anew; ``False`` when another connection is in the way.

    The connection must not be inside a transaction.
    """
    cursor = connection.cursor()
    cursor.row_factory = None
    (before,) = cursor.execute("PRAGMA busy_timeout").fetchall()[0]
    cursor.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}").fetchall()
    try:
        cursor.execute("VACUUM").fetchall()
        busy, _log, _moved = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0]
    except sqlite3.OperationalError as error:
        if code_of(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
        return False
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {before}").fetchall()
    return not busy
