"""How alike two words are, measured only where letters and lengths allow it at all.

Most unequal pairs share too few letters to be close.  A sketch of each word (its length, which
letters are in it, how it begins) bounds what a measure can reach; the words themselves are only
looked at where the bound leaves it open, so the answer is that of the measure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from profilecore_duplicates.columns import Coded, Codes, Flags, Floats, Sketch

# Jaro-Winkler's similarity from which two names are one with a slip: the usual first step.
CLOSE = 0.88
# From here on letters may be lost or in disorder; the usual last step.
REMOTE = 0.7
# Fewer edits than one in so many letters: a slip of the pen in a name of the usual length.
LETTERS_AN_EDIT = 5
# Bounds are counted in short floating point; what misses a cutoff by less is measured.
_SLACK = 1e-4
# The first letter, the first two, three and four: Winkler's prefix.
_HEADS = tuple(np.uint32(256**letters - 1) for letters in range(1, 5))

Bytes: TypeAlias = npt.NDArray[np.uint8]


def close_names(column: Coded, one: Codes, other: Codes) -> Flags:
    """Tell which pairs of words are close by Jaro-Winkler."""
    return _jaro_winkler(column, one, other, CLOSE) > 0


def alike_names(column: Coded, one: Codes, other: Codes) -> Codes:
    """Tell how alike words are by Jaro-Winkler: 2 for close, 1 for remotely alike, 0 for less."""
    scores = _jaro_winkler(column, one, other, REMOTE)
    return (scores > 0).astype(np.int32) + (scores >= CLOSE)


def _jaro_winkler(column: Coded, one: Codes, other: Codes, cutoff: float) -> Floats:
    """Give the similarity of words where it reaches a cutoff, and 0 elsewhere."""
    made = np.zeros(len(one))
    open_ = _jaro_winkler_at_most(column.vocabulary.sketch, one, other) >= cutoff - _SLACK
    scores = _scores(column, one[open_], other[open_], JaroWinkler.similarity, cutoff)
    made[open_] = scores
    return made


def close_boxes(column: Coded, one: Codes, other: Codes) -> Flags:
    """Tell which pairs of words differ in fewer than one of five letters."""
    edits, longer = _edits_at_least(column.vocabulary.sketch, one, other)
    made = edits * LETTERS_AN_EDIT < longer
    edits = _scores(column, one[made], other[made], OSA.distance, None)
    made[made] = edits * LETTERS_AN_EDIT < longer[made]
    return made


def one_edit(column: Coded, one: Codes, other: Codes) -> Flags:
    """Tell which pairs of words are one edit, or one swap of neighbours, apart."""
    edits, _ = _edits_at_least(column.vocabulary.sketch, one, other)
    made = edits <= 1
    made[made] = _scores(column, one[made], other[made], OSA.distance, 1) == 1
    return made


def _scores(
    column: Coded, one: Codes, other: Codes, scorer: Callable[..., Any], cutoff: float | None
) -> npt.NDArray[Any]:
    if not len(one):
        return np.zeros(0)
    left, right = (column.words.gather(codes).to_list() for codes in (one, other))
    return np.asarray(cpdist(left, right, scorer=scorer, score_cutoff=cutoff))


def _unshared(sketch: Sketch, one: Codes, other: Codes) -> tuple[Bytes, Bytes]:
    """Count the letters of each side that the other side has nowhere."""
    a, b = sketch.letters[one], sketch.letters[other]
    return np.bitwise_count(a & ~b), np.bitwise_count(b & ~a)


def _edits_at_least(sketch: Sketch, one: Codes, other: Codes) -> tuple[Codes, Codes]:
    """Give a lower bound of the edits between words, and the length of the longer one."""
    a, b = sketch.lengths[one], sketch.lengths[other]
    # One edit brings or takes at most one letter on each side.
    lost, gained = _unshared(sketch, one, other)
    return np.maximum(np.abs(a - b), np.maximum(lost, gained)), np.maximum(a, b)


def _jaro_winkler_at_most(sketch: Sketch, one: Codes, other: Codes) -> Floats:
    """Give an upper bound of the similarity of words."""
    a, b = sketch.lengths[one], sketch.lengths[other]
    lost, gained = _unshared(sketch, one, other)
    common = np.minimum(a - lost, b - gained).astype(np.float32)
    jaro = (common / a + common / b + 1) / 3
    apart = sketch.heads[one] ^ sketch.heads[other]
    same = sum((apart & mask == 0).astype(np.float32) for mask in _HEADS)
    made: Floats = jaro + np.float32(0.1) * same * (1 - jaro)
    return made
