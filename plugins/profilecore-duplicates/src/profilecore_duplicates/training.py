"""Fitting the model to a base without labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

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
    unpacked,
)
from profilecore_duplicates.model import KINDS, Model
from profilecore_duplicates.table import Codes, Floats, Ints, Table

ROUNDS = 200
# EM has converged when no share or chance moves by more than one in ten thousand.
STILL = 1e-4
# Pairs that each kind is taken to have had before the data:
# they keep a level that was never seen in a kind from deciding anything.
BEFORE = 2.0
# Of fewer pairs no share of one in ten can be told from none.
FEW = 30
RANDOM_PAIRS = 200_000
# So many pairs of strangers are supposed to have been seen: few beside any sample but a tiny one.
SUPPOSED = 50.0


def groups(field: str) -> Ints:
    """Say for each level which parts are there: chances are compared within one such group."""
    size = len(LEVELS[field])
    at = np.arange(size)
    if field == "name":
        joint = at // len(RARITY)
        first, last = joint // len(LAST) > 0, joint % len(LAST) > 0
        parts = first * 2 + last
        parts[joint == SWAPPED] = 3
        return parts
    if field == "address":
        return (at // len(PLACE) > 0) * 2 + (at % len(PLACE) > 0)
    return (at > 0).astype(np.int64)


GROUPS = {field: groups(field) for field in FIELDS}


def normalised(field: str, counts: Floats) -> Floats:
    """Turn counts of levels, one row a kind, into chances given the parts that are there."""
    made = np.ones_like(counts)
    of = GROUPS[field]
    for group in range(1, of.max() + 1):
        at = of == group
        total = counts[:, at].sum(axis=1, keepdims=True)
        made[:, at] = counts[:, at] / np.maximum(total, 1e-300)
    return np.maximum(made, 1e-12)


def random_levels(table: Table) -> Codes:
    """Compare pairs of rows drawn at random, or all pairs where there are few."""
    n = len(table)
    if n * (n - 1) // 2 <= RANDOM_PAIRS:
        left, right = np.triu_indices(n, 1)
    else:
        rng = np.random.default_rng(n)  # the same base gives the same model
        left, right = rng.integers(0, n, RANDOM_PAIRS), rng.integers(0, n, RANDOM_PAIRS)
        left, right = left[left != right], right[left != right]
    return compare(table, left, right).values


def chances_at_random(table: Table) -> dict[str, Floats]:
    """Give the chance of each level in a pair of strangers."""
    levels = random_levels(table)
    made = {}
    for column, field in enumerate(FIELDS):
        counts = np.bincount(levels[:, column], minlength=len(LEVELS[field])).astype(float)
        if field == "name":
            counts = _names_at_random(table, counts)
        elif field == "address":
            counts = _address_at_random(counts)
        else:
            counts += _supposed(len(counts))
        made[field] = normalised(field, counts[None, :])[0]
    return made


def _supposed(size: int) -> Floats:
    """Give what strangers are taken to agree in before any data: once in a hundred pairs."""
    made = np.full(size, 0.01 * SUPPOSED)
    made[-1] = SUPPOSED * (1 - 0.01 * (size - 2))
    return made


def _names_at_random(table: Table, counts: Floats) -> Floats:
    """First and last names taken apart, for two strangers rarely share both in any sample."""
    own = compare(table, np.arange(len(table)), np.arange(len(table))).values[
        :, FIELDS.index("name")
    ]
    cube = counts[: SWAPPED * len(RARITY)].reshape(len(FIRST), len(LAST), len(RARITY))
    first, last = cube.sum(axis=(1, 2)), cube.sum(axis=(0, 2))
    first[1:] += _supposed(len(FIRST))[1:]
    last[1:] += _supposed(len(LAST))[1:]
    total = counts.sum() + SUPPOSED
    spread = np.bincount(own % len(RARITY), minlength=len(RARITY)) + 0.5
    # A rare name is met by chance as much more rarely as it is rarer.
    odds = spread * np.array([1 / 64, 1 / 8, 1 / 2, 2, 16])
    odds /= odds.sum()
    product = first[:, None] * last[None, :] / total
    made = np.empty_like(cube)
    for f in range(len(FIRST)):
        for s in range(len(LAST)):
            agree = 0 < f < len(FIRST) - 1 and 0 < s < len(LAST) - 1
            own_spread = cube[f, s] + 0.5
            made[f, s] = product[f, s] * (odds if agree else own_spread / own_spread.sum())
    swapped = product[1, 1] * odds
    return np.concatenate([made.ravel(), swapped])


def _address_at_random(counts: Floats) -> Floats:
    cube = counts.reshape(len(STREET), len(PLACE)) + 1e-3
    return np.asarray(
        (cube + 2 * cube.sum(1)[:, None] * cube.sum(0)[None, :] / cube.sum() * 0.5).ravel()
    )


# Where EM starts: what a pair of one person looks like, before any data.  The first is the level
# "same"; the rest of the chance goes to the others evenly, least to "different".
def _start() -> dict[str, Floats]:
    made = {}
    for field in FIELDS:
        size = len(LEVELS[field])
        start = np.full(size, 1.0)
        if field == "name":
            f = np.array([1, 60, 10, 3, 10, 3.0])
            s = np.array([1, 70, 6, 10, 4.0])
            start = np.repeat((f[:, None] * s[None, :]).ravel(), len(RARITY))
            start = np.concatenate([start, np.full(len(RARITY), 60.0)])
        elif field == "address":
            street = np.array([1, 60, 10, 10, 20.0])
            place = np.array([1, 60, 3, 60, 10, 5, 5, 60, 20.0])
            start = (street[:, None] * place[None, :]).ravel()
        else:
            start[1] = 10.0 * size
            start[-1] = 2.0
        made[field] = normalised(field, start[None, :])[0]
    return made


def fit(table: Table, patterns: Ints, counts: Ints) -> Model:
    """Fit a model to the distinct agreement patterns of candidate pairs and their counts."""
    levels = unpacked(patterns)
    at_random = chances_at_random(table)
    first = _first_stage(table, levels, counts.astype(float), at_random)
    return _second_stage(levels, counts.astype(float), first, at_random)


def _log_chance(chances: Mapping[str, Floats], levels: Codes) -> Floats:
    total = np.zeros(len(levels))
    for column, field in enumerate(FIELDS):
        total += np.log(chances[field])[levels[:, column]]
    return total


# Of the pairs of one person, so many are sure at sight; the peers' guides say 0.6 to 0.9.
RECALL_OF_SURE = 0.7


def sure(levels: Codes) -> npt.NDArray[np.bool_]:
    """Tell which patterns are of one person beyond doubt: the name and one thing more agree."""
    name, first, last = _parts(levels)
    both = ((first == 1) & (last == 1)) | (name == SWAPPED)
    near = ((first > 0) & (first < 5) & (last > 0) & (last < 4)) | both
    at = {f: levels[:, c] for c, f in enumerate(FIELDS)}
    strong = (at["email"] == 1) | (at["document"] == 1) | (at["phone"] == 1)
    return np.asarray((both & (at["birth_date"] == 1)) | (near & strong))


def _parts(levels: Codes) -> tuple[Codes, Codes, Codes]:
    name = levels[:, FIELDS.index("name")] // len(RARITY)
    return name, name // len(LAST), name % len(LAST)


def name_levels(levels: Codes) -> tuple[Codes, Codes, npt.NDArray[np.bool_]]:
    """Give the levels of first and last names, and whether they are swapped."""
    name, first, last = _parts(levels)
    return first, last, name == SWAPPED


def _first_stage(
    table: Table, levels: Codes, counts: Floats, at_random: Mapping[str, Floats]
) -> Floats:
    """Two kinds, u from random pairs: give each pattern's chance to be of one person."""
    u = _log_chance(at_random, levels)
    n = len(table)
    certain = (counts * sure(levels)).sum()
    prior = np.log(max(1.0, certain) / RECALL_OF_SURE / max(1.0, n * (n - 1) / 2))
    m_chances = _start()
    expected = 0.0
    for _ in range(50):
        odds = prior + _log_chance(m_chances, levels) - u
        post: Floats = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
        weight = post * counts
        m_chances = {
            f: normalised(f, _sums(levels[:, c], weight, f)[None, :] + BEFORE * _start()[f])[0]
            for c, f in enumerate(FIELDS)
        }
        before, expected = expected, weight.sum()
        if abs(expected - before) < STILL * expected:
            break
    return post


