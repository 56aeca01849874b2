"""Commands on what a profile owns: holds, and everything held about a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click
import msgspec

from profilecore.cli.invocation import Invocation
from profilecore.cli.printing import listing, say, table, tree
from profilecore.model.documents import Hold


@click.group()
def hold() -> None:
    """Place, release and list holds: open bills that block a clear."""


def _record(hold: Hold) -> dict[str, Any]:
    return {**tree(hold), "state": "open" if hold.is_open else "released"}


@hold.command()
@click.argument("profile_id", metavar="ID")
@click.option("--kind", required=True, metavar="K", help="What it is, as open-bill.")
@click.option("--property", "property_id", metavar="P", help="Whose it is; the acting property's.")
@click.option("--ref", metavar="R", help="The property's own reference, as a bill's number.")
@click.option(
    "--expected",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="When it is expected to lift (YYYY-MM-DD).",
)
@click.pass_obj
def place(
    invocation: Invocation,
    profile_id: str,
    kind: str,
    property_id: str | None,
    ref: str | None,
    expected: datetime | None,
) -> None:
    """Place a hold; its id is what release takes."""
    placed = invocation.engine.place_hold(
        profile_id,
        kind=kind,
        property_id=property_id,
        ref=ref,
        expected_on=expected.date() if expected else None,
    )
    invocation.answer(_record(placed), lambda: say(f"Placed hold {placed.id}"))


@hold.command()
@click.argument("hold_id", metavar="HOLD_ID")
@click.pass_obj
def release(invocation: Invocation, hold_id: str) -> None:
    """Release a hold; twice is allowed."""
    released = invocation.engine.release_hold(hold_id)
    invocation.answer(_record(released), lambda: say(f"Released hold {released.id}"))


@hold.command("list")
@click.argument("profile_id", metavar="ID")
@click.pass_obj
def list_(invocation: Invocation, profile_id: str) -> None:
    """List the holds on a person, open and released."""
    found = invocation.engine.holds(profile_id)
    rows = (
        (h.id, h.kind, h.property_id, h.ref, h.expected_on, "open" if h.is_open else "released")
        for h in found
    )
    head = ("id", "kind", "property", "ref", "expected", "state")
    invocation.answer(listing(_record(h) for h in found), lambda: table(head, rows))


@click.command()
@click.argument("profile_id", metavar="ID")
@click.pass_obj
def access(invocation: Invocation, profile_id: str) -> None:
    """Give everything held about a person, every plugin's part included."""
    held = invocation.engine.access(profile_id)

    def out() -> None:
        say(msgspec.json.format(msgspec.json.encode(held), indent=2).decode())

    invocation.answer(held, out)
