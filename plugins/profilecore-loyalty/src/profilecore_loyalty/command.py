"""The commands ``profilecore loyalty ...``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from profilecore.cli import Invocation
from profilecore.cli.printing import listing, say, table, tree
from profilecore.cli.program import OK, REFUSED, Interrupted
from profilecore.cli.waiting import Count, progress, stoppable
from profilecore.errors import NotFound
from profilecore_loyalty.enrolling import Card
from profilecore_loyalty.loyalty import Loyalty
from profilecore_loyalty.membership import Membership, MembershipState

if TYPE_CHECKING:
    from profilecore import Stay
    from profilecore_loyalty.ledger import Movement

STATES = click.Choice([state.value for state in MembershipState])
DAY = click.DateTime(["%Y-%m-%d"])
POINTS = click.IntRange(1)
_NAMED = ("code", "name", "type")
_ACCOUNTS = (
    "code", "issued", "adjusted", "redeemed", "transferred", "expired", "closed", "liability",
)  # fmt: skip


def _day(_: click.Context, __: click.Parameter, value: datetime | None) -> date | None:
    return value.date() if value else None


def _day_option(name: str, text: str) -> Callable[..., Any]:
    return click.option(name, type=DAY, callback=_day, metavar="DATE", help=text)


_profile = click.argument("profile_id", metavar="PROFILE")
_code = click.argument("code", metavar="PROGRAMME")
_reference = click.option(
    "--reference", required=True, metavar="REF", help="Your own name for it; told again, no change."
)
_reason = click.option("--reason", metavar="TEXT", help="What it is for.")
_as_of = _day_option("--as-of", "As of this day; today if not given.")


@click.group()
def loyalty() -> None:
    """Programmes, memberships, tiers and points."""


@loyalty.command()
@click.pass_obj
def programmes(invocation: Invocation) -> int:
    """Show the programmes and what stands in their accounts."""
    verbs = Loyalty(invocation.engine)
    rows = []
    for programme in verbs.programmes():
        standing = verbs.totals(programme.code)
        amounts = {k: v for k, v in tree(standing).items() if k != "programme"}
        rows.append(
            {
                "code": programme.code,
                "name": programme.name,
                "type": programme.type.value,
                "tiers": [tier.code for tier in programme.tiers],
                **amounts,
                "liability": standing.liability,
            }
        )

    def show() -> None:
        for names in (_NAMED, _ACCOUNTS):
            table(names, [[row[name] for name in names] for row in rows])

    invocation.answer(listing(rows), show)
    return OK


@loyalty.command()
@_profile
@_code
@click.option("--number", help="The number of the card; one is made if not given.")
@click.option("--state", type=STATES, default="enrolled", help="How far it has come; enrolled.")
@click.option("--told", type=int, metavar="N", help="What the provider of a partner's card told.")
@click.pass_obj
def enrol(
    invocation: Invocation,
    profile_id: str,
    code: str,
    number: str | None,
    state: str,
    told: int | None,
) -> int:
    """Enrol a guest, or change the number of the card; old numbers go on finding the guest."""
    card = Card(number, MembershipState(state), told=told)
    made = Loyalty(invocation.engine).enrol(profile_id, code, card)
    invocation.answer(_plain(made), lambda: say(f"{made.number}: {_said(made)}"))
    return OK


def _plain(membership: Membership) -> dict[str, Any]:
    return {**tree(membership), "numbers": list(membership.numbers)}


def _said(membership: Membership) -> str:
    tier = f", {membership.tier}" if membership.tier else ""
    until = f" until {membership.tier_until}" if membership.tier_until else ""
    points = membership.told if membership.external else membership.balance
    return f"{membership.state.value} in {membership.programme}{tier}{until}, {points or 0} points"


@loyalty.command()
@click.argument("code", metavar="PROGRAMME")
@click.argument("number")
@click.pass_obj
def find(invocation: Invocation, code: str, number: str) -> int:
    """Find the guest with a number, present or former."""
    found = Loyalty(invocation.engine).find(code, number)
    invocation.answer({"profile_id": found}, lambda: say(found))
    return OK


@loyalty.command()
@_profile
@_code
@click.argument("points", type=POINTS, required=False)
@click.option("--reference", metavar="REF", help="Your own name for it; told again, no change.")
@_day_option("--on", "The day for which it counts; today if not given.")
@_reason
@click.option("--stay", "stay_id", metavar="ID", help="Earn what this stay is worth instead.")
@click.option("--spend", type=click.IntRange(0), help="With --stay: spent, in the smallest coin.")
@click.pass_obj
def earn(
    invocation: Invocation,
    profile_id: str,
    code: str,
    points: int | None,
    reference: str | None,
    on: date | None,
    reason: str | None,
    stay_id: str | None,
    spend: int | None,
) -> int:
    """Give points: so many under a --reference, or those of a --stay by the programme's rules.

    A stay counts once however often it is told; one that was changed or cancelled is corrected.
    """
    verbs = Loyalty(invocation.engine)
    if stay_id is not None:
        if points is not None or reference is not None:
            raise click.UsageError("A stay says itself what it is worth: leave out the points.")
        stay = _stay(invocation, profile_id, stay_id)
        return _answer(invocation, verbs.earn_from_stay(stay, code, spend), profile_id, code)
    if points is None or reference is None:
        raise click.UsageError("Give POINTS with a --reference, or a --stay.")
    made = verbs.earn(profile_id, code, points, reference, on=on, reason=reason)
    return _answer(invocation, [made], profile_id, code)


def _stay(invocation: Invocation, profile_id: str, stay_id: str) -> Stay:
    for stay in invocation.engine.stays(profile_id):
        if stay.id == stay_id:
            return stay
    raise NotFound("stay", stay_id)


@loyalty.command()
@_profile
@_code
@click.argument("points", type=POINTS)
@_reference
@_reason
@click.pass_obj
def redeem(
    invocation: Invocation,
    profile_id: str,
    code: str,
    points: int,
    reference: str,
    reason: str | None,
) -> int:
    """Take points for something, the oldest first."""
    made = Loyalty(invocation.engine).redeem(profile_id, code, points, reference, reason)
    return _answer(invocation, made, profile_id, code)


@loyalty.command(context_settings={"ignore_unknown_options": True})
@_profile
@_code
@click.argument("points", type=int)
@_reference
@_reason
@click.pass_obj
def adjust(
    invocation: Invocation,
    profile_id: str,
    code: str,
    points: int,
    reference: str,
    reason: str | None,
) -> int:
    """Correct a balance by hand, up or (below zero) down."""
    made = Loyalty(invocation.engine).adjust(profile_id, code, points, reference, reason)
    return _answer(invocation, made, profile_id, code)


@loyalty.command()
@click.argument("from_id", metavar="FROM")
@click.argument("to_id", metavar="TO")
@_code
@click.argument("points", type=POINTS)
@_reference
@click.pass_obj
def transfer(
    invocation: Invocation, from_id: str, to_id: str, code: str, points: int, reference: str
) -> int:
    """Give points of one member to another; they expire when they would have."""
    made = Loyalty(invocation.engine).transfer(from_id, to_id, code, points, reference)
    return _answer(invocation, made, from_id, code)


def _answer(
    invocation: Invocation, movements: Iterable[Movement], profile_id: str, code: str
) -> int:
    made = list(movements)
    whole = Loyalty(invocation.engine).membership(profile_id, code)
    answer = {"movements": [_movement(each) for each in made], "balance": whole.balance}

    def show() -> None:
        if made:
            _show_movements(made)
        else:
            say("Nothing to book: it is booked already.")
        say(f"The balance is {whole.balance}.")

    invocation.answer(answer, show)
    return OK


def _movement(movement: Movement) -> dict[str, Any]:
    return {**tree(movement), "points": movement.points}


def _show_movements(movements: Iterable[Movement]) -> None:
    rows = [(m.on, m.verb, m.points, m.reference, m.reason) for m in movements]
    table(("on", "what", "points", "reference", "reason"), rows)


@loyalty.command()
@_profile
@_code
@_day_option("--since", "From this day on.")
@_day_option("--until", "Up to this day.")
@click.pass_obj
def statement(
    invocation: Invocation,
    profile_id: str,
    code: str,
    since: date | None,
    until: date | None,
) -> int:
    """Show a member's movements, the balances before and after, and what expires when."""
    made = Loyalty(invocation.engine).statement(profile_id, code, since, until)
    answer = {**tree(made), "movements": [_movement(m) for m in made.movements]}

    def show() -> None:
        say(f"{', '.join(made.numbers)} in {code}{f', {made.tier}' if made.tier else ''}")
        say(f"Before: {made.opening}")
        _show_movements(made.movements)
        say(f"After: {made.closing}")
        for ending in made.endings:
            say(f"{ending.points} expire after {ending.until}")

    invocation.answer(answer, show)
    return OK


