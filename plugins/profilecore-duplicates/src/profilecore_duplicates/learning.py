"""Learning from decisions: a correction that is used only where it is shown to be a gain."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.comparison import FIELDS
from profilecore_duplicates.correction import Correction, columns
from profilecore_duplicates.model import Model
from profilecore_duplicates.scoring import probability
from profilecore_duplicates.table import Codes, Flags, Floats, Ints

# Fewer decisions of either kind show no gain: an interval over them spans everything.
LEAST = 10
FOLDS = 10
# Before any decision a field's bits are taken to be right within a half of themselves, what
# fields tell together and the start within three bits, that is within odds of eight to one.
FIELD_SPREAD, BITS_SPREAD = 0.5, 3.0
# Weights lie in strata of this many bits, and all beyond the ends in one each.
STRATUM = 1.0
LOWEST, HIGHEST = -10.0, 15.0
# What the model says of a stratum counts as one more decision there.
PRIOR = 1.0
# Draws for an interval: its ends are then off by about a hundredth of its width.
DRAWS = 4_000
# A pair's chance is never taken for surer than this when it is held against a decision: one slip
# of a reviewer would decide the comparison.
SLIP = 0.01


@frozen
class Interval:
    """A share with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@frozen
class Learned:
    """What decisions taught, and whether it is used.

    ``gain`` is by how many bits a held-back decision is less surprising on average, ``low`` the
    lower end of its 95 % interval; ``f1`` and ``f1_before`` are of held-back decisions too.
    ``precision``, of the listed, ``match_precision`` and ``recall`` are what the decisions say.
    """

    decisions: int
    used: bool
    gain: float | None
    low: float | None
    f1_before: float | None
    f1: float | None
    precision: Interval | None = None
    match_precision: Interval | None = None
    recall: Interval | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give it as plain values."""
        return {
            name: dict(vars(value)) if isinstance(value, Interval) else value
            for name, value in vars(self).items()
        }

    @property
    def words(self) -> str:
        """One sentence for the end of a run."""
        if self.gain is None:
            return (
                f"{self.decisions} decisions are too few to learn from: {LEAST} of the same and "
                f"{LEAST} of different are needed, and the weights stay as they are."
            )
        shown = f"{self.gain:+.3f} bits a held-back decision, at least {self.low:+.3f}"
        if self.used:
            return f"Learned from {self.decisions} decisions: {shown}."
        return f"{self.decisions} decisions show no sure gain ({shown}); weights stay as they are."


@frozen
class Chosen:
    """Pairs to review next: positions, and the chance that each had to be chosen."""

    positions: Ints = attrs.field(repr=False)
    chances: Floats = attrs.field(repr=False)


@frozen
class Asked:
    """Pairs to review next as rows, with their patterns, weights and chances to be chosen."""

    left: Ints = attrs.field(repr=False)
    right: Ints = attrs.field(repr=False)
    patterns: Ints = attrs.field(repr=False)
    weights: Floats = attrs.field(repr=False)
    chances: Floats = attrs.field(repr=False)


def strata(weights: Floats) -> Ints:
    """Say in which stratum each weight lies, from 0."""
    edges = np.arange(LOWEST, HIGHEST + STRATUM, STRATUM)
    return np.searchsorted(edges, weights, side="right").astype(np.int64)


def next_to_review(weights: Floats, n: int, taken: Flags | None = None, seed: int = 0) -> Chosen:
    """Choose up to ``n`` pairs that teach most: half evenly over the range of weights, half where
    pairs are many and in doubt.  ``taken`` pairs are left out; the same seed chooses the same.
    """
    free = np.ones(len(weights), dtype=bool) if taken is None else ~taken
    at = strata(weights)
    size = np.bincount(at[free], minlength=1).astype(np.int64)
    chance = probability(weights)
    unsure = np.sqrt(chance * (1 - chance))
    doubt = np.bincount(at[free], weights=unsure[free], minlength=1).astype(float)
    quota = _quota(size, doubt, n)
    rng = np.random.default_rng(seed)
    order = rng.permutation(np.flatnonzero(free))
    order = order[np.argsort(at[order], kind="stable")]
    starts = np.cumsum(size) - size
    rank = np.arange(len(order)) - starts[at[order]]
    chosen = order[rank < quota[at[order]]]
    return Chosen(chosen, quota[at[chosen]] / size[at[chosen]])


def _quota(size: Ints, doubt: Floats, n: int) -> Ints:
    """Say how many pairs of each stratum to take, never more than there are."""
    quota = np.zeros(len(size), dtype=np.int64)
    for share in (np.where(size > 0, 1.0, 0.0), doubt):
        wanted = n // 2 if share is not doubt else n - int(quota.sum())
        while wanted > 0 and (room := size - quota).sum() > 0:
            part = np.where(room > 0, share, 0.0)
            part = part if part.sum() > 0 else (room > 0).astype(float)
            more = np.minimum(room, np.floor(wanted * part / part.sum()).astype(np.int64))
            if not more.sum():
                # What no stratum gets a whole pair of goes to whoever has least for its share.
                more[np.argmax(part / (quota + 1))] = 1
            quota += more
            wanted -= int(more.sum())
    return quota


def learn(model: Model, levels: Codes, same: Flags, importance: Floats) -> tuple[Model, Learned]:
    """Correct a model by decisions about pairs with these levels, if that is shown to be a gain.

    ``importance`` says for how many pairs of the base each decided pair stands.  The gain is
    measured on decisions that were held back; of the lower end of its interval depends its use.
    """
    base = without_learned(model)
    n = len(same)
    if min(int(same.sum()), n - int(same.sum())) < LEAST:
        return model, Learned(n, False, None, None, None, None)
    x, offset = columns(levels, base.bits(levels)), base.weights(levels)
    held = np.empty(n)
    # Folds take turns along the weights, so that each one spans them all.
    fold = np.empty(n, dtype=np.int64)
    fold[np.argsort(offset, kind="stable")] = np.arange(n) % FOLDS
    for part in range(FOLDS):
        out = fold == part
        held[out] = offset[out] + x[out] @ _fitted(x[~out], offset[~out], same[~out])
    gains = _surprise(offset, same) - _surprise(held, same)
    share = importance / importance.sum()
    gain = float(share @ gains)
    error = float(np.sqrt(share**2 @ (gains - gain) ** 2))
    low = gain - 1.96 * error
    told = Learned(
        n, low > 0, gain, low, _f1(offset, same, importance), _f1(held, same, importance)
    )
    if not told.used:
        return base, told
    made = _fitted(x, offset, same)
    fields = len(FIELDS)
    taught = Correction(float(made[0]), made[1 : fields + 1], made[fields + 1 :], n)
    return Model(base.prior, base.chances, base.converged, base.rounds, base.notes, taught), told


def without_learned(model: Model) -> Model:
    """Give the model as it was before any decision."""
    return Model(model.prior, model.chances, model.converged, model.rounds, model.notes)


def _fitted(x: Floats, offset: Floats, same: Flags) -> Floats:
    """Fit logistic regression around the model's weights by Newton's method, in bits."""
    spread = np.full(x.shape[1], BITS_SPREAD)
    spread[1 : len(FIELDS) + 1] = FIELD_SPREAD
    # The spreads are of bits, so the regression is too: its slope has the factor of ln 2.
    ridge = np.diag(1 / spread**2)
    at = np.zeros(x.shape[1])
    for _ in range(50):
        chance = probability(offset + x @ at)
        slope = np.log(2) * x.T @ (same - chance) - ridge @ at
        bend = np.log(2) ** 2 * (x * (chance * (1 - chance))[:, None]).T @ x + ridge
        step = np.linalg.solve(bend, slope)
        at += step
        if np.abs(step).max() < 1e-6:
            break
    return at


def _surprise(weights: Floats, same: Flags) -> Floats:
    chance = np.clip(probability(weights), SLIP, 1 - SLIP)
    return np.asarray(-np.log2(np.where(same, chance, 1 - chance)))


def _f1(weights: Floats, same: Flags, importance: Floats) -> float:
    listed = weights >= 0
    hit = float(importance[listed & same].sum())
    whole = float(importance[listed].sum() + importance[same].sum())
    return 2 * hit / whole if whole else 0.0


def importance_of(decided: Floats, weights: Floats, counts: Ints) -> Floats:
    """Say for how many pairs each decided one stands: those of its stratum, evenly.

    ``decided`` are the weights of decided pairs, ``weights`` and ``counts`` those of all patterns.
    It does not depend on how the pairs were chosen, as long as within a stratum it was by chance.
    """
    at = strata(decided)
    size = int(max(at.max(initial=0), strata(weights).max(initial=0))) + 1
    all_ = np.bincount(strata(weights), weights=counts, minlength=size)
    seen = np.bincount(at, minlength=size)
    return np.maximum(all_[at], seen[at]) / seen[at]


def judged(
    decided: Floats, same: Flags, matched: Flags, weights: Floats, counts: Ints, threshold: float
) -> tuple[Interval | None, Interval | None, Interval | None]:
    """Estimate precision of the listed, of ``matched`` and recall, each with its interval.

    In each stratum the model's own chance counts as much as ``PRIOR`` decisions.
    """
    rng = np.random.default_rng(len(same))
    at, all_at = strata(decided), strata(weights)
    size = int(max(at.max(initial=0), all_at.max(initial=0))) + 1
    pairs = np.bincount(all_at, weights=counts, minlength=size).astype(float)
    model = np.bincount(all_at, weights=probability(weights) * counts, minlength=size)
    expected = np.clip(model / np.maximum(pairs, 1), 1e-12, 1 - 1e-12)
    yes, no = np.bincount(at[same], minlength=size), np.bincount(at[~same], minlength=size)
    rates = rng.beta(yes + PRIOR * expected, no + PRIOR * (1 - expected), size=(DRAWS, size))
    # Where nobody decided, the chance is the model's and no draw.
    rates[:, yes + no == 0] = expected[yes + no == 0]
    heavy = np.bincount(all_at, weights=counts * (weights >= threshold), minlength=size)
    found, whole = rates @ heavy, np.maximum(rates @ pairs, 1e-300)
    any_listed, any_pair = bool(heavy.sum()), bool(pairs.sum())
    precision = _interval(found / heavy.sum()) if any_listed else None
    recall = _interval(found / whole) if any_pair else None
    return precision, _wilson(same[matched]) if matched.any() else None, recall


def _wilson(same: Flags) -> Interval:
    """Give a share of decisions that stand for equally many pairs, with Wilson's interval."""
    n, share = len(same), float(same.mean())
    z = 1.96
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)))
    return Interval(share, max(0.0, middle - reach), min(1.0, middle + reach))


def _interval(drawn: Floats) -> Interval:
    low, value, high = np.quantile(drawn, [0.025, 0.5, 0.975])
    return Interval(float(value), float(low), float(high))
