"""Comparison of pairs in levels, field by field.

A level is a small integer; 0 is missing on either side, and says nothing.  Equal values are
found by their codes; only distinct pairs of unequal values are measured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from profilecore.values import frozen
from profilecore_duplicates.table import Codes, Flags, Floats, Ints, Table

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
# Jaro-Winkler's similarity from which two names are one with a slip: the usual first step.
CLOSE = 0.88
# From here on letters may be lost or in disorder; the usual last step.
REMOTE = 0.7
# Birth dates of more years apart are no slip of the pen.
FAR_YEARS = 12
# Where one in so many lives, a shared city says less than elsewhere.
LARGE_CITY = 1 / 20
# How many rows of strangers are expected to share the agreeing name, either side of one.
_RARITY_STEPS = np.array([1 / 16, 1 / 4, 1, 8])


@frozen
class Levels:
    """The levels of pairs: one row a pair, one column a field in the order of ``FIELDS``."""

    values: Codes = attrs.field(repr=False)

    def packed(self) -> Ints:
        """Write each pair's levels as one integer: its agreement pattern."""
        key = np.zeros(len(self.values), dtype=np.int64)
        for column, size in enumerate(SIZES):
            key = key * size + self.values[:, column]
        return key


def unpacked(patterns: Ints) -> Codes:
    """Give the levels of patterns, one row a pattern."""
    made = np.empty((len(patterns), len(SIZES)), dtype=np.int32)
    for column in range(len(SIZES) - 1, -1, -1):
        patterns, made[:, column] = np.divmod(patterns, SIZES[column])
    return made


def compare(table: Table, left: Ints, right: Ints) -> Levels:
    """Compare pairs of rows."""
    columns = {
        "name": _name(table, left, right),
        "birth_date": _birth_date(table.born[left], table.born[right]),
        "email": _email(table, left, right),
        "phone": _phone(table, left, right),
        "document": _document(table, left, right),
        "address": _address(table, left, right),
        "country": _plain(table, "country", left, right),
        "state": _plain(table, "state", left, right),
    }
    return Levels(np.stack([columns[f] for f in FIELDS], axis=1).astype(np.int32))


def _sides(table: Table, name: str, left: Ints, right: Ints) -> tuple[Codes, Codes, Flags, Flags]:
    codes = table.codes(name)
    one, other = codes[left], codes[right]
    present = (one >= 0) & (other >= 0)
    return one, other, present, present & (one == other)


def _plain(table: Table, name: str, left: Ints, right: Ints) -> Codes:
    _, _, present, same = _sides(table, name, left, right)
    return np.where(same, 1, np.where(present, 2, 0)).astype(np.int32)


