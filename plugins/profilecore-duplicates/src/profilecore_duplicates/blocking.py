"""Blocking: which pairs are worth a comparison, found by equal keys and never by all pairs.

A rule is a tuple of parts; rows that agree on all of them make a block.  A block over the cap is
parted by one further part after another; what is over the cap even then is thinned to
neighbours, and reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
import numpy as np
import polars as pl

from profilecore.values import frozen
from profilecore_duplicates.table import Flags, Hashes, Ints, Table

_C = pl.col
PARTS: dict[str, pl.Expr] = {
    "email": _C("email"),
    "local": pl.when(_C("local").str.len_bytes() >= 4).then("local"),
    "local4": pl.when(_C("local").str.len_bytes() >= 6).then(_C("local").str.slice(0, 4)),
    "phone": _C("phone"),
    "document": _C("document"),
    "first": _C("root"),
    "last": _C("last_sound"),
    "first_as_last": _C("last_sound"),
    "first_sound": _C("first_sound"),
    "last1": _C("last1"),
    "born": _C("born"),
    "year": _C("born") // 10000,
    "monthday": pl.when(_C("born") % 100 > 0).then(_C("born") % 10000),
    "postcode": _C("postcode"),
    "city": _C("city"),
    "street": _C("street"),
    "house": _C("house"),
    "last4": _C("last_sound").str.slice(0, 4),
    "first3": _C("first_sound").str.slice(0, 3),
    "initial": _C("first").str.slice(0, 1),
    "last_tail": _C("last_sound").str.slice(-4),
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
        hashes = _part_hashes(table)
        for rule in RULES:
            if all(part in hashes for part in rule):
                pairs, lost = _block(hashes, rule, n, cap)
                found.extend(pairs)
                capped.extend(lost)
        for rule in COARSE:
            if all(part in hashes for part in rule):
                found.extend(_coarse(_key(hashes, rule), n, cap))
        for key in _swapped(hashes):
            found.extend(_pairs_of(*_grouped(key, n), n, cap)[0])
    packed = _distinct(found)
    left, right = (
        (packed // np.uint64(n)).astype(np.int64),
        (packed % np.uint64(n)).astype(np.int64),
    )
    if table.side is not None and len(left):
        across = table.side[left] != table.side[right]
        left, right = left[across], right[across]
    return Candidates(left, right, tuple(capped))


def _distinct(found: Sequence[Hashes]) -> Hashes:
    if not found:
        return np.empty(0, dtype=np.uint64)
    packed = np.concatenate(found)
    packed.sort()
    keep = np.ones(len(packed), dtype=bool)
    keep[1:] = packed[1:] != packed[:-1]
    return packed[keep]


def _part_hashes(table: Table) -> dict[str, Hashes]:
    """Hash each part that holds anything; 0 stands for null."""
    wanted = dict(PARTS)
    frame = (
        table.frame.lazy()
        .select(
            pl.when(e.is_not_null()).then(e.hash(seed=17)).otherwise(0).alias(n)
            for n, e in wanted.items()
        )
        .collect()
    )
    hashes = {name: frame[name].to_numpy() for name in wanted}
    return {name: h for name, h in hashes.items() if h.any()}


_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def _key(hashes: dict[str, Hashes], rule: Sequence[str]) -> Hashes:
    """Mix the hashes of the parts in their order; 0 where any is null."""
    key = hashes[rule[0]].copy()
    null = key == 0
    for part in rule[1:]:
        null |= hashes[part] == 0
        key = (key ^ (key >> _SHIFT)) * _ODD + hashes[part]
    key[null] = 0
    return key


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


def _block(
    hashes: dict[str, Hashes], rule: tuple[str, ...], n: int, cap: int
) -> tuple[list[Hashes], list[Capped]]:
    key = _key(hashes, rule)
    found, over, sizes = _pairs_of(*_grouped(key, n), n, cap)
    if not len(over):
        return found, []
    left_out = int((sizes * (sizes - 1) // 2).sum())
    large = np.zeros(n, dtype=bool)
    large[over] = True
    rest = np.where(large, key, np.uint64(0))
    for part in REFINING:
        if part not in hashes or part in rule:
            continue
        finer = _key({"key": rest, part: hashes[part]}, ("key", part))
        pairs, _, _ = _pairs_of(*_grouped(finer, n), n, cap)
        found.extend(pairs)
        left_out -= sum(map(len, pairs))
    keys, rows = _grouped(rest, n)
    thin = list(_near(keys, rows, n, THINNED + 1))
    left_out -= sum(map(len, thin))
    return [*found, *thin], [Capped("+".join(rule), len(over), max(0, left_out))]


def _coarse(key: Hashes, n: int, cap: int) -> list[Hashes]:
    """Pair the rows of the smaller blocks, as far as the budget goes."""
    keys, rows = _grouped(key, n)
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    sizes = np.diff(np.concatenate((starts, [len(keys)])))
    often = np.bincount(sizes[sizes <= cap], minlength=2)
    of_size = np.arange(len(often))
    cost = np.cumsum(often * of_size * (of_size - 1) // 2)
    allowed = int(np.searchsorted(cost, COARSE_BUDGET, side="right")) - 1
    return _pairs_of(keys, rows, n, min(cap, allowed))[0] if allowed > 1 else []


def _swapped(hashes: dict[str, Hashes]) -> Iterator[Hashes]:
    """Give the key under which a name and the same name in the other order meet."""
    if "first_sound" in hashes and "last" in hashes:
        first, last = hashes["first_sound"], hashes["last"]
        null: Flags = (first == 0) | (last == 0)
        key = (first * _ODD) ^ (last * _ODD) ^ (first + last)
        key[null] = 0
        yield key
