"""Countries, subdivisions and languages: codes from names people use."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from profilecore.normalise.text import clean, fold

# Codes that ISO only reserves, so pycountry lacks them, yet documents carry them.
_RESERVED = {"XK": "XK", "XKX": "XK", "UK": "GB"}
# Names in daily use that ISO 3166 has not, folded; those of several countries (Korea) are left out.
_IN_USE = {
    "bosnia": "BA", "britain": "GB", "brunei": "BN", "burma": "MM",
    "cape verde": "CV", "cote d ivoire": "CI",
    "democratic republic of congo": "CD", "democratic republic of the congo": "CD",
    "dr congo": "CD", "east timor": "TL", "england": "GB", "falkland islands": "FK",
    "great britain": "GB", "holland": "NL", "holy see": "VA", "ivory coast": "CI",
    "kosovo": "XK", "macau": "MO", "macedonia": "MK", "micronesia": "FM",
    "northern ireland": "GB", "palestine": "PS", "republic of ireland": "IE", "russia": "RU",
    "scotland": "GB", "sint maarten": "SX", "swaziland": "SZ",
    "turkey": "TR", "u a e": "AE", "u k": "GB", "u s": "US", "u s a": "US", "uae": "AE",
    "united states virgin islands": "VI", "us virgin islands": "VI", "vatican": "VA",
    "vatican city": "VA", "wales": "GB",
}  # fmt: skip
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:-([A-Za-z]{4}))?(?:-([A-Za-z]{2}|[0-9]{3}))?")


@lru_cache(maxsize=256)
def system(value: str) -> str:
    """Give the name of another system; a colon would part it from the id behind it."""
    if ":" in value:
        raise ValueError("must not have a colon")
    return clean(value, 50)


@lru_cache(maxsize=4_096)
def country(value: str) -> str:
    """Give the ISO 3166-1 alpha-2 code of a code (2 or 3 letters) or an English name."""
    import pycountry

    text = value.strip().upper()
    if text in _RESERVED:
        return _RESERVED[text]
    code: str | None = None
    if len(text) == 2:
        code = _alpha_2(pycountry.countries.get(alpha_2=text))
    elif len(text) == 3 and text.isascii():
        code = _alpha_2(pycountry.countries.get(alpha_3=text))
    if code is None and len(text) > 2:
        code = _country_by_name(fold(text))
    return _known(code, "country (ISO 3166-1, as in ES)")


def _country_by_name(name: str) -> str | None:
    known = _countries_by_name()
    return known.get(name) or known.get(name.removeprefix("the "))


def _alpha_2(entry: Any) -> str | None:
    return None if entry is None else str(entry.alpha_2)


@lru_cache(maxsize=1)
def _countries_by_name() -> dict[str, str]:
    import pycountry

    names = dict(_IN_USE)
    for entry in pycountry.countries:
        for attribute in ("name", "official_name", "common_name"):
            name = getattr(entry, attribute, None)
            if name:
                names[fold(name)] = entry.alpha_2
    return names


@lru_cache(maxsize=8_192)
def subdivision(value: str) -> str:
    """Give the ISO 3166-2 code, as in ``ES-MD``."""
    import pycountry

    subdivisions: Any = pycountry.subdivisions
    found = subdivisions.get(code=value.strip().upper())
    return _known(found and found.code, "subdivision (ISO 3166-2, as in ES-MD)")


@lru_cache(maxsize=4_096)
def language(value: str) -> str:
    """Give the BCP 47 tag with its usual casing, as in ``pt-BR``; English names are known too."""
    import pycountry

    text = value.strip().replace("_", "-")
    match = _LANGUAGE.fullmatch(text)
    if match is None or (len(text) > 3 and "-" not in text):
        found = pycountry.languages.get(name=text.title())
        code = found and getattr(found, "alpha_2", found.alpha_3)
        return _known(code, "language (BCP 47, as in es or pt-BR)")
    base, script, region = match.groups()
    base = base.lower()
    found = (
        pycountry.languages.get(alpha_2=base)
        if len(base) == 2
        else pycountry.languages.get(alpha_3=base)
    )
    _known(found, "language (BCP 47, as in es or pt-BR)")
    parts = [getattr(found, "alpha_2", base) if len(base) == 3 else base]
    if script:
        parts.append(script.title())
    if region:
        parts.append(country(region) if region.isalpha() else region)
    return "-".join(parts)


def currency(value: str) -> str:
    """Give the code of a currency as ISO 4217 writes it, as in ``EUR``."""
    code = value.strip().upper()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise ValueError("must be a code of a currency (ISO 4217, as in EUR)")
    return code


def _known(value: str | None, what: str) -> str:
    if value is None:
        raise ValueError(f"must be a known {what}")
    return value
