"""Bookings added up as they are read: by group of the stays, or by guest.

Millions of stays pass through these loops, so a stay costs a few steps and makes no object.
What is looked up for each is looked up by the loop itself, a stay at a time: a guest of the stay
before is known at the next.  Guests are numbered as they come; who is in a group is one bit for
each guest.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import chain, compress, count
from typing import Any

import attrs

from profilecore.codec import Codec
from profilecore.values import frozen
from profilecore_segments.figures import CLEARED, NONE, Dimension, Figures
from profilecore_segments.spelling import usual
from profilecore_segments.visits import OFF

FIELDS = ("owner", "arrival", "nights", "status", "source", "revenue", "currency")
Columns = tuple[Sequence[Any], ...]
_NO_DAY = 99_999_999
"""The day of a booking without a date: after every other."""
_CHUNK = 1 << 13
_BITS = tuple(1 << n for n in range(8))


def day_number(day: date | None, otherwise: int) -> int:
    """Give the number of a day, in the order of the days."""
    return otherwise if day is None else int(f"{day:%Y%m%d}")


def _span(since: date | None, until: date | None) -> tuple[int, int]:
    """Give the numbers of the first and last day; no undated booking lies between two days."""
    latest = _NO_DAY if since is None else _NO_DAY - 1
    return day_number(since, 0), day_number(until, latest)


Revenue = dict[str, int]
"""What came in, by currency."""


@attrs.define
class Sum:
    """What some bookings come to."""

    bookings: int = 0
    nights: int = 0
    revenue: Revenue = attrs.field(factory=dict)

    def add(self, other: Sum) -> None:
        self.bookings += other.bookings
        self.nights += other.nights
        for currency, amount in other.revenue.items():
            self.revenue[currency] = self.revenue.get(currency, 0) + amount

    def figures(
        self,
        guests: int = 0,
        first_stays: int = 0,
        repeat_guests: int = 0,
        payers: Mapping[str, int] | None = None,
    ) -> Figures:
        return Figures(
            guests, self.bookings, self.nights, first_stays, repeat_guests, dict(self.revenue),
            dict(payers or {}),
        )  # fmt: skip


def earn(of: dict[int, Revenue], number: int, currency: str | None, amount: int) -> None:
    """Add what a stay brought to what a group or a guest has brought so far."""
    sums = of.setdefault(number, {})
    sums[currency or ""] = sums.get(currency or "", 0) + amount


@frozen
class Added:
    """What all stays came to."""

    groups: dict[str, Figures] = attrs.field(repr=False)  # by tags, for one
    total: Figures


def added(result: bytes) -> Added:
    """Read what adding up gave."""
    return Codec().load(Added, result)


class _Guests:
    """The guests by number; of each the first day, its group, and whether they came again."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        # A list holds one object a day, not one a guest: reading it makes none.
        self.first: list[int] = []
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
        """Give a bit for each guest with bookings of more than one arrival."""
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


class _Groups(dict[str | None, int]):
    """A number for each source or arrival, and what the group of that number has."""

    def __init__(self, *, by_month: bool) -> None:
        self._by_month = by_month
        self.numbers: dict[str, int] = {}
        self.bookings: list[int] = []
        self.nights: list[int] = []
        self.revenue: dict[int, Revenue] = {}
        self.members: list[bytearray] = []
        self.payers: dict[tuple[int, str], bytearray] = {}

    def __missing__(self, value: str | None) -> int:
        code = (value[:7] if self._by_month else value) if value else NONE
        if code not in self.numbers:
            self.numbers[code] = len(self.numbers)
            self.bookings.append(0)
            self.nights.append(0)
            self.members.append(bytearray())
        self[value] = number = self.numbers[code]
        return number

    def earn(self, group: int, guest: int | None, currency: str | None, amount: int) -> None:
        """Add what a stay brought to a group, and note by whom."""
        earn(self.revenue, group, currency, amount)
        if guest is not None:
            _mark(self.payers.setdefault((group, currency or ""), bytearray()), guest)

    def payers_of(self, groups: Iterable[int]) -> dict[str, int]:
        """Count the guests who brought something to any of some groups, by currency."""
        wanted, who = set(groups), dict[str, int]()
        for (group, currency), bits in self.payers.items():
            if group in wanted:
                who[currency] = who.get(currency, 0) | int.from_bytes(bits, "little")
        return {currency: bits.bit_count() for currency, bits in who.items()}

    def sum_of(self, group: int) -> Sum:
        """Give what the bookings of a group come to."""
        return Sum(self.bookings[group], self.nights[group], self.revenue.get(group, {}))


