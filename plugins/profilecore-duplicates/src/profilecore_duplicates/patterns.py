"""What the levels of a pair have in common: which say that a part is there, alike, sure."""

from __future__ import annotations

import numpy as np

from profilecore_duplicates.comparison import FIELDS, FIRST, LAST, LEVELS, PLACE, RARITY, SWAPPED
from profilecore_duplicates.table import Codes, Flags, Floats, Ints

# How many of a name's first levels say that it is the same name, so that its rarity counts.
FIRST_AGREES, LAST_AGREES = 3, 3
# How many say that it may be the same name; names that are remotely alike are two names.
FIRST_ALIKE, LAST_ALIKE = 4, 3


def groups(field: str) -> Ints:
    """Say for each level which parts are there: chances are compared within one such group."""
    at = np.arange(len(LEVELS[field]))
    if field == "name":
        joint = at // len(RARITY)
        parts = (joint // len(LAST) > 0) * 2 + (joint % len(LAST) > 0)
        parts[joint == SWAPPED] = 3
        return parts
    if field == "address":
        return (at // len(PLACE) > 0) * 2 + (at % len(PLACE) > 0)
    return (at > 0).astype(np.int64)


GROUPS = {field: groups(field) for field in FIELDS}


def normalised(field: str, counts: Floats) -> Floats:
    """Turn counts of levels, last axis, into chances given the parts that are there."""
    made = np.ones_like(counts)
    of = GROUPS[field]
    for group in range(1, of.max() + 1):
        at = of == group
        total = counts[..., at].sum(axis=-1, keepdims=True)
        made[..., at] = counts[..., at] / np.maximum(total, 1e-300)
    return np.maximum(made, 1e-12)


def counted(level: Codes, weight: Floats, field: str) -> Floats:
    """Count the levels of one field, pair by pair with a weight."""
    return np.bincount(level, weights=weight, minlength=len(LEVELS[field])).astype(float)


def level(levels: Codes, field: str) -> Codes:
    """Give the levels of one field."""
    return levels[:, FIELDS.index(field)]


def name_levels(levels: Codes) -> tuple[Codes, Codes, Flags]:
    """Give the levels of first and last names, and whether they are swapped."""
    name = level(levels, "name") // len(RARITY)
    return name // len(LAST), name % len(LAST), name == SWAPPED


def place_levels(levels: Codes) -> tuple[Codes, Codes]:
    """Give the levels of street and place."""
    at = level(levels, "address")
    return at // len(PLACE), at % len(PLACE)


def alike_names(levels: Codes) -> tuple[Flags, Flags]:
    """Tell whether the first and the last names may be the same."""
    first, last, swapped = name_levels(levels)
    one = (first > 0) & (first <= FIRST_ALIKE)
    return one | swapped, ((last > 0) & (last <= LAST_ALIKE)) | swapped


def sure(levels: Codes) -> Flags:
    """Tell which patterns are of one person beyond doubt: the name and one thing more agree."""
    first, last, swapped = name_levels(levels)
    both = ((first == 1) & (last == 1)) | swapped
    one, other = alike_names(levels)
    strong = np.zeros(len(levels), dtype=bool)
    for field in ("email", "document", "phone"):
        strong |= level(levels, field) == 1
    return np.asarray((both & (level(levels, "birth_date") == 1)) | (one & other & strong))


def names_cube(name: Floats) -> Floats:
    """See the levels of names, but for the swapped, by first name, last name and rarity."""
    return name[: SWAPPED * len(RARITY)].reshape(len(FIRST), len(LAST), len(RARITY))


def rarity_groups() -> list[tuple[slice, slice]]:
    """Give the parts of names' levels, without missing, in which rarity means one thing each."""
    first = (slice(0, FIRST_AGREES), slice(FIRST_AGREES, None))
    last = (slice(0, LAST_AGREES), slice(LAST_AGREES, None))
    return [(f, s) for f in first for s in last]


def names_apart(counts: Floats, first: Floats | None = None) -> Floats:
    """Spread counts of names as if first and last name changed independently of one another.

    So they do in pairs of one person; that keeps relatives, whose surnames agree while their
    first names do not, from passing for a person whose first name changed.  ``first`` holds
    shares of the first names' levels to keep to.
    """
    made = counts.copy()
    inner = names_cube(made)[1:, 1:]
    total = inner.sum()
    first = inner.sum(axis=(1, 2)) if first is None else first * total
    product = first[:, None] * inner.sum(axis=(0, 2))[None, :] / max(total, 1e-300)
    for f, s in rarity_groups():
        spread = inner[f, s].sum(axis=(0, 1)) + 1e-9
        inner[f, s] = product[f, s][:, :, None] * (spread / spread.sum())
    return made
