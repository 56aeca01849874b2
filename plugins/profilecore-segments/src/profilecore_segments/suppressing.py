"""Hide small groups, and as many others as it takes that nobody can work them out.

Who knows the total, from here or from statistics by something else, takes the shown groups from it
and has the hidden ones together.  So a small group is never hidden alone: the next larger one goes
with it, and hidden groups look alike, in no order of their size.  Where there is no other group
the total goes.

A guest may be in several groups.  So the total less one group is a group too: of who is not in it.
Where these are few, or those of them who are in any group, the group is hidden however large it is.

Who paid in one currency is a group of a group.  So what it brought is hidden by the same rules,
currency by currency; sums of several currencies have no common name under which they could stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from profilecore import InvalidProfile, Problem
from profilecore.model.fields import evolve
from profilecore_segments.figures import NONE, Figures, Group


def check_least(min_group: int) -> None:
    """Refuse a smallest group that is none.

    :raises InvalidProfile: for a ``min_group`` below 1.
    """
    if min_group < 1:
        raise InvalidProfile([Problem("/min_group", "out-of-range", "must be at least 1")])


def suppress(
    groups: Sequence[Group], total: Figures, least: int
) -> tuple[tuple[Group, ...], Figures | None]:
    """Give the groups and the total without the figures that tell of fewer than ``least`` guests.

    Shown groups keep their order; the hidden ones follow by their codes.
    """
    if least <= 1:
        return tuple(groups), total
    sizes = {group.code: _figures(group).guests for group in groups}
    hidden, hides_total = hidden_among(sizes, total.guests, least)
    told = {group.code: _figures(group) for group in groups if group.code not in hidden}
    told_of_all = total
    for currency in sorted({c for group in groups for c in _figures(group).revenue}):
        paid = {
            group.code: _figures(group).payers.get(currency, 0)
            for group in groups
            if currency in _figures(group).revenue
        }
        unpaid, hides_sum = hidden_among(paid, total.payers.get(currency, 0), least, hidden)
        for code in unpaid & told.keys():
            told[code] = _without(told[code], currency)
        if hides_sum:
            told_of_all = _without(told_of_all, currency)
    shown = [Group(g.code, g.label, told[g.code]) for g in groups if g.code in told]
    blank = [Group(g.code, g.label) for g in groups if g.code in hidden]
    blank.sort(key=lambda group: group.code)
    return (*shown, *blank), None if hides_total else told_of_all


def hidden_among(
    sizes: Mapping[str, int], total: int, least: int, known: frozenset[str] = frozenset()
) -> tuple[frozenset[str], bool]:
    """Tell which groups are hidden, by their guests, and whether the total is.

    ``known`` are those that are hidden anyhow.
    """
    of_none = sizes.get(NONE, 0)
    small = {code for code, guests in sizes.items() if guests < least}
    large = {
        code
        for code, guests in sizes.items()
        if code not in small and (code in known or _leaves_few(code, guests, total, of_none, least))
    }
    hidden, shown = small | large, sizes.keys() - small - large
    if shown and hidden and (len(hidden) == 1 or not large):
        hidden.add(min(shown, key=lambda code: (sizes[code], code)))
    hides_total = total < least or bool(small and len(hidden) == len(small))
    return frozenset(hidden), hides_total


def _leaves_few(code: str, guests: int, total: int, of_none: int, least: int) -> bool:
    """Tell whether the guests that are not in a group are few, or few of them are in any group."""
    others = total - guests
    grouped = others if code == NONE else others - of_none
    return any(0 < number < least for number in (others, grouped))


def _without(figures: Figures, currency: str) -> Figures:
    return evolve(
        figures,
        revenue={code: sum_ for code, sum_ in figures.revenue.items() if code != currency},
        payers={code: number for code, number in figures.payers.items() if code != currency},
    )


def _figures(group: Group) -> Figures:
    return group.figures or Figures()
