"""How the writers of a process follow one another, and share what a commit costs.

A writer holds the row of the head from its first statement until its commit is on the disk, on
whatever machine it is.  So the commits of one process after the other wait for the disk one by one.
Inside a process they need not: when a writer leaves its block and another waits, it leaves the
transaction open to that one, which begins with a savepoint.  The last of them commits for all, and
only then does any of them return.  Nobody else sees anything before that, and all or nothing of it
survives.
"""

from __future__ import annotations

import threading
import time

import attrs
import psycopg
from psycopg.pq import TransactionStatus

from profilecore.errors import StoreError, StoreUnavailable
from profilecore_postgres.faults import is_collision, may_repeat, typed
from profilecore_postgres.links import PAUSE, Links
from profilecore_postgres.rows import Head, PostgresWriter
from profilecore_postgres.settings import Settings
from profilecore_postgres.statements import Statements

LONG = 0.1
"""Seconds: who took longer the last time gets a transaction of its own, so that no short write
waits for the end of an import."""

_BEGIN = b"BEGIN ISOLATION LEVEL READ COMMITTED"


@attrs.define(eq=False)
class Common:
    """A transaction of several blocks."""

    writer: PostgresWriter
    blocks: int = 1
    is_done: bool = False
    error: StoreError | None = None


@attrs.define(eq=False)
class Block:
    """One writer's part of a transaction."""

    common: Common
    head: Head
    began: float
    is_first: bool

    @property
    def writer(self) -> PostgresWriter:
        return self.common.writer


class Turns:
    """Gives the turn to write to one thread of the process at a time."""

    def __init__(self, settings: Settings, links: Links, names: Statements) -> None:
        self._settings = settings
        self._links = links
        self._names = names
        lock = threading.Lock()
        self._free = threading.Condition(lock)
        self._ended = threading.Condition(lock)
        self._is_taken = False
        self._waiting = 0
        # What the writer before has left open, for who takes the turn next.
        self._open: Common | None = None

    def begin(self, *, is_long: bool) -> Block:
        """Wait for the turn, and for the row of the head.

        :raises StoreUnavailable: if they are not to be had in time.
        """
        deadline = time.monotonic() + self._settings.timeout
        self._take(deadline)
        try:
            common = self._open
            if common is not None and (is_long or common.blocks >= self._settings.together):
                self._commit(common)
                common = None
            if common is None:
                writer = self._begin(deadline)
                return self._enter(Block(Common(writer), _copy(writer), time.monotonic(), True))
            try:
                common.writer.rows("SAVEPOINT pc_turn")
            except BaseException as error:
                self._links.drop(common.writer.connection)
                self._finish(common, error if isinstance(error, StoreError) else self._gone())
                raise
            common.blocks += 1
            head = _copy(common.writer)
            return self._enter(Block(common, head, time.monotonic(), False))
        except BaseException:
            self._give()
            raise

    def _enter(self, block: Block) -> Block:
        self._open = block.common
        return block

    def end(self, block: Block, *, keep: bool) -> bool:
        """End a block, and return when its fate is known; tell whether it took long.

        :raises StoreError: if it was to be kept and is not.
        """
        common = block.common
        spoilt: StoreError | None = None
        if keep and _status(common) == TransactionStatus.INERROR:
            keep, spoilt = (
                False,
                StoreError(
                    f"{self._settings.name} has undone this transaction after an error inside it; "
                    "repeat it."
                ),
            )
        if not keep:
            self._undo(block)
        if common.is_done:
            self._give()
        elif not self._pass_on():
            self._commit(common)
            self._give()
        took = time.monotonic() - block.began
        self._await(common)
        if spoilt is not None:
            raise spoilt
        if keep and common.error is not None:
            raise type(common.error)(*common.error.args)  # each thread its own
        return took > LONG

    def _undo(self, block: Block) -> None:
        """Undo a block; with it, the whole transaction if no other has a part in it."""
        common = block.common
        try:
            if block.is_first:
                self._links.end(common.writer.connection, b"ROLLBACK")
                self._finish(common, None)
            else:
                common.writer.undo("pc_turn", block.head)
                if common.writer.connection.closed:
                    raise self._gone()
        except psycopg.Error:
            self._finish(common, None)
        except StoreError as error:
            self._links.drop(common.writer.connection)
            self._finish(common, error)

    def _commit(self, common: Common) -> None:
        """Commit for all who have a part in a transaction; they are told what came of it."""
        error: StoreError | None = None
        connection = common.writer.connection
        try:
            common.writer.write_head()
        except StoreError as fault:
            self._links.drop(connection)
            self._finish(common, fault)
            return
        try:
            self._links.end(connection, b"COMMIT")
        except psycopg.Error as fault:
            error = typed(fault, self._settings.name)
            if may_repeat(fault) and not is_collision(fault):
                error = self._lost("while it committed; look whether the change is there.")
        self._finish(common, error)

    def _gone(self) -> StoreUnavailable:
        return self._lost("before it was committed; repeat it.")

    def _lost(self, when: str) -> StoreUnavailable:
        return StoreUnavailable(
            f"{self._settings.name} lost the connection of a transaction {when}"
        )

    def _finish(self, common: Common, error: StoreError | None) -> None:
        with self._ended:
            common.error = error
            common.is_done = True
            if self._open is common:
                self._open = None
            self._ended.notify_all()

    def _begin(self, deadline: float) -> PostgresWriter:
        while True:
            connection = self._links.begin(_BEGIN, deadline)
            writer = PostgresWriter(connection, self._names, self._settings.name)
            try:
                writer.lock()
            except psycopg.Error as error:
                self._links.drop(connection)
                if not may_repeat(error) or time.monotonic() > deadline:
                    raise typed(error, self._settings.name) from None
                time.sleep(PAUSE)
            except BaseException:
                self._links.drop(connection)
                raise
            else:
                return writer

    # ---- the turn

    def _take(self, deadline: float) -> None:
        with self._free:
            self._waiting += 1
            try:
                left = deadline - time.monotonic()
                taken = self._free.wait_for(lambda: not self._is_taken, left)
                if taken:
                    self._is_taken = True
            finally:
                self._waiting -= 1
                if not self._is_taken and not self._waiting:
                    # Who left a transaction to this one has to end it after all.
                    self._ended.notify_all()
        if not taken:
            raise StoreUnavailable(
                f"{self._settings.name} is locked by another thread; "
                "repeat it, or open the store with a longer timeout."
            )

    def _give(self) -> None:
        with self._free:
            self._is_taken = False
            self._free.notify()

    def _pass_on(self) -> bool:
        """Leave the turn, and the open transaction, to who waits; tell whether somebody does."""
        with self._free:
            if not self._waiting:
                return False
            self._is_taken = False
            self._free.notify()
            return True

    def _await(self, common: Common) -> None:
        """Wait until a transaction has ended; end it if those who waited have all gone away."""
        with self._ended:
            self._ended.wait_for(lambda: common.is_done or not (self._is_taken or self._waiting))
            if common.is_done:
                return
            self._is_taken = True
        self._commit(common)
        self._give()


def _status(common: Common) -> TransactionStatus:
    return common.writer.connection.info.transaction_status


def _copy(writer: PostgresWriter) -> Head:
    return attrs.evolve(writer.head)
