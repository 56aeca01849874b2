"""Text: cleaning for storage, folding for search."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAX_TEXT = 65_536
# Longer than most fields may be.  What is typed into a search may have any length.
_REMEMBERED = 255

_SPECIAL = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l",
        "ı": "i", "ħ": "h", "ŋ": "n", "ŧ": "t",
        "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "ё": "e", "є": "ye",
        "ж": "zh", "з": "z", "и": "i", "й": "y", "і": "i", "ї": "yi", "к": "k", "л": "l", "м": "m",
        "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh",
        "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e",
        "ю": "yu", "я": "ya", "ђ": "dj", "ј": "j", "љ": "lj", "њ": "nj", "ћ": "c", "џ": "dz",
        "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i",
        "κ": "k", "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s",
        "ς": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
    }
)  # fmt: skip
# Apostrophes join (O'Brien is one word); everything else that is no letter or digit separates.
_SPECIAL |= dict.fromkeys(map(ord, "'’‘`ʼ"), "")
_ACUTE = " \u0301"  # an acute that stands alone, decomposed: typed for an apostrophe
_LATIN_MARKS = re.compile("[\u0300-\u036f]+")
# Accents of Latin, Greek and Cyrillic letters, points of Hebrew, Arabic and Syriac ones, what
# chooses a glyph, and what has no width.  Marks of other scripts are vowels, or make a letter.
_UNSEEN = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u2cef-\u2cf1"
    "\u2de0-\u2dff\ua66f-\ua672\ua674-\ua67d\ua69e\ua69f\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\ufb1e"
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u0711\u0730-\u074a\u0897-\u089f\u08ca-\u08ff"
    "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U00013440"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]+"
)
_MARKS = frozenset({"Mn", "Mc"})
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_SIGNS = frozenset({"Sm", "Sc", "So"})  # of mathematics, of currencies, pictures
_SEPARATORS = {n: " " for n in range(128) if not chr(n).isalnum()} | {ord("'"): "", ord("`"): ""}


def clean(value: str, limit: int = 255) -> str:
    """Compose (NFC), trim and collapse blanks; refuse control characters and over-long text."""
    if len(value) > limit:
        raise ValueError(f"must have at most {limit} characters")
    if value.isascii() and value.isprintable():
        return " ".join(value.split()) if " " in value else value
    text = unicodedata.normalize("NFC", value)
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn") and not char.isspace():
            raise ValueError("must not hold control characters")
    return " ".join(text.split())


def clean_lines(value: str, limit: int = MAX_TEXT) -> str:
    """Clean free text, keeping its line breaks."""
    if len(value) > limit:
        raise ValueError(f"must have at most {limit} characters")
    return "\n".join(clean(line, limit) for line in value.strip().splitlines())


def fold(value: str) -> str:
    """Fold for comparison: no accents, no case, Latin letters where there are rules.

    Words are separated by one blank, digits are 0 to 9.
    ``fold("Ana GARCÍA-Núñez") == "ana garcia nunez"``.  Points of Hebrew and Arabic go as accents
    do; the vowel signs and tone marks of other scripts stay.
    Folding is idempotent.  Remembers what it folded, unless it is long: names come again and again.
    """
    return _fold_and_remember(value) if len(value) <= _REMEMBERED else fold_once(value)


def fold_once(value: str) -> str:
    """Fold a text that is not likely to come again, as in :func:`fold`."""
    text = value.casefold()
    if not text.isascii():
        text = _strip_marks(text)
        if not text.isascii():
            text = western_digits(_strip_marks(text.translate(_SPECIAL)))
    if text.isascii():
        return " ".join(text.translate(_SEPARATORS).split())
    return " ".join("".join(c if _is_of_word(c) else " " for c in text).split())


_fold_and_remember = lru_cache(maxsize=65_536)(fold_once)


def label(value: str) -> str:
    """Fold a name that people made up, as a tag: as :func:`fold`, but that signs tell two apart.

    ``C++`` is not ``C#``, and no picture is another; hyphens, dots and the like say nothing.
    """
    return _label_and_remember(value) if len(value) <= _REMEMBERED else _label_once(value)


def _label_once(value: str) -> str:
    folded = fold(value)
    if folded and not any(c == "#" or unicodedata.category(c) in _SIGNS for c in value):
        return folded
    return unicodedata.normalize("NFC", " ".join(value.casefold().split()))


_label_and_remember = lru_cache(maxsize=4_096)(_label_once)


def _strip_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).replace(_ACUTE, "")
    decomposed = _LATIN_MARKS.sub("", decomposed)
    if not decomposed.isascii():
        decomposed = _UNSEEN.sub("", decomposed)
    return decomposed.casefold()


def _is_of_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char) in _MARKS


def western_digits(value: str) -> str:
    """Write the digits of all scripts as 0 to 9."""
    if value.isascii():
        return value
    return _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), value)


def compact(value: str) -> str:
    """Fold and drop all separators: the form in which document and plate numbers compare."""
    if value.isalnum() and value.isascii():
        return value.lower()
    return fold(value).replace(" ", "")
