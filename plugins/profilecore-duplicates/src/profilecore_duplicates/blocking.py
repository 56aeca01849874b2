"""Blocking: which pairs are worth a comparison, found by equal keys and never by all pairs.

A rule is a tuple of parts; rows that agree on all of them make a block.  A block over the cap is
parted by one further part after another; what is over the cap even then is thinned to
neighbours, and reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

import attrs
import numpy as np
import polars as pl

from profilecore.values import frozen
from profilecore_duplicates.table import Codes, Hashes, Ints, Table
from profilecore_duplicates.workers import each

_X = pl.col("x")
# What rows are brought together by: a column, and what of its text.
PARTS: dict[str, tuple[str, pl.Expr]] = {
    "email": ("email", _X),
    "local": ("local", pl.when(_X.str.len_bytes() >= 4).then(_X)),
    "local4": ("local", pl.when(_X.str.len_bytes() >= 6).then(_X.str.slice(0, 4))),
    "phone": ("phone", _X),
    "document": ("document", _X),
    "first": ("root", _X),
    "last": ("last_sound", _X),
    "first_sound": ("first_sound", _X),
    "last1": ("last1", _X),
    "born": ("born", _X),
    "year": ("born", _X // 10000),
    "monthday": ("born", pl.when(_X % 100 > 0).then(_X % 10000)),
    "postcode": ("postcode", _X),
    "city": ("city", _X),
    "street": ("street", _X),
    "house": ("house", _X),
    "last4": ("last_sound", _X.str.slice(0, 4)),
    "first3": ("first_sound", _X.str.slice(0, 3)),
    "initial": ("first", _X.str.slice(0, 1)),
    "last_tail": ("last_sound", _X.str.slice(-4)),
}
RULES: tuple[tuple[str, ...], ...] = (
    ("email",), ("phone",), ("document",), ("local",),
    ("first", "last"), ("last", "born"), ("first", "born"),
    ("last", "postcode"), ("first", "postcode", "house"), ("born", "postcode"), ("born", "city"),
    ("postcode", "street", "house"), ("last4", "first3", "city"), ("last", "initial", "city"),
    ("last4", "first3", "monthday"), ("last4", "initial", "year"), ("last_tail", "first", "year"),
    ("first", "street", "house"), ("last", "street", "house"), ("first", "city", "street"),
    ("born", "street"), ("born", "initial"), ("first", "last4"),("last","first3"),
)  # fmt: skip
# What few rows share is worth a look while the whole rule costs little: in small bases, and
# among rare names.
COARSE: tuple[tuple[str, ...], ...] = (
    ("born",), ("last",), ("first",), ("street", "house"), ("postcode",), ("last4", "year"),
    ("first3", "year"), ("first3", "city"), ("last4", "city"), ("year", "city"), ("monthday",),
    ("local4",), ("last4",), ("first3",),
)  # fmt: skip
# Pairs that a coarse rule may cost: next to what a start of the program costs this is nothing.
COARSE_BUDGET = 100_000
# Where there is next to nothing but a name, the name alone must do while blocks are small.
REFINING = ("born", "city", "postcode", "year", "first", "last", "street", "phone", "email")
CAP = 50
# Neighbours that each row of a block over the cap is still compared with.
THINNED = 2


@frozen
class Capped:
    """What one rule could not compare in full: its parts, the rows and the pairs left out."""

    rule: str
    rows: int
    pairs: int


_Found: TypeAlias = tuple[list[Hashes], list[Capped]]


@frozen
class Candidates:
    """Pairs of row numbers, each once, ``left < right``, in ascending order."""

    left: Ints = attrs.field(repr=False)
    right: Ints = attrs.field(repr=False)
    capped: tuple[Capped, ...] = ()

    def __len__(self) -> int:
        return len(self.left)


def candidates(table: Table, cap: int = CAP) -> Candidates:
    """Give the candidate pairs of a table."""
    n = len(table)
    found: list[Hashes] = []
    capped: list[Capped] = []
    if n > 1:
        for pairs, lost in each(lambda job: job(), _jobs(_hashed(table), n, cap)):
            found.extend(pairs)
            capped.extend(lost)
    packed = _distinct(found)
    left, right = (
        (packed // np.uint64(n)).astype(np.int64),
        (packed % np.uint64(n)).astype(np.int64),
    )
    if table.side is not None and len(left):
        across = table.side[left] != table.side[right]
        left, right = left[across], right[across]
    return Candidates(left, right, tuple(capped))


def _jobs(parts: _Parts, n: int, cap: int) -> Iterator[Callable[[], _Found]]:
    for rule in RULES:
        if parts.have(rule):
            yield partial(_block, parts, rule, n, cap)
    for rule in COARSE:
        if parts.have(rule):
            yield partial(_coarse, parts, rule, n, cap)
    if parts.have(("first_sound", "last")):
        yield partial(_swapped, parts, n, cap)


def _distinct(found: Sequence[Hashes]) -> Hashes:
    if not found:
        return np.empty(0, dtype=np.uint64)
    packed = np.concatenate(found)
    packed.sort()
    keep = np.ones(len(packed), dtype=bool)
    keep[1:] = packed[1:] != packed[:-1]
    return packed[keep]


@frozen
class _Parts:
    """The hash of each part: of a row by the code of its text, or by itself; 0 stands for null."""

    hashes: dict[str, Hashes]
    codes: dict[str, Codes]

    def have(self, names: Sequence[str]) -> bool:
        """Tell whether each of some parts holds anything."""
        return all(name in self.hashes for name in names)

    def of(self, name: str) -> Hashes:
        """Give the hash of a part for each row."""
        return self.hashes[name][self.codes[name]] if name in self.codes else self.hashes[name]


def _hashed(table: Table) -> _Parts:
    born = pl.Series("x", table.born).replace(0, None)
    hashes, codes = {}, {}
    for name, (column, part) in PARTS.items():
        values = born if column == "born" else table.columns[column].words.alias("x")
        hashed = pl.when(part.is_not_null()).then(part.hash(seed=17)).otherwise(0)
        made = values.to_frame().select(hashed).to_series().to_numpy()
        if made.any():
            hashes[name] = made
            if column != "born":
                hashes[name] = np.append(made, np.uint64(0))
                codes[name] = table.codes(column)
    return _Parts(hashes, codes)


_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def _key(parts: _Parts, rule: Sequence[str]) -> Hashes:
    """Mix the hashes of the parts in their order; 0 where any is null."""
    key = parts.of(rule[0]).copy()
    for part in rule[1:]:
        key = _finer(key, parts.of(part))
    return key


def _finer(key: Hashes, part: Hashes) -> Hashes:
    null = (key == 0) | (part == 0)
    made: Hashes = (key ^ (key >> _SHIFT)) * _ODD + part
    made[null] = 0
    return made


def _grouped(key: Hashes, n: int) -> tuple[Hashes, Ints]:
    """Sort rows by key, without those that have none: their keys and numbers, side by side."""
    # Key and row number in one word sort several times faster than an argsort.
    bits = np.uint64(max(1, int(n - 1).bit_length()))
    rows = np.flatnonzero(key).astype(np.uint64)
    packed = ((key[rows] * _ODD) >> bits << bits) | rows
    packed.sort()
    return packed >> bits, (packed & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)


def _pairs_of(keys: Hashes, rows: Ints, n: int, cap: int) -> tuple[list[Hashes], Ints, Ints]:
    """Pair the rows of each block up to the cap: pairs, then rows and sizes of larger blocks."""
    if len(keys) < 2:
        return [], rows[:0], rows[:0]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    sizes = np.diff(np.concatenate((starts, [len(keys)])))
    size_of = np.repeat(sizes, sizes)
    over = rows[size_of > cap]
    within = (size_of > 1) & (size_of <= cap)
    return list(_near(keys[within], rows[within], n, cap)), over, sizes[sizes > cap]


def _near(keys: Hashes, rows: Ints, n: int, width: int) -> Iterator[Hashes]:
    """Pair rows of one key that stand at most so far apart."""
    at = np.arange(len(keys))
    for step in range(1, width):
        at = at[at + step < len(keys)]
        at = at[keys[at] == keys[at + step]]
        if not len(at):
            return
        one, other = rows[at], rows[at + step]
        low, high = np.minimum(one, other), np.maximum(one, other)
        yield (low * n + high).astype(np.uint64)


def _block(parts: _Parts, rule: tuple[str, ...], n: int, cap: int) -> _Found:
    key = _key(parts, rule)
    found, over, sizes = _pairs_of(*_grouped(key, n), n, cap)
    if not len(over):
        return found, []
    left_out = int((sizes * (sizes - 1) // 2).sum())
    large = np.zeros(n, dtype=bool)
    large[over] = True
    rest = np.where(large, key, np.uint64(0))
    for part in REFINING:
        if part in rule or not parts.have((part,)):
            continue
        pairs, _, _ = _pairs_of(*_grouped(_finer(rest, parts.of(part)), n), n, cap)
        found.extend(pairs)
        left_out -= sum(map(len, pairs))
    keys, rows = _grouped(rest, n)
    thin = list(_near(keys, rows, n, THINNED + 1))
    left_out -= sum(map(len, thin))
    return [*found, *thin], [Capped("+".join(rule), len(over), max(0, left_out))]


def _coarse(parts: _Parts, rule: tuple[str, ...], n: int, cap: int) -> _Found:
    """Pair the rows of the smaller blocks, as far as the budget goes."""
    keys, rows = _grouped(_key(parts, rule), n)
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    sizes = np.diff(np.concatenate((starts, [len(keys)])))
    often = np.bincount(sizes[sizes <= cap], minlength=2)
    of_size = np.arange(len(often))
    cost = np.cumsum(often * of_size * (of_size - 1) // 2)
    allowed = int(np.searchsorted(cost, COARSE_BUDGET, side="right")) - 1
    return (_pairs_of(keys, rows, n, min(cap, allowed))[0] if allowed > 1 else []), []


def _swapped(parts: _Parts, n: int, cap: int) -> _Found:
    """Pair the rows that have one name, in one order or the other."""
    first, last = parts.of("first_sound"), parts.of("last")
    key = (first * _ODD) ^ (last * _ODD) ^ (first + last)
    key[(first == 0) | (last == 0)] = 0
    return _pairs_of(*_grouped(key, n), n, cap)[0], []
