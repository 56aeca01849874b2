"""Compare a name as it is stored with one from a zone, which knows only A to Z."""

from __future__ import annotations

import unicodedata
from enum import Enum

from profilecore_scanner.digits import LETTERS
from profilecore_scanner.letters import WAYS


class Likeness(Enum):
    """How a stored name and a scanned one compare.

    ``SAME`` the scanned one is the stored one written in A to Z; ``CUT`` it is the beginning of it,
    and the zone had no room for more; ``UNKNOWN`` the stored one has letters for which there is
    no rule.
    """

    SAME = "same"
    CUT = "cut"
    DIFFERENT = "different"
    UNKNOWN = "unknown script"


def compare(stored: str, scanned: str, *, may_be_cut: bool = False) -> Likeness:
    """Tell whether a scanned name is a stored one, written by the rules of Doc 9303 part 3.

    "Müller" is MUELLER, MUXXLLER and MULLER.  Blanks, hyphens, apostrophes and case do not count.
    """
    target = "".join(char for char in scanned.upper() if char in LETTERS)
    # Where in the scanned name one may be, by any of the ways to write the stored letters so far.
    reached = {0}
    is_cut = False
    for char in _letters(stored):
        ways = WAYS.get(char) or _plain(char)
        if ways is None:
            return Likeness.UNKNOWN
        if may_be_cut:
            is_cut |= any(way.startswith(target[at:]) for at in reached for way in ways)
        reached = {at + len(w) for at in reached for w in ways if target.startswith(w, at)}
        if not reached:
            break
    if len(target) in reached:
        return Likeness.SAME
    return Likeness.CUT if is_cut and target else Likeness.DIFFERENT


def _letters(name: str) -> list[str]:
    text = unicodedata.normalize("NFC", name)
    upper = [char if char in WAYS else char.upper() for char in text]
    joined = unicodedata.normalize("NFC", "".join(upper))
    return [char for char in joined if unicodedata.category(char)[0] == "L"]


def _plain(char: str) -> tuple[str, ...] | None:
    """Give the one way to write a letter of A to Z with or without marks."""
    base = unicodedata.normalize("NFD", char)[0]
    return (base,) if base in LETTERS else None
