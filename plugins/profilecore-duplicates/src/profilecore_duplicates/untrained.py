"""The model before any scan: what each kind of pair is by its definition, fitted to nothing.

It ranks well and is sure of nothing, so that nothing is marked a match by it.
"""

from __future__ import annotations

import numpy as np

from profilecore_duplicates.comparison import FIRST, LAST, PLACE, RARITY, STREET, SWAPPED
from profilecore_duplicates.model import KINDS, Model
from profilecore_duplicates.patterns import normalised
from profilecore_duplicates.strangers import supposed
from profilecore_duplicates.table import Floats
from profilecore_duplicates.training import start

# Of the profiles that share a key with another, so many are taken to be of each kind: one person
# in ten, and of the rest no kind more than another.
PRIOR = (0.1, *[0.9 / (len(KINDS) - 1)] * (len(KINDS) - 1))
# In a pair that is of a kind by what the two share, that is there in nine cases of ten.
BY_KIND = 0.9


def untrained() -> Model:
    """Give the model of a base that no scan has seen."""
    chances = {}
    for field, match in start().items():
        others = np.stack([_of_kind(kind, field, len(match)) for kind in KINDS[1:]])
        chances[field] = normalised(field, np.vstack([match, others]))
    note = "No scan has fitted a model to this base yet, so no pair is marked as a match."
    return Model(np.array(PRIOR), chances, converged=True, rounds=0, notes=(note,))


def _of_kind(kind: str, field: str, size: int) -> Floats:
    if field == "name":
        first = _mixed(len(FIRST), alike=kind in ("namesake", "same first name"))
        last = _mixed(len(LAST), alike=kind in ("namesake", "relative", "same surname"))
        joint = np.repeat((first[:, None] * last[None, :]).ravel(), len(RARITY))
        swapped = np.full(len(RARITY), joint[: len(RARITY) * SWAPPED].min())
        return np.concatenate([joint, swapped]) / len(RARITY)
    if field == "address":
        home = kind == "relative"
        street, place = _mixed(len(STREET), alike=home), _mixed(len(PLACE), alike=home)
        return np.asarray((street[:, None] * place[None, :]).ravel())
    return supposed(size)


def _mixed(size: int, *, alike: bool) -> Floats:
    """Give the chances of levels: the first is missing, the last is different."""
    strangers = supposed(size)
    strangers /= strangers[1:].sum()
    if not alike:
        return strangers
    agree = np.zeros(size)
    agree[1:-1] = 1 / (size - 2)
    made: Floats = BY_KIND * agree + (1 - BY_KIND) * strangers
    made[0] = strangers[0]
    return made
