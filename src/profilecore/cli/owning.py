"""Commands on what a profile owns: holds, and everything held about a person."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from profilecore.cli.invocation import Invocation
from profilecore.cli.printing import listing, say, table, tree
from profilecore.model.documents import Hold


@click.group()
def hold() -> None:
    """Place, release and list holds.

    An open bill blocks a clear; a legal hold (--keeps) keeps something through one.
    """


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
@click.option(
    "--keeps",
    multiple=True,
    metavar="PATH",
    help="Block nothing, but keep this through a clear: profile.FIELD, a kind of document (file), "
    "one (file/ID), a field of a kind (stay.reference); repeatable.",
)
@click.pass_obj
def place(
    invocation: Invocation,
    profile_id: str,
    kind: str,
    property_id: str | None,
    ref: str | None,
    expected: datetime | None,
    keeps: tuple[str, ...],
) -> None:
    """Place a hold; its id is what release takes."""
    placed = invocation.engine.place_hold(
        profile_id,
        kind=kind,
        property_id=property_id,
        ref=ref,
        expected_on=expected.date() if expected else None,
        keeps=keeps,
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
        (
            h.id,
            h.kind,
            h.property_id,
            h.ref,
            h.expected_on,
            h.keeps,
            "open" if h.is_open else "released",
        )
        for h in found
    )
    head = ("id", "kind", "property", "ref", "expected", "keeps", "state")
    invocation.answer(listing(_record(h) for h in found), lambda: table(head, rows))


@click.command()
@click.argument("profile_id", metavar="ID")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it as a page for the person; only you may read the file.",
)
@click.option("--force", is_flag=True, help="Write over FILE.")
@click.pass_obj
def access(invocation: Invocation, profile_id: str, html: Path | None, force: bool) -> None:
    """Give everything held about a person, every plugin's part included.

    Other people are left out, but texts such as notes are not searched for their names: read the
    answer before you hand it out.
    """
    if html is not None:
        _write_page(invocation, profile_id, html, force)
        return
    if force:
        raise click.UsageError("--force goes with --html.")
    held = invocation.engine.access(profile_id)

    def out() -> None:
        say(msgspec.json.format(msgspec.json.encode(held), indent=2).decode())

    invocation.answer(held, out)


def _write_page(invocation: Invocation, profile_id: str, file: Path, force: bool) -> None:
    if not force and (file.exists() or file.is_symlink()):
        raise click.UsageError(f"{file} exists. Name another file, or give --force.")
    page = invocation.engine.access_page(profile_id)
    if force:
        file.unlink(missing_ok=True)
    # Made anew, never opened: neither the mode of an older file nor a link's target counts.
    made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(made, "w", encoding="utf-8") as out:
        out.write(page)
    path = file.absolute()
    advice = "Read it before you hand it out: texts may name other people."
    answer = {"profile_id": profile_id, "file": str(path)}
    invocation.answer(answer, lambda: say(f"Wrote {path}\n{advice}"))
