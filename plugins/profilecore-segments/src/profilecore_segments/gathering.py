"""Bookings added up as they are read: by group of the stays, or by guest.

Millions of stays pass through these loops, so a stay costs a few steps and makes no object.
Guests are numbered as they come; who is in a group is one bit for each guest.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import compress, count
from typing import Any

from profilecore_segments.figures import CLEARED, NONE, Dimension, Figures
from profilecore_segments.visits import OFF

Row = dict[str, Any]
FIELDS = ("arrival", "nights", "status", "source", "revenue", "currency")
_NO_DAY = 99_999_999
"""The day of a booking without a date: after every other."""
_CHUNK = 1 << 13
_BITS = tuple(1 << n for n in range(8))
GroupOf = Callable[[Row], str]


def source_of(row: Row) -> str:
    """Give the marketing source of a stay."""
    return row["source"] or NONE


def month_of(row: Row) -> str:
    """Give the month in which a stay begins."""
    arrival: str | None = row["arrival"]
    return arrival[:7] if arrival else NONE


def group_of(dimension: Dimension) -> GroupOf:
    """Give the function that tells the group of a stay."""
    return source_of if dimension is Dimension.SOURCE else month_of


def day_number(day: date | None, otherwise: int) -> int:
    """Give the number of a day, in the order of the days."""
    return otherwise if day is None else int(f"{day:%Y%m%d}")


class Sum:
    """What some bookings come to."""

    __slots__ = ("bookings", "nights", "revenue")

    def __init__(self) -> None:
        self.bookings = 0
        self.nights = 0
        self.revenue: dict[str, int] = {}

    def add(self, bookings: int, nights: int, revenue: dict[str, int]) -> None:
        self.bookings += bookings
        self.nights += nights
        for currency, amount in revenue.items():
            self.revenue[currency] = self.revenue.get(currency, 0) + amount

    def figures(self, guests: int = 0, first_stays: int = 0, repeat_guests: int = 0) -> Figures:
        return Figures(
            guests, self.bookings, self.nights, first_stays, repeat_guests, dict(self.revenue)
        )


def amount_of(row: Row) -> dict[str, int]:
    """Give what a stay brought, by its currency."""
    return {row["currency"] or "": row["revenue"]} if row["revenue"] else {}


class _Guests:
    """The guests by number; of each the first day, its group, and whether they booked again.

    Stays come in no order of their guests, so what is kept of a guest is small and lies close
    together: millions of guests stay in the processor's cache.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.first = array("i")
        self.first_group = array("i")
        self.again = bytearray()

    def add(self, owner: str, day: int, group: int) -> int:
        """Give the number of a guest who books for the first time."""
        number = self.numbers[owner] = len(self.first)
        self.first.append(day)
        self.first_group.append(group)
        self.again.append(0)
        return number

    def booked_again(self) -> int:
        """Give a bit for each guest who booked more than once."""
        bits = bytearray(len(self.again) // 8 + 1)
        for number in compress(count(), self.again):
            bits[number >> 3] |= _BITS[number & 7]
        return int.from_bytes(bits, "little")


class _Days(dict[str | None, int]):
    """A number for each arrival, in the order of the days; who reads few days asks few times."""

    def __missing__(self, arrival: str | None) -> int:
        day = _NO_DAY if arrival is None else int(arrival.replace("-", ""))
        self[arrival] = day
        return day


class ByGroup:
    """Bookings added up by the group of each stay."""

    def __init__(self, group_of: GroupOf, since: date | None, until: date | None) -> None:
        self._group_of = group_of
        self._since, self._until = day_number(since, 0), day_number(until, _NO_DAY)
        self._days = _Days()
        self._guests = _Guests()
        self._numbers: dict[str, int] = {}
        self._sums: list[Sum] = []
        self._members: list[bytearray] = []

    def add(self, page: Iterable[Row]) -> None:
        """Add a page of stays."""
        since, until, days, group_of = self._since, self._until, self._days, self._group_of
        guests, find, first = self._guests, self._guests.numbers.get, self._guests.first
        again, groups, sums, members = guests.again, self._numbers, self._sums, self._members
        for row in page:
            if row["status"] in OFF:
                continue
            owner, day, code = row["owner"], days[row["arrival"]], group_of(row)
            group = groups.get(code)
            if group is None:
                group = self._new(code)
            number = find(owner)
            if number is not None:
                again[number] = 1
                if day < first[number]:
                    first[number] = day
                    guests.first_group[number] = group
            elif owner is not None:
                number = guests.add(owner, day, group)
            if not since <= day <= until:
                continue
            found = sums[group]
            found.bookings += 1
            found.nights += row["nights"] or 0
            if row["revenue"]:
                found.add(0, 0, amount_of(row))
            if number is not None:
                who, place = members[group], number >> 3
                if place >= len(who):
                    who.extend(bytes(place + _CHUNK - len(who)))
                who[place] |= _BITS[number & 7]

    def _new(self, code: str) -> int:
        group = self._numbers[code] = len(self._sums)
        self._sums.append(Sum())
        self._members.append(bytearray())
        return group

    def groups(self) -> dict[str, Figures]:
        """Give the figures of each group."""
        firsts, again = self._first_stays(), self._guests.booked_again()
        made = {}
        for code, group in self._numbers.items():
            who = int.from_bytes(self._members[group], "little")
            repeats = (who & again).bit_count()
            if self._sums[group].bookings:
                made[code] = self._sums[group].figures(who.bit_count(), firsts[group], repeats)
        return made

    def total(self) -> Figures:
        """Give the figures of all groups, each guest once."""
        whole, who = Sum(), 0
        for found, members in zip(self._sums, self._members, strict=True):
            whole.add(found.bookings, found.nights, found.revenue)
            who |= int.from_bytes(members, "little")
        repeats = (who & self._guests.booked_again()).bit_count()
        return whole.figures(who.bit_count(), self._first_stays().total(), repeats)

    def _first_stays(self) -> Counter[int]:
        guests = self._guests
        return Counter(
            group
            for day, group in zip(guests.first, guests.first_group, strict=True)
            if self._since <= day <= self._until
        )


class ByGuest:
    """Bookings added up by guest, to be grouped by what the guests are."""

    def __init__(self, since: date | None, until: date | None) -> None:
        self._since, self._until = day_number(since, 0), day_number(until, _NO_DAY)
        self._days = _Days()
        self._guests = _Guests()
        self._bookings = array("i")
        self._nights = array("i")
        self._revenue: dict[int, dict[str, int]] = {}
        self._cleared = Sum()

    def add(self, page: Iterable[Row]) -> None:
        """Add a page of stays."""
        since, until, days, guests = self._since, self._until, self._days, self._guests
        find, first, again = guests.numbers.get, guests.first, guests.again
        bookings, nights = self._bookings, self._nights
        for row in page:
            if row["status"] in OFF:
                continue
            owner, day = row["owner"], days[row["arrival"]]
            number = find(owner)
            if number is not None:
                again[number] = 1
                if day < first[number]:
                    first[number] = day
            elif owner is not None:
                number = guests.add(owner, day, 0)
                bookings.append(0)
                nights.append(0)
            if not since <= day <= until:
                continue
            if number is None:
                self._cleared.add(1, row["nights"] or 0, amount_of(row))
                continue
            bookings[number] += 1
            nights[number] += row["nights"] or 0
            if row["revenue"]:
                amounts = self._revenue.setdefault(number, {})
                for currency, amount in amount_of(row).items():
                    amounts[currency] = amounts.get(currency, 0) + amount

    def groups(self, people: Iterable[tuple[str, Iterable[str]]]) -> dict[str, Figures]:
        """Give the figures of each group, for guests each with the groups that they are in."""
        made: dict[str, _Grouped] = {}
        for id, groups in people:
            number = self._guests.numbers.get(id)
            if number is not None and self._bookings[number]:
                for group in groups:
                    made.setdefault(group, _Grouped()).count(self._of(number))
        figures = {group: grouped.figures() for group, grouped in made.items()}
        if self._cleared.bookings:
            figures[CLEARED] = self._cleared.figures()
        return figures

    def total(self) -> Figures:
        """Give the figures of all guests, each once, and of what the cleared left."""
        whole = _Grouped()
        for number, bookings in enumerate(self._bookings):
            if bookings:
                whole.count(self._of(number))
        left = self._cleared
        whole.sum.add(left.bookings, left.nights, left.revenue)
        return whole.figures()

    def _of(self, number: int) -> _Guest:
        is_first = self._since <= self._guests.first[number] <= self._until
        return (
            self._bookings[number], self._nights[number], self._revenue.get(number, {}),
            is_first, bool(self._guests.again[number]),
        )  # fmt: skip


_Guest = tuple[int, int, dict[str, int], bool, bool]


class _Grouped:
    """The guests of a group, and their bookings."""

    def __init__(self) -> None:
        self.sum = Sum()
        self._guests = self._firsts = self._repeats = 0

    def count(self, guest: _Guest) -> None:
        bookings, nights, revenue, is_first, is_repeat = guest
        self.sum.add(bookings, nights, revenue)
        self._guests += 1
        self._firsts += is_first
        self._repeats += is_repeat

    def figures(self) -> Figures:
        return self.sum.figures(self._guests, self._firsts, self._repeats)


def pages(rows: Iterable[Iterable[Row]], field: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield people with their values of a field, from pages of plain rows."""
    for page in rows:
        for row in page:
            value = row[field]
            values = value if isinstance(value, list) else [value]
            yield row["id"], tuple(dict.fromkeys(v for v in values if v)) or (NONE,)
