"""Turn the driver's errors into ours, without the server's text: it may quote a value."""

from __future__ import annotations

import psycopg
from psycopg import errors

from profilecore.errors import StoreCorrupt, StoreError, StoreUnavailable

DRIVER_ERRORS = (psycopg.Error, UnicodeEncodeError)
"""What a statement of ours can raise."""

LOST = "lost its connection; repeat the request."

_Fault = tuple[type[StoreError], str]

# By code, the five characters of the SQL standard, and by their first two, the class.
_FAULTS: dict[str, _Fault] = {
    "08": (StoreUnavailable, LOST),
    "0A": (StoreError, "does not know a statement that the store needs."),
    "22": (StoreError, "cannot hold a value: a text holds the character NUL, or is no Unicode."),
    "25006": (StoreUnavailable, "is read-only here; name the server that takes writes."),
    "25P02": (StoreError, "has undone this transaction after an error inside it; repeat it."),
    "25P03": (StoreUnavailable, "has ended a transaction that did nothing for long; repeat it."),
    "28": (StoreUnavailable, "refuses the user; check the name, the password and pg_hba.conf."),
    "3D": (StoreUnavailable, "has no such database; create it first."),
    "3F": (StoreCorrupt, "has lost its schema; restore it from a backup."),
    "40": (StoreUnavailable, "has undone this transaction for another; repeat it."),
    "42501": (StoreUnavailable, "refuses it; check the user's rights on the schema."),
    "42P01": (StoreCorrupt, "has lost a table; restore it from a backup."),
    "53": (StoreUnavailable, "has no room, memory or connection left; see the server's log."),
    "54": (StoreError, "cannot hold a value of this size."),
    "55P03": (
        StoreUnavailable,
        "is locked by another writer; repeat it, or open the store with a longer timeout.",
    ),
    "57014": (
        StoreUnavailable,
        "took longer than statement_timeout allows; repeat it, or open the store with more.",
    ),
    "57P": (StoreUnavailable, "was stopped, or is starting; repeat the request."),
    "58": (StoreUnavailable, "cannot read or write its files; see the server's log."),
    "XX": (StoreCorrupt, "reports damage; see the server's log."),
}


def typed(error: BaseException, name: str) -> StoreError:
    """Give the error to raise instead, to be chained ``from None``."""
    if isinstance(error, UnicodeEncodeError):
        return StoreError(f"{name} cannot hold text with lone surrogates; clean the input.")
    code = getattr(error, "sqlstate", None)
    for known in (code, code[:3], code[:2]) if code else ():
        if known in _FAULTS:
            kind, sentence = _FAULTS[known]
            return kind(f"{name} {sentence}")
    if code is None and isinstance(error, psycopg.DataError):
        kind, sentence = _FAULTS["22"]
        return kind(f"{name} {sentence}")
    if code is None and isinstance(error, psycopg.OperationalError):
        return StoreUnavailable(f"{name} is out of reach; check the server and the URL.")
    if _is_loss(error):
        return StoreUnavailable(f"{name} {LOST}")
    return StoreError(f"{name}: PostgreSQL reported {code or type(error).__name__}.")


def may_repeat(error: BaseException) -> bool:
    """Tell whether a transaction that has done nothing yet may simply be begun again."""
    if is_collision(error):
        return True
    code: str | None = getattr(error, "sqlstate", None)
    if code is None:
        return isinstance(error, psycopg.OperationalError) or _is_loss(error)
    return code.startswith(("08", "57P"))


def _is_loss(error: BaseException) -> bool:
    # Of a connection that broke within an answer the driver knows no code and no kind.
    no_code = getattr(error, "sqlstate", None) is None
    return isinstance(error, psycopg.InterfaceError) or (
        no_code and type(error) is psycopg.DatabaseError
    )


def is_collision(error: BaseException) -> bool:
    """Tell whether the server has undone a transaction because of another."""
    return isinstance(error, (errors.SerializationFailure, errors.DeadlockDetected))
