"""Fitting the model to a base without labels.

The shares and chances are those of all pairs of the base, compared or not.  So it does not matter
which pairs the blocking rules chose, as long as they brought nearly all pairs of one person
together: that two rows share what a rule asked for is no evidence by itself.

Most of what two people look like is drawn, see ``strangers``.  Three kinds are left for EM: one
person, namesakes and relatives; and of the last two only what a name or a home brings with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.comparison import FIELDS, LEVELS, PLACE, RARITY, STREET, unpacked
from profilecore_duplicates.model import (
    FIRST_NAME,
    MATCH,
    NAMESAKE,
    RELATIVE,
    STRANGER,
    SURNAME,
    Model,
)
from profilecore_duplicates.patterns import (
    FIRST_ALIKE,
    LAST_ALIKE,
    alike_names,
    counted,
    level,
    names_apart,
    names_cube,
    normalised,
    place_levels,
    sure,
)
from profilecore_duplicates.strangers import Strangers, draw, pairs_in_all, strangers
from profilecore_duplicates.table import Codes, Floats, Ints, Table

ROUNDS = 200
# Rounds before the drawn pairs are looked at again: the model need only tell the clear cases.
ROUGH_ROUNDS = 20
# EM has converged when the expected pairs of one person move by less than one in ten thousand.
STILL = 1e-4
# Pairs that each kind is taken to have had before the data:
# they keep a level that was never seen in a kind from deciding anything.
BEFORE = 2.0
# Of fewer pairs no share of one in ten can be told from none.
FEW = 30
# Of the pairs of one person, so many are sure at sight; the peers' guides say 0.6 to 0.9.
RECALL_OF_SURE = 0.7
# Relatives live together: a tenth as often as one person's records do they tell two homes.
ELSEWHERE = 0.1
# The kinds that are fitted, and in which fields; their homes and countries follow below.
FITTED: Mapping[int, tuple[str, ...]] = {
    MATCH: FIELDS,
    NAMESAKE: ("name", "email", "address", "country", "state"),
    RELATIVE: ("name", "email", "phone"),
}
_KNOWN = (SURNAME, FIRST_NAME, STRANGER)


def start() -> dict[str, Floats]:
    """Say what a pair of one person looks like before any data.

    The first level is "same"; the rest of the chance goes to the others evenly, least to
    "different".
    """
    made = {}
    for field in FIELDS:
        size = len(LEVELS[field])
        odds = np.full(size, 1.0)
        if field == "name":
            first = np.array([1, 60, 10, 3, 10, 3, 3.0])
            last = np.array([1, 70, 6, 10, 4, 4.0])
            odds = np.repeat((first[:, None] * last[None, :]).ravel(), len(RARITY))
            odds = np.concatenate([odds, np.full(len(RARITY), 60.0)])
        elif field == "address":
            street = np.array([1, 60, 10, 10, 20.0])
            place = np.array([1, 60, 3, 60, 10, 5, 5, 60, 20.0])
            odds = (street[:, None] * place[None, :]).ravel()
        else:
            odds[1] = 10.0 * size
            odds[-1] = 2.0
        made[field] = normalised(field, odds)
    return made


def fit(table: Table, patterns: Ints, counts: Ints) -> Model:
    """Fit a model to the distinct agreement patterns of candidate pairs and their counts."""
    base = _Patterns(unpacked(patterns), counts.astype(float), pairs_in_all(table), start())
    drawn = draw(table)
    certain = sure(base.levels).astype(float)
    others = strangers(drawn, lambda levels: (~sure(levels)).astype(float), base.same(certain))
    rough = _em(base, others, _at_first(base, others), ROUGH_ROUNDS)
    # Now that the model can tell them, pairs of one person among the drawn are left out.
    others = strangers(drawn, rough.model.doubt, base.same(rough.kinds[:, MATCH]))
    made = _em(base, others, rough.kinds, ROUNDS)
    expected = float(made.kinds[:, MATCH] @ base.counts)
    rounds = rough.model.rounds + made.model.rounds
    notes = _told(made.model, rounds, expected)
    return Model(made.model.prior, made.model.chances, made.model.converged, rounds, notes)


@frozen
class _Patterns:
    """The distinct patterns, how often each was seen, all pairs, and where EM starts."""

    levels: Codes
    counts: Floats
    pairs: float
    start: Mapping[str, Floats]

    def same(self, chance: Floats) -> dict[str, float]:
        """Count by field the pairs of one person that have the same value."""
        weight = chance * self.counts
        return {f: float(weight[level(self.levels, f) == 1].sum()) for f in FIELDS}

    def log(self, chances: Mapping[str, Floats], fields: Sequence[str]) -> Floats:
        """Give the log of each pattern's chance by some of the fields."""
        total = np.zeros(len(self.levels))
        for field in fields:
            total += np.log(chances[field])[level(self.levels, field)]
        return total


@frozen
class _Fitted:
    model: Model
    kinds: Floats


