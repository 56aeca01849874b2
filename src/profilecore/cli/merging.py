"""Commands to merge profiles and to undo it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from profilecore.cli.invocation import Invocation
from profilecore.cli.printing import brief, console, say, show_blockers, table, tree
from profilecore.cli.program import OK, REFUSED
from profilecore.rules.survivorship import is_empty

if TYPE_CHECKING:
    from rich.console import Console

    from profilecore.rules.merging import MergePlan


@click.command()
@click.argument("survivor_id", metavar="SURVIVOR")
@click.argument("other_ids", metavar="OTHER...", nargs=-1, required=True)
@click.option(
    "--choose",
    "chosen",
    multiple=True,
    metavar="FIELD=ID",
    help="Take this field from this profile; repeatable.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing.")
@click.pass_obj
def merge(
    invocation: Invocation,
    survivor_id: str,
    other_ids: tuple[str, ...],
    chosen: tuple[str, ...],
    dry_run: bool,
) -> int:
    """Merge profiles into SURVIVOR; the id it prints is what unmerge takes."""
    choices: dict[str, str] = {}
    for number, text in enumerate(chosen, 1):
        field, equals, id = text.partition("=")
        if not (field and equals and id):
            raise click.BadParameter(f"number {number} is no FIELD=ID", param_hint="--choose")
        choices[field] = id
    engine = invocation.engine
    plan = engine.plan_merge(survivor_id, other_ids, choices=choices)
    if dry_run:
        invocation.answer(plan, lambda: show_plan(plan, console()))
        return REFUSED if plan.blockers else OK
    done = engine.merge(plan)

    def out() -> None:
        say(f"Merged {', '.join(done.loser_ids)} into {done.survivor_id}")
        say(f"To undo it: profilecore unmerge {done.id}")

    invocation.answer({**tree(done), "state": "applied"}, out)
    return OK


def show_plan(plan: MergePlan, to: Console) -> None:
    """Print a merge plan field by field: the candidates, the value chosen, and why."""
    if plan.already is not None:
        to.print(f"Merged already, by {plan.already}.", soft_wrap=True)
        return
    names = {
        id: f"{'survivor' if n == 0 else 'other'}{'' if n < 2 else f' {n}'}"
        for n, id in enumerate((plan.survivor_id, *plan.loser_ids))
    }
    rows = [
        (
            field.field,
            *(brief(c.value) for c in field.candidates),
            brief(field.value),
            field.reason,
        )
        for field in plan.fields
        if field.field != "created_at" and not all(is_empty(c.value) for c in field.candidates)
    ]
    table(("field", *names.values(), "result", "why"), rows, to=to)
    for what, counts in (("will own", plan.owned), ("re-points", plan.references)):
        if counts:
            listed = ", ".join(f"{count} {kind}" for kind, count in counts.items())
            to.print(f"The survivor {what}: {listed}")
    for clash in plan.clashes:
        becomes = "are read as one" if clash.combined else "cannot become one"
        to.print(f"{len(clash.ids)} {clash.kind} {becomes}: {', '.join(clash.ids)}", soft_wrap=True)
    if plan.blockers:
        to.print("It is refused:")
        show_blockers(plan.blockers, to)


@click.command()
@click.argument("merge_id", metavar="MERGE_ID")
@click.pass_obj
def unmerge(invocation: Invocation, merge_id: str) -> None:
    """Undo a merge: exactly if nothing changed since, else as far as possible."""
    undone = invocation.engine.unmerge(merge_id)

    def out() -> None:
        restored = ", ".join(p.id for p in undone.restored)
        say(f"Undone: {restored} stands alone again beside {undone.survivor.id}")
        if undone.kept:
            say(f"Edited since and kept: {', '.join(undone.kept)}")

    invocation.answer({"id": undone.merge_id, **tree(undone)}, out)
