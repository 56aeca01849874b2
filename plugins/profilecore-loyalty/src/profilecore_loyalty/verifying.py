"""Verify the ledger: work everything out anew from the movements, and name what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from profilecore.codec import Codec
from profilecore.model import State
from profilecore.values import frozen
from profilecore_loyalty.amounts import is_whole
from profilecore_loyalty.ledger import (
    MOVEMENT,
    TOTALS,
    Account,
    Movement,
    Totals,
    added,
    standing,
    summed,
)
from profilecore_loyalty.lots import total
from profilecore_loyalty.membership import MEMBERSHIP, Membership

if TYPE_CHECKING:
    from profilecore import Engine
    from profilecore.store import Reader

PAGE = 5_000
T = TypeVar("T")
Watch = Callable[[int], object]


@frozen
class Difference:
    """Something that is stored otherwise than the movements say.

    ``what`` is ``balance`` or ``lots`` of a membership, ``postings`` of a movement (``id`` is
    its id), or ``liability`` or an account of a programme's totals.  Of what cannot be added up it
    is ``amounts``: how many numbers in it are no whole ones.
    """

    programme: str
    what: str
    stored: int
    found: int
    id: str | None = None


def verify(engine: Engine, watch: Watch | None = None) -> list[Difference]:
    """Compare balances, lots and totals with the movements, all of one moment.

    It reads the whole ledger, beside others' work.
    """
    with engine.store.read() as reader:
        return list(_Check(reader, watch).differences())


class _Check:
    """One verification, of one consistent state of the store."""

    def __init__(self, reader: Reader, watch: Watch | None) -> None:
        self._reader = reader
        self._watch = watch
        self._done = 0
        self._codec = Codec()
        self._state = self._codec.picker(("state",))
        self._points: dict[tuple[str, str], int] = {}
        self._accounts: dict[str, dict[str, int]] = {}
        self._owed: dict[str, int] = {}

    def differences(self) -> Iterator[Difference]:
        for movement in self._values(MOVEMENT, Movement):
            yield from self._movement(movement)
        for membership in self._values(MEMBERSHIP, Membership):
            yield from self._membership(membership)
        for (code, id), points in self._points.items():
            if points:  # movements of a membership that there is not
                yield Difference(code, "balance", 0, points, id)
        for totals in self._values(TOTALS, Totals):
            yield from self._totals(totals)

    def _values(self, kind: str, cls: type[T]) -> Iterator[T]:
        """Yield the values of a kind, but for what the law keeps of people who were cleared.

        Their part of the totals was closed when they were cleared.
        """
        after: str | None = None
        while page := self._reader.listing(kind, after, PAGE):
            owners = {document.owner for document in page}
            people = self._reader.get_many("profile", sorted(owners))
            gone = {
                person.id
                for person in people
                if self._state(person.body)["state"]
                in (State.CLEARED.value, State.RESTRICTED.value)
            }
            for document in page:
                if document.owner not in gone:
                    yield self._codec.load(cls, document.body)
            after = page[-1].id
            self._done += len(page)
            if self._watch is not None:
                self._watch(self._done)

    def _movement(self, movement: Movement) -> Iterator[Difference]:
        code = movement.programme
        odd = _odd(_amounts(movement))
        if odd:
            yield Difference(code, "amounts", odd, 0, movement.id)
            return
        rest = sum(posting.points for posting in movement.postings)
        if rest or len(movement.postings) < 2:
            yield Difference(code, "postings", rest, 0, movement.id)
        of = code, movement.membership
        self._points[of] = self._points.get(of, 0) + movement.points
        self._accounts[code] = summed(self._accounts.get(code, {}), [movement])

    def _membership(self, membership: Membership) -> Iterator[Difference]:
        code, balance = membership.programme, membership.balance
        found = self._points.pop((code, membership.id), 0)
        odd = _odd((balance, *(lot.points for lot in membership.lots)))
        if odd:
            yield Difference(code, "amounts", odd, 0, membership.id)
            return
        if found != balance:
            yield Difference(code, "balance", balance, found, membership.id)
        if total(membership.lots) != max(0, balance):
            yield Difference(code, "lots", total(membership.lots), max(0, balance), membership.id)
        self._owed[code] = self._owed.get(code, 0) + balance

    def _totals(self, totals: Totals) -> Iterator[Difference]:
        code = totals.programme
        held = [*totals.accounts.values(), *totals.cleared.values()]
        odd = sum(type(points) is not int for points in held)
        if odd:
            yield Difference(code, "amounts", odd, 0)
            return
        found = added(self._accounts.get(code, {}), totals.cleared)
        for account in Account:
            stored = totals.accounts.get(account.value, 0)
            if account is not Account.MEMBER and stored != found.get(account.value, 0):
                yield Difference(code, account.value, stored, found.get(account.value, 0))
        liability, owed = standing(totals).liability, self._owed.get(code, 0)
        if liability != owed:
            yield Difference(code, "liability", liability, owed)


def _odd(amounts: Iterable[object]) -> int:
    return sum(not is_whole(amount) for amount in amounts)


def _amounts(movement: Movement) -> Iterator[object]:
    yield from (posting.points for posting in movement.postings)
    yield from (lot.points for lot in movement.lots)
    if movement.counts is not None:
        yield from (movement.counts.nights, movement.counts.stays, movement.counts.spend)
    if movement.rated is not None:
        yield from (movement.rated.spend, movement.rated.points)
