"""Which tier a member has: what was earned over the window, and what is held until when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from profilecore.model.fields import evolve
from profilecore.rules.periods import last_day
from profilecore.values import frozen
from profilecore_loyalty.awarding import receiving
from profilecore_loyalty.ledger import Account, Counts, Movement
from profilecore_loyalty.membership import (
    MEMBERSHIP,
    Joint,
    Membership,
    MembershipState,
    combine,
    keys_of,
)
from profilecore_loyalty.programme import Downgrade, Measure, Programme, Tier, Window
from profilecore_loyalty.reading import PAGE, movements_of, with_ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from profilecore import Engine


@frozen
class Held:
    """A tier by its rank, and its last day; ``None`` for one that has none."""

    rank: int
    until: date | None = None


def earned(programme: Programme, movements: Sequence[Movement], as_of: date) -> Held:
    """Give the highest tier that movements earn as of a day, and until when."""
    if programme.window is Window.ROLLING:
        within = (m for m in movements if m.on <= as_of <= last_day(m.on, programme.period))
        return _reached(programme, within, last_day(as_of, programme.period))
    found = Held(0)
    for year in (as_of.year, as_of.year - 1):
        within = (m for m in movements if m.on.year == year and m.on <= as_of)
        # What is earned in a year holds until the end of the next.
        held = _reached(programme, within, date(min(year + 1, date.max.year), 12, 31))
        found = held if held.rank > found.rank else found
    return found


def _reached(programme: Programme, movements: Iterable[Movement], until: date) -> Held:
    listed = list(movements)
    counts = Counts()
    for movement in listed:
        counts = counts.plus(movement.counts)
    issued = (p.points for m in listed for p in m.postings if p.account is Account.ISSUED)
    amounts = {
        Measure.NIGHTS: counts.nights,
        Measure.STAYS: counts.stays,
        Measure.SPEND: counts.spend,
        Measure.POINTS: -sum(issued),
    }
    ranks = [
        rank
        for rank, tier in enumerate(programme.tiers, 1)
        if not tier.thresholds or any(amounts[t.measure] >= t.at_least for t in tier.thresholds)
    ]
    rank = max(ranks, default=0)
    return Held(rank, until if _ends(programme.at(rank)) else None)


def _ends(tier: Tier | None) -> bool:
    return tier is not None and bool(tier.thresholds)


def decided(programme: Programme, now: Held, earned_: Held, as_of: date) -> Held:
    """Decide between the tier that is held and the one that was earned.

    A higher one is given at once, the same one is held for longer, and a lower one waits for the
    last day of what is held and for the programme's way to lower it.
    """
    if earned_.rank > now.rank:
        return earned_
    if earned_.rank == now.rank:
        both = now.until and earned_.until
        return Held(now.rank, max(now.until, earned_.until) if both else earned_.until)  # type: ignore[type-var]  # both are there
    if now.until is None or as_of <= now.until or programme.downgrade is Downgrade.NEVER:
        return now
    if programme.downgrade is Downgrade.GRACE and programme.grace is not None:
        return now if as_of <= last_day(now.until, programme.grace) else earned_
    if programme.downgrade is Downgrade.STEP and now.rank - 1 > earned_.rank:
        return Held(now.rank - 1, _next_end(programme, as_of))
    return earned_


def _next_end(programme: Programme, as_of: date) -> date:
    if programme.window is Window.ROLLING:
        return last_day(as_of, programme.period)
    return date(as_of.year, 12, 31)


def requalify(engine: Engine, programme: Programme, profile_id: str, as_of: date) -> Membership:
    """Give a person the tier that is due, by all that the person's memberships earned."""
    return _requalified(engine, programme, profile_id, as_of)[1]


def _requalified(
    engine: Engine, programme: Programme, profile_id: str, as_of: date
) -> tuple[Membership, Membership]:
    """Give what a person had, and what the person has now."""
    with engine.transaction():
        held = with_ledger(engine, programme, engine.path(profile_id)[-1])
        whole = combine([each.value for each in held], programme)
        movements = movements_of(engine, programme.code, profile_id)
        now = Held(programme.rank(whole.tier), whole.tier_until)
        made = decided(programme, now, earned(programme, movements, as_of), as_of)
        told = _told(programme, made)
        first = receiving(held)
        together = tuple(sorted(each.id for each in held))
        for each in held:
            own = _alone(programme, each.value, movements, as_of)
            # What it has by itself stays its own in an unmerge, but is none above the person's.
            changes = told if len(held) == 1 or own.rank > made.rank else _told(programme, own)
            is_first = each is first and len(held) > 1
            joint = Joint(together, told["tier"], made.rank, made.until)
            after = evolve(each.value, **changes, joint=joint if is_first else None)
            if after != each.value:
                engine.store_document(
                    MEMBERSHIP, after, profile_id=each.profile_id, id=each.id,
                    if_version=each.version, keys=keys_of(after),
                )  # fmt: skip
        return whole, evolve(whole, **told)


def _told(programme: Programme, held: Held) -> dict[str, Any]:
    tier = programme.at(held.rank)
    return {"tier": tier and tier.code, "rank": held.rank, "tier_until": held.until}


def _alone(
    programme: Programme, membership: Membership, movements: Sequence[Movement], as_of: date
) -> Held:
    """Give the tier of a membership by what it earned itself; who left earns none."""
    now = Held(programme.rank(membership.tier), membership.tier_until)
    if membership.state is not MembershipState.ENROLLED:
        return now
    own = [movement for movement in movements if movement.membership == membership.id]
    return decided(programme, now, earned(programme, own, as_of), as_of)


def requalify_all(
    engine: Engine,
    programme: Programme,
    as_of: date,
    watch: Callable[[int], object] | None = None,
) -> int:
    """Requalify every member, each in a transaction of its own; give how many tiers changed."""
    changed = done = 0
    after: str | None = None
    while page := engine.documents(MEMBERSHIP, after=after, limit=PAGE):
        for each in page:
            value: Membership = each.value
            enrolled = value.state is MembershipState.ENROLLED
            if value.programme == programme.code and enrolled and not value.external:
                had, has = _requalified(engine, programme, str(each.profile_id), as_of)
                changed += had.tier != has.tier
            done += 1
            if watch is not None:
                watch(done)
        after = page[-1].id
    return changed
