"""Folding of text to plain letters, and of names to what they sound like."""

from __future__ import annotations

import polars as pl
from anyascii import anyascii

from profilecore_duplicates import words
from profilecore_duplicates.spellings import DOUBLES, SOUNDS, UMLAUTS


def to_ascii(values: pl.Series) -> pl.Series:
    """Write letters of every alphabet in lower-case Latin ones."""
    strange = (values.str.len_bytes() != values.str.len_chars()).fill_null(False)
    if strange.any():
        odd = values.filter(strange)
        letters = odd.str.extract_all(r"[^\x00-\x7f]").explode().unique().to_list()
        fixed = odd.str.replace_many(letters, list(map(anyascii, letters)))
        values = values.clone().scatter(strange.arg_true(), fixed)
    return values.str.to_lowercase()


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
