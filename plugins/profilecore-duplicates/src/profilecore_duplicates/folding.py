"""Folding of text to plain letters, and of names to what they sound like."""

from __future__ import annotations

from functools import cache

import polars as pl
from anyascii import anyascii

from profilecore_duplicates import words


def to_ascii(values: pl.Series) -> pl.Series:
    """Write letters of every alphabet in lower-case Latin ones."""
    strange = (values.str.len_bytes() != values.str.len_chars()).fill_null(False)
    if strange.any():
        odd = values.filter(strange).to_list()
        letters = set().union(*odd)
        table = {ord(letter): anyascii(letter) for letter in letters}
        fixed = pl.Series([text.translate(table) for text in odd], dtype=pl.String)
        values = values.clone().scatter(strange.arg_true(), fixed)
    return values.str.to_lowercase()


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


def name_tokens(text: pl.Expr) -> pl.Expr:
    """Part a folded name into its words, without honorifics; umlauts in one spelling."""
    made = text.str.replace_all(r"['`’]", "").str.replace_all("[^a-z]+", " ")
    titles = "|".join(words.HONORIFICS.split())
    made = made.str.replace_all(rf"^\s*(?:(?:{titles})\s+)+", " ")
    made = made.str.replace_all(r"(?:\s+(?:jr|sr|sen|junior|senior|phd|md|esq))+\s*$", "")
    return umlauts(made.str.strip_chars())


def umlauts(text: pl.Expr) -> pl.Expr:
    """Write the ways to spell an umlaut as one."""
    for spelt, plain in UMLAUTS:
        text = text.str.replace_all(spelt, plain, literal=True)
    return text


def without_particles(text: pl.Expr) -> pl.Expr:
    """Drop "van der", "de la" and their like, unless nothing else is left."""
    particles = "|".join(words.PARTICLES.split())
    rest = text.str.replace_all(rf"\b(?:{particles})\b", " ").str.replace_all(r"\s+", " ")
    rest = rest.str.strip_chars()
    return pl.when(rest.str.len_bytes() > 1).then(rest).otherwise(text)


def sound(text: pl.Expr) -> pl.Expr:
    """Write what sounds alike alike: the ways to transliterate a name give one value."""
    for spelt, plain in SOUNDS:
        text = text.str.replace_all(spelt, plain)
    return text.str.replace_many(DOUBLES)


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