@loyalty.command()
@_code
@_as_of
@click.option("--limit", type=click.IntRange(1), default=1_000_000, help="At most so many members.")
@click.pass_obj
def expire(invocation: Invocation, code: str, as_of: date | None, limit: int) -> int:
    """Let the points go whose last day is over; run it every day."""
    verbs = Loyalty(invocation.engine)
    with _watched("members whose points expired") as watch:
        made = verbs.expire(code, as_of, limit=limit, watch=watch)

    def show() -> None:
        say(f"{made.points} points of {made.memberships} memberships expired.")
        if made.more:
            say("More wait: run it again.")

    invocation.answer(made, show)
    return OK


@loyalty.command()
@_code
@click.argument("profile_id", metavar="[PROFILE]", required=False)
@_as_of
@click.pass_obj
def requalify(invocation: Invocation, code: str, profile_id: str | None, as_of: date | None) -> int:
    """Give a guest the tier that is due, or all members theirs."""
    verbs = Loyalty(invocation.engine)
    if profile_id is not None:
        made = verbs.requalify(profile_id, code, as_of)
        invocation.answer(_plain(made), lambda: say(_said(made)))
        return OK
    with _watched("members") as watch:
        changed = verbs.requalify_all(code, as_of, watch=watch)
    invocation.answer({"changed": changed}, lambda: say(f"{changed} tiers have changed."))
    return OK


@loyalty.command()
@click.pass_obj
def verify(invocation: Invocation) -> int:
    """Work out all balances and totals anew from the movements; ends with 1 if any differs."""
    verbs = Loyalty(invocation.engine)
    with _watched("movements and memberships") as watch:
        found = verbs.verify(watch=watch)

    def show() -> None:
        if not found:
            say("Balances, lots and totals are what the movements say.")
            return
        rows = [(d.programme, d.what, d.id, d.stored, d.found) for d in found]
        table(("programme", "what", "id", "stored", "by the movements"), rows)

    invocation.answer(listing(found), show)
    return REFUSED if found else OK


@contextmanager
def _watched(what: str) -> Iterator[Callable[[int], None]]:
    """Show how far a job is, and let it be stopped between two of its transactions."""
    done = 0
    with stoppable() as allow_stop, progress(Count.THINGS) as show:

        def watch(number: int) -> None:
            nonlocal done
            done = number
            show(what, number, None)
            allow_stop()

        try:
            yield watch
        except KeyboardInterrupt:
            message = f"Interrupted after {done} {what}; the same command goes on."
            raise Interrupted({"error": "interrupted", "message": message}) from None
