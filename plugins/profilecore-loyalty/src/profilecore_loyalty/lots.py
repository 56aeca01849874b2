"""Lots: the points of one day that expire on one day, used up first in first out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from profilecore.model.fields import evolve, lean


@lean
class Lot:
    """Points earned ``on`` a day, good until the end of the day ``until``, if that is given."""

    on: date
    points: int
    until: date | None = None

    @property
    def order(self) -> tuple[date, date]:
        """Sort by it: first in, first out; of one day, what expires first."""
        return self.on, self.until or date.max


Lots = tuple[Lot, ...]


def total(lots: Iterable[Lot]) -> int:
    """Give the points in lots."""
    return sum(lot.points for lot in lots)


def with_new(lots: Lots, new: Lots) -> Lots:
    """Give ordered lots with new ones, which are mostly the latest."""
    if len(new) == 1 and new[0].points:
        if not lots:
            return new
        last, order = lots[-1], new[0].order
        if last.order < order:
            return (*lots, *new)
        points = last.points + new[0].points
        if last.order == order and points:
            return (*lots[:-1], evolve(last, points=points))
    return joined((*lots, *new))


def joined(lots: Iterable[Lot]) -> Lots:
    """Give lots in the order of their use, those of the same days as one, without empty ones."""
    found: dict[tuple[date, date], Lot] = {}
    for lot in lots:
        known = found.get(lot.order)
        found[lot.order] = evolve(known, points=known.points + lot.points) if known else lot
    return tuple(found[order] for order in sorted(found) if found[order].points)


def first(lots: Lots, points: int) -> Lots:
    """Give the part of lots that a number of points uses up."""
    used: list[Lot] = []
    for lot in lots:
        if points <= 0:
            break
        used.append(evolve(lot, points=min(lot.points, points)))
        points -= lot.points
    return tuple(used)


def less(lots: Lots, used: Lots) -> Lots:
    """Give what is left of lots when some of them are used."""
    gone = {lot.order: lot.points for lot in used}
    left = (evolve(lot, points=lot.points - gone.get(lot.order, 0)) for lot in lots)
    return tuple(lot for lot in left if lot.points)


def overdue(lots: Lots, as_of: date) -> Lots:
    """Give the lots whose last day is over."""
    return tuple(lot for lot in lots if lot.until is not None and lot.until < as_of)


def first_end(lots: Lots) -> date | None:
    """Give the first last day of lots; ``None`` if none expires."""
    return min((lot.until for lot in lots if lot.until is not None), default=None)
