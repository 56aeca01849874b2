"""Plan a run: who can be reported, who is incomplete, what was sent before and has changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from functools import cached_property

import attrs

from profilecore.model.enums import State, StayStatus
from profilecore.rules.checks import Missing
from profilecore.values import frozen
from profilecore_exports.contract import (
    Action,
    Amends,
    Format,
    Moment,
    Report,
    Setting,
    changed,
)
from profilecore_exports.faults import Unwritable
from profilecore_exports.gathering import Due, Watch
from profilecore_exports.guests import Guest, Party
from profilecore_exports.register import Entry, digest_of, entry_id

# Records are compared as those of one of several, so that who else goes along is no change.
SEVERAL = 2


class Choice(Enum):
    """What happens to a guest who has a problem.

    ``IGNORE`` reports the guest all the same where the record can be written without it,
    ``EXCLUDE`` leaves the guest out, ``CANCEL`` stops the whole run.
    """

    IGNORE = "ignore"
    EXCLUDE = "exclude"
    CANCEL = "cancel"


@frozen
class Incomplete:
    """A guest who cannot be reported, or was in spite of what is missing (``ignored``)."""

    guest_id: str
    stay_id: str
    moment: Moment
    day: date
    missing: tuple[Missing, ...]
    ignored: bool = False


@frozen
class Changed:
    """Something sent that is not true any more and that a person has to put right."""

    guest_id: str
    stay_id: str
    moment: Moment
    why: str
    do: str


@frozen
class Late:
    """A guest whose report is late now, written or not: it was due ``until`` then.

    The time is by the clock of the property.
    """

    guest_id: str
    stay_id: str
    moment: Moment
    until: datetime


@frozen
class WrittenFile:
    """A file of a run: its name, SHA-256, ``report`` or ``cancellation``, and its guests."""

    name: str
    checksum: str
    kind: str
    guests: int


@frozen
class Run:
    """What came of a run, by ids alone.

    ``stopped`` runs have written nothing.  ``counts``: reported, corrected (sent again under its
    number), cancelled, already (in the register), not_covered, not_yet (to arrive later),
    cleared, late.
    """

    format: str
    property_id: str
    first: date
    last: date
    files: tuple[WrittenFile, ...] = ()
    incomplete: tuple[Incomplete, ...] = ()
    changed: tuple[Changed, ...] = ()
    late: tuple[Late, ...] = ()
    counts: Mapping[str, int] = attrs.field(factory=dict)
    stopped: bool = False

    @property
    def is_clean(self) -> bool:
        """Tell whether nobody has anything left to do."""
        return not self.changed and all(each.ignored for each in self.incomplete)


@attrs.define(eq=False, repr=False)
class Plan:
    """What a run is going to write."""

    format: Format
    reports: list[Report] = attrs.field(factory=list)
    cancellations: list[Report] = attrs.field(factory=list)
    incomplete: list[Incomplete] = attrs.field(factory=list)
    changed: list[Changed] = attrs.field(factory=list)
    late: list[Late] = attrs.field(factory=list)
    digests: dict[str, str] = attrs.field(factory=dict)
    counts: dict[str, int] = attrs.field(factory=dict)
    is_cancelled: bool = False

    def count(self, what: str, number: int = 1) -> None:
        """Count something that happened to a guest."""
        if number:
            self.counts[what] = self.counts.get(what, 0) + number

    def run(
        self,
        property_id: str,
        first: date,
        last: date,
        files: tuple[WrittenFile, ...],
        stopped: bool,
    ) -> Run:
        """Give what came of it."""
        return Run(
            self.format.name,
            property_id,
            first,
            last,
            files,
            tuple(self.incomplete),
            tuple(self.changed),
            tuple(self.late),
            {what: number for what, number in sorted(self.counts.items()) if number},
            stopped,
        )


@attrs.define(eq=False, repr=False, slots=False)
class Planning:
    """Goes through the parties that are due; ``entries`` are those of their guests."""

    format: Format
    setting: Setting
    entries: Mapping[str, Entry]
    choices: Mapping[str, Choice]
    again: bool = False

    @cached_property
    def made(self) -> Plan:
        """The plan so far."""
        return Plan(self.format)

    def plan(self, dues: Iterable[Due], watch: Watch) -> Plan:
        """Plan all parties, in their order."""
        listed = list(dues)
        for number, one in enumerate(listed):
            if number % 200 == 0:
                watch("Checking guests", number, len(listed))
            self._add(one)
        return self.made

    def _add(self, one: Due) -> None:
        made, format = self.made, self.format
        made.count("cleared", one.cleared)
        self._take_back(one, one.left, "left-the-stay")
        if one.is_off:
            self._take_back(one, one.party.guests, "stay-cancelled")
            return
        if one.is_deserted:
            return
        if self._is_to_come(one):
            made.count("not_yet", len(one.party.guests))
            return
        covered = list(format.chosen(one.party))
        made.count("not_covered", len(one.party.guests) - len(covered))
        if one.unknown:
            what = "A companion of this stay has no profile; correct the companions of the stay."
            self._refuse(
                one, one.party.head, [Missing("/stay/companions", "companion", what, "desk")]
            )
        good = self._complete(one, covered)
        going = self._going(one, good)
        if format.headed and going:
            going = self._headed(one, going)
        self._report(one, self._ruled(one, going))

    def _is_to_come(self, one: Due) -> bool:
        if one.moment is Moment.BOOKING or one.day <= self.setting.made_at.date():
            return False
        is_here = one.party.stay.status is StayStatus.IN_HOUSE and one.party.part == 0
        return not (one.moment is Moment.ARRIVAL and is_here)

    # ---- who is complete

    def _complete(self, one: Due, guests: Sequence[Guest]) -> list[Report]:
        """Give the reports of those who can be reported, written; note the others."""
        good = []
        for guest in guests:
            missing, hard = self._missing(guest)
            report = self._report_of(one, guest)
            if not hard:
                try:
                    text = self.format.write(changed(report, number=0), self.setting)
                    report = changed(report, text=text)
                except Unwritable as error:
                    hard = [Missing(p.path, p.code, p.message, "desk") for p in error.problems]
                    missing = [*missing, *hard]
            if missing:
                self._refuse(one, guest, missing, ignored=not hard)
            if not hard:
                good.append(report)
        return good

    def _missing(self, guest: Guest) -> tuple[list[Missing], list[Missing]]:
        """Give what a guest lacks, and what of it keeps the guest out."""
        needed = list(self.format.missing(guest))
        hard = [m for need, m in needed if not (need.soft and self._is_ignored(m.code))]
        return [missing for _, missing in needed], hard

    def _is_ignored(self, code: str) -> bool:
        return self.choices.get(code) is Choice.IGNORE

    def _ruled(self, one: Due, going: list[Report]) -> list[Report]:
        """Leave out those who may not go with the others that go, until all may."""
        while going and self.format.rules is not None:
            broken = {
                report.key: Missing(problem.path, problem.code, problem.message, "desk")
                for report, problem in self.format.rules(going, self.setting)
            }
            out = [r for r in going if r.key in broken and not self._is_ignored(broken[r.key].code)]
            for report in out:
                self._refuse(one, report.guest, [broken[report.key]])
            if not out:
                break
            going = [report for report in going if report not in out]
        return going

    def _refuse(
        self, one: Due, guest: Guest, missing: Sequence[Missing], *, ignored: bool = False
    ) -> None:
        if any(self.choices.get(m.code) is Choice.CANCEL for m in missing):
            self.made.is_cancelled = True
        stay = one.party.stay.id
        self.made.incomplete.append(
            Incomplete(guest.id, stay, one.moment, one.day, tuple(missing), ignored)
        )
        self._note_late(one, [guest])

    # ---- what was sent before

    def _going(self, one: Due, good: Sequence[Report]) -> list[Report]:
        """Give those who are to be written: not yet sent, refused, or changed since."""
        common = ""
        if good and self.format.common is not None:
            common = self.format.common(one.party, self.setting)
        olds: dict[str, Entry] = {}
        going, edited = [], []
        for report in good:
            id = entry_id(self.format.name, report)
            digest = digest_of(report.text, common)
            self.made.digests[id] = digest
            old = self.entries.get(id)
            if old is None or not old.stands:
                going.append(self._anew(report, old))
                continue
            olds[report.guest.id] = old
            for surplus, other in list(self._standing(one, report.guest))[1:]:
                # Two guests of this stay turned out to be one person.
                self._cancel(one, surplus, other, "merged")
            if self.again:
                going.append(self._anew(report, old))
            elif old.digest not in (None, digest):
                edited.append(report)
            else:
                self.made.count("already")
        return going + self._amended(one, good, edited, olds) if edited else going

    @staticmethod
    def _anew(report: Report, old: Entry | None) -> Report:
        return report if old is None else changed(report, number=old.number)

    def _amended(
        self,
        one: Due,
        good: Sequence[Report],
        edited: Sequence[Report],
        olds: Mapping[str, Entry],
    ) -> list[Report]:
        if self.format.amends is Amends.AGAIN:
            edited = [r for r in edited if self._is_taken(one, r, olds[r.guest.id].copy)]
            self.made.count("corrected", len(edited))
            return [
                changed(
                    report,
                    action=Action.CHANGE,
                    number=olds[report.guest.id].number,
                    reference=olds[report.guest.id].reference,
                )
                for report in edited
            ]
        if self.format.amends is Amends.BY_HAND:
            for report in edited:
                self._by_hand(one, report.guest, "edited", "Tell the authority by hand.")
            return []
        return self._cancelled_and_anew(one, good, edited, olds)

    def _is_taken(self, one: Due, report: Report, sent: str | None) -> bool:
        """Tell whether the authority takes a correction; else leave it to a person."""
        fixed = self.format.unchangeable
        is_taken = fixed is None or sent is None or not fixed(sent, report.text)
        if not is_taken:
            do = "The authority takes no change of this: cancel it there, and enter it anew."
            self._by_hand(one, report.guest, "edited", do)
        return is_taken

    def _cancelled_and_anew(
        self,
        one: Due,
        good: Sequence[Report],
        edited: Sequence[Report],
        olds: Mapping[str, Entry],
    ) -> list[Report]:
        """Take back every communication that has an edited guest in it, and send all of it anew."""
        known = {olds[r.guest.id].reference for r in edited} - {None}
        for report in edited:
            if olds[report.guest.id].reference is None:
                self._by_hand(
                    one,
                    report.guest,
                    "edited",
                    "Read the authority's answer first; its number is needed to cancel.",
                )
        again = [r for r in good if r.guest.id in olds and olds[r.guest.id].reference in known]
        for report in again:
            reference = olds[report.guest.id].reference
            self.made.cancellations.append(
                changed(report, action=Action.CANCEL, reference=reference)
            )
        self.made.count("already", -sum(r not in edited for r in again))
        self.made.count("cancelled", len(again))
        return again

    def _take_back(self, one: Due, guests: Iterable[Guest], why: str) -> None:
        """Cancel what was sent of guests who, it turned out, were not there."""
        for guest in guests:
            for report, old in self._standing(one, guest):
                self._cancel(one, report, old, why)

    def _cancel(self, one: Due, report: Report, old: Entry, why: str) -> None:
        needs_reference = self.format.amends is Amends.CANCEL
        is_cleared = report.guest.profile.state is not State.ACTIVE
        if (
            self.format.cancel is None
            or (needs_reference and old.reference is None)
            or (is_cleared and not self.format.cancels_bare)
        ):
            self._by_hand(one, report.guest, why, "Tell the authority by hand.")
            return
        self.made.cancellations.append(
            changed(
                report,
                action=Action.CANCEL,
                number=old.number,
                reference=old.reference,
                text=old.copy or "",
            )
        )
        self.made.count("cancelled")

    def _report_of(self, one: Due, guest: Guest) -> Report:
        """Give the report of a guest, under the id that stands in the register."""
        for report, _ in self._standing(one, guest):
            return report
        return Report(guest, one.party, one.moment, size=SEVERAL)

    def _standing(self, one: Due, guest: Guest) -> Iterator[tuple[Report, Entry]]:
        """Yield what was sent of a guest, under any id that was merged into this one."""
        for id in guest.profile.family if self.entries else ():
            report = Report(guest, one.party, one.moment, size=SEVERAL, reported_as=id)
            entry = self.entries.get(entry_id(self.format.name, report))
            if entry is not None and entry.stands:
                yield report, entry

    def _by_hand(self, one: Due, guest: Guest, why: str, do: str) -> None:
        self.made.changed.append(Changed(guest.id, one.party.stay.id, one.moment, why, do))

    # ---- the head

    def _headed(self, one: Due, going: list[Report]) -> list[Report]:
        """Give the party with a head before its members, or note that there is none."""
        for report in sorted(going, key=lambda r: not r.guest.is_head):
            lead = changed(report, guest=changed(report.guest, is_head=True))
            if any(True for _ in self.format.missing(lead.guest)):
                continue
            others = [
                changed(r, guest=changed(r.guest, is_head=False)) for r in going if r is not report
            ]
            return [lead, *others]
        what = (
            "The head of the party is incomplete or was reported before, and nobody else has what "
            "a head needs: add a document."
        )
        for report in going:
            self._refuse(one, report.guest, [Missing("/documents", "head", what, "desk")])
        return []

    def _report(self, one: Due, going: Sequence[Report]) -> None:
        written = []
        for report in going:
            report = changed(report, size=len(going))
            if self.format.headed or report.action is Action.CHANGE:
                report = changed(report, text=self.format.write(report, self.setting))
            written.append(report)
        self.made.reports += written
        self.made.count("reported", sum(r.action is Action.NEW for r in written))
        self._note_late(one, [report.guest for report in written])

    def _note_late(self, one: Due, guests: Sequence[Guest]) -> None:
        ends = self.format.deadline.ends(_moment(one.party, one), one.party.nights)
        if ends is not None and ends < self.setting.made_at:
            stay = one.party.stay.id
            self.made.late += [Late(guest.id, stay, one.moment, ends) for guest in guests]
            self.made.count("late", len(guests))


def _moment(party: Party, one: Due) -> datetime:
    """Give when a deadline starts to run, by the clock of the property."""
    if one.moment is Moment.ARRIVAL:
        return party.head.arrived
    if one.moment is Moment.DEPARTURE and party.head.leaves is not None:
        return party.head.leaves
    booked = party.stay.booked_at
    if one.moment is Moment.BOOKING and booked is not None:
        return booked.replace(tzinfo=None)
    return datetime.combine(one.day, datetime.min.time())
