"""Membership numbers: made with a check digit, so that a mistyped one is noticed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

DIGITS = 9


def candidates(prefix: str, membership_id: str) -> Iterator[str]:
    """Yield numbers for a membership, always the same ones: take the first that is free.

    A prefix, nine digits that tell nothing of the person, and a check digit (Luhn) over all
    digits, the prefix's too.
    """
    from stdnum import luhn

    attempt = 0
    while True:
        text = f"{membership_id}\x1f{attempt}".encode()
        drawn = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) % 10**DIGITS
        digits = f"{drawn:0{DIGITS}d}"
        yield f"{prefix}{digits}{luhn.calc_check_digit(_digits(prefix + digits))}"
        attempt += 1


def fits(number: str) -> bool:
    """Tell whether the last digit of a number of ours fits the others."""
    from stdnum import luhn

    digits = _digits(number)
    return len(digits) > DIGITS and bool(luhn.is_valid(digits))


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter in "0123456789")
