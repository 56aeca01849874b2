"""A run: from the stays that are due to files, a report of who is incomplete, and the register."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from profilecore.engine.collecting import seldom_collected
from profilecore.errors import ScopeDenied
from profilecore_exports.contract import (
    Action,
    Format,
    Moment,
    OutFile,
    Report,
    Setting,
    changed,
)
from profilecore_exports.faults import ExportRefused
from profilecore_exports.gathering import Due, Watch, due, occupied
from profilecore_exports.noting import Notes, Noting
from profilecore_exports.outcome import Choice, Plan, Run, WrittenFile
from profilecore_exports.placing import Placing, finish
from profilecore_exports.planning import Planning
from profilecore_exports.register import Entry, entries_of, sent_files
from profilecore_exports.tables import Tables

if TYPE_CHECKING:
    from profilecore import Engine


@seldom_collected()  # a run makes dozens of values a guest, and keeps them to its end
def export(
    engine: Engine,
    format: Format,
    property_id: str,
    start: date,
    end: date,
    out: Path | None,
    *,
    strict: bool = False,
    again: bool = False,
    choices: Mapping[str, Choice] | None = None,
    now: datetime | None = None,
    watch: Watch = lambda *_: None,
) -> Run:
    """Write the files of the stays of a property that are due between two days, and register them.

    Incomplete guests are reported one by one and hold nobody else back, unless ``strict``.
    ``choices`` says by a problem's code what happens to a guest who has it.  What stands in the
    register is not written again, unless ``again``; what has changed since is put right where the
    format knows how, else reported.  Without ``out`` nothing is written or registered.

    Files are readable by their owner alone.  Files and register entries come about together: a
    failure leaves neither, and what a run that was killed left half done the next one into the
    directory finishes or removes.

    :raises ExportRefused: if the property lacks settings, or a file is there already.
    :raises TableMissing: if a code table that is needed was never loaded.
    :raises ScopeDenied: if a property exports for another.
    :raises VersionConflict: if another run has reported one of the guests meanwhile.
    """
    if engine.actor.property_id not in (None, property_id):
        raise ScopeDenied("export the guests of another property")
    if end < start:
        raise ExportRefused("dates", "The last day lies before the first; swap them.")
    at = now or datetime.now(UTC)
    zone = _zone(engine, property_id)
    here = at.astimezone(zone).replace(tzinfo=None)
    house = format.house(property_id)
    setting = Setting(property_id, house, here, Tables(engine.store), first=start, last=end)
    if format.counts_rooms:
        setting = changed(setting, occupied=occupied(engine, property_id, start, end, watch))
    dues = due(engine, property_id, format, start, end, zone, watch)
    if format.statement is not None and not dues and start <= here.date():
        return _state(engine, format, setting, out, again=again, at=at)
    with engine.store.read() as reader:
        entries = entries_of(reader, sorted(_owners(dues)), format.name)
    setting = changed(setting, entries=entries)
    planning = Planning(format, setting, entries, dict(choices or {}), again)
    plan = planning.plan(dues, watch)
    stopped = bool(plan.incomplete) and (strict or plan.is_cancelled)
    files: list[WrittenFile] = []
    if out is not None and not stopped and (plan.reports or plan.cancellations):
        noting = Noting(format, property_id, at, engine.actor.id)
        files = _write(engine, plan, setting, noting, entries, out, watch)
    return plan.run(property_id, start, end, tuple(files), stopped)


def _state(
    engine: Engine, format: Format, setting: Setting, out: Path | None, *, again: bool, at: datetime
) -> Run:
    """Write the file of a period, unless it stands in the register as it is."""
    assert format.statement is not None
    noting = Noting(format, setting.property_id, at, engine.actor.id)
    plan = Plan(format)
    file = format.statement(setting)
    series = file.name.rpartition("_")[0]  # what follows is the file's number
    known = [
        sent
        for sent in sent_files(engine.store, format.name)
        if (sent.property_id, sent.name.rpartition("_")[0]) == (setting.property_id, series)
    ]
    files: tuple[WrittenFile, ...] = ()
    if known and known[-1].checksum == file.checksum and not again:
        plan.count("already")
    elif out is not None:
        with _placing(engine, out) as placing, engine.transaction():
            notes = Notes(engine, noting, {}, {})
            number = notes.numbers(f"file:{format.name}/{setting.property_id}", 1)[0]
            file = format.statement(changed(setting, number=number))
            notes.file(file)
            notes.store()
            placing.add(file.name, file.content)
            placing.settle()
        files = (WrittenFile(file.name, file.checksum, file.kind, 0),)
    return plan.run(setting.property_id, setting.first, setting.last, files, stopped=False)


def _zone(engine: Engine, property_id: str) -> ZoneInfo:
    place = engine.settings.properties.get(property_id)
    return ZoneInfo((place and place.timezone) or engine.settings.timezone)


def _owners(dues: Iterable[Due]) -> set[str]:
    found: set[str] = set()
    for one in dues:
        found.update(one.reported)
        for guest in (*one.party.guests, *one.left):
            found.update(guest.profile.family)
    return found


def _write(
    engine: Engine,
    plan: Plan,
    setting: Setting,
    noting: Noting,
    entries: Mapping[str, Entry],
    out: Path,
    watch: Watch,
) -> list[WrittenFile]:
    written: list[WrittenFile] = []
    with _placing(engine, out) as placing, engine.transaction():
        notes = Notes(engine, noting, entries, plan.digests)
        for file in _files(plan, setting, noting.format, notes):
            watch("Writing files", len(written), None)
            placing.add(file.name, file.content)
            notes.file(file)
            written.append(WrittenFile(file.name, file.checksum, file.kind, len(file.reports)))
        notes.store()
        placing.settle()
    notes.store_facts()
    return written


@contextmanager
def _placing(engine: Engine, out: Path) -> Iterator[Placing]:
    """Write files within the block, and give them their names when the register has them."""
    out.mkdir(parents=True, exist_ok=True)
    finish(engine, out)
    placing = Placing(out)
    try:
        yield placing
    except BaseException:
        placing.drop()
        raise
    placing.show()


def _files(plan: Plan, setting: Setting, format: Format, notes: Notes) -> Iterator[OutFile]:
    if plan.cancellations and format.cancel is not None:
        for reports in _chunks(plan.cancellations, format):
            yield format.cancel(reports, _numbered(reports, setting, format, notes))
    if not plan.reports:
        return
    for reports in _chunks(plan.reports, format):
        own = _numbered(reports, setting, format, notes)
        yield format.assemble(_with_numbers(reports, own, format, notes), own)


def _numbered(reports: list[Report], setting: Setting, format: Format, notes: Notes) -> Setting:
    series = f"{format.name}/{setting.property_id}"
    if format.counter is not None:
        series = format.counter(reports, setting)
    return changed(setting, number=notes.numbers(f"file:{series}", 1)[0])


def _with_numbers(
    reports: list[Report], setting: Setting, format: Format, notes: Notes
) -> list[Report]:
    """Give running numbers to the records that have none yet, and write them anew with these."""
    if not format.numbered:
        return reports
    fresh = sum(report.number is None for report in reports)
    series = f"record:{format.name}/{setting.property_id}"
    numbers = iter(notes.numbers(series, fresh))
    made = []
    for report in reports:
        if report.number is None:
            report = changed(report, number=next(numbers))
        made.append(changed(report, text=format.write(report, setting)))
    return made


def _chunks(reports: Iterable[Report], format: Format) -> Iterator[list[Report]]:
    """Divide reports by the limit of a file; those of one party stay together if they can."""
    if format.single:
        yield from ([report] for report in reports)
        return
    parties: dict[tuple[str, int, Moment, Action], list[Report]] = {}
    for report in reports:
        key = (report.party.stay.id, report.party.part, report.moment, report.action)
        parties.setdefault(key, []).append(report)
    chunk: list[Report] = []
    count = 0
    for party in parties.values():
        weight = 1 if format.by_party else len(party)
        while format.limit is not None and weight > format.limit:
            # Too many for one file even alone: the first of them fill one.
            if chunk:
                yield chunk
                chunk, count = [], 0
            yield party[: format.limit]
            party = party[format.limit :]
            weight = len(party)
        if chunk and format.limit is not None and count + weight > format.limit:
            yield chunk
            chunk, count = [], 0
        chunk += party
        count += weight
    if chunk:
        yield chunk
