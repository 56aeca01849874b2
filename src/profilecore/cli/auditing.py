"""Commands on the audit trail: show what happened, and prove that nobody meddled with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from profilecore.cli.invocation import CURSOR, Invocation
from profilecore.cli.printing import listing, say, table
from profilecore.cli.program import OK, REFUSED
from profilecore.cli.waiting import progress

if TYPE_CHECKING:
    from profilecore.engine import Engine
    from profilecore.model.events import Event
    from profilecore.rules.chain import ChainFault

Watch = Callable[[int], object]


@click.group()
def audit() -> None:
    """Look at the audit trail: who did what and when, never a value."""


@audit.command()
@click.pass_obj
def verify(invocation: Invocation) -> int:
    """Check that no event and no receipt was changed, dropped or moved.

    Ends with 1 if one was.  Somebody who can write to the store can write all of it anew: so note
    the seals elsewhere, and compare.
    """
    engine = invocation.engine
    with progress() as show_done:
        faults = engine.verify(lambda done: show_done(f"{done:,} entries", done, None))
    ends = engine.ends()

    def show() -> None:
        if faults:
            show_faults(faults)
        for chain, end in ends.items():
            say(f"{chain}: {end.length} entries, the newest sealed {end.newest or 'never'}")
        if not faults:
            say("Both chains are whole.")

    invocation.answer(listing(faults) | {"ends": ends}, show)
    return REFUSED if faults else OK


def show_faults(faults: Sequence[ChainFault]) -> None:
    """Print where chains are broken."""
    rows = [(fault.chain, _place(fault), fault.code, fault.id or "") for fault in faults]
    table(("chain", "number", "fault", "id"), rows)


def _place(fault: ChainFault) -> str:
    if fault.last in (None, fault.number):
        return str(fault.number)
    return f"{fault.number} to {fault.last}"


@audit.command()
@click.argument("profile_id", metavar="[ID]", required=False)
@click.option("--after", type=CURSOR, default=0, metavar="CURSOR", help="Go on here.")
@click.option("--limit", type=click.IntRange(1), default=500, metavar="N", help="500 if not given.")
@click.pass_obj
def show(invocation: Invocation, profile_id: str | None, after: int, limit: int) -> None:
    """List what happened, to one person or to all; JSON has the cursor to go on with."""
    with progress() as show_done:

        def watch(seen: int) -> None:
            show_done(f"events looked through, up to {seen:,}", seen, None)

        events, cursor = _gather(invocation.engine, profile_id, after, limit, watch)
    rows = (
        (e.number, f"{e.at:%Y-%m-%d %H:%M:%S}", e.type, e.profile_id, e.actor, e.property_id,
         ", ".join(e.fields))
        for e in events
    )  # fmt: skip
    head = ("number", "at", "what", "profile", "actor", "property", "fields")
    invocation.answer(listing(events, cursor), lambda: table(head, rows))


def _gather(
    engine: Engine, profile_id: str | None, after: int, limit: int, watch: Watch
) -> tuple[list[Event], str]:
    """Look through the feed until there are enough events or no more."""
    events: list[Event] = []
    cursor = str(after)
    while len(events) < limit:
        wanted = min(limit - len(events), 10_000)
        page = engine.changes(cursor, limit=wanted, profile_id=profile_id)
        events += page.items
        if page.next == cursor or page.next is None:
            break
        cursor = page.next
        watch(int(cursor))
    return events, cursor
