"""What one thread does with the store: its open transaction, and the blocks within it."""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import psycopg

from profilecore.errors import StoreError
from profilecore.store.port import Reader, Writer
from profilecore_postgres import statements as sql
from profilecore_postgres.links import Links
from profilecore_postgres.rows import PostgresReader, PostgresWriter
from profilecore_postgres.settings import Settings
from profilecore_postgres.statements import Statements
from profilecore_postgres.turns import Block, Turns

_READ = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Session:
    """A thread's transaction.

    ``reading`` and ``writing`` are the context managers that the store hands out; they may be
    nested in each other in any way except a write inside a mere read.
    """

    def __init__(
        self,
        settings: Settings,
        links: Links,
        turns: Turns,
        names: Statements,
        replica: Links | None,
    ) -> None:
        self.settings = settings
        self.pid = os.getpid()
        self.depth = 0
        self.block: Block | None = None
        self.reader: PostgresReader | None = None
        self._links = links
        self._turns = turns
        self._names = names
        self._replica = replica
        self._elsewhere: PostgresReader | None = None
        self._has_looked = False
        self._was_long = False
        self.reading = _Reading(self)
        self.writing = _Writing(self)

    @property
    def writer(self) -> PostgresWriter | None:
        """The writer, if a write is open."""
        return self.block.writer if self.block is not None else None

    def begin_read(self) -> None:
        """Begin to read one state: that of the first statement."""
        connection = self._links.begin(_READ, self._deadline())
        elsewhere = self._search_reader if self._replica is not None else None
        self.reader = PostgresReader(connection, self._names, self.settings.name, elsewhere)

    def end_read(self) -> None:
        """Let go of the state that was read."""
        reader, self.reader = self.reader, None
        elsewhere, self._elsewhere = self._elsewhere, None
        self._has_looked = False
        # After a fork inside the block the transaction is the parent's.
        if self.pid != os.getpid() or reader is None:
            return
        for links, found in ((self._links, reader), (self._replica, elsewhere)):
            if links is not None and found is not None:
                _end(links, found)

    def _search_reader(self, reader: PostgresReader) -> PostgresReader | None:
        """Give a reader of the replica if it shows exactly the state that is being read."""
        if not self._has_looked and self._replica is not None:
            self._has_looked = True
            self._elsewhere = self._same_on(self._replica, reader)
        return self._elsewhere

    def _same_on(self, replica: Links, reader: PostgresReader) -> PostgresReader | None:
        wanted = reader.rows(sql.READ_HEAD)
        try:
            connection = replica.begin(_READ, time.monotonic())
        except StoreError:
            return None
        found = PostgresReader(connection, self._names, self.settings.name)
        try:
            if found.rows(sql.READ_HEAD) == wanted:
                return found
        except StoreError:
            pass  # it is stopping, or lacks the tables yet: the first server answers
        _end(replica, found)
        return None

    def begin_write(self) -> None:
        """Take the turn to write, waiting for it as long as the settings allow."""
        self.block = self._turns.begin(is_long=self._was_long)

    def end_write(self, *, keep: bool) -> None:
        """Commit or undo, and let the next writer in."""
        block, self.block = self.block, None
        # After a fork inside the block the transaction is the parent's.
        if self.pid != os.getpid() or block is None:
            return
        self._was_long = self._turns.end(block, keep=keep)

    def _deadline(self) -> float:
        return time.monotonic() + self.settings.timeout


def _end(links: Links, reader: PostgresReader) -> None:
    try:
        links.end(reader.connection, b"COMMIT")
    except psycopg.Error:
        pass  # what was read is read, and what there was to say has been raised


class _Reading(AbstractContextManager[Reader]):
    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Reader:
        session = self._session
        if session.depth == 0:
            session.begin_read()
        session.depth += 1
        found: Any = session.writer or session.reader
        return found  # type: ignore[no-any-return]

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
        self._parts: list[AbstractContextManager[None]] = []

    def __enter__(self) -> Writer:
        session = self._session
        if session.depth == 0:
            session.begin_write()
        elif session.writer is not None:
            part = session.writer.savepoint()
            part.__enter__()
            self._parts.append(part)
        else:
            raise StoreError(
                f"{session.settings.name} cannot turn a read into a write; begin with the write."
            )
        session.depth += 1
        assert session.writer is not None
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
            session.end_write(keep=kind is None)
        elif session.pid == os.getpid():
            self._parts.pop().__exit__(kind, error, traceback)
