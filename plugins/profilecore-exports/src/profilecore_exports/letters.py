"""Names in the letters that an authority takes: its own, or those that stand for them.

What stands for a letter is told by the format first, then by the tables of ICAO 9303 by which
passports are written (Ö as OE, Я as IA), then by taking marks away, then by transliteration.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from string import ascii_letters, ascii_uppercase, digits

import attrs

from profilecore.values import frozen

# ICAO 9303 part 3, section 6 A: the letters whose plain form is more than a mark taken away.
ICAO: Mapping[str, str] = {
    "Ä": "AE", "Å": "AA", "Æ": "AE", "Ð": "D", "Đ": "D", "Ħ": "H", "Ĳ": "IJ", "Ł": "L", "Ŋ": "N",
    "Ö": "OE", "Ø": "OE", "Œ": "OE", "ẞ": "SS", "Þ": "TH", "Ŧ": "T", "Ü": "UE", "ß": "SS",
    "ı": "I", "ĸ": "Q",
}  # fmt: skip
# The same, table B; Ь is left out.  States differ, and a passport's own spelling is better still.
CYRILLIC: Mapping[str, str] = {
    "А": "A", "Б": "B", "В": "V", "Г": "G", "Ґ": "G", "Д": "D", "Ђ": "D", "Ѓ": "G", "Е": "E",
    "Ё": "E", "Є": "IE", "Ж": "ZH", "З": "Z", "Ѕ": "DZ", "И": "I", "І": "I", "Ї": "I", "Й": "I",
    "Ј": "J", "К": "K", "Ќ": "K", "Л": "L", "Љ": "LJ", "М": "M", "Н": "N", "Њ": "NJ", "О": "O",
    "П": "P", "Р": "R", "С": "S", "Т": "T", "Ћ": "C", "У": "U", "Ў": "U", "Ф": "F", "Х": "KH",
    "Ц": "TS", "Ч": "CH", "Џ": "DZ", "Ш": "SH", "Щ": "SHCH", "Ъ": "IE", "Ы": "Y", "Ь": "",
    "Ѣ": "IE", "Э": "E", "Ю": "IU", "Я": "IA", "Ѳ": "F", "Ѵ": "Y",
}  # fmt: skip
_STANDS_FOR = {**ICAO, **CYRILLIC}
_APOSTROPHES = dict.fromkeys("’‘`´ʼ′", "'")
_DASHES = dict.fromkeys("‐‑‒–—−", "-")
_ALSO = _APOSTROPHES | _DASHES


@frozen
class Letters:
    """The characters that a field takes.  ``instead`` goes before every other way to write one."""

    allowed: frozenset[str]
    upper: bool = True
    instead: Mapping[str, str] = attrs.field(factory=dict, eq=False)

    def fit(self, text: str | None, limit: int | None = None) -> str:
        """Give the text in these letters, blanks collapsed, cut to ``limit`` characters."""
        if not text:
            return ""
        whole = unicodedata.normalize("NFC", text)
        if self.upper:
            whole = whole.upper()
        if not self.allowed.issuperset(whole):
            whole = "".join(self._written(char) for char in whole)
        fitted = " ".join(whole.split())
        return fitted if limit is None else fitted[:limit].rstrip()

    def takes(self, text: str) -> bool:
        """Tell whether every character of a text is allowed."""
        return self.allowed.issuperset(text)

    def _written(self, char: str) -> str:
        if char in self.allowed:
            return char
        if char.isspace():
            return " "
        return _cached(self, char)

    def write_one(self, char: str) -> str:
        """Give what stands for one character, nothing if nothing does."""
        own = self.instead.get(char)
        if own is None and _STANDS_FOR.get(char.upper()) == "":
            return ""
        candidates = [own] if own is not None else []
        candidates += _plain(char)
        for candidate in candidates:
            text = candidate.upper() if self.upper else candidate
            kept = "".join(c for c in text if c in self.allowed)
            if kept:
                return kept
        # What parts words goes on parting them.
        return " " if unicodedata.category(char)[0] in "PZS" and " " in self.allowed else ""


@lru_cache(maxsize=65_536)
def _by_alphabet(
    allowed: frozenset[str], upper: bool, instead: tuple[tuple[str, str], ...], char: str
) -> str:
    return Letters(allowed, upper, dict(instead)).write_one(char)


def _cached(letters: Letters, char: str) -> str:
    written: str = _by_alphabet(
        letters.allowed, letters.upper, tuple(sorted(letters.instead.items())), char
    )
    return written


def _plain(char: str) -> list[str]:
    from anyascii import anyascii

    found = []
    known = _STANDS_FOR.get(char) or _STANDS_FOR.get(char.upper())
    if known is not None:
        found.append(known if char.isupper() else known.lower())
    also = _ALSO.get(char)
    if also is not None:
        found.append(also)
    bare = unicodedata.normalize("NFKD", char)
    found.append("".join(c for c in bare if not unicodedata.combining(c)))
    if unicodedata.category(char)[0] in "LMN":
        found.append(anyascii(char))
    return found


UPPER_NAME = Letters(frozenset(ascii_uppercase + " '"))
UPPER_TEXT = Letters(frozenset(ascii_uppercase + digits + " '-.,/"))
NUMBER = Letters(frozenset(ascii_uppercase + digits))
PLAIN_TEXT = Letters(frozenset(ascii_letters + digits + " '-.,/()&+:;@_#"), upper=False)


def printable(text: str | None, limit: int | None = None) -> str:
    """Give a text as it is, without what no file may hold: control characters and broken ones."""
    if not text:
        return ""
    if not text.isprintable():
        text = "".join(c if unicodedata.category(c) not in _UNPRINTABLE else " " for c in text)
    fitted = " ".join(text.split())
    return fitted if limit is None else fitted[:limit].rstrip()


_UNPRINTABLE = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})


def is_latin(text: str) -> bool:
    """Tell whether all letters of a text are Latin ones."""
    return text.isascii() or all(
        unicodedata.name(char, "").startswith("LATIN")
        for char in text
        if not char.isascii() and char.isalpha()
    )
