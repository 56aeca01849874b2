"""The register of what was sent: an entry for each guest reported, and one for each file.

An entry is owned by the guest, so it follows merges, shows in an access request, and a clear
takes what is personal out of it.  Files and running numbers hold ids only and are nobody's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

import profilecore
from profilecore.codec import Codec
from profilecore.model import Document, DocumentKind, OnClear
from profilecore.model.fields import (
    Clear,
    Other,
    Search,
    Sensitivity,
    evolve,
    field,
    record,
)
from profilecore.values import frozen
from profilecore_exports.contract import Moment, Report
from profilecore_exports.persons import is_cleared

if TYPE_CHECKING:
    from profilecore import Engine
    from profilecore.store import Reader, Store, Writer

ENTRY = "registration"
FILE = "registration-file"
NUMBER = "registration-number"
# Files are found by the stays of their records, and by the months of the days reported.
STAY, MONTH = "stay", "month"
PAGE = 1_000
EVERY = 1_000_000

_fact = partial(
    field, merge="survivor", clear=Clear.KEEP, sensitivity=Sensitivity.NONE, search=Search.NONE
)
_personal = partial(
    field, merge="survivor", clear=Clear.ERASE, sensitivity=Sensitivity.PERSONAL, search=Search.NONE
)


class Stage(Enum):
    """How far a report has come; ``WRITTEN`` is in a file that nobody has answered yet."""

    WRITTEN = "written"
    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CANCELLED = "cancelled"


@record
class Entry:
    """One guest reported in one format at one moment of one stay, which was on ``day`` then.

    ``reference`` is the authority's number of the record, ``number`` our own where the format
    has one.  ``digest`` is over what was reported, ``copy`` the record itself where the format
    keeps one: both go with a clear, as does the authority's text.
    """

    id: str = _fact(default="")
    version: int = _fact(default=0)
    format: str = _fact(default="")
    property_id: str = _fact(default="")
    stay_id: str = _fact(default="")
    guest_id: str = _fact(default="")
    moment: Moment = _fact(default=Moment.ARRIVAL)
    stage: Stage = _fact(default=Stage.WRITTEN)
    file: str = _fact(default="")
    number: int | None = _fact()
    reference: str | None = _fact()
    written_at: datetime | None = _fact()
    day: date | None = _fact()
    by: str | None = field(
        merge="survivor",
        clear=Clear.ERASE,
        sensitivity=Sensitivity.PERSONAL,
        search=Search.NONE,
        third_party=Other.STAFF,
    )
    ended_on: date | None = _fact()
    answer_code: str | None = _fact()
    answer_text: str | None = _personal()
    digest: str | None = _personal()
    copy: str | None = _personal(limit=65_536)

    def __repr__(self) -> str:
        return f"<Entry {self.id} {self.format} {self.stage.value}>"

    @property
    def stands(self) -> bool:
        """Tell whether the authority has it, as far as is known."""
        return self.stage in (Stage.WRITTEN, Stage.SENT, Stage.ACCEPTED)


@frozen
class SentFile:
    """One file that was written.  ``entries`` are the ids of its records' entries in order.

    ``positions`` says, entry by entry, which record of the file it is in, ``stays`` of which stay,
    and ``references`` what it cancels, if that has a number of the authority.  ``days`` are those
    that were reported.
    """

    id: str
    format: str
    property_id: str
    name: str
    checksum: str
    kind: str
    written_at: datetime
    by: str
    entries: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()
    stays: tuple[str, ...] = ()
    lot: str | None = None
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    decided_at: datetime | None = None
    references: tuple[str | None, ...] = ()
    days: tuple[date, ...] = ()

    @property
    def keys(self) -> list[tuple[str, str]]:
        """What finds it: each stay that it has a record of, and each month."""
        stays = [(STAY, stay) for stay in dict.fromkeys(self.stays)]
        months = dict.fromkeys(_month(self.format, self.property_id, day) for day in self.days)
        return [*stays, *((MONTH, month) for month in months)]


@frozen
class Number:
    """The last of a series of running numbers that was given out."""

    last: int = 0


KINDS = (
    DocumentKind(ENTRY, Entry, OnClear.FIELDS, dated=lambda entry: entry.ended_on),
    DocumentKind(FILE, SentFile, OnClear.KEEP, personal=False),
    DocumentKind(NUMBER, Number, OnClear.KEEP, personal=False),
)


def entry_id(format: str, report: Report) -> str:
    """Give the id of a report's entry: the same whenever it is reported."""
    return _hashed(format, report.key)


def file_id(format: str, property_id: str, name: str, written_at: datetime) -> str:
    """Give the id under which a file is known; names may come again where series begin anew."""
    return _hashed(format, property_id, name, written_at.isoformat())


def digest_of(*texts: str) -> str:
    """Give a digest of what was reported, to tell later whether it has changed."""
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()


def _hashed(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=20).hexdigest()


