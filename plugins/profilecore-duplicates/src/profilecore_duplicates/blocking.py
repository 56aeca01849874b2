"""Blocking: which pairs are worth a comparison, found by equal keys and never by all pairs.

A rule is a tuple of parts; rows that agree on all of them make a block.  A block over the cap is
parted by one further part after another; what is over the cap even then is thinned to
neighbours, and reported.  In a large base the cap of a rule is lower, so that the pairs grow with
the rows and no faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

from profilecore.values import frozen
from profilecore_duplicates.columns import sorted_rows
from profilecore_duplicates.spilling import Pile
from profilecore_duplicates.table import Codes, Flags, Hashes, Ints, Table
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
# Of these several texts can have the same.
_PIECES = frozenset(("local4", "last4", "first3", "initial", "last_tail"))
RULES: tuple[tuple[str, ...], ...] = (
    ("email",), ("phone",), ("document",), ("local",),
    ("first", "last"), ("last", "born"), ("first", "born"),
    ("last", "postcode"), ("first", "postcode", "house"), ("born", "postcode"), ("born", "city"),
    ("postcode", "street", "house"), ("last4", "first3", "city"), ("last", "initial", "city"),
    ("last4", "first3", "monthday"), ("last4", "initial", "year"), ("last_tail", "first", "year"),
    ("first", "street", "house"), ("last", "street", "house"), ("first", "city", "street"),
    ("born", "street"), ("born", "initial"), ("first", "last4"),("last","first3"),
)  # fmt: skip
# Pairs that a rule may cost for each row: next to no row has more copies.  A rule that would cost
# more in a large base, where thousands bear one name, keeps its smaller blocks as they are.
PAIRS_A_ROW = 2
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
# Pairs drawn from the blocks of each rule that was capped, to say what it cost: of one pair in a
# hundred that is one person some fifty are seen.
SAMPLED = 5_000
# Neighbours that each row of a block over the cap is still compared with.
THINNED = 2


@frozen
class Capped:
    """What one rule could not compare in full: its parts, the rows and the pairs left out.

    ``left`` and ``right`` are pairs of rows drawn at random from the ``whole`` pairs of its blocks
    over the cap, compared or not; a pair may come twice.
    """

    rule: str
    rows: int
    pairs: int
    left: Ints = attrs.field(repr=False)
    right: Ints = attrs.field(repr=False)
    whole: int


_Found: TypeAlias = tuple[list[Hashes], list[Capped]]


@frozen
class Candidates:
    """Pairs of row numbers, each once, ``left < right``, in ascending order."""

    left: Codes = attrs.field(repr=False)
    right: Codes = attrs.field(repr=False)
    capped: tuple[Capped, ...] = ()

    def __len__(self) -> int:
        return len(self.left)

    def as_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Give the candidates as arrays, for :func:`candidates_from`."""
        capped = self.capped
        return {
            "left": self.left,
            "right": self.right,
            "rules": np.array([each.rule for each in capped], dtype=np.str_),
            "numbers": np.array([(c.rows, c.pairs, c.whole) for c in capped], dtype=np.int64),
            "drawn": np.array([(each.left, each.right) for each in capped], dtype=np.int64),
        }


def candidates_from(arrays: Mapping[str, npt.NDArray[Any]]) -> Candidates:
    """Give the candidates that :meth:`Candidates.as_arrays` wrote."""
    rules = zip(arrays["rules"].tolist(), arrays["numbers"].tolist(), arrays["drawn"], strict=True)
    return Candidates(
        arrays["left"],
        arrays["right"],
        tuple(
            Capped(rule, rows, pairs, drawn[0], drawn[1], whole)
            for rule, (rows, pairs, whole), drawn in rules
        ),
    )


def candidates(table: Table, cap: int = CAP) -> Candidates:
    """Give the candidate pairs of a table."""
    n = len(table)
    if n < 2:
        none = np.empty(0, dtype=np.int32)
        return Candidates(none, none)
    capped: list[Capped] = []
    with Pile(n * n) as pile:
        for found, lost in each(lambda job: job(), _jobs(_hashed(table), n, cap)):
            for packed in found:
                pile.put(packed)
            capped.extend(lost)
        parts = [_rows(packed, n, table.side) for packed in pile.ascending()]
    left, right = (np.concatenate(side) for side in zip(*parts, strict=True))
    return Candidates(left, right, tuple(capped))


def _rows(packed: Hashes, n: int, side: Flags | None) -> tuple[Codes, Codes]:
    left, right = (made.astype(np.int32) for made in np.divmod(packed, np.uint64(n)))
    if side is None:
        return left, right
    across = side[left] != side[right]
    return left[across], right[across]


def _jobs(parts: _Parts, n: int, cap: int) -> Iterator[Callable[[], _Found]]:
    for rule in RULES:
        if parts.have(rule):
            yield partial(_block, parts, rule, n, cap)
    for rule in COARSE:
        if parts.have(rule):
            yield partial(_coarse, parts, rule, n, cap)
    if parts.have(("first_sound", "last")):
        yield partial(_swapped, parts, n, cap)


