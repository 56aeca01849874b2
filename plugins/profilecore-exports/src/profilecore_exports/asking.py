"""Questions to an authority about lots that it has received and not decided yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from profilecore.rules.visibility import may_see
from profilecore_exports.contract import Format
from profilecore_exports.faults import ExportRefused
from profilecore_exports.register import sent_files
from profilecore_exports.running import place

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
    for number, lots in enumerate(_tens(_open_lots(engine, format)), 1):
        name = f"{format.name}-consultar_{now or datetime.now(UTC):%Y%m%d%H%M%S}_{number}.xml"
        place(out / name, format.query(lots))
        names.append(name)
    return names


def _open_lots(engine: Engine, format: Format) -> list[str]:
    return [
        file.lot
        for file in sent_files(engine.store, format.name)
        if file.lot and file.decided_at is None and may_see(file.property_id, engine.actor)
    ]


def _tens(lots: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(lots)
    while chunk := list(islice(rest, LOTS)):
        yield chunk
