"""The verbs of data protection: clear, the proof of it, and everything held about a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from profilecore.engine.kernel import Kernel
from profilecore.model.documents import Chain, Receipt

if TYPE_CHECKING:
    from profilecore.engine.due import DueReport
    from profilecore.engine.explaining import Explanation
    from profilecore.engine.residue import Fingerprints, Residue
    from profilecore.engine.retaining import Finding, KnownRule
    from profilecore.model.profile import Profile
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
        from profilecore.engine import clearing

        return clearing.plan(self._kernel, profile_id)

    def clear(
        self, plan: ClearPlan | str, *, reason: str | None = None, objected: bool = False
    ) -> Receipt:
        """Clear a person for good: this id, all merged into it, and all they own.

        Takes a plan or an id (any id of the person).  The receipt says ``erased`` once no byte
        of the store's files holds a cleared value, and ``pending`` while a reader or a deferred
        scrub still stands in the way.  A second clear gives the same receipt.  What a retention
        rule or a legal hold keeps is left, restricted: only for that purpose can it be read
        (``Actor.purpose``); :meth:`clear_due`, or releasing the hold, erases it.  ``reason`` is a
        code that stays on the receipt for ever: never name or describe the person in it.

        With ``objected``, keyed hashes of the person's e-mail addresses, telephone, document and
        tax numbers stay, linked to nothing, so that an import that brings the person again has
        the row refused.  It needs the chain's ``suppression_key``.  Of somebody who was cleared
        already, what is still kept is hashed.

        :raises ClearBlocked: with every blocker the actor may know.
        :raises StalePlan: if anything the plan rests on has changed.
        :raises InvalidProfile: for ``objected`` without a ``suppression_key``.
        :raises NotFound: as :meth:`get`.
        """
        from profilecore.engine import clearing

        return clearing.clear(self._kernel, plan, reason, objected)

    def objected(self, profile: Profile | Mapping[str, Any]) -> bool:
        """Tell whether somebody with an identifier of this profile was cleared and objected.

        A desk may ask before it makes a profile for a guest; :meth:`create` itself does not.

        :raises InvalidProfile: if it is no profile, or if somebody has objected and the settings
            lack the ``suppression_key`` to tell whom.
        """
        from profilecore.engine import objecting

        return objecting.objected(self._kernel, profile)

    def lift_objection(self, profile: Profile | Mapping[str, Any]) -> int:
        """Forget the objections that an identifier of this profile belongs to; give how many.

        :raises InvalidProfile: if it is no profile, or the chain has no ``suppression_key``.
        """
        from profilecore.engine import objecting

        return objecting.lift(self._kernel, profile)

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

    def retention_rules(self) -> list[KnownRule]:
        """Give every retention rule that is known, by name: in force or off, and why."""
        from profilecore.engine.retaining import retention_rules

        return retention_rules(self._kernel)

    def check_retention(self, watch: Callable[[int, int], object] | None = None) -> list[Finding]:
        """Go through all stays and the rules in force; give what is wrong or open in the settings.

        What is wrong comes first: properties with stays but without a country, rules that name
        fields or kinds nobody declares, a maximum shorter than its minimum.  Open is what
        somebody should know: unverified rules in force, no time zone, rules of countries where
        no property is.  Nothing is written.  ``watch`` is told how many of how many people were
        gone through.

        :raises PluginError: if a host's source of stays fails.
        :raises ScopeDenied: if a property acts: it is the chain's to do.
        """
        from profilecore.engine.retaining import check_retention

        return check_retention(self._kernel, watch)

    def record_activity(self, profile_id: str, day: date | None = None) -> None:
        """Note that the guest did something, as a login or a call; by default today.

        It counts against an automatic clear.  A day before the newest changes nothing.

        :raises InvalidProfile: for what is no day, or one that lies ahead.
        :raises ProfileCleared: if the person was cleared.
        :raises NotFound: as :meth:`get`.
        """
        from profilecore.engine import owning

        owning.record_activity(self._kernel, profile_id, day)

    def receipt(self, profile_id: str) -> Receipt:
        """Give the newest receipt of a cleared person.

        :raises NotFound: if there is none.
        """
        from profilecore.engine import clearing

        return clearing.receipt(self._kernel, profile_id)

    def scrub(self) -> int:
        """Finish pending clears; give the number of receipts that became ``erased``.

        Also where none is pending, nothing is left in the store's files of what was deleted or
        replaced, as far as the store can do that: of a merge that was undone, of a document.
        """
        from profilecore.engine import scrubbing

        return scrubbing.scrub(self._kernel, asked=True)

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
        from profilecore.engine import auditing

        return auditing.verify(self._kernel, watch)

    def verify_receipts(self, watch: Callable[[int], object] | None = None) -> list[ChainFault]:
        """Go along the chain of receipts alone; as :meth:`verify`."""
        from profilecore.engine import auditing

        return auditing.verify_receipts(self._kernel, watch)

    def verify_audit(self, watch: Callable[[int], object] | None = None) -> list[ChainFault]:
        """Go along the chain of events alone; as :meth:`verify`."""
        from profilecore.engine import auditing

        return auditing.verify_audit(self._kernel, watch)

    def ends(self) -> dict[str, Chain]:
        """Give where the chains end now: by ``receipts`` and ``audit``, their length and seal."""
        from profilecore.engine import auditing

        return auditing.ends(self._kernel)
