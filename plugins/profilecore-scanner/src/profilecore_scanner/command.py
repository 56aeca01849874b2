"""The command ``profilecore scan``: zones from a file, a pipe or a picture, each answered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from profilecore.cli import Invocation
from profilecore.cli.printing import listing, refusal, say, table
from profilecore.cli.program import OK, REFUSED, Interrupted
from profilecore.cli.waiting import Count, progress, stoppable
from profilecore.errors import ProfilecoreError
from profilecore_scanner.filling import OVERWRITABLE, Change, Proposal
from profilecore_scanner.filling import scan as take
from profilecore_scanner.locating import documents
from profilecore_scanner.reading import Scan, read

_PATH = click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True)
_FIELDS = click.Choice(sorted(OVERWRITABLE))
Answer = dict[str, Any]


@click.command()
@click.argument("file", required=False, type=_PATH)
@click.option("--picture", type=_PATH, help="Read the zone off a picture instead of a text.")
@click.option("--profile", metavar="ID", help="Whose documents they are; else found by number.")
@click.option("--apply", is_flag=True, help="Write what is in no conflict.")
@click.option("--overwrite", multiple=True, type=_FIELDS, help="With --apply: what differs too.")
@click.option("--only-read", is_flag=True, help="Say what the zones hold; no store is needed.")
@click.pass_obj
def scan(
    invocation: Invocation,
    file: Path | None,
    picture: Path | None,
    profile: str | None,
    apply: bool,
    overwrite: tuple[str, ...],
    only_read: bool,
) -> int:
    """Read travel documents as a scanner sends them, and fill profiles with them.

    FILE has the machine-readable zones, one or more, or is - for what comes in on a pipe.  Each is
    answered: what was read and how surely, whose it is, what would change, and what differs from
    the profile.  Nothing is written without --apply, and what differs only with --overwrite.

    Ends with 1 if a document could not be read surely or, with --apply, not be written.
    """
    if (file is None) == (picture is None):
        raise click.UsageError("Give either a FILE (or -), or --picture.")
    if overwrite and not apply:
        raise click.UsageError("--overwrite goes with --apply.")
    if only_read and (apply or profile):
        raise click.UsageError("--only-read looks at no profile.")
    zones = list(_zones(file, picture))
    if not zones:
        raise click.UsageError("There is no text of a scanner in the file.")
    engine = None if only_read else invocation.engine

    def answer(lines: Sequence[str]) -> Answer:
        if engine is None:
            return _scan_answer(read(lines))
        made = take(engine, lines, profile, apply=apply, overwrite=overwrite)
        return _scan_answer(made.scan) | _proposal_answer(made)

    answers = _each(zones, answer)
    invocation.answer(listing(answers), lambda: _show(answers))
    return OK if all(map(_is_good, answers)) else REFUSED


def _zones(file: Path | None, picture: Path | None) -> Iterator[list[str]]:
    if picture is not None:
        from profilecore_scanner.picture import lines_of

        yield lines_of(picture)
    elif file is not None:
        with click.open_file(str(file), "rb") as opened:
            given: bytes = opened.read()
        # Scanners send ASCII; whatever else there is only has to be a character of no zone.
        yield from documents(given.decode("utf-8-sig", errors="replace"))


def _each(zones: Collection[list[str]], answer: Any) -> list[Answer]:
    """Answer each zone; one that is refused stops none of the others."""
    answers: list[Answer] = []
    with stoppable() as allow_stop, progress(Count.THINGS) as show:
        try:
            for number, lines in enumerate(zones, 1):
                try:
                    made = answer(lines)
                except ProfilecoreError as error:
                    made = {"status": "refused", **refusal(error)}
                answers.append({"document": number, **made})
                show("documents", number, len(zones))
                allow_stop()
        except KeyboardInterrupt:
            raise Interrupted(_interrupted(answers, len(zones))) from None
    return answers


def _interrupted(answers: list[Answer], total: int) -> Answer:
    done = sum(a["status"] == "applied" for a in answers)
    message = (
        f"Interrupted: {len(answers)} of {total} documents read, {done} written; the same command "
        "goes on, for what is written already changes nothing."
    )
    return {"error": "interrupted", "message": message, "items": answers}


def _is_good(answer: Answer) -> bool:
    return answer["status"] != "refused" and not answer["faults"]


def _scan_answer(found: Scan) -> Answer:
    nationality = found.nationality
    values = {
        "code": found.zone.code,
        "issuer": found.issuer.alpha_2 or found.issuer.meaning or found.issuer.code,
        "number": found.number,
        "names": ", ".join(filter(None, (found.last_name, found.first_name))) or None,
        "nationality": nationality and (nationality.alpha_2 or nationality.meaning),
        "birth": found.birth_date,
        "sex": found.sex and found.sex.value,
        "expiry": found.expires_on and found.expires_on.isoformat(),
        "optional": found.zone.optional or None,
        "further": found.zone.further or None,
    }
    return {
        "status": "read",
        "form": found.zone.form.value,
        "type": found.type.value,
        "fields": {
            name: {"value": values[name], "trust": trust.value}
            for name, trust in found.trust.items()
        },
        "name_may_be_cut": found.may_be_cut,
        "expired": found.is_expired,
        "repairs": [
            {"field": r.field, "line": r.line, "position": r.position, "was": r.was, "now": r.now}
            for r in found.repairs
        ],
        "faults": [vars(fault) for fault in found.faults],
        "lacks": list(found.lacks),
    }


def _proposal_answer(made: Proposal) -> Answer:
    return {
        "status": "applied" if made.applied else "proposed",
        "profile_id": made.profile_id,
        "created": made.created,
        "changes": [_change(change) for change in made.changes],
        "conflicts": [_change(c.change) | {"why": c.why} for c in made.conflicts],
        "kept": list(made.kept),
        "holders": list(made.holders),
    }


def _change(change: Change) -> Answer:
    return {
        "field": change.field,
        "stored": change.stored,
        "scanned": change.scanned,
        "checked": change.is_checked,
    }


def _show(answers: list[Answer]) -> None:
    for answer in answers:
        if answer["status"] == "refused":
            say(f"Document {answer['document']}: {answer['message']}")
            continue
        expired = ", expired" if answer["expired"] else ""
        say(f"Document {answer['document']}: {answer['form']}, {answer['type']}{expired}")
        table(("field", "value", "how sure"), _field_rows(answer))
        for repair in answer["repairs"]:
            place = f"line {repair['line']}, position {repair['position']}"
            say(f"Repaired: {place}, {repair['was']} read as {repair['now']}.")
        for fault in answer["faults"]:
            say(
                f"Doubtful: line {fault['line']}, position {fault['position']}: {fault['message']}."
            )
        if answer["name_may_be_cut"]:
            say("The name fills its field; it may go on.")
        if "changes" in answer:
            _show_proposal(answer)
        say(f"Not in the zone: {', '.join(answer['lacks'])}.")


def _field_rows(answer: Answer) -> list[tuple[str, Any, str]]:
    return [
        (name, field["value"], field["trust"])
        for name, field in answer["fields"].items()
        if field["value"] is not None or field["trust"] == "doubtful"
    ]


def _show_proposal(answer: Answer) -> None:
    is_done = answer["status"] == "applied"
    whose = answer["profile_id"] or "a new profile"
    say(f"{'Written to' if is_done else 'Would be written to'} {whose}:")
    rows = [(c["field"], c["stored"], c["scanned"], "") for c in answer["changes"]]
    rows += [(c["field"], c["stored"], c["scanned"], c["why"]) for c in answer["conflicts"]]
    table(("field", "stored", "scanned", "in conflict"), rows)
    if answer["kept"]:
        say(f"Same name, stored spelling kept: {', '.join(answer['kept'])}.")
    if answer["holders"]:
        say(f"The document belongs to {', '.join(answer['holders'])}.")
    if answer["conflicts"]:
        say("What is in conflict stays, unless it is named: --apply --overwrite FIELD")
