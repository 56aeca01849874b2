"""What two people look like, drawn from the base: chances that need neither labels nor EM.

Pairs at random show strangers; pairs at random among those that share a surname, or a first
name, show what a name brings with it: a country, a style of e-mail.  None of them depends on the
blocking rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.columns import sorted_rows
from profilecore_duplicates.comparison import (
    FIELDS,
    FIRST,
    LAST,
    LEVELS,
    PLACE,
    RARITY,
    STREET,
    SWAPPED,
    compare,
)
from profilecore_duplicates.model import (
    FIRST_NAME,
    KINDS,
    NAMESAKE,
    RELATIVE,
    STRANGER,
    SURNAME,
)
from profilecore_duplicates.patterns import (
    FIRST_AGREES,
    FIRST_ALIKE,
    LAST_AGREES,
    LAST_ALIKE,
    counted,
    level,
    name_levels,
    names_cube,
    normalised,
    rarity_groups,
)
from profilecore_duplicates.table import Codes, Floats, Ints, Table

RANDOM_PAIRS = 200_000
# Pairs drawn among those that share a name: the chances that they bear on are not small ones.
ALIKE_PAIRS = 50_000
# So many pairs of strangers are supposed to have been seen: few beside any sample but a tiny one.
SUPPOSED = 50.0
# Two people agree in these as strangers do, whatever else they share; but a family its telephone.
APART = ("birth_date", "document", "phone")
# Of these the same value is so rare among strangers that no sample shows it.
COUNTED_SAME = (*APART, "email")

Doubt = Callable[[Codes], Floats]


@frozen
class Drawn:
    """Levels of pairs at random, of pairs that share a surname or a first name, of one row.

    ``same`` has by field how many pairs of all have one value, and how many have any.
    """

    strangers: Codes
    surname: Codes
    first_name: Codes
    own: Codes
    same: Mapping[str, tuple[float, float]]


@frozen
class Strangers:
    """What two people look like, by kind: shares of all pairs, and chances by field."""

    shares: Floats
    chances: Mapping[str, Floats]


def pairs_in_all(table: Table) -> float:
    """Count the pairs that may be asked for: all, or of two files those across; at least 1."""
    n = len(table)
    if table.side is None:
        return max(1.0, n * (n - 1) / 2)
    return max(1.0, float(table.side.sum()) * float((~table.side).sum()))


def draw(table: Table) -> Drawn:
    """Compare pairs of rows drawn at random; the same table gives the same pairs."""
    rng = np.random.default_rng(len(table))
    own = np.arange(len(table))
    if len(own) > ALIKE_PAIRS:
        own = rng.integers(0, len(table), ALIKE_PAIRS)
    drawn = [
        _at_random(table, rng),
        _sharing(table, "last_sound", rng),
        _sharing(table, "root", rng),
        (own, own),
    ]
    ends = np.cumsum([len(left) for left, _ in drawn])[:-1]
    left, right = (np.concatenate(side) for side in zip(*drawn, strict=True))
    at_random, surname, first_name, alone = np.split(compare(table, left, right).values, ends)
    same = {field: _same(table, field) for field in COUNTED_SAME}
    return Drawn(at_random, surname, first_name, alone, same)


def _wanted(table: Table, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    keep = left != right
    if table.side is not None:
        keep &= table.side[left] != table.side[right]
    return left[keep], right[keep]


def _at_random(table: Table, rng: np.random.Generator) -> tuple[Ints, Ints]:
    n = len(table)
    if n * (n - 1) // 2 <= RANDOM_PAIRS:
        left, right = np.triu_indices(n, 1)
    else:
        left, right = rng.integers(0, n, RANDOM_PAIRS), rng.integers(0, n, RANDOM_PAIRS)
    return _wanted(table, left, right)


def _sharing(table: Table, name: str, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw pairs of rows that share a value: each such pair is as likely as any other."""
    codes = table.codes(name)
    rows = np.flatnonzero(codes >= 0)
    # Codes have 31 bits, and stand before the room of the rows.
    _, rows = sorted_rows(codes[rows].astype(np.uint64) << np.uint64(32), rows, len(codes))
    sizes = np.bincount(codes[rows], minlength=1)
    starts = np.cumsum(sizes) - sizes
    pairs = np.cumsum(sizes * (sizes - 1))
    if not pairs[-1]:
        return rows[:0], rows[:0]
    drawn = min(ALIKE_PAIRS, int(pairs[-1]))
    of = np.searchsorted(pairs, rng.integers(0, pairs[-1], drawn), side="right")
    one = starts[of] + rng.integers(0, sizes[of])
    other = starts[of] + rng.integers(0, sizes[of])
    return _wanted(table, rows[one], rows[other])


