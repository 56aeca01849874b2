"""Plan a run: who can be reported, who is incomplete, what was sent before and has changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property

import attrs

from profilecore.model.enums import State, StayStatus
from profilecore.rules.checks import Missing
from profilecore_exports.communications import Communications, Wrong
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
from profilecore_exports.outcome import Changed, Choice, Incomplete, Late, Plan
from profilecore_exports.register import Entry, Stage, digest_of, entry_id

# Records are compared as those of one of several, so that who else goes along is no change.
SEVERAL = 2


@attrs.define(eq=False, repr=False, slots=False)
class Planning:
    """Goes through the parties that are due; ``entries`` are those of their guests."""

    format: Format
    setting: Setting
    entries: Mapping[str, Entry]
    choices: Mapping[str, Choice]
    again: bool = False
    _wrong: list[Wrong] = attrs.field(init=False, factory=list)
    _taken: set[str] = attrs.field(init=False, factory=set)
    _reported: set[str] = attrs.field(init=False, factory=set)

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
        if self.format.paired:
            self.made.cancellations.sort(key=lambda report: report.moment is Moment.ARRIVAL)
        return self.made

    def _add(self, one: Due) -> None:
        self.made.count("cleared", one.cleared)
        self._wrong = []
        self._take_back(one, one.left, "left-the-stay")
        covered: list[Guest] = []
        if one.is_off:
            self._take_back(one, one.party.guests, "stay-cancelled")
        elif one.is_deserted:
            pass
        elif self._is_to_come(one):
            self.made.count("not_yet", len(one.party.guests))
            self._take_back(one, one.party.guests, "moved")
        else:
            covered = self._covered(one)
        good = self._complete(one, covered)
        if self.format.paired and one.moment is Moment.DEPARTURE:
            good = [report for report in good if self._has_arrived(one, report)]
        going = self._going(one, good)
        if self.format.amends is Amends.CANCEL:
            going = self._communicated(one, covered, good, going)
        if self.format.headed and going:
            going = self._headed(one, going)
        self._report(one, self._ruled(one, going))

    def _covered(self, one: Due) -> list[Guest]:
        """Give those who have to be reported, and note a companion whom nobody knows."""
        covered = list(self.format.chosen(one.party))
        self.made.count("not_covered", len(one.party.guests) - len(covered))
        if one.unknown:
            what = "A companion of this stay has no profile; correct the companions of the stay."
            self._refuse(
                one, one.party.head, [Missing("/stay/companions", "companion", what, "desk")]
            )
        return covered

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

    def _has_arrived(self, one: Due, report: Report) -> bool:
        """Tell whether the arrival of a guest is at the authority, or goes in this run."""
        arrival = changed(one, moment=Moment.ARRIVAL)
        is_told = any(True for each in (arrival, one) for _ in self._standing(each, report.guest))
        if is_told or self._id(self._report_of(arrival, report.guest)) in self._reported:
            return True
        what = "The arrival was not reported, so there is nothing to end: export its day first."
        missing = Missing("/stay/arrival", "arrival-unreported", what, "desk")
        is_ignored = self._is_ignored(missing.code)
        self._refuse(one, report.guest, [missing], ignored=is_ignored)
        return is_ignored

    def _missing(self, guest: Guest) -> tuple[list[Missing], list[Missing]]:
        """Give what a guest lacks, and what of it keeps the guest out."""
        needed = list(self.format.missing(guest))
        hard = [m for need, m in needed if not (need.soft and self._is_ignored(m.code))]
        return [missing for _, missing in needed], hard

    def _is_ignored(self, code: str) -> bool:
        return self.choices.get(code) is Choice.IGNORE

    def _ruled(self, one: Due, going: list[Report]) -> list[Report]:
        """Leave out those who may not go with the others that go, until all may."""
        while broken := self._broken(going):
            for report in going:
                if report.key in broken:
                    self._refuse(one, report.guest, [broken[report.key]])
            going = [report for report in going if report.key not in broken]
        return going

    def _broken(self, going: Sequence[Report]) -> dict[str, Missing]:
        """Give what keeps some of those out who would go together, by the keys of their reports."""
        if self.format.rules is None or not going:
            return {}
        return {
            report.key: Missing(problem.path, problem.code, problem.message, "desk")
            for report, problem in self.format.rules(going, self.setting)
            if not self._is_ignored(problem.code)
        }

    def _refuse(
        self, one: Due, guest: Guest, missing: Sequence[Missing], *, ignored: bool = False
    ) -> None:
        if any(self.choices.get(m.code) is Choice.CANCEL for m in missing):
            self.made.is_cancelled = True
        stay = one.party.stay.id
        self.made.incomplete.append(
            Incomplete(guest.id, stay, one.moment, one.day, tuple(missing), ignored)
        )
        if not ignored:
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
            id = self._id(report)
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
            if self.again and self._is_free(old):
                going.append(self._anew(report, old))
            elif self.again:
                self._wrong.append(Wrong(report, old, "again"))
            elif old.digest not in (None, digest):
                edited.append(report)
            else:
                self.made.count("already")
        return going + self._amended(one, edited, olds) if edited else going

    def _is_free(self, old: Entry) -> bool:
        """Tell whether a record can be written again without cancelling what stands."""
        is_out = old.reference is not None or old.stage is not Stage.WRITTEN
        return self.format.amends is not Amends.CANCEL or not is_out

    @staticmethod
    def _anew(report: Report, old: Entry | None) -> Report:
        return report if old is None else changed(report, number=old.number)

    def _amended(
        self, one: Due, edited: Sequence[Report], olds: Mapping[str, Entry]
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
        else:
            self._wrong += [Wrong(r, olds[r.guest.id], "edited") for r in edited]
        return []

    def _is_taken(self, one: Due, report: Report, sent: str | None) -> bool:
        """Tell whether the authority takes a correction; else leave it to a person."""
        fixed = self.format.unchangeable
        is_taken = fixed is None or sent is None or not fixed(sent, report.text)
        if not is_taken:
            do = "The authority takes no change of this: cancel it there, and enter it anew."
            self._by_hand(one, report.guest, "edited", do)
        return is_taken

    def _communicated(
        self, one: Due, covered: Sequence[Guest], good: Sequence[Report], going: Sequence[Report]
    ) -> list[Report]:
        """Give those who go, with all whose communication is cancelled for it."""
        if not self._wrong and not self._broken(going):
            return [*going]
        everybody = (*one.party.guests, *one.left)
        known = {e.id: r for guest in everybody for r, e in self._standing(one, guest)}
        fine = {self._id(report): report for report in good}
        theirs = {self._id(self._report_of(one, guest)) for guest in covered}
        numbers = {entry.reference for id in known if (entry := self.entries[id]).reference}
        made = Communications(
            self.format,
            {number: self._by_number[number] for number in sorted(numbers)},
            fine,
            theirs - fine.keys(),
            known,
            self._broken,
        ).anew(self._wrong, going)
        self.made.cancellations += made.cancellations
        self.made.count("cancelled", len(made.cancellations))
        wrong = {each.report.key for each in self._wrong}
        self.made.count("already", -sum(report.key not in wrong for report in made.reports))
        for each, do in made.left:
            self._by_hand(one, each.report.guest, each.why, do)
        order = {report.key: number for number, report in enumerate(good)}
        return sorted([*going, *made.reports], key=lambda report: order[report.key])

    @cached_property
    def _by_number(self) -> dict[str, list[Entry]]:
        """What stands, by the authority's numbers."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries.values():
            if entry.stands and entry.reference:
                found.setdefault(entry.reference, []).append(entry)
        return found

    def _id(self, report: Report) -> str:
        return entry_id(self.format.name, report)

    def _take_back(self, one: Due, guests: Iterable[Guest], why: str) -> None:
        """Cancel what was sent of guests who, it turned out, were not there."""
        both = [one]
        if self.format.paired and one.moment is Moment.ARRIVAL:
            both.append(changed(one, moment=Moment.DEPARTURE))
        for guest in guests:
            for each in both:
                for report, old in self._standing(each, guest):
                    if old.id not in self._taken:
                        self._taken.add(old.id)
                        self._cancel(each, report, old, why)

    def _cancel(self, one: Due, report: Report, old: Entry, why: str) -> None:
        if self.format.amends is Amends.CANCEL:
            self._wrong.append(Wrong(report, old, why))
            return
        is_cleared = report.guest.profile.state is not State.ACTIVE
        if self.format.cancel is None or (is_cleared and not self.format.cancels_bare):
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
            entry = self.entries.get(self._id(report))
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
        if self.format.paired:
            self._reported.update(map(self._id, written))
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
