"""Checkpoints beside other work: pages of the log go into the file while the next are made.

SQLite does one at the end of the commit that makes the log long, and whoever commits waits.  After
a large transaction, as a batch of an import, that takes as long as the commit itself.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

LARGE = 5_000
"""Rows changed by a transaction whose commit leaves the checkpoint to a thread."""
ROWS_OF_LOG = 40_000
"""Rows changed by large transactions, of a page each at worst, before a write waits for the log."""


class Checkpoints:
    """Does checkpoints of a file in a thread, one at a time."""

    def __init__(self, path: Path, synchronous: str) -> None:
        self._path = path
        self._synchronous = synchronous
        self._thread: threading.Thread | None = None
        self._rows = 0

    def begin(self, rows: int) -> None:
        """Begin one behind a transaction that changed so many rows.

        Should it fail, SQLite does it at a later commit.
        """
        self._rows += rows
        thread = threading.Thread(
            target=self._run, args=(self._thread,), name="profilecore-checkpoint"
        )
        with suppress(RuntimeError):  # the system has no thread left
            thread.start()
            self._thread = thread

    def make_room(self, seconds: float) -> None:
        """Wait where the log is long: it begins anew with a write that finds all in the file."""
        if self._rows >= ROWS_OF_LOG:
            self._rows = 0
            self.wait(seconds)

    def wait(self, seconds: float | None = None) -> None:
        """Wait for the last one."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _run(self, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(f"{self._path.as_uri()}?mode=rw", uri=True)) as connection,
        ):
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
