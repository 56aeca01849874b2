"""Communications that an authority knows by one number, however many guests are in them.

A cancellation takes back all that stands under its number.  So whoever stays goes anew in the same
run, and what would lose the report of somebody is left to wait, or to a person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import attrs

from profilecore.model.enums import State
from profilecore.values import frozen
from profilecore_exports.contract import Action, Format, Report, changed
from profilecore_exports.register import Entry

READ = "Read the authority's answer first; its number is needed to cancel."
COMPLETE = (
    "Complete everybody of the stay who was reported: all under the authority's number are "
    "cancelled at once, and sent anew together."
)
BY_HAND = (
    "Tell the authority by hand: under its number stands somebody, too, who cannot be sent anew."
)


@frozen
class Wrong:
    """A report that is not to stand as it does: what was sent, and why it is wrong."""

    report: Report
    entry: Entry
    why: str


@frozen
class Anew:
    """What is cancelled, what goes in its place, and what somebody has to do of the rest."""

    cancellations: tuple[Report, ...] = ()
    reports: tuple[Report, ...] = ()
    left: tuple[tuple[Wrong, str], ...] = ()


@attrs.define(eq=False, repr=False)
class Communications:
    """What stands of one party; reports are by the ids of their entries.

    ``standing`` has all entries of each number.  ``good`` are the reports of those who belong to
    the stay and can be written; ``waiting`` those who belong to it and cannot; ``known`` everybody
    of the stay, also who left it.  ``refused`` gives the keys of those who may not go together.
    """

    format: Format
    standing: Mapping[str, Sequence[Entry]]
    good: Mapping[str, Report]
    waiting: Collection[str]
    known: Mapping[str, Report]
    refused: Callable[[Sequence[Report]], Collection[str]]

    def anew(self, wrong: Sequence[Wrong], going: Sequence[Report]) -> Anew:
        """Cancel all that has something wrong in it, and send who stays anew with ``going``.

        What is right is sent anew too where somebody of ``going`` may not go without.
        """
        hints = {each.entry.reference: self._hint(each.entry.reference) for each in wrong}
        free = [number for number, hint in hints.items() if number is not None and hint is None]
        numbers = self._fitting(free, going)
        hints.update((number, COMPLETE) for number in free if number not in numbers)
        return Anew(
            tuple(self._cancelled(numbers)),
            tuple(self._again(numbers)),
            tuple((each, hint) for each in wrong if (hint := hints[each.entry.reference])),
        )

    def _hint(self, number: str | None) -> str | None:
        """Tell what keeps a number from being cancelled by program, if anything does."""
        if number is None:
            return READ
        ids = {entry.id for entry in self.standing[number]}
        if self.format.cancel is None or not ids <= self.known.keys():
            return BY_HAND
        if not self.format.cancels_bare and any(
            self.known[id].guest.profile.state is not State.ACTIVE for id in ids
        ):
            return BY_HAND
        return COMPLETE if ids & set(self.waiting) else None

    def _fitting(self, free: Sequence[str], going: Sequence[Report]) -> list[str]:
        """Give the numbers to cancel, so that nobody under them is without a report then."""
        rest = [number for number in self.standing if number not in free]
        more = [n for n in rest if self._again([n]) and self._hint(n) is None]
        for numbers in ([*free], [*free, *more]):
            if not self.refused([*going, *self._again(numbers)]):
                return numbers
        numbers = [*free]
        while True:
            out = set(self.refused([*going, *self._again(numbers)]))
            fit = [n for n in numbers if not out & {report.key for report in self._again([n])}]
            if fit == numbers:
                return numbers
            numbers = fit

    def _again(self, numbers: Iterable[str]) -> list[Report]:
        return [
            changed(self.good[entry.id], number=entry.number)
            for number in numbers
            for entry in self.standing[number]
            if entry.id in self.good
        ]

    def _cancelled(self, numbers: Iterable[str]) -> Iterable[Report]:
        for number in numbers:
            for entry in self.standing[number]:
                yield changed(
                    self.known[entry.id],
                    action=Action.CANCEL,
                    number=entry.number,
                    reference=number,
                    text=entry.copy or "",
                )