def _known(base: _Patterns, others: Strangers) -> Floats:
    logs = [
        np.log(max(others.shares[kind], 1e-300))
        + base.log({f: c[kind] for f, c in others.chances.items()}, FIELDS)
        for kind in _KNOWN
    ]
    return np.asarray(np.logaddexp.reduce(logs, axis=0))


def _at_first(base: _Patterns, others: Strangers) -> Floats:
    """Give each pattern's chances of the fitted kinds where EM starts."""
    certain = float(base.counts @ sure(base.levels))
    prior = np.log(max(1.0, certain) / RECALL_OF_SURE / base.pairs)
    odds = prior + base.log(base.start, FIELDS) - _known(base, others)
    one = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    first, last = alike_names(base.levels)
    street, _ = place_levels(base.levels)
    at = {field: level(base.levels, field) for field in FIELDS}
    home = (street == 1) | (at["phone"] == 1) | (at["email"] == 1)
    namesake, relative = first & last, last & ~first & home
    # Who shares a name, or a surname and a home, but nothing that tells people apart, is another.
    told = sure(base.levels) | (at["birth_date"] == 1) | (at["document"] == 1)
    one = np.where((namesake | relative) & ~told, one * 0.1, one)
    return np.stack([one, (1 - one) * namesake * 0.9, (1 - one) * relative * 0.9], axis=1)


def _em(base: _Patterns, others: Strangers, kinds: Floats, rounds: int) -> _Fitted:
    """Fit from given chances of kinds, so many rounds or until nothing moves."""
    known = _known(base, others)
    fixed = {
        kind: base.log(
            {f: c[kind] for f, c in others.chances.items()},
            [f for f in ("birth_date", "document", "phone") if f not in fields],
        )
        for kind, fields in FITTED.items()
    }
    shares, chances = _maximise(base, others, kinds)
    done, converged = 0, False
    while done < rounds and not converged:
        done += 1
        fitted = [
            np.log(shares[kind])
            + fixed[kind]
            + base.log({f: c[kind] for f, c in chances.items()}, _FREE[kind])
            for kind in FITTED
        ]
        logs = np.stack([*fitted, known])
        odds = np.exp(logs - logs.max(axis=0))
        was, kinds = kinds, (odds[:-1] / odds.sum(axis=0)).T
        moved = float(np.abs(kinds[:, MATCH] - was[:, MATCH]) @ base.counts)
        converged = moved < STILL * max(1.0, float(kinds[:, MATCH] @ base.counts))
        shares, chances = _maximise(base, others, kinds)
    return _Fitted(Model(shares, chances, converged, done), kinds)


_FREE = {**FITTED, RELATIVE: (*FITTED[RELATIVE], "address", "country", "state")}


def _maximise(
    base: _Patterns, others: Strangers, kinds: Floats
) -> tuple[Floats, dict[str, Floats]]:
    """Give the shares and chances that fit best, if patterns are of the kinds by these chances."""
    weight = kinds * base.counts[:, None]
    shares = others.shares.copy()
    shares[: len(FITTED)] = (weight.sum(axis=0) + 1) / base.pairs
    shares[STRANGER] = max(1 - shares[:STRANGER].sum(), 0.5)
    chances = {f: others.chances[f].copy() for f in FIELDS}
    for kind, fields in FITTED.items():
        for field in fields:
            before = base.start[field] if kind == MATCH else others.chances[field][kind]
            seen = counted(level(base.levels, field), weight[:, kind], field)
            sums = seen + BEFORE * before + 1e-9
            if field == "name":
                sums = names_apart(sums, _first_of(others) if kind == RELATIVE else None)
            chances[field][kind] = normalised(field, sums)
    for field in ("country", "state"):
        chances[field][RELATIVE] = chances[field][MATCH]
    home = chances["address"][MATCH].reshape(len(STREET), len(PLACE)).copy()
    home[-1] *= ELSEWHERE
    home[:, -1] *= ELSEWHERE
    chances["address"][RELATIVE] = normalised("address", home.ravel())
    return shares, chances


def _first_of(others: Strangers) -> Floats:
    """Give the shares of first names' levels in relatives: they have names as strangers have."""
    first = names_cube(others.chances["name"][RELATIVE])[1:, 1:].sum(axis=(1, 2))
    return np.asarray(first / first.sum())


def _told(model: Model, rounds: int, expected: float) -> tuple[str, ...]:
    """Say why a fit does not support automatic merges, if it does not."""
    notes = []
    if not model.converged:
        notes.append(
            f"The model did not converge in {rounds} rounds, so no pair is marked as a match."
        )
    if expected < FEW:
        notes.append(
            f"The model rests on about {expected:.0f} pairs of one person: too few to trust, "
            "so no pair is marked as a match."
        )
    inner = names_cube(model.chances["name"][MATCH])[1:, 1:].sum(axis=2)
    if inner[:FIRST_ALIKE, :].sum() < 0.5 or inner[:, :LAST_ALIKE].sum() < 0.5:
        notes.append(
            "What the model takes for one person differs in names more often than not: the data "
            "do not support automatic merges, so no pair is marked as a match."
        )
    return tuple(notes)
