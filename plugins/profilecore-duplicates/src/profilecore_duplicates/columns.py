"""Columns as integer codes: each distinct text is held once, each row holds its number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias, TypeVar

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

from profilecore.values import frozen

Ints: TypeAlias = npt.NDArray[np.int64]
Codes: TypeAlias = npt.NDArray[np.int32]
Rows: TypeAlias = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Hashes: TypeAlias = npt.NDArray[np.uint64]

G = TypeVar("G", bound=np.generic)

STANDARD = (
    "first", "first1", "root", "root2", "first_sound", "last", "last1", "last2", "last_sound",
    "born", "email", "local", "phone", "postcode", "city", "street", "house", "state", "country",
    "document", "document_kind",
)  # fmt: skip
TEXTS = tuple(name for name in STANDARD if name != "born")

# So many rows tell whether the texts of a column repeat, and this share of them whether few do.
SAMPLE = 10_000
MOSTLY = 0.9


@frozen
class Sketch:
    """What bounds the likeness of words, by code: lengths, sets of letters, first four letters.

    Words are of one byte a letter, as folded text is; others would make the bounds wrong.
    """

    lengths: Codes = attrs.field(repr=False)
    letters: Hashes = attrs.field(repr=False)
    heads: npt.NDArray[np.uint32] = attrs.field(repr=False)


# Letters and figures have a bit each; what is rarer shares the others.
_BITS = np.uint64(1) << np.array(
    [at - 97 if 97 <= at < 123 else 26 + at % 38 for at in range(256)], dtype=np.uint64
)


def sketched(words: pl.Series) -> Sketch:
    """Sketch words of one byte a letter."""
    lengths, joined = words.str.len_bytes().to_numpy().astype(np.int32), words.str.join("")[0]
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    # Four zeros, so that each word has a fourth letter to look at.
    text = np.frombuffer(joined.encode("ascii", "replace") + bytes(4), dtype=np.uint8)
    letters = np.zeros(len(words), dtype=np.uint64)
    filled = np.flatnonzero(lengths)
    if len(filled):
        letters[filled] = np.bitwise_or.reduceat(_BITS[text[:-4]], starts[filled])
    heads = np.zeros(len(words), dtype=np.uint32)
    for place in range(4):
        letter = np.where(lengths > place, text[starts + place], 0).astype(np.uint32)
        heads |= letter << np.uint32(8 * place)
    return Sketch(lengths, letters, heads)


@frozen
class Vocabulary:
    """Distinct texts, and what is worked out of each of them once for all their columns."""

    words: pl.Series = attrs.field(repr=False)

    @cached_property
    def sketch(self) -> Sketch:
        """The sketches of the words."""
        return sketched(self.words)

    @cached_property
    def numbers(self) -> Ints:
        """The words as whole numbers, 0 where one is none."""
        return self.words.cast(pl.Int64, strict=False).fill_null(0).to_numpy()


@frozen
class Coded:
    """One column: a code per row, -1 where it is null, and the texts that the codes are of."""

    codes: Codes = attrs.field(repr=False)
    vocabulary: Vocabulary = attrs.field(repr=False)

    @property
    def words(self) -> pl.Series:
        """The text of each code."""
        return self.vocabulary.words

    def text(self) -> pl.Series:
        """Give the column as text."""
        return self.words.gather(self.at())

    def at(self) -> pl.Series:
        """Give the codes with nulls."""
        return pl.Series(self.codes).replace(-1, None)

    def some(self, rows: Ints) -> pl.Series:
        """Give the texts of some rows."""
        return self.words.gather(pl.Series(self.codes[rows]).replace(-1, None))

    def standing(self) -> tuple[list[int], list[str]]:
        """Give the codes that stand in the column, and their texts."""
        found = np.flatnonzero(self.times())
        return found.tolist(), self.words.gather(found).to_list()

    def times(self) -> Ints:
        """Count the rows of each code."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.words))

    def present(self) -> bool:
        """Tell whether the column holds anything."""
        return bool((self.codes >= 0).any())

    def among(self, some: pl.Series) -> Flags:
        """Tell which rows have one of some texts."""
        return self.look_up(self.words.is_in(some.implode()).to_numpy(), False)

    def look_up(self, of_word: npt.NDArray[G], null: int) -> npt.NDArray[G]:
        """Give each row what ``of_word`` has for its text, and ``null`` where there is none."""
        return np.append(of_word, np.array([null], dtype=of_word.dtype))[self.codes]


