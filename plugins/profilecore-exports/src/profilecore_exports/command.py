"""The commands ``profilecore export ...`` and ``profilecore exports ...``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from profilecore.cli import Invocation
from profilecore.cli.printing import listing, say, table
from profilecore.cli.program import OK, REFUSED, with_shared_options
from profilecore.cli.waiting import Count, progress

if TYPE_CHECKING:
    from profilecore_exports.answering import Answered
    from profilecore_exports.contract import Format
    from profilecore_exports.outcome import Choice, Run

_IN = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(file_okay=False, path_type=Path)
_DAY = click.DateTime(["%Y-%m-%d"])


def _formats(invocation: Invocation) -> dict[str, Format]:
    from profilecore_exports.contract import formats_of

    return formats_of(invocation.plugins.contributions.checks.values())


def _format(invocation: Invocation, name: str) -> Format:
    found = _formats(invocation).get(name)
    if found is None:
        raise click.UsageError(f"There is no format {name}; see: profilecore exports list")
    return found


class FormatGroup(click.Group):
    """A group whose commands are the formats, beside its own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_formats(ctx.ensure_object(Invocation))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        format = _formats(ctx.ensure_object(Invocation)).get(cmd_name)
        return None if format is None else with_shared_options(_command_of(format))


@click.group(cls=FormatGroup)
def export() -> None:
    """Write the files of guest registration of a country's format."""


def _command_of(format: Format) -> click.Command:
    """Make the command that exports in a format."""
    trust = "" if format.trust.is_verified else " The layout is unverified: check before use."

    @click.pass_obj
    def run(invocation: Invocation, /, **options: Any) -> int:
        return _export(invocation, format, **options)

    return click.Command(
        format.name,
        callback=run,
        help=f"Write {format.title}.{trust}\n\nEnds with 1 if a guest is "
        "incomplete, or if something that was sent has to be put right by hand.",
        short_help=format.title,
        params=[
            click.Option(["--property", "property_id"], required=True, metavar="P",
                         help="The property whose guests are due."),
            click.Option(["--from", "start"], type=_DAY, required=True, metavar="D",
                         help="The first day."),
            click.Option(["--to", "end"], type=_DAY, required=True, metavar="D",
                         help="The last day."),
            click.Option(["--out"], type=_OUT, required=False, metavar="DIR",
                         help="Where the files go; needed but for --dry-run."),
            click.Option(["--strict"], is_flag=True,
                         help="Write nothing if any guest is incomplete."),
            click.Option(["--again"], is_flag=True,
                         help="Write what stands in the register too."),
            click.Option(["--on"], multiple=True, metavar="CODE=CHOICE",
                         help="What a problem leads to: ignore, exclude or cancel; repeatable."),
            click.Option(["--dry-run"], is_flag=True, help="Tell what would be written."),
        ],
    )  # fmt: skip


def _export(
    invocation: Invocation,
    format: Format,
    *,
    property_id: str,
    start: datetime,
    end: datetime,
    out: Path | None,
    strict: bool,
    again: bool,
    on: tuple[str, ...],
    dry_run: bool,
) -> int:
    from profilecore_exports.running import export as run_export

    if out is None and not dry_run:
        raise click.UsageError("Say where the files go: --out DIR, or look first: --dry-run")
    with progress(Count.THINGS) as show:
        run = run_export(
            invocation.engine,
            format,
            property_id,
            start.date(),
            end.date(),
            None if dry_run else out,
            strict=strict,
            again=again,
            choices=_choices(on),
            watch=show,
        )
    invocation.answer(run, lambda: _show(run, format, out, dry_run=dry_run))
    return OK if run.is_clean else REFUSED


def _choices(texts: tuple[str, ...]) -> dict[str, Choice]:
    from profilecore_exports.outcome import Choice

    known = {choice.value: choice for choice in Choice}
    read = {}
    for text in texts:
        code, equals, choice = text.partition("=")
        if not equals or choice not in known:
            raise click.BadParameter(
                f"{text} is no CODE=CHOICE, with one of {', '.join(known)}", param_hint="--on"
            )
        read[code] = known[choice]
    return read


