"""Commands to clear a person for good, and to finish what a reader stood in the way of."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from profilecore.cli.auditing import show_faults
from profilecore.cli.invocation import Invocation
from profilecore.cli.printing import brief, console, listing, say, show_blockers, table, tree
from profilecore.cli.program import OK, REFUSED

if TYPE_CHECKING:
    from rich.console import Console

    from profilecore.model.documents import Held, Receipt
    from profilecore.rules.clearing import ClearPlan


def is_terminal() -> bool:
    """Tell whether there is somebody to ask."""
    return sys.stdin.isatty()


@click.command()
@click.argument("profile_id", metavar="ID")
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--reason", metavar="TEXT", help="Goes into the receipt; name no person.")
@click.option("--objected", is_flag=True, help="Refuse imports that bring the person again.")
@click.pass_obj
def clear(
    invocation: Invocation,
    profile_id: str,
    dry_run: bool,
    yes: bool,
    reason: str | None,
    objected: bool,
) -> int:
    """Clear a person for good: this id, all merged into it, and all they own.

    What a retention rule or a legal hold keeps stays, restricted, until its date; clear-due, or
    releasing the hold, erases it.
    """
    if not (yes or dry_run or is_terminal()):
        raise click.UsageError("A clear cannot be undone; without a terminal to ask, add --yes.")
    engine = invocation.engine
    plan = engine.plan_clear(profile_id)
    if dry_run:
        invocation.answer(_plan_tree(plan), lambda: show_plan(plan, console()))
        return REFUSED if plan.blockers else OK
    if not yes and plan.fields and not plan.blockers:
        show_plan(plan, console(stderr=True))
        click.confirm("Clear this person for good?", abort=True, err=True)
    receipt = engine.clear(plan, reason=reason, objected=objected)
    state = "restricted" if receipt.held else "cleared"
    invocation.answer({**tree(receipt), "state": state}, lambda: show_receipt(receipt))
    return OK


def _plan_tree(plan: ClearPlan) -> dict[str, object]:
    return {**tree(plan), "counts": dict(plan.counts)}


def show_plan(plan: ClearPlan, to: Console) -> None:
    """Print what a clear would do."""
    rows = [
        ("profiles", ", ".join(plan.family)),
        ("fields", ", ".join(plan.fields)),
        ("erased", ", ".join(f"{n} {kind}" for kind, n in plan.counts.items())),
    ]
    table(("what", "goes"), rows, to=to)
    show_held(plan.held, to)
    if plan.blockers:
        to.print("It is refused:")
        show_blockers(plan.blockers, to)


def show_receipt(receipt: Receipt, to: Console | None = None) -> None:
    """Print a receipt."""
    rows = [
        ("receipt", receipt.id),
        ("status", receipt.status),
        ("cleared at", f"{receipt.cleared_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("cleared ids", receipt.cleared_ids),
        ("erased", ", ".join(f"{n} {kind}" for kind, n in receipt.erased.items())),
        ("kept", ", ".join(f"{n} {k}" for k, n in receipt.kept.items())),
        ("reason", receipt.reason),
        ("number", receipt.number),
        ("seal", receipt.seal),
    ]
    if receipt.remains:
        rows[2:2] = [("remains", receipt.remains), ("until", receipt.remains_until)]
    table(("", ""), rows, to=to)
    show_held(receipt.held, to or console())


def show_held(held: Iterable[Held], to: Console, whose: str = "") -> None:
    """Print what a clear leaves in place, by which rule, until when; nothing if it leaves none."""
    lines = [f"- {brief(each)}" for each in held]
    if lines:
        to.print("\n".join([f"It is kept{whose}, restricted:", *lines]), soft_wrap=True)


@click.group()
def receipts() -> None:
    """Look after the receipts of clears."""


@receipts.command()
@click.pass_obj
def verify(invocation: Invocation) -> int:
    """Check that no receipt was changed, dropped or moved.

    Ends with 1 if one was.
    """
    faults = invocation.engine.verify_receipts()

    def show() -> None:
        if not faults:
            say("The chain of receipts is whole.")
            return
        show_faults(faults)

    invocation.answer(listing(faults), show)
    return REFUSED if faults else OK


@click.command()
@click.pass_obj
def scrub(invocation: Invocation) -> None:
    """Finish clears whose bytes another reader still held."""
    erased = invocation.engine.scrub()
    invocation.answer({"erased": erased}, lambda: say(f"{erased} receipts became erased."))