@frozen
class Standard:
    """The standard columns of a table: all texts but ``born``, YYYYMMDD, 0 where it is null."""

    texts: Mapping[str, Coded] = attrs.field(repr=False)
    born: Ints = attrs.field(repr=False)

    def __len__(self) -> int:
        return len(self.born)

    def frame(self) -> pl.DataFrame:
        """Give the columns as text and dates, in the order of ``STANDARD``."""
        made = {name: column.text() for name, column in self.texts.items()}
        made["born"] = pl.Series(self.born).replace(0, None)
        return pl.DataFrame(made).select(STANDARD)

    def above(self, other: Standard) -> Standard:
        """Put another table under this one."""
        texts = {name: stacked([self.texts[name], other.texts[name]]) for name in self.texts}
        return Standard(texts, np.concatenate([self.born, other.born]))


def standard_of(frame: pl.DataFrame) -> Standard:
    """Code a table that has the standard columns."""
    texts = {name: code(frame[name]) for name in TEXTS}
    return Standard(texts, np.array(frame["born"].fill_null(0), dtype=np.int64))


def code(values: pl.Series) -> Coded:
    """Code a column of texts; the codes are in the order in which the texts come first."""
    present = values.drop_nulls()
    # Of ten million texts two have one hash of 64 bits in three runs of a million.
    order, begins = in_groups(present.hash(seed=17).to_numpy())
    first = order[begins]
    is_new = np.zeros(len(order), dtype=bool)
    is_new[first] = True
    number = np.cumsum(is_new, dtype=np.int32) - 1
    codes = np.empty(len(order), dtype=np.int32)
    codes[order] = number[first][np.cumsum(begins, dtype=np.int32) - 1]
    words = present.filter(pl.Series(is_new)).rechunk()  # else to look words up takes longer
    if len(present) == len(values):
        return Coded(codes, Vocabulary(words))
    spread = np.full(len(values), -1, dtype=np.int32)
    spread[values.is_not_null().to_numpy()] = codes
    return Coded(spread, Vocabulary(words))


def in_groups(hashes: Hashes) -> tuple[Ints, Flags]:
    """Give the rows so that those of one hash follow one another, and where each hash begins.

    Of one hash the first row is the first.
    """
    first_bits, order = sorted_rows(hashes, np.arange(len(hashes)), len(hashes))
    found = hashes[order]
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = found[1:] != found[:-1]
    if (begins[1:] & (first_bits[1:] == first_bits[:-1])).any():
        order = np.argsort(hashes, kind="stable")
        found = hashes[order]
        begins[1:] = found[1:] != found[:-1]
    return order, begins


def sorted_rows(keys: Hashes, rows: Ints, n: int) -> tuple[Hashes, Ints]:
    """Sort rows, of ``n``, by the first bits of their keys; give these bits and the rows.

    Key and row in one word sort several times faster than an argsort; the last bits of the keys
    give way to the rows.
    """
    bits = np.uint64(max(1, int(n - 1).bit_length()))
    packed = keys >> bits << bits
    packed |= rows.view(np.uint64)
    packed.sort()
    rows = (packed & ((np.uint64(1) << bits) - np.uint64(1))).view(np.int64)
    packed >>= bits
    return packed, rows


def to_work_on(values: pl.Series) -> Coded:
    """Give a column so that work is done once for a text, as far as it saves work.

    Where nearly all texts differ, to find those that do not costs more than the work on them: then
    each row has a word of its own, and it may be null.
    """
    sample = values.head(SAMPLE).drop_nulls()
    if len(sample) < SAMPLE // 10 or sample.n_unique() < MOSTLY * len(sample):
        return code(values)
    return Coded(np.arange(len(values), dtype=np.int32), Vocabulary(values))


def nothing(rows: int) -> Coded:
    """Give a column of nulls."""
    return Coded(np.full(rows, -1, dtype=np.int32), Vocabulary(pl.Series([], dtype=pl.String)))


def together(columns: Sequence[Coded]) -> list[Coded]:
    """Code columns anew by one vocabulary, so that their codes can be compared."""
    if all(column.vocabulary is columns[0].vocabulary for column in columns):
        return list(columns)
    whole = code(pl.concat([column.words for column in columns]))
    starts = np.cumsum([0, *(len(column.words) for column in columns)])
    return [
        Coded(column.look_up(whole.codes[start:end], -1), whole.vocabulary)
        for column, start, end in zip(columns, starts[:-1], starts[1:], strict=True)
    ]


def stacked(columns: Iterable[Coded]) -> Coded:
    """Put columns under one another."""
    made = together(list(columns))
    return Coded(np.concatenate([column.codes for column in made]), made[0].vocabulary)