def _show(run: Run, format: Format, out: Path | None, *, dry_run: bool) -> None:
    for file in run.files:
        say(f"{out}/{file.name}: {file.guests} guests ({file.kind}), SHA-256 {file.checksum}")
    if run.stopped:
        say("Nothing was written.")
    elif not run.files:
        say("Nothing was written: this was a dry run." if dry_run else "There is nothing to write.")
    for word, number in run.counts.items():
        say(f"{word.replace('_', ' ')}: {number}")
    rows = [
        (each.guest_id, each.day, missing.code, missing.message, missing.supplier, missing.path)
        for each in run.incomplete
        for missing in each.missing
    ]
    if rows:
        table(("guest", "day", "code", "missing", "ask", "field"), rows)
    if run.changed:
        say("What was sent is not true any more:")
        table(
            ("guest", "stay", "why", "what to do"),
            [(c.guest_id, c.stay_id, c.why, c.do) for c in run.changed],
        )
    if dry_run and run.late:
        say("Late now:")
        late = [(each.guest_id, each.stay_id, each.moment.value, each.until) for each in run.late]
        table(("guest", "stay", "moment", "was due until"), late)
    if not format.trust.is_verified:
        say(f"The layout of {format.name} is unverified ({format.trust.value}).")


@export.command("answer")
@click.argument("format_name", metavar="FORMAT")
@click.argument("file", type=_IN)
@click.option("--sent", metavar="NAME", help="The name of the file that is answered.")
@click.pass_obj
def answer(invocation: Invocation, format_name: str, file: Path, sent: str | None) -> int:
    """Read the authority's answer and mark each guest accepted or refused.

    Ends with 1 if a guest was refused.
    """
    from profilecore_exports.answering import read_answer

    format = _format(invocation, format_name)
    made = read_answer(invocation.engine, format, file.read_bytes(), file=sent)

    invocation.answer(made, lambda: _show_answered(made))
    return REFUSED if made.refused else OK


def _show_answered(made: Answered) -> None:
    say(f"{', '.join(made.files)}: {len(made.judged)} guests, {made.refused} refused")
    rows = [(j.guest_id, j.code, j.text) for j in made.judged if not j.accepted]
    if rows:
        table(("guest", "code", "what the authority says"), rows)
    kept = [j for j in made.judged if j.kind == "cancellation" and not j.accepted]
    if kept:
        say("Not cancelled; at the authority this stands still:")
        table(("guest", "stay", "number"), [(j.guest_id, j.stay_id, j.reference) for j in kept])


@export.command("send")
@click.argument("format_name", metavar="FORMAT")
@click.option("--property", "property_id", required=True, metavar="P", help="Whose files go.")
@click.option("--from", "folder", type=_OUT, required=True, metavar="DIR", help="Where they are.")
@click.option("--file", "names", multiple=True, metavar="NAME", help="Only this; repeatable.")
@click.option("--to", "to", type=_OUT, metavar="DIR", help="Lay them there, for another program.")
@click.pass_obj
def send(
    invocation: Invocation,
    format_name: str,
    property_id: str,
    folder: Path,
    names: tuple[str, ...],
    to: Path | None,
) -> int:
    """Send written files to the authority's web service, or lay them into a directory.

    Each file goes once, unless it is named.  Ends with 1 if a guest was refused.
    """
    from profilecore_exports.sending import send as send_files
    from profilecore_exports.transport import DirectoryTransport

    format = _format(invocation, format_name)
    transport = None if to is None else DirectoryTransport(to)
    with progress(Count.THINGS) as show:
        sent = send_files(
            invocation.engine,
            format,
            folder,
            property_id,
            transport=transport,
            names=names,
            watch=show,
        )

    def out() -> None:
        for each in sent:
            said = "" if each.answered is None else f": {each.answered.refused} guests refused"
            say(f"{each.name} is out{said}")
        if not sent:
            say("There is nothing to send.")

    invocation.answer(listing(sent), out)
    return REFUSED if any(each.answered and each.answered.refused for each in sent) else OK