def _same(table: Table, field: str) -> tuple[float, float]:
    """Count the pairs of rows that have the same value, and those that have any, in all."""
    if field == "birth_date":
        # 0 is no date; a day since the year 0 is a short code for each.
        there = table.born > 0
        year, rest = np.divmod(table.born, 10000)
        codes = (year * 13 + rest // 100) * 32 + rest % 100
    else:
        codes = table.codes(field)
        there = codes >= 0
    if table.side is None:
        of = np.bincount(codes[there]).astype(float)
        return float(of @ (of - 1) / 2), float(of.sum() * (of.sum() - 1) / 2)
    size = int(codes.max(initial=0)) + 1
    one = np.bincount(codes[there & table.side], minlength=size).astype(float)
    other = np.bincount(codes[there & ~table.side], minlength=size).astype(float)
    return float(one @ other), float(one.sum() * other.sum())


def strangers(drawn: Drawn, doubt: Doubt, ours: Mapping[str, float]) -> Strangers:
    """Say what two people look like.

    ``doubt`` gives for patterns the chance to be two people, so that pairs of one person among
    the drawn do not count; ``ours`` counts by field the pairs of one person with one value.
    """
    counts = _levels(drawn.strangers, doubt)
    for field, (same, any_) in drawn.same.items():
        share = max(same - ours[field], 0.0) / max(any_, 1.0)
        counts[field][1] = share * counts[field][1:].sum()
    one, _, _ = name_levels(drawn.surname)
    by_surname = _levels(drawn.surname[one > FIRST_ALIKE], doubt)
    _, other, _ = name_levels(drawn.first_name)
    by_first = _levels(drawn.first_name[other > LAST_ALIKE], doubt)
    first, last = _shares_of_names(counts["name"])
    made = {}
    for field in FIELDS:
        if field == "name":
            seen = counts[field] + by_surname[field] + by_first[field]
            made[field] = _names(first, last, seen, drawn.own)
            continue
        base = _smoothed(field, counts[field])
        if field in APART:
            made[field] = normalised(field, np.stack([base] * len(KINDS)))
            continue
        kinds = [base * SUPPOSED + by_surname[field], base * SUPPOSED + by_first[field]]
        both = sum(kind / kind.sum() for kind in kinds)
        made[field] = normalised(field, np.stack([base, both, both, *kinds, base]))
    alike_first, alike_last = first[:FIRST_ALIKE].sum(), last[:LAST_ALIKE].sum()
    shares = np.zeros(len(KINDS))
    shares[SURNAME] = alike_last * (1 - alike_first)
    shares[FIRST_NAME] = alike_first * (1 - alike_last)
    shares[STRANGER] = 1 - shares.sum()
    return Strangers(shares, made)


def _levels(levels: Codes, doubt: Doubt) -> dict[str, Floats]:
    weight = doubt(levels)
    return {field: counted(level(levels, field), weight, field) for field in FIELDS}


def supposed(size: int) -> Floats:
    """Give what strangers are taken to agree in before any data: once in a hundred pairs."""
    made = np.full(size, 0.01 * SUPPOSED)
    made[-1] = SUPPOSED * (1 - 0.01 * (size - 2))
    return made


def _smoothed(field: str, counts: Floats) -> Floats:
    """Give shares of levels in strangers, none of them nothing."""
    if field == "address":
        cube = counts.reshape(len(STREET), len(PLACE)) + 1e-3
        product = cube.sum(1)[:, None] * cube.sum(0)[None, :] / cube.sum()
        made = (cube + product).ravel()
    else:
        made = counts + supposed(len(counts))
    return np.asarray(made / made.sum())


def _shares_of_names(counts: Floats) -> tuple[Floats, Floats]:
    """Give the shares of the levels of first and of last names where there are any."""
    cube = names_cube(counts)
    first, last = cube.sum(axis=(1, 2))[1:], cube.sum(axis=(0, 2))[1:]
    first, last = first + supposed(len(FIRST))[1:], last + supposed(len(LAST))[1:]
    return first / first.sum(), last / last.sum()


def _names(first: Floats, last: Floats, seen: Floats, own: Codes) -> Floats:
    """Give the chances of names in each kind of two people: by them the kinds are told.

    First and last names are taken apart, for two strangers rarely share both in any sample.
    """
    rarity = np.bincount(level(own, "name") % len(RARITY), minlength=len(RARITY)) + 0.5
    # A rare name is met by chance as much more rarely as it is rarer.
    odds = rarity * np.array([1 / 64, 1 / 8, 1 / 2, 2, 16])
    odds /= odds.sum()
    spread = np.empty((len(FIRST) - 1, len(LAST) - 1, len(RARITY)))
    for f, s in rarity_groups():
        group = names_cube(seen)[1:, 1:][f, s].sum(axis=(0, 1)) + 0.01
        spread[f, s] = group / group.sum()
    spread[:FIRST_AGREES, :LAST_AGREES] = odds
    alike_first, other_first = _parted(first, FIRST_ALIKE)
    alike_last, other_last = _parted(last, LAST_ALIKE)
    made = np.zeros((len(KINDS), len(LEVELS["name"])))
    for kind, (f_shares, s_shares) in {
        NAMESAKE: (alike_first, alike_last),
        RELATIVE: (first, alike_last),
        SURNAME: (other_first, alike_last),
        FIRST_NAME: (alike_first, other_last),
        STRANGER: (other_first, other_last),
    }.items():
        inner = f_shares[:, None, None] * s_shares[None, :, None] * spread
        cube = names_cube(made[kind])
        # Where one of the two names is missing, the other one alone tells the kind.
        cube[1:, 1:], cube[0, 1:], cube[1:, 0] = inner, inner.sum(axis=0), inner.sum(axis=1)
    made[:, SWAPPED * len(RARITY) :] = first[0] * last[0] * odds
    return normalised("name", made)


def _parted(shares: Floats, alike: int) -> tuple[Floats, Floats]:
    """Give the shares of the levels of names that may be the same, and of those that are not."""
    same = np.arange(len(shares)) < alike
    one, other = np.where(same, shares, 0.0), np.where(same, 0.0, shares)
    return one / one.sum(), other / other.sum()
