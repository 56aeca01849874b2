"""Spellings of one sound, and what the short forms of names stand for."""

from __future__ import annotations

from functools import cache

from anyascii import anyascii

from profilecore_duplicates import words

# Müller, Mueller and Muller are one name, so are Ødegård and Oedegaard.
UMLAUTS = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"))
# Spellings of one sound among the ways to write a name in Latin letters.
SOUNDS = (
    ("ou|oy", "u"),
    ("shch|sch|sh|ch|cz|sz|tch", "s"), ("zh|dzh", "j"), ("kh|gh", "h"), ("ph", "f"), ("th", "t"),
    ("ts|tz", "c"), ("ck|q|c", "k"), ("w", "v"), ("x", "ks"), ("z", "s"), ("[yj]", "i"),
    ("([aeiou])i", "${1}"), ("i([aeiou])", "${1}"),
)  # fmt: skip
DOUBLES = {c * 2: c for c in "abcdefghiklmnoprstuvz"}


@cache
def roots() -> tuple[dict[str, str], dict[str, str]]:
    """Give for each short or foreign form of a first name what it stands for, up to two names."""
    lines = [line.partition(":") for line in words.NICKNAMES.split("\n") if line]
    formal = {form: forms.split()[0] for forms, _, _ in lines for form in forms.split()}
    first = {_one(form): _one(root) for form, root in formal.items()}
    second: dict[str, str] = {}
    for forms, _, short in lines:
        root = _one(forms.split()[0])
        for form in map(_one, (*forms.split(), *short.split())):
            if first.setdefault(form, root) != root:
                second.setdefault(form, root)
    return first, second


def _one(name: str) -> str:
    name = anyascii(name).lower()
    for spelt, plain in UMLAUTS:
        name = name.replace(spelt, plain)
    return name
