"""Work inside a transaction that the host owns, over the host's connection."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from profilecore.errors import StoreError, StoreUnavailable
from profilecore.store.port import Writer
from profilecore_postgres.faults import typed
from profilecore_postgres.rows import PostgresWriter
from profilecore_postgres.settings import Settings
from profilecore_postgres.statements import Statements

_SALT = "SELECT value FROM pc_meta WHERE key = 'salt'"
_PATIENCE = "SELECT current_setting('lock_timeout')"
_SET_PATIENCE = "SELECT set_config('lock_timeout', %s, true)"


class Joining(AbstractContextManager[Writer]):
    """A block inside the host's transaction, undone alone and committed by the host.

    If the host has begun no transaction, one is begun and left open.  All other writers wait until
    the host commits.
    """

    def __init__(self, connection: Any, settings: Settings, names: Statements, salt: bytes) -> None:
        if not isinstance(connection, psycopg.Connection):
            raise StoreUnavailable("This store joins connections of psycopg 3 only.")
        self._connection = connection
        self._settings = settings
        self._salt = salt
        self._writer = PostgresWriter(connection, names, settings.name)

    def __enter__(self) -> Writer:
        writer = self._writer
        began = self._status() == TransactionStatus.IDLE
        if began:
            writer.rows("BEGIN")
        try:
            writer.rows("SAVEPOINT pc_joined")
            try:
                self._check_store()
                self._lock()
            except BaseException:
                self._undo()
                raise
        except BaseException:
            if began and not self._connection.closed:
                writer.rows("ROLLBACK")
            raise
        return writer

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._undo()
            return
        if self._status() == TransactionStatus.IDLE:
            raise StoreError(
                f"{self._settings.name} saw the host's transaction end inside; commit it outside."
            )
        try:
            if self._status() == TransactionStatus.INERROR:
                raise StoreError(
                    f"{self._settings.name} has undone what was joined after an error inside it; "
                    "repeat it."
                )
            self._writer.write_head()
            self._writer.rows("RELEASE pc_joined")
        except BaseException:
            self._undo()
            raise

    def _check_store(self) -> None:
        # A COPY in binary form does not convert what it sends.
        if self._connection.info.encoding != "utf-8":
            raise StoreUnavailable(
                f"{self._settings.name} joins connections in UTF8 only; connect with "
                "client_encoding=utf8, or run SET client_encoding TO 'UTF8' first."
            )
        try:
            same = self._writer.rows(_SALT) == [(self._salt,)]
        except StoreError:
            same = False
        if not same:
            raise StoreUnavailable(
                f"The connection is to another database than {self._settings.name} or its user "
                "may not read it; join one to it."
            )

    def _lock(self) -> None:
        """Take the turn to write, waiting no longer than the store does."""
        ((patience,),) = self._writer.rows(_PATIENCE)
        self._writer.rows(_SET_PATIENCE, (f"{round(self._settings.timeout * 1000)}ms",))
        try:
            self._writer.lock()
        except psycopg.errors.SerializationFailure:
            raise StoreUnavailable(
                f"{self._settings.name} changed since this transaction first read it; undo it and "
                "join at its beginning, or use READ COMMITTED."
            ) from None
        except psycopg.Error as error:
            raise typed(error, self._settings.name) from None
        self._writer.rows(_SET_PATIENCE, (patience,))

    def _status(self) -> TransactionStatus:
        return self._connection.info.transaction_status

    def _undo(self) -> None:
        if self._status() in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            self._writer.rows("ROLLBACK TO pc_joined")
            self._writer.rows("RELEASE pc_joined")
