"""Comparison of pairs in levels, field by field.

A level is a small integer; 0 is missing on either side, and says nothing.  Equal values are
found by their codes; only unequal values that may be close are measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.measures import alike_names, close_boxes, close_names, one_edit
from profilecore_duplicates.table import Codes, Flags, Ints, Rows, Table
from profilecore_duplicates.workers import each

FIRST = ("missing", "same", "a form of it", "initial", "close", "remotely alike", "different")
LAST = ("missing", "same", "a part or a spelling of it", "close", "remotely alike", "different")
RARITY = ("rare", "uncommon", "known", "common", "very common")
STREET = ("missing", "same street and house", "same street", "close street", "different street")
PLACE = (
    "missing", "same postcode", "same postcode, other city", "same city",
    "same city, close postcode", "same city, other postcode", "close city",
    "same large city", "other place",
)  # fmt: skip
LEVELS: dict[str, tuple[str, ...]] = {
    "birth_date": (
        "missing", "same", "day and month swapped", "one digit differs", "two parts of three same",
        "within a year", "different", "far apart",
    ),
    "email": ("missing", "same", "same box elsewhere", "close", "different"),
    "phone": ("missing", "same", "one digit differs", "different"),
    "document": ("missing", "same", "one letter differs", "different"),
    "country": ("missing", "same", "different"),
    "state": ("missing", "same", "different"),
    "address": tuple(f"{s}; {p}" for s in STREET for p in PLACE),
    "name": tuple(
        f"first name {f}; last name {s}; {r}" for f in FIRST for s in LAST for r in RARITY
    ) + tuple(f"names swapped; {r}" for r in RARITY),
}  # fmt: skip
FIELDS = tuple(LEVELS)
SIZES = np.array([len(LEVELS[f]) for f in FIELDS], dtype=np.int64)
SWAPPED = len(FIRST) * len(LAST)
# Birth dates of more years apart are no slip of the pen.
FAR_YEARS = 12
# Where one in so many lives, a shared city says less than elsewhere.
LARGE_CITY = 1 / 20
# How many rows of strangers are expected to share the agreeing name, either side of one.
RARITY_STEPS = (1 / 16, 1 / 4, 1, 8)
# What two numbers differ by that differ in one digit, or in leading zeros only.
SLIPS = np.array(sorted({0, *(d * 10**p for d in range(1, 10) for p in range(9))}))
# Parts of a date that is written in four bits a figure, and the bits of a figure.
_YEAR, _MONTH, _PART = np.uint32(16), np.uint32(8), np.uint32(0xFF)
_1, _2, _3, _EACH = np.uint32(1), np.uint32(2), np.uint32(3), np.uint32(0x11111111)
# Pairs that are looked at together: few enough to hold some 10 MB, many enough that the cores
# wait for each other seldom.
CHUNK = 1 << 18


@frozen
class Levels:
    """The levels of pairs: one row a pair, one column a field in the order of ``FIELDS``.

    They lie column by column, for that is how they are looked at.
    """

    values: Codes = attrs.field(repr=False)

    def packed(self) -> Ints:
        """Write each pair's levels as one integer: its agreement pattern."""
        return _packed(self.values.T)


def _packed(levels: Iterable[Codes]) -> Ints:
    key = np.zeros(1, dtype=np.int64)
    for size, level in zip(SIZES, levels, strict=True):
        key = key * size + level
    return key


def unpacked(patterns: Ints) -> Codes:
    """Give the levels of patterns, one row a pattern."""
    made = np.empty((len(patterns), len(SIZES)), dtype=np.int32, order="F")
    for column in range(len(SIZES) - 1, -1, -1):
        patterns, made[:, column] = np.divmod(patterns, SIZES[column])
    return made


def compare(table: Table, left: Rows, right: Rows) -> Levels:
    """Compare pairs of rows."""
    made = np.empty((len(left), len(FIELDS)), dtype=np.int32, order="F")

    def fill(part: slice) -> None:
        for column, level in enumerate(_levels(table, left[part], right[part])):
            made[part, column] = level

    parts = _parts(len(left))
    for _ in each(fill, parts) if len(parts) > 1 else map(fill, parts):
        pass
    return Levels(made)


def patterns_of(table: Table, left: Rows, right: Rows) -> tuple[Ints, Codes, Ints]:
    """Compare pairs of rows, and give the distinct patterns, ascending, that they agree in.

    With them come for each pair the position of its pattern, and for each pattern its pairs.
    """

    at = np.empty(len(left), dtype=np.int32)

    def found(part: slice) -> tuple[Ints, Ints]:
        packed = _packed(_levels(table, left[part], right[part]))
        own, at[part], times = np.unique(packed, return_inverse=True, return_counts=True)
        return own, times

    parts = _parts(len(left))
    by_part = list(each(found, parts))
    distinct = np.unique(np.concatenate([np.empty(0, np.int64), *(own for own, _ in by_part)]))
    counts = np.zeros(len(distinct), dtype=np.int64)
    for part, (own, times) in zip(parts, by_part, strict=True):
        places = np.searchsorted(distinct, own)
        at[part] = places[at[part]]
        counts[places] += times
    return distinct, at, counts


