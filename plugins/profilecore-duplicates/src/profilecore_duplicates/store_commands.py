"""The commands ``profilecore duplicates ...`` on a store: scan, matches and review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from profilecore.cli import Invocation
from profilecore.cli.printing import say, table
from profilecore.cli.program import OK, REFUSED
from profilecore.cli.waiting import Count, progress
from profilecore_duplicates import review as pairs
from profilecore_duplicates.command import show_run

if TYPE_CHECKING:
    from profilecore import Engine, Match
    from profilecore_duplicates.review import Pair

DECISIONS = click.Choice([decision.value for decision in pairs.Decision])


@click.command()
@click.option("--whole", is_flag=True, help="Compare all profiles, not only those that changed.")
@click.option("--refit", is_flag=True, help="Fit a new model to the store first.")
@click.option("--threshold", type=float, default=0.0, metavar="W", help="Queue from W bits; 0.")
@click.option("--auto-merge-above", type=float, metavar="W", help="Merge matches above W bits.")
@click.option("--ask", type=click.IntRange(0), default=0, metavar="N", help="Queue N that teach.")
@click.pass_obj
def scan(
    invocation: Invocation,
    whole: bool,
    refit: bool,
    threshold: float,
    auto_merge_above: float | None,
    ask: int,
) -> int:
    """Find the profiles of the store that are the same person.

    The first run fits a model and keeps it; later ones compare what has changed since.  Pairs go
    to the queue of `duplicates review`.  With --auto-merge-above, those that are marked `match`
    and weigh more are merged, and those decided to be the same; each such merge can be undone.
    With --ask, pairs that teach most wait too; --refit learns from what was decided.
    """
    from profilecore_duplicates.scan import scan as run

    with progress(Count.THINGS) as show:
        report = run(
            invocation.engine,
            whole=whole,
            refit=refit,
            threshold=threshold,
            auto_merge_above=auto_merge_above,
            ask=ask,
            watch=show,
        )
    summary = report.summary()

    def told() -> None:
        changed = summary["changed_profiles"]
        over = "all profiles" if changed is None else f"{changed} changed profiles"
        say(
            f"{summary['queued']} pairs wait for review and {summary['merged']} were merged: "
            f"{over} of {summary['records']} compared."
        )
        if summary["merges_refused"]:
            say(f"{summary['merges_refused']} merges were blocked; these pairs wait for review.")
        show_run(summary)

    invocation.answer(summary | {"merges": list(report.merged)}, told)
    return OK


@click.command()
@click.argument("profile_id")
@click.option("--limit", type=click.IntRange(1, 100), default=10, help="So many at most; 10.")
@click.pass_obj
def matches(invocation: Invocation, profile_id: str, limit: int) -> int:
    """Show which stored profiles may be the same person as one."""
    found = invocation.engine.matches(profile_id, limit=limit)
    invocation.answer([dict(m.details()) for m in found], lambda: _show_matches(found))
    return OK


def _show_matches(found: list[Match]) -> None:
    if not found:
        say("No other profile seems to be the same person.")
    for match in found:
        say(f"{match.profile_id}: {match.decision}, {match.probability:.1%}")
        table(("bits", "field", "level"), _reasons(match.reasons))


def _reasons(reasons: Any) -> list[tuple[str, str, str]]:
    return [(f"{r.bits:+.2f}", r.field.replace("_", " "), r.level) for r in reasons]


@click.group()
def review() -> None:
    """Look at the pairs that wait for a decision, and decide."""


@review.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, help="So many at most; 20.")
@click.pass_obj
def listing(invocation: Invocation, limit: int) -> int:
    """Show the pairs that wait, in the order in which they are to be looked at."""
    waiting = pairs.queue(invocation.engine)
    shown = waiting[:limit]

    def show() -> None:
        # Not a table: ids that are parted over lines cannot be copied into `review decide`.
        for pair in shown:
            state = f"{pair.weight:.2f} bits, {pair.proposed}, {_state(pair)}"
            say(f"{pair.left} {pair.right}  {state}")
        say(f"{len(waiting)} pairs wait.")

    invocation.answer({"waiting": len(waiting), "pairs": list(map(_plain, shown))}, show)
    return OK


@review.command("next")
@click.option("--asked", is_flag=True, help="Only pairs whose decisions teach most.")
@click.pass_obj
def upcoming(invocation: Invocation, asked: bool) -> int:
    """Show the next pair, both profiles side by side and what speaks for and against.

    Ends with 1 if none waits.
    """
    engine = invocation.engine
    waiting = pairs.queue(engine, asked=asked)
    if not waiting:
        invocation.answer(None, lambda: say("No pair waits for a decision."))
        return REFUSED
    pair = waiting[0]
    rows = _side_by_side(engine, pair)

    def show() -> None:
        table(("", pair.left, pair.right), rows)
        say(f"{pair.weight:.2f} bits, {pair.proposed}, {_state(pair)}")
        table(("field", "level"), sorted(pair.evidence.items()))
        say(f"Decide: profilecore duplicates review decide {pair.left} {pair.right} DECISION")

    sides = {name: {"left": left, "right": right} for name, left, right in rows}
    invocation.answer(_plain(pair) | {"profiles": sides}, show)
    return OK


def _side_by_side(engine: Engine, pair: Pair) -> list[tuple[str, str, str]]:
    """Give what the two people say, field by field, as far as the actor sees them."""
    from profilecore_duplicates.records import FIELDS, RECORD, views

    roots = pairs.roots_of(engine, {pair.left, pair.right})
    found = {
        row["id"]: views(row)
        for page in engine.extract(FIELDS, profile_ids=sorted(set(roots.values())))
        for row in page
    }
    left, right = (found.get(roots.get(id, ""), []) for id in (pair.left, pair.right))
    said = ((name, _said(left, name), _said(right, name)) for name in RECORD)
    return [row for row in said if row[1] or row[2]]


def _said(views: list[dict[str, str | None]], name: str) -> str:
    return "; ".join(dict.fromkeys(value for view in views if (value := view.get(name))))


@review.command()
@click.argument("left")
@click.argument("right")
@click.argument("decision", type=DECISIONS)
@click.option("--merge", is_flag=True, help="With `same`: merge RIGHT into LEFT at once.")
@click.pass_obj
def decide(invocation: Invocation, left: str, right: str, decision: str, merge: bool) -> int:
    """Say of a pair that it is the same person, different people, or that it cannot be told.

    `different` is remembered, and asked again only when the evidence changes.
    """
    if merge and decision != pairs.Decision.SAME.value:
        raise click.UsageError("--merge goes with `same` only.")
    engine = invocation.engine
    with engine.transaction():
        pair = pairs.decide(engine, left, right, decision)
        made = engine.merge(engine.plan_merge(left, [right])) if merge else None
    answer = _plain(pair) | {"merge": made.id if made else None}

    def show() -> None:
        say(f"{left} and {right}: {decision}.")
        if made:
            say(f"Merged; undo with: profilecore unmerge {made.id}")

    invocation.answer(answer, show)
    return OK


def _state(pair: Pair) -> str:
    if pair.was_reopened:
        return "reopened: the evidence has changed"
    return pair.decision.value if pair.decision else "open"


def _plain(pair: Pair) -> dict[str, Any]:
    return {
        "left": pair.left,
        "right": pair.right,
        "weight": pair.weight,
        "proposed": pair.proposed,
        "evidence": pair.evidence,
        "state": _state(pair),
        "decided": [
            {"decision": d.decision.value, "at": d.at.isoformat(), "by": d.by} for d in pair.history
        ],
    }


STORE_COMMANDS: tuple[click.Command, ...] = (scan, matches, review)