def _sums(level: Codes, weight: Floats, field: str) -> Floats:
    return np.bincount(level, weights=weight, minlength=len(LEVELS[field])).astype(float)


def _by_chance(at_random: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """Give the chances of the first and the last names' levels in strangers that have both."""
    cube = at_random["name"][: SWAPPED * len(RARITY)].reshape(len(FIRST), len(LAST), len(RARITY))
    inner = cube[1:, 1:].sum(axis=2)
    first, last = inner.sum(axis=1), inner.sum(axis=0)
    return np.asarray(first / first.sum()), np.asarray(last / last.sum())


def _apart(counts: Floats, first: Floats | None = None, last: Floats | None = None) -> Floats:
    """Spread counts of names as if first and last name changed independently of one another.

    So they do in pairs of one person; that keeps relatives, whose surnames agree while their
    first names do not, from passing for a person whose first name changed.
    """
    made = counts.copy()
    cube = made[: SWAPPED * len(RARITY)].reshape(len(FIRST), len(LAST), len(RARITY))
    inner = cube[1:, 1:]
    total = inner.sum()
    first = inner.sum(axis=(1, 2)) if first is None else first * total
    last = inner.sum(axis=(0, 2)) if last is None else last * total
    product = first[:, None] * last[None, :] / total
    for f in (slice(0, -1), slice(-1, None)):
        for s in (slice(0, -1), slice(-1, None)):
            spread = inner[f, s].sum(axis=(0, 1))
            inner[f, s] = product[f, s][:, :, None] * (spread / spread.sum())
    return made


def _seeds(levels: Codes) -> Floats:
    """Say of which kind two people with a pattern are taken to be at first."""
    _, first, last = _parts(levels)
    at = {f: levels[:, c] for c, f in enumerate(FIELDS)}
    like_first, like_last = (first > 0) & (first < 5), (last > 0) & (last < 4)
    street = at["address"] // len(PLACE)
    home = (street == 1) | (at["phone"] == 1) | (at["email"] == 1)
    namesake = like_first & like_last
    relative = ~namesake & like_last & home
    surname = ~namesake & ~relative & like_last
    chosen = [namesake, relative, surname]
    rest = ~(namesake | relative | surname)
    return np.stack([*chosen, rest & like_first, rest & ~like_first], axis=1).astype(float)


def _begin(levels: Codes, first: Floats) -> Floats:
    """Give the chances of each pattern's kinds that the second stage starts from."""
    seeds = _seeds(levels)
    born = levels[:, FIELDS.index("birth_date")]
    paper = levels[:, FIELDS.index("document")]
    # Who shares a home and a surname but neither first name nor birth date is a relative first.
    family = (seeds[:, 1] > 0) & (name_levels(levels)[0] == len(FIRST) - 1)
    family &= ((born == 0) | (born > 4)) & (paper != 1)
    first = np.where(family, first * 0.1, first)
    # No kind starts at nothing, for EM could never bring it back.
    spread = seeds * 0.9 + 0.1 / seeds.shape[1]
    return np.concatenate([first[:, None], (1 - first)[:, None] * spread], axis=1)


def _beforehand(
    levels: Codes, counts: Floats, at_random: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Give the counts of levels that each kind starts with before the data, by field."""
    start, made = _start(), {}
    for column, field in enumerate(FIELDS):
        others = at_random[field]
        if field in ("name", "address"):
            others = _sums(levels[:, column], counts / counts.sum(), field)
        made[field] = BEFORE * np.stack([start[field], *[others] * (len(KINDS) - 1)]) + 1e-9
    return made


def _maximise(
    levels: Codes, weight: Floats, before: Mapping[str, Floats], strangers: tuple[Floats, Floats]
) -> Model:
    """Give the model that fits best, if patterns are of the kinds by these weights."""
    prior = (weight.sum(axis=0) + 1) / (weight.sum() + len(KINDS))
    chances = {}
    for column, field in enumerate(FIELDS):
        level = levels[:, column]
        sums = np.stack([_sums(level, of_kind, field) for of_kind in weight.T]) + before[field]
        if field == "name":
            first, last = strangers
            # What makes a kind holds it: relatives and namesakes by surname have first names as
            # strangers have, and the other way round.
            for kind, (f, s) in enumerate(
                [(None, None), (None, None), (first, None), (first, None), (None, last)]
            ):
                sums[kind] = _apart(sums[kind], f, s)
        chances[field] = normalised(field, sums)
    return Model(prior, chances)


def _second_stage(
    levels: Codes, counts: Floats, first: Floats, at_random: Mapping[str, Floats]
) -> Model:
    """All kinds, on the candidates themselves, from where the first stage ended."""
    kinds = _begin(levels, first)
    before = _beforehand(levels, counts, at_random)
    strangers = _by_chance(at_random)
    rounds, converged = 0, False
    model = _maximise(levels, kinds * counts[:, None], before, strangers)
    while rounds < ROUNDS and not converged:
        rounds += 1
        total = model.kinds(levels)
        was, kinds = kinds, np.exp(total - np.logaddexp.reduce(total, axis=1)[:, None])
        moved = float((np.abs(kinds[:, 0] - was[:, 0]) * counts).sum())
        converged = moved < STILL * float((kinds[:, 0] * counts).sum())
        model = _maximise(levels, kinds * counts[:, None], before, strangers)
    return Model(
        model.prior, model.chances, converged, rounds, _told(converged, rounds, kinds, counts)
    )


def _told(converged: bool, rounds: int, kinds: Floats, counts: Floats) -> tuple[str, ...]:
    """Say what is doubtful about a fit."""
    notes = []
    if not converged:
        notes.append(
            f"The model did not converge in {rounds} rounds, so no pair is marked as a match."
        )
    if (expected := float((kinds[:, 0] * counts).sum())) < FEW:
        notes.append(
            f"The model rests on about {expected:.0f} pairs of one person: too few to trust."
        )
    return tuple(notes)