def _parts(pairs: int) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, pairs, CHUNK)]


def _levels(table: Table, left: Rows, right: Rows) -> Iterator[Codes]:
    """Give the level of each field, in the order of ``FIELDS``."""
    yield _birth_date(table, left, right)
    yield _email(table, left, right)
    yield _phone(table, left, right)
    yield _document(table, left, right)
    yield _plain(table, "country", left, right)
    yield _plain(table, "state", left, right)
    yield _address(table, left, right)
    yield _name(table, left, right)


def _sides(table: Table, name: str, left: Rows, right: Rows) -> tuple[Codes, Codes, Flags, Flags]:
    codes = table.codes(name)
    one, other = codes[left], codes[right]
    present = (one >= 0) & (other >= 0)
    return one, other, present, present & (one == other)


def _plain(table: Table, name: str, left: Rows, right: Rows) -> Codes:
    _, _, present, same = _sides(table, name, left, right)
    return _by_steps(present, (same, 1), otherwise=2)


def _by_steps(present: Flags, *steps: tuple[Flags, int], otherwise: int) -> Codes:
    """Give the level of the first step that holds; 0 where a side is missing."""
    made = np.where(present, np.int32(otherwise), np.int32(0))
    for holds, level in reversed(steps):
        made[holds] = level
    return made


def _any_equal(table: Table, columns: tuple[str, ...], left: Rows, right: Rows) -> Flags:
    """Tell where a text of one row in any of some columns is one of the other row's."""
    one = [table.codes(name)[left] for name in columns]
    other = [table.codes(name)[right] for name in columns]
    made = np.zeros(len(left), dtype=bool)
    for a, b in product(one, other):
        made |= (a == b) & (a >= 0)
    return made


def _name(table: Table, left: Rows, right: Rows) -> Codes:
    first = _first(table, left, right)
    last = _last(table, left, right)
    joint = first * len(LAST) + last
    swapped = _is_swapped(table, left, right) & ~((first == 1) & (last == 1))
    joint[swapped] = SWAPPED
    made = joint * len(RARITY) + _rarity(table, left, right, first, last, swapped)
    made[joint == 0] = 0
    return made


def _first(table: Table, left: Rows, right: Rows) -> Codes:
    one, other, present, same = _sides(table, "first", left, right)
    level = _by_steps(present, (same, 1), otherwise=6)
    at = np.flatnonzero(level == 6)
    variant = _any_equal(table, ("root", "root2"), left[at], right[at])
    for name in ("first1", "first_sound"):
        variant |= table.codes(name)[left[at]] == table.codes(name)[right[at]]
    level[at[variant]] = 2
    at = at[~variant]
    sketch = table.names.vocabulary.sketch
    x, y = one[at], other[at]
    begins = (sketch.heads[x] ^ sketch.heads[y]) & np.uint32(0xFF) == 0
    initial = begins & ((sketch.lengths[x] == 1) | (sketch.lengths[y] == 1))
    level[at[initial]] = 3
    at = at[~initial]
    level[at] -= alike_names(table.names, one[at], other[at])
    return level


def _last(table: Table, left: Rows, right: Rows) -> Codes:
    one, other, present, same = _sides(table, "last", left, right)
    level = _by_steps(present, (same, 1), otherwise=5)
    at = np.flatnonzero(level == 5)
    sound = table.codes("last_sound")
    variant = sound[left[at]] == sound[right[at]]
    variant |= _any_equal(table, ("last1", "last2"), left[at], right[at])
    level[at[variant]] = 2
    at = at[~variant]
    level[at] -= alike_names(table.names, one[at], other[at])
    return level


def _is_swapped(table: Table, left: Rows, right: Rows) -> Flags:
    first, last = table.codes("first"), table.codes("last")
    a, b, c, d = first[left], last[left], first[right], last[right]
    over, back = a == d, b == c
    there = (a >= 0) & (b >= 0) & (c >= 0) & (d >= 0)
    made: Flags = over & back & there
    at = np.flatnonzero((over ^ back) & there)
    one, other = np.where(over[at], b[at], a[at]), np.where(over[at], c[at], d[at])
    made[at] = close_names(table.names, one, other)
    return made


def _rarity(
    table: Table, left: Rows, right: Rows, first: Codes, last: Codes, swapped: Flags
) -> Codes:
    """Say how many strangers a row is expected to have under what the names agree in."""
    expected = np.full(len(left), float(table.people))
    for name, level in (("first1", first), ("last", last)):
        at = np.flatnonzero(((level > 0) & (level < 4)) | swapped)
        codes, share = table.codes(name), table.shares[name]
        # The rarer spelling is a slip of the other one as a rule.
        either = np.maximum(share[codes[left[at]]], share[codes[right[at]]])
        expected[at] *= np.minimum(1, either)
    made = np.zeros(len(left), dtype=np.int32)
    for step in RARITY_STEPS:
        made += expected > step
    return made


