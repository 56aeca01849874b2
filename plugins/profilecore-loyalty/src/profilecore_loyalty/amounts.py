"""Points and spend are whole numbers, small enough to be exact wherever they are kept."""

from __future__ import annotations

from profilecore.errors import InvalidProfile, Problem

MOST = 2**53


def is_whole(amount: object) -> bool:
    """Tell whether something is a whole number that is kept exactly; no truth value is."""
    return type(amount) is int and -MOST <= amount <= MOST


def wrong(path: str, amount: object) -> list[Problem]:
    """Give what is wrong with an amount that a host tells, if anything is."""
    if is_whole(amount):
        return []
    code = "out-of-range" if type(amount) is int else "wrong-type"
    return [Problem(path, code, "must be a whole number from -2**53 to 2**53")]


def check(path: str, amount: object) -> None:
    """Refuse what is no whole number.

    :raises InvalidProfile: naming the path.
    """
    problems = wrong(path, amount)
    if problems:
        raise InvalidProfile(problems)


def check_size(path: str, balance: int) -> None:
    """Refuse what would make a balance that is not kept exactly.

    :raises InvalidProfile: naming the path.
    """
    if abs(balance) > MOST:
        told = "must leave a balance from -2**53 to 2**53"
        raise InvalidProfile([Problem(path, "out-of-range", told)])
