"""What a run makes of the guests who are due: what it plans to write, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum

import attrs

from profilecore.rules.checks import Missing
from profilecore.values import frozen
from profilecore_exports.contract import Format, Moment, Report


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