@export.command("query")
@click.argument("format_name", metavar="FORMAT")
@click.option("--out", type=_OUT, metavar="DIR", help="Write the questions there.")
@click.option("--send", "sends", is_flag=True, help="Ask the web service, and note its answers.")
@click.option("--property", "property_id", metavar="P", help="With --send: whose files.")
@click.pass_obj
def query(
    invocation: Invocation,
    format_name: str,
    out: Path | None,
    sends: bool,
    property_id: str | None,
) -> int:
    """Ask what became of what the authority has received and not decided yet.

    With --out the questions are files for its web site.  With --send its web service is asked,
    and each guest marked as by export answer; it ends with 1 if one was refused.
    """
    if (out is None) != sends or sends != (property_id is not None):
        raise click.UsageError("Say either --out DIR, or --send --property P.")
    format = _format(invocation, format_name)
    if out is not None:
        _write_queries(invocation, format, out)
        return OK
    return _ask(invocation, format, str(property_id))


def _write_queries(invocation: Invocation, format: Format, out: Path) -> None:
    from profilecore_exports.asking import write_queries

    names = write_queries(invocation.engine, format, out)

    def show() -> None:
        for name in names:
            say(f"{out}/{name}")
        if not names:
            say("There is nothing to ask about.")

    invocation.answer(listing(names), show)


def _ask(invocation: Invocation, format: Format, property_id: str) -> int:
    from profilecore_exports.asking import ask

    with progress(Count.THINGS) as show:
        told = ask(invocation.engine, format, property_id, watch=show)

    def out() -> None:
        for made in told:
            _show_answered(made)
        if not told:
            say("There is nothing to ask about.")

    invocation.answer(listing(told), out)
    return REFUSED if any(made.refused for made in told) else OK


@click.group()
def exports() -> None:
    """List the formats of guest registration, their tables and what was sent."""


@exports.command("list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the formats: whom they cover, how sure the layout is, until when to report."""
    rows = [_described(format) for format in _formats(invocation).values()]

    def out() -> None:
        shown = (
            (r["name"], r["country"], r["covers"], r["deadline"], r["trust"] + _mark(r))
            for r in rows
        )
        table(("format", "country", "covers", "deadline", "layout known from"), shown)

    invocation.answer(listing(rows), out)


def _mark(row: dict[str, Any]) -> str:
    return "" if row["verified"] else " (unverified)"


def _described(format: Format) -> dict[str, Any]:
    return {
        "name": format.name,
        "title": format.title,
        "country": format.country,
        "covers": format.covers.words,
        "trust": format.trust.value,
        "verified": format.trust.is_verified,
        "source": format.source,
        "deadline": format.deadline.text,
        "limit": format.limit,
        "amends": format.amends.value,
        "tables": [spec.name for spec in format.tables],
        "properties": sorted(format.houses),
        "note": format.note,
    }


@exports.command("sent")
@click.option("--format", "format_name", metavar="FORMAT", help="Of this format only.")
@click.pass_obj
def sent(invocation: Invocation, format_name: str | None) -> None:
    """List the files that were written: the register, without anything of the guests."""
    from profilecore.rules.visibility import may_see
    from profilecore_exports.register import sent_files

    engine = invocation.engine
    found = [
        file
        for file in sent_files(engine.store, format_name)
        if may_see(file.property_id, engine.actor)
    ]
    rows = (
        (f.name, f.format, f.property_id, f.kind, len(f.entries), f.written_at, f.by, f.answered_at)
        for f in found
    )
    head = ("file", "format", "property", "kind", "guests", "written", "by", "answered")
    invocation.answer(listing(found), lambda: table(head, rows))


@exports.command("details")
@click.argument("stay_id", metavar="STAY")
@click.argument("fields", nargs=-1, metavar="FIELD=VALUE...")
@click.pass_obj
def details(invocation: Invocation, stay_id: str, fields: tuple[str, ...]) -> None:
    """Note what authorities ask of a stay: arrived_at=16:05, payment=card, rooms=1, ...

    A field with a dot is what one format alone asks, as co.sire.from=DE; <guest id>/co.sire.from
    is for one guest of the stay.  companions=ID,ID says who else stays.  FIELD= removes.
    """
    from profilecore_exports.details import record_details, set_companions

    given: dict[str, Any] = {}
    for text in fields:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f"{text} is no FIELD=VALUE")
        if name == "companions":
            set_companions(invocation.engine, stay_id, [id for id in value.split(",") if id])
        elif "." in name:
            given.setdefault("values", {})[name] = value or None
        else:
            given[name] = _plain(name, value)
    made = record_details(invocation.engine, stay_id, given)
    invocation.answer(made, lambda: say(f"Noted for stay {stay_id}."))


