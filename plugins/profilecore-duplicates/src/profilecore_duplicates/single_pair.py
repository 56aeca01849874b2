"""One pair of records compared without a table: for a profile as it is saved.

It says in plain Python what :mod:`profilecore_duplicates.comparison` says for whole columns, and
gives the same levels (a test compares them): for twenty pairs the columns alone would take most
of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz.distance import OSA, JaroWinkler

from profilecore_duplicates.comparison import (
    FAR_YEARS,
    LARGE_CITY,
    LAST,
    PLACE,
    RARITY,
    RARITY_STEPS,
    SLIPS,
    SWAPPED,
)
from profilecore_duplicates.measures import CLOSE, LETTERS_AN_EDIT, REMOTE

if TYPE_CHECKING:
    from profilecore_duplicates.frequencies import Frequencies
    from profilecore_duplicates.single import Standard

_SLIPS = frozenset(SLIPS.tolist())
# Months that have 31 days each: so many days lie within a year.
_YEAR_OF_DAYS = 12 * 31


def levels_of(one: Standard, other: Standard, frequencies: Frequencies) -> tuple[int, ...]:
    """Give the level of each field of a pair, in the order of ``FIELDS``.

    Contacts that a crowd shares are none of a record's; leave them out before.
    """
    return (
        _birth_date(one.get("born"), other.get("born")),
        _email(one, other),
        _phone(one.get("phone"), other.get("phone")),
        _document(one, other),
        _plain(one.get("country"), other.get("country")),
        _plain(one.get("state"), other.get("state")),
        _street(one, other) * len(PLACE) + _place(one, other, frequencies),
        _name(one, other, frequencies),
    )


def _plain(a: str | None, b: str | None) -> int:
    if not a or not b:
        return 0
    return 1 if a == b else 2


def _close(a: str, b: str) -> bool:
    return JaroWinkler.similarity(a, b, score_cutoff=CLOSE) > 0


def _one_edit(a: str, b: str) -> bool:
    return OSA.distance(a, b, score_cutoff=1) == 1


def _birth_date(a: int | None, b: int | None) -> int:
    if not a or not b:
        return 0
    if a == b:
        return 1
    (y, m, d), (v, n, e) = _parts(a), _parts(b)
    year, month, day = y == v, m == n, d == e
    if year and m == e and d == n:
        return 2
    if year + month + day == 2:
        figures = zip(f"{a:08}", f"{b:08}", strict=True)
        return 3 if sum(x != z for x, z in figures) == 1 else 4
    # A part that is not known may be any.
    if year and (month or not m or not n) and (day or not d or not e):
        return 4
    if abs(((y - v) * 12 + m - n) * 31 + d - e) <= _YEAR_OF_DAYS:
        return 5
    return 7 if abs(y - v) > FAR_YEARS else 6


def _parts(born: int) -> tuple[int, int, int]:
    return born // 10000, born // 100 % 100, born % 100


def _email(one: Standard, other: Standard) -> int:
    level = _plain(one.get("email"), other.get("email"))
    if level < 2:
        return level
    a, b = one.get("local"), other.get("local")
    if not a or not b:
        return 4
    if a == b:
        return 2
    return 3 if OSA.distance(a, b) * LETTERS_AN_EDIT < max(len(a), len(b)) else 4


def _phone(a: str | None, b: str | None) -> int:
    if not a or not b:
        return 0
    if a == b:
        return 1
    return 2 if abs(int(a) - int(b)) in _SLIPS else 3


def _document(one: Standard, other: Standard) -> int:
    a, b = one.get("document"), other.get("document")
    if not a or not b:
        return 0
    if a == b:
        return 1
    if _plain(one.get("document_kind"), other.get("document_kind")) == 2:
        return 0
    # Numbers of one figure have nothing in common if they differ.
    return 2 if len(a) + len(b) > 2 and _one_edit(a, b) else 3


def _street(one: Standard, other: Standard) -> int:
    a, b = one.get("street"), other.get("street")
    if not a or not b:
        return 0
    level = 2 if a == b else 3 if _close(a, b) else 4
    if level < 4 and _plain(one.get("house"), other.get("house")) == 1:
        return 1
    return level


def _place(one: Standard, other: Standard, frequencies: Frequencies) -> int:
    a, b = one.get("postcode") or "", other.get("postcode") or ""
    c, d = one.get("city") or "", other.get("city") or ""
    post, city = _plain(a, b), _plain(c, d)
    if not post and not city:
        return 0
    if city == 2 and _close(c, d):
        return 1 if post == 1 else 6
    if post == 1:
        return 2 if city == 2 else 1
    if city != 1:
        return 8
    if not post:
        return 7 if frequencies.share("city", c) > LARGE_CITY else 3
    return 4 if _one_edit(a, b) else 5


def _name(one: Standard, other: Standard, frequencies: Frequencies) -> int:
    first, last = _first(one, other), _last(one, other)
    swapped = (first, last) != (1, 1) and _is_swapped(one, other)
    joint = SWAPPED if swapped else first * len(LAST) + last
    if not joint:
        return 0
    # The rarer spelling is a slip of the other one as a rule.
    share, expected = frequencies.share, float(frequencies.rows)
    if swapped or 0 < first < 4:
        texts = {one.get("first1"), other.get("first1")}
        expected *= min(1.0, max([share("first1", text) for text in texts]))
    if swapped or 0 < last < 4:
        texts = {one.get("last"), other.get("last")}
        expected *= min(1.0, max([share("last", text) for text in texts]))
    return joint * len(RARITY) + sum(expected > step for step in RARITY_STEPS)


def _first(one: Standard, other: Standard) -> int:
    a, b = one.get("first"), other.get("first")
    level = _plain(a, b)
    if level < 2 or not a or not b:
        return level
    roots = {one.get("root"), one.get("root2")} & {other.get("root"), other.get("root2")}
    if roots - {None} or one.get("first1") == other.get("first1"):
        return 2
    if one.get("first_sound") == other.get("first_sound"):
        return 2
    if a[0] == b[0] and (len(a) == 1 or len(b) == 1):
        return 3
    return 6 - _alike(a, b)


def _last(one: Standard, other: Standard) -> int:
    a, b = one.get("last"), other.get("last")
    level = _plain(a, b)
    if level < 2 or not a or not b:
        return level
    parts = {one.get("last1"), one.get("last2")} & {other.get("last1"), other.get("last2")}
    if parts - {None} or one.get("last_sound") == other.get("last_sound"):
        return 2
    return 5 - _alike(a, b)


def _alike(a: str, b: str) -> int:
    score = JaroWinkler.similarity(a, b, score_cutoff=REMOTE)
    # In short floating point, as columns are measured.
    return (score > 0) + (float(np.float32(score)) >= CLOSE)


def _is_swapped(one: Standard, other: Standard) -> bool:
    a, b, c, d = one.get("first"), one.get("last"), other.get("first"), other.get("last")
    if not a or not b or not c or not d:
        return False
    if a == d:
        return b == c or _close(b, c)
    return b == c and _close(a, d)
