"""Check digits (ICAO Doc 9303 part 3, section 4.9) and characters that look alike."""

from __future__ import annotations

FILLER = "<"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
ALPHABET = DIGITS + LETTERS + FILLER
WEIGHTS = (7, 3, 1)

# The pairs that OCR-B keeps least apart.
PAIRS = {"0": "O", "1": "I", "2": "Z", "5": "S", "6": "G", "8": "B"}
# What a letter is where only a digit can stand: there a rarer misreading has one meaning too.
DIGIT_LIKE = {letter: digit for digit, letter in PAIRS.items()} | {"D": "0", "Q": "0", "L": "1"}


def value(char: str) -> int:
    """Give what a character counts: digits themselves, A to Z 10 to 35, the filler nothing."""
    return 0 if char == FILLER else int(char, 36)


def check_digit(text: str) -> str:
    """Give the check digit over a text of the zone's alphabet.

    Characters that count the same modulo 10 (0, A, K, U and the filler; 6 and G) cannot be told
    apart by it; any other wrong character is noticed, for the weights have no factor with 10.
    """
    total = sum(value(char) * WEIGHTS[place % 3] for place, char in enumerate(text))
    return str(total % 10)