class ByGroup:
    """Bookings added up by the group of each stay."""

    def __init__(self, dimension: Dimension, since: date | None, until: date | None) -> None:
        self._by_month = dimension is Dimension.MONTH
        self._since, self._until = _span(since, until)
        self._days = _Days()
        self._guests = _Guests()
        self._groups = _Groups(by_month=self._by_month)

    def add(self, _source: int, page: Columns) -> None:
        """Add a page of stays, as the columns of :data:`FIELDS`."""
        since, until, guests, held = self._since, self._until, self._guests, self._groups
        first, again, members, bits = guests.first, guests.again, held.members, _BITS
        counted, slept = held.bookings, held.nights
        owners, arrivals, nights, statuses, sources, revenues, currencies = page
        columns = zip(
            owners,
            map(guests.numbers.get, owners),
            map(self._days.__getitem__, arrivals),
            map(held.__getitem__, arrivals if self._by_month else sources),
            nights,
            map(OFF.__contains__, statuses),
            revenues,
            currencies,
            strict=True,
        )
        for owner, number, day, group, stayed, is_off, revenue, currency in columns:
            if is_off:
                continue
            if number is not None:
                if day != first[number] and day != _NO_DAY != first[number]:
                    again[number] = 1
                if day < first[number]:
                    first[number] = day
                    guests.first_group[number] = group
            elif owner is not None:
                number = guests.add(owner, day, group)
            if not since <= day <= until:
                continue
            counted[group] += 1
            if stayed:
                slept[group] += stayed
            if revenue:
                held.earn(group, number, currency, revenue)
            if number is not None:
                try:
                    members[group][number >> 3] |= bits[number & 7]
                except IndexError:
                    _mark(members[group], number)

    def groups(self) -> dict[str, Figures]:
        """Give the figures of each group."""
        firsts, again, held = self._first_stays(), self._guests.booked_again(), self._groups
        made = {}
        for code, spelled in _by_usual({c: held.bookings[n] for c, n in held.numbers.items()}):
            whole, who = Sum(), 0
            numbers = [held.numbers[spelling] for spelling in spelled]
            for group in numbers:
                whole.add(held.sum_of(group))
                who |= int.from_bytes(held.members[group], "little")
            first_stays = sum(firsts[group] for group in numbers)
            repeats = (who & again).bit_count()
            if whole.bookings:
                payers = held.payers_of(numbers)
                made[code] = whole.figures(who.bit_count(), first_stays, repeats, payers)
        return made

    def result(self) -> bytes:
        """Give the figures of the groups and of all, to be read by :func:`added`."""
        return Codec().dump(Added(self.groups(), self.total()))

    def total(self) -> Figures:
        """Give the figures of all groups, each guest once."""
        whole, who, held = Sum(), 0, self._groups
        for group, members in enumerate(held.members):
            whole.add(held.sum_of(group))
            who |= int.from_bytes(members, "little")
        repeats = (who & self._guests.booked_again()).bit_count()
        payers = held.payers_of(range(len(held.members)))
        return whole.figures(who.bit_count(), self._first_stays().total(), repeats, payers)

    def _first_stays(self) -> Counter[int]:
        guests = self._guests
        return Counter(
            group
            for day, group in zip(guests.first, guests.first_group, strict=True)
            if self._since <= day <= self._until
        )


def _mark(members: bytearray, number: int) -> None:
    """Set the bit of a guest, for which there may be no room yet."""
    if number >> 3 >= len(members):
        members.extend(bytes((number >> 3) + _CHUNK - len(members)))
    members[number >> 3] |= _BITS[number & 7]


