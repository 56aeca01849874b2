"""What people write in cells: titles, sexes, dates, kinds of documents, undivided names.

Pure functions, text in, model words out.  A message of a ``ValueError`` never repeats the text.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

import attrs

from profilecore.normalise import codes
from profilecore.normalise.text import fold

_TITLES = {
    word: title
    for title, words in {
        "mister": "mister mr herr hr sr senor monsieur sig signor signore don pan dhr meneer",
        "miss": "miss ms srta senorita mlle mademoiselle fraulein signorina",
        "misses": "misses mrs frau fr sra senora mme madame sig.ra signora dona pani mevr mevrouw",
        "mx": "mx",
        "none": "none",
    }.items()
    for word in words.split()
}
# In front of an undivided name; shorter, since Don and Pan are given names too.
_LEADING = frozenset(
    {"mr", "mrs", "ms", "miss", "mx", "herr", "frau", "mme", "mlle", "monsieur", "madame", "signor",
     "signora", "sr", "sra", "srta", "senor", "senora", "senorita"}
)  # fmt: skip
_SEXES = {
    word: sex
    for sex, words in {
        "male": "m male man mann mannlich masculine masculin maschio hombre homme h herr mr",
        "female": "f w female woman weiblich feminine feminin femmina mujer femme frau mrs ms",
        "diverse": "d diverse divers x nonbinary non-binary",
        "inter": "inter intersex",
        "open": "open offen",
        "not_stated": "u unknown notstated unspecified n/a na none -",
    }.items()
    for word in words.split()
}
_DOCUMENTS = {
    "p": "passport", "pass": "passport", "reisepass": "passport", "pasaporte": "passport",
    "id": "identity_card", "idcard": "identity_card", "nationalid": "identity_card",
    "card": "identity_card", "personalausweis": "identity_card",
    "driverlicense": "drivers_license", "driverslicence": "drivers_license",
    "drivinglicence": "drivers_license", "drivinglicense": "drivers_license",
}  # fmt: skip
_SUFFIXES = frozenset({"jr", "sr", "junior", "senior", "ii", "iii", "iv", "phd", "md", "esq"})
# These never begin a given name; the others belong to the surname only in small letters.
_PARTICLES = frozenset(
    {"van", "von", "vom", "der", "den", "de", "del", "della", "dos", "das", "des", "ten", "ter",
     "zu", "zum", "zur", "'t", "bin", "ibn", "bint"}
)  # fmt: skip
_SMALL_PARTICLES = frozenset(
    {"di", "da", "do", "du", "la", "le", "las", "los", "el", "al", "af", "av", "ben", "san", "st"}
)
_CONNECTORS = frozenset({"y", "e", "i"})
_DOTTED = re.compile(r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([0-9]{4})")
_SOLID = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")


def title(text: str) -> tuple[str | None, str | None]:
    """Part a salutation into the title and what is left for the name prefix (Dr., Prof.)."""
    found, rest = None, []
    for word in text.split():
        known = _TITLES.get(_bare(word))
        if known is not None and found is None:
            found = known
        else:
            rest.append(word)
    return found, " ".join(rest) or None


def sex(text: str) -> str:
    """Give the word of the model, or the text itself where it is none we know."""
    return _SEXES.get(fold(text).replace(" ", "") or text.strip(), text)


def document_type(text: str) -> str:
    """Give the word of the model, or the text itself where it is none we know."""
    return _DOCUMENTS.get(fold(text).replace(" ", ""), text)


def day(text: str) -> str:
    """Give a date in ISO form; a form that could mean two days is refused.

    :raises ValueError: for slashes and other forms, and for days the calendar lacks.
    """
    given = text.strip()
    dotted, solid = _DOTTED.fullmatch(given), _SOLID.fullmatch(given)
    if dotted:
        day, month, year = dotted.groups()
    elif solid:
        year, month, day = solid.groups()
    elif re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", given):
        return given
    else:
        raise ValueError("must be a date as YYYY-MM-DD or DD.MM.YYYY")
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        raise ValueError("must be a day that the calendar has") from None


@lru_cache(maxsize=4_096)
def subdivision(state: str, country: str | None) -> tuple[str, str] | None:
    """Find (country, subdivision) of a state written as a code or a name, or ``None``."""
    text = state.strip()
    try:
        if re.fullmatch(r"[A-Za-z]{2}-[A-Za-z0-9]{1,3}", text):
            code = codes.subdivision(text)
            return code[:2], code
        if country is None:
            return None
        home = codes.country(country)
    except ValueError:
        return None
    try:
        return home, codes.subdivision(f"{home}-{text}")
    except ValueError:
        return _by_name(fold(text), home)


def _by_name(name: str, country: str) -> tuple[str, str] | None:
    import pycountry

    subdivisions: Any = pycountry.subdivisions
    for entry in subdivisions.get(country_code=country) or ():
        if fold(entry.name) == name:
            return country, str(entry.code)
    return None


@attrs.frozen
class PersonName:
    """The parts of an undivided name."""

    first: str | None = None
    last: str | None = None
    suffix: str | None = None
    title: str | None = None
    prefix: str | None = None


def part_name(text: str) -> PersonName:
    """Part an undivided name.

    The last word is the surname, with the particles before it (van der, de la); in
    ``Surname, First`` the comma tells.  Titles in front and suffixes (Jr., III) are taken off.
    """
    before, comma, after = text.partition(",")
    words, suffix = _without_suffix(before.split())
    rest = after.split()
    if comma and not suffix:
        after_comma, _, late = after.partition(",")
        rest, suffix = _without_suffix(after_comma.split(), keep=0)
        suffix = suffix or late.strip() or None
    title, prefix, words = _without_titles(words)
    if comma and rest:
        found, more, rest = _without_titles(rest)
        return PersonName(_joined(rest), _joined(words), suffix, title or found, prefix or more)
    start = _surname_start(words)
    return PersonName(_joined(words[:start]), _joined(words[start:]), suffix, title, prefix)


def part_beside(text: str, first: str | None, last: str | None) -> PersonName:
    """Part an undivided name of which one part is known."""
    parted = part_name(text)
    if last and not first:
        rest = _cut(text, last)
        return attrs.evolve(parted, first=rest, last=last)
    if first and not last:
        return attrs.evolve(parted, first=first, last=_cut(text, first))
    return parted


def says_more(full: str, parts: tuple[str | None, ...], suffix: str | None) -> bool:
    """Tell whether an undivided name differs from the parts it stands beside.

    ``parts`` are first, middle, last and second last name; middle names may be left out or
    shortened to their initial.
    """
    parted = part_name(full)
    first, middle, last, second = (fold(part or "") for part in parts)
    given = fold(f"{parted.first or ''} {parted.last or ''}")
    ways = {
        " ".join(filter(None, (first, between, *surnames)))
        for between in ("", middle, middle[:1])
        for surnames in ((last,), (last, second))
    }
    ways |= {first, last}  # one part alone says less
    return given not in ways or bool(parted.suffix and fold(parted.suffix) != fold(suffix or ""))


def _bare(word: str) -> str:
    return word.casefold() if word.casefold() in _TITLES else fold(word)


def _without_suffix(words: list[str], keep: int = 1) -> tuple[list[str], str | None]:
    if len(words) > keep and fold(words[-1]).replace(" ", "") in _SUFFIXES:
        return words[:-1], words[-1]
    return words, None


def _without_titles(words: list[str]) -> tuple[str | None, str | None, list[str]]:
    found: str | None = None
    prefix: list[str] = []
    while len(words) > 1:
        bare = _bare(words[0])
        if bare in _LEADING and found is None:
            found = _TITLES[bare]
        elif bare in ("dr", "prof", "professor", "ing", "dipl ing"):
            prefix.append(words[0])
        else:
            break
        words = words[1:]
    return found, _joined(prefix), words


def _surname_start(words: list[str]) -> int:
    start = max(len(words) - 1, 0)
    while start > 1:
        before = words[start - 1]
        if before.casefold() in _CONNECTORS and not before[0].isupper() and start > 2:
            start -= 2
        elif before.casefold() in _PARTICLES or _is_small_particle(before, words):
            start -= 1
        else:
            break
    return start


def _is_small_particle(word: str, words: list[str]) -> bool:
    if word.casefold() not in _SMALL_PARTICLES:
        return False
    # In a name all in capitals the case tells nothing.
    return word[0].islower() or all(w.isupper() for w in words)


def _cut(text: str, known: str) -> str | None:
    words, gone = text.replace(",", " ").split(), fold(known).split()
    for start in range(len(words) - len(gone) + 1):
        if fold(" ".join(words[start : start + len(gone)])).split() == gone:
            rest = words[:start] + words[start + len(gone) :]
            return _joined(rest)
    return text


def _joined(words: list[str]) -> str | None:
    return " ".join(words) or None
