"""The commands ``profilecore promotions ...``."""

from __future__ import annotations

from datetime import datetime

import click

from profilecore.cli import Invocation
from profilecore.cli.printing import listing, say, table, tree
from profilecore.cli.program import OK
from profilecore_segments.segments import Segments
from profilecore_segments.uptake import Uptake

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def promotions() -> None:
    """Offers of the chain: whom they are for, who has them, who used them."""


@promotions.command()
@click.argument("code")
@click.argument("name")
@click.option("--terms", default="", metavar="TEXT", help="What is offered, on what terms.")
@click.option("--from", "start", type=_DAY, metavar="DAY", help="The first day.")
@click.option("--to", "end", type=_DAY, metavar="DAY", help="The last day.")
@click.option("--segment", metavar="NAME", help="The saved segment it is for; all if not given.")
@click.option("--uses", type=click.IntRange(1), default=1, help="Stays for each person; 1.")
@click.pass_obj
def define(
    invocation: Invocation,
    code: str,
    name: str,
    terms: str,
    start: datetime | None,
    end: datetime | None,
    segment: str | None,
    uses: int,
) -> int:
    """Save a promotion under its code, or change the one that has it."""
    made = Segments(invocation.engine).define_promotion(
        code,
        name,
        terms=terms,
        starts_on=start.date() if start else None,
        ends_on=end.date() if end else None,
        segment=segment,
        uses=uses,
    )
    invocation.answer(made, lambda: say(f"{made.code}: {made.name}"))
    return OK


@promotions.command("list")
@click.pass_obj
def listed(invocation: Invocation) -> int:
    """Show all promotions."""
    found = Segments(invocation.engine).promotions()
    rows = [
        (p.code, p.name, p.starts_on, p.ends_on, p.segment, p.uses, p.ended_at is not None)
        for p in found
    ]
    head = ("code", "name", "from", "to", "segment", "uses", "ended")
    invocation.answer(listing(found), lambda: table(head, rows))
    return OK


@promotions.command()
@click.argument("code")
@click.argument("profile_id")
@click.pass_obj
def give(invocation: Invocation, code: str, profile_id: str) -> int:
    """Give a promotion to a person; given again, it is the same gift."""
    gift = Segments(invocation.engine).give(code, profile_id)
    told = f"{profile_id} has {gift.code} since {gift.given_at:%Y-%m-%d}."
    invocation.answer(gift, lambda: say(told))
    return OK


@promotions.command()
@click.argument("code")
@click.argument("profile_id")
@click.argument("stay_id")
@click.pass_obj
def use(invocation: Invocation, code: str, profile_id: str, stay_id: str) -> int:
    """Note that a person used a promotion on a stay."""
    gift = Segments(invocation.engine).use(code, profile_id, stay_id)
    invocation.answer(gift, lambda: say(f"{gift.code} was used on {len(gift.used)} stays."))
    return OK


@promotions.command()
@click.argument("code")
@click.pass_obj
def end(invocation: Invocation, code: str) -> int:
    """Give a promotion to nobody any more; who has it may still use it."""
    made = Segments(invocation.engine).end_promotion(code)
    invocation.answer(made, lambda: say(f"{made.code} is given to nobody any more."))
    return OK


@promotions.command("take-back")
@click.argument("code")
@click.argument("profile_id")
@click.pass_obj
def take_back(invocation: Invocation, code: str, profile_id: str) -> int:
    """Take a promotion back from a person who has not used it."""
    Segments(invocation.engine).take_back(code, profile_id)
    answer = {"code": code.strip().upper(), "profile_id": profile_id}
    invocation.answer(answer, lambda: say(f"{profile_id} has it no more."))
    return OK


@promotions.command()
@click.argument("code")
@click.option("--limit", type=click.IntRange(1), default=1_000, help="So many at most; 1,000.")
@click.pass_obj
def gifts(invocation: Invocation, code: str, limit: int) -> int:
    """Show who has a promotion, and on which stays each used it."""
    found = Segments(invocation.engine).holders(code, limit)
    rows = [
        (id, gift.given_at.date(), "\n".join(use.stay_id for use in gift.used))
        for id, gift in found
    ]
    items = [{"profile_id": id, **tree(gift)} for id, gift in found]
    invocation.answer(listing(items), lambda: table(("id", "given", "used on"), rows))
    return OK


@promotions.command()
@click.argument("code")
@click.option(
    "--min-group", type=click.IntRange(1), default=1, metavar="N", help="Hide smaller groups."
)
@click.pass_obj
def stats(invocation: Invocation, code: str, min_group: int) -> int:
    """Count who has a promotion and who used it, by segment and by source.

    What leaves the house should say --min-group: hidden is then what tells of fewer who have it,
    used it or did not use it, and one more group where a total would give them away.
    """
    found = Segments(invocation.engine).uptake(code, min_group=min_group)
    invocation.answer(found, lambda: _show(found))
    return OK


def _show(found: Uptake) -> None:
    say(f"{found.code}: {_told(found.given)} people have it, {_told(found.used)} used it.")
    for head, counts in (("segment", found.by_segment), ("source", found.by_source)):
        rows = [(code, *map(_told, takers or (None, None))) for code, takers in counts.items()]
        table((head, "given", "used"), rows)
    stays = [(code, _told(number)) for code, number in found.stays_by_source.items()]
    table(("stays by source", "stays"), stays)


def _told(number: int | None) -> str:
    return "(hidden)" if number is None else f"{number:,}"
