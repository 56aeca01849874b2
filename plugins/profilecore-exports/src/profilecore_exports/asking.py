"""Questions to an authority about lots that it has received and not decided yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from profilecore.errors import ScopeDenied
from profilecore.rules.visibility import may_see
from profilecore_exports.answering import Answered, note_answer
from profilecore_exports.contract import Format
from profilecore_exports.faults import ExportRefused, NotSent
from profilecore_exports.gathering import Watch
from profilecore_exports.placing import place
from profilecore_exports.register import SentFile, sent_files
from profilecore_exports.transport import Asks

if TYPE_CHECKING:
    from profilecore import Engine

# What SES.HOSPEDAJES takes in one question, the only authority that is asked so far.
LOTS = 10


def write_queries(
    engine: Engine, format: Format, out: Path, *, now: datetime | None = None
) -> list[str]:
    """Write a file for each ten lots that are open, and give their names.

    :raises ExportRefused: if the authority cannot be asked.
    """
    if format.query is None:
        raise ExportRefused("no-queries", f"{format.name} has no questions to its authority.")
    out.mkdir(parents=True, exist_ok=True)
    names = []
    seen = (file for file in _open(engine, format) if may_see(file.property_id, engine.actor))
    for number, lots in enumerate(_tens(seen), 1):
        name = f"{format.name}-consultar_{now or datetime.now(UTC):%Y%m%d%H%M%S}_{number}.xml"
        place(out / name, format.query(lots))
        names.append(name)
    return names


def ask(
    engine: Engine,
    format: Format,
    property_id: str,
    *,
    transport: Asks | None = None,
    now: datetime | None = None,
    watch: Watch = lambda *_: None,
) -> list[Answered]:
    """Ask the authority's service about the open lots of a property, and note what it says.

    Ten lots go into one question; what was answered before a failure is noted.  A lot that is
    still being worked on stays open.

    :raises ExportRefused: if the format has no service that can be asked.
    :raises NotSent: if a question could not be handed over, or was refused.
    :raises ScopeDenied: if a property asks for another.
    """
    if engine.actor.property_id not in (None, property_id):
        raise ScopeDenied("ask about the files of another property")
    asked: object = transport
    if transport is None and format.transport is not None:
        asked = format.transport(property_id)
    if not isinstance(asked, Asks) or format.read_answer is None:
        raise ExportRefused("no-queries", f"{format.name} has no service that can be asked.")
    mine = [file for file in _open(engine, format) if file.property_id == property_id]
    told: list[Answered] = []
    for number, lots in enumerate(_tens(mine)):
        watch("Asking about files", number * LOTS, len(mine))
        answer = format.read_answer(asked.ask(lots))
        if not {each.lot for each in (answer, *answer.others)} <= set(lots):
            # An answer without a lot is about the question itself, and judges nobody.
            code = next((verdict.code for verdict in answer.verdicts), "")
            raise NotSent("refused", f"The service did not answer the question (code {code}).")
        told.append(note_answer(engine, format, answer, now=now))
    return told


def _open(engine: Engine, format: Format) -> Iterator[SentFile]:
    for file in sent_files(engine.store, format.name):
        if file.lot and file.decided_at is None:
            yield file


def _tens(files: Iterable[SentFile]) -> Iterator[list[str]]:
    rest = (file.lot for file in files if file.lot)
    while chunk := list(islice(rest, LOTS)):
        yield chunk
