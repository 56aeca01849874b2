"""One thread's connection, how it is set up, and how its transactions begin and end."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import attrs

from profilecore.errors import StoreError, StoreUnavailable
from profilecore.store.port import Reader, Writer
from profilecore_sqlite.checkpoints import LARGE, Checkpoints
from profilecore_sqlite.faults import code_of, typed
from profilecore_sqlite.rows import SqliteReader, SqliteWriter

CHECKPOINTS = "PRAGMA wal_autocheckpoint = {}"
CHECKPOINT_PAGES = 4_000
LOG_LIMIT = 256 << 20
TURN = 0.1
"""Seconds that SQLite waits for the write lock before its growing delays begin anew.

Left to itself, a process that waits asks every 0.1 s only, and others overtake it for seconds.
"""


@attrs.frozen
class Settings:
    """What every connection of a store has in common."""

    path: Path
    synchronous: str = "FULL"
    timeout: float = 30.0
    cache_mb: int = 64


def connect(settings: Settings, *, create: bool = False) -> sqlite3.Connection:
    """Open a connection and set it up.

    :raises StoreError: if it would not overwrite what it deletes.
    """
    mode = "rwc" if create else "rw"
    connection = sqlite3.connect(
        f"{settings.path.as_uri()}?mode={mode}",
        uri=True,
        timeout=settings.timeout,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        if connection.execute("PRAGMA page_count").fetchall() == [(0,)]:
            connection.execute("PRAGMA auto_vacuum = NONE")
        _use_log(connection, settings)
        overwrite_deleted(connection, settings.path)
        connection.execute(f"PRAGMA synchronous = {settings.synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA cache_size = {-1024 * settings.cache_mb}")
        connection.execute(CHECKPOINTS.format(CHECKPOINT_PAGES)).fetchall()
        connection.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _use_log(connection: sqlite3.Connection, settings: Settings) -> None:
    deadline = time.monotonic() + settings.timeout
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchall()[0][0]
        except sqlite3.OperationalError as error:
            if code_of(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            continue
        if mode != "wal":
            raise StoreUnavailable(
                f"{settings.path} cannot have a write-ahead log; put it on a local disk."
            )
        return


def overwrite_deleted(connection: sqlite3.Connection, path: Path) -> None:
    """Make a connection overwrite what it deletes.

    :raises StoreError: if it does not.
    """
    cursor = connection.cursor()
    cursor.row_factory = None
    cursor.execute("PRAGMA secure_delete = ON").fetchall()
    if cursor.execute("PRAGMA secure_delete").fetchall() != [(1,)]:
        raise StoreError(f"{path}: this build of SQLite does not overwrite what it deletes.")


class Session:
    """A thread's connection with its reader and writer.

    ``reading`` and ``writing`` are the context managers that the store hands out; they may be
    nested in each other in any way except a write inside a mere read.
    """

    def __init__(
        self,
        settings: Settings,
        connection: sqlite3.Connection,
        turn: threading.Lock,
        checkpoints: Checkpoints,
    ) -> None:
        self.settings = settings
        self.connection = connection
        self.turn = turn
        self._checkpoints = checkpoints
        self._changes = 0
        self.pid = os.getpid()
        self.depth = 0
        self.is_writing = False
        # Making a cursor a statement would cost a third of a small read.
        self._cursor = connection.cursor()
        self._run = self._cursor.execute
        self.reader = SqliteReader(connection, settings.path)
        self.writer = SqliteWriter(connection, settings.path)
        self.reading = _Reading(self)
        self.writing = _Writing(self)

    def close(self) -> None:
        """Close the connection; the last one to a file also empties and removes its log."""
        self.reader.close()
        self.writer.close()
        self._cursor.close()
        self.connection.close()

    def execute(self, sql: str) -> None:
        """Run a statement that controls the transaction."""
        try:
            self._run(sql)
        except sqlite3.Error as error:
            raise typed(error, self.settings.path) from None

    def end_read(self) -> None:
        """Let go of the state that was read."""
        # After a fork inside the block the transaction is the parent's.
        if self.pid != os.getpid():
            return
        if not self.connection.in_transaction:
            self.reader.reopen()
            return
        try:
            self._run("COMMIT")
        except sqlite3.Error:
            # A damaged file fails again here; what there was to say has been raised.
            if self.connection.in_transaction:
                self._run("ROLLBACK")

    def begin_write(self) -> None:
        """Take the write lock, waiting for it as long as the settings allow."""
        deadline = time.monotonic() + self.settings.timeout
        self._checkpoints.make_room(self.settings.timeout)
        if not self.turn.acquire(timeout=self.settings.timeout):
            raise StoreUnavailable(
                f"{self.settings.path} is locked by another thread; "
                "retry, or open the store with a longer timeout."
            )
        try:
            self._wait(min(TURN, self.settings.timeout))
            try:
                while not self._begin_immediate():
                    if time.monotonic() > deadline:
                        raise StoreUnavailable(
                            f"{self.settings.path} is locked by another process; "
                            "retry, or open the store with a longer timeout."
                        )
            finally:
                self._wait(self.settings.timeout)
        except BaseException:
            self.turn.release()
            raise
        self.is_writing = True
        self._changes = self.connection.total_changes

    def _wait(self, seconds: float) -> None:
        self._run(f"PRAGMA busy_timeout = {int(seconds * 1000)}").fetchall()

    def _begin_immediate(self) -> bool:
        try:
            self._run("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if code_of(error) == sqlite3.SQLITE_BUSY:
                return False
            raise typed(error, self.settings.path) from None
        return True

    def end_write(self, commit: bool) -> None:
        """Commit or undo, and let the next writer in."""
        # After a fork inside the block the transaction is the parent's.
        if self.pid != os.getpid():
            return
        self.is_writing = False
        undone = not self.connection.in_transaction
        try:
            if commit and not undone:
                self._commit()
        finally:
            try:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
            finally:
                self.turn.release()
                if undone:
                    self.writer.reopen()
        if commit and undone:
            raise StoreError(
                f"{self.settings.path}: an error inside has undone this transaction; repeat it."
            )

    def _commit(self) -> None:
        changed = self.connection.total_changes - self._changes
        if changed < LARGE:
            self.execute("COMMIT")
            return
        self._run(CHECKPOINTS.format(0)).fetchall()
        try:
            self.execute("COMMIT")
        finally:
            self._run(CHECKPOINTS.format(CHECKPOINT_PAGES)).fetchall()
        self._checkpoints.begin(changed)


class _Reading(AbstractContextManager[Reader]):
    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Reader:
        session = self._session
        if session.depth == 0:
            session.execute("BEGIN")
        session.depth += 1
        return session.writer if session.is_writing else session.reader

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        session = self._session
        session.depth -= 1
        if session.depth == 0:
            session.end_read()


class _Writing(AbstractContextManager[Writer]):
    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Writer:
        session = self._session
        if session.depth == 0:
            session.begin_write()
        elif session.is_writing:
            session.execute("SAVEPOINT pc_nested")
        else:
            raise StoreError(
                f"{session.settings.path}: a read cannot turn into a write; begin with the write."
            )
        session.depth += 1
        return session.writer

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        session = self._session
        session.depth -= 1
        if session.depth == 0:
            session.end_write(commit=kind is None)
        elif session.connection.in_transaction:
            if kind is not None:
                session.execute("ROLLBACK TO pc_nested")
            session.execute("RELEASE pc_nested")