@frozen
class _Parts:
    """The hash of each part: of a row by the code of its text, or by itself; 0 stands for null."""

    hashes: dict[str, Hashes]
    codes: dict[str, Codes]

    def have(self, names: Sequence[str]) -> bool:
        """Tell whether each of some parts holds anything."""
        return all(name in self.hashes for name in names)

    def of(self, name: str, rows: Ints | None = None) -> Hashes:
        """Give the hash of a part for each row, or for some."""
        hashes, codes = self.hashes[name], self.codes.get(name)
        if codes is None:
            return hashes if rows is None else hashes[rows]
        return hashes[codes if rows is None else codes[rows]]

    def shared(self, name: str) -> Hashes:
        """Give what :meth:`of` does, but 0 for most rows that share it with no other."""
        codes = self.codes.get(name)
        if codes is None or name in _PIECES:
            return self.of(name).copy()
        times = np.bincount(codes[codes >= 0], minlength=len(self.hashes[name]))
        return np.where(times > 1, self.hashes[name], 0)[codes]


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
    """Mix the hashes of the parts in their order; 0 where any is null, or nobody has the same."""
    if len(rule) == 1:
        return parts.shared(rule[0])
    key = parts.of(rule[0])
    for part in rule[1:]:
        key = _finer(key, parts.of(part))
    return key


def _finer(key: Hashes, part: Hashes) -> Hashes:
    made = key >> _SHIFT
    made ^= key
    made *= _ODD
    made += part
    made *= (key != 0) & (part != 0)
    return made


def _grouped(key: Hashes, n: int, rows: Ints | None = None) -> tuple[Hashes, Ints]:
    """Sort the rows that share a key with others: their keys and numbers, side by side.

    The keys are of all rows, or of those that are given; rows whose key is 0 have none.
    """
    there = np.flatnonzero(key)
    of = there if rows is None else rows[there]
    keys, rows = sorted_rows(key[there] * _ODD, of, n)
    same = keys[1:] == keys[:-1]
    shared = np.zeros(len(keys), dtype=bool)
    shared[1:] = same
    shared[:-1] |= same
    return keys[shared], rows[shared]


def _sizes(keys: Hashes) -> Ints:
    """Give the sizes of blocks, in the order of their keys."""
    ends = np.flatnonzero(np.concatenate((keys[1:] != keys[:-1], [True] * (len(keys) > 0))))
    return np.diff(ends, prepend=-1)


def _allowed(sizes: Ints, cap: int, budget: int) -> int:
    """Give the size up to which all blocks together cost no more pairs than a budget."""
    often = np.bincount(sizes[sizes <= cap], minlength=cap + 1)
    of_size = np.arange(len(often))
    cost = np.cumsum(often * of_size * (of_size - 1) // 2)
    return int(np.searchsorted(cost, budget, side="right")) - 1


def _within(keys: Hashes, rows: Ints, sizes: Ints, n: int, cap: int) -> list[Hashes]:
    """Pair the rows of the blocks of up to a size."""
    within = np.repeat(sizes <= cap, sizes)
    return list(_near(keys[within], rows[within], n, cap))


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
        low *= n
        low += high
        yield low.view(np.uint64)


def _block(parts: _Parts, rule: tuple[str, ...], n: int, cap: int) -> _Found:
    key = _key(parts, rule)
    keys, rows = _grouped(key, n)
    sizes = _sizes(keys)
    cap = _allowed(sizes, cap, max(COARSE_BUDGET, PAIRS_A_ROW * n))
    found = _within(keys, rows, sizes, n, cap)
    large = np.repeat(sizes > cap, sizes)
    over = rows[large]
    if not len(over):
        return found, []
    sizes = sizes[sizes > cap]
    whole = left_out = int((sizes * (sizes - 1) // 2).sum())
    key = key[over]
    for part in REFINING:
        if part not in rule and parts.have((part,)):
            pairs = _all_within(_finer(key, parts.of(part, over)), n, cap, over)
            found.extend(pairs)
            left_out -= sum(map(len, pairs))
    thin = list(_near(keys[large], over, n, THINNED + 1))
    left_out -= sum(map(len, thin))
    one, other = _drawn(over, sizes)
    capped = Capped("+".join(rule), len(over), max(0, left_out), one, other, whole)
    return [*found, *thin], [capped]


def _drawn(rows: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """Draw pairs at random from blocks that lie side by side."""
    rng = np.random.default_rng(len(rows))  # the same base gives the same pairs
    starts, ends = np.cumsum(sizes) - sizes, np.cumsum(sizes * (sizes - 1))
    of = np.searchsorted(ends, rng.integers(0, ends[-1], SAMPLED), side="right")
    one = rng.integers(0, sizes[of])
    # Any of the block but the row itself.
    other = (one + rng.integers(1, sizes[of])) % sizes[of]
    a, b = rows[starts[of] + one], rows[starts[of] + other]
    return np.minimum(a, b), np.maximum(a, b)


def _all_within(key: Hashes, n: int, cap: int, rows: Ints | None = None) -> list[Hashes]:
    keys, rows = _grouped(key, n, rows)
    return _within(keys, rows, _sizes(keys), n, cap)


def _coarse(parts: _Parts, rule: tuple[str, ...], n: int, cap: int) -> _Found:
    """Pair the rows of the smaller blocks, as far as the budget goes."""
    keys, rows = _grouped(_key(parts, rule), n)
    sizes = _sizes(keys)
    return _within(keys, rows, sizes, n, _allowed(sizes, cap, COARSE_BUDGET)), []


def _swapped(parts: _Parts, n: int, cap: int) -> _Found:
    """Pair the rows that have one name, in one order or the other."""
    first, last = parts.of("first_sound"), parts.of("last")
    key = (first * _ODD) ^ (last * _ODD) ^ (first + last)
    key[(first == 0) | (last == 0)] = 0
    return _all_within(key, n, cap), []
