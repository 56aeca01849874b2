"""Weights of pairs in bits, what is decided by them, and why."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.comparison import FIELDS, LEVELS, RARITY, Levels, unpacked
from profilecore_duplicates.correction import STRONG, together
from profilecore_duplicates.model import KINDS, Model
from profilecore_duplicates.patterns import level, name_levels, place_levels
from profilecore_duplicates.table import Codes, Flags, Floats, Ints

# What an automatic merge must reach by the model's own estimate, for each pair by itself.
PROMISED = 0.99


@frozen
class Scored:
    """Pairs with their patterns and weights, in the order of the pairs.

    ``through`` has the row by which a pair is listed that would not be for itself, else -1.
    """

    left: Ints = attrs.field(repr=False)
    right: Ints = attrs.field(repr=False)
    patterns: Ints = attrs.field(repr=False)
    weights: Floats = attrs.field(repr=False)
    through: Ints = attrs.field(repr=False)

    @property
    def probabilities(self) -> Floats:
        """The chance of each pair to be one person."""
        return probability(self.weights)


@frozen
class Reason:
    """What one field says about a pair: its level in words, and the bits for or against."""

    field: str
    level: str
    bits: float


@frozen
class Explanation:
    """Why a pair weighs what it weighs: ``start`` and the bits of ``reasons`` sum to ``weight``.

    ``start`` is the weight before any field is looked at.  ``otherwise`` names the kind of two
    people that the pair looks like most, if it is not one person.
    """

    weight: float
    start: float
    otherwise: str
    reasons: tuple[Reason, ...]

    @property
    def words(self) -> str:
        """The explanation as lines of text."""
        lines = [f"{self.start:+7.2f}  before any field; if two people, then {self.otherwise}"]
        lines += [f"{r.bits:+7.2f}  {r.field.replace('_', ' ')}: {r.level}" for r in self.reasons]
        return "\n".join([*lines, f"{self.weight:+7.2f}  in all"])


def probability(weights: Floats) -> Floats:
    """Turn bits into chances."""
    return np.asarray(1 / (1 + np.exp2(-np.clip(weights, -500, 500))))


def matched(levels: Levels, weights: Floats, model: Model) -> Flags:
    """Tell which pairs may be merged without a look.

    Never where the model is not sure of itself, nor where other first names, or contacts and
    homes alone, speak for a relative, nor where nothing beyond the names is the same.
    """
    if not model.converged or model.notes:
        return np.zeros(len(weights), dtype=bool)
    first, _, swapped = name_levels(levels.values)
    at = {field: levels.values[:, column] for column, field in enumerate(FIELDS)}
    alike = swapped | ((first > 0) & (first < 5))
    # Two valid documents, or birth dates far apart, are for a person to look at.
    conflict = (at["document"] == 3) | (at["birth_date"] >= 5)
    return np.asarray((probability(weights) >= PROMISED) & alike & ~conflict & _told(levels.values))


def _told(levels: Codes) -> Flags:
    """Tell where something beyond the name is the same: many people share a name, and what is
    merely near may be a stranger's as well as a slip; but a slip in the birth date passes under a
    name that hardly a stranger can have.
    """
    street, _ = place_levels(levels)
    first, last, _ = name_levels(levels)
    born = level(levels, "birth_date")
    rare = (first == 1) & (last == 1) & (level(levels, "name") % len(RARITY) == 0)
    told = (street == 1) | (born == 1) | (rare & ((born == 2) | (born == 3)))
    for field in ("email", "phone", "document"):
        told |= level(levels, field) == 1
    return np.asarray(told)


def explain(pattern: int, model: Model) -> Explanation:
    """Explain the weight of an agreement pattern, field by field."""
    return explain_levels(unpacked(np.array([pattern], dtype=np.int64))[0].tolist(), model)


def explain_levels(levels: Sequence[int], model: Model) -> Explanation:
    """Explain the weight of a pattern that is given by its levels."""
    weight, others, bits = model.of_one(levels)
    told = []
    taught = model.learned
    if taught is not None:
        one = np.array([levels], dtype=np.int32)
        weight += float(taught.bits(one, np.array([bits]))[0])
        bits = (bits + taught.fields * np.clip(bits, -STRONG, STRONG)).tolist()
        both = zip(together(one).items(), taught.both, strict=True)
        told = [
            Reason("reviewers", words, float(more)) for (words, is_so), more in both if is_so[0]
        ]
    reasons = [
        Reason(field, LEVELS[field][level], worth)
        for field, level, worth in zip(FIELDS, levels, bits, strict=True)
        if level
    ] + told
    start = weight - sum(reason.bits for reason in reasons)
    return Explanation(weight, start, KINDS[1 + others.index(max(others))], tuple(reasons))


def by_third(own: Explanation, weight: float) -> Explanation:
    """Explain a pair that weighs what it weighs because both rows are like a third one."""
    third = Reason("third record", "both are like it", weight - own.weight)
    return Explanation(weight, own.start, own.otherwise, (*own.reasons, third))
