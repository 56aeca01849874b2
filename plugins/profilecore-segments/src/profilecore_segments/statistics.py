"""Statistics of bookings by source, class, category, tag, nationality, language or month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from profilecore import InvalidProfile, Problem
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
    Added,
    ByGroup,
    ByGuest,
    added,
)
from profilecore_segments.members import Watch, silent
from profilecore_segments.settings import kind_of
from profilecore_segments.sources import label
from profilecore_segments.suppressing import check_least, suppress

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
    workers: int | None = None,
) -> Statistics:
    """Count guests, bookings, nights and what they brought, by one dimension.

    Bookings are those that stand or took place, by arrival from ``since`` to ``until``.  A guest
    of several values (tags, nationalities) counts in each group, and once in the total.  A booking
    without a day counts only where neither day is given.  Of
    guests who were cleared the bookings stay, without a guest.  Many are added up in another
    process, if there is a core for it, unless ``workers`` is 0.

    :raises InvalidProfile: for a dimension that is none, a ``min_group`` below 1, or days in the
        wrong order.
    """
    by = _dimension(dimension)
    check_least(min_group)
    if since is not None and until is not None and until < since:
        told = "must not lie before the first day"
        raise InvalidProfile([Problem("/until", "invalid-value", told)])
    made = _added(engine, by, since, until, watch, workers)
    groups = _ordered(by, list(_named(engine, by, made.groups)))
    shown, seen_total = suppress(groups, made.total, min_group)
    return Statistics(by, shown, seen_total, engine.now, since, until, min_group)


def _dimension(given: Dimension | str) -> Dimension:
    try:
        return Dimension(given)
    except ValueError:
        listed = ", ".join(d.value for d in Dimension)
        problem = Problem("/dimension", "unknown-value", f"must be one of {listed}")
        raise InvalidProfile([problem]) from None


def _added(
    engine: Engine,
    by: Dimension,
    since: date | None,
    until: date | None,
    watch: Watch,
    workers: int | None,
) -> Added:
    sources: list[tuple[str, Sequence[str]]] = [("stay", FIELDS)]
    sums: ByGroup | ByGuest = ByGroup(by, since, until)
    if by in _OF_PROFILES:
        sources.append(("profile", ("id", _OF_PROFILES[by])))
        sums = ByGuest(since, until)

    def tell(source: int, done: int) -> None:
        watch(("Stays", "Guests")[source], done, None)

    return added(engine.add_up(sums, sources, watch=tell, workers=workers))


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
