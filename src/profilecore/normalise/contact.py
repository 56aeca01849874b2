"""E-mail addresses and telephone numbers."""

from __future__ import annotations

import re
from functools import lru_cache

# A dot-atom of RFC 5321 in ASCII: for these the library's answer is the local part itself.
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
# Addresses that a booking site makes up for one booking; they reach the site, not a person's box.
_RELAY_DOMAINS = (
    ".guest.booking.com",
    ".expediapartnercentral.com",
    ".guest.airbnb.com",
    ".guest.agoda.com",
    ".guest.trip.com",
    ".messages.homeaway.com",
)


def email(value: str) -> str:
    """Give the address in its canonical form, in small letters (RFC 5321, 6531; no network)."""
    text = value.strip()
    local, at, domain = text.rpartition("@")
    if not at:
        raise ValueError("must be an e-mail address")
    if len(local) <= 64 and _PLAIN_LOCAL.fullmatch(local):
        return f"{local.lower()}@{_domain(domain)}"
    return _by_library(text)


@lru_cache(maxsize=8_192)
def _domain(domain: str) -> str:
    return _by_library(f"x@{domain}")[2:]


def _by_library(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        # Reserved names are used on purpose in trials and demonstrations.
        checked = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError("must be an e-mail address") from None
    # Not casefold: ß and ss make two domains, as do ς and σ.
    return checked.normalized.lower()


def is_relay(address: str) -> bool:
    """Tell whether a canonical address is a booking site's alias."""
    domain = address.rpartition("@")[2]
    return f".{domain}".endswith(_RELAY_DOMAINS)


@lru_cache(maxsize=16_384)
def phone(value: str, region: str | None = None) -> str:
    """Give the number in E.164 form (``+34600111222``).

    ``region`` (ISO 3166-1 alpha-2) is used for numbers in national form.
    """
    text = value.strip()
    if text.startswith("00"):
        text = "+" + text[2:]
    plain = text.translate(_SEPARATORS)
    if plain[:1] == "+" and _is_plain_number(plain[1:]):
        return plain
    return _phone_by_library(text, region)


def _phone_by_library(text: str, region: str | None) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        hint = "" if region or text.startswith("+") else " with its country code, as in +34..."
        raise ValueError(f"must be a telephone number{hint}") from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError("must be a telephone number of the right length for its country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_SEPARATORS = dict.fromkeys(map(ord, " -.()"))


def _is_plain_number(number: str) -> bool:
    """Tell whether the library would leave an international number as it is.

    That is so when it has a length of its country and does not begin with what the country
    dials before national numbers; parsing the rest costs thirty times as much.
    """
    if not (number.isascii() and number.isdecimal()):
        return False
    code = country_code(number)
    if code is None:
        return False
    lengths, dialled = _numbering_plan(int(code))
    national = number[len(code) :]
    return len(national) in lengths and (dialled is None or dialled.match(national) is None)


@lru_cache(maxsize=512)
def _numbering_plan(code: int) -> tuple[frozenset[int], re.Pattern[str] | None]:
    from phonenumbers import PhoneMetadata, region_code_for_country_code

    region = region_code_for_country_code(code)
    plan = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if plan is None or plan.general_desc is None:
        return frozenset(), None
    dialled = plan.national_prefix_for_parsing
    lengths = frozenset(plan.general_desc.possible_length)
    return lengths, re.compile(dialled) if dialled else None


def country_code(number: str) -> str | None:
    """Give the country calling code that international digits begin with."""
    codes = _country_codes()
    for length in (1, 2, 3):
        if number[:length] in codes:
            return number[:length]
    return None


@lru_cache(maxsize=1)
def _country_codes() -> frozenset[str]:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))


def digits(value: str) -> str:
    """Keep the ASCII digits only."""
    return "".join(c for c in value if "0" <= c <= "9")
