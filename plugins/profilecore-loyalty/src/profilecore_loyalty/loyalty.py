"""The verbs of loyalty programmes, for hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING

from profilecore.errors import InvalidProfile, PluginError, Problem, ScopeDenied
from profilecore_loyalty import (
    awarding,
    enrolling,
    expiring,
    moving,
    reading,
    statement,
    stays,
    tiers,
    verifying,
)
from profilecore_loyalty.awarding import Award, Awarded
from profilecore_loyalty.closing import Closing
from profilecore_loyalty.days import today
from profilecore_loyalty.enrolling import Card
from profilecore_loyalty.expiring import Expired
from profilecore_loyalty.ledger import Movement, Standing, standing
from profilecore_loyalty.membership import Membership, MembershipState
from profilecore_loyalty.programme import Programme
from profilecore_loyalty.statement import Statement
from profilecore_loyalty.verifying import Difference

if TYPE_CHECKING:
    from profilecore import Engine, Stay

Watch = Callable[[int], object]


class Loyalty:
    """Programmes, memberships and points on an engine that has the plugin.

    Each verb is one transaction, or part of the caller's.  Points are whole numbers.  A *reference*
    is the host's own name for what it books: told again it changes nothing, told for something
    else it is refused.  People are named by any id they ever had.

    :raises PluginError: if the engine has no loyalty plugin.
    """

    def __init__(self, engine: Engine) -> None:
        closing = engine.plugins.contributions.elsewhere.get(Closing.name)
        if not isinstance(closing, Closing):
            raise PluginError(Closing.name, "loading", "is not there; install profilecore-loyalty")
        self._engine = engine
        self._declared = closing.declared

    # ---- programmes

    def define_programme(self, programme: Programme) -> Programme:
        """Define a programme, or change the one of its code, and give it.

        :raises ScopeDenied: if a property acts.
        :raises InvalidProfile: if the settings declare one of this code: change it there.
        """
        if programme.code in self._declared:
            raise InvalidProfile([Problem("/code", "taken", "is declared in the settings")])
        self._engine.store_document(reading.PROGRAMME, programme, id=programme.code)
        return programme

    def programme(self, code: str) -> Programme:
        """Give a programme.

        :raises NotFound: if there is none.
        """
        return reading.programme_of(self._engine, self._declared, code)

    def programmes(self) -> list[Programme]:
        """Give all programmes, those of the settings too, by code."""
        return reading.programmes_of(self._engine, self._declared)

    def totals(self, code: str) -> Standing:
        """Give what stands in the accounts of a programme, without any person.

        :raises NotFound: if there is no such programme.
        """
        return standing(reading.totals_of(self._engine, self.programme(code).code)[0])

    # ---- memberships

    def enrol(self, profile_id: str, code: str, card: Card | None = None) -> Membership:
        """Enrol a person and give the membership; who is enrolled already stays so.

        A number that the person does not have yet becomes the present one; the old ones go on
        finding the member.  Who had left is enrolled again.

        :raises NumberTaken: if the number is another member's.
        :raises InvalidProfile: naming what is wrong with the card.
        :raises NotFound: if there is no such profile or programme.
        """
        programme = self.programme(code)
        return enrolling.enrol(self._engine, programme, profile_id, card or Card())

    def set_state(self, profile_id: str, code: str, state: MembershipState) -> Membership:
        """Cancel, decline or accept a membership; its points stay until they expire.

        :raises NotEnrolled: if the person has none.
        """
        return enrolling.set_state(self._engine, self.programme(code), profile_id, state)

    def membership(self, profile_id: str, code: str) -> Membership:
        """Give what a person has in a programme: merged memberships read as one.

        :raises NotEnrolled: if the person has none.
        """
        return enrolling.membership(self._engine, self.programme(code), profile_id)

    def memberships(self, profile_id: str) -> list[Membership]:
        """Give all that a person has: each programme once, and each external card.

        A programme need not be there any more.
        """
        programmes = {programme.code: programme for programme in self.programmes()}
        return enrolling.all_memberships(self._engine, programmes, profile_id)

    def find(self, code: str, number: str) -> str:
        """Give the id of the person with a number, present or former; spaces and case are free.

        :raises NotFound: if nobody has it.
        """
        return enrolling.find(self._engine, self.programme(code).code, number)

    # ---- points

    def earn(
        self,
        profile_id: str,
        code: str,
        points: int,
        reference: str,
        *,
        on: date | None = None,
        reason: str | None = None,
    ) -> Movement:
        """Give a person points, for a day that is not ahead (the chain's today, if none is given).

        :raises NotEnrolled: if the person is not enrolled.
        :raises ReferenceTaken: if the reference stands for something else.
        :raises KeptByProvider: if the points are an external partner's.
        :raises InvalidProfile: naming what is wrong.
        """
        made = self.earn_many(code, [Award(profile_id, points, reference, on, reason)])
        if made.refused:
            raise made.refused[0].error
        return made.movements[0]

    def earn_many(self, code: str, awards: Iterable[Award]) -> Awarded:
        """Give many people points, several hundred in a transaction; refused ones are told."""
        return awarding.award(self._engine, self.programme(code), awards)

    def earn_from_stay(self, stay: Stay, code: str, spend: int | None = None) -> list[Movement]:
        """Give the guest of a stay what it earns by the programme's rules.

        Told again it changes nothing, whatever the rules are by then; told after it was changed,
        cancelled or given to another guest it is corrected.  It is known by its id, and by its
        property and reference.  ``spend`` is what the guest spent, in the smallest coin; ``None``
        is the stay's revenue, where that is in the programme's currency, and else what was told
        before.  What is only noted is a movement of no points.

        :raises NotEnrolled: if the guest is not enrolled, unless less than before is due.
        :raises InvalidProfile: naming what is wrong, as a spend that is no whole number.
        :raises ReferenceTaken: if it counts for somebody whom the actor may not see.
        """
        return stays.earn_from_stay(self._engine, self.programme(code), stay, spend)

    def redeem(
        self, profile_id: str, code: str, points: int, reference: str, reason: str | None = None
    ) -> list[Movement]:
        """Take points for something; give a movement for each membership that they came from.

        :raises NotEnoughPoints: if there are too few, and the programme allows no debt.
        :raises ProfilecoreError: as :meth:`earn`.
        """
        programme = self.programme(code)
        return moving.redeem(self._engine, programme, profile_id, points, reference, reason)

    def adjust(
        self, profile_id: str, code: str, points: int, reference: str, reason: str | None = None
    ) -> list[Movement]:
        """Correct a balance by hand, up or (below zero) down; down also of who is not enrolled.

        :raises ProfilecoreError: as :meth:`redeem`.
        """
        programme = self.programme(code)
        return moving.adjust(self._engine, programme, profile_id, points, reference, reason)

    def transfer(
        self, from_id: str, to_id: str, code: str, points: int, reference: str
    ) -> list[Movement]:
        """Give points of one member to another; they expire when they would have.

        :raises ProfilecoreError: as :meth:`redeem`.
        """
        programme = self.programme(code)
        return moving.transfer(self._engine, programme, from_id, to_id, points, reference)

    def statement(
        self,
        profile_id: str,
        code: str,
        since: date | None = None,
        until: date | None = None,
    ) -> Statement:
        """Give a person's movements between two days, with the balances before and after.

        :raises NotEnrolled: if the person has no membership.
        """
        programme = self.programme(code)
        return statement.statement(self._engine, programme, profile_id, since, until)

    # ---- what a host runs every day

    def expire(
        self,
        code: str,
        as_of: date | None = None,
        *,
        limit: int = 1_000_000,
        watch: Watch | None = None,
    ) -> Expired:
        """Let points expire whose last day lies before ``as_of``, of at most ``limit`` memberships.

        Stopped at any point, the next run goes on; run twice, the second finds nothing.

        :raises ScopeDenied: if a property acts.
        """
        self._as_chain("let points expire")
        if limit < 1:
            raise InvalidProfile([Problem("/limit", "out-of-range", "must be at least 1")])
        programme = self.programme(code)
        return expiring.expire(self._engine, programme, as_of or self._today, limit, watch)

    def requalify(self, profile_id: str, code: str, as_of: date | None = None) -> Membership:
        """Give a person the tier that is due; after a merge, by what both memberships earned.

        :raises NotEnrolled: if the person is not enrolled.
        """
        day = as_of or self._today
        return tiers.requalify(self._engine, self.programme(code), profile_id, day)

    def requalify_all(
        self, code: str, as_of: date | None = None, *, watch: Watch | None = None
    ) -> int:
        """Requalify all members; give how many tiers changed.

        :raises ScopeDenied: if a property acts.
        """
        self._as_chain("requalify all members")
        day = as_of or self._today
        return tiers.requalify_all(self._engine, self.programme(code), day, watch)

    def verify(self, *, watch: Watch | None = None) -> list[Difference]:
        """Work out all balances and totals anew from the movements, and name what differs.

        It sees what is committed, as of one moment, and no other writer waits for it.

        :raises ScopeDenied: if a property acts.
        """
        self._as_chain("verify the ledger")
        return verifying.verify(self._engine, watch)

    @property
    def _today(self) -> date:
        return today(self._engine)

    def _as_chain(self, what: str) -> None:
        if self._engine.actor.property_id is not None:
            raise ScopeDenied(what)
