"""The verbs of data protection: clear, the proof of it, and everything held about a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from profilecore.engine import clearing, owning
from profilecore.engine.kernel import Kernel
from profilecore.model.documents import Receipt
from profilecore.rules.chain import ChainFault
from profilecore.rules.clearing import ClearPlan

if TYPE_CHECKING:
    from profilecore.engine.due import DueReport
    from profilecore.engine.explaining import Explanation


class Privacy:
    """The part of the engine that answers for personal data."""

    _kernel: Kernel

    # ---- clear

    def plan_clear(self, profile_id: str) -> ClearPlan:
        """Work out a clear without writing, with all blockers as the actor may know them.

        :raises NotFound: as :meth:`get`.
        """
        return clearing.plan(self._kernel, profile_id)

    def clear(self, plan: ClearPlan | str, *, reason: str | None = None) -> Receipt:
        """Clear a person for good: this id, all merged into it, and all they own.

        Takes a plan or an id (any id of the person).  The receipt says ``erased`` once no byte
        of the store's files holds a cleared value, and ``pending`` while a reader or a deferred
        scrub still stands in the way.  A second clear gives the same receipt.  What a retention
        rule or a legal hold keeps is left, restricted: only for that purpose can it be read
        (``Actor.purpose``); :meth:`clear_due`, or releasing the hold, erases it.  ``reason`` is a
        code that stays on the receipt for ever: never name or describe the person in it.

        :raises ClearBlocked: with every blocker the actor may know.
        :raises StalePlan: if anything the plan rests on has changed.
        :raises NotFound: as :meth:`get`.
        """
        return clearing.clear(self._kernel, plan, reason)

    def clear_due(
        self,
        as_of: date | datetime | None = None,
        *,
        limit: int = 1_000,
        dry_run: bool = False,
        confirm: bool = False,
        watch: Callable[[DueReport, int], object] | None = None,
    ) -> DueReport:
        """Clear whom time is up for, as of a time, by default now; a scheduler calls it daily.

        That is whoever the chain's policy of inactivity (``inactivity`` of its settings) or a
        retention rule's ``maximum`` says, after the days of grace; and what an earlier clear had
        to keep and need not keep any longer.  At most ``limit`` people (1 to 10,000,000) are
        cleared or warned; ``more`` of the report says that there are others.  Who is blocked is
        tried again the day after.

        Small transactions follow one another, so that a run that was interrupted goes on where
        it stopped when it is called again; two workers may run at once.  The store is scrubbed
        once, at the end.  When the policy was switched on or changed, and more than its
        ``first_share`` of the active profiles are due at once, nobody active is cleared until
        ``confirm`` is given.  With ``dry_run`` nothing is written, and ``as_of`` may lie ahead.
        ``watch`` is told the report so far and how many people were looked at.

        :raises InvalidProfile: for a limit out of range, or a time that lies ahead.
        :raises ScopeDenied: if a property acts: it is the chain's to do.
        """
        from profilecore.engine.due import clear_due

        return clear_due(self._kernel, as_of, limit, dry_run, confirm, watch)

    def explain(self, profile_id: str) -> Explanation:
        """Tell what is held of a person by which rule until when, and when a clear may or must be.

        ``words`` of the answer says it in sentences.

        :raises NotFound: as :meth:`get`.
        """
        from profilecore.engine.explaining import explain

        return explain(self._kernel, profile_id)

    def record_activity(self, profile_id: str, day: date | None = None) -> None:
        """Note that the guest did something, as a login or a call; by default today.

        It counts against an automatic clear.  A day before the newest changes nothing.

        :raises InvalidProfile: for what is no day, or one that lies ahead.
        :raises ProfileCleared: if the person was cleared.
        :raises NotFound: as :meth:`get`.
        """
        owning.record_activity(self._kernel, profile_id, day)

    def receipt(self, profile_id: str) -> Receipt:
        """Give the newest receipt of a cleared person.

        :raises NotFound: if there is none.
        """
        return clearing.receipt(self._kernel, profile_id)

    def verify_receipts(self) -> list[ChainFault]:
        """Go through the receipts of all clears; give every place where their chain is broken.

        Nothing is given where each receipt says what it said when it was written, none is
        missing, and all are in their order.  Compare the ``seal`` of the newest with one noted
        outside the store to see that the chain was not written anew as a whole.
        """
        return clearing.verify_receipts(self._kernel)

    def scrub(self) -> int:
        """Finish pending clears; give the number of receipts that became ``erased``."""
        return clearing.scrub(self._kernel)

    # ---- access

    def access(self, profile_id: str) -> dict[str, Any]:
        """Give everything held about a person, plugins' data included, as JSON for the person.

        ``format`` numbers the form of the answer and ``made_at`` is when it was made; ``ids`` are
        the person's own, the root's first.  Files are described: :meth:`read_file` gives their
        bytes.  ``incomplete`` names each plugin that failed or is not loaded; the answer is whole
        if it is empty.

        Third parties are left out: ids of other people and names of staff become fixed words,
        companions of a stay a number.  Free text (notes, custom fields, what plugins hold) is not
        searched for names, so somebody must read the answer before it is handed out.

        Each request adds ``profile.accessed`` to the feed, without values.

        :raises NotFound: as :meth:`get`.
        """
        from profilecore.engine import accessing

        return accessing.access(self._kernel, profile_id)

    def access_page(self, profile_id: str) -> str:
        """Give what :meth:`access` gives as one HTML page that the person can read and print.

        It needs nothing else: no script, no other file.  It counts as an access request.

        :raises NotFound: as :meth:`get`.
        """
        from profilecore.engine.access_page import page

        return page(self.access(profile_id))
