"""Chains: each entry is sealed over its own facts and the seal of the one before.

There are two: the receipts of clears, and the events of the feed, which are the audit trail.  Who
changes, drops or moves an entry afterwards breaks the chain at that place.  Who writes the whole
chain anew does not: so note its newest seal elsewhere, and have it compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from profilecore.model.documents import Chain, Receipt, ReceiptStatus
from profilecore.model.events import Event
from profilecore.model.fields import build
from profilecore.values import frozen

# What becomes known only after a receipt is written; it is stored as pending and stays so.
_OPEN = {"seal", "status", "erased_at", "remains", "remains_until"}
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_encode = msgspec.json.Encoder().encode


@frozen
class ChainFault:
    """A place where a chain is broken: the number of the entry, and what is wrong there.

    ``chain`` is ``receipts`` or ``audit``.  ``code`` is ``changed`` (the entry says something else
    than when it was sealed), ``missing`` (no entry has this number, nor those up to ``last``),
    ``moved`` (it stands out of order, or twice) or ``unlinked`` (it was sealed over another than
    the one before it).  ``id`` is that of the receipt or the event.
    """

    chain: str
    number: int
    code: str
    id: str | None = None
    last: int | None = None


class Entry(Protocol):
    """What every link of a chain has: its place, counted from 1, and its seal."""

    @property
    def id(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def seal(self) -> str: ...


E = TypeVar("E", bound=Entry)


@frozen
class Rule(Generic[E]):
    """How the entries of one chain are sealed.

    ``is_own`` tells whether an entry says what it said when it was sealed; ``follows`` tells
    whether it was sealed over this seal of the one before.
    """

    chain: str
    is_own: Callable[[E], bool]
    follows: Callable[[E, str], bool]


# ---- receipts


def seal(receipt: Receipt) -> str:
    """Give the seal of a receipt: SHA-256 of its lasting facts and the seal before, in hex."""
    from hashlib import sha256

    facts = {name: value for name, value in vars(receipt).items() if name not in _OPEN}
    return sha256(_encode_sorted(facts)).hexdigest()


def link(receipts: Iterable[Receipt], after: Chain) -> Chain:
    """Number and seal receipts, which nobody else has yet, as the next of a chain.

    Gives the chain's new end.
    """
    number, newest = after.length, after.newest
    for receipt in receipts:
        number += 1
        held = vars(receipt)
        held["number"] = number
        held.pop("previous", None)  # of a part that was undone
        if newest:
            held["previous"] = newest
        held["seal"] = newest = seal(receipt)
    return build(Chain, {"length": number, "newest": newest})


RECEIPTS: Rule[Receipt] = Rule(
    "receipts",
    lambda receipt: receipt.status is ReceiptStatus.PENDING and receipt.seal == seal(receipt),
    lambda receipt, newest: receipt.previous == newest,
)


# ---- events


def digest(event: Event) -> str:
    """Give the digest of an event: SHA-256 of its facts, in hex.

    The facts are two JSON arrays without blanks, one behind the other: ``number``, ``id``,
    ``profile_id``, ``fields``; and ``type``, ``at`` in UTC, ``subject``, ``related``, ``actor``,
    ``property_id``, ``scope``.  ``seq`` is none of them: the store gives it.
    """
    from hashlib import sha256

    own = _encode((event.number, event.id, event.profile_id, event.fields))
    before, behind = _around_the_subject(event)
    return sha256(own + before + _encode(event.subject) + behind).hexdigest()


def seal_over(newest: str, digest: str) -> str:
    """Give the seal of an event: SHA-256 of the seal before and its digest, as texts, in hex."""
    from hashlib import sha256

    return sha256(f"{newest}{digest}".encode()).hexdigest()


def chain(events: Iterable[Event], after: Chain) -> Chain:
    """Number and seal events, which nobody else has yet, as the next of a chain.

    Gives the chain's new end.  An import makes thousands at once, so what neighbours share is
    encoded once.
    """
    from hashlib import sha256

    number, newest = after.length, after.newest
    shared: tuple[Any, ...] = ()
    before = behind = b""
    for event in events:
        number += 1
        around = (
            event.type, event.at, event.related, event.actor, event.property_id, event.scope,
        )  # fmt: skip
        if around != shared:
            shared = around
            before, behind = _around_the_subject(event)
        own = _encode((number, event.id, event.profile_id, event.fields))
        facts = sha256(own + before + _encode(event.subject) + behind).hexdigest()
        newest = sha256((newest + facts).encode()).hexdigest()
        held = vars(event)
        held["number"], held["digest"], held["seal"] = number, facts, newest
    return build(Chain, {"length": number, "newest": newest})


def _around_the_subject(event: Event) -> tuple[bytes, bytes]:
    """Encode what events made together share: the second array before and behind its subject."""
    # A store may give the same moment back in another zone.
    before = _encode((event.type, event.at.astimezone(UTC)))
    behind = _encode((event.related, event.actor, event.property_id, event.scope))
    return before[:-1] + b",", b"," + behind[1:]


AUDIT: Rule[Event] = Rule(
    "audit",
    lambda event: event.digest == digest(event),
    lambda event, newest: event.seal == seal_over(newest, event.digest),
)


# ---- verifying


class Walk(Generic[E]):
    """Goes along a chain from its beginning, some entries at a time.

    ``done`` counts the entries gone along.  Those without a number are of a time before the chain
    began, and no part of it; behind its first entry there can be none.
    """

    def __init__(self, rule: Rule[E]) -> None:
        self.done = 0
        self._rule = rule
        self._before = Chain()

    def along(self, entries: Iterable[E]) -> Iterator[ChainFault]:
        """Yield every fault of the next entries, given in the order they were written."""
        for entry in entries:
            self.done += 1
            if entry.number or self._before.length:
                yield from self._step(entry)

    def _step(self, entry: E) -> Iterator[ChainFault]:
        rule, before, number = self._rule, self._before, entry.number
        if not rule.is_own(entry):
            yield ChainFault(rule.chain, number, "changed", entry.id)
        if number <= before.length:
            yield ChainFault(rule.chain, number, "moved", entry.id)
            return
        if number > before.length + 1:
            yield self._missing(number - 1)
        elif not rule.follows(entry, before.newest):
            yield ChainFault(rule.chain, number, "unlinked", entry.id)
        self._before = Chain(number, entry.seal)

    def at_end(self, end: Chain) -> Iterator[ChainFault]:
        """Yield the faults that the chain's noted end shows, once all entries were gone along."""
        before = self._before
        if before.length < end.length:
            yield self._missing(end.length)
        elif before != end:
            yield ChainFault(self._rule.chain, before.length, "unlinked")

    def _missing(self, last: int) -> ChainFault:
        return ChainFault(self._rule.chain, self._before.length + 1, "missing", last=last)
