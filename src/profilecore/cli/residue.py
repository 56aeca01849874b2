"""The command that clears persons and proves from the store's bytes that nothing is left."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import attrs
import click

from profilecore.cli.clearing import is_terminal, show_held, show_plan
from profilecore.cli.invocation import Invocation
from profilecore.cli.printing import console, say, show_blockers, table, tree
from profilecore.cli.program import OK, REFUSED, Interrupted
from profilecore.cli.waiting import Count, progress
from profilecore.errors import Blocker, ClearBlocked, StalePlan
from profilecore.model.documents import ReceiptStatus

if TYPE_CHECKING:
    from rich.console import Console

    from profilecore.engine import Engine
    from profilecore.engine.residue import Fingerprints, Residue
    from profilecore.model.documents import Held, Receipt
    from profilecore.rules.clearing import ClearPlan

_SHOWN = 20


@attrs.define
class Cleared:
    """What became of the persons: a receipt, or why not."""

    receipts: list[Receipt] = attrs.field(factory=list)
    refused: dict[str, tuple[Blocker, ...]] = attrs.field(factory=dict)

    @property
    def pending(self) -> list[str]:
        """The persons whose clear waits for a reader of the store."""
        return [r.profile_id for r in self.receipts if r.status is ReceiptStatus.PENDING]

    @property
    def restricted(self) -> dict[str, tuple[Held, ...]]:
        """What a retention rule or a legal hold keeps of the persons of whom it keeps something."""
        return {r.profile_id: r.held for r in self.receipts if r.held}

    @property
    def erased(self) -> int:
        """How many persons are gone for good."""
        return len({r.profile_id for r in self.receipts} - {*self.pending, *self.restricted})


@click.command()
@click.argument("profile_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Clear nobody; show what the search finds now.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--reason", metavar="TEXT", help="Goes into the receipts; name no person.")
@click.pass_obj
def residue(
    invocation: Invocation,
    profile_ids: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    reason: str | None,
) -> int:
    """Clear persons for good, and search every byte of the store for what is left of them.

    What a retention rule or a legal hold keeps is told, and not searched for.  Ends with 1 if
    anything else is left, or if a clear was refused or is pending.
    """
    if not (yes or dry_run or is_terminal()):
        raise click.UsageError("A clear cannot be undone; without a terminal to ask, add --yes.")
    engine = invocation.engine
    plans = {plan.profile_id: plan for plan in map(engine.plan_clear, profile_ids)}
    taken = {id: engine.fingerprints(id) for id in plans}
    if not (yes or dry_run):
        for plan in plans.values():
            show_plan(plan, console(stderr=True))
        click.confirm(f"Clear {_persons(len(plans))} for good?", abort=True, err=True)
    done = Cleared() if dry_run else _clear(engine, plans.values(), reason)
    asked = _together(f for id, f in taken.items() if id not in done.refused)
    found = _search(engine, asked)
    clean = not (found.found or done.refused or done.pending)
    answer = {
        "cleared": [tree(receipt) for receipt in done.receipts],
        "refused": [{"id": id, "blockers": tree(b)} for id, b in done.refused.items()],
        "restricted": [{"id": id, "held": tree(held)} for id, held in done.restricted.items()],
        "pending": done.pending,
        "residue": tree(found),
        "clean": clean,
    }
    invocation.answer(answer, lambda: _show(found, done, dry_run))
    return OK if clean or dry_run else REFUSED


def _persons(number: int) -> str:
    return "this person" if number == 1 else f"these {number} persons"


def _together(taken: Iterable[Fingerprints]) -> Fingerprints:
    from profilecore.engine.residue import Fingerprints

    asked = Fingerprints((), ())
    for fingerprints in taken:
        asked |= fingerprints
    return asked


def _clear(engine: Engine, plans: Collection[ClearPlan], reason: str | None) -> Cleared:
    """Clear all that may be cleared, with one scrub for all of them.

    :raises StalePlan: if somebody has changed meanwhile; then nobody is cleared.
    """
    done = Cleared()
    with engine.transaction():
        # All before the first clear, which changes those who are related to that person.
        for plan in plans:
            if engine.plan_clear(plan.profile_id).fingerprint != plan.fingerprint:
                raise StalePlan("clear")
        for plan in plans:
            try:
                done.receipts.append(engine.clear(plan.profile_id, reason=reason))
            except ClearBlocked as refusal:
                done.refused[plan.profile_id] = refusal.blockers
    engine.scrub()
    done.receipts = [engine.receipt(receipt.profile_id) for receipt in done.receipts]
    return done


def _search(engine: Engine, asked: Fingerprints) -> Residue:
    with progress(Count.BYTES) as show:
        try:
            return engine.residue(asked, lambda done, size: show("searching", done, size))
        except KeyboardInterrupt:
            message = "Interrupted; nothing was proven. Cleared persons stay cleared."
            raise Interrupted({"error": "interrupted", "message": message}) from None


def _show(found: Residue, done: Cleared, dry_run: bool) -> None:
    if not dry_run:
        counts = (done.erased, len(done.restricted), len(done.pending), len(done.refused))
        table(("erased", "restricted", "pending", "refused"), [counts])
        say("")
    show_residue(found)
    for id, blockers in done.refused.items():
        say(f"The clear of {id} is refused:")
        show_blockers(blockers, console())
    for id, held in done.restricted.items():
        show_held(held, console(), f" of {id}")
    if done.pending:
        say("A reader stands in the way of the scrub; run profilecore scrub later.")
    if not (found.found or dry_run or done.pending or done.refused):
        say("Nothing else is left." if done.restricted else "Nothing is left.")


def show_residue(found: Residue, to: Console | None = None) -> None:
    """Print what a search of the files found: places, never values."""
    speed = found.bytes / 1e6 / max(found.seconds, 1e-6)
    rows = [
        ("files", len(found.files)),
        ("size", f"{found.bytes / 2**20:,.1f} MiB"),
        ("fingerprints", found.searched),
        ("found", str(len(found.found))),
        ("shared with living guests", str(len(found.shared))),
        ("speed", f"{speed:,.0f} MB/s"),
    ]
    table(("", ""), rows, to=to)
    if found.found:
        places = [(p.file, f"{p.offset:,}", p.what) for p in found.found[:_SHOWN]]
        table(("file", "offset", "what"), places, to=to)
        if len(found.found) > _SHOWN:
            (to or console()).print(f"... and {len(found.found) - _SHOWN} more")
