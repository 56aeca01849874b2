"""Turn the driver's errors into ours, without the driver's text: it may quote a value."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from profilecore.errors import StoreCorrupt, StoreError, StoreUnavailable

DRIVER_ERRORS = (sqlite3.Error, UnicodeEncodeError)
"""What a statement of ours can raise."""

_FAULTS: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (
        StoreUnavailable,
        "is locked by another process; retry, or open the store with a longer timeout.",
    ),
    sqlite3.SQLITE_LOCKED: (StoreUnavailable, "is locked by another statement; retry."),
    sqlite3.SQLITE_READONLY: (
        StoreUnavailable,
        "cannot be written; check the rights of the file and of its directory.",
    ),
    sqlite3.SQLITE_PERM: (StoreUnavailable, "may not be opened; check its rights."),
    sqlite3.SQLITE_CANTOPEN: (
        StoreUnavailable,
        "cannot be opened; check that it is a file and that its directory may be written.",
    ),
    sqlite3.SQLITE_FULL: (StoreUnavailable, "has no room to grow; free space on its disk."),
    sqlite3.SQLITE_IOERR: (StoreUnavailable, "cannot be read or written; check its disk."),
    sqlite3.SQLITE_NOMEM: (StoreUnavailable, "needs more memory than there is."),
    sqlite3.SQLITE_CORRUPT: (StoreCorrupt, "is damaged; restore it from a backup."),
    sqlite3.SQLITE_NOTADB: (
        StoreCorrupt,
        "is not a SQLite database, or its first page is damaged; check the path.",
    ),
    sqlite3.SQLITE_TOOBIG: (StoreError, "cannot hold a value of this size."),
}


def code_of(error: BaseException) -> int:
    """Give SQLite's primary error code, 0 if there is none."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def typed(error: BaseException, path: Path) -> StoreError:
    """Give the error to raise instead, to be chained ``from None``."""
    if isinstance(error, UnicodeEncodeError):
        return StoreError(f"{path} cannot hold text with lone surrogates; clean the input.")
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY_SNAPSHOT:
        return StoreUnavailable(
            f"{path} changed since this transaction first read it; "
            "undo it and begin again with BEGIN IMMEDIATE."
        )
    known = _FAULTS.get(code_of(error))
    if known is not None:
        kind, sentence = known
        return kind(f"{path} {sentence}")
    if isinstance(error, sqlite3.ProgrammingError):
        return StoreError(f"{path} was closed, or an error before has undone this transaction.")
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    return StoreError(f"{path}: SQLite reported {name}.")
