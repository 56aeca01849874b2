"""What a run knows of itself: how right it expects to be, what it may have missed, what is thin.

All of it comes from the fitted model, without labels; decisions are judged in ``learning``.
"""

from __future__ import annotations

import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.blocking import Candidates
from profilecore_duplicates.comparison import FIELDS, FIRST, LAST, LEVELS, PLACE, STREET, compare
from profilecore_duplicates.model import Model
from profilecore_duplicates.patterns import level, name_levels, place_levels
from profilecore_duplicates.scoring import Scored, probability
from profilecore_duplicates.table import Codes, Flags, Floats, Ints, Table

# A chance that rests on fewer pairs is off by a third or more, half a bit of weight.
THIN = 10.0
# Columns whose one and only value is worth a word, by the field that they speak for.
_COLUMNS = {
    "first": "first name", "last": "last name", "born": "birth date", "email": "e-mail",
    "phone": "phone", "document": "document", "street": "street", "postcode": "postcode",
    "city": "city", "state": "state", "country": "country",
}  # fmt: skip


@frozen
class Estimate:
    """What the model itself expects of the pairs it gives: shares from 0 to 1, or ``None``.

    ``recall`` is of the pairs that were compared; ``recall_with_capped`` is of those and of the
    pairs that the caps of blocking left out.  What no rule brought together is in neither.
    """

    precision: float | None
    recall: float | None
    match_precision: float | None
    recall_with_capped: float | None = None


@frozen
class Cost:
    """What capping one rule may have cost: how many pairs of one person it left out."""

    rule: str
    rows: int
    pairs: int
    lost: float


def costs(table: Table, pairs: Candidates, model: Model) -> tuple[Cost, ...]:
    """Estimate for each capped rule what it cost, by pairs drawn from its blocks.

    A pair that several rules left out counts for each of them.
    """
    if not pairs.capped:
        return ()
    left = np.concatenate([capped.left for capped in pairs.capped])
    right = np.concatenate([capped.right for capped in pairs.capped])
    chance = 1 - model.doubt(compare(table, left, right).values)
    chance[_among(table, pairs, left, right)] = 0.0
    if table.side is not None:
        chance[table.side[left] == table.side[right]] = 0.0
    parts = np.split(chance, np.cumsum([len(capped.left) for capped in pairs.capped])[:-1])
    return tuple(
        Cost(capped.rule, capped.rows, capped.pairs, float(part.mean()) * capped.whole)
        for capped, part in zip(pairs.capped, parts, strict=True)
    )


def _among(table: Table, pairs: Candidates, left: Ints, right: Ints) -> Flags:
    known = pairs.left.astype(np.int64) * len(table) + pairs.right
    asked = left * len(table) + right
    at = np.minimum(np.searchsorted(known, asked), max(len(known) - 1, 0))
    return np.asarray(known[at] == asked) if len(known) else np.zeros(len(asked), dtype=bool)


def estimate(expected: float, scored: Scored, decided: Flags, lost: tuple[Cost, ...]) -> Estimate:
    """Estimate precision and recall of listed pairs; ``expected`` are the compared of one person.

    Pairs that only a third row speaks for were not all compared, so what is expected of them
    comes on top.
    """
    chances = scored.probabilities
    found = float(chances.sum())
    through = scored.through >= 0
    whole = expected + float(chances[through].sum())
    with_capped = whole + sum(cost.lost for cost in lost)
    return Estimate(
        precision=float(chances.mean()) if len(chances) else None,
        recall=found / whole if whole else None,
        match_precision=float(chances[decided].mean()) if decided.any() else None,
        recall_with_capped=found / with_capped if with_capped else None,
    )


def thin(levels: Codes, counts: Ints, weights: Floats) -> tuple[str, ...]:
    """Name fields and levels whose weight rests on too few pairs of one person."""
    weight = probability(weights) * counts
    first, last, _ = name_levels(levels)
    street, place = place_levels(levels)
    plain = [
        (field.replace("_", " "), level(levels, field), LEVELS[field])
        for field in FIELDS
        if field not in ("name", "address")
    ]
    named = [
        ("first name", first, FIRST), ("last name", last, LAST), ("street", street, STREET),
        ("place", place, PLACE),
    ]  # fmt: skip
    found = []
    for field, at, words in (*plain, *named):
        seen = np.bincount(at, weights=counts, minlength=len(words))
        ours = np.bincount(at, weights=weight, minlength=len(words))
        few = [words[n] for n in range(1, len(words)) if seen[n] and ours[n] < THIN]
        if few and seen[1:].sum():
            found.append(f"{field} ({', '.join(few)})")
    if not found:
        return ()
    return (f"Rests on fewer than {THIN:.0f} pairs of one person: {'; '.join(found)}.",)


def uniform(table: Table) -> tuple[str, ...]:
    """Name columns that hold one value only: they tell nobody apart."""
    if len(table) < 2:
        return ()
    equal = []
    for column, said in _COLUMNS.items():
        values = table.born if column == "born" else table.codes(column).astype(np.int64) + 1
        there = values[values > 0]
        if len(there) > 1 and (there == there[0]).all():
            equal.append(said)
    if not equal:
        return ()
    return (f"Holds one value only, and so tells nobody apart: {', '.join(equal)}.",)
