"""What a URL and the arguments of a store say."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs
from psycopg import ProgrammingError, conninfo

from profilecore.errors import StoreUnavailable
from profilecore.values import frozen

SCHEMES = ("postgresql", "postgres")
LONGEST_NAME = 63
"""Of a schema, in bytes: PostgreSQL cuts longer ones, and two chains would meet."""


@frozen
class Settings:
    """Where the store is, and how its connections behave; times are in seconds."""

    dsn: str = attrs.field(repr=False)
    schema: str = "profilecore"
    pool_size: int = 10
    timeout: float = 30.0
    statement_timeout: float = 300.0
    replica: str | None = attrs.field(default=None, repr=False)
    together: int = 16
    kept_days: int | None = None
    rewrite: bool = False

    @cached_property
    def name(self) -> str:
        """The name in messages, without user and password."""
        known = conninfo.conninfo_to_dict(self.dsn)
        place = known.get("dbname") or "the default database"
        return f"The store in schema {self.schema} of {place}"


_READ: dict[str, Any] = {
    "schema": str, "pool_size": int, "timeout": float, "statement_timeout": float,
    "replica": str, "together": int, "kept_days": int,
    "rewrite": lambda value: value in (True, "true", "1"),
}  # fmt: skip
_LEAST = {"pool_size": 1, "timeout": 0.001, "statement_timeout": 0, "together": 1, "kept_days": 0}
# A server counts milliseconds in 31 bits, and TCP the seconds between two probes in 15: a third of
# the time-out.
_MOST = {
    "pool_size": 10_000, "timeout": 86_400, "statement_timeout": 2_000_000,
    "together": 1_000_000, "kept_days": 100_000,
}  # fmt: skip


def read_settings(url: str, options: dict[str, Any]) -> Settings:
    """Give the settings of a URL; what is given as an argument counts more than what it says.

    Parameters of the URL that are not the store's own go to the driver as they are written.

    :raises StoreUnavailable: naming the setting that is wrong.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise StoreUnavailable(
            "A PostgreSQL store is named as in postgresql://user@host/database?schema=chain."
        )
    named = parse_qsl(parts.query, keep_blank_values=True)
    # Not decoded: libpq takes a plus sign for itself, not for a blank.
    theirs = [
        part
        for part in parts.query.split("&")
        if part and unquote(part.partition("=")[0]) not in _READ
    ]
    given: dict[str, Any] = {key: value for key, value in named if key in _READ} | options
    dsn = f"postgresql://{parts.netloc}{parts.path}"
    if theirs:
        dsn += f"?{'&'.join(theirs)}"
    values = {key: _value(key, value) for key, value in given.items() if value is not None}
    _check_dsn(dsn, "URL")
    if "replica" in values:
        _check_dsn(values["replica"], "replica")
    return Settings(dsn, **values)


def _value(key: str, given: Any) -> Any:
    try:
        value = _READ[key](given)
    except (TypeError, ValueError, OverflowError):  # an integer of what is infinite
        raise StoreUnavailable(f"The option {key} of a PostgreSQL store is a number.") from None
    if key in _LEAST and not _LEAST[key] <= value <= _MOST[key]:
        raise StoreUnavailable(
            f"The option {key} of a PostgreSQL store is from {_LEAST[key]} to {_MOST[key]}."
        )
    # The driver reads a per cent sign in a statement as a place for a value.
    if key == "schema" and (not 0 < len(value.encode()) <= LONGEST_NAME or "%" in value):
        raise StoreUnavailable(
            f"The option schema of a PostgreSQL store is a name of 1 to {LONGEST_NAME} bytes "
            "without a per cent sign."
        )
    return value


def _check_dsn(dsn: str, what: str) -> None:
    try:
        conninfo.conninfo_to_dict(dsn)
    except ProgrammingError:
        # Its own message quotes the text, and with it perhaps a password.
        raise StoreUnavailable(
            f"The {what} of the PostgreSQL store cannot be read; write it as in "
            "postgresql://user@host/database?schema=chain."
        ) from None
