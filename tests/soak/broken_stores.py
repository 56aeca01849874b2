"""Stores that break one promise each: a programme that is any good finds every one out."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from soaked_stores import KINDS, on_postgres

from profilecore.model.documents import Document
from profilecore.store.port import NO_TERMS, Store, Terms, Writer
from profilecore_sqlite import SqliteStore
from profilecore_sqlite.session import Session, Settings


class StatementByStatement(SqliteStore):
    """Commits after every statement: there are no transactions."""

    @contextmanager
    def write(self) -> Iterator[Writer]:
        with self._turn:
            yield self._session().writer


class PutByPut(SqliteStore):
    """Commits after every document that is put."""

    @contextmanager
    def write(self) -> Iterator[Writer]:
        with self._turn:
            session = self._session()
            run = session.connection.execute
            run("BEGIN IMMEDIATE")
            put = session.writer.put

            def put_and_commit(document: Document, terms: Terms = NO_TERMS, *, expect: int) -> None:
                put(document, terms, expect=expect)
                run("COMMIT")
                run("BEGIN IMMEDIATE")

            session.writer.put = put_and_commit  # type: ignore[method-assign]
            try:
                yield session.writer
            finally:
                run("COMMIT")
                del session.writer.put  # type: ignore[method-assign]


class NothingScrubbed(SqliteStore):
    """Says that it has scrubbed."""

    def scrub(self) -> bool:
        return True


class OnlyCheckpointed(SqliteStore):
    """Leaves deleted bytes as they are, and moves the log into the file instead of scrubbing."""

    def _connect(self, *, create: bool = False) -> Session:
        session = super()._connect(create=create)
        session.connection.execute("PRAGMA secure_delete = OFF").fetchall()
        return session

    def scrub(self) -> bool:
        run = self._session().connection.execute
        run("PRAGMA busy_timeout = 100").fetchall()
        busy: int = run("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy


class WordsStay(SqliteStore):
    """Forgets to take the old words of a document away."""

    def _connect(self, *, create: bool = False) -> Session:
        session = super()._connect(create=create)
        session.writer._drop = lambda *_: None  # type: ignore[method-assign]
        return session


class BlobsStay(SqliteStore):
    """Keeps the bytes of files that were deleted."""

    def _connect(self, *, create: bool = False) -> Session:
        session = super()._connect(create=create)
        session.writer.delete_blob = lambda id: None  # type: ignore[method-assign]
        return session


class OneOwnerOnly(SqliteStore):
    """Gives what the first of several ids owns and passes over the others."""

    def _connect(self, *, create: bool = False) -> Session:
        session = super()._connect(create=create)
        owned = session.reader.owned
        session.reader.owned = (  # type: ignore[method-assign]
            lambda owners, kind=None: owned(owners[:1], kind)
        )
        return session


class OutcomesForgotten(SqliteStore):
    """Does not keep what a request with a key led to."""

    def _connect(self, *, create: bool = False) -> Session:
        session = super()._connect(create=create)
        put = session.writer.put

        def put_others(document: Document, terms: Terms = NO_TERMS, *, expect: int) -> None:
            if document.kind != "outcome":
                put(document, terms, expect=expect)

        session.writer.put = put_others  # type: ignore[method-assign]
        return session


def kill_after_commit(store: Store, commits: int) -> None:
    """Have the process killed right after some commit, before anybody is told of it."""
    write, left = store.write, count(commits - 1, -1)

    @contextmanager
    def write_and_die() -> Iterator[Writer]:
        with write() as writer:
            yield writer
        if not next(left):
            os.kill(os.getpid(), signal.SIGKILL)

    store.write = write_and_die  # type: ignore[method-assign]


def broken(kind: type[SqliteStore]) -> Callable[[Path], Store]:
    """Give what opens a store of a broken kind."""
    return lambda path: kind(Settings(path))


def without_waiting(path: Path) -> Store:
    """Open the same with commits that do not wait for the disk, in this process for good."""
    from profilecore_postgres import links

    sound = links.set_up

    def set_up(connection: links.Connection, settings: links.Settings) -> None:
        sound(connection, settings)
        connection.execute("SET synchronous_commit = off")

    links.set_up = set_up
    return on_postgres(path)


# Each with the sound kind that looks after what it left.
BROKEN: dict[str, tuple[Callable[[Path], Store], str]] = {
    "postgres, without waiting": (without_waiting, "postgres"),
    "statement by statement": (broken(StatementByStatement), "sqlite"),
    "put by put": (broken(PutByPut), "sqlite"),
}
OPENERS: dict[str, Callable[[Path], Store]] = {
    **{kind.name: kind.open for kind in KINDS},
    **{name: opener for name, (opener, _) in BROKEN.items()},
}


def sound(store: str) -> Callable[[Path], Store]:
    """Give what opens the sound store of a name, or the one that a broken one stands for."""
    return OPENERS[BROKEN[store][1] if store in BROKEN else store]


def idle_reader(opener: Callable[[Path], Store], path: Path) -> Store:
    """Open a store that has read something and now does nothing."""
    store = opener(path)
    with store.read() as reader:
        reader.listing("profile", None, 1_000)
    return store
