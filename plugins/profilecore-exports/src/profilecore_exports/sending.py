"""Send files that a run has written, and note what the authority answers at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from profilecore.errors import ScopeDenied
from profilecore.model.fields import evolve
from profilecore.values import frozen
from profilecore_exports.answering import Answered, read_answer
from profilecore_exports.contract import Format
from profilecore_exports.faults import ExportRefused
from profilecore_exports.gathering import Watch
from profilecore_exports.placing import finish
from profilecore_exports.register import SentFile, Stage, note, noted, sent_files
from profilecore_exports.transport import Outgoing, Transport

if TYPE_CHECKING:
    from profilecore import Engine


@frozen
class Delivered:
    """A file that is out; ``answered`` is what the authority said at once, if it said a verdict."""

    name: str
    answered: Answered | None = None


def send(
    engine: Engine,
    format: Format,
    folder: Path,
    property_id: str,
    *,
    transport: Transport | None = None,
    names: Sequence[str] = (),
    now: datetime | None = None,
    watch: Watch = lambda *_: None,
) -> list[Delivered]:
    """Send the files of a property that were written and not sent, or those named.

    ``transport`` goes before the one that the settings of the country make.  Each file must be in
    ``folder`` as it was written.

    :raises ExportRefused: if there is no transport, or a file is missing or was changed.
    :raises NotSent: if one could not be handed over; those before it are noted as sent.
    :raises ScopeDenied: if a property sends for another.
    """
    if engine.actor.property_id not in (None, property_id):
        raise ScopeDenied("send the files of another property")
    if transport is None:
        if format.transport is None:
            raise ExportRefused("no-transport", f"{format.name} has no service that files go to.")
        transport = format.transport(property_id)
    finish(engine, folder)
    known = {
        file.name: file
        for file in sent_files(engine.store, format.name)
        if file.property_id == property_id and (file.sent_at is None or file.name in names)
    }
    strange = sorted(set(names) - known.keys())
    if strange:
        raise ExportRefused("unknown-file", f"{strange[0]} is no file of the register.")
    wanted = [known[name] for name in (names or known)]
    outgoing = [Outgoing(file.name, _content(folder, file), file.kind) for file in wanted]
    delivered: list[Delivered] = []
    watch("Sending files", 0, len(wanted))
    for file, reply in zip(wanted, transport.send(outgoing), strict=False):
        at = now or datetime.now(UTC)
        _note(engine, file, at)
        answered = None
        if reply.content is not None and format.read_answer is not None:
            answered = read_answer(engine, format, reply.content, file=file.name, now=at)
        delivered.append(Delivered(file.name, answered))
        watch("Sending files", len(delivered), len(wanted))
    return delivered


def _content(folder: Path, file: SentFile) -> bytes:
    path = folder / file.name
    if not path.is_file():
        raise ExportRefused("missing-file", f"{file.name} is not in the directory.")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != file.checksum:
        raise ExportRefused(
            "changed-file", f"{file.name} is not as it was written; write it again with --again."
        )
    return content


def _note(engine: Engine, file: SentFile, at: datetime) -> None:
    changed = [
        (document, evolve(entry, stage=Stage.SENT))
        for document, entry in noted(engine, file).values()
        if entry.file == file.name and entry.stage is Stage.WRITTEN
    ]
    note(engine, evolve(file, sent_at=at), changed)
