"""What reviewers taught: a correction of the weights, in bits, that still explains itself.

A field's bits count more or less than the model without labels has them, and a few things that
only fields together tell count on their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.comparison import FIELDS, FIRST, RARITY
from profilecore_duplicates.patterns import alike_names, level, name_levels, place_levels
from profilecore_duplicates.table import Codes, Flags, Floats

# A field's bits beyond this are certain as they are, and no hold to learn from.
STRONG = 10.0


def together(levels: Codes) -> Mapping[str, Flags]:
    """Say of patterns what only several fields tell together; the words are for explanations."""
    first, last, swapped = name_levels(levels)
    one, other = alike_names(levels)
    street, place = place_levels(levels)
    born, document = level(levels, "birth_date"), level(levels, "document")
    contact = (level(levels, "email") == 1) | (level(levels, "phone") == 1)
    home = (street == 1) & (place > 0) & (place <= 7)
    apart = (born > 4) | (document == 3)
    told = contact | home | ((born > 0) & (born <= 4)) | (document == 1)
    named = ((first == 1) & (last == 1)) | swapped
    rare = level(levels, "name") % len(RARITY) == 0
    relative = other & (first == len(FIRST) - 1)
    return {
        "other first name, same home": relative & home,
        "other first name, same contact": relative & contact,
        "same rare name, nothing else": named & rare & ~told,
        "same name, nothing else": named & ~rare & ~told,
        "same name, other person's dates or papers": one & other & apart,
        "other surname, same birth date": one & ~other & (born == 1),
        "other names, same contact": ~one & ~other & contact,
    }


@frozen
class Correction:
    """Bits to add: ``start``, a share of each field's bits, and those of what fields tell together.

    ``rests_on`` counts the decisions.
    """

    start: float
    fields: Floats = attrs.field(repr=False)
    both: Floats = attrs.field(repr=False)
    rests_on: int = 0

    def bits(self, levels: Codes, by_field: Floats) -> Floats:
        """Give the bits to add to the weights of patterns; ``by_field`` has the model's bits."""
        return np.asarray(columns(levels, by_field) @ self.coefficients)

    @property
    def coefficients(self) -> Floats:
        """All coefficients in the order of :func:`columns`."""
        return np.concatenate([[self.start], self.fields, self.both])

    def as_dict(self) -> dict[str, Any]:
        """Give the correction as it stands in the model's JSON."""
        names = together(np.zeros((0, len(FIELDS)), dtype=np.int32))
        return {
            "start": self.start,
            "fields": dict(zip(FIELDS, self.fields.tolist(), strict=True)),
            "together": dict(zip(names, self.both.tolist(), strict=True)),
            "rests_on": self.rests_on,
        }


def read_correction(read: Mapping[str, Any]) -> Correction:
    """Read what :meth:`Correction.as_dict` gave; a ``KeyError`` tells what is missing."""
    names = together(np.zeros((0, len(FIELDS)), dtype=np.int32))
    made = Correction(
        float(read["start"]),
        np.array([float(read["fields"][field]) for field in FIELDS]),
        np.array([float(read["together"][name]) for name in names]),
        int(read["rests_on"]),
    )
    if not np.isfinite(made.coefficients).all():
        raise ValueError("a correction must be of finite bits")
    return made


def columns(levels: Codes, by_field: Floats) -> Floats:
    """Give what a correction is linear in, one row a pattern: 1, each field's bits, together."""
    return np.column_stack(
        [
            np.ones(len(levels)),
            np.clip(by_field, -STRONG, STRONG),
            *(flags.astype(float) for flags in together(levels).values()),
        ]
    )
