"""Commands on profiles: create, show, update, search, stays, check."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import IO, Any

import click
import msgspec

from profilecore.cli import assignments
from profilecore.cli.invocation import Invocation, source_name
from profilecore.cli.printing import (
    console,
    full_name,
    listing,
    say,
    show_profile,
    show_profiles,
    table,
)
from profilecore.cli.program import OK, REFUSED
from profilecore.engine.searching import MAX_PAGE
from profilecore.model.enums import Classification, State

_FIELDS_HELP = """
    \b
    last_name=García           a field of the profile
    email=ana@example.com      short names: phone, address, document, tag, ...
    tag='vip; spa'             several items, or say it several times
    address.city=Madrid        a part of an address; of the second: address2.city
    phone.fax=+34911222333     also mobile, voice; home, business
    document=passport:ES:X12   kind, country, number
    external_id:pms=G17        the id in another system
    custom.party=green         a custom field that the configuration declares
    emails='[{"value": ...}]'  JSON, for whatever has no short form
    last_name=[Rich]           text, since it is no JSON
"""

_SOURCE = click.option(
    "--source", callback=source_name, metavar="NAME", help="The source system of the values."
)


def _with_fields(command: Any) -> Any:
    command.__doc__ = (command.__doc__ or "").rstrip() + "\n" + _FIELDS_HELP
    return command


@contextlib.contextmanager
def _usage() -> Iterator[None]:
    """Tell a wrong argument as wrong usage."""
    try:
        yield
    except (ValueError, LookupError) as error:
        if hasattr(error, "code"):  # a typed error of the engine
            raise
        raise click.UsageError(str(error)) from None


@click.command()
@click.argument("fields", nargs=-1, metavar="FIELD=VALUE...")
@click.option("--key", metavar="K", help="Repeated with the same key, nothing new is created.")
@_SOURCE
@click.option(
    "--file",
    "file",
    type=click.File("rb"),
    metavar="FILE",
    help="Read a profile as a JSON object; - reads stdin.",
)
@click.option("--json-values", is_flag=True, help="Read every value as JSON.")
@click.pass_obj
@_with_fields
def create(
    invocation: Invocation,
    fields: tuple[str, ...],
    key: str | None,
    source: str | None,
    file: IO[bytes] | None,
    json_values: bool,
) -> None:
    """Create a profile."""
    with _usage():
        given = assignments.read(fields, json_values=json_values)
        values = assignments.new_values(given, source, invocation.region)
        values = (_object(file) if file is not None else {}) | values
    if not values:
        raise click.UsageError("Give at least last_name=..., or --file.")
    profile = invocation.open(create=True).create(values, key=key, source=source)
    invocation.answer(profile, lambda: say(f"Created {profile.id}: {full_name(profile)}"))


def _object(file: IO[bytes]) -> dict[str, Any]:
    try:
        read = msgspec.json.decode(file.read())
    except (ValueError, RecursionError):
        raise click.UsageError("The file is no JSON.") from None
    if not isinstance(read, dict):
        raise click.UsageError("The file must hold one JSON object.")
    return read


@click.command()
@click.argument("profile_id", metavar="ID")
@click.pass_obj
def show(invocation: Invocation, profile_id: str) -> None:
    """Show a profile; the id of a merged one shows its survivor.

    Of a person who was cleared, what a retention rule or a legal hold keeps is shown only with
    --purpose and the name of that rule, and each such reading is in the feed.
    """
    profile = invocation.engine.get(profile_id)

    def out() -> None:
        if profile.id != profile_id:
            say(f"{profile_id} was merged into {profile.id}.")
        show_profile(profile)
        rules = sorted({held.rule for held in profile.held} - {invocation.purpose})
        if rules:
            say(f"To read what is kept, name the rule it is for: --purpose {rules[0]}")

    invocation.answer(profile, out)


@click.command()
@click.argument("profile_id", metavar="ID")
@click.argument("fields", nargs=-1, required=True, metavar="FIELD=VALUE...")
@click.option("--if-version", type=int, metavar="N", help="Refuse unless it is at this version.")
@_SOURCE
@click.option("--json-values", is_flag=True, help="Read every value as JSON.")
@click.pass_obj
@_with_fields
def update(
    invocation: Invocation,
    profile_id: str,
    fields: tuple[str, ...],
    if_version: int | None,
    source: str | None,
    json_values: bool,
) -> None:
    """Change a profile.

    field= removes a value; a collection is replaced, field+=value and field-=key add and remove
    one item.  A part changes its item alone: address.number=14 keeps the street, and
    nickname=Anita all names but nicknames.
    """
    with _usage():
        given = assignments.read(fields, json_values=json_values)
        engine = invocation.engine
        before = engine.get(profile_id)
        changes = assignments.changes(given, before, source, invocation.region)
    expected = before.version if if_version is None else if_version
    profile = engine.update(profile_id, changes, if_version=expected, source=source)
    changed = profile.version != before.version

    def out() -> None:
        what = f"Updated {profile.id}, now" if changed else f"Nothing to change in {profile.id},"
        say(f"{what} version {profile.version}")

    invocation.answer(profile, out)


@click.command()
@click.argument("text", nargs=-1)
@click.option("--tag", "tags", multiple=True, metavar="T", help="With this tag; repeatable.")
@click.option(
    "--class",
    "classifications",
    multiple=True,
    type=click.Choice([c.value for c in Classification]),
    metavar="C",
    help="Of this class; repeatable.",
)
@click.option("--category", metavar="C", help="Of this category.")
@click.option("--source", metavar="S", help="From this marketing source.")
@click.option(
    "--state",
    type=click.Choice([s.value for s in State]),
    default=State.ACTIVE.value,
    help="In this state; active if not given.",
)
@click.option("--external-id", metavar="SYSTEM:ID", help="Known to another system as this.")
@click.option("--limit", type=click.IntRange(1, MAX_PAGE), default=20, metavar="N")
@click.option("--cursor", metavar="CURSOR", help="Go on where an earlier answer ended.")
@click.pass_obj
def search(
    invocation: Invocation,
    /,
    text: tuple[str, ...],
    external_id: str | None,
    cursor: str | None,
    **filters: Any,
) -> None:
    """Find profiles by the beginnings of words.

    Names in any order, accents and case do not count; e-mail addresses, telephone digits and
    document numbers are found too.
    """
    known_as = None
    if external_id is not None:
        system, colon, value = external_id.partition(":")
        if not colon:
            raise click.BadParameter("must be SYSTEM:ID", param_hint="--external-id")
        known_as = (system, value)
    page = invocation.engine.search(" ".join(text), external_id=known_as, cursor=cursor, **filters)

    def out() -> None:
        show_profiles(page.items)
        if page.next is not None:
            more = "There are more" if page.items else "Nobody is found yet; to look on"
            say(f"{more}: add --cursor {page.next}")
        elif not page.items:
            say("Nobody is found.")

    invocation.answer(listing(page.items, page.next), out)


@click.command()
@click.argument("profile_id", metavar="ID")
@click.pass_obj
def stays(invocation: Invocation, profile_id: str) -> None:
    """List a person's stays by arrival."""
    found = invocation.engine.stays(profile_id)
    rows = (
        (s.property_id, s.arrival, s.departure, s.nights, s.status, s.channel, s.reference)
        for s in found
    )
    head = ("property", "arrival", "departure", "nights", "status", "channel", "reference")
    invocation.answer(listing(found), lambda: table(head, rows))


@click.command()
@click.argument("profile_id", metavar="ID")
@click.argument("name", default="checklist")
@click.option("--format", "format_name", metavar="F", help="For this export format; as NAME.")
@click.pass_obj
def check(invocation: Invocation, profile_id: str, name: str, format_name: str | None) -> int:
    """Tell what is missing from a profile: for the checklist, or for the check NAME.

    Ends with 1 if anything is missing.
    """
    name = format_name or name
    missing = invocation.engine.check(profile_id, name)

    def out() -> None:
        if not missing:
            say("Nothing is missing.")
            return
        rows = ((m.code, m.message, m.supplier, m.path) for m in missing)
        table(("code", "missing", "ask", "field"), rows, to=console())

    invocation.answer(listing(missing), out)
    return REFUSED if missing else OK
