"""What a clear does to points: they block it, or are closed; the totals stay exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from profilecore import Entry
from profilecore.errors import Blocker, NotFound
from profilecore.rules.visibility import CHAIN
from profilecore_loyalty.ledger import MOVEMENT, Movement
from profilecore_loyalty.lots import first_end
from profilecore_loyalty.membership import MEMBERSHIP, Membership, numbers_of
from profilecore_loyalty.programme import ClearPolicy
from profilecore_loyalty.reading import programme_of, put_totals, totals_of

if TYPE_CHECKING:
    from profilecore import Engine, Stored
    from profilecore_loyalty.programme import Programme


class Closing:
    """Winds up a person's memberships when the person is cleared.

    It is registered as something held elsewhere, for it runs inside the clear, while the
    memberships and movements are still there.  It erases nothing itself: the engine does, by the
    rule of their kinds.  ``declared`` are the programmes of the settings.
    """

    name = "loyalty"

    def __init__(self, declared: Sequence[Programme]) -> None:
        self.declared = {programme.code: programme for programme in declared}
        self._engine: Engine | None = None

    def attach(self, engine: Engine) -> None:
        """Take the engine whose store it winds up in."""
        self._engine = engine

    @property
    def engine(self) -> Engine:
        """The engine; a plugin without one can neither allow a clear nor take part in it."""
        if self._engine is None:
            raise RuntimeError("the plugin was not told its engine")
        return self._engine

    def blockers(self, profile_id: str) -> Iterator[Blocker]:
        """Yield a reason not to clear a person for each programme whose points block it."""
        with self.engine.acting(CHAIN):
            balances: dict[str, int] = {}
            for membership in self._memberships(profile_id):
                code = membership.programme
                balances[code] = balances.get(code, 0) + membership.balance
            for code, balance in balances.items():
                if balance > 0:
                    yield from self._blocked(code)

    def _blocked(self, code: str) -> Iterator[Blocker]:
        try:
            programme = programme_of(self.engine, self.declared, code)
        except NotFound:
            message = (
                f"There are points in {code}, a programme that is no more; define or declare it "
                "again, so that it says what a clear does to them."
            )
            yield Blocker("loyalty-programme", message)
            return
        if programme.on_clear is ClearPolicy.BLOCK:
            message = f"There are points in {code}; have them used or adjusted first."
            yield Blocker("loyalty-points", message)

    def export(self, profile_ids: Sequence[str]) -> Any:
        """Give nothing: memberships and movements are documents of the person's."""
        return None

    def erase(self, profile_ids: Sequence[str]) -> int:
        """Close what a person has in the totals; nothing is elsewhere that it could erase."""
        engine = self.engine
        with engine.acting(CHAIN):
            found = engine.documents(MEMBERSHIP, profile_id=profile_ids[0])
            if not found:
                return 0
            self._let_none_expire(found)
            memberships: list[Membership] = [each.value for each in found]
            stored = engine.documents(MOVEMENT, profile_id=profile_ids[0])
            movements = [each.value for each in stored]
            for code in dict.fromkeys(m.programme for m in memberships if not m.external):
                self._close(
                    code,
                    [m for m in memberships if m.programme == code],
                    [m for m in movements if m.programme == code],
                )
        return 0

    def _let_none_expire(self, memberships: Sequence[Stored]) -> None:
        """Let no day find memberships any more: what a hold keeps is shown to nobody."""
        entries = [
            Entry(each.value, each.profile_id, each.id, each.version, tuple(numbers_of(each.value)))
            for each in memberships
            if first_end(each.value.lots) is not None
        ]
        if entries:
            self.engine.store_documents(MEMBERSHIP, entries, read=memberships)

    def _close(
        self, code: str, memberships: Iterable[Membership], movements: Iterable[Movement]
    ) -> None:
        totals, version = totals_of(self.engine, code)
        left = sum(membership.balance for membership in memberships)
        after = totals.without(movements, left)
        if after != totals:
            put_totals(self.engine, after, version)

    def _memberships(self, profile_id: str) -> list[Membership]:
        return [each.value for each in self.engine.documents(MEMBERSHIP, profile_id=profile_id)]
