"""The verbs of data protection: clear, the proof of it, and everything held about a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from profilecore.engine import clearing, owning
from profilecore.engine.kernel import Kernel
from profilecore.model.documents import Receipt
from profilecore.rules.chain import ChainFault
from profilecore.rules.clearing import ClearPlan

if TYPE_CHECKING:
    from profilecore.engine.residue import Fingerprints, Residue


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

    # ---- the proof that nothing is left

    def fingerprints(self, profile_id: str) -> Fingerprints:
        """Note in memory what to look for in the store's files once a person is cleared.

        Call it before the clear, with any id of the person.  It takes every value that could be
        stored of this id and all merged into it, what they own and the journals of their merges:
        as written, in canonical form, folded as search terms are, escaped as JSON is, and windows
        of long texts and of the contents of files.

        What many people share proves nothing of one of them, and is left out: values under 5
        bytes, dates, flags, codes; places, kinds and the words that people are filtered by
        (``Search.EXACT``, except external ids); short words of fields that are neither contact,
        identity nor special data; and what a clear keeps.  Of names, the whole line is looked
        for, and the names as stored beside the date of birth.

        :raises ScopeDenied: unless it is the chain that acts: the answer covers all properties.
        :raises StoreUnavailable: if the store keeps no files.
        :raises NotFound: as :meth:`get`.
        """
        from profilecore.engine import residue

        return residue.fingerprints(self._kernel, profile_id)

    def residue(
        self, fingerprints: Fingerprints, watch: Callable[[int, int], object] | None = None
    ) -> Residue:
        """Look through every byte of the store's files for what was noted of persons.

        Other processes read the files, in bounded memory.  ``watch`` is told now and then how
        many bytes are done, and of how many; an exception from it, or an interrupt, ends them.
        What is found is ``shared`` where a living document of somebody else holds it as well,
        which takes a pass over the store, and only then.

        :raises StoreUnavailable: if the store keeps no files.
        :raises ProfilecoreError: if the files cannot be read, or no Python can be started for it.
        """
        from profilecore.engine import residue

        return residue.residue(self._kernel, fingerprints, watch)

    def access(self, profile_id: str) -> dict[str, Any]:
        """Give everything held about a person as plain JSON, every plugin's data included."""
        return owning.access(self._kernel, profile_id)
