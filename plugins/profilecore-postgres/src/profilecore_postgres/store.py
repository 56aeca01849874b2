"""The store: connections of threads and processes, transactions, joining, and what it erases."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg
from psycopg import sql

from profilecore.errors import StoreError, StoreUnavailable
from profilecore.model.fields import evolve
from profilecore.store.port import Capability, Reader, Remainder, Store, Terms, Writer
from profilecore_postgres import inspection, schema
from profilecore_postgres.faults import typed
from profilecore_postgres.joining import Joining
from profilecore_postgres.links import Links, connect
from profilecore_postgres.session import Session
from profilecore_postgres.settings import Settings, read_settings
from profilecore_postgres.statements import SET_SALT, Statements
from profilecore_postgres.terms import pack
from profilecore_postgres.turns import Turns

REMAINDER = (
    "PostgreSQL keeps what was deleted in the space of its tables until that is used again, and "
    "in its write-ahead log, replicas and backups until these are gone"
)


def open_store(url: str, *, create: bool = True, **options: Any) -> PostgresStore:
    """Open the store in a schema: ``postgresql://user@host/database?schema=chain``.

    The URL is that of libpq.  These are the store's own, as parameters of the URL or as arguments:

    - ``schema``: one for each chain; ``profilecore`` if it is not said;
    - ``pool_size``: how many connections a process has at most (10);
    - ``timeout``: how many seconds a write waits for others, and how long a server is waited for
      that is cut off, or does not answer at the beginning of a transaction (30);
    - ``statement_timeout``: how many seconds a statement may take (300), 0 for any;
    - ``replica``: the URL of a server that follows this one; searches go there when it shows the
      same state;
    - ``together``: how many writes of a process may share one commit (16);
    - ``kept_days``: how many days after a clear at the most the operator of the server keeps
      space, log, replicas and backups with what was deleted; receipts show the date;
    - ``rewrite``: whether a scrub writes the tables anew (``VACUUM FULL``), which locks them.

    ``create=False`` insists that the store exists.

    :raises StoreUnavailable: if the server cannot be reached or refuses, or a setting is wrong.
    :raises StoreSchema: if a newer version of the software made the tables.
    """
    known = set(Settings.__annotations__) - {"dsn"}
    if unknown := sorted(options.keys() - known):
        raise StoreUnavailable(f"A PostgreSQL store has no option {', '.join(unknown)}.")
    return PostgresStore(read_settings(url, options), create=create)


class PostgresStore(Store):
    """A store in one schema of a PostgreSQL database, for many machines at once.

    A process has a pool of connections; a block has one of them for as long as it is open.  After
    a fork the child makes its own; a transaction that was open in the fork stays the parent's.
    """

    capabilities = frozenset(Capability) - {Capability.FILES}

    def __init__(self, settings: Settings, *, create: bool = True) -> None:
        self._settings = settings
        self._is_closed = False
        self._abandoned: list[Any] = []
        self._names = Statements(settings.schema)
        connection = connect(settings, settings.dsn)
        try:
            schema.prepare(connection, settings.schema, settings.name, create=create)
            self._salt = schema.salt(connection, settings.schema, settings.name)
        except psycopg.Error as error:
            raise typed(error, settings.name) from None
        finally:
            connection.close()
        self._check_replica()
        self._start()

    def __repr__(self) -> str:
        return f"<PostgresStore, schema {self._settings.schema}>"

    def _start(self) -> None:
        settings = self._settings
        self._pid = os.getpid()
        self._local = threading.local()
        self._guard = threading.Lock()
        self._links = Links(settings, settings.dsn)
        self._replica = Links(settings, settings.replica) if settings.replica else None
        self._turns = Turns(settings, self._links, self._names)

    def _check_replica(self) -> None:
        settings = self._settings
        if settings.replica is None:
            return
        connection = connect(settings, settings.replica)
        try:
            salt = schema.salt(connection, settings.schema, settings.name)
        except psycopg.Error as error:
            raise typed(error, "The replica") from None
        finally:
            connection.close()
        if salt != self._salt:
            raise StoreUnavailable(
                f"The replica does not follow {settings.name} but holds another chain; "
                "check its URL."
            )

    def _session(self) -> Session:
        if self._is_closed:
            raise StoreError(f"{self._settings.name} was closed; open the store again.")
        if self._pid != os.getpid():
            # Closing the parent's connections here would end them for the parent; keep them.
            self._abandoned += [self._links, self._replica, self._turns]
            self._start()
        try:
            session: Session = self._local.session
        except AttributeError:
            session = self._local.session = Session(
                self._settings, self._links, self._turns, self._names, self._replica
            )
        return session

    @property
    def schema(self) -> str:
        """The schema that holds the tables."""
        return self._settings.schema

    @property
    def salt(self) -> bytes:
        return self._salt

    @property
    def packer(self) -> Callable[[Terms], bytes]:
        return pack

    @property
    def remainder(self) -> Remainder:
        days = self._settings.kept_days
        stated = "" if days is None else "; its operator states for how long"
        return Remainder(f"{REMAINDER}{stated}.", days)

    def read(self) -> AbstractContextManager[Reader]:
        return self._session().reading

    def write(self) -> AbstractContextManager[Writer]:
        return self._session().writing

    def join(self, connection: Any) -> AbstractContextManager[Writer]:
        """Work inside a transaction of the host's own ``psycopg.Connection`` to the database.

        If the host has begun no transaction, one is begun and left open: the host commits.  Every
        other writer waits for that.

        :raises StoreUnavailable: if it is a connection to another database or with a
            ``client_encoding`` other than UTF8, or if the host's transaction is of a level above
            READ COMMITTED and has read an older state.
        """
        return Joining(connection, self._settings, self._names, self._salt)

    def adopt(self, salt: bytes) -> None:
        session = self._session()
        with session.writing as writer:
            if not writer.is_empty():
                raise StoreError(f"{self._settings.name} is not empty; copy into a new schema.")
            assert session.writer is not None
            session.writer.rows(SET_SALT, (salt,))
        self._salt = salt

    def scrub(self) -> bool:
        """Write the tables anew if the store was opened so; never say that all is erased.

        A server cannot make unreadable what is in its log, replicas and backups: see ``remainder``.
        """
        if self._session().depth:
            raise StoreError(f"{self._settings.name}: end the transaction before scrubbing.")
        if self._settings.rewrite:
            self.rewrite()
        return False

    def rewrite(self) -> None:
        """Write the tables anew, so that they hold nothing deleted; readers and writers wait.

        ``VACUUM FULL`` needs the room of the largest table a second time.

        :raises StoreUnavailable: if the tables are not to be had in time, or the user is not
            their owner.
        """
        settings = evolve(self._settings, statement_timeout=0.0)
        connection = connect(settings, settings.dsn)
        try:
            for table in schema.TABLES:
                name = sql.Identifier(settings.schema, table)
                connection.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(name))
        except psycopg.Error as error:
            raise typed(error, settings.name) from None
        finally:
            connection.close()

    def check(self) -> list[str]:
        session = self._session()
        with session.reading:
            reader = session.writer or session.reader
            assert reader is not None
            return inspection.faults(reader)

    def close(self) -> None:
        if self._is_closed or self._pid != os.getpid():
            self._is_closed = True
            return
        self._is_closed = True
        for links in (self._links, self._replica):
            if links is not None:
                links.close()
