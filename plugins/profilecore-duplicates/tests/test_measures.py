"""What a bound rules out is what the measure itself refuses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA, JaroWinkler

from profilecore_duplicates.columns import Coded, Codes, Flags, Vocabulary, sketched
from profilecore_duplicates.measures import (
    CLOSE,
    close_boxes,
    close_names,
    one_edit,
)

# Few letters, so that words are often close.
WORDS = st.lists(
    st.one_of(st.text("abc1", min_size=1, max_size=9), st.text("abcdefgh01-", min_size=1)),
    min_size=2,
    max_size=12,
    unique=True,
)


def every_pair(words: list[str]) -> tuple[Coded, Codes, Codes]:
    left, right = (side.astype(np.int32) for side in np.triu_indices(len(words), 1))
    return Coded(np.arange(len(words), dtype=np.int32), Vocabulary(pl.Series(words))), left, right


Close = Callable[[Coded, Codes, Codes], Flags]


@pytest.mark.parametrize(
    ("close", "measured"),
    [
        (close_names, lambda a, b: JaroWinkler.similarity(a, b) >= CLOSE),
        (close_boxes, lambda a, b: OSA.distance(a, b) * 5 < max(len(a), len(b))),
        (one_edit, lambda a, b: OSA.distance(a, b) == 1),
    ],
)
@given(words=WORDS)
def test_words_are_close_where_the_measure_says_so(
    close: Close, measured: Callable[[str, str], bool], words: list[str]
) -> None:
    column, left, right = every_pair(words)
    wanted = [measured(words[a], words[b]) for a, b in zip(left, right, strict=True)]
    assert close(column, left, right).tolist() == wanted
    assert close(column, right, left).tolist() == wanted


def test_a_sketch_has_lengths_letters_and_beginnings() -> None:
    made = sketched(pl.Series(["ana", "", "banana", "naan"]))
    assert made.lengths.tolist() == [3, 0, 6, 4]
    assert made.letters[0] == made.letters[3]
    assert int(made.letters[0]) & ~int(made.letters[2]) == 0
    assert made.heads[0].tobytes() == b"ana\0"
    assert made.heads[2].tobytes() == b"bana"


def test_words_of_figures_are_numbers() -> None:
    words = Vocabulary(pl.Series(["007", "301234567", "9" * 24]))
    assert words.numbers.tolist() == [7, 301234567, 0]


def test_no_words_have_no_sketch() -> None:
    assert len(sketched(pl.Series([], dtype=pl.String)).lengths) == 0
