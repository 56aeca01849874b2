"""What a run notes in the register: gathered in its transaction, and stored together at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from profilecore import Entry as Document
from profilecore.model.enums import State
from profilecore.model.fields import evolve
from profilecore.values import frozen
from profilecore_exports.contract import Action, Amends, Format, OutFile, Report
from profilecore_exports.gathering import day_of
from profilecore_exports.register import (
    ENTRY,
    FILE,
    NUMBER,
    Entry,
    Number,
    SentFile,
    Stage,
    entry_id,
    file_id,
    put_facts,
)

if TYPE_CHECKING:
    from profilecore import Engine


@frozen
class Noting:
    """What is the same for all that one run notes."""

    format: Format
    property_id: str
    at: datetime
    by: str


class Notes:
    """The notes of one run, inside a transaction of its engine.

    ``entries`` are those that the run was planned on: if another run has noted one of them since,
    storing fails and the transaction is to be given up.  ``digests`` are by the ids of entries.
    """

    def __init__(
        self,
        engine: Engine,
        noting: Noting,
        entries: Mapping[str, Entry],
        digests: Mapping[str, str],
    ) -> None:
        self._engine = engine
        self._noting = noting
        self._before = entries
        self._digests = digests
        self._entries: dict[str, Entry] = {}
        self._facts: dict[str, Entry] = {}
        self._files: list[SentFile] = []
        self._series: dict[str, tuple[int, int]] = {}

    def numbers(self, series: str, count: int) -> range:
        """Give the next ``count`` numbers of a series, which begins with 1."""
        if series not in self._series:
            found = self._engine.documents(NUMBER, ids=[series])
            self._series[series] = (found[0].version, found[0].value.last) if found else (0, 0)
        version, last = self._series[series]
        self._series[series] = (version, last + count)
        return range(last + 1, last + 1 + count)

    def file(self, file: OutFile) -> None:
        """Note a file and everybody in it; what stood under an entry's id is replaced."""
        noting = self._noting
        ids, positions, stays, references = [], [], [], []
        days = set()
        for position, report in _placed(noting.format, file.reports):
            id = entry_id(noting.format.name, report)
            ids.append(id)
            positions.append(position)
            stays.append(report.party.stay.id)
            references.append(report.reference if report.action is Action.CANCEL else None)
            if report.guest.profile.state is State.ACTIVE:
                made = self._entries[id] = self._entry(file, report, id)
                if made.day and made.stands:
                    days.add(made.day)
            else:
                taken = {"stage": Stage.CANCELLED, "file": file.name, "written_at": noting.at}
                self._facts[id] = evolve(self._before[id], **taken)
        self._files.append(
            SentFile(
                file_id(noting.format.name, noting.property_id, file.name, noting.at),
                noting.format.name,
                noting.property_id,
                file.name,
                file.checksum,
                file.kind,
                noting.at,
                noting.by,
                tuple(ids),
                tuple(positions),
                tuple(stays),
                references=tuple(references) if any(references) else (),
                days=tuple(sorted(days)),
            )
        )

    def store(self) -> None:
        """Store all that was noted.

        :raises VersionConflict: if somebody else has noted one of the guests since.
        :raises ProfileCleared: if one of them was cleared since.
        """
        store, property_id = self._engine.store_documents, self._noting.property_id
        store(ENTRY, [self._stored(entry) for entry in self._entries.values()])
        files = self._files
        store(
            FILE,
            [
                Document(f, None, f.id, 0, keys=tuple(f.keys), property_id=property_id)
                for f in files
            ],
        )
        series = self._series.items()
        store(
            NUMBER,
            [
                Document(Number(last), id=name, if_version=version, property_id=property_id)
                for name, (version, last) in series
            ],
        )

    def store_facts(self) -> None:
        """Store, after the transaction, that reports of people who were cleared were taken back."""
        if self._facts:
            with self._engine.store.write() as writer:
                for entry in self._facts.values():
                    put_facts(writer, entry, entry.guest_id, entry.version)

    def _stored(self, entry: Entry) -> Document:
        return Document(
            entry, entry.guest_id, entry.id, entry.version - 1, property_id=entry.property_id
        )

    def _entry(self, file: OutFile, report: Report, id: str) -> Entry:
        noting, stay = self._noting, report.party.stay
        agreed = report.party.details.contracted_on
        cancels = report.action is Action.CANCEL
        before = self._before.get(id)
        old = self._entries.get(id) or before
        made = old or Entry(
            id=id,
            format=noting.format.name,
            property_id=noting.property_id,
            stay_id=stay.id,
            guest_id=report.guest_id,
            moment=report.moment,
        )
        return evolve(
            made,
            stage=Stage.CANCELLED if cancels else Stage.WRITTEN,
            file=file.name,
            number=report.number if report.number is not None else made.number,
            reference=made.reference if cancels or report.action is Action.CHANGE else None,
            written_at=noting.at,
            day=made.day if cancels else day_of(stay, report.moment, agreed),
            by=noting.by,
            ended_on=stay.departure or stay.arrival,
            answer_code=None,
            answer_text=None,
            digest=self._digests.get(id),
            copy=report.text if noting.format.keeps_copy and not cancels else None,
            version=before.version + 1 if before else 1,
        )


def _placed(format: Format, reports: Iterable[Report]) -> Iterator[tuple[int, Report]]:
    """Yield each report with the number of its record: its own, or that of its party.

    A cancellation by the authority's number has one record for each of these.
    """
    records: dict[str | None, int] = {}
    for number, report in enumerate(reports):
        is_by_number = format.amends is Amends.CANCEL and report.action is Action.CANCEL
        if is_by_number:
            yield records.setdefault(report.reference, len(records)), report
        elif format.one_position_a_party:
            yield records.setdefault(report.party.stay.id, len(records)), report
        else:
            yield number, report