class ByGuest:
    """Bookings added up by guest, to be grouped by what the guests are."""

    def __init__(self, since: date | None, until: date | None) -> None:
        self._since, self._until = _span(since, until)
        self._days = _Days()
        self._guests = _Guests()
        self._bookings = array("i")
        self._nights = array("i")
        self._revenue: dict[int, Revenue] = {}
        self._cleared = Sum()
        self._members = _Members()

    def add(self, source: int, page: Columns) -> None:
        """Add a page of stays, as the columns of :data:`FIELDS`; of the second source, guests."""
        if source:
            self._group(page)
            return
        since, until, guests = self._since, self._until, self._guests
        first, again, counted, slept = guests.first, guests.again, self._bookings, self._nights
        owners, arrivals, nights, statuses, _sources, revenues, currencies = page
        columns = zip(
            owners,
            map(guests.numbers.get, owners),
            map(self._days.__getitem__, arrivals),
            nights,
            map(OFF.__contains__, statuses),
            revenues,
            currencies,
            strict=True,
        )
        for owner, number, day, stayed, is_off, revenue, currency in columns:
            if is_off:
                continue
            if number is not None:
                if day != first[number] and day != _NO_DAY != first[number]:
                    again[number] = 1
                if day < first[number]:
                    first[number] = day
            elif owner is not None:
                number = guests.add(owner, day, 0)
                counted.append(0)
                slept.append(0)
            if not since <= day <= until:
                continue
            if number is None:
                brought = {currency or "": revenue} if revenue else {}
                self._cleared.add(Sum(1, stayed or 0, brought))
                continue
            counted[number] += 1
            if stayed:
                slept[number] += stayed
            if revenue:
                earn(self._revenue, number, currency, revenue)

    def _group(self, page: Columns) -> None:
        """Add a page of ids and of what these guests are, behind all stays."""
        ids, values = page
        counted, members = self._bookings, self._members
        for number, value in zip(map(self._guests.numbers.get, ids), values, strict=True):
            if number is None or not counted[number]:
                continue
            for group in _groups_of(value):
                members[group].append(number)

    def groups(self) -> dict[str, Figures]:
        """Give the figures of each group."""
        counts = {group: len(numbers) for group, numbers in self._members.items()}
        figures = {code: self._of(self._all_of(spelled)) for code, spelled in _by_usual(counts)}
        if self._cleared.bookings:
            figures[CLEARED] = self._cleared.figures()
        return figures

    def result(self) -> bytes:
        """Give the figures of the groups and of all, to be read by :func:`added`."""
        return Codec().dump(Added(self.groups(), self.total()))

    def total(self) -> Figures:
        """Give the figures of all guests, each once, and of what the cleared left."""
        return self._of(array("i", compress(count(), self._bookings)), self._cleared)

    def _all_of(self, spelled: Sequence[str]) -> array[int]:
        """Give the guests of a group by its spellings; who has several of them counts once."""
        first, *others = (self._members[spelling] for spelling in spelled)
        return array("i", {*first, *chain(*others)}) if others else first

    def _of(self, numbers: array[int], more: Sum | None = None) -> Figures:
        """Give the figures of some guests, and of what belongs to nobody."""
        guests = self._guests
        bookings, nights = (
            sum(map(of.__getitem__, numbers)) for of in (self._bookings, self._nights)
        )
        whole, payers = Sum(bookings, nights), Counter[str]()
        for number in self._revenue.keys() & numbers:
            whole.add(Sum(revenue=self._revenue[number]))
            payers.update(self._revenue[number].keys())
        if more is not None:
            whole.add(more)
        days = map(guests.first.__getitem__, numbers)
        firsts = sum(self._since <= day <= self._until for day in days)
        repeats = sum(map(guests.again.__getitem__, numbers))
        return whole.figures(len(numbers), firsts, repeats, payers)


class _Members(dict[str, "array[int]"]):
    """The numbers of the guests in each group."""

    def __missing__(self, group: str) -> array[int]:
        self[group] = found = array("i")
        return found


def _by_usual(counts: Mapping[str, int]) -> Iterable[tuple[str, list[str]]]:
    """Give each group in its usual spelling, by how often each is, with all its spellings."""
    spelled: dict[str, list[str]] = {}
    for spelling, code in usual(counts, (NONE, CLEARED)).items():
        spelled.setdefault(code, []).append(spelling)
    return spelled.items()


def _groups_of(value: Any) -> Iterable[str]:
    """Give the groups that a guest is in by a field of theirs: one, several, or none."""
    if isinstance(value, list):
        return dict.fromkeys(v for v in value if v) or (NONE,)
    return (value or NONE,)
