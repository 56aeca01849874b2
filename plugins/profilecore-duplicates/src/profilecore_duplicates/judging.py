"""What a run knows of itself: how right it expects to be, what it may have missed, what is thin.

All of it comes from the fitted model, without labels; decisions are judged in ``learning``.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from profilecore.values import frozen
from profilecore_duplicates.blocking import CAP, PARTS, Candidates
from profilecore_duplicates.comparison import FIELDS, FIRST, LAST, LEVELS, PLACE, STREET, compare
from profilecore_duplicates.model import Model
from profilecore_duplicates.patterns import level, name_levels, place_levels
from profilecore_duplicates.scoring import Scored, probability
from profilecore_duplicates.table import Codes, Flags, Floats, Ints, Table

# Pairs drawn from the blocks of each rule that was capped.
SAMPLED = 5_000
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
    rng = np.random.default_rng(len(table))
    drawn = [_drawn(table, capped.rule.split("+"), rng) for capped in pairs.capped]
    left = np.concatenate([one for one, _, _ in drawn])
    right = np.concatenate([other for _, other, _ in drawn])
    chance = 1 - model.doubt(compare(table, left, right).values)
    chance[_among(table, pairs, left, right)] = 0.0
    ends = np.cumsum([len(one) for one, _, _ in drawn])[:-1]
    return tuple(
        Cost(capped.rule, capped.rows, capped.pairs, float(part.mean() * total) if total else 0.0)
        for capped, part, (_, _, total) in zip(
            pairs.capped, np.split(chance, ends), drawn, strict=True
        )
    )


def _drawn(table: Table, parts: list[str], rng: np.random.Generator) -> tuple[Ints, Ints, float]:
    """Draw pairs of a rule's blocks over the cap: rows, rows, and how many pairs there are."""
    blocks = (
        table.frame.lazy()
        .select(PARTS[part].alias(part) for part in parts)
        .with_row_index("row")
        .drop_nulls()
        .group_by(parts)
        .agg("row")
        .filter(pl.col("row").list.len() > CAP)
        .sort(pl.col("row").list.first())
        .collect()["row"]
    )
    sizes = blocks.list.len().to_numpy().astype(np.int64)
    none = np.empty(0, dtype=np.int64)
    if not len(sizes):
        return none, none, 0.0
    rows = blocks.explode(empty_as_null=False).to_numpy().astype(np.int64)
    starts = np.cumsum(sizes) - sizes
    ends = np.cumsum(sizes * (sizes - 1))
    of = np.searchsorted(ends, rng.integers(0, ends[-1], SAMPLED), side="right")
    one = rng.integers(0, sizes[of])
    # Any of the block but the row itself.
    other = (one + rng.integers(1, sizes[of])) % sizes[of]
    a, b = rows[starts[of] + one], rows[starts[of] + other]
    share = 1.0
    if table.side is not None:
        across = table.side[a] != table.side[b]
        a, b, share = a[across], b[across], float(across.mean())
    return np.minimum(a, b), np.maximum(a, b), float(ends[-1] / 2) * share if len(a) else 0.0


def _among(table: Table, pairs: Candidates, left: Ints, right: Ints) -> Flags:
    known, asked = pairs.left * len(table) + pairs.right, left * len(table) + right
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
        values = table.frame[column].drop_nulls()
        if len(values) > 1 and bool((values == values[0]).all()):
            equal.append(said)
    if not equal:
        return ()
    return (f"Holds one value only, and so tells nobody apart: {', '.join(equal)}.",)
