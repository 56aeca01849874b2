"""The verbs of data protection: clear, the proof of it, and everything held about a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from profilecore.engine import auditing, clearing, owning
from profilecore.engine.kernel import Kernel
from profilecore.model.documents import Chain, Receipt
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

    def scrub(self) -> int:
        """Finish pending clears; give the number of receipts that became ``erased``."""
        return clearing.scrub(self._kernel)

    def access(self, profile_id: str) -> dict[str, Any]:
        """Give everything held about a person as plain JSON, every plugin's data included."""
        return owning.access(self._kernel, profile_id)

    # ---- prove that nobody meddled

    def verify(self, watch: Callable[[int], object] | None = None) -> list[ChainFault]:
        """Go along the chain of receipts and that of events; give every place that is broken.

        Nothing is given where each entry says what it said when it was written, none is missing,
        and all are in their order.  Entries that were written before there was a chain prove
        nothing.  ``watch`` is told now and then how many entries are gone along.  Others may
        read and write meanwhile.

        Who can write to the store can write a chain anew as a whole: compare :meth:`ends` with
        what was noted outside the store.
        """
        return auditing.verify(self._kernel, watch)

    def verify_receipts(self, watch: Callable[[int], object] | None = None) -> list[ChainFault]:
        """Go along the chain of receipts alone; as :meth:`verify`."""
        return auditing.verify_receipts(self._kernel, watch)

    def verify_audit(self, watch: Callable[[int], object] | None = None) -> list[ChainFault]:
        """Go along the chain of events alone; as :meth:`verify`."""
        return auditing.verify_audit(self._kernel, watch)

    def ends(self) -> dict[str, Chain]:
        """Give where the chains end now: by ``receipts`` and ``audit``, their length and seal."""
        return auditing.ends(self._kernel)
