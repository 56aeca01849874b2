"""Answers of an authority: read, and noted on the entries of the guests they are about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from profilecore.model.fields import evolve
from profilecore.rules.visibility import may_see
from profilecore.values import frozen
from profilecore_exports.contract import Answer, Format, Verdict
from profilecore_exports.faults import ExportRefused
from profilecore_exports.letters import printable
from profilecore_exports.register import Entry, SentFile, Stage, note, noted, sent_files

if TYPE_CHECKING:
    from profilecore import Engine
    from profilecore.model import Document

MOST_TEXT = 500


@frozen
class Judged:
    """What the authority said of one guest.

    ``kind`` is that of the file, ``report`` or ``cancellation``; ``reference`` the authority's
    number that was to be cancelled.  It stands still if that was refused.
    """

    guest_id: str
    stay_id: str
    accepted: bool
    code: str = ""
    text: str = ""
    kind: str = "report"
    reference: str | None = None


@frozen
class Answered:
    """What came of an answer: the files it is about, and each guest who has a verdict."""

    format: str
    files: tuple[str, ...]
    lots: tuple[str, ...]
    judged: tuple[Judged, ...] = ()

    @property
    def refused(self) -> int:
        """How many guests were refused."""
        return sum(not each.accepted for each in self.judged)


def read_answer(
    engine: Engine,
    format: Format,
    content: bytes,
    *,
    file: str | None = None,
    now: datetime | None = None,
) -> Answered:
    """Read the authority's answer and note it on every guest it is about.

    ``file`` is the name of the file that is answered; without it the answer's own lot tells, or
    the one file of the format that nobody has answered.  Of an answer about several lots each
    tells its own.  A refused guest is reported again by the next run.  Of a cancellation that is
    refused the report stands, beside the one that went in its place.

    For a property the files of others do not exist.

    :raises ExportRefused: if the format has no answers, this is none, or its file is not known.
    """
    if format.read_answer is None:
        raise ExportRefused("no-answers", f"{format.name} has no answers that can be read.")
    answer = format.read_answer(content)
    if not answer.verdicts and answer.rest is None and answer.lot is None:
        raise ExportRefused("no-verdict", "There is no verdict in this file; is it an answer?")
    return note_answer(engine, format, answer, file=file, now=now)


def note_answer(
    engine: Engine,
    format: Format,
    answer: Answer,
    *,
    file: str | None = None,
    now: datetime | None = None,
) -> Answered:
    """Note an answer that was read, as :func:`read_answer` does.

    :raises ExportRefused: if its file is not known.
    """
    at = now or datetime.now(UTC)
    several = (answer, *answer.others)
    found = [_answered_file(engine, format, each, file, len(several) == 1) for each in several]
    judged: list[Judged] = []
    for each, sent in zip(several, found, strict=True):
        judged += _noted(engine, sent, each, at)
    lots = (each.lot or sent.lot for each, sent in zip(several, found, strict=True))
    return Answered(
        format.name, tuple(f.name for f in found), tuple(filter(None, lots)), tuple(judged)
    )


def _answered_file(
    engine: Engine, format: Format, answer: Answer, name: str | None, alone: bool
) -> SentFile:
    """Give the file that an answer is about; of several answers each must tell its lot."""
    everything = list(sent_files(engine.store, format.name))
    files = [file for file in everything if may_see(file.property_id, engine.actor)]
    if name is not None and alone:
        found = [file for file in files if file.name == name][-1:]
    else:
        found = [file for file in files if answer.lot is not None and file.lot == answer.lot]
        is_new = answer.lot is None or all(file.lot != answer.lot for file in everything)
        found = found or [f for f in files if alone and is_new and f.answered_at is None]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ExportRefused(
            "unknown-file", f"No file of {format.name} waits for this answer; name it with --sent."
        )
    listed = ", ".join(file.name for file in found[-5:])
    raise ExportRefused(
        "several-files", f"Several files wait for an answer; name one with --sent: {listed}"
    )


def _noted(engine: Engine, sent: SentFile, answer: Answer, at: datetime) -> list[Judged]:
    """Note the answer to one file, and give what it says of each guest."""
    by_position = {v.position: v for v in answer.verdicts if v.position is not None}
    whole = next((v for v in answer.verdicts if v.position is None), None)
    entries = noted(engine, sent)
    changed: dict[str, tuple[Document, Entry]] = {}
    judged = []
    is_decided = False
    cancels = sent.references or (None,) * len(sent.entries)
    for id, position, reference in zip(sent.entries, sent.positions, cancels, strict=True):
        verdict = by_position.get(position, whole)
        if verdict is None and answer.rest is not None:
            verdict = Verdict(answer.rest)
        if verdict is None:
            continue
        is_decided = True
        if id not in entries:
            continue
        document, entry = entries[id]
        if entry.file == sent.name:
            made = _judged(entry, verdict, sent)
            if made != entry:
                changed[id] = document, made
        elif sent.kind != "cancellation":
            continue  # it went out again in a later file, which has an answer of its own
        judged.append(_told(entry, verdict, sent, reference))
    decided = at if is_decided else sent.decided_at
    told = evolve(sent, lot=answer.lot or sent.lot, answered_at=at, decided_at=decided)
    note(engine, told, changed.values())
    return judged


def _judged(entry: Entry, verdict: Verdict, sent: SentFile) -> Entry:
    stage = Stage.ACCEPTED if verdict.accepted else Stage.REFUSED
    if sent.kind == "cancellation":
        # A cancellation that is refused leaves the report standing.
        stage = Stage.CANCELLED if verdict.accepted else Stage.ACCEPTED
    return evolve(
        entry,
        stage=stage,
        reference=verdict.reference or entry.reference,
        answer_code=verdict.code or None,
        answer_text=printable(verdict.text, MOST_TEXT) or None,
    )


def _told(entry: Entry, verdict: Verdict, sent: SentFile, reference: str | None) -> Judged:
    return Judged(
        entry.guest_id,
        entry.stay_id,
        verdict.accepted,
        verdict.code,
        printable(verdict.text, MOST_TEXT),
        sent.kind,
        reference,
    )
