"""Hide small groups, and as many others as it takes that nobody can work them out.

Who knows the total, from here or from statistics by something else, takes the shown groups from it
and has the hidden ones together.  So a small group is never hidden alone: the next larger one goes
with it, and hidden groups look alike, in no order of their size.  Where there is no other group
the total goes.

A guest may be in several groups.  So the total less one group is a group too: of who is not in it.
Where these are few, or those of them who are in any group, the group is hidden however large it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from profilecore_segments.figures import NONE, Figures, Group


def suppress(
    groups: Sequence[Group], total: Figures, least: int
) -> tuple[tuple[Group, ...], Figures | None]:
    """Give the groups and the total without the figures that tell of fewer than ``least`` guests.

    Shown groups keep their order; the hidden ones follow by their codes.
    """
    if least <= 1:
        return tuple(groups), total
    of_none = sum(_guests(group) for group in groups if group.code == NONE)
    small: list[Group] = []
    large: list[Group] = []
    shown: list[Group] = []
    for group in groups:
        if _guests(group) < least:
            small.append(group)
        elif _leaves_few(group, total, of_none, least):
            large.append(group)
        else:
            shown.append(group)
    hidden = small + large
    if shown and hidden and (len(hidden) == 1 or not large):
        other = min(shown, key=lambda group: (_guests(group), group.code))
        shown.remove(other)
        hidden.append(other)
    hides_total = total.guests < least or bool(small and len(hidden) == len(small))
    blank = [Group(g.code, g.label) for g in sorted(hidden, key=lambda g: g.code)]
    return (*shown, *blank), None if hides_total else total


def _leaves_few(group: Group, total: Figures, of_none: int, least: int) -> bool:
    """Tell whether the guests that are not in a group are few, or few of them are in any group."""
    others = total.guests - _guests(group)
    grouped = others if group.code == NONE else others - of_none
    return any(0 < number < least for number in (others, grouped))


def _guests(group: Group) -> int:
    return group.figures.guests if group.figures else 0