def measured(
    table: Table,
    name: str,
    one: Codes,
    other: Codes,
    wanted: Flags,
    scorer: Callable[..., Any],
    cutoff: float,
) -> Floats:
    """Measure the wanted pairs of codes, each distinct pair once; 0 elsewhere."""
    result = np.zeros(len(one))
    at = np.flatnonzero(wanted)
    if not len(at):
        return result
    words = table.columns[name].words
    low, high = np.minimum(one[at], other[at]), np.maximum(one[at], other[at])
    key = low.astype(np.int64) * len(words) + high
    distinct, back = np.unique(key, return_inverse=True)
    scores = cpdist(
        words[distinct // len(words)], words[distinct % len(words)], scorer=scorer,
        score_cutoff=cutoff, workers=-1 if len(distinct) > 10_000 else 1,
    )  # fmt: skip
    result[at] = scores[back]
    return result


def _name(table: Table, left: Ints, right: Ints) -> Codes:
    first = _first(table, left, right)
    last = _last(table, left, right)
    joint = first * len(LAST) + last
    swapped = _is_swapped(table, left, right) & ~((first == 1) & (last == 1))
    joint = np.where(swapped, SWAPPED, joint)
    known = np.where(swapped | ((first > 0) | (last > 0)), 1, 0)
    rarity = _rarity(table, left, right, first, last, swapped)
    return np.where(known > 0, joint * len(RARITY) + rarity, 0).astype(np.int32)


def _first(table: Table, left: Ints, right: Ints) -> Codes:
    one, other, present, same = _sides(table, "first", left, right)
    level = np.where(same, 1, np.where(present, 6, 0)).astype(np.int32)
    at = np.flatnonzero(level == 6)
    if not len(at):
        return level
    one_row, other_row = left[at], right[at]
    variant = np.zeros(len(at), dtype=bool)
    for a in ("root", "root2"):
        for b in ("root", "root2"):
            x, y = table.codes(a)[one_row], table.codes(b)[other_row]
            variant |= (x == y) & (x >= 0)
    for name in ("first1", "first_sound"):
        variant |= table.codes(name)[one_row] == table.codes(name)[other_row]
    words = table.columns["first"].words
    lengths = np.fromiter(map(len, words), dtype=np.int32, count=len(words))
    heads = np.fromiter((ord(w[0]) for w in words), dtype=np.int32, count=len(words))
    x, y = one[at], other[at]
    initial = (heads[x] == heads[y]) & ((lengths[x] == 1) | (lengths[y] == 1))
    open_ = ~variant & ~initial
    near = measured(table, "first", x, y, open_, JaroWinkler.similarity, REMOTE)
    level[at] = np.select([variant, initial, near >= CLOSE, near > 0], [2, 3, 4, 5], 6)
    return level


def _last(table: Table, left: Ints, right: Ints) -> Codes:
    one, other, present, same = _sides(table, "last", left, right)
    level = np.where(same, 1, np.where(present, 5, 0)).astype(np.int32)
    at = np.flatnonzero(level == 5)
    if not len(at):
        return level
    one_row, other_row = left[at], right[at]
    sound = table.codes("last_sound")
    variant = sound[one_row] == sound[other_row]
    for a in ("last1", "last2"):
        for b in ("last1", "last2"):
            x, y = table.codes(a)[one_row], table.codes(b)[other_row]
            variant |= (x == y) & (x >= 0)
    near = measured(table, "last", one[at], other[at], ~variant, JaroWinkler.similarity, REMOTE)
    level[at] = np.select([variant, near >= CLOSE, near > 0], [2, 3, 4], 5)
    return level


def _is_swapped(table: Table, left: Ints, right: Ints) -> Flags:
    first, last = table.codes("first"), table.codes("last")
    over, back = first[left] == last[right], last[left] == first[right]
    there = (first[left] >= 0) & (last[left] >= 0) & (first[right] >= 0) & (last[right] >= 0)
    half = (over | back) & there & ~(over & back)
    at = np.flatnonzero(half)
    result: Flags = over & back & there
    if len(at):
        a = np.where(over[at], last[left[at]], first[left[at]])
        b = np.where(over[at], first[right[at]], last[right[at]])
        wanted = np.ones(len(at), dtype=bool)
        result[at] = measured(table, "first", a, b, wanted, JaroWinkler.similarity, CLOSE) > 0
    return result


def _shares(table: Table, name: str) -> Floats:
    codes = table.codes(name)
    there = codes[codes >= 0]
    counts = np.bincount(there, minlength=len(table.columns[name].words) + 1).astype(float)
    return counts / max(1, len(there))


def _rarity(
    table: Table, left: Ints, right: Ints, first: Codes, last: Codes, swapped: Flags
) -> Codes:
    """Say how many strangers a row is expected to have under what the names agree in."""
    expected = np.full(len(left), float(len(table)))
    for name, level, far in (("first1", first, 4), ("last", last, 4)):
        codes, share = table.codes(name), _shares(table, name)
        # The rarer spelling is a slip of the other one as a rule.
        either = np.maximum(share[codes[left]], share[codes[right]])
        expected *= np.where(((level > 0) & (level < far)) | swapped, np.minimum(1, either), 1)
    return np.searchsorted(_RARITY_STEPS, expected).astype(np.int32)


def _birth_date(one: Ints, other: Ints) -> Codes:
    present = (one > 0) & (other > 0)
    level = np.where(present, np.where(one == other, 1, 6), 0).astype(np.int32)
    at = np.flatnonzero(level == 6)
    a, b = one[at], other[at]
    y, m, d = a // 10000, a // 100 % 100, a % 100
    v, n, e = b // 10000, b // 100 % 100, b % 100
    swapped = (y == v) & (m == e) & (d == n)
    digits = sum((a // 10**k % 10 != b // 10**k % 10).astype(int) for k in range(8))
    parts = (y == v).astype(int) + (m == n) + (d == e)
    # A part that is not known may be any.
    open_ = (y == v) & ((m == n) | (m == 0) | (n == 0)) & ((d == e) | (d == 0) | (e == 0))
    near = np.abs((y - v) * 372 + (m - n) * 31 + d - e) <= 372
    far = np.abs(y - v) > FAR_YEARS
    level[at] = np.select(
        [swapped, digits == 1, (parts == 2) | open_, near, far], [2, 3, 4, 5, 7], 6
    )
    return level


def _email(table: Table, left: Ints, right: Ints) -> Codes:
    _, _, present, same = _sides(table, "email", left, right)
    one, other, _, box = _sides(table, "local", left, right)
    level = np.where(same, 1, np.where(box, 2, np.where(present, 4, 0))).astype(np.int32)
    near = measured(table, "local", one, other, level == 4, OSA.normalized_similarity, 0.8)
    level[near > 0] = 3
    return level


def _phone(table: Table, left: Ints, right: Ints) -> Codes:
    one, other, present, same = _sides(table, "phone", left, right)
    level = np.where(same, 1, np.where(present, 3, 0)).astype(np.int32)
    words = table.columns["phone"].words
    at = np.flatnonzero(level == 3)
    if len(at):
        number = np.fromiter(map(int, words), dtype=np.int64, count=len(words))
        apart = np.abs(number[one[at]] - number[other[at]])
        slip = np.zeros(len(at), dtype=bool)
        for power in 10 ** np.arange(9):
            slip |= (apart % power == 0) & (apart // power < 10)
        level[at[slip]] = 2
    return level


def _document(table: Table, left: Ints, right: Ints) -> Codes:
    one, other, present, same = _sides(table, "document", left, right)
    _, _, known, alike = _sides(table, "document_kind", left, right)
    present &= ~known | alike
    level = np.where(same, 1, np.where(present, 3, 0)).astype(np.int32)
    near = measured(table, "document", one, other, level == 3, OSA.similarity, 1)
    far = measured(table, "document", one, other, (level == 3) & (near > 0), OSA.distance, 1)
    level[(level == 3) & (near > 0) & (far <= 1)] = 2
    return level


def _address(table: Table, left: Ints, right: Ints) -> Codes:
    one, other, present, same = _sides(table, "street", left, right)
    _, _, _, house = _sides(table, "house", left, right)
    near = measured(table, "street", one, other, present & ~same, JaroWinkler.similarity, CLOSE) > 0
    alike = same | near
    street = np.select([alike & house, same, near, present], [1, 2, 3, 4], 0)
    return (street * len(PLACE) + _place(table, left, right)).astype(np.int32)


def _place(table: Table, left: Ints, right: Ints) -> Codes:
    a, b, posts, post = _sides(table, "postcode", left, right)
    one, other, cities, city = _sides(table, "city", left, right)
    large = _shares(table, "city")[one] > LARGE_CITY
    far = measured(table, "postcode", a, b, posts & ~post, OSA.distance, 1)
    slip = posts & ~post & (far == 1)
    near = measured(table, "city", one, other, cities & ~city, JaroWinkler.similarity, CLOSE) > 0
    choices = [
        post & (city | ~cities | near), post, city & ~posts & ~large, city & ~posts, city & slip,
        city, near, posts | cities,
    ]  # fmt: skip
    return np.select(choices, [1, 2, 3, 7, 4, 5, 6, 8], 0).astype(np.int32)
