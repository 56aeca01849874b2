"""The store: connections of threads and processes, transactions, joining, scrubbing."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from profilecore.errors import StoreError, StoreUnavailable
from profilecore.store.forms import pack_terms
from profilecore.store.port import Capability, Reader, Store, Terms, Writer
from profilecore_sqlite import inspection, schema, scrub
from profilecore_sqlite.checkpoints import Checkpoints
from profilecore_sqlite.faults import typed
from profilecore_sqlite.gaps import PATIENCE
from profilecore_sqlite.joining import Joining
from profilecore_sqlite.session import Session, Settings, connect

PREFIX = "sqlite:///"


def open_store(
    url: str,
    *,
    create: bool = True,
    synchronous: str = "FULL",
    timeout: float = 30.0,
    cache_mb: int = 64,
) -> SqliteStore:
    """Open the store in a file: ``sqlite:///relative.db`` or ``sqlite:////absolute/path.db``.

    ``create=False`` insists that the store exists.  ``synchronous="NORMAL"`` is faster, but
    the last commits before a loss of power may be lost.  ``timeout`` is how many seconds a
    write waits for others; ``cache_mb`` is the most that each thread's connection caches.

    :raises StoreUnavailable: if the file is missing, locked or may not be written.
    :raises StoreCorrupt: if it is no database, or another application's.
    :raises StoreSchema: if a newer version of the software wrote it.
    """
    name = url.removeprefix(PREFIX)
    if name == url or name in ("", "/", ":memory:"):
        raise StoreUnavailable(
            "A SQLite store is a file, as in sqlite:///guests.db; use memory:// for none."
        )
    if synchronous not in ("FULL", "NORMAL"):
        raise StoreUnavailable("The option synchronous is FULL or NORMAL.")
    settings = Settings(Path(name).absolute(), synchronous, float(timeout), int(cache_mb))
    return SqliteStore(settings, create=create)


class SqliteStore(Store):
    """A store in one SQLite file, for many threads and processes at once.

    Each thread has its own connection, made at its first use.  After a fork the child makes
    its own, too; a transaction that was open in the fork stays the parent's.
    """

    capabilities = frozenset(Capability)

    def __init__(self, settings: Settings, *, create: bool = True) -> None:
        self._settings = settings
        self._is_closed = False
        self._abandoned: list[Session] = []
        self._start()
        path = settings.path
        if not path.parent.is_dir():
            raise StoreUnavailable(f"{path}: its directory does not exist; create it first.")
        if not create and not path.exists():
            raise StoreUnavailable(
                f"{path} does not exist; check the path, or open it with create=True."
            )
        session = self._connect(create=create)
        try:
            with session.reading:
                version = schema.stored_version(session.connection, path)
            if version != len(schema.STEPS):
                with session.writing:
                    schema.prepare(session.connection, path, create=create)
            self._salt = schema.salt(session.connection)
        except sqlite3.Error as error:
            self.close()
            raise typed(error, path) from None
        except BaseException:
            self.close()
            raise
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=partial(_before_fork, weakref.ref(self)))

    def _start(self) -> None:
        self._pid = os.getpid()
        self._local = threading.local()
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._sessions: list[tuple[threading.Thread, Session]] = []
        self._checkpoints = Checkpoints(self._settings.path, self._settings.synchronous)

    def _session(self) -> Session:
        try:
            session: Session = self._local.session
        except AttributeError:
            return self._connect()
        if session.pid != os.getpid():
            return self._connect()
        return session

    def _connect(self, *, create: bool = False) -> Session:
        if self._is_closed:
            raise StoreError(f"{self._settings.path} was closed; open the store again.")
        if self._pid != os.getpid():
            # Closing the parent's connections here would damage its locks; keep them alive.
            self._abandoned += [session for _, session in self._sessions]
            self._start()
        try:
            connection = connect(self._settings, create=create)
        except sqlite3.Error as error:
            raise typed(error, self._settings.path) from None
        session = Session(self._settings, connection, self._turn, self._checkpoints)
        with self._guard:
            finished = [held for thread, held in self._sessions if not thread.is_alive()]
            self._sessions = [pair for pair in self._sessions if pair[0].is_alive()]
            self._sessions.append((threading.current_thread(), session))
        for held in finished:
            held.close()
        self._local.session = session
        return session

    @property
    def path(self) -> Path:
        """The database file."""
        return self._settings.path

    @property
    def salt(self) -> bytes:
        return self._salt

    @property
    def packer(self) -> Callable[[Terms], bytes]:
        return pack_terms

    def read(self) -> AbstractContextManager[Reader]:
        return self._session().reading

    def write(self) -> AbstractContextManager[Writer]:
        return self._session().writing

    def join(self, connection: Any) -> AbstractContextManager[Writer]:
        """Work inside a transaction of the host's own ``sqlite3.Connection`` to the same file.

        If the host has begun no transaction, one is begun and left open: the host commits.
        The connection overwrites what it deletes from then on (``PRAGMA secure_delete``).

        :raises StoreUnavailable: if it is a connection to another database, or if the host's
            transaction has read a state that was changed since.
        """
        return Joining(connection, self._settings.path)

    def adopt(self, salt: bytes) -> None:
        session = self._session()
        with session.writing as writer:
            if not writer.is_empty():
                raise StoreError(f"{self.path} is not empty; copy into a new store.")
            schema.set_salt(session.connection, salt)
        self._salt = salt

    def scrub(self) -> bool:
        """Make everything deleted before this call unreadable in the store's own files.

        Zeroes the unallocated bytes in place; where that cannot be done, the file is written
        anew, which takes longer.  Writers wait meanwhile.  Readers that hold an older state are
        waited for no longer than a couple of seconds; then it gives ``False``.
        """
        session = self._session()
        if session.depth:
            raise StoreError(f"{self.path}: end the transaction before scrubbing.")
        self._checkpoints.wait(PATIENCE)
        if not self._turn.acquire(timeout=PATIENCE):
            return False
        try:
            done = scrub.zero_gaps(self.path)
            return scrub.vacuum(session.connection) if done is None else done
        except sqlite3.Error as error:
            raise typed(error, self.path) from None
        finally:
            self._turn.release()

    def files(self) -> tuple[Path, ...]:
        beside = [Path(f"{self.path}{suffix}") for suffix in ("", "-wal", "-shm", "-journal")]
        return tuple(path for path in beside if path.exists())

    def check(self) -> list[str]:
        session = self._session()
        with session.reading:
            return inspection.faults(session.reader)

    def close(self) -> None:
        self._is_closed = True
        if self._pid != os.getpid():
            return
        self._checkpoints.wait()
        with self._guard:
            sessions, self._sessions = self._sessions, []
            self._local = threading.local()
        for _thread, session in sessions:
            session.close()

    def before_fork(self) -> None:
        """Close this thread's connection if it is idle, so that no child inherits it.

        SQLite keeps book of a process's locks in memory; a child that inherits an open
        connection believes that it holds the parent's locks.
        """
        self._checkpoints.wait()
        session: Session | None = getattr(self._local, "session", None)
        if session is None or session.depth or session.pid != os.getpid():
            return
        del self._local.session
        with self._guard:
            self._sessions = [pair for pair in self._sessions if pair[1] is not session]
        session.close()


def _before_fork(reference: Callable[[], SqliteStore | None]) -> None:
    store = reference()
    if store is not None:
        store.before_fork()
