"""The connections of one process to one server."""

from __future__ import annotations

import logging
import time
from typing import Any, TypeVar

import psycopg
from psycopg import conninfo, generators, sql
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg_pool import ConnectionPool

from profilecore.errors import StoreError
from profilecore_postgres.faults import may_repeat, typed
from profilecore_postgres.settings import Settings

Connection = psycopg.Connection[Any]
T = TypeVar("T")

IDLE_SECONDS = 600
"""How long a transaction may do nothing before the server ends it.

A machine that vanished inside a write would keep all other writers out for good; a block that asks
a billing system must have time for its answer.
"""
KEEPALIVE_SECONDS = 30
SHORTEST = 1.0
"""Seconds that a server has at least to begin a transaction."""
PAUSE = 0.05
"""Seconds between two attempts to reach a server that was stopped."""

# A store's few statements are best answered from their indexes, whatever is known of a table that
# was just filled; and a plan is made once for each connection.  What a server of another make does
# not know is left as it is.
_PLANNING = {
    "plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_bitmapscan": "off",
    "enable_hashjoin": "off", "enable_mergejoin": "off", "jit": "off",
}  # fmt: skip


class Links:
    """A pool of connections, each set up; a transaction has one for itself."""

    def __init__(self, settings: Settings, dsn: str) -> None:
        self._settings = settings
        # The pool tells its own log of hosts and users; what a caller must know is raised here.
        log = logging.getLogger("psycopg.pool")
        if not log.handlers:
            log.addHandler(logging.NullHandler())
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            dsn,
            kwargs=driver_options(settings, dsn),
            min_size=1,
            max_size=settings.pool_size,
            configure=lambda connection: set_up(connection, settings),
            timeout=settings.timeout,
            reconnect_timeout=1.0,
            open=False,
        )
        self._pool.open()

    def begin(self, statement: bytes, deadline: float) -> Connection:
        """Give a connection that has run the statement which begins a transaction.

        One that was lost in the meantime is replaced, and a server that does not answer is waited
        for, until the deadline.
        """
        while True:
            connection = self.take(deadline)
            try:
                run_until(connection, statement, max(deadline, time.monotonic() + SHORTEST))
            except psycopg.Error as error:
                self.drop(connection)
                if not may_repeat(error) or time.monotonic() > deadline:
                    raise typed(error, self._settings.name) from None
            else:
                return connection

    def take(self, deadline: float) -> Connection:
        """Give a connection."""
        while True:
            left = deadline - time.monotonic()
            try:
                return self._pool.getconn(min(max(left, 0.001), 1.0))
            except psycopg.Error as error:
                if left <= 0:
                    raise typed(error, self._settings.name) from None
                time.sleep(PAUSE)

    def end(self, connection: Connection, statement: bytes) -> None:
        """Run the statement that ends a transaction, and take the connection back."""
        try:
            run(connection, statement)
        except psycopg.Error:
            self.drop(connection)
            raise
        self._pool.putconn(connection)

    def drop(self, connection: Connection) -> None:
        """Close a connection; the server undoes what it has not committed."""
        connection.close()
        self._pool.putconn(connection)

    def close(self) -> None:
        """Close all."""
        self._pool.close()


def connect(settings: Settings, dsn: str) -> Connection:
    """Open one connection, set up as those of the pool.

    :raises StoreError: saying what is wrong.
    """
    try:
        connection: Connection = psycopg.connect(dsn, **driver_options(settings, dsn))
        try:
            set_up(connection, settings)
        except BaseException:
            connection.close()
            raise
    except psycopg.Error as error:
        raise _refused(error, settings) from None
    return connection


def driver_options(settings: Settings, dsn: str) -> dict[str, Any]:
    """Give what the driver is told at each connection beside what the DSN says."""
    seconds = max(2, round(settings.timeout))
    third = max(1, seconds // 3)
    # A server that is cut off is noticed in about the time-out, whether it has to answer or not.
    ours = {
        "connect_timeout": seconds,
        "fallback_application_name": "profilecore",
        "tcp_user_timeout": seconds * 1000,
        "keepalives_idle": min(third, KEEPALIVE_SECONDS),
        "keepalives_interval": third,
        "keepalives_count": 2,
    }
    stated = conninfo.conninfo_to_dict(dsn)
    more = {name: value for name, value in ours.items() if name not in stated}
    return {"autocommit": True, "client_encoding": "utf8", **more}


def set_up(connection: Connection, settings: Settings) -> None:
    """Set what the store's own connections need."""
    ms = {
        "lock_timeout": settings.timeout,
        "statement_timeout": settings.statement_timeout,
        "idle_in_transaction_session_timeout": IDLE_SECONDS,
    }
    values = _PLANNING | {name: f"{round(seconds * 1000)}ms" for name, seconds in ms.items()}
    if connection.execute("SHOW synchronous_commit").fetchall()[0][0] == "off":
        values["synchronous_commit"] = "on"
    for name, value in values.items():
        try:
            connection.execute(
                sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
            )
        except (psycopg.ProgrammingError, psycopg.NotSupportedError, psycopg.DataError):
            continue


def run(connection: Connection, statement: bytes) -> None:
    """Run a statement that controls a transaction.

    Through the layer beneath the driver's cursors, which would cost a third of a small read.
    """
    _check(connection, connection.pgconn.exec_(statement))


def run_until(connection: Connection, statement: bytes, deadline: float) -> None:
    """Run a statement that begins a transaction; after the deadline the answer is not awaited.

    The connection is of no use then.
    """
    link = connection.pgconn
    link.send_query(statement)
    results = connection.wait(_until(generators.execute(link), deadline))
    _check(connection, results[-1])


def _until(work: PQGen[T], deadline: float) -> PQGen[T]:
    """Go on with the driver's work; it is woken from time to time while there is no answer."""
    try:
        wanted = next(work)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > deadline:
                raise psycopg.OperationalError("no answer")
            wanted = work.send(ready)
    except StopIteration as done:
        result: T = done.value
        return result


def _check(connection: Connection, result: PGresult) -> None:
    if result.status != ExecStatus.COMMAND_OK:
        if connection.info.transaction_status == TransactionStatus.UNKNOWN:
            raise psycopg.OperationalError("lost")
        raise psycopg.errors.error_from_result(result)


def _refused(error: psycopg.Error, settings: Settings) -> StoreError:
    found = typed(error, settings.name)
    if error.sqlstate is None and (code := _code_in(str(error))):
        stated = psycopg.errors.lookup(code)()
        return typed(stated, settings.name)
    return found


def _code_in(text: str) -> str | None:
    """Give the code for a refused connection: the driver has none, only the server's words."""
    for words, code in (
        ("does not exist", "3D000"),
        ("authentication failed", "28P01"),
        ("no password supplied", "28P01"),
        ("no pg_hba.conf entry", "28000"),
        ("starting up", "57P03"),
        ("too many", "53300"),
    ):
        if words in text:
            return "28000" if code == "3D000" and "role" in text else code
    return None
