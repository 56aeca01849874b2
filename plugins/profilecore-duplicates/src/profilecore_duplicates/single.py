"""One record brought to standard columns, without a table: for a profile as it is saved.

It says in plain Python what :mod:`profilecore_duplicates.standardise` says for whole columns, and
gives the same values (a test compares them); it needs no data frame, so the worker processes of an
import can make keys with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypedDict, cast

from anyascii import anyascii

from profilecore_duplicates import words
from profilecore_duplicates.spellings import DOUBLES, SOUNDS, UMLAUTS, roots

Value = str | int | None


class Standard(TypedDict, total=False):
    """The standard columns of one record; those that hold nothing are not there."""

    first: str
    first1: str
    root: str
    root2: str
    first_sound: str
    last: str
    last1: str
    last2: str
    last_sound: str
    born: int
    email: str
    local: str
    phone: str
    postcode: str
    city: str
    street: str
    house: str
    state: str
    country: str
    document: str
    document_kind: str


_TITLES = re.compile(rf"^\s*(?:(?:{'|'.join(words.HONORIFICS.split())})\s+)+")
_SUFFIXES = re.compile(r"(?:\s+(?:jr|sr|sen|junior|senior|phd|md|esq))+\s*\Z")
_PARTICLES = re.compile(rf"\b(?:{'|'.join(words.PARTICLES.split())})\b")
_SOUNDS = tuple((re.compile(spelt), plain.replace("${1}", r"\1")) for spelt, plain in SOUNDS)
_RELAYS = re.compile(words.RELAYS)
_STREETS = frozenset(words.STREETS.split())
_GROWN = re.compile(rf"([a-z]{{3}})(?:{words.GROWN})\b")
_APOSTROPHES = re.compile(r"['`’]")
_LETTERS = re.compile("[^a-z]+")
_ALNUM = re.compile("[^a-z0-9]+")
_HOUSE = re.compile(r"(\d+)[a-z]?\Z")
_FIGURES = re.compile(r"\d+")
_NO_FIGURES = re.compile("[^0-9]+")
_POINTS = str.maketrans("", "", "._-")
_NUMBERS = re.compile(r"\d+[a-z]?")
_ADDRESS = re.compile(r"([^@\s]+)@([^@\s]+)\Z")
_ISO = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?\Z")
# So many different values are remembered: first names repeat, and the newest rows repeat most.
_REMEMBERED = 1 << 14


def standard_row(record: Mapping[str, str | None]) -> Standard:
    """Give the standard columns of a record.

    Fields are those of :data:`profilecore_duplicates.fields.COLUMNS` but ``full_name``; dates are
    in ISO form, as profiles have them.
    """
    get = record.get
    made: dict[str, Value] = {
        **_first_names(_joined(get("first_name"), get("middle_name"))),
        **_last_names(_joined(get("last_name"), get("second_last_name"))),
    }
    if email := get("email"):
        made.update(_email(email))
    if address := get("address"):
        made.update(_street(address))
    if (house := get("house")) and (number := _FIGURES.search(house)):
        made["house"] = number[0]
    for field, name, read in _PLAIN:
        if (text := get(field)) and (value := read(text)):
            made[name] = value
    kinds = [record[f] for f in ("document_type", "document_country") if f in record]
    if kinds and None not in kinds and (kind := "/".join([str(kind) for kind in kinds]).lower()):
        made["document_kind"] = kind
    return cast("Standard", made)


def _filled(values: dict[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value}


def _joined(one: str | None, other: str | None) -> str:
    return f"{one} {other}" if one is not None and other is not None else one or other or ""


def _folded(text: str) -> str:
    return (text if text.isascii() else anyascii(text)).lower()


def _kept(text: str) -> str | None:
    return None if text in words.BLANKS else text


def _tokens(text: str) -> str:
    made = _LETTERS.sub(" ", _APOSTROPHES.sub("", _folded(text)))
    made = _SUFFIXES.sub("", _TITLES.sub(" ", made)).strip()
    for spelt, plain in UMLAUTS:
        made = made.replace(spelt, plain)
    return made


@lru_cache(_REMEMBERED)
def _sound(text: str) -> str:
    for spelt, plain in _SOUNDS:
        text = spelt.sub(plain, text)
    for doubled, plain in DOUBLES.items():
        text = text.replace(doubled, plain)
    return text


@lru_cache(_REMEMBERED)
def _first_names(text: str) -> dict[str, Value]:
    name = _kept(_tokens(text))
    if not name:
        return {}
    one, two = roots()
    first1 = name.partition(" ")[0]
    made: dict[str, Value] = {
        "first": name.replace(" ", ""),
        "first1": first1,
        "root": one.get(first1, first1),
        "root2": two.get(first1),
        "first_sound": _sound(first1),
    }
    return _filled(made)


@lru_cache(_REMEMBERED)
def _last_names(text: str) -> dict[str, Value]:
    name = _tokens(text)
    rest = " ".join(_PARTICLES.sub(" ", name).split())
    kept = _kept(rest if len(rest) > 1 else name)
    if not kept:
        return {}
    joined = kept.replace(" ", "")
    parts = kept.split(" ")
    made: dict[str, Value] = {
        "last": joined,
        "last1": parts[0],
        "last2": parts[-1] if len(parts) > 1 else None,
        "last_sound": _sound(joined),
    }
    return _filled(made)


def _email(text: str) -> dict[str, Value]:
    found = _ADDRESS.match(_folded(text).strip())
    if found is None:
        return {}
    box, host = found[1].partition("+")[0], found[2]
    if _is_relay(host) or box in words.DESKS:
        return {}
    if host in ("gmail.com", "googlemail.com"):
        box, host = box.replace(".", ""), "gmail.com"
    return _filled({"email": f"{box}@{host}", "local": box.translate(_POINTS)})


@lru_cache(_REMEMBERED)
def _is_relay(host: str) -> bool:
    return _RELAYS.search(host) is not None


def _one_digit(text: str) -> bool:
    return text == text[:1] * len(text)


def _phone(text: str) -> str | None:
    last = _NO_FIGURES.sub("", _folded(text))[-9:]
    return last if len(last) >= 6 and not _one_digit(last) else None


@lru_cache(_REMEMBERED)
def _postcode(text: str) -> str | None:
    return _kept(_ALNUM.sub("", text.lower()))


@lru_cache(_REMEMBERED)
def _place(text: str) -> str | None:
    return _kept(_ALNUM.sub("", _folded(text)))


def _street(text: str) -> dict[str, Value]:
    house, bare = None, []
    for word in _ALNUM.sub(" ", _folded(text)).split():
        if word.isalpha():
            bare.append(word)
        else:
            house = house or _HOUSE.match(word)
            bare += _NUMBERS.sub(" ", word).split()
    kept = " ".join([word for word in bare if word not in _STREETS])
    street = _kept(_GROWN.sub(r"\1", kept).replace(" ", ""))
    return _filled({"street": street, "house": house[1] if house else None})


def _born(text: str) -> int | None:
    found = _ISO.match(text.strip())
    if found is None or found[1] < "1000":
        return None
    year, month, day = found.groups("0")
    return int(year) * 10000 + int(month) * 100 + int(day)


def _document(text: str) -> str | None:
    plain = _ALNUM.sub("", _folded(text))
    good = len(plain) >= 4 and not _one_digit(plain) and plain not in words.BLANKS
    return plain if good else None


# What one field alone tells: the field, the column, and what reads it.
_PLAIN: tuple[tuple[str, str, Callable[[str], str | int | None]], ...] = (
    ("phone", "phone", _phone),
    ("postcode", "postcode", _postcode),
    ("city", "city", _place),
    ("state", "state", _place),
    ("country", "country", _place),
    ("birth_date", "born", _born),
    ("document", "document", _document),
)