def _plain(name: str, value: str) -> Any:
    if not value:
        return None
    if name == "rooms":
        return int(value) if value.isdecimal() else value
    if name == "internet":
        return {"yes": True, "true": True, "no": False, "false": False}.get(value, value)
    return value


@exports.group("tables")
def tables() -> None:
    """Load the long code tables of authorities, and list them."""


@tables.command("add")
@click.argument("name", metavar="NAME")
@click.argument("file", type=_IN)
@click.pass_obj
def add(invocation: Invocation, name: str, file: Path) -> int:
    """Load a table from the authority's own file: CSV, or a JSON list of objects.

    Rows without a code or a name are left out and told; it ends with 1 then.
    """
    from profilecore_exports.tables import add_table

    known = {spec.name for format in _formats(invocation).values() for spec in format.tables}
    if name not in known:
        raise click.UsageError(f"No format asks for {name}; there are {', '.join(sorted(known))}")
    engine = invocation.open(create=True)
    made = add_table(engine.store, name, file, datetime.now(UTC))

    def out() -> None:
        say(f"{name}: version {made.version.number}, {made.version.rows} rows")
        for number, why in made.rejects[:20]:
            say(f"Row {number} {why}.")
        if len(made.rejects) > 20:
            say(f"... and {len(made.rejects) - 20} rows more were left out.")

    invocation.answer(made, out)
    return REFUSED if made.rejects else OK


@tables.command("list")
@click.pass_obj
def list_tables(invocation: Invocation) -> None:
    """List the tables of codes: which are loaded, where to get the others, which come along."""
    from profilecore_exports.tables import KIND, versions_of

    formats = _formats(invocation).values()
    specs = {spec.name: spec for format in formats for spec in format.tables}
    brought = {each.name: each for format in formats for each in format.lists}
    with invocation.engine.store.read() as reader:
        known = {name: versions_of(reader.get(KIND, name), name) for name in sorted(specs)}
    rows: list[dict[str, Any]] = [
        {"name": n, "title": specs[n].title, "where": specs[n].where, "versions": listed.versions}
        for n, listed in known.items()
    ]
    rows += [vars(each) for _, each in sorted(brought.items())]

    def out() -> None:
        shown = []
        for name, listed in known.items():
            state = f"missing; get it from {specs[name].where}"
            if listed.versions:
                last = listed.versions[-1]
                state = f"version {last.number}, {last.rows} rows, {last.added_at:%Y-%m-%d}"
            shown.append((name, state))
        for name, each in sorted(brought.items()):
            shown.append((name, f"in the package, of {each.as_of}, from {each.source}"))
        table(("table", "loaded"), shown)

    invocation.answer(listing(rows), out)


@tables.command("show")
@click.argument("name", metavar="NAME")
@click.pass_obj
def show_list(invocation: Invocation, name: str) -> None:
    """Show the codes of a short list that the package brings along."""
    formats = _formats(invocation).values()
    brought = {each.name: each for format in formats for each in format.lists}
    if name not in brought:
        raise click.UsageError(f"There is no list {name}; there are {', '.join(sorted(brought))}")
    found = brought[name]

    def out() -> None:
        table(("code", found.title), found.codes.items())
        say(f"As of {found.as_of}, from {found.source}.")

    invocation.answer(vars(found), out)
