"""Work inside a transaction that the host owns, over the host's connection."""

from __future__ import annotations

import os
import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from profilecore.errors import StoreError, StoreUnavailable
from profilecore.store.port import Writer
from profilecore_sqlite import schema
from profilecore_sqlite.faults import DRIVER_ERRORS, typed
from profilecore_sqlite.rows import JoinedWriter
from profilecore_sqlite.session import overwrite_deleted


class Joining(AbstractContextManager[Writer]):
    """A block inside the host's transaction, undone alone and committed by the host.

    If the host has begun no transaction, one is begun and left open.  The connection is left
    with its own settings, except that it overwrites what it deletes from now on.
    """

    def __init__(self, connection: Any, path: Path) -> None:
        if not isinstance(connection, sqlite3.Connection):
            raise StoreUnavailable("This store joins connections of the module sqlite3 only.")
        self._connection = connection
        self._path = path

    def __enter__(self) -> Writer:
        began = False
        try:
            self._check_file()
            overwrite_deleted(self._connection, self._path)
            if not self._connection.in_transaction:
                self._connection.execute("BEGIN IMMEDIATE")
                began = True
            self._connection.execute("SAVEPOINT pc_joined")
            try:
                schema.prepare(self._connection, self._path, create=True)
                # Deletes nothing, but takes the write lock, as every writer does at once.
                self._connection.execute("DELETE FROM pc_meta WHERE 0")
            except BaseException:
                self._undo()
                if began:
                    self._connection.execute("ROLLBACK")
                raise
        except DRIVER_ERRORS as error:
            raise typed(error, self._path) from None
        self._writer = JoinedWriter(self._connection, self._path)
        return self._writer

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.close()
        try:
            if kind is not None:
                self._undo()
            elif not self._release():
                raise StoreError(
                    f"{self._path}: the host's transaction ended inside; commit it outside."
                )
        except sqlite3.Error as fault:
            raise typed(fault, self._path) from None

    def _release(self) -> bool:
        """Make the block part of the host's transaction; tell whether that is still the same."""
        if not self._connection.in_transaction:
            return False
        try:
            self._connection.execute("RELEASE pc_joined")
        except sqlite3.OperationalError as error:
            # The module has begun another for a write that came after the end.
            if "no such savepoint" in str(error):
                return False
            raise
        return True

    def _undo(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK TO pc_joined")
            self._connection.execute("RELEASE pc_joined")

    def _check_file(self) -> None:
        cursor = self._connection.cursor()
        cursor.row_factory = None
        _number, _name, file = cursor.execute("PRAGMA database_list").fetchall()[0]
        if not file or not os.path.exists(file) or not os.path.samefile(file, self._path):
            raise StoreUnavailable(
                f"The connection is to another database than {self._path}; join one to it."
            )
