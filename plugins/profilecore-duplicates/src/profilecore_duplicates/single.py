"""One record brought to standard columns, without a table: for a profile as it is saved.

It says in plain Python what :mod:`profilecore_duplicates.standardise` says for whole columns, and
gives the same values (a test compares them); it needs no data frame, so the worker processes of an
import can make keys with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from anyascii import anyascii

from profilecore_duplicates import words
from profilecore_duplicates.spellings import DOUBLES, SOUNDS, UMLAUTS, roots

Value = str | int | None

_TITLES = re.compile(rf"^\s*(?:(?:{'|'.join(words.HONORIFICS.split())})\s+)+")
_SUFFIXES = re.compile(r"(?:\s+(?:jr|sr|sen|junior|senior|phd|md|esq))+\s*\Z")
_PARTICLES = re.compile(rf"\b(?:{'|'.join(words.PARTICLES.split())})\b")
_SOUNDS = tuple((re.compile(spelt), plain.replace("${1}", r"\1")) for spelt, plain in SOUNDS)
_RELAYS = re.compile(words.RELAYS)
_STREETS = re.compile(rf"\b(?:{'|'.join(words.STREETS.split())})\b")
_GROWN = re.compile(rf"([a-z]{{3}})(?:{words.GROWN})\b")
_APOSTROPHES = re.compile(r"['`’]")
_LETTERS = re.compile("[^a-z]+")
_ALNUM = re.compile("[^a-z0-9]+")
_HOUSE = re.compile(r"(?:^|\s)(\d+)[a-z]?(?:\s|\Z)")
_NUMBERS = re.compile(r"\d+[a-z]?")
_ADDRESS = re.compile(r"([^@\s]+)@([^@\s]+)\Z")
_ISO = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?\Z")
# So many different values are remembered: first names repeat, and the newest rows repeat most.
_REMEMBERED = 1 << 14


def standard_row(record: Mapping[str, str | None]) -> dict[str, Value]:
    """Give the standard columns of a record; those that hold nothing are left out.

    Fields are those of :data:`profilecore_duplicates.fields.COLUMNS` but ``full_name``; dates are
    in ISO form, as profiles have them.
    """
    made: dict[str, Value] = {}
    made.update(_first_names(_joined(record.get("first_name"), record.get("middle_name"))))
    made.update(_last_names(_joined(record.get("last_name"), record.get("second_last_name"))))
    made.update(_email(record.get("email")))
    made.update(_street(record.get("address")))
    made["phone"] = _phone(record.get("phone"))
    made["postcode"] = _postcode(record.get("postcode"))
    for field in ("city", "state", "country"):
        made[field] = _place(record.get(field))
    if house := record.get("house"):
        number = re.search(r"\d+", house)
        made["house"] = number[0] if number else made.get("house")
    made["born"] = _born(record.get("birth_date"))
    made["document"] = _document(record.get("document"))
    kinds = [record[f] for f in ("document_type", "document_country") if f in record]
    if kinds and None not in kinds:
        made["document_kind"] = "/".join(str(kind).lower() for kind in kinds)
    return {name: value for name, value in made.items() if value is not None and value != ""}


def _joined(one: str | None, other: str | None) -> str:
    return " ".join(text for text in (one, other) if text is not None)


def _folded(text: str) -> str:
    return (text if text.isascii() else anyascii(text)).lower()


def _kept(text: str | None) -> str | None:
    return None if text is None or text in words.BLANKS else text


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
    return {
        "first": name.replace(" ", ""),
        "first1": first1,
        "root": one.get(first1, first1),
        "root2": two.get(first1),
        "first_sound": _sound(first1),
    }


@lru_cache(_REMEMBERED)
def _last_names(text: str) -> dict[str, Value]:
    name = _tokens(text)
    rest = re.sub(r"\s+", " ", _PARTICLES.sub(" ", name)).strip()
    kept = _kept(rest if len(rest) > 1 else name)
    if not kept:
        return {}
    joined = kept.replace(" ", "")
    parts = kept.split(" ")
    return {
        "last": joined,
        "last1": parts[0],
        "last2": parts[-1] if len(parts) > 1 else None,
        "last_sound": _sound(joined),
    }


def _email(text: str | None) -> dict[str, Value]:
    found = _ADDRESS.match(_folded(text or "").strip())
    if found is None:
        return {}
    box, host = re.sub(r"\+.*\Z", "", found[1]), found[2]
    if _RELAYS.search(host) or box in words.DESKS:
        return {}
    if host in ("gmail.com", "googlemail.com"):
        box, host = box.replace(".", ""), "gmail.com"
    return {"email": f"{box}@{host}", "local": re.sub("[._-]", "", box)}


def _one_digit(text: str) -> bool:
    return text == text[:1] * len(text)


def _phone(text: str | None) -> str | None:
    last = re.sub(r"\D", "", text or "")[-9:]
    return last if len(last.encode()) >= 6 and not _one_digit(last) else None


def _postcode(text: str | None) -> str | None:
    return None if text is None else _kept(_ALNUM.sub("", text.lower()))


def _place(text: str | None) -> str | None:
    return None if text is None else _kept(_ALNUM.sub("", _folded(text)))


def _street(text: str | None) -> dict[str, Value]:
    if text is None:
        return {}
    plain = _ALNUM.sub(" ", _folded(text))
    house = _HOUSE.search(plain)
    bare = _GROWN.sub(r"\1", _STREETS.sub(" ", _NUMBERS.sub(" ", plain)))
    street = _kept(re.sub(r"\s+", "", bare))
    return {"street": street, "house": house[1] if house else None}


def _born(text: str | None) -> int | None:
    found = _ISO.match((text or "").strip())
    if found is None or found[1] < "1000":
        return None
    year, month, day = (int(part or 0) for part in found.groups())
    return year * 10000 + month * 100 + day


def _document(text: str | None) -> str | None:
    plain = _ALNUM.sub("", _folded(text or ""))
    good = len(plain) >= 4 and not _one_digit(plain) and plain not in words.BLANKS
    return plain if good else None
