"""Hide small groups, and as many others as it takes that nobody can work them out.

Who knows the total takes the shown groups from it and has the hidden ones together.  So a small
group is never hidden alone: the next larger one goes with it, and hidden groups look alike, in no
order of their size.  Where there is no other group the total goes.
"""

from __future__ import annotations

from collections.abc import Sequence

from profilecore_segments.figures import Figures, Group


def suppress(
    groups: Sequence[Group], total: Figures, least: int
) -> tuple[tuple[Group, ...], Figures | None]:
    """Give the groups and the total with the figures of groups below ``least`` guests taken out.

    Shown groups keep their order; the hidden ones follow by their codes.
    """
    if least <= 1:
        return tuple(groups), total
    small = [g for g in groups if g.figures is not None and g.figures.guests < least]
    shown = [g for g in groups if g.figures is not None and g.figures.guests >= least]
    hidden = list(small)
    if small and shown:
        other = min(shown, key=lambda g: (g.figures.guests if g.figures else 0, g.code))
        shown.remove(other)
        hidden.append(other)
    hides_total = total.guests < least or bool(small and len(hidden) == len(small))
    blank = [Group(g.code, g.label) for g in sorted(hidden, key=lambda g: g.code)]
    return (*shown, *blank), None if hides_total else total