def _days(born: Ints) -> Ints:
    """Count days from dates as if each month had 31."""
    return np.asarray((born // 10000 * 12 + born // 100 % 100) * 31 + born % 100)


def _birth_date(table: Table, left: Rows, right: Rows) -> Codes:
    # Figures as they are written, four bits each.
    one, other = table.written[left], table.written[right]
    present = (one > 0) & (other > 0)
    level = _by_steps(present, (present & (one == other), 1), otherwise=6)
    at = np.flatnonzero(level == 6)
    a, b = one[at], other[at]
    y, m, d = a >> _YEAR, a >> _MONTH & _PART, a & _PART
    v, n, e = b >> _YEAR, b >> _MONTH & _PART, b & _PART
    same, other_way = y == v, (m == e) & (d == n)
    month, day = m == n, d == e
    figures = a ^ b
    figures = (figures | figures >> _1 | figures >> _2 | figures >> _3) & _EACH
    # A part that is not known may be any.
    open_ = same & (month | (m == 0) | (n == 0)) & (day | (d == 0) | (e == 0))
    born, other_born = table.born[left[at]], table.born[right[at]]
    years = np.abs(born // 10000 - other_born // 10000)
    days = np.abs(_days(born) - _days(other_born))
    two = (same & month) | (same & day) | (month & day)
    level[at] = np.select(
        [same & other_way, np.bitwise_count(figures) == 1, two | open_,
         days <= _days(np.array(10000)), years > FAR_YEARS],
        [2, 3, 4, 5, 7], 6,
    )  # fmt: skip
    return level


def _email(table: Table, left: Rows, right: Rows) -> Codes:
    _, _, present, same = _sides(table, "email", left, right)
    one, other, _, box = _sides(table, "local", left, right)
    level = _by_steps(present, (same, 1), (box, 2), otherwise=4)
    at = np.flatnonzero(level == 4)
    at = at[(one[at] >= 0) & (other[at] >= 0)]
    level[at[close_boxes(table.columns["local"], one[at], other[at])]] = 3
    return level


def _phone(table: Table, left: Rows, right: Rows) -> Codes:
    one, other, present, same = _sides(table, "phone", left, right)
    level = _by_steps(present, (same, 1), otherwise=3)
    at = np.flatnonzero(level == 3)
    numbers = table.columns["phone"].vocabulary.numbers
    apart = np.abs(numbers[one[at]] - numbers[other[at]])
    place = np.minimum(np.searchsorted(SLIPS, apart), len(SLIPS) - 1)
    level[at[SLIPS[place] == apart]] = 2
    return level


def _document(table: Table, left: Rows, right: Rows) -> Codes:
    one, other, present, same = _sides(table, "document", left, right)
    _, _, known, alike = _sides(table, "document_kind", left, right)
    level = _by_steps(present & (~known | alike), (same, 1), otherwise=3)
    at = np.flatnonzero(level == 3)
    column = table.columns["document"]
    lengths = column.vocabulary.sketch.lengths
    # Numbers of one figure have nothing in common if they differ.
    at = at[lengths[one[at]] + lengths[other[at]] > 2]
    level[at[one_edit(column, one[at], other[at])]] = 2
    return level


def _address(table: Table, left: Rows, right: Rows) -> Codes:
    one, other, present, same = _sides(table, "street", left, right)
    _, _, _, house = _sides(table, "house", left, right)
    near = np.zeros(len(left), dtype=bool)
    at = np.flatnonzero(present & ~same)
    near[at] = close_names(table.columns["street"], one[at], other[at])
    street = _by_steps(present, ((same | near) & house, 1), (same, 2), (near, 3), otherwise=4)
    return street * np.int32(len(PLACE)) + _place(table, left, right)


def _place(table: Table, left: Rows, right: Rows) -> Codes:
    a, b, posts, post = _sides(table, "postcode", left, right)
    one, other, cities, city = _sides(table, "city", left, right)
    large = table.shares["city"][one] > LARGE_CITY
    slip, near = np.zeros(len(left), dtype=bool), np.zeros(len(left), dtype=bool)
    at = np.flatnonzero(city & posts & ~post)
    slip[at] = one_edit(table.columns["postcode"], a[at], b[at])
    at = np.flatnonzero(cities & ~city)
    near[at] = close_names(table.columns["city"], one[at], other[at])
    return _by_steps(
        posts | cities,
        (post & (city | ~cities | near), 1), (post, 2), (city & ~posts & ~large, 3),
        (city & ~posts, 7), (slip, 4), (city, 5), (near, 6), otherwise=8,
    )  # fmt: skip
