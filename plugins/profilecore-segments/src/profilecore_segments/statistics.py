"""Statistics of bookings by source, class, category, tag, nationality, language or month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from profilecore import InvalidProfile, Problem
from profilecore.engine.collecting import seldom_collected
from profilecore.normalise.text import fold
from profilecore_segments.figures import (
    CLEARED,
    NONE,
    Dimension,
    Figures,
    Group,
    Statistics,
)
from profilecore_segments.gathering import (
    FIELDS,
    ByGroup,
    ByGuest,
)
from profilecore_segments.members import Watch, silent
from profilecore_segments.settings import kind_of
from profilecore_segments.sources import label
from profilecore_segments.suppressing import suppress

if TYPE_CHECKING:
    from profilecore import Engine

_OF_PROFILES = {
    Dimension.CLASS: "classifications",
    Dimension.CATEGORY: "category",
    Dimension.TAG: "tags",
    Dimension.NATIONALITY: "nationalities",
    Dimension.LANGUAGE: "languages",
}


def statistics(
    engine: Engine,
    dimension: Dimension | str,
    *,
    since: date | None = None,
    until: date | None = None,
    min_group: int = 1,
    watch: Watch = silent,
) -> Statistics:
    """Count guests, bookings, nights and what they brought, by one dimension.

    Bookings are those that stand or took place, by arrival from ``since`` to ``until``.  A guest
    of several values (tags, nationalities) counts in each group, and once in the total.  Of
    guests who were cleared the bookings stay, without a guest.

    :raises InvalidProfile: for a dimension that is none, or a ``min_group`` below 1.
    """
    by = _dimension(dimension)
    if min_group < 1:
        raise InvalidProfile([Problem("/min_group", "out-of-range", "must be at least 1")])
    field = _OF_PROFILES.get(by)
    if field is None:
        of_stays = ByGroup(by, since, until)
        _read(engine, of_stays, watch)
        groups, total = of_stays.groups(), of_stays.total()
    else:
        of_guests = ByGuest(since, until)
        _read(engine, of_guests, watch)
        watch("Guests", 0, None)
        groups = of_guests.groups(engine.columns(["id", field]))
        total = of_guests.total()
    shown, seen_total = suppress(_ordered(by, list(_named(engine, by, groups))), total, min_group)
    return Statistics(by, shown, seen_total, engine.now, since, until, min_group)


def _dimension(given: Dimension | str) -> Dimension:
    try:
        return Dimension(given)
    except ValueError:
        listed = ", ".join(d.value for d in Dimension)
        problem = Problem("/dimension", "unknown-value", f"must be one of {listed}")
        raise InvalidProfile([problem]) from None


def _read(engine: Engine, to: ByGroup | ByGuest, watch: Watch) -> None:
    done = 0
    with seldom_collected():
        for page in engine.columns(FIELDS, kind="stay"):
            to.add(page)
            done += len(page[0])
            watch("Stays", done, None)


def _named(engine: Engine, by: Dimension, groups: Mapping[str, Figures]) -> Iterator[Group]:
    config = kind_of(engine).config
    for code, figures in groups.items():
        named = code not in (NONE, CLEARED) and by is Dimension.SOURCE
        yield Group(code, label(config, code) if named else code, figures)


def _ordered(by: Dimension, groups: list[Group]) -> list[Group]:
    """Give months in their order, other groups the largest first; what has no group last."""
    if by is Dimension.MONTH:
        return sorted(groups, key=lambda g: (g.code in (NONE, CLEARED), g.code))
    return sorted(groups, key=lambda g: (g.code in (NONE, CLEARED), -_bookings(g), fold(g.label)))


def _bookings(group: Group) -> int:
    return group.figures.bookings if group.figures else 0
