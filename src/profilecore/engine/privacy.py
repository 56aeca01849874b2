"""The verbs of data protection: clear, the proof of it, and everything held about a person."""

from __future__ import annotations

from typing import Any

from profilecore.engine import clearing
from profilecore.engine.kernel import Kernel
from profilecore.model.documents import Receipt
from profilecore.rules.chain import ChainFault
from profilecore.rules.clearing import ClearPlan


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
        scrub still stands in the way.  A second clear gives the same receipt.  ``reason`` is a
        code that stays on the receipt for ever: never name or describe the person in it.

        :raises ClearBlocked: with every blocker the actor may know.
        :raises StalePlan: if anything the plan rests on has changed.
        :raises NotFound: as :meth:`get`.
        """
        return clearing.clear(self._kernel, plan, reason)

    def receipt(self, profile_id: str) -> Receipt:
        """Give the receipt of a cleared person.

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