def entries_of(reader: Reader, owners: Sequence[str], format: str) -> dict[str, Entry]:
    """Give the entries of a format that people own, by id."""
    codec = Codec()
    named = format.encode()
    found: dict[str, Entry] = {}
    for start in range(0, len(owners), PAGE):
        for document in reader.owned(owners[start : start + PAGE], ENTRY):
            # Most are of other formats, and need not be read to tell so.
            if named in document.body:
                entry = codec.load(Entry, document.body)
                if entry.format == format:
                    # A clear, or a retention rule, has made a newer version of the document.
                    found[entry.id] = evolve(entry, version=document.version)
    return found


def reported(engine: Engine, format: str, stays: Iterable[str]) -> dict[str, list[Entry]]:
    """Give by stay what was reported in a format, also of those who left the stay since.

    They are told by the ids that they had then.
    """
    wanted = set(stays)
    named: dict[str, list[Entry]] = {}
    for entry in _filed(engine, format, [(STAY, stay) for stay in wanted], wanted):
        named.setdefault(entry.stay_id, []).append(entry)
    return named


def reported_between(
    engine: Engine, format: str, property_id: str, start: date, end: date
) -> dict[str, dict[Moment, set[date]]]:
    """Give by stay and moment the days that stand at the authority, of those between two days."""
    months = [start]
    while (following := _following(months[-1])) and following <= end:
        months.append(following)
    keys = [(MONTH, _month(format, property_id, day)) for day in months]
    found: dict[str, dict[Moment, set[date]]] = {}
    for entry in _filed(engine, format, keys):
        if entry.stands and entry.day is not None and start <= entry.day <= end:
            found.setdefault(entry.stay_id, {}).setdefault(entry.moment, set()).add(entry.day)
    return found


def _month(format: str, property_id: str, day: date) -> str:
    return f"{format}/{property_id}/{day:%Y-%m}"


def _following(day: date) -> date | None:
    """Give the first day of the next month; there is none after the last of all."""
    if (day.year, day.month) == (date.max.year, date.max.month):
        return None
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _filed(
    engine: Engine, format: str, keys: Sequence[tuple[str, str]], stays: Collection[str] = ()
) -> Iterator[Entry]:
    """Yield the entries of the files that some keys find, each once; of some stays, if given."""
    codec, seen = Codec(), set[str]()
    named = [(f"{FILE}:{sort}", value) for sort, value in keys]
    found = engine.look_up(named, at_most=EVERY, or_none=True)
    files = list({id for ids in found.values() for id in ids})
    with engine.store.read() as reader:
        for start in range(0, len(files), PAGE):
            for document in reader.get_many(FILE, files[start : start + PAGE]):
                file = codec.load(SentFile, document.body)
                if file.format != format:
                    continue
                told = zip(file.entries, file.stays, strict=True)
                ids = {id for id, stay in told if not stays or stay in stays} - seen
                seen |= ids
                for each in reader.get_many(ENTRY, sorted(ids)):
                    yield codec.load(Entry, each.body)


def sent_files(store: Store, format: str | None = None) -> Iterator[SentFile]:
    """Yield the files that were written, oldest first."""
    codec, after = Codec(), None
    while True:
        with store.read() as reader:
            page = reader.listing(FILE, after, PAGE)
        for document in page:
            file = codec.load(SentFile, document.body)
            if format in (None, file.format):
                yield file
        if not page:
            return
        after = page[-1].id


def noted(engine: Engine, file: SentFile) -> dict[str, tuple[Document, Entry]]:
    """Give the entries of a file's records by id, each with the document it was read from."""
    codec, ids = Codec(), list(dict.fromkeys(file.entries))
    with engine.store.read() as reader:
        return {d.id: (d, codec.load(Entry, d.body)) for d in reader.get_many(ENTRY, ids)}


def note(engine: Engine, file: SentFile, changed: Iterable[tuple[Document, Entry]]) -> None:
    """Store what has become of a file and of entries, each with the document it was read from.

    Of somebody who was cleared only the facts are noted, which are no personal data: that the
    authority has taken a report is to be proved afterwards too.

    :raises VersionConflict: if one was changed since it was read.
    """
    listed = list(changed)
    with engine.store.read() as reader:
        gone = {d.owner for d, _ in listed if is_cleared(reader, d.owner)}
    if gone:
        # The engine stores nothing of whoever was cleared.
        with engine.store.write() as writer:
            for document, entry in listed:
                if document.owner in gone:
                    put_facts(writer, entry, document.owner, document.version)
    with engine.transaction():
        engine.store_document(FILE, file, id=file.id, property_id=file.property_id, keys=file.keys)
        left = [stored(entry, d.owner, d.version) for d, entry in listed if d.owner not in gone]
        engine.store_documents(ENTRY, left)


def stored(entry: Entry, owner: str, version: int) -> profilecore.Entry:
    """Give an entry as the engine stores it over a version, 0 for none."""
    made = evolve(entry, version=version + 1)
    return profilecore.Entry(made, owner, entry.id, version, property_id=entry.property_id)


def put_facts(writer: Writer, entry: Entry, owner: str, version: int) -> None:
    """Store an entry of somebody who was cleared, without what the authority may have told."""
    made = evolve(entry, answer_text=None, version=version + 1)
    document = Document(ENTRY, entry.id, owner, made.version, Codec().dump(made), entry.property_id)
    writer.put(document, expect=version)
